//! Commands that need the owner: what may be asked, and what a press begins.

use super::Signer;
use super::ask::{Ask, ChainName, Phase, Prompt, Stage, What, Work};
use super::keys;
use super::permit::Approved;
use crate::apdu::{ChainState, Command, Named, PromptState, Reply, Status};
use crate::canonical::ChainId;
use crate::chains::{self, Entry, Found, State};
use crate::env::{CryptoFailed, Env};
use crate::journal::Record;
use crate::layout::SLOTS;

impl Signer {
    /// The prompt that stands, if the owner has not decided it yet.
    pub fn prompt(&self) -> Option<Prompt> {
        (self.prompts.phase == Phase::Waiting).then_some(self.prompts.current)
    }

    /// The key that the prompt is about, once a turn has derived it; or that this failed.
    pub fn shown_key<E: Env>(&self, env: &E) -> Option<Result<[u8; 32], CryptoFailed>> {
        let Ask { what, slot, .. } = self.prompts.current.ask;
        match env.loaded_key(slot) {
            Ok(key) if what == What::ShowKey => Some(Ok(key)),
            _ => self.prompts.key().map(|key| key.copied()),
        }
    }

    /// Whether something approved is being done.
    pub fn is_working(&self) -> bool {
        self.prompts.phase == Phase::Working
    }

    /// A button was pressed while a prompt stands.
    pub fn prompt_touched(&mut self) {
        self.prompts.touch();
    }

    /// A button was pressed on the home screen: ends a pause of prompts.
    pub fn home_touched(&mut self) {
        self.prompts.resume();
    }

    /// The owner's press. What was approved is done by the turns that follow ([`Signer::step`]).
    ///
    /// Approving while the device is locked does nothing: the prompt stands on.
    #[inline(never)]
    pub fn decide<E: Env>(&mut self, env: &mut E, ticket: u32, approved: bool) {
        if self.prompts.phase != Phase::Waiting || self.prompts.current.ticket != ticket {
            return;
        }
        if !approved {
            self.prompts.refuse(PromptState::Denied);
            return;
        }
        if !env.unlocked() {
            return;
        }
        self.prompts.resume();
        let Ask { what, slot, .. } = self.prompts.current.ask;
        // A chain that becomes unclear from here on is another question.
        let live = what == What::SetMark && self.slots[slot].state != ChainState::Unclear;
        self.prompts.work = Work { approved: Some(Approved(())), live, ..Work::NONE };
        self.prompts.phase = Phase::Working;
    }

    /// Turns a command into a question to the owner and gives its ticket, or refuses it.
    #[inline(never)]
    pub(super) fn ask<E: Env>(
        &mut self,
        env: &mut E,
        command: &Command<'_>,
        reply: &mut Reply,
    ) -> Result<[u8; 4], Status> {
        self.sound()?;
        let mut ask = Ask::NONE;
        let mut public = [0; 32];
        (ask.what, ask.slot) = match command {
            Command::AddChain { chain, key_index, mark } => {
                (ask.chain, ask.key_index, ask.mark) = (ChainName::new(*chain), *key_index, *mark);
                (What::Add, self.slot_for(env, *chain)?)
            }
            Command::SetMark { named, to } => {
                let slot = self.named(env, named)?;
                let view = self.view(env, slot);
                if view.is_below_signed(to) {
                    return Err(Status::BelowSigned);
                }
                (ask.incarnation, ask.mark, ask.raise) = (named.incarnation, *to, *to > view.mark);
                (What::SetMark, slot)
            }
            Command::RemoveChain(named) => {
                ask.incarnation = named.incarnation;
                (What::Remove, self.named(env, named)?)
            }
            Command::ShowKey(chain) => {
                let slot = self.find(env, *chain).ok_or(Status::UnknownChain)?;
                let mut entry = Entry::BLANK;
                chains::read(env, &self.installation, slot, &mut entry);
                ask.key_index = entry.key_index();
                (What::ShowKey, slot)
            }
            Command::ForgetChain(named) => (What::Forget, self.tombstone(env, named)?),
            Command::ForgetSlot(slot) => match self.slots.0.get(usize::from(*slot)) {
                Some(found) if found.state == ChainState::Damaged => (What::Forget, *slot),
                _ => return Err(Status::UnknownChain),
            },
            of_key => {
                self.ask_key(env, of_key, &mut ask, &mut public, reply)?;
                (ask.what, ask.slot)
            }
        };
        self.prompts.free(env)?;
        if ask.what == What::Add {
            keys::exists(env, &self.installation, ask.key_index)?;
        }
        let public = Some(&public).filter(|_| ask.what.is_of_key());
        Ok(self.prompts.raise(env, ask, public))
    }

