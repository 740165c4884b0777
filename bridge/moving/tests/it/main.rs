//! Files as the five signers write them, and as people, crashes and other tools leave them.

mod blocks;
mod corpora;
mod files;
mod keys;
mod poison;
mod properties;
mod retiring;
mod silence;
mod states;
mod tmkms;
mod traps;
mod words;
