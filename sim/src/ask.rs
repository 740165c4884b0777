//! A message to be signed, in short words, and its raw APDU.

use highwater_core::apdu::{CLA, Reply, Signed, Status, ins};
use highwater_core::canonical::{BlockId, ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Round, Step};

use crate::SimDevice;

/// One message to be signed. `..Ask::prevote("chain")` fills in the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Any but none.
    pub step: Step,
    /// Above 0.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// The round of the proof of lock, for proposals.
    pub pol: Option<u32>,
    /// Every byte of the block hash; 0 is nil.
    pub block: u8,
    /// Parts of the block.
    pub total: u32,
    /// Every byte of the hash of the part set.
    pub parts: u8,
    /// Seconds of the timestamp.
    pub seconds: i64,
    /// The chain.
    pub chain: &'static str,
}

impl Ask {
    /// A prevote for block 1 at 10/5.
    pub const fn prevote(chain: &'static str) -> Self {
        Self {
            step: Step::Prevote,
            height: 10,
            round: 5,
            pol: None,
            block: 1,
            total: 1,
            parts: 1,
            seconds: 1_700_000_000,
            chain,
        }
    }

    /// A vote or proposal for `block` at `hrs`.
    pub fn at(chain: &'static str, hrs: Hrs, block: u8) -> Self {
        let (height, round) = (hrs.height.value(), hrs.round.value());
        Self { step: hrs.step, height, round, block, ..Self::prevote(chain) }
    }

    /// Where.
    pub fn hrs(&self) -> Hrs {
        Hrs::new(self.height, self.round, self.step).expect("heights and rounds within range")
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// On values no message can hold.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_at(self.timestamp())
    }

    /// When.
    ///
    /// # Panics
    /// On seconds no message can hold.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::new(self.seconds, 7).expect("a timestamp")
    }

    fn bytes_at(&self, timestamp: Timestamp) -> Vec<u8> {
        sign_bytes(self.hrs(), self.pol, [self.block, self.parts], self.total, timestamp, self.chain)
    }

    /// The raw command.
    pub fn apdu(&self) -> Vec<u8> {
        let bytes = self.bytes();
        [&[CLA, ins::SIGN, 0, 0, bytes.len() as u8][..], &bytes].concat()
    }

    /// Asks `device`.
    pub fn sign(&self, device: &mut SimDevice) -> Result<Signed, Status> {
        let reply = device.exchange(&self.apdu());
        match Reply::split(&reply).map(|(data, word)| (Signed::parse(data), word)) {
            Some((Some(signed), 0x9000)) => Ok(signed),
            Some((_, word)) => Err(Status::from_word(word).unwrap_or(Status::Internal)),
            None => Err(Status::Internal),
        }
    }

    /// The bytes that a reply's signature is over: these at the reply's time.
    pub fn signed_bytes(&self, signed: &Signed) -> Vec<u8> {
        self.bytes_at(signed.timestamp)
    }
}

/// The canonical bytes of a message whose block hash and part-set hash are each one byte over and over; of the block
/// hash 0 is nil.
///
/// # Panics
/// On values no message can hold.
pub fn sign_bytes(
    hrs: Hrs,
    pol: Option<u32>,
    [block, parts]: [u8; 2],
    total: u32,
    timestamp: Timestamp,
    chain: &str,
) -> Vec<u8> {
    let (hash, parts_hash) = ([block; 32], [parts; 32]);
    let message = Message {
        hrs,
        pol_round: pol.map(|pol| Round::new(pol).expect("a round")),
        block: (block != 0).then_some(BlockId { hash: &hash, total, parts_hash: &parts_hash }),
        timestamp,
        chain: ChainId::new(chain.as_bytes()).expect("a chain id"),
    };
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    bytes[..len].to_vec()
}
