//! Every state a small ring can reach, to closure: every operation, cut at every write with every tear, recoveries cut
//! in turn, and as asked a page that rots or a write that fails or lies in every state.
//!
//! One chain, in the first slot or with other chains in those before (slots share no page but the installation's: a step
//! that changes a page of another slot is a violation, unless writes fail), heights up to a small number. A state is flash as
//! power left it, in its normal form, the models the chain may be in, and the steps since. While RAM holds no more than
//! a boot would make of the flash, those steps are one boot; after rot or a fault in operation they are all that
//! happened since.

mod normal;
mod steps;

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

use highwater_core::env::Cell;
use highwater_core::layout::{KEYS, SLOTS, entry_page, key_place};
use highwater_core::rings::Rings;
use xxhash_rust::xxh3::Xxh3;

use crate::driver::{Driver, Power, Violation};
use crate::model::{Model, Op, Standing, ZERO};
use crate::vault::{Holds, KeyOp};
use crate::{Fault, Keys, World};

/// The chain of every search.
const CHAIN: &str = "c";
/// The chains in the slots before its own.
const OTHERS: [&str; 2] = ["a", "b"];

/// What a search covers.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Pairs of the ring of each slot.
    pub rings: [u16; SLOTS],
    /// The slot of the chain. In those before it other chains stand, armed.
    pub slot: u8,
    /// Heights go from 0 to this.
    pub heights: u64,
    /// Whether one page rots between two completed boots.
    pub rot: Rot,
    /// One write may fail or lie between two boots.
    pub lies: bool,
    /// One page takes no write any more, from a moment while the power is off.
    pub stuck: bool,
    /// Chains are also removed, added again and forgotten, marks also lowered.
    pub lives: bool,
    /// Every request also comes between any two turns of a slot's reading, and between any two of what was approved.
    pub paced: bool,
    /// So many keys may be imported and forgotten. If there are any, chains have no other, and no mark is set.
    pub keys: u8,
    /// A chain is added. Without one only the vault is searched.
    pub chain: bool,
    /// Give up beyond this many states.
    pub limit: usize,
}

/// When a page may rot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rot {
    /// Never.
    Never,
    /// While power is off, before a boot and between cut boots.
    Asleep,
    /// In every state, also between two operations.
    Anytime,
}

/// What a search found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visited {
    /// Different states.
    pub states: usize,
    /// Steps tried between them.
    pub steps: u64,
    /// States in which the chain was unclear for certain, or its slot damaged.
    pub unclear: usize,
    /// States in which an imported key was lost for certain.
    pub lost: usize,
    /// Whether every state that can be reached was tried.
    pub closed: bool,
}

/// A violation and how to get there.
#[derive(Debug)]
pub struct Counterexample {
    /// What was found.
    pub violation: Violation,
    /// The steps from a new device, in order.
    pub steps: Vec<String>,
}

/// What each place of the vault may hold.
type Possible = [Vec<Holds>; KEYS];

/// Where a search stands.
#[derive(Debug, Clone)]
struct State {
    /// Flash as power left it, what the chain may be then, and whether a page rotted and a write was torn before.
    pages: Vec<Cell>,
    models: Vec<Model>,
    vault: Possible,
    hurt: (bool, bool),
    /// The same of the chain's ring, while its key is lost and it is not read.
    unread: (bool, bool),
    /// The page that takes no write any more, and whether writing it says so.
    stuck: Option<(u16, bool)>,
    /// The steps since; none while the power is off.
    path: Vec<Step>,
    now: Now,
    /// Lives begun, modulo two: the other life signs another block at the same place.
    life: bool,
    /// Its place in the trail.
    index: usize,
}

/// What holds after the steps.
#[derive(Debug, Clone)]
struct Now {
    models: Vec<Model>,
    vault: Possible,
    rotted: bool,
    faulted: bool,
    /// Turns have something to do.
    busy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Boot(Option<(u32, Fault)>),
    Run(Op, Option<(u32, Fault)>),
    Key(KeyOp, Option<(u32, Fault)>),
    /// What the owner approves about a key, and a request after so many turns of its work.
    AroundKey(KeyOp, Op, u32, Option<(u32, Fault)>),
    /// What the owner approves, and a request after so many turns of its work.
    Around(Op, Op, u32, Option<(u32, Fault)>),
    /// A turn of the loop.
    Turn(Option<(u32, Fault)>),
    Rot(u16, u8),
    Stick(u16, u8, bool),
    PowerOff,
}

