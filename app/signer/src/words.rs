//! Words for the screen.

use highwater_core::hrs::{Hrs, Step};
use nanos_ui::{Page, Text};

/// A step, as node logs call it.
pub(crate) fn step(step: Step) -> &'static [u8] {
    match step {
        Step::None => b"nothing signed",
        Step::Proposal => b"proposal",
        Step::Prevote => b"prevote",
        Step::Precommit => b"precommit",
    }
}

/// `height/round` in one line. Heights of 19 digits push the round out of it; [`mark`] shows both in full.
pub(crate) fn height_round(hrs: Hrs) -> Text {
    let mut text = Text::default();
    text.push_decimal(hrs.height.value());
    text.push(b"/");
    text.push_decimal(u64::from(hrs.round.value()));
    text
}

/// A mark in full, under a title: height, then round and step.
pub(crate) fn mark(title: &[u8], hrs: Hrs) -> Page {
    let mut height = Text::new(title);
    height.push(b" ");
    let mut number = Text::default();
    number.push_decimal(hrs.height.value());
    let mut rest = Text::new(b"r");
    rest.push_decimal(u64::from(hrs.round.value()));
    rest.push(b" ");
    rest.push(match hrs.step {
        Step::None => b"none",
        other => step(other),
    });
    Page::new([height, number, rest])
}
