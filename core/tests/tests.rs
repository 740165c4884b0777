//! The signer, from outside.

mod canonical;
mod mutations;
mod prompts;
mod protocol;
mod reports;
mod signing;
mod stage;
