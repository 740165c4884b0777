//! Commands that need the owner: what may be asked, and what a press does.

use super::Signer;
use super::ask::{Ask, ChainName, Phase, Prompt, What};
use super::permit::Approved;
use super::prompts::outcome;
use crate::apdu::{ChainState, Command, Named, PromptState, PromptStatus, Status};
use crate::canonical::ChainId;
use crate::chains::{self, Entry, Found, State};
use crate::env::{Env, SECRET_INDEX};
use crate::hrs::Hrs;
use crate::journal::Record;
use crate::layout::SLOTS;

/// How an approved change went on.
pub(super) enum Progress {
    /// Done.
    Done,
    /// A ring must be prepared first, a few pages a turn.
    Working,
    /// The mark moved past what was asked.
    Moved,
}

impl Signer {
    /// The prompt that stands, if the owner has not decided it yet.
    pub fn prompt(&self) -> Option<Prompt> {
        (self.prompts.phase == Phase::Waiting).then_some(self.prompts.current)
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

    /// The owner's press. Everything the question rested on is checked again now.
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
        let ask = self.prompts.current.ask;
        match self.recheck(env, &ask).and_then(|()| self.carry_out(env, &ask, Approved(()))) {
            Ok(Progress::Working) => {}
            Ok(Progress::Moved) => self.prompts.finish(outcome(PromptState::Moved)),
            Ok(Progress::Done) => self.conclude(env, &ask, Ok(())),
            Err(status) => self.conclude(env, &ask, Err(status)),
        }
    }