impl Search {
    /// Visits everything, or stops at the first violation.
    pub fn run(self) -> Result<Visited, Box<Counterexample>> {
        let world = World::repeatable(Keys::toy(), self.rings, 0);
        let pages = self.new_flash().map_err(|violation| Counterexample { violation, steps: Vec::new() })?;
        let empty: Possible = std::array::from_fn(|_| vec![Holds::Nothing]);
        let new = State {
            pages: pages.clone(),
            models: vec![Model::ABSENT],
            vault: empty.clone(),
            hurt: (false, false),
            unread: (false, false),
            stuck: None,
            path: Vec::new(),
            now: Now {
                models: vec![Model::ABSENT],
                vault: empty,
                rotted: false,
                faulted: false,
                busy: false,
            },
            life: false,
            index: 0,
        };
        let mut explorer = Explorer {
            search: self,
            known: HashSet::new(),
            open: vec![new],
            trail: vec![(0, Step::PowerOff)],
            visited: Visited::default(),
            new: pages,
            world,
        };
        while let Some(state) = explorer.open.pop() {
            if explorer.visited.states > self.limit {
                return Ok(explorer.visited);
            }
            explorer.expand(&state)?;
        }
        explorer.visited.closed = true;
        Ok(explorer.visited)
    }

    fn rings(&self) -> Rings {
        self.rings.into()
    }

    /// The pages of the chain's slot: both copies of its entry, and its ring. And those of the vault, if keys are imported.
    fn own(&self) -> Vec<Range<usize>> {
        let (slot, rings) = (self.slot, self.rings());
        let ring = rings.page(slot, 0)..rings.page(slot, 2 * rings.pairs(slot));
        let [one, two] = [0, 1].map(|copy| entry_page(slot, copy)).map(|page| page..page + 2);
        let mut own = if self.chain { vec![one, two, ring] } else { Vec::new() };
        for key in 0..if self.keys > 0 { KEYS as u32 } else { 0 } {
            own.extend([0, 1].map(|copy| entry_page(key_place(key), copy)).map(|page| page..page + 2));
        }
        own.into_iter().map(|pages| pages.start.into()..pages.end.into()).collect()
    }

    /// Blank memory; or that of a device with a chain in each slot before the chain's.
    fn new_flash(&self) -> Result<Vec<Cell>, Violation> {
        let world = World::repeatable(Keys::toy(), self.rings, 0);
        let others = &OTHERS[..self.slot.into()];
        if others.is_empty() {
            return Ok(world.medium.pages().to_vec());
        }
        let mut driver = Driver::new(world, others)?;
        for lane in 0..others.len() {
            driver.run(lane, Op::Add(ZERO), None)?;
        }
        Ok(driver.device.world.medium.pages().to_vec())
    }
}

struct Explorer {
    search: Search,
    known: HashSet<u128>,
    open: Vec<State>,
    /// For each state ever opened: its predecessor and the step from there.
    trail: Vec<(usize, Step)>,
    visited: Visited,
    /// Flash as it was at first.
    new: Vec<Cell>,
    /// Lends its hash to the normal form.
    world: World,
}

