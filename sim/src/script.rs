//! Bytes as the story of a device: what its nodes and its owner ask, when power vanishes, which page rots.
//!
//! The same interpreter serves the random runs (random bytes), the property tests (shrinking bytes) and the fuzzer
//! (bytes that found new code). Every story is one the fault model allows, so every violation counts.

use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout;
use highwater_core::rings::Rings;

use crate::driver::{Counts, Driver, Power, Violation, key_pages};
use crate::model::{Imported, Model, Op, Standing, ZERO};
use crate::vault::{Holds, KeyOp};
use crate::{Fault, Keys, Tear, World};

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

    /// What the owner does with keys.
    fn key_operation(&mut self) -> KeyOp {
        let (kind, which) = (self.bytes.next(), self.bytes.next());
        let (key, number) = (which % KEYS, which % 4);
        match kind % 8 {
            0..=2 => KeyOp::Import(key),
            3 => KeyOp::Restore(key),
            4 => KeyOp::Backup(number),
            5 if kind & 8 != 0 => KeyOp::Forged(key),
            _ => KeyOp::Forget(number),
        }
    }

    /// ADD: of what stands in the vault, now and then, or of what does not.
    fn add(&mut self, mark: Hrs) -> Op {
        let which = self.bytes.next();
        let number = which % 4;
        let held = self.driver.vault().get(usize::from(number));
        let held = held.is_some_and(|possible| matches!(possible[..], [Holds::Key(_)]));
        if which < 64 || which >= 128 && held {
            Op::AddWith(mark, Imported { number, key: 0 })
        } else {
            Op::Add(mark)
        }
    }

    fn operation(&mut self, lane: usize) -> Op {
        let model = self.driver.possible(lane)[0];
        let kind = self.bytes.next();
        let by = u64::from(self.bytes.next() % 4);
        let mark = |height: u64| Hrs::new(height, 0, Step::None).unwrap_or(ZERO);
        let height = model.mark.height.value();
        match (kind % 16, model.standing) {
            (12, Standing::Armed) => Op::SetMark(mark(height + by)),
            (13, Standing::Armed) => {
                Op::SetMark(mark(model.highest.height.value() + by / 2).max(model.highest))
            }
            (14, Standing::Armed | Standing::Unclear) => Op::Remove,
            (15, _) => Op::Look,
            (10 | 11, _) => self.extension(model, height + by, kind & 16 != 0),
            (_, Standing::Unclear) if kind.is_multiple_of(2) => Op::SetMark(mark(height + by)),
            (4, Standing::Absent | Standing::Damaged) => self.add(mark(height + by)),
            (4, _) => Op::Forget,
            (_, Standing::Tombstone | Standing::UnclearTombstone | Standing::Absent) if kind % 4 == 1 => {
                self.add(mark((height + by).saturating_sub(2)))
            }
            (_, Standing::Tombstone | Standing::UnclearTombstone | Standing::Damaged) if kind % 16 == 2 => {
                Op::Forget
            }
            _ => self.message(height + by),
        }
    }

    /// A vote or proposal near the mark, as of a node that restarts with other ideas.
    fn message(&mut self, above: u64) -> Op {
        let what = self.bytes.next();
        let step = [Step::Prevote, Step::Precommit, Step::Prevote, Step::Proposal][usize::from(what % 4)];
        let round = u32::from(what / 4 % 4 / 2);
        // A proposal is never nil.
        let block = if step == Step::Proposal { 1 + what / 16 % 2 } else { what / 16 % 3 };
        let at = Hrs::new(above.saturating_sub(1).max(1), round, step).unwrap_or(ZERO);
        Op::Sign { at, block, seconds: i64::from(what / 64) }
    }

    /// An extension of the precommit at the mark, or of one near it.
    fn extension(&mut self, model: Model, above: u64, streamed: bool) -> Op {
        let what = self.bytes.next();
        let near = Hrs::new(above.max(1), u32::from(what / 4 % 2), Step::Precommit).unwrap_or(ZERO);
        let own = Hrs { step: Step::Precommit, ..model.mark };
        let at = if what.is_multiple_of(4) || own.height.value() == 0 { near } else { own };
        Op::Extend { at, streamed }
    }

    fn fault(&mut self) -> Option<(u32, Fault)> {
        let byte = self.bytes.next();
        let nth = u32::from(byte / 2 % 8);
        match byte {
            128.. => Some((nth, Fault::Cut(self.tear()))),
            64..96 if self.faults == Faults::CutsAndLies => Some((nth, Fault::Lies)),
            96..128 if self.faults == Faults::CutsAndLies => Some((nth, Fault::Fails(self.tear()))),
            _ => None,
        }
    }

    fn tear(&mut self) -> Tear {
        let (kind, seed) = (self.bytes.next(), self.bytes.next());
        match kind % 8 {
            0 => Tear::Old,
            1 => Tear::New,
            2 => Tear::Blank,
            3 => Tear::Prefix(seed % 64),
            4 => Tear::Garbage(seed.into()),
            5 => Tear::Fields(if seed < 128 { Tear::LOWEST } else { seed << 1 }),
            _ => Tear::Mixed(u64::from(kind) << 8 | u64::from(seed)),
        }
    }

    /// One page rots, unless one did since the last completed boot.
    fn rot(&mut self) {
        let at = u16::from_le_bytes([self.bytes.next(), self.bytes.next()]);
        let page = self.rotting(at);
        let with = self.bytes.next();
        let mut cell = self.driver.device.world.medium.pages()[usize::from(page)];
        match with % 4 {
            0 => cell.fill(0),
            // One bit: the names of these chains are as near to each other as that.
            1 => cell[usize::from(self.bytes.next()) % cell.len()] ^= 1 << (with / 4 % 8),
            _ => cell.fill(with),
        }
        if !self.driver.hurt().0 {
            self.driver.rot(page, cell);
        }
    }

    /// Which page: any of them, but in stories with keys more often one of theirs.
    fn rotting(&self, at: u16) -> u16 {
        let holds = |possible: &Vec<Holds>| possible[..] != [Holds::Nothing];
        if at >= 0xc000 && self.driver.vault().iter().any(holds) {
            return key_pages().nth(usize::from(at) % key_pages().count()).unwrap_or(0);
        }
        at % self.rings.pages()
    }

    /// One page of a ring or of the table takes no write any more.
    fn stick(&mut self) {
        let pages = layout::entry_page(0, 0)..self.rings.pages();
        let page =
            pages.start + u16::from_le_bytes([self.bytes.next(), self.bytes.next()]) % pages.len() as u16;
        let with = self.bytes.next();
        self.stuck = true;
        self.driver.stick(page, [with; 64], with.is_multiple_of(2));
    }

    /// Power comes back, up to three times in vain.
    fn recover(&mut self, mut off: bool) -> Result<(), Violation> {
        if !off {
            self.driver.power_off();
        }
        if self.faults == Faults::CutsAndRot && self.bytes.next() < 6 {
            self.driver.lose_key(self.bytes.next() % 3);
        }
        for _ in 0..self.bytes.next() % 4 {
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
