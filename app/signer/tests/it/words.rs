//! Short words for what a host asks.

use highwater_core::apdu::{Command, MAX_COMMAND};
use highwater_core::canonical::{BlockId, ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Round, Step};

/// The chain of these tests.
pub(crate) const CHAIN: &str = "stage-1";
/// An id as long as ids get.
pub(crate) const LONGEST: &str = "a-chain-id-of-fifty-letters-as-long-as-they-may-be";

pub(crate) fn chain(id: &str) -> ChainId<'_> {
    ChainId::new(id.as_bytes()).unwrap()
}

pub(crate) fn hrs(height: u64, round: u32, step: Step) -> Hrs {
    Hrs::new(height, round, step).unwrap()
}

/// The canonical bytes of a proposal, as long as they get.
pub(crate) fn longest_proposal() -> Vec<u8> {
    encode(&Message {
        hrs: hrs(1, 1000, Step::Proposal),
        pol_round: Some(Round::new(999).unwrap()),
        // Times before 1970 take ten bytes.
        timestamp: Timestamp { seconds: -1, ..TIME },
        ..prevote_message(LONGEST, 1)
    })
}

/// The canonical bytes of a prevote.
pub(crate) fn prevote(id: &str, height: u64) -> Vec<u8> {
    encode(&prevote_message(id, height))
}

/// The canonical bytes of a precommit for the same block.
pub(crate) fn precommit(id: &str, height: u64) -> Vec<u8> {
    encode(&Message { hrs: hrs(height, 0, Step::Precommit), ..prevote_message(id, height) })
}

const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 999_999_999 };

fn prevote_message(id: &str, height: u64) -> Message<'_> {
    Message {
        hrs: hrs(height, 0, Step::Prevote),
        pol_round: None,
        block: Some(BlockId { hash: &[1; 32], total: u32::MAX, parts_hash: &[2; 32] }),
        timestamp: TIME,
        chain: chain(id),
    }
}

fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = [0; MAX_MESSAGE];
    let length = message.encode(&mut bytes);
    bytes[..length].to_vec()
}

pub(crate) fn apdu(command: Command<'_>) -> Vec<u8> {
    let mut bytes = [0; MAX_COMMAND];
    let length = command.encode(&mut bytes).unwrap();
    bytes[..length].to_vec()
}

pub(crate) fn add(id: &str) -> Command<'_> {
    Command::AddChain { chain: chain(id), key_index: 7, mark: Hrs::default() }
}
