//! The signer, from outside.

mod auditor;
mod canonical;
mod extensions;
mod lives;
mod mutations;
mod powercut;
mod prompts;
mod protocol;
mod replies;
mod reports;
mod signing;
mod stage;
