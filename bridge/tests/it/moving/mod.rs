//! Keys and validators that move here from another signer.

mod again;
#[allow(
    dead_code,
    reason = "the files of every signer, as the tests of `highwater-moving` write them; not all are needed"
)]
#[path = "../../../moving/tests/it/files.rs"]
mod files;
mod keys;
mod looks;
mod moves;
mod node;
pub(crate) use node::{FIRST, Node};
mod old;
mod page;
mod refusals;
mod rotation;
mod setup;

pub(crate) use refusals::other_key;
