//! The node's side of a privval socket, by the rules of CometBFT (`privval/`): it listens, has one signer at a time,
//! and asks one thing after the other.
//!
//! | room | holds |
//! | --- | --- |
//! | [`message`] | what a node asks and gets, in the forms of each version, by crates that others generated |
//! | [`wire`], [`noise`] | unix, tcp (SecretConnection) and noise, with their deadlines |
//! | [`node`] | accepting, pinging, dropping, retrying |
//! | [`chain`] | a chain of one validator that needs no node program |

pub mod chain;
pub mod message;
pub mod node;
pub mod noise;
pub mod wire;

pub use chain::{BlockLine, Chain};
pub use message::{Answer, Ask, Ballot, Kind, Version};
pub use node::{Node, Timing, Trouble};
pub use wire::{Address, By, Link};
