//! Words for the screen.

use highwater_core::hrs::{Hrs, Step};
use nanos_ui::Page;

/// A step, as node logs call it.
fn step(step: Step) -> &'static [u8] {
    match step {
        Step::None => b"none",
        Step::Proposal => b"proposal",
        Step::Prevote => b"prevote",
        Step::Precommit => b"precommit",
    }
}

/// A mark in full, under a title: height, then round and step.
#[inline(never)]
pub(crate) fn mark(page: &mut Page, title: &[u8], hrs: &Hrs) {
    page.push(title);
    page.push(b"\n");
    page.push_grouped(hrs.height.value());
    page.push(b"\n");
    within_height(page, hrs);
}

/// The line of round and step.
#[inline(never)]
pub(crate) fn within_height(page: &mut Page, hrs: &Hrs) {
    page.push(b"r");
    page.push_decimal(u64::from(hrs.round.value()));
    page.push(b" ");
    page.push(step(hrs.step));
}
