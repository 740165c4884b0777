//! The tokens without which nothing happens.

pub use crate::journal::{Durable, Precommitted, Signable};

/// The proof that the owner approved on the device's screen, with the PIN valid at the press.
///
/// Made only by [`super::Signer::decide`]; consumed by whatever changes the chain table or lowers a mark.
///
/// ```compile_fail
/// let forged = highwater_core::signer::permit::Approved(());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Approved(pub(super) ());
