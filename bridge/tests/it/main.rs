//! The bridge against nodes of our own: polite ones, hostile ones, and ones that vanish.

mod harness;
mod link;
mod vectors;
