//! The signer of `highwater-core` as a table of its own answers.
//!
//! Each question is answered by the real signer, booted from an image of its flash, once for each image and question.
//! Of images that show the same (state, mark, what stands there, life) the first one stands for all: that a signer
//! answers by these alone is what the searches of `explore` show, and here it makes the table small.

use std::collections::HashMap;

use highwater_core::apdu::{ChainState, ChainStatus, Command, MAX_COMMAND, Named, Reply, Status, Version};
use highwater_core::canonical::ChainId;
use highwater_core::env::Cell;
use highwater_core::hrs::Hrs;
use highwater_guard::Slot;

use super::CHAIN;
use crate::{Keys, Owner, SimDevice, World};

/// Pairs of its ring.
const PAIRS: u16 = 2;

/// A device in one state: an index into the table.
pub(super) type Index = u32;

/// What is done to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// SIGN with the bytes of this message.
    Sign(u8),
    /// SET_MARK, approved.
    SetMark(Hrs),
    /// REMOVE_CHAIN and ADD_CHAIN, both approved.
    BeginAgain(Hrs),
}

/// What is known of a state.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) installation: [u8; 16],
    pub(super) slot: Slot,
    pages: Vec<Cell>,
    /// The message that stands at the mark.
    said: Option<u8>,
}

#[derive(Debug)]
pub(super) struct Devices {
    states: Vec<State>,
    known: HashMap<([u8; 16], Slot, Option<u8>), Index>,
    done: HashMap<(Index, Act), (Index, Vec<u8>)>,
}

impl Devices {
    pub(super) fn new() -> Self {
        Self { states: Vec::new(), known: HashMap::new(), done: HashMap::new() }
    }

    /// A new device with the chain approved at this mark. All have one seed; `number` tells their installations apart.
    pub(super) fn install(&mut self, number: u64, mark: Hrs) -> Index {
        let mut device = SimDevice::boot(World::repeatable(Keys::toy(), PAIRS, number));
        device.owner = Owner::Approves;
        let add = Command::AddChain { chain: chain(), key_index: 0, mark };
        assert_eq!(exchange(&mut device, add).1, Status::Ok);
        self.intern(&mut device, None)
    }

    pub(super) fn get(&self, at: Index) -> &State {
        &self.states[at as usize]
    }

    /// States in the table.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// What becomes of the device, and what it replies.
    pub(super) fn act(&mut self, at: Index, act: Act, apdu: &[u8]) -> (Index, Vec<u8>) {
        if let Some(done) = self.done.get(&(at, act)) {
            return done.clone();
        }
        let State { slot, pages, said, .. } = self.get(at).clone();
        let mut world = World::repeatable(Keys::toy(), PAIRS, 0);
        world.medium.restore(&pages);
        let mut device = SimDevice::boot(world);
        device.owner = Owner::Approves;
        let named = Named { chain: chain(), incarnation: slot.incarnation };
        let (reply, said) = match act {
            Act::Sign(message) => {
                let reply = device.exchange(apdu);
                let signed = reply.ends_with(&[0x90, 0]);
                (reply, if signed { Some(message) } else { said })
            }
            Act::SetMark(to) => {
                let (_, status) = exchange(&mut device, Command::SetMark { named, to });
                (Vec::new(), if status == Status::Ok { None } else { said })
            }
            Act::BeginAgain(mark) => {
                assert_eq!(exchange(&mut device, Command::RemoveChain(named)).1, Status::Ok);
                let add = Command::AddChain { chain: chain(), key_index: 0, mark };
                assert_eq!(exchange(&mut device, add).1, Status::Ok);
                (Vec::new(), None)
            }
        };
        let done = (self.intern(&mut device, said), reply);
        self.done.insert((at, act), done.clone());
        done
    }

    fn intern(&mut self, device: &mut SimDevice, said: Option<u8>) -> Index {
        let installation =
            Version::parse(&exchange(device, Command::GetVersion).0).expect("a version").installation;
        let (data, _) = exchange(device, Command::GetStatus { slot: 0 });
        let ChainStatus { state, incarnation, mark, .. } = ChainStatus::parse(&data).expect("a status");
        let slot = Slot { armed: state == ChainState::Armed, incarnation, mark };
        let next = self.states.len() as Index;
        let pages = device.world.medium.pages().to_vec();
        *self.known.entry((installation, slot, said)).or_insert_with(|| {
            self.states.push(State { installation, slot, pages, said });
            next
        })
    }
}

fn chain() -> ChainId<'static> {
    ChainId::new(CHAIN.as_bytes()).expect("a chain id")
}

fn exchange(device: &mut SimDevice, command: Command<'_>) -> (Vec<u8>, Status) {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).unwrap_or(0);
    let reply = device.exchange(&apdu[..len]);
    let (data, word) = Reply::split(&reply).expect("a status word");
    (data.to_vec(), Status::from_word(word).expect("a known word"))
}
