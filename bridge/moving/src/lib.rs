//! What the key and state files of another signer say, and whether its key may move to Highwater by them.
//!
//! A misread file is a double signature: a mark that is too low signs a second time what the old signer signed. So each
//! source is named by the operator and never guessed, each file is read more strictly than its own signer reads it, and
//! whatever is not proven is said. It has no I/O and no clock: bytes, paths and times go in, a verdict comes out.
//!
//! | module | holds |
//! | --- | --- |
//! | `source` | the signers that a key may come from, and the shapes of their files |
//! | `seed` | the secret, which is wiped and never shown |
//! | `key` | key files |
//! | `json` | numbers and keys of JSON, strictly |
//! | `state` | state files |
//! | `steps` | what each signer means by a step |
//! | `tmkms` | which key of a YubiHSM tmkms signs with, by its own configuration |
//! | `signed` | the recorded signature: of which chain, place and key it is |
//! | `file` | the file that is read, and its text |
//! | `found` | a file as it was found: its name, its age |
//! | `verdict` | the mark that the chain begins with |
//! | `block` | what a node says of a block: for the rule of the next line, and for whoever follows the chain |
//! | `silence` | the mark of a validator whose signer left no state |
//! | `poison` | states that let the old signer sign nothing |
//! | `decoy` | a key of no validator, where the key of a node was |
//! | `retire` | the plan by which the old signer is retired |
//! | `refusal`, `warning` | every sentence of cause and cure, and of what is not proven |

#![forbid(unsafe_code)]

mod block;
mod decoy;
mod file;
mod found;
mod json;
mod key;
mod poison;
mod refusal;
mod retire;
mod seed;
mod signed;
mod silence;
mod source;
mod state;
mod steps;
mod tmkms;
mod verdict;
mod warning;

pub use block::{Block, Tip, above, block, commit, set_size, tip};
pub use decoy::Decoy;
pub use found::{Found, MOVED, SUPERSEDED, unchanged};
pub use key::{Key, PublicKey};
pub use poison::{Poison, poison};
pub use refusal::Refusal;
pub use retire::{Act, Plan, Remains, remains, retire};
pub use seed::Seed;
pub use signed::Signed;
pub use silence::{Commit, Ours, next_height};
pub use source::{NotASource, Source};
pub use state::State;
pub use tmkms::TmkmsHsm;
pub use verdict::{MarkRule, Question, Verdict, judge, never_signed};
pub use warning::Warning;
