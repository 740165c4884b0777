//! Whose job is next: chains in turn, so that no chain's nodes keep another's vote waiting.

use std::collections::VecDeque;

use super::{Job, Stream};

/// A job that waits.
pub(super) struct Turn {
    pub(super) job: Box<dyn Job>,
    /// A reply was wrong once; the next one that is ends the job.
    pub(super) wrong: bool,
}

/// Jobs that wait, one lane per chain and one for the operator.
#[derive(Default)]
pub(super) struct Turns {
    lanes: VecDeque<(String, VecDeque<Turn>)>,
}

impl Turns {
    pub(super) fn push(&mut self, job: Box<dyn Job>) {
        let turn = Turn { job, wrong: false };
        self.lane(turn.job.lane()).push_back(turn);
    }

    /// A job that was given out and has more to ask: the next of its lane, and its lane the last in line.
    pub(super) fn again(&mut self, turn: Turn) {
        self.lane(turn.job.lane()).push_front(turn);
    }

    /// The lane of this name, made at the end of the line if there is none.
    fn lane(&mut self, name: &str) -> &mut VecDeque<Turn> {
        let at = self.lanes.iter().position(|(lane, _)| lane == name).unwrap_or_else(|| {
            self.lanes.push_back((name.to_owned(), VecDeque::new()));
            self.lanes.len() - 1
        });
        &mut self.lanes[at].1
    }

    /// The next job; its lane goes to the end of the line. While one holds the device's stream, another that
    /// would open it waits.
    pub(super) fn next(&mut self) -> Option<Turn> {
        let first = |(_, jobs): &(String, VecDeque<Turn>)| jobs.front().map(|turn| turn.job.stream());
        let held = self.lanes.iter().any(|lane| first(lane) == Some(Stream::Holds));
        let free = |lane: &_| !(held && first(lane) == Some(Stream::Opens));
        let at = self.lanes.iter().position(free)?;
        let (lane, mut jobs) = self.lanes.remove(at)?;
        let turn = jobs.pop_front();
        if !jobs.is_empty() {
            self.lanes.push_back((lane, jobs));
        }
        turn
    }

    /// All that wait, to be told something.
    pub(super) fn jobs(&mut self) -> impl Iterator<Item = &mut Box<dyn Job>> {
        self.lanes.iter_mut().flat_map(|(_, jobs)| jobs).map(|turn| &mut turn.job)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    struct Named(&'static str, u8, Stream);

    impl Job for Named {
        fn apdu(&mut self) -> Option<Vec<u8>> {
            Some(vec![self.1])
        }

        fn lane(&self) -> &str {
            self.0
        }

        fn stream(&self) -> Stream {
            self.2
        }

        fn done(self: Box<Self>, _: Result<Vec<u8>, Fault>) {}
    }

    #[test]
    fn a_chain_with_many_requests_waits_for_the_others_turn() {
        let mut turns = Turns::default();
        for (lane, number) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("", 5), ("b", 6)] {
            turns.push(Box::new(Named(lane, number, Stream::Idle)));
        }
        let order: Vec<u8> =
            std::iter::from_fn(|| turns.next()).map(|mut turn| turn.job.apdu().unwrap()[0]).collect();
        assert_eq!(order, [1, 4, 5, 2, 6, 3]);
        assert!(turns.is_empty());
    }

    #[test]
    fn a_job_of_many_commands_lets_others_pass_but_keeps_its_lane_and_the_stream() {
        let mut turns = Turns::default();
        for (lane, number, stream) in [
            ("long", 1, Stream::Holds),
            ("long", 2, Stream::Idle),
            ("other", 3, Stream::Opens),
            ("short", 4, Stream::Idle),
        ] {
            turns.push(Box::new(Named(lane, number, stream)));
        }
        let mut order = Vec::new();
        while let Some(mut turn) = turns.next() {
            let number = turn.job.apdu().unwrap()[0];
            order.push(number);
            // The first one asks three times in all.
            if number == 1 && order.iter().filter(|number| **number == 1).count() < 3 {
                turns.again(turn);
            }
        }
        assert_eq!(order, [1, 4, 1, 1, 3, 2]);
        assert!(turns.is_empty());
    }
}
