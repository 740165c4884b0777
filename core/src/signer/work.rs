//! What was approved, a little a turn. Where it gives a slot a new incarnation: read and prepare the ring, write the mark,
//! then commit the entry.
//!
//! The order is the proof: until the entry is written the slot is what it was, and a ring that holds
//! records of a higher incarnation than its entry is unclear (rule 6), never lower.

use super::ask::{Ask, Phase, Stage, What, Work};
use super::prompts::outcome;
use super::{Signer, keys};
use crate::apdu::{ChainState, PromptState, PromptStatus, Status};
use crate::chains::{self, Entry, Found};
use crate::env::{Env, Life};
use crate::hrs::Hrs;
use crate::journal::{Record, StorageFault};

impl Signer {
    /// Goes on with what takes long: a slot that is to be read, a key that is to be shown, what was approved. Called once a
    /// turn of the app's loop; each call reads or writes a few pages, or derives one key.
    #[inline(never)]
    pub fn step<E: Env>(&mut self, env: &mut E) {
        // What was approved comes after the slots that failed: it rests on what they say.
        if self.load(env) {
            return;
        }
        match self.prompts.phase {
            Phase::Idle => {}
            Phase::Waiting => {
                if self.shows_key(env) {
                    self.prompts.derive(env, &self.installation);
                }
            }
            Phase::Working => self.work(env),
        }
    }

    /// Whether turns have something to do.
    pub fn is_busy<E: Env>(&self, env: &E) -> bool {
        self.is_working() || self.is_reading() || self.prompts.phase == Phase::Waiting && self.shows_key(env)
    }

    /// Whether the prompt that stands shows a key that is in RAM nowhere yet.
    fn shows_key<E: Env>(&self, env: &E) -> bool {
        let Ask { what, slot, .. } = self.prompts.current.ask;
        let own = what == What::Add || what == What::ShowKey && env.loaded_key(slot).is_err();
        own && self.prompts.key().is_none()
    }

    #[inline(never)]
    fn work<E: Env>(&mut self, env: &mut E) {
        let ask = self.prompts.current.ask;
        let went = match self.prompts.work.stage {
            Stage::Begin => self.begin_work(env, &ask),
            Stage::Survey => self.survey_ring(env, &ask),
            Stage::Pages => self.prepare_pages(env, &ask),
            Stage::Key => self.take_key(env, &ask),
            Stage::Commit => self.commit(env, &ask),
            Stage::Conclude => return self.conclude(env, &ask),
        };
        self.prompts.work.stage = went.unwrap_or_else(|status| {
            self.prompts.work.refused = status.word();
            if status == Status::StorageFault && !ask.what.is_of_key() {
                // A key that could not be derived says nothing of the pages.
                let state = self.slots[ask.slot].state;
                self.prompts.work.page_failed = state == ChainState::Fault;
                // Whatever was half written is found by the reading.
                self.distrust(ask.slot);
            }
            Stage::Conclude
        });
    }

    /// Plans a new incarnation of `slot`.
    #[inline(never)]
    pub(super) fn plan<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<Stage, Status> {
        let mut entry = Entry::BLANK;
        let (known, format) = match chains::read(env, &self.installation, slot, &mut entry) {
            Found::Entry => (entry.incarnation(), false),
            // Until an ADD has committed, every ADD formats from the start.
            Found::Blank => (0, true),
            Found::Damaged => return Err(Status::StorageDamaged),
        };
        let work = &mut self.prompts.work;
        (work.incarnation, work.format) = (known, format);
        // The ring of a live chain was repaired when it was read. None of its pages is of a higher life, and they are its own
        // until the entry says otherwise.
        if work.live { self.next_life().map(|()| Stage::Commit) } else { Ok(Stage::Survey) }
    }

    fn next_life(&mut self) -> Result<(), Status> {
        let incarnation = &mut self.prompts.work.incarnation;
        *incarnation = incarnation.checked_add(1).ok_or(Status::TableFull)?;
        Ok(())
    }