    /// Where a new chain goes: the slot of its own tombstone, else a free one.
    #[inline(never)]
    fn slot_for<E: Env>(&self, env: &mut E, chain: ChainId<'_>) -> Result<u8, Status> {
        if self.find(env, chain).is_some() {
            return Err(Status::ChainKnown);
        }
        let (mut free, mut spare) = (None, None);
        let mut entry = Entry::BLANK;
        for slot in 0..SLOTS as u8 {
            // An entry may have rotted since boot, and then `find` does not see the chain that stands there.
            if chains::read(env, &self.installation, slot, &mut entry) == Found::Damaged {
                return Err(Status::StorageDamaged);
            }
            match self.slots[slot].state {
                // No chain is in it, and its pages do not hold what is written: it is taken if there is no other.
                ChainState::Fault if chains::is_vacant(env, &self.installation, slot) => {
                    spare = spare.or(Some(slot));
                }
                // Until its owner has seen what stood there, a damaged slot may be any chain, this one too.
                ChainState::Damaged | ChainState::Fault => return Err(Status::StorageDamaged),
                ChainState::Tombstone | ChainState::UnclearTombstone
                    if chains::names(env, &self.installation, slot, chain) =>
                {
                    return Ok(slot);
                }
                ChainState::Free => free = free.or(Some(slot)),
                _ => {}
            }
        }
        free.or(spare).ok_or(Status::TableFull)
    }

    fn named<E: Env>(&mut self, env: &mut E, named: &Named<'_>) -> Result<u8, Status> {
        let slot = self.find(env, named.chain).ok_or(Status::UnknownChain)?;
        self.same_life(slot, named.incarnation)?;
        // What the owner is asked rests on what stands there: should it be read only now, then before the press.
        self.retry(slot);
        Ok(slot)
    }

    fn tombstone<E: Env>(&self, env: &mut E, named: &Named<'_>) -> Result<u8, Status> {
        let slot = (0..SLOTS as u8).find(|slot| {
            let state = self.slots[*slot].state;
            matches!(state, ChainState::Tombstone | ChainState::UnclearTombstone)
                && chains::names(env, &self.installation, *slot, named.chain)
        });
        let slot = slot.ok_or(Status::UnknownChain)?;
        self.same_life(slot, named.incarnation)?;
        Ok(slot)
    }

    fn same_life(&self, slot: u8, incarnation: u16) -> Result<(), Status> {
        if self.slots[slot].incarnation == incarnation { Ok(()) } else { Err(Status::WrongIncarnation) }
    }

    /// Begins what was approved, and does what takes one turn. Everything the question rested on is looked at again now: slots
    /// may have changed while the prompt stood.
    #[inline(never)]
    pub(super) fn begin_work<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        match ask.what {
            What::ShowKey => Ok(Stage::Conclude),
            What::Add => {
                let chain = ask.chain.id().ok_or(Status::Internal)?;
                if self.slot_for(env, chain)? != ask.slot {
                    return Err(Status::Internal);
                }
                self.plan(env, ask.slot)
            }
            What::Forget => {
                self.prompts.work.incarnation = self.slots[ask.slot].incarnation;
                Ok(Stage::Survey)
            }
            What::Remove => {
                self.same_life(ask.slot, ask.incarnation)?;
                self.remove(env, ask.slot)
            }
            What::SetMark => {
                self.same_life(ask.slot, ask.incarnation)?;
                self.set_mark(env, ask)
            }
            What::Import | What::ForgetKey | What::ForgetLostKey => self.commit_key(env, ask),
        }
    }

    #[inline(never)]
    fn remove<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<Stage, Status> {
        // The mark is frozen here: nothing is signed between this reading and the entry.
        let mut view = self.view(env, slot);
        let state = match view.state {
            ChainState::Armed => State::Tombstone,
            ChainState::Unclear => State::UnclearTombstone,
            // It became unclear by this look: once more, when its floor is known.
            _ if self.slots[slot].floor().is_none() => return Ok(Stage::Begin),
            _ => return Err(Status::StorageFault),
        };
        let entry = view.entry.as_mut().ok_or(Status::StorageFault)?;
        entry.bury(state, view.mark, view.highest_signed);
        self.commit_entry(env, slot, entry)
    }

    #[inline(never)]
    pub(super) fn forget<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<Stage, Status> {
        let mut entry = Entry::BLANK;
        entry.free(self.prompts.work.incarnation);
        self.commit_entry(env, slot, &mut entry)
    }

    /// The entry is all that changes; then the slot is read again.
    fn commit_entry<E: Env>(&mut self, env: &mut E, slot: u8, entry: &mut Entry) -> Result<Stage, Status> {
        let approved = self.prompts.work.approved.take().ok_or(Status::Internal)?;
        chains::commit(env, &self.installation, slot, entry, approved).map_err(|_| Status::StorageFault)?;
        self.distrust(slot);
        Ok(Stage::Conclude)
    }

    #[inline(never)]
    fn set_mark<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        let Ask { slot, mark: to, raise, .. } = *ask;
        if !self.prompts.work.live {
            let floor = self.slots[slot].floor().ok_or(Status::StorageFault)?;
            if to < floor {
                return Err(Status::BelowSigned);
            }
            return self.plan(env, slot);
        }
        // Marks move every few seconds: what the owner read may be past by now.
        let mut record = Record::NONE;
        let newest = *self.newest(env, slot, &mut record)?.record();
        let highest = newest.highest_signed();
        if to < highest || (raise && to <= newest.hrs) {
            return Ok(self.moved());
        }
        if to < newest.hrs {
            // A lowering is a new life: what stands above it must never be taken for the mark again.
            return self.plan(env, slot);
        }
        // A raise changes no entry and can only forbid; the approval ends here.
        let _ = self.prompts.work.approved.take().ok_or(Status::Internal)?;
        record = Record::mark_only(newest.incarnation, to, highest);
        let _ = self.append(env, slot, newest.serial, &mut record)?;
        Ok(Stage::Conclude)
    }
}
