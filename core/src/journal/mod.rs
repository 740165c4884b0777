//! The ring of record pairs that holds the mark of one slot.
#![doc = include_str!("../../../docs/journal.md")]

mod record;
mod ring;

pub use record::{Kind, Record};
pub use ring::{Newest, Ring, Scan, Spare, Unreadable};

/// How far beyond the newest record an append may reach when read-backs fail.
///
/// Bounded by N - 1 so that the newest pair itself is never written (rule 3).
pub const fn retry_distance(pairs: u16) -> u32 {
    if pairs < 5 { pairs as u32 - 1 } else { 4 }
}

/// The proof that a record stands in flash twice, each copy read back. Consumed by the signing call.
///
/// Only this module makes one: after an append, for a statement that the newest record already names, or for an
/// extension of the precommit that it is.
///
/// ```compile_fail
/// let forged = highwater_core::journal::Durable(());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Durable(());

/// A ring could not do what was asked. Whatever was half written is found by the scan before the slot's
/// next decision (rule 7); retrying may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageFault;
