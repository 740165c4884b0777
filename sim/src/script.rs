//! Bytes as the story of a device: what its nodes and its owner ask, when power vanishes, which page rots.
//!
//! The same interpreter serves the random runs (random bytes), the property tests (shrinking bytes) and the fuzzer
//! (bytes that found new code). Every story is one the fault model allows, so every violation counts.

mod faults;
mod wishes;

use highwater_core::rings::Rings;

use crate::driver::{Counts, Driver, Power, Violation};
use crate::model::{Op, ZERO};
use crate::vault::KeyOp;
use crate::{Fault, Keys, World};

/// The chains of every story: as many as there are slots, so that the table is never full.
pub const CHAINS: [&str; 3] = ["story-1", "story-2", "story-3"];

/// The keys that its owner may import: more than there are places.
const KEYS: u8 = 4;

/// The rings of stories: all as long, and each slot's another.
const RINGS: [[u16; 3]; 8] = [[2; 3], [2; 3], [3; 3], [4; 3], [5; 3], [8; 3], [2, 3, 5], [5, 2, 3]];

/// What a story was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// What happened.
    pub counts: Counts,
    /// Signatures that left the device, repeats included.
    pub signatures: u64,
}

/// Which faults a story may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Faults {
    Cuts,
    CutsAndRot,
    CutsAndLies,
    /// And from some moment on one page takes no write any more.
    CutsAndStuck,
}

/// Plays a story to its end or to the first violation.
pub fn play(story: &[u8], keys: Keys) -> Result<Told, Violation> {
    tell(story, keys, &mut None)
}

/// The same, keeping the steps.
pub fn steps(story: &[u8], keys: Keys) -> Vec<String> {
    let mut trace = Some(Vec::new());
    let end = tell(story, keys, &mut trace);
    let mut steps = trace.unwrap_or_default();
    steps.push(format!("{end:?}"));
    steps
}

fn tell(story: &[u8], keys: Keys, trace: &mut Option<Vec<String>>) -> Result<Told, Violation> {
    let mut bytes = Bytes(story);
    let rings = RINGS[usize::from(bytes.next()) % RINGS.len()].into();
    let faults = [Faults::Cuts, Faults::CutsAndRot, Faults::CutsAndLies, Faults::CutsAndStuck]
        [usize::from(bytes.next()) % 4];
    let mut driver = Driver::new(World::repeatable(keys, rings, u64::from(bytes.next())), &CHAINS)?;
    driver.trace = trace.take();
    let mut teller = Teller { driver, bytes, rings, faults, stuck: false };
    let told = teller.tell();
    *trace = teller.driver.trace.take();
    told?;
    Ok(Told { counts: teller.driver.counts, signatures: teller.driver.auditor.signatures() })
}

/// First bytes of a turn from this one on are about keys.
const ABOUT_KEYS: u8 = 208;

/// What a turn is about.
#[derive(Debug, Clone, Copy)]
enum What {
    Chain(usize, Op),
    Key(KeyOp),
}

struct Teller<'a> {
    driver: Driver,
    bytes: Bytes<'a>,
    rings: Rings,
    faults: Faults,
    /// A page takes no write any more.
    stuck: bool,
}

impl Teller<'_> {
    fn tell(&mut self) -> Result<(), Violation> {
        for lane in 0..CHAINS.len() {
            if !self.bytes.next().is_multiple_of(4) {
                self.driver.run(lane, Op::Add(ZERO), None)?;
            }
        }
        while !self.bytes.0.is_empty() {
            self.turn()?;
        }
        self.driver.power_off();
        self.driver.boot(None).map(|_| ())
    }

    /// One operation, and what goes wrong in it.
    fn turn(&mut self) -> Result<(), Violation> {
        let first = self.bytes.next();
        let lane = usize::from(first % 3);
        let op = if first < ABOUT_KEYS {
            What::Chain(lane, self.operation(lane))
        } else {
            What::Key(self.key_operation())
        };
        let fault = self.fault();
        if self.faults == Faults::CutsAndRot && self.bytes.next() < 24 {
            self.rot();
        }
        if self.faults == Faults::CutsAndStuck && !self.stuck && self.bytes.next() < 24 {
            self.stick();
        }
        // Now and then few turns come between this operation and the next.
        let pace = self.bytes.next();
        self.driver.device.paced = pace < 80;
        let mut off = self.go(op, fault)? == Power::Off;
        for _ in 0..pace % 8 {
            if self.driver.device.paced && !off {
                let fault = if self.bytes.next() < 16 { self.fault() } else { None };
                off = self.driver.turn(fault)? == Power::Off;
            }
        }
        self.driver.device.paced = false;
        if off || self.bytes.next() < 16 {
            self.recover(off)?;
        }
        Ok(())
    }

    /// Does it; of what needs the owner's press now and then with requests between the press and its work.
    fn go(&mut self, what: What, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        let needs_owner = match what {
            What::Chain(_, op) => {
                matches!(op, Op::SetMark(_) | Op::Add(_) | Op::AddWith(..) | Op::Remove | Op::Forget)
            }
            What::Key(op) => !matches!(op, KeyOp::Backup(_) | KeyOp::Forged(_)),
        };
        if !needs_owner || self.bytes.next() < 128 {
            return match what {
                What::Chain(lane, op) => self.driver.run(lane, op, fault),
                What::Key(op) => self.driver.run_key(op, fault),
            };
        }
        let lane = match what {
            What::Chain(lane, _) => lane,
            What::Key(_) => usize::from(self.bytes.next() % 3),
        };
        let mut requests = Vec::new();
        for _ in 0..1 + self.bytes.next() % 2 {
            // Of the chain it is about, mostly.
            let of = if self.bytes.next() < 200 { lane } else { (lane + 1) % CHAINS.len() };
            let height = self.driver.possible(of)[0].mark.height.value() + u64::from(self.bytes.next() % 4);
            requests.push((of, self.message(height)));
        }
        let turns = u32::from(self.bytes.next() % 16);
        let meanwhile = |driver: &mut Driver| {
            for (at, (of, request)) in requests.iter().enumerate() {
                // The fault is the last one's: what was signed before it must not be forgotten over it.
                let fault = fault.filter(|_| at + 1 == requests.len());
                if driver.run(*of, *request, fault)? == Power::Off {
                    return Ok(Power::Off);
                }
            }
            Ok(Power::On)
        };
        match what {
            What::Chain(lane, op) => self.driver.run_around(lane, op, turns, meanwhile),
            What::Key(op) => self.driver.run_key_around(op, turns, meanwhile),
        }
    }

    /// Power comes back, up to three times in vain. Where it had not gone, it goes now; or the device runs on, and what is
    /// asked of it next meets whatever rotted since its start.
    fn recover(&mut self, mut off: bool) -> Result<(), Violation> {
        if self.faults == Faults::CutsAndRot && self.bytes.next() < 6 {
            self.driver.lose_key(self.bytes.next() % 3);
        }
        let starts = self.bytes.next() % 4;
        if !off && starts > 0 {
            self.driver.power_off();
        }
        for _ in 0..starts {
            if self.faults == Faults::CutsAndRot && self.bytes.next() < 48 {
                self.rot();
            }
            let cut = (u32::from(self.bytes.next() % 4), Fault::Cut(self.tear()));
            off = self.driver.boot(Some(cut))? == Power::Off;
            if !off {
                break;
            }
        }
        if off {
            self.driver.boot(None)?;
        }
        (0..CHAINS.len()).try_for_each(|lane| self.driver.probe(lane))
    }
}

/// A story's bytes; zeros once it is told.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }
}