    /// Reads the ring, of which the new life takes a higher incarnation and higher serials than any page has.
    #[inline(never)]
    fn survey_ring<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        let Some(scan) = self.survey(env, ask.slot) else { return Ok(Stage::Survey) };
        let (incarnation, serial) = (scan.highest_incarnation, scan.highest_serial);
        let work = &mut self.prompts.work;
        work.incarnation = work.incarnation.max(incarnation);
        if !self.slots[ask.slot].serial.keep(serial) {
            return Err(Status::StorageFault);
        }
        if ask.what == What::Forget {
            return self.forget(env, ask.slot);
        }
        self.next_life()?;
        Ok(Stage::Pages)
    }

    /// Prepares a few pages.
    fn prepare_pages<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        let ring = crate::journal::Ring { slot: ask.slot, installation: &self.installation };
        let work = &mut self.prompts.work;
        let serial = self.slots[ask.slot].serial.get().ok_or(Status::StorageFault)?;
        let filler = Record::filler(work.incarnation, serial, ask.mark);
        let named = if work.format { None } else { Some(&filler) };
        match ring.prepare(env, named, &mut work.next_page) {
            Ok(true) => Ok(Stage::Pages),
            Ok(false) if ask.what == What::Add => Ok(Stage::Key),
            Ok(false) => Ok(Stage::Commit),
            Err(StorageFault) => Err(self.page_failed(ask.slot)),
        }
    }

    /// Of an ADD: derives its key for the first time, unless it was shown, and in another turn the one that signs from now on.
    fn take_key<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        if self.prompts.key().is_none() {
            self.prompts.derive(env, &self.installation);
            return Ok(Stage::Key);
        }
        env.unload_key(ask.slot);
        let life = Life { slot: ask.slot, incarnation: self.prompts.work.incarnation };
        keys::load(env, &self.installation, life, ask.key_index)?;
        Ok(Stage::Commit)
    }

    /// Writes the mark under the new incarnation, then the entry.
    #[inline(never)]
    fn commit<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        let mut record = Record::NONE;
        let mut highest_signed = ask.mark;
        // A live chain goes on signing until its lowering is committed. After a fault what it signed was read anew (rule 7):
        // what was known at the press is not its newest record any more.
        if self.prompts.work.live {
            let newest = self.newest(env, ask.slot, &mut record)?.record();
            highest_signed = newest.highest_signed();
            if ask.mark < highest_signed {
                return Ok(self.moved());
            }
        }
        let committed = self.commit_life(env, ask, highest_signed);
        // A key in RAM is that of one life. The one that stands now has a key there only after an ADD, which derived it.
        if ask.what != What::Add || committed.is_err() {
            env.unload_key(ask.slot);
        }
        committed?;
        self.distrust(ask.slot);
        Ok(Stage::Conclude)
    }

    #[inline(never)]
    fn commit_life<E: Env>(&mut self, env: &mut E, ask: &Ask, highest_signed: Hrs) -> Result<(), Status> {
        let slot = ask.slot;
        // Out of its place first: whatever comes of it, it is not done twice.
        let approved = self.prompts.work.approved.take().ok_or(Status::Internal)?;
        let incarnation = self.prompts.work.incarnation;
        let mut entry = Entry::BLANK;
        if ask.what == What::Add {
            // A key that came out in two ways is none. The owner may have seen the first.
            let key = env.loaded_key(slot)?;
            if self.prompts.key() != Some(Ok(&key)) {
                env.refuse_key(slot);
                return Err(Status::StorageFault);
            }
            let chain = ask.chain.id().ok_or(Status::Internal)?;
            entry.arm(chain, ask.key_index, &chains::fingerprint(env, &key), incarnation);
        } else if chains::read(env, &self.installation, slot, &mut entry) == Found::Entry {
            entry.begin(incarnation);
        } else {
            return Err(Status::StorageFault);
        }
        let serial = self.slots[slot].serial.get().ok_or(Status::StorageFault)?;
        let mut record = Record::mark_only(incarnation, ask.mark, highest_signed);
        let _ = self.append(env, slot, serial, &mut record)?;
        chains::commit(env, &self.installation, slot, &mut entry, approved)
            .map_err(|_| self.page_failed(slot))
    }

    /// Ends it where the mark moved past what was asked.
    pub(super) fn moved(&mut self) -> Stage {
        self.prompts.finish(outcome(PromptState::Moved));
        Stage::Begin
    }

    /// Ends what was approved: the outcome tells what stands now, and the slot was read again if anything was written.
    fn conclude<E: Env>(&mut self, env: &mut E, ask: &Ask) {
        if ask.what.is_of_key() {
            return self.conclude_key(ask);
        }
        let Work { refused, page_failed, .. } = self.prompts.work;
        let done = refused == 0;
        let kept = &mut self.slots[ask.slot];
        if page_failed && kept.state == ChainState::Free {
            // What was to be added found a page that does not hold: the next ADD goes elsewhere.
            kept.state = ChainState::Fault;
        }
        if done && matches!(ask.what, What::Add | What::SetMark) {
            kept.spent = 0;
        }
        let view = self.view(env, ask.slot);
        self.prompts.finish(PromptStatus {
            state: if done { PromptState::Approved } else { PromptState::Failed },
            status: if done { Status::Ok.word() } else { refused },
            incarnation: view.entry.as_ref().map_or(0, Entry::incarnation),
            mark: view.mark,
            highest_signed: view.highest_signed,
        });
    }
}
