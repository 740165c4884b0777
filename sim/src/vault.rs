//! The specification of the vault of imported keys: what a place may hold, and what each operation makes of it.
//!
//! Keys are named by a byte here; [`seed`] says which private key that is.

use highwater_core::apdu::Status;
use highwater_core::layout::KEYS;

/// The private key of this name.
pub const fn seed(key: u8) -> [u8; 32] {
    [0x40 | key; 32]
}

/// What an owner does with keys, or a host asks of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOp {
    /// IMPORT_KEY, approved.
    Import(u8),
    /// The same of a backup that the device made before, or, if it made none, of the key.
    Restore(u8),
    /// A backup of which one bit is another: refused without a question.
    Forged(u8),
    /// FORGET_KEY, approved.
    Forget(u8),
    /// BACKUP_KEY.
    Backup(u8),
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAnswer {
    /// Done, at the place of this number.
    Done(u8),
    /// Refused.
    Refused(Status),
}

/// What a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// A key.
    Key(u8),
    /// Both copies are lost: of this key, or of nothing.
    Lost(Option<u8>),
}

/// All places.
pub type Vault = [Holds; KEYS];

impl Holds {
    /// The same after its device lost both copies.
    #[must_use]
    pub const fn lost(self) -> Self {
        match self {
            Self::Nothing => Self::Lost(None),
            Self::Key(key) => Self::Lost(Some(key)),
            Self::Lost(_) => self,
        }
    }
}

/// Which places the chain table names.
#[derive(Debug, Clone, Default)]
pub struct Users {
    /// Surely.
    pub surely: [bool; KEYS],
    /// Perhaps, for these keys.
    pub perhaps: [Vec<u8>; KEYS],
    /// A slot is damaged, and nobody can tell what it names: surely, or perhaps.
    pub damaged: (bool, bool),
}

/// Every answer that may be given, and what the vault is then.
pub fn after(vault: Vault, users: &Users, op: KeyOp) -> Vec<(KeyAnswer, Vault)> {
    let refused = |status| (KeyAnswer::Refused(status), vault);
    let held = |number: usize| (KeyAnswer::Done(number as u8), vault);
    match op {
        KeyOp::Import(key) | KeyOp::Restore(key) => {
            let (places, full) = places_for(vault, users, key);
            let put = |number: usize| {
                let mut vault = vault;
                vault[number] = Holds::Key(key);
                (KeyAnswer::Done(number as u8), vault)
            };
            let full = full.then(|| refused(Status::VaultFull));
            places.into_iter().map(put).chain(full).collect()
        }
        KeyOp::Forged(_) => vec![refused(Status::BadBackup)],
        KeyOp::Backup(number) => match vault.get(usize::from(number)) {
            Some(Holds::Key(_)) => vec![held(number.into())],
            Some(Holds::Lost(_)) => vec![refused(Status::StorageDamaged)],
            _ => vec![refused(Status::NoKey)],
        },
        KeyOp::Forget(number) => match vault.get(usize::from(number)) {
            None | Some(Holds::Nothing) => vec![refused(Status::NoKey)],
            Some(_) => {
                let place = usize::from(number);
                if users.surely[place] {
                    return vec![refused(Status::KeyInUse)];
                }
                let mut allowed = Vec::new();
                if !users.perhaps[place].is_empty() {
                    allowed.push(refused(Status::KeyInUse));
                }
                if users.damaged.1 {
                    allowed.push(refused(Status::StorageDamaged));
                }
                if !users.damaged.0 {
                    let mut vault = vault;
                    vault[place] = Holds::Nothing;
                    allowed.push((KeyAnswer::Done(number), vault));
                }
                allowed
            }
        },
    }
}

/// Where a key may go: where it is, or where a chain misses it; else to a free place, else to one that was lost and that no
/// chain names. And whether there may be none: the vault is full.
fn places_for(vault: Vault, users: &Users, key: u8) -> (Vec<usize>, bool) {
    let is = |number: &usize| vault[*number] == Holds::Key(key);
    let lost = |number: &usize| matches!(vault[*number], Holds::Lost(_));
    let missed = |number: &usize| lost(number) && users.perhaps[*number].contains(&key);
    let mut places: Vec<usize> = (0..KEYS).filter(|number| is(number) || missed(number)).collect();
    if places.iter().any(|number| is(number) || users.surely[*number]) {
        return (places, false);
    }
    if let Some(free) = (0..KEYS).find(|number| vault[*number] == Holds::Nothing) {
        places.push(free);
        return (places, false);
    }
    for number in (0..KEYS).filter(|number| lost(number) && !users.surely[*number]) {
        places.push(number);
        if users.perhaps[number].is_empty() {
            return (places, false);
        }
    }
    (places, true)
}