impl Explorer {
    /// Tries every step from `state`, without a fault and with every one at every write.
    fn expand(&mut self, state: &State) -> Result<(), Box<Counterexample>> {
        for step in self.search.steps(state) {
            self.go(state, step)?;
            for fault in self.search.faults(state) {
                for nth in 0.. {
                    let step = match step {
                        Step::Boot(_) => Step::Boot(Some((nth, fault))),
                        Step::Run(op, _) => Step::Run(op, Some((nth, fault))),
                        Step::Key(op, _) => Step::Key(op, Some((nth, fault))),
                        Step::AroundKey(op, request, turns, _) => {
                            Step::AroundKey(op, request, turns, Some((nth, fault)))
                        }
                        Step::Around(op, request, turns, _) => {
                            Step::Around(op, request, turns, Some((nth, fault)))
                        }
                        Step::Turn(_) => Step::Turn(Some((nth, fault))),
                        Step::Rot(..) | Step::Stick(..) | Step::PowerOff => break,
                    };
                    if !self.go(state, step)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes one step; `false` if the fault it names was never reached.
    fn go(&mut self, state: &State, step: Step) -> Result<bool, Box<Counterexample>> {
        let mut driver = wake(state, self.search);
        let before = driver.counts;
        let went = drive(&mut driver, step).and_then(|power| {
            if (step, power) == (Step::Boot(None), Power::On) {
                settled(&mut driver, state.stuck.is_some())?;
            }
            match self.strayed(driver.device.world.medium.pages()) {
                Some(page) => Err(Violation::AnotherSlot { page }),
                None => Ok(power),
            }
        });
        let power = went.map_err(|violation| self.counterexample(violation, state, step))?;
        let planned = matches!(
            step,
            Step::Boot(Some(_))
                | Step::Run(_, Some(_))
                | Step::Around(.., Some(_))
                | Step::Key(_, Some(_))
                | Step::AroundKey(.., Some(_))
                | Step::Turn(Some(_))
        );
        if planned && (driver.counts.cuts, driver.counts.faults) == (before.cuts, before.faults) {
            return Ok(false);
        }
        self.visited.steps += 1;
        self.keep(state, step, &driver, power);
        Ok(true)
    }

    /// A page of another slot that is not what it was. Where a write fails for good the chain itself takes another slot.
    fn strayed(&self, pages: &[Cell]) -> Option<usize> {
        if self.search.lies || self.search.stuck {
            return None;
        }
        let own = self.search.own();
        let others = usize::from(entry_page(0, 0))..pages.len();
        others
            .filter(|page| !own.iter().any(|own| own.contains(page)))
            .find(|page| pages[*page] != self.new[*page])
    }

    /// Opens the state the driver is in, if it is new.
    fn keep(&mut self, state: &State, step: Step, driver: &Driver, power: Power) {
        let asleep = state.path.is_empty() && matches!(step, Step::Rot(..) | Step::Stick(..));
        let on = power == Power::On && !asleep;
        let (rotted, torn, faulted) = driver.hurt();
        let busy = on && driver.device.is_busy();
        let (models, vault) = (driver.possible(0).to_vec(), driver.vault().clone());
        let now = Now { models, vault, rotted, faulted: faulted && on, busy };
        let mut shape = driver.device.world.medium.pages().to_vec();
        let highest = match self.search {
            Search { chain: true, slot, .. } => normal::normalise(&mut self.world, slot, &mut shape),
            _ => 0,
        };
        if self.search.keys > 0 {
            normal::normalise_keys(&mut self.world, &mut shape);
        }
        let seen = driver.seen(0).filter(|_| on);
        let ram = seen.map(|seen| {
            (seen.state as u8, seen.incarnation, seen.writes.wrapping_sub(highest), seen.mark, seen.highest)
        });
        let add = |op| matches!(op, Op::Add(_) | Op::AddWith(..));
        let life = state.life ^ matches!(step, Step::Run(op, _) | Step::Around(op, ..) if add(op));
        let stuck = match step {
            Step::Stick(page, _, says) => Some((page, says)),
            _ => state.stuck,
        };
        // After a clean operation RAM holds what a boot would make of this flash; a test of its own shows that.
        let clean = !on || !(rotted || faulted || busy);
        let slot: Vec<&[Cell]> = self.search.own().into_iter().map(|pages| &shape[pages]).collect();
        let slot = (&shape[..2], slot);
        let progress = busy.then(|| format!("{:?}", driver.device.progress()));
        let ram = (ram.filter(|_| !clean), progress);
        let unread = driver.unread(0);
        let hurt = (rotted, torn, faulted, unread);
        let known = fingerprint(&(slot, (&now.models, &now.vault), on, hurt, stuck, life, ram));
        if !self.known.insert(known) {
            return;
        }
        self.visited.states += 1;
        if self.visited.states.is_multiple_of(1_000_000) {
            // A search of hours tells that it lives, and how much is left of what it knows of.
            eprintln!("{:?}: {:?}, {} open", self.search, self.visited, self.open.len());
        }
        let lost = |model: &Model| matches!(model.standing, Standing::Unclear | Standing::Damaged);
        self.visited.unclear += usize::from(now.models.iter().all(lost));
        let lost = |possible: &Vec<Holds>| possible.iter().all(|holds| matches!(holds, Holds::Lost(_)));
        self.visited.lost += usize::from(now.vault.iter().any(lost));
        self.trail.push((state.index, step));
        let index = self.trail.len() - 1;
        self.open.push(if clean {
            let path = if on { vec![Step::Boot(None)] } else { Vec::new() };
            let hurt = (rotted, torn && !on);
            let (models, vault) = (now.models.clone(), now.vault.clone());
            State { pages: shape, models, vault, hurt, unread, stuck, path, now, life, index }
        } else {
            let path = state.path.iter().copied().chain([step]).collect();
            State { path, now, life, index, stuck, ..state.clone() }
        });
    }

    fn counterexample(&self, violation: Violation, state: &State, step: Step) -> Box<Counterexample> {
        let mut steps = vec![format!("{step:?}")];
        let mut at = state.index;
        while at != 0 {
            let (before, step) = self.trail[at];
            steps.push(format!("{step:?}"));
            at = before;
        }
        steps.reverse();
        Box::new(Counterexample { violation, steps })
    }
}

/// A driver in `state`. The steps went well when they were new.
fn wake(state: &State, search: Search) -> Driver {
    let mut world = World::repeatable(Keys::toy(), search.rings, 0);
    world.medium.restore(&state.pages);
    let (rotted, torn) = state.hurt;
    let mut driver = Driver::asleep(world, &[CHAIN], std::slice::from_ref(&state.models), rotted, torn);
    driver.resume_keys(&state.vault, &[state.unread]);
    if let Some((page, says)) = state.stuck {
        let cell = state.pages[usize::from(page)];
        driver.stick(page, cell, says);
    }
    driver.device.paced = search.paced;
    for step in &state.path {
        drive(&mut driver, *step).expect("it went well before");
    }
    driver
}

fn drive(driver: &mut Driver, step: Step) -> Result<Power, Violation> {
    match step {
        Step::Boot(fault) => driver.boot(fault),
        Step::Run(op, fault) => driver.run(0, op, fault),
        Step::Key(op, fault) => driver.run_key(op, fault),
        Step::AroundKey(op, request, turns, fault) => {
            driver.run_key_around(op, turns, |driver| driver.run(0, request, fault))
        }
        Step::Around(op, request, turns, fault) => {
            driver.run_around(0, op, turns, |driver| driver.run(0, request, fault))
        }
        Step::Turn(fault) => driver.turn(fault),
        Step::Rot(page, with) => {
            driver.rot(page, [with; 64]);
            Ok(Power::On)
        }
        Step::Stick(page, with, says) => {
            driver.stick(page, [with; 64], says);
            Ok(Power::On)
        }
        Step::PowerOff => {
            driver.power_off();
            Ok(Power::Off)
        }
    }
}

/// After a completed boot the mark answers as it should, and another boot has nothing to repair.
fn settled(driver: &mut Driver, stuck: bool) -> Result<(), Violation> {
    driver.probe(0)?;
    if stuck {
        // Each boot tries the page once more.
        return Ok(());
    }
    let writes = driver.device.world.medium.writes();
    driver.boot(None)?;
    match driver.device.world.medium.writes() - writes {
        0 => Ok(()),
        writes => Err(Violation::Unrepaired { writes }),
    }
}

fn fingerprint(state: &impl Hash) -> u128 {
    let mut hasher = Xxh3::new();
    state.hash(&mut hasher);
    hasher.digest128()
}
