//! A node of a chain, asked over its RPC what the chain has committed. `highwater-moving` reads the answers.
//!
//! | module | holds |
//! | --- | --- |
//! | `client` | asking, within limits of bytes and time |
//! | `follow` | the task that follows a chain: which blocks have our signature |

mod client;
mod follow;
#[cfg(test)]
pub(crate) mod played;
#[cfg(test)]
mod tests;

pub(crate) use client::{Rpc, RpcError};
pub(crate) use follow::follow;
