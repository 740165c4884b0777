//! What each place of the vault may hold, losses included; and what is seen of it.

use highwater_core::apdu::{Command, HeldKey, KeyList, KeyState, Status};
use highwater_core::env::{CELL, Cell};
use highwater_core::layout::{KEYS, chain_entry, entry_page, key_place};

use crate::driver::judge::unique;
use crate::driver::{Driver, Lane, Violation};
use crate::model::{Imported, Model, Standing};
use crate::sealed;
use crate::vault::{Holds, Users, Vault, seed};

impl Driver {
    /// What each place of the vault may hold.
    pub fn vault(&self) -> &[Vec<Holds>; KEYS] {
        &self.vault.possible
    }

    /// Says what each place may hold, of a device that is not started yet; and of each chain [`Self::unread`].
    pub fn resume_keys(&mut self, possible: &[Vec<Holds>; KEYS], unread: &[(bool, bool)]) {
        self.vault.possible.clone_from(possible);
        self.lanes.iter_mut().zip(unread).for_each(|(lane, unread)| lane.unread = *unread);
    }

    /// Whether a page rotted, and a write was torn, before a start that did not read the ring of a chain, since its key was
    /// lost.
    pub fn unread(&self, lane: usize) -> (bool, bool) {
        self.lanes[lane].unread
    }

    /// A place loses both copies of its key. No fault of the model does that to a key that stands, in one go: it is what
    /// comes of several.
    pub fn lose_key(&mut self, number: u8) {
        self.note(|| format!("the key {number} is lost"));
        for page in [0, 1].map(|copy| entry_page(key_place(number.into()), copy)) {
            (0..2).for_each(|half| self.device.world.medium.rot(page + half, [0xa5; 64]));
        }
        for holds in &mut self.vault.possible[usize::from(number)] {
            *holds = holds.lost();
        }
    }

    /// Everything that the vault may be, losses included.
    pub(in crate::driver) fn vaults(&self) -> Vec<Vault> {
        let [first, second, third] = [0, 1, 2].map(|number| self.may_be_held(number));
        let pairs = first.iter().flat_map(|one| second.iter().map(move |two| (*one, *two)));
        pairs.flat_map(|(one, two)| third.iter().map(move |three| [one, two, *three])).collect()
    }

    /// What a place may hold, losses included.
    pub(in crate::driver) fn may_be_held(&self, number: usize) -> Vec<Holds> {
        let mut possible = self.vault.possible[number].clone();
        // One rotten copy beside a torn one; or two that writes left dead.
        if self.rotted && self.torn || self.dead > 1 {
            possible.extend(self.vault.possible[number].iter().map(|holds| holds.lost()));
        }
        // What tells that a place is lost may rot in its turn: to blank, or to what it was. Never to another key.
        if self.rotted {
            let told: Vec<Holds> = possible.iter().copied().flat_map(untold).collect();
            possible.extend(told);
        }
        unique(possible)
    }

    /// Whether both copies of an entry say the same, but for their checks: of a slot, or of the [`key_place`] of a key.
    pub(in crate::driver) fn stands_twice(&self, slot: u8) -> bool {
        let pages = self.device.world.medium.pages();
        let [one, two] = [0, 1].map(|copy| {
            let page = usize::from(entry_page(slot, copy));
            (pages[page], &pages[page + 1][..chain_entry::CHECK.start - CELL])
        });
        one == two
    }

    /// What the chain table names.
    pub(in crate::driver) fn users(&self) -> Users {
        let mut users = Users::default();
        for (lane, Lane { possible, ahead, .. }) in self.lanes.iter().enumerate() {
            let models = self.may_be(lane, &[&possible[..], ahead].concat());
            for model in &models {
                if let Some(Imported { number, key }) = names(model) {
                    users.perhaps[usize::from(number)].push(key);
                }
            }
            for number in 0..KEYS {
                let surely =
                    |model: &Model| names(model).is_some_and(|key| usize::from(key.number) == number);
                users.surely[number] |= !models.is_empty() && models.iter().all(surely);
            }
            users.damaged.1 |= models.iter().any(|model| model.standing == Standing::Damaged);
        }
        users.damaged.1 |= self.damaged.is_some() || self.faulted;
        users.damaged.0 = self.damaged.is_some() && !self.faulted;
        users
    }

    /// Looks at every place and keeps what agrees.
    pub(in crate::driver) fn look_at_keys(&mut self) -> Result<(), Violation> {
        let pages: Vec<Cell> =
            key_pages().map(|page| self.device.world.medium.pages()[usize::from(page)]).collect();
        let list = match self.vault.looked.take() {
            Some((looked, list)) if looked == pages => list,
            _ => {
                let (data, status) = self.exchange(Command::GetKeys);
                let list = KeyList::parse(&data).filter(|_| status == Status::Ok);
                list.ok_or(Violation::Installation)?
            }
        };
        for number in 0..KEYS {
            let possible = self.may_be_held(number);
            let seen = match list.keys[number] {
                None => Holds::Nothing,
                Some(HeldKey { state: KeyState::Damaged, .. }) => Holds::Lost(None),
                Some(HeldKey { public, .. }) => {
                    let known = possible.iter().find(|holds| match holds {
                        Holds::Key(key) => self.imported_key(*key) == public,
                        _ => false,
                    });
                    *known.unwrap_or(&Holds::Key(u8::MAX))
                }
            };
            let agrees = |holds: &Holds| match (*holds, seen) {
                (Holds::Lost(_), Holds::Lost(_)) => true,
                (holds, seen) => holds == seen,
            };
            let left: Vec<Holds> = possible.iter().copied().filter(agrees).collect();
            if left.is_empty() {
                return Err(Violation::Place { number, seen, possible });
            }
            self.vault.possible[number] = left;
        }
        self.vault.looked = Some((pages, list));
        Ok(())
    }

    /// A start forgets what was seen.
    pub(in crate::driver) fn look_anew(&mut self) {
        self.vault.looked = None;
    }

    pub(in crate::driver) fn imported_key(&mut self, key: u8) -> [u8; 32] {
        let keys = &mut self.device.world.keys;
        *self.vault.public.entry((true, key.into())).or_insert_with(|| keys.take(&seed(key), None))
    }

    /// The one backup that a key has under this seed, by other means than the device's.
    pub(in crate::driver) fn backup_of(&mut self, key: u8) -> Vec<u8> {
        let public = self.imported_key(key);
        let keys = &mut self.device.world.keys;
        let sealed = sealed::seal_with(|message| keys.secret_of(message), &seed(key));
        let identity = keys.public_key(0);
        let head = [&b"HWKB\x01\x01\0\0"[..], &keys.sha256(&identity)[..8], &public, &sealed].concat();
        let check = keys.sha256(&head);
        [&head[..], &check[..8]].concat()
    }
}

/// The pages of all places.
pub fn key_pages() -> impl Iterator<Item = u16> {
    let copies = (0..KEYS as u32).flat_map(|key| [0, 1].map(|copy| entry_page(key_place(key), copy)));
    copies.flat_map(|page| [page, page + 1])
}

/// What a lost place may be if what tells so rots.
fn untold(holds: Holds) -> Vec<Holds> {
    match holds {
        Holds::Lost(was) => [Holds::Nothing].into_iter().chain(was.map(Holds::Key)).collect(),
        _ => Vec::new(),
    }
}

/// The imported key that the entry of a chain names, whether the chain signs or not.
fn names(model: &Model) -> Option<Imported> {
    model.key.filter(|_| !matches!(model.standing, Standing::Absent | Standing::Damaged))
}