    /// Turns a command into a question to the owner and gives its ticket, or refuses it.
    #[inline(never)]
    pub(super) fn ask<E: Env>(&mut self, env: &mut E, command: &Command<'_>) -> Result<[u8; 4], Status> {
        self.sound()?;
        let mut ask = Ask::NONE;
        (ask.what, ask.slot) = match command {
            Command::AddChain { chain, key_index, mark } => {
                // Bit 31 is the hardening bit of the path, which every element carries anyway. The last index signs nothing.
                if *key_index >= SECRET_INDEX {
                    return Err(Status::Length);
                }
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
            Command::ShowKey(chain) => (What::ShowKey, self.find(env, *chain).ok_or(Status::UnknownChain)?),
            Command::ForgetChain(named) => (What::Forget, self.tombstone(env, named)?),
            Command::ForgetSlot(slot) => match self.slots.get(usize::from(*slot)) {
                Some(found) if found.state == ChainState::Damaged => (What::Forget, *slot),
                _ => return Err(Status::UnknownChain),
            },
            _ => return Err(Status::Internal),
        };
        self.prompts.free(env)?;
        Ok(self.prompts.raise(env, ask))
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
            match self.slots[usize::from(slot)].state {
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

    fn named<E: Env>(&self, env: &mut E, named: &Named<'_>) -> Result<u8, Status> {
        let slot = self.find(env, named.chain).ok_or(Status::UnknownChain)?;
        self.same_life(slot, named.incarnation)?;
        Ok(slot)
    }

    fn tombstone<E: Env>(&self, env: &mut E, named: &Named<'_>) -> Result<u8, Status> {
        let slot = (0..SLOTS as u8).find(|slot| {
            let state = self.slots[usize::from(*slot)].state;
            matches!(state, ChainState::Tombstone | ChainState::UnclearTombstone)
                && chains::names(env, &self.installation, *slot, named.chain)
        });
        let slot = slot.ok_or(Status::UnknownChain)?;
        self.same_life(slot, named.incarnation)?;
        Ok(slot)
    }

    fn same_life(&self, slot: u8, incarnation: u16) -> Result<(), Status> {
        if self.slots[usize::from(slot)].incarnation == incarnation {
            Ok(())
        } else {
            Err(Status::WrongIncarnation)
        }
    }

    /// Whether what was asked may still be done: slots may have changed while the prompt stood.
    fn recheck<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<(), Status> {
        match ask.what {
            What::Add => {
                let chain = ask.chain.id().ok_or(Status::Internal)?;
                if self.slot_for(env, chain)? == ask.slot { Ok(()) } else { Err(Status::Internal) }
            }
            What::SetMark | What::Remove => self.same_life(ask.slot, ask.incarnation),
            What::ShowKey | What::Forget => Ok(()),
        }
    }

    fn carry_out<E: Env>(&mut self, env: &mut E, ask: &Ask, approved: Approved) -> Result<Progress, Status> {
        match ask.what {
            What::ShowKey => Ok(Progress::Done),
            What::Add => {
                self.prepare(env, ask.slot, ask.mark, ask.mark, approved)?;
                Ok(Progress::Working)
            }
            What::Remove => self.remove(env, ask.slot, approved),
            What::Forget => self.forget(env, ask.slot, approved),
            What::SetMark => self.set_mark(env, ask, approved),
        }
    }

    #[inline(never)]
    fn remove<E: Env>(&mut self, env: &mut E, slot: u8, approved: Approved) -> Result<Progress, Status> {
        // The mark is frozen here: nothing is signed between this reading and the entry.
        let mut view = self.view(env, slot);
        let state = match view.state {
            ChainState::Armed => State::Tombstone,
            ChainState::Unclear => State::UnclearTombstone,
            _ => return Err(Status::StorageFault),
        };
        let entry = view.entry.as_mut().ok_or(Status::StorageFault)?;
        entry.bury(state, view.mark, view.highest_signed);
        chains::commit(env, &self.installation, slot, entry, approved).map_err(|_| Status::StorageFault)?;
        Ok(Progress::Done)
    }

    #[inline(never)]
    fn forget<E: Env>(&mut self, env: &mut E, slot: u8, approved: Approved) -> Result<Progress, Status> {
        let known = self.slots[usize::from(slot)].incarnation;
        let incarnation = known.max(self.ring(slot).scan(env, 0).highest_incarnation);
        let mut entry = Entry::BLANK;
        entry.free(incarnation);
        chains::commit(env, &self.installation, slot, &mut entry, approved)
            .map_err(|_| Status::StorageFault)?;
        Ok(Progress::Done)
    }

    #[inline(never)]
    fn set_mark<E: Env>(&mut self, env: &mut E, ask: &Ask, approved: Approved) -> Result<Progress, Status> {
        let Ask { slot, mark: to, raise, .. } = *ask;
        if let Some(floor) = self.floor(env, slot) {
            if to < floor {
                return Err(Status::BelowSigned);
            }
            self.prepare(env, slot, to, to, approved)?;
            return Ok(Progress::Working);
        }
        // Marks move every few seconds: what the owner read may be past by now.
        let mut record = Record::NONE;
        let newest = *self.newest(env, slot, &mut record)?.record();
        let highest = newest.highest_signed();
        if to < highest || (raise && to <= newest.hrs) {
            return Ok(Progress::Moved);
        }
        if to < newest.hrs {
            // A lowering is a new life: what stands above it must never be taken for the mark again.
            self.prepare(env, slot, to, highest, approved)?;
            return Ok(Progress::Working);
        }
        record = Record::mark_only(newest.incarnation, to, highest);
        // A raise changes no entry and can only forbid; the approval ends here.
        let _ = approved;
        let _ = self.append(env, slot, newest.serial, &mut record)?;
        Ok(Progress::Done)
    }

    /// Of an unclear chain, the floor of its mark.
    #[inline(never)]
    fn floor<E: Env>(&mut self, env: &mut E, slot: u8) -> Option<Hrs> {
        let view = self.view(env, slot);
        (view.state == ChainState::Unclear).then_some(view.mark)
    }

    /// Ends an approved prompt: the slot is read again from flash, and the outcome tells what stands now.
    #[inline(never)]
    pub(super) fn conclude<E: Env>(&mut self, env: &mut E, ask: &Ask, result: Result<(), Status>) {
        let slot = ask.slot;
        let before = self.slots[usize::from(slot)].state;
        if ask.what != What::ShowKey {
            self.load(env, slot);
        }
        let kept = &mut self.slots[usize::from(slot)].state;
        if before == ChainState::Fault && *kept == ChainState::Free {
            // What was to be added found a page that does not hold: the next ADD goes elsewhere. A key that could not be
            // derived says nothing of the pages.
            *kept = ChainState::Fault;
        }
        let view = self.view(env, slot);
        if result.is_ok() && matches!(ask.what, What::Add | What::SetMark) {
            self.slots[usize::from(slot)].spent = 0;
        }
        self.prompts.finish(PromptStatus {
            state: if result.is_ok() { PromptState::Approved } else { PromptState::Failed },
            status: result.err().unwrap_or(Status::Ok).word(),
            incarnation: view.entry.as_ref().map_or(0, Entry::incarnation),
            mark: view.mark,
            highest_signed: view.highest_signed,
        });
    }
}
