//! Model and device in lock step.
//!
//! For every chain the driver keeps the set of models it may be in. An operation that completes leaves those that
//! give the observed answer; a power cut leaves what was and what would have been; the next completed boot shows
//! which, and anything else is a [`Violation`]. So exactly two outcomes are accepted after a cut, old and new.
//! Three exceptions, all in the specification: a lowering that was interrupted is unclear (rule 6); a tear and a rotted
//! page between two completed boots may leave a chain unclear, its slot damaged, never lower; and if then the page rots
//! that told so, the chain may stand again where it stood, nowhere else.

mod between;
mod hand;
mod violation;

use highwater_core::apdu::{ChainState, Status};

use crate::audit::Auditor;
use crate::model::{Answer, Model, Op, Standing};
use crate::{Fault, SimDevice, World};

pub use hand::place;
pub use violation::{Seen, Violation};

/// What happened, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Power cuts, in operation and in recovery.
    pub cuts: u64,
    /// Pages that rotted.
    pub rots: u64,
    /// Writes that failed or lied.
    pub faults: u64,
    /// Boots that completed.
    pub recoveries: u64,
    /// Boots after which a chain was unclear or damaged.
    pub unclear: u64,
    /// Operations that completed.
    pub operations: u64,
}

/// A chain and what it may be.
#[derive(Debug, Clone)]
struct Lane {
    chain: &'static str,
    possible: Vec<Model>,
    seen: Option<Seen>,
    /// The mark of an ADD that was approved and not seen yet.
    added: Option<highwater_core::hrs::Hrs>,
    has_key: bool,
}

/// Whether power lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It did.
    On,
    /// It vanished; only a boot goes on from here.
    Off,
}

/// A device, its chains' models and its auditor.
#[derive(Debug)]
pub struct Driver {
    /// The device.
    pub device: SimDevice,
    /// Keeps what left it.
    pub auditor: Auditor,
    /// What happened so far.
    pub counts: Counts,
    /// The steps one by one, if wanted: for reading a violation.
    pub trace: Option<Vec<String>>,
    lanes: Vec<Lane>,
    damaged: Option<u8>,
    /// Since the last completed boot: a page rotted, a write was torn, a write failed or lied.
    rotted: bool,
    torn: bool,
    faulted: bool,
    /// Writes that failed and left a dead page since then.
    dead: u32,
}

