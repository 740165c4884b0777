//! What a message says, whenever it says it: the digest that binds one statement to one HRS.

use crate::canonical::{MAX_CHAIN_ID, Message};
use crate::env::Crypto;
use crate::hrs::Step;
use crate::judge::Asked;

/// 28 bytes of SHA-256 over every canonical field but the timestamp.
///
/// A hostile host may search for two statements of one digest for as long as it likes, so it is never
/// made shorter: 224 bits leave 2^112 work for a collision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 28]);

/// A message, and what the rule looks at: its place, its digest, its time. Made in one place, so they belong together.
///
/// ```compile_fail
/// use highwater_core::{canonical::Message, judge::Asked, statement::Said};
/// fn of_another<'a>(message: &'a Message<'a>, asked: Asked) -> Said<'a> {
///     Said { message, asked }
/// }
/// ```
#[derive(Debug)]
pub struct Said<'a> {
    message: &'a Message<'a>,
    asked: Asked,
}

impl<'a> Said<'a> {
    /// Of this message. One hash.
    pub fn of(crypto: &mut impl Crypto, message: &'a Message<'a>) -> Self {
        let statement = digest(crypto, message);
        Self { message, asked: Asked { hrs: message.hrs, statement, timestamp: message.timestamp } }
    }

    /// The message.
    pub fn message(&self) -> &'a Message<'a> {
        self.message
    }

    /// What it asks for.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }
}

/// Keeps these digests apart from every other use of SHA-256 here.
const DOMAIN: u8 = 0x53;

/// Domain 1, step 1, height 8, round 4, POL round 4, block flag 1, hash 32, total 4, parts hash 32, id length 1, id.
const SIZE: usize = 88 + MAX_CHAIN_ID;

/// The digest of `message`.
#[inline(never)]
pub fn digest(crypto: &mut impl Crypto, message: &Message<'_>) -> Digest {
    let mut bytes = [0; SIZE];
    let hrs = message.hrs;
    let pol_round = match hrs.step {
        Step::Proposal => message.pol_round.map_or(u32::MAX, |round| round.value()),
        _ => 0,
    };
    bytes[0] = DOMAIN;
    bytes[1] = hrs.step as u8;
    bytes[2..10].copy_from_slice(&hrs.height.value().to_le_bytes());
    bytes[10..14].copy_from_slice(&hrs.round.value().to_le_bytes());
    bytes[14..18].copy_from_slice(&pol_round.to_le_bytes());
    if let Some(block) = message.block {
        bytes[18] = 1;
        bytes[19..51].copy_from_slice(block.hash);
        bytes[51..55].copy_from_slice(&block.total.to_le_bytes());
        bytes[55..87].copy_from_slice(block.parts_hash);
    }
    let id = message.chain;
    let id = id.as_bytes();
    bytes[87] = id.len() as u8;
    bytes[88..88 + id.len()].copy_from_slice(id);
    let mut digest = [0; 28];
    digest.copy_from_slice(&crypto.sha256(&bytes[..88 + id.len()])[..28]);
    Digest(digest)
}
