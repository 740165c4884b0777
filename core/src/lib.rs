//! The signer of a Tendermint/CometBFT validator, whole but for the world around it.
//!
//! The firmware puts BOLOS behind [`mod@env`], the simulated device puts memory and software keys there; the
//! signer on top ([`signer::Signer`]) is one code. The bridge uses the same [`apdu`], [`hid`] and
//! [`canonical`] from the other end of the cable, so nothing is written twice.
//!
//! | room | holds |
//! | --- | --- |
//! | [`mod@env`] | what the signer needs of the world: flash, keys, hashing |
//! | [`canonical`] | votes, proposals, extensions: strict parse and encode |
//! | [`hrs`] | height, round and step, and their order |
//! | [`statement`] | the digest of everything a message says but when |
//! | [`mod@judge`] | the rule of what may be signed |
//! | [`layout`] | the map of non-volatile memory |
//! | [`rings`] | where the ring of each slot lies in it |
//! | [`installation`] | which installation, of which seed |
//! | [`journal`] | the ring of record pairs that holds the mark |
//! | [`chains`] | the table of approved chains |
//! | [`key_index`] | which key a chain signs with |
//! | [`backup`] | the backup of an imported key |
//! | [`mod@seal`] | how an imported key is sealed |
//! | [`vault`] | the imported keys |
//! | [`apdu`] | commands, replies, status words |
//! | [`events`] | the last refusals and faults |
//! | [`hid`] | 64-byte reports, both ends |
//! | [`signer`] | the state machine over all of it |
//!
//! The five guarantees, and where they live: G1 mark before signature ([`journal::Durable`]); G2 the mark
//! never falls ([`journal`]); G3 one statement per HRS ([`mod@judge`]); G4 votes only ([`canonical`], and
//! there is no other path to [`env::Crypto::sign`]); G5 lowering needs a finger
//! ([`signer::permit::Approved`]).

#![no_std]
#![forbid(unsafe_code)]

pub mod apdu;
pub mod backup;
pub mod canonical;
pub mod chains;
pub mod env;
pub mod events;
pub mod hid;
pub mod hrs;
pub mod installation;
pub mod journal;
pub mod judge;
pub mod key_index;
pub mod layout;
pub mod rings;
pub mod seal;
pub mod signer;
pub mod statement;
pub mod vault;
