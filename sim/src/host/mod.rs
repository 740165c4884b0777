//! The host's guard and the device's signer together, through every order of what may happen, to closure.
//!
//! A world is a guard, two devices of one seed, a cable, a disk, nodes, an operator and an owner. The devices answer as
//! the signer of `highwater-core` does (see `device`). A search goes from a new world through every step that may come
//! next, and holds each against a specification that knows nothing of the guard (see `spec`).

mod calm;
mod device;
mod owner;
mod spec;
mod steps;
mod world;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use highwater_core::canonical::Timestamp;
use highwater_core::hrs::{Hrs, Step as Stage_};
use highwater_guard::{SignRequest, Verify, encode};
use xxhash_rust::xxh3::Xxh3;

use crate::keys::toy_signature;
use crate::sign_bytes;
use device::Devices;
use spec::Said;
pub use spec::Violation;
use steps::Step;
use world::{Stage, World, settings};

const CHAIN: &str = "c";
const NODES: [&str; 2] = ["A", "B"];

/// What a search covers.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Nodes of the chain, 1 or 2.
    pub nodes: u8,
    /// Heights go from 1 to this.
    pub heights: u64,
    /// Rounds of each, from 0.
    pub rounds: u32,
    /// Blocks that are voted for, beside nil.
    pub blocks: u8,
    /// There are prevotes.
    pub prevotes: bool,
    /// There are precommits.
    pub precommits: bool,
    /// Nil is voted for too.
    pub nil: bool,
    /// Requests that are not answered at the same time.
    pub requests: usize,
    /// Links go up and down, nodes hang up and ping.
    pub links: bool,
    /// Time passes.
    pub time: bool,
    /// Commands and replies are lost.
    pub losses: bool,
    /// Replies are spoilt, or come late, to another command.
    pub wrong: bool,
    /// The host dies at any instant, and with any record just written or not.
    pub cuts: bool,
    /// The disk refuses records.
    pub failing: bool,
    /// The owner sets marks without the host's knowledge.
    pub owner: bool,
    /// The operator asks for marks, and the owner approves or refuses.
    pub questions: bool,
    /// How often the owner lowers a mark.
    pub lives: u8,
    /// A spare is plugged in and adopted, and the first device again.
    pub spare: bool,
    /// The operator releases the owner of a height.
    pub release: bool,
    /// Give up beyond this many states.
    pub limit: usize,
}

impl Search {
    /// One node at one height of one round, and nothing that goes wrong.
    pub const CALM: Self = Self {
        nodes: 1,
        heights: 1,
        rounds: 1,
        blocks: 2,
        prevotes: true,
        precommits: true,
        nil: false,
        requests: 1,
        links: false,
        time: false,
        losses: false,
        wrong: false,
        cuts: false,
        failing: false,
        owner: false,
        questions: false,
        lives: 0,
        spare: false,
        release: false,
        limit: 50_000_000,
    };
}

/// What a search found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visited {
    /// Different states.
    pub states: usize,
    /// Steps tried between them.
    pub steps: u64,
    /// Different states of the devices.
    pub devices: usize,
    /// Whether every state that can be reached was tried.
    pub closed: bool,
}

/// A violation and how to get there.
#[derive(Debug)]
pub struct Counterexample {
    /// What was found.
    pub violation: Violation,
    /// The steps from a new world, in order.
    pub steps: Vec<String>,
}

/// What nodes ask for.
#[derive(Debug, Clone)]
struct Message {
    said: Said,
    request: SignRequest,
    apdu: Vec<u8>,
}

/// The toy key, as the guard knows it.
#[derive(Debug)]
struct ToyKey;

impl Verify for ToyKey {
    fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        toy_signature(0, bytes) == *signature
    }
}

impl Search {
    /// Visits everything, nearest first, or stops at the first violation.
    pub fn run(self) -> Result<Visited, Box<Counterexample>> {
        let mut stage = Stage {
            search: self,
            messages: self.messages(),
            devices: Devices::new(),
            settings: settings(&self, Arc::new(ToyKey)),
        };
        let mut known = HashSet::new();
        // For each state ever opened: its predecessor and the step from there.
        let mut trail = vec![(0, Step::Look)];
        let mut open = VecDeque::from([(World::new(&mut stage), 0)]);
        let mut visited = Visited::default();
        while let Some((world, index)) = open.pop_front() {
            if visited.states > self.limit {
                return Ok(visited);
            }
            for step in world.steps(&stage) {
                let mut next = world.clone();
                visited.steps += 1;
                match next.go(step, &mut stage) {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(violation) => {
                        return Err(Box::new(Counterexample {
                            violation,
                            steps: told(&stage, &trail, index, step),
                        }));
                    }
                }
                let mut hasher = Xxh3::new();
                next.fingerprint(&mut hasher);
                if !known.insert(hasher.digest128()) {
                    continue;
                }
                if let Err(violation) = next.goes_on(&mut stage) {
                    return Err(Box::new(Counterexample {
                        violation,
                        steps: told(&stage, &trail, index, step),
                    }));
                }
                visited.states += 1;
                trail.push((index, step));
                open.push_back((next, trail.len() - 1));
            }
        }
        (visited.closed, visited.devices) = (true, stage.devices.len());
        Ok(visited)
    }

    /// All that nodes ask for; the last one is above all others, and only asked for to see whether the chain goes on.
    fn messages(&self) -> Vec<Message> {
        let mut all = Vec::new();
        for height in 1..=self.heights {
            for round in 0..self.rounds {
                let steps = [(Stage_::Prevote, self.prevotes), (Stage_::Precommit, self.precommits)];
                for (step, _) in steps.into_iter().filter(|(_, asked)| *asked) {
                    for block in u8::from(!self.nil)..=self.blocks {
                        all.push((Hrs::new(height, round, step).expect("small numbers"), block));
                    }
                }
            }
        }
        let above = Hrs::new(self.heights + 3, 0, Stage_::Prevote).expect("small numbers");
        all.push((above, 1));
        let message = |(number, (at, block)): (u8, (Hrs, u8))| {
            let sign_bytes = sign_bytes(at, None, [block, 1], 1, Timestamp::default(), CHAIN);
            let apdu = encode(&highwater_core::apdu::Command::Sign(&sign_bytes)).expect("a short message");
            let request = SignRequest { hrs: at, sign_bytes, extension: None };
            Message { said: Said { number, at, block }, request, apdu }
        };
        (0..).zip(all).map(message).collect()
    }
}

/// The steps to a state, and one more.
fn told(stage: &Stage, trail: &[(usize, Step)], mut at: usize, last: Step) -> Vec<String> {
    let tell = |step: Step| match step {
        Step::Ask(node, message) => {
            let Said { at, block, .. } = stage.messages[usize::from(message)].said;
            let (height, round) = (at.height.value(), at.round.value());
            format!("{} asks for {height}/{round}/{:?} of block {block}", NODES[usize::from(node)], at.step)
        }
        step => format!("{step:?}"),
    };
    let mut steps = vec![tell(last)];
    while at != 0 {
        steps.push(tell(trail[at].1));
        at = trail[at].0;
    }
    steps.reverse();
    steps
}
