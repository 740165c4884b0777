//! The old signer's files on the disk, and a node that tells what the old signer signs: the I/O of `highwater-moving`.
//!
//! | module | holds |
//! | --- | --- |
//! | `file` | reading a file as it is found |
//! | `retire` | carrying out a plan, durably |
//! | `node` | asking a node of the chain |

mod file;
mod node;
mod retire;

pub(crate) use file::{OldFile, founds};
pub(crate) use node::OldNode;
pub(crate) use retire::{carry_out, may_write};
