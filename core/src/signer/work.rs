//! Giving a slot a new incarnation: prepare the ring, write the mark, then commit the entry.
//!
//! The order is the proof: until the entry is written the slot is what it was, and a ring that holds
//! records of a higher incarnation than its entry is unclear (rule 6), never lower.

use super::Signer;
use super::ask::{Ask, Phase, What, Work};
use super::permit::Approved;
use super::prompts::outcome;
use super::slot::load_key;
use crate::apdu::{ChainState, PromptState, Status};
use crate::chains::{self, Entry, Found};
use crate::env::{Env, Life};
use crate::hrs::Hrs;
use crate::journal::{Record, Ring, Spare, StorageFault};

/// Pages prepared in one turn, so that a vote waits for no more than that.
const PAGES_PER_TURN: u16 = 4;

impl Signer {
    /// Plans a new incarnation of `slot` that starts at `mark`. [`Signer::step`] carries it out.
    #[inline(never)]
    pub(super) fn prepare<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        mark: Hrs,
        highest_signed: Hrs,
        approved: Approved,
    ) -> Result<(), Status> {
        // The ring of a live chain was repaired at boot, and its pages are its own until the entry says otherwise.
        let live = self.slots[usize::from(slot)].state == ChainState::Armed;
        let mut entry = Entry::BLANK;
        let (known, format) = match chains::read(env, &self.installation, slot, &mut entry) {
            Found::Entry => (entry.incarnation(), false),
            // Until an ADD has committed, every ADD formats from the start.
            Found::Blank => (0, true),
            Found::Damaged => return Err(Status::StorageDamaged),
        };
        let scan = self.ring(slot).scan(env, known);
        let incarnation = known.max(scan.highest_incarnation).checked_add(1).ok_or(Status::TableFull)?;
        self.prompts.work = Work {
            approved: Some(approved),
            incarnation,
            serial: scan.highest_serial,
            mark,
            highest_signed,
            format,
            live,
            next_page: if live { 2 * env.rings().pairs(slot) } else { 0 },
            key: None,
        };
        self.prompts.phase = Phase::Working;
        Ok(())
    }

    /// Goes on with what was approved: a few pages, or its end. Called once a turn of the app's loop.
    #[inline(never)]
    pub fn step<E: Env>(&mut self, env: &mut E) {
        if self.prompts.phase != Phase::Working {
            return;
        }
        let ask = self.prompts.current.ask;
        match self.ready(env, &ask) {
            Ok(true) => {}
            Ok(false) => return,
            Err(status) => return self.conclude(env, &ask, Err(status)),
        }
        let committed = self.commit(env, &ask);
        // A key in RAM is that of one life. The one that stands now has a key there only after an ADD, which derived it.
        if ask.what != What::Add || committed.is_err() {
            env.unload_key(ask.slot);
        }
        match committed {
            Ok(true) => self.conclude(env, &ask, Ok(())),
            Ok(false) => {
                self.load(env, ask.slot);
                self.prompts.finish(outcome(PromptState::Moved));
            }
            Err(status) => self.conclude(env, &ask, Err(status)),
        }
    }

    /// Goes on with what comes before the commit: pages, then the key of an ADD. `true`: there is nothing left of it.
    #[inline(never)]
    fn ready<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<bool, Status> {
        if self.prepare_pages(env, ask.slot).map_err(|StorageFault| self.page_failed(ask.slot))? {
            return Ok(false);
        }
        if ask.what != What::Add || self.prompts.work.key.is_some() {
            return Ok(true);
        }
        let public = env.public_key(ask.key_index)?;
        self.prompts.work.key = Some(chains::fingerprint(env, &public));
        Ok(false)
    }

    /// Prepares a few pages. `false`: there are none left.
    #[inline(never)]
    fn prepare_pages<E: Env>(&mut self, env: &mut E, slot: u8) -> Result<bool, StorageFault> {
        let ring = Ring { slot, installation: &self.installation };
        let work = &mut self.prompts.work;
        let range = work.next_page..(work.next_page + PAGES_PER_TURN).min(2 * env.rings().pairs(slot));
        if range.is_empty() {
            return Ok(false);
        }
        work.next_page = range.end;
        if work.format {
            ring.format(env, range)?;
        } else {
            let named = Record::filler(work.incarnation, work.serial, work.mark);
            // The owner would read that it is done, and the next start that the mark is unclear.
            if ring.fill_dead(env, &named, Spare::Nothing, range) {
                return Err(StorageFault);
            }
        }
        Ok(true)
    }

    /// Writes the mark under the new incarnation, then the entry. `false`: the chain signed past it meanwhile.
    #[inline(never)]
    fn commit<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<bool, Status> {
        let slot = ask.slot;
        // Out of its place first: whatever comes of it, it is not done twice.
        let mut work = core::mem::replace(&mut self.prompts.work, Work::NONE);
        self.prompts.phase = Phase::Idle;
        let mut record = Record::NONE;
        // A live chain goes on signing while its ring is prepared for a lowering. After a fault what it signed is read
        // anew (rule 7): what was known at the press is not its newest record any more.
        if work.live {
            let newest = self.newest(env, slot, &mut record)?.record();
            (work.serial, work.highest_signed) = (newest.serial, newest.highest_signed());
            if work.mark < work.highest_signed {
                return Ok(false);
            }
        }
        if let Some(key) = &work.key {
            // The second derivation, in another turn than the first. What it gives signs from now on.
            env.unload_key(slot);
            load_key(env, Life { slot, incarnation: work.incarnation }, ask.key_index, key)?;
        }
        let approved = work.approved.take().ok_or(Status::Internal)?;
        record = Record::mark_only(work.incarnation, work.mark, work.highest_signed);
        let _ = self.append(env, slot, work.serial, &mut record)?;
        self.commit_entry(env, ask, &work, approved)?;
        Ok(true)
    }

    /// The last step: the entry under the new incarnation.
    #[inline(never)]
    fn commit_entry<E: Env>(
        &mut self,
        env: &mut E,
        ask: &Ask,
        work: &Work,
        approved: Approved,
    ) -> Result<(), Status> {
        let mut entry = Entry::BLANK;
        if ask.what == What::Add {
            let chain = ask.chain.id().ok_or(Status::Internal)?;
            let key = work.key.as_ref().ok_or(Status::Internal)?;
            entry.arm(chain, ask.key_index, key, work.incarnation);
        } else if chains::read(env, &self.installation, ask.slot, &mut entry) == Found::Entry {
            entry.begin(work.incarnation);
        } else {
            return Err(Status::StorageFault);
        }
        chains::commit(env, &self.installation, ask.slot, &mut entry, approved)
            .map_err(|_| self.page_failed(ask.slot))
    }
}
