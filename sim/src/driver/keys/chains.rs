//! Chains with imported keys: which one each signs with, and which stand still since theirs is lost.

use highwater_core::apdu::{ChainState, Command, Status};
use highwater_core::canonical::ChainId;

use crate::audit::Finding;
use crate::driver::hand::key_index;
use crate::driver::judge::unique;
use crate::driver::{Driver, Lane, Violation, place};
use crate::model::{Answer, Imported, Model, Op, Standing};
use crate::vault::Holds;

impl Driver {
    /// After a start no chain stands whose key is lost. Counts.
    pub(in crate::driver) fn look_at_stopped(&mut self) -> Result<(), Violation> {
        let is_lost = |possible: &Vec<Holds>| possible.iter().all(|holds| matches!(holds, Holds::Lost(_)));
        self.counts.lost += u64::from(self.vault.possible.iter().any(is_lost));
        let (mut imported, mut stopped) = (false, false);
        for lane in &self.lanes {
            let Some(seen) = lane.seen else { continue };
            let stands = matches!(seen.state, ChainState::Armed | ChainState::Unclear);
            imported |= stands && lane.possible.iter().all(|model| model.key.is_some());
            if !lane.possible.iter().all(|model| self.is_stopped(model)) {
                continue;
            }
            stopped |= seen.state == ChainState::Fault;
            if stands {
                return Err(Violation::State { seen: Some(seen), possible: lane.possible.clone() });
            }
        }
        self.counts.imported += u64::from(imported);
        self.counts.stopped += u64::from(stopped);
        Ok(())
    }

    /// What a start leaves to a later one: the ring of a chain whose key is lost is not read.
    pub(in crate::driver) fn leave_unread(&mut self) {
        for lane in 0..self.lanes.len() {
            let Lane { seen, possible, unread, .. } = &self.lanes[lane];
            let at_fault = seen.is_some_and(|seen| seen.state == ChainState::Fault);
            let stopped = at_fault && possible.iter().any(|model| self.may_be_stopped(model));
            let left = (unread.0 | self.rotted, unread.1 | self.torn);
            self.lanes[lane].unread = if stopped { left } else { (false, false) };
        }
    }

    /// Whether the key that a chain names is surely not there.
    fn is_stopped(&self, model: &Model) -> bool {
        let Some(Imported { number, key }) = standing_with(model) else { return false };
        !self.may_be_held(number.into()).contains(&Holds::Key(key))
    }

    /// Whether the key that a chain names may be lost.
    pub(in crate::driver) fn may_be_stopped(&self, model: &Model) -> bool {
        let Some(Imported { number, key }) = standing_with(model) else { return false };
        self.may_be_held(number.into()).iter().any(|holds| *holds != Holds::Key(key))
    }

    /// Whether a chain may stand whose key is lost.
    pub(in crate::driver) fn has_stopped(&self) -> bool {
        let models = self.lanes.iter().flat_map(|lane| lane.possible.iter().chain(&lane.ahead));
        models.into_iter().any(|model| self.may_be_stopped(model))
    }

    /// What an operation makes of a chain, if the key that it names is there or not.
    pub(in crate::driver) fn with_keys(&self, model: &Model, op: Op) -> Vec<(Answer, Model)> {
        let went = model.after(op);
        let (Op::AddWith(_, Imported { number, key }), Answer::Done) = (op, went.0) else {
            return vec![went];
        };
        let Some(possible) = self.vault.possible.get(usize::from(number)) else {
            return vec![(Answer::Refused(Status::NoKey), *model)];
        };
        let told = |holds: &Holds| match holds {
            Holds::Key(held) => (*held == key).then_some(went),
            Holds::Nothing => Some((Answer::Refused(Status::NoKey), *model)),
            Holds::Lost(_) => Some((Answer::Refused(Status::StorageDamaged), *model)),
        };
        possible.iter().filter_map(told).collect()
    }

    /// The key that stands where this one is to.
    pub(in crate::driver) fn held(&self, named: Imported) -> Imported {
        let possible = self.vault.possible.get(usize::from(named.number));
        let key = possible.into_iter().flatten().find_map(|holds| match holds {
            Holds::Key(key) => Some(*key),
            _ => None,
        });
        Imported { key: key.unwrap_or(named.key), ..named }
    }

    /// Before the auditor hears a signature: it must be of the key that the chain was approved with.
    pub(in crate::driver) fn signs_with(
        &mut self,
        lane: usize,
        op: Op,
        signature: &[u8; 64],
    ) -> Result<(), Violation> {
        let Lane { possible, ahead, .. } = &self.lanes[lane];
        let models = self.may_be(lane, &[&possible[..], ahead].concat());
        let signs = models.iter().filter(|model| model.after(op).0 == Answer::Done);
        let keys = unique(signs.map(|model| model.key).collect());
        // None: the answer is judged, and found wrong.
        let &[key, ..] = &keys[..] else { return Ok(()) };
        let public = self.approved_key(lane, key);
        self.auditor.key(self.lanes[lane].chain, public);
        // A toy's signature begins with its public key; the auditor verifies the others.
        if self.device.world.keys.is_toy() && signature[..32] != public {
            let (Op::Sign { at, .. } | Op::Extend { at, .. }) = op else { return Ok(()) };
            return Err(Finding::BadSignature(place(at)).into());
        }
        Ok(())
    }

    /// Asks the device for the key of a chain that stands, once for each, and tells the auditor.
    pub(in crate::driver) fn look_at_key(&mut self, lane: usize) -> Result<(), Violation> {
        let Lane { possible, ahead, chain, key: known, .. } = &self.lanes[lane];
        let (chain, known) = (*chain, *known);
        let keys = unique(possible.iter().chain(ahead).map(|model| model.key).collect());
        let &[key] = &keys[..] else { return Ok(()) };
        let approved = self.approved_key(lane, key);
        if known == Some(approved) {
            return Ok(());
        }
        let (data, status) =
            self.exchange(Command::GetPublicKey(ChainId::new(chain.as_bytes()).expect("a chain id")));
        let (Ok(seen), Status::Ok) = (<[u8; 32]>::try_from(data), status) else { return Ok(()) };
        if seen != approved {
            return Err(Violation::OtherKey { seen, approved });
        }
        self.auditor.key(chain, seen);
        self.lanes[lane].key = Some(seen);
        Ok(())
    }

    fn approved_key(&mut self, lane: usize, key: Option<Imported>) -> [u8; 32] {
        match key {
            Some(Imported { key, .. }) => self.imported_key(key),
            None => {
                let index = key_index(lane, None);
                let keys = &mut self.device.world.keys;
                *self.vault.public.entry((false, index)).or_insert_with(|| keys.public_key(index))
            }
        }
    }
}

/// The imported key that a chain is to sign with.
fn standing_with(model: &Model) -> Option<Imported> {
    model.key.filter(|_| matches!(model.standing, Standing::Armed | Standing::Unclear))
}
