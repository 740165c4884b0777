//! How long the device is at each request that is under way.

use std::collections::HashMap;
use std::time::Duration;

use highwater_core::apdu::ins;
use highwater_guard::{Id, Moment};

/// The device's time for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spent {
    /// For the vote or proposal.
    pub(super) message: Duration,
    /// For its extension, all chunks of it.
    pub(super) extension: Duration,
}

/// The commands of one chain, each from its way out to its reply.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    under_way: Option<(Id, u8, Moment)>,
    /// Of requests that are not answered yet.
    spent: HashMap<Id, Spent>,
}

impl Stopwatch {
    /// A command goes out.
    pub(super) fn sent(&mut self, id: Id, apdu: &[u8], now: Moment) {
        self.under_way = apdu.get(1).map(|instruction| (id, *instruction, now));
    }

    /// Its reply came. A message that is tried again counts by its last try, and its extension is not begun then.
    pub(super) fn replied(&mut self, id: Id, now: Moment) {
        let Some((_, instruction, since)) = self.under_way.take().filter(|(known, ..)| *known == id) else {
            return;
        };
        let (took, spent) = (now.since(since), self.spent.entry(id).or_default());
        match instruction {
            ins::SIGN => spent.message = took,
            _ => spent.extension += took,
        }
    }

    /// The request was answered. `None`: the device was not asked for it.
    pub(super) fn take(&mut self, id: Id) -> Option<Spent> {
        self.spent.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_message_and_the_chunks_of_its_extension_are_told_apart() {
        let mut watch = Stopwatch::default();
        let mut now = Moment::BEGIN;
        for (instruction, took) in [
            // Undecided, and asked again.
            (ins::SIGN, 900),
            (ins::SIGN, 400),
            (ins::SIGN_EXTENSION, 10),
            (ins::SIGN_EXTENSION, 20),
            (ins::SIGN_EXTENSION, 30),
        ] {
            watch.sent(Id(7), &[0xe0, instruction, 0, 0], now);
            now = now + ms(took);
            watch.replied(Id(7), now);
            now = now + ms(5_000);
        }
        assert_eq!(watch.take(Id(7)), Some(Spent { message: ms(400), extension: ms(60) }));
        assert_eq!(watch.take(Id(7)), None);
    }

    #[test]
    fn what_was_not_replied_to_is_not_counted() {
        let mut watch = Stopwatch::default();
        watch.sent(Id(1), &[0xe0, ins::SIGN, 0, 0], Moment::BEGIN);
        watch.sent(Id(2), &[0xe0, ins::SIGN, 0, 0], Moment::BEGIN + ms(100));
        watch.replied(Id(1), Moment::BEGIN + ms(150));
        assert_eq!(watch.take(Id(1)), None);
    }
}
