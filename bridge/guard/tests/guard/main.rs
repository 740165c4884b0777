//! The guard's rules, each by its behaviour, before a simulated device. Time is given; nothing sleeps.

#![allow(missing_docs)]

mod adopting;
mod device;
mod disk;
mod extensions;
mod marks;
mod nodes;
mod replies;
mod rig;
