//! The bridge against nodes of our own, of every version and over every kind of link; no node program is needed.

mod chain;
mod client;
mod extensions;
mod links;
mod neighbours;
mod proxy;
mod rig;
mod slow;
mod soak;
