//! The bridge against nodes of our own, of every version and over every kind of link; no node program is needed but for
//! `gno`, where it is what is tested.

mod chain;
mod client;
mod extensions;
mod gno;
mod links;
mod neighbours;
mod proxy;
mod rig;
mod slow;
mod soak;
