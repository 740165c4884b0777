//! Whose job is next: chains in turn, so that no chain's nodes keep another's vote waiting.

use std::collections::VecDeque;

use super::Job;

/// Jobs that wait, one lane per chain and one for the operator.
#[derive(Default)]
pub(super) struct Turns {
    lanes: VecDeque<(String, VecDeque<Box<dyn Job>>)>,
}

impl Turns {
    pub(super) fn push(&mut self, job: Box<dyn Job>) {
        match self.lanes.iter_mut().find(|(lane, _)| lane == job.lane()) {
            Some((_, jobs)) => jobs.push_back(job),
            None => self.lanes.push_back((job.lane().to_owned(), VecDeque::from([job]))),
        }
    }

    /// The next job; its lane goes to the end of the line.
    pub(super) fn next(&mut self) -> Option<Box<dyn Job>> {
        let (lane, mut jobs) = self.lanes.pop_front()?;
        let job = jobs.pop_front();
        if !jobs.is_empty() {
            self.lanes.push_back((lane, jobs));
        }
        job
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fault;
    use super::*;

    struct Named(&'static str, u8);

    impl Job for Named {
        fn apdu(&mut self) -> Option<Vec<u8>> {
            Some(vec![self.1])
        }

        fn lane(&self) -> &str {
            self.0
        }

        fn done(self: Box<Self>, _: Result<Vec<u8>, Fault>) {}
    }

    #[test]
    fn a_chain_with_many_requests_waits_for_the_others_turn() {
        let mut turns = Turns::default();
        for (lane, number) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("", 5), ("b", 6)] {
            turns.push(Box::new(Named(lane, number)));
        }
        let order: Vec<u8> =
            std::iter::from_fn(|| turns.next()).map(|mut job| job.apdu().unwrap()[0]).collect();
        assert_eq!(order, [1, 4, 5, 2, 6, 3]);
        assert!(turns.is_empty());
    }
}
