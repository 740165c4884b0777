//! What the owner sees: pages of text, and a place in a row of them.
//!
//! | room | holds |
//! | --- | --- |
//! | [`page`] | up to three lines and two arrows, as a picture for the screen; numbers without `core::fmt` |
//! | [`pager`] | where in a row of pages the owner is |
//!
//! Nothing in here knows what a chain is.

#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod page;
pub mod pager;

pub use page::Page;
pub use pager::{Pager, Pressed};
