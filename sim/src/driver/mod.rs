//! Model and device in lock step.
//!
//! For every chain the driver keeps the set of models it may be in. An operation that completes leaves those that
//! give the observed answer; a power cut leaves what was and what would have been; the next completed boot shows
//! which, and anything else is a [`Violation`]. So exactly two outcomes are accepted after a cut, old and new.
//! Three exceptions, all in the specification: a lowering that was interrupted is unclear (rule 6); a tear and a rotted
//! page between two completed boots may leave a chain unclear, its slot damaged, never lower; and if then the page rots
//! that told so, the chain may stand again where it stood, nowhere else, or its slot be free if the chain never signed.
//! And a refusal by a slot whose flash failed tells nothing of its chain.

mod between;
mod hand;
mod judge;
mod keys;
mod probe;
mod violation;

use highwater_core::apdu::ChainState;

use crate::audit::Auditor;
use crate::model::{Answer, Model, Op, Standing};
use crate::{Fault, SimDevice, World};

pub use hand::place;
use judge::interrupted;
use keys::Places;
pub use keys::key_pages;
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
    /// Operations on keys that completed.
    pub key_operations: u64,
    /// Boots after which a chain stood with an imported key.
    pub imported: u64,
    /// Boots after which an imported key was lost.
    pub lost: u64,
    /// Boots after which a chain stood whose imported key was lost.
    pub stopped: u64,
}

/// A chain and what it may be.
#[derive(Debug, Clone)]
struct Lane {
    chain: &'static str,
    possible: Vec<Model>,
    /// What it may be if what is being done was done already.
    ahead: Vec<Model>,
    seen: Option<Seen>,
    /// The life that was seen last while its slot was not at fault.
    life: u16,
    /// The mark of an ADD that was approved and not seen yet.
    added: Option<highwater_core::hrs::Hrs>,
    /// The key that was seen and told to the auditor last.
    key: Option<[u8; 32]>,
    /// A page rotted, a write was torn, before a start that did not read its ring, since its key was lost.
    unread: (bool, bool),
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
    vault: Places,
    damaged: Option<u8>,
    /// Since the last completed boot: a page rotted, a write was torn, a write failed or lied.
    rotted: bool,
    torn: bool,
    faulted: bool,
    /// Writes that failed and left a dead page since then.
    dead: u32,
    /// A page takes no write any more: whatever needs it is refused, and a tear beside it may be too much.
    stuck: bool,
    /// A slot was being read when the operation began, or since: it may refuse for that.
    unsettled: bool,
    /// The fault that the last operation did not reach: how many writes from its end on.
    unreached: Option<(u32, Fault)>,
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
            ahead: Vec::new(),
            seen: None,
            life: 0,
            added: None,
            key: None,
            unread: (false, false),
        };
        let lanes = chains.iter().zip(possible).map(lane).collect();
        let device = SimDevice::asleep(world);
        Self {
            device,
            auditor,
            counts: Counts::default(),
            trace: None,
            lanes,
            vault: Places::new(),
            damaged: None,
            rotted,
            torn,
            faulted: false,
            dead: 0,
            stuck: false,
            unsettled: false,
            unreached: None,
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

    /// A page rots, and takes no write from now on.
    pub fn stick(&mut self, page: u16, cell: [u8; 64], says: bool) {
        self.rot(page, cell);
        self.note(|| format!("page {page} takes no write any more"));
        self.device.world.medium.stick(page, says);
        (self.stuck, self.faulted) = (true, true);
    }

    /// A turn of the loop, with a fault at one of its writes if one is given and reached.
    pub fn turn(&mut self, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        self.note(|| format!("a turn {fault:?}"));
        let fired = self.with(fault, |driver| driver.device.step());
        self.faulted |= fired;
        if !self.device.world.medium.is_powered() {
            return Ok(Power::Off);
        }
        self.look_around()?;
        Ok(Power::On)
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
        self.look_anew();
        let fired = self.with(fault, |driver| driver.device.reboot());
        if !self.device.world.medium.is_powered() {
            return Ok(Power::Off);
        }
        self.faulted = fired || self.stuck;
        self.look_around()?;
        self.look_at_stopped()?;
        self.counts.recoveries += 1;
        let unclear = |lane: &Lane| lane.seen.is_some_and(|seen| seen.state == ChainState::Unclear);
        self.counts.unclear += u64::from(self.damaged.is_some() || self.lanes.iter().any(unclear));
        if !fired {
            self.leave_unread();
            (self.rotted, self.torn, self.dead) = (self.stuck, false, 0);
        }
        Ok(Power::On)
    }

    /// Does `op` on the chain of `lane`, with a fault at one of its writes if one is given and reached.
    pub fn run(&mut self, lane: usize, op: Op, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        let op = self.honest(lane, op);
        let read = self.device.is_reading();
        let mut answer = Answer::Done;
        let mut released = None;
        let writes = self.device.world.medium.writes();
        let fired = self.with(fault, |driver| (answer, released) = driver.perform(lane, op));
        let written = self.device.world.medium.writes() - writes;
        self.unreached =
            fault.filter(|_| !fired).and_then(|(nth, fault)| Some((nth.checked_sub(written)?, fault)));
        // A reply that left stands, though power went in the turns that followed it.
        let answered = self.device.answered;
        self.note(|| format!("{lane}: {op:?} {:?} {answer:?}", fault.filter(|_| fired)));
        self.faulted |= fired;
        self.unsettled = read || self.device.is_reading();
        if let Some(finding) = self.device.world.early.take() {
            return Err(finding.into());
        }
        let powered = self.device.world.medium.is_powered();
        if !powered && !answered {
            let lane = &mut self.lanes[lane];
            lane.possible = interrupted(&lane.possible, op);
            lane.ahead = interrupted(&lane.ahead, op);
            return Ok(Power::Off);
        }
        if let Some((bytes, signature)) = released {
            self.look_at_add(lane)?;
            self.signs_with(lane, op, &signature)?;
            self.auditor.released(&bytes, &signature)?;
        }
        self.counts.operations += 1;
        self.judge(lane, op, answer)?;
        if !powered {
            return Ok(Power::Off);
        }
        self.look_around()?;
        Ok(Power::On)
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
}