impl Driver {
    /// A new device that knows none of `chains` yet (at most three).
    pub fn new(world: World, chains: &[&'static str]) -> Result<Self, Violation> {
        Self::resume(world, chains, &vec![vec![Model::ABSENT]; chains.len()], false, false)
    }

    /// A device whose flash may be in any of these states. `rotted`, `torn`: since its last completed boot.
    pub fn resume(
        world: World,
        chains: &[&'static str],
        possible: &[Vec<Model>],
        rotted: bool,
        torn: bool,
    ) -> Result<Self, Violation> {
        let mut driver = Self::asleep(world, chains, possible, rotted, torn);
        driver.boot(None)?;
        Ok(driver)
    }

    /// The same, before it boots: only [`Self::boot`] and [`Self::rot`] make sense.
    pub fn asleep(
        world: World,
        chains: &[&'static str],
        possible: &[Vec<Model>],
        rotted: bool,
        torn: bool,
    ) -> Self {
        let auditor = if world.keys.is_toy() { Auditor::of_toys() } else { Auditor::default() };
        let lane = |(chain, possible): (&&'static str, &Vec<Model>)| Lane {
            chain,
            possible: possible.clone(),
            seen: None,
            added: None,
            has_key: false,
        };
        let lanes = chains.iter().zip(possible).map(lane).collect();
        let device = SimDevice::asleep(world);
        Self {
            device,
            auditor,
            counts: Counts::default(),
            trace: None,
            lanes,
            damaged: None,
            rotted,
            torn,
            faulted: false,
            dead: 0,
        }
    }

    /// What the chain of `lane` may be.
    pub fn possible(&self, lane: usize) -> &[Model] {
        &self.lanes[lane].possible
    }

    /// What the device showed of the chain of `lane` last.
    pub fn seen(&self, lane: usize) -> Option<&Seen> {
        self.lanes[lane].seen.as_ref()
    }

    /// Whether a page rotted and a write was torn since the last completed boot, and whether a write failed or lied.
    pub fn hurt(&self) -> (bool, bool, bool) {
        (self.rotted, self.torn, self.faulted)
    }

    /// A page rots.
    pub fn rot(&mut self, page: u16, cell: [u8; 64]) {
        self.note(|| format!("page {page} rots to {:02x}", cell[0]));
        self.counts.rots += 1;
        self.rotted = true;
        self.device.world.medium.rot(page, cell);
    }

    /// Power vanishes between two writes.
    pub fn power_off(&mut self) {
        self.device.world.medium.calm();
        self.counts.cuts += 1;
    }

    /// Starts the app, with a fault at one of its writes if one is given and reached.
    pub fn boot(&mut self, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        self.note(|| format!("boot {fault:?}"));
        self.device.world.medium.power_on();
        let fired = self.with(fault, |driver| driver.device.reboot());
        if !self.device.world.medium.is_powered() {
            return Ok(Power::Off);
        }
        self.faulted = fired;
        self.look_around()?;
        self.counts.recoveries += 1;
        let unclear = |lane: &Lane| lane.seen.is_some_and(|seen| seen.state == ChainState::Unclear);
        self.counts.unclear += u64::from(self.damaged.is_some() || self.lanes.iter().any(unclear));
        if !fired {
            (self.rotted, self.torn, self.dead) = (false, false, 0);
        }
        Ok(Power::On)
    }

    /// Does `op` on the chain of `lane`, with a fault at one of its writes if one is given and reached.
    pub fn run(&mut self, lane: usize, op: Op, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        let op = self.honest(lane, op);
        let mut answer = Answer::Done;
        let mut released = None;
        let fired = self.with(fault, |driver| (answer, released) = driver.perform(lane, op));
        self.note(|| format!("{lane}: {op:?} {:?} {answer:?}", fault.filter(|_| fired)));
        self.faulted |= fired;
        if let Some(finding) = self.device.world.early.take() {
            return Err(finding.into());
        }
        if !self.device.world.medium.is_powered() {
            self.lanes[lane].possible = interrupted(&self.lanes[lane].possible, op);
            return Ok(Power::Off);
        }
        if let Some((bytes, signature)) = released {
            self.learn_key(lane);
            self.auditor.released(&bytes, &signature)?;
        }
        self.counts.operations += 1;
        self.judge(lane, op, answer)?;
        self.look_around()?;
        Ok(Power::On)
    }

    /// The mark of an armed chain is what it is said to be: the other statement is refused, the same one repeated, and
    /// neither writes.
    pub fn probe(&mut self, lane: usize) -> Result<(), Violation> {
        let [Model { standing: Standing::Armed, mark, said, .. }] = self.lanes[lane].possible[..] else {
            return Ok(());
        };
        if mark.step == highwater_core::hrs::Step::None || mark.height.value() == 0 {
            return Ok(());
        }
        let (block, seconds) = said.unwrap_or((1, 1));
        for (block, seconds) in [(block % 2 + 1, seconds), (block, seconds + 1), (block, seconds)] {
            let op = Op::Sign { at: mark, block, seconds };
            let writes = self.device.world.medium.writes();
            self.run(lane, op, None)?;
            if self.device.world.medium.writes() != writes {
                return Err(Violation::NeedlessWrite(op));
            }
        }
        Ok(())
    }

    fn note(&mut self, step: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(step());
        }
    }

    /// Runs with a planned fault; whether it came.
    fn with(&mut self, fault: Option<(u32, Fault)>, run: impl FnOnce(&mut Self)) -> bool {
        if let Some((nth, fault)) = fault {
            self.device.world.medium.plan(nth, fault);
        }
        run(self);
        let fired = fault.is_some() && !self.device.world.medium.is_waiting();
        self.device.world.medium.calm();
        match fault {
            Some((_, Fault::Cut(_))) if fired => {
                (self.torn, self.counts.cuts) = (true, self.counts.cuts + 1);
                false
            }
            _ => {
                // What a failed write leaves is a dead page, as if it had rotted.
                let died = fired && matches!(fault, Some((_, Fault::Fails(_))));
                self.rotted |= died;
                self.dead += u32::from(died);
                self.counts.faults += u64::from(fired);
                fired
            }
        }
    }

    /// Keeps the models that give this answer.
    fn judge(&mut self, lane: usize, op: Op, answer: Answer) -> Result<(), Violation> {
        let before = self.may_be(lane);
        let mut after: Vec<Model> = before
            .iter()
            .map(|model| model.after(op))
            .filter(|(expected, _)| *expected == answer)
            .map(|(_, model)| model)
            .collect();
        if answer == Answer::Refused(Status::StorageFault) && self.faulted {
            after.extend(interrupted(&before, op));
        }
        // Between the press and the work the chain signed past what was approved: it stands where it is.
        if let (Answer::Moved, Op::SetMark(to)) = (answer, op) {
            let past = |model: &&Model| model.standing == Standing::Armed && to < model.highest;
            after.extend(before.iter().filter(past));
        }
        // A mark is asked for while flash fails and it cannot be read; when it can, it is elsewhere or unclear.
        if matches!(answer, Answer::Moved | Answer::Refused(Status::Unclear)) && self.faulted {
            let unclear = |model: &&Model| answer == Answer::Moved || model.standing == Standing::Unclear;
            after.extend(before.iter().filter(unclear));
        }
        // A slot whose flash fails is read anew at the next start, or when its chain is to sign. Until then it refuses by
        // what a copy of its entry says, and that tells nothing: the other copy may have been the newer one.
        let unread = self.lanes[lane].seen.is_none_or(|seen| seen.state == ChainState::Fault);
        if unread && self.faulted && matches!(answer, Answer::Refused(_)) {
            after.extend(&before);
        }
        // A damaged slot may be any chain, and so may one whose flash fails: they stop the ADD of every one.
        let damaged = self.damaged.is_some() || self.faulted || (self.rotted && self.torn);
        if answer == Answer::Refused(Status::StorageDamaged) && damaged {
            let stands = |model: &&Model| matches!(model.standing, Standing::Armed | Standing::Unclear);
            match op {
                Op::Add(_) => after.extend(&before),
                // A chain that stands nowhere may be the one that the damaged slot held.
                Op::Sign { .. } | Op::Extend { .. } => {
                    after.extend(before.iter().filter(|model| !stands(model)))
                }
                _ => {}
            }
        }
        if after.is_empty() {
            return Err(Violation::Answer { op, answer, possible: before });
        }
        self.lanes[lane].possible = unique(after);
        Ok(())
    }

    /// What a chain may be, losses included.
    fn may_be(&self, lane: usize) -> Vec<Model> {
        let mut possible = self.lanes[lane].possible.clone();
        // Two dead pages may be the two of one pair, whatever killed them.
        if self.rotted && self.torn || self.dead > 1 {
            let lost: Vec<Model> = possible.iter().flat_map(|model| model.lost()).collect();
            possible.extend(lost);
        }
        // What tells that a chain is unclear may rot too. Nothing was signed meanwhile, so its mark is still right.
        if self.rotted {
            let unclear = |model: &&Model| model.standing == Standing::Unclear;
            let again: Vec<Model> = possible
                .iter()
                .filter(unclear)
                .map(|model| Model { standing: Standing::Armed, ..*model })
                .collect();
            possible.extend(again);
        }
        possible
    }

    /// Looks at every slot and keeps the models that agree.
    fn look_around(&mut self) -> Result<(), Violation> {
        let slots = match self.slots() {
            // The installation record could not be restored; the next start tries again.
            Err(Violation::Installation) if self.faulted => return Ok(()),
            slots => slots?,
        };
        self.damaged = slots.iter().find(|(_, seen)| seen.state == ChainState::Damaged).map(|(_, s)| s.slot);
        for lane in 0..self.lanes.len() {
            let chain = self.lanes[lane].chain;
            let seen = slots.iter().find(|(name, _)| name == chain).map(|(_, seen)| *seen);
            let possible = self.may_be(lane);
            let agree: Vec<Model> =
                possible.iter().copied().filter(|model| self.agrees(model, seen.as_ref())).collect();
            if agree.is_empty() {
                return Err(Violation::State { seen, possible });
            }
            self.lanes[lane].possible = unique(agree);
            self.witness(lane, seen)?;
        }
        Ok(())
    }

    fn agrees(&self, model: &Model, seen: Option<&Seen>) -> bool {
        let Some(seen) = seen else {
            let lost = self.damaged.is_some() && model.standing == Standing::Damaged;
            return lost || model.standing == Standing::Absent;
        };
        let marks = (seen.mark, seen.highest) == (model.mark, model.highest);
        let kind = match model.said {
            None => 3,
            Some((0, _)) => 2,
            Some(_) => 1,
        };
        match seen.state {
            ChainState::Armed => model.standing == Standing::Armed && marks && kind == seen.kind,
            ChainState::Unclear => model.standing == Standing::Unclear,
            ChainState::Tombstone => model.standing == Standing::Tombstone && marks,
            ChainState::UnclearTombstone => model.standing == Standing::UnclearTombstone,
            // What it holds is told once flash works again.
            ChainState::Fault => self.faulted,
            ChainState::Free | ChainState::Damaged => false,
        }
    }
}

/// What an interrupted operation may leave: old, new, and for a lowering unclear.
fn interrupted(before: &[Model], op: Op) -> Vec<Model> {
    let mut possible = before.to_vec();
    for model in before {
        let (answer, after) = model.after(op);
        possible.push(after);
        let lowering = matches!(op, Op::SetMark(to) if to < model.mark) && answer == Answer::Done;
        if lowering && model.standing == Standing::Armed {
            possible.push(Model { standing: Standing::Unclear, ..*model });
        }
    }
    unique(possible)
}

fn unique(mut models: Vec<Model>) -> Vec<Model> {
    models.sort_unstable();
    models.dedup();
    models
}
