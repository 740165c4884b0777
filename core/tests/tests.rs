//! The signer, from outside.

mod auditor;
mod canonical;
mod corpora;
mod edges;
mod extending;
mod extensions;
mod forged;
mod hostile;
mod keys;
mod lives;
mod mutations;
mod older;
mod passes;
mod permits;
mod powercut;
mod prompts;
mod protocol;
mod records;
mod replies;
mod reports;
mod rules;
mod second_reader;
mod signing;
mod stage;
mod states;
