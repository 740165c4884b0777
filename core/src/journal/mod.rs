//! The ring of record pairs that holds the mark of one slot.
#![doc = include_str!("../../../docs/journal.md")]

mod durable;
mod record;
mod ring;
mod scan;

pub use durable::{Durable, Precommitted, Signable};
pub use record::{Kind, Record};
pub use ring::{Ring, Spare, Unreadable};
pub use scan::Scan;

/// How far beyond the newest record an append may reach when read-backs fail.
///
/// Bounded by N - 1 so that the newest pair itself is never written (rule 3).
pub const fn retry_distance(pairs: u16) -> u32 {
    if pairs < 5 { pairs as u32 - 1 } else { 4 }
}

/// A ring could not do what was asked. Whatever was half written is found by the scan before the slot's
/// next decision (rule 7); retrying may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageFault;
