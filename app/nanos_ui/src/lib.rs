//! What the owner sees: lines of text on pages, and a place in a row of pages.
//!
//! | room | holds |
//! | --- | --- |
//! | [`text`] | a line, and digits without `core::fmt` |
//! | [`page`] | up to three lines and two arrows, as a picture for the screen |
//! | [`pager`] | where in a row of pages the owner is |
//!
//! Nothing in here knows what a chain is.

#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod page;
pub mod pager;
pub mod text;

pub use page::Page;
pub use pager::{Pager, Pressed};
pub use text::Text;
