//! Whose job is next: chains in turn, so that no chain's nodes keep another's vote waiting.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Job, Stream};

/// A stream that nobody has waited for so long gives way. A node that lost its patience asks again within a fraction of
/// it; giving way at once, two long extensions would break each other's stream for ever.
const YIELDS: Duration = Duration::from_secs(2);

/// A job that waits.
pub(super) struct Turn {
    pub(super) job: Box<dyn Job>,
    /// A reply was wrong once; the next one that is ends the job.
    pub(super) wrong: bool,
}

/// Its name, and what waits there.
type Lane = (String, VecDeque<Turn>);

/// What the first job of a lane has to do with the stream. One that nobody wants is only dropped, and needs none.
fn first((_, jobs): &Lane) -> Stream {
    jobs.front().map_or(Stream::Idle, |turn| match turn.job.abandoned() {
        true => Stream::Idle,
        false => turn.job.stream(),
    })
}

/// Jobs that wait, one lane per chain and one for the operator.
#[derive(Default)]
pub(super) struct Turns {
    lanes: VecDeque<Lane>,
    /// Since when nobody waits for the stream that is held.
    lonely: Option<Instant>,
}

impl Turns {
    pub(super) fn push(&mut self, job: Box<dyn Job>) {
        let turn = Turn { job, wrong: false };
        let lane = self.lane(turn.job.lane());
        // A node that asks and hangs up, again and again, would fill the memory with what nobody wants.
        lane.retain(|turn| !turn.job.abandoned());
        lane.push_back(turn);
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
    /// would open it waits, unless nobody wants the held one.
    pub(super) fn next(&mut self) -> Option<Turn> {
        self.yield_stream();
        let held = self.lanes.iter().any(|lane| first(lane) == Stream::Holds);
        let free = |lane: &Lane| !(held && first(lane) == Stream::Opens);
        let at = self.lanes.iter().position(free)?;
        let (lane, mut jobs) = self.lanes.remove(at)?;
        let turn = jobs.pop_front();
        if !jobs.is_empty() {
            self.lanes.push_back((lane, jobs));
        }
        turn
    }

    /// A stream that only its node's next question would want gives way to one that a node waits for.
    fn yield_stream(&mut self) {
        let awaited = |(_, jobs): &Lane| jobs.iter().any(|turn| turn.job.awaited());
        let holder = self.lanes.iter().position(|lane| first(lane) == Stream::Holds);
        let Some(holder) = holder.filter(|at| !awaited(&self.lanes[*at])) else {
            self.lonely = None;
            return;
        };
        let since = *self.lonely.get_or_insert_with(Instant::now);
        let wanted = |lane: &Lane| first(lane) == Stream::Opens && awaited(lane);
        if since.elapsed() < YIELDS || !self.lanes.iter().any(wanted) {
            return;
        }
        self.lonely = None;
        let (name, mut jobs) = self.lanes.remove(holder).unwrap_or_default();
        if let Some(turn) = jobs.front_mut() {
            turn.job.lost();
        }
        // Behind the one that it gives way to.
        self.lanes.push_back((name, jobs));
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

    /// One whose asker is gone; it goes on only if its node may ask again.
    struct Left(Named, bool);

    impl Job for Left {
        fn apdu(&mut self) -> Option<Vec<u8>> {
            self.1.then(|| vec![self.0.1])
        }

        fn lane(&self) -> &str {
            self.0.lane()
        }

        fn awaited(&self) -> bool {
            false
        }

        fn abandoned(&self) -> bool {
            !self.1
        }

        fn stream(&self) -> Stream {
            self.0.stream()
        }

        fn lost(&mut self) {
            self.0.2 = Stream::Opens;
        }

        fn done(self: Box<Self>, _: Result<Vec<u8>, Fault>) {}
    }

    fn number(turns: &mut Turns) -> Option<(Turn, Option<u8>)> {
        let mut turn = turns.next()?;
        let number = turn.job.apdu().map(|apdu| apdu[0]);
        Some((turn, number))
    }

    #[test]
    fn an_abandoned_job_that_would_open_the_stream_holds_its_lane_no_longer() {
        let mut turns = Turns::default();
        turns.push(Box::new(Named("a", 1, Stream::Holds)));
        turns
            .lane("b")
            .push_back(Turn { job: Box::new(Left(Named("b", 2, Stream::Opens), false)), wrong: false });
        turns.lane("b").push_back(Turn { job: Box::new(Named("b", 3, Stream::Idle)), wrong: false });
        let mut order = Vec::new();
        for _ in 0..4 {
            let (turn, number) = number(&mut turns).unwrap();
            order.push(number);
            if number == Some(1) {
                turns.again(turn);
            }
        }
        assert_eq!(order, [Some(1), None, Some(1), Some(3)]);
    }

    #[test]
    fn what_nobody_wants_is_dropped_when_the_next_of_its_lane_comes() {
        let mut turns = Turns::default();
        for _ in 0..100 {
            turns.push(Box::new(Left(Named("a", 1, Stream::Idle), false)));
        }
        turns.push(Box::new(Named("a", 2, Stream::Idle)));
        assert_eq!(turns.jobs().count(), 1);
    }

    #[test]
    fn a_stream_that_nobody_waits_for_gives_way_to_one_that_is_waited_for_but_not_at_once() {
        let mut turns = Turns::default();
        turns.push(Box::new(Left(Named("a", 1, Stream::Holds), true)));
        turns.push(Box::new(Named("b", 2, Stream::Opens)));
        let (turn, first) = number(&mut turns).unwrap();
        assert_eq!(first, Some(1), "its node may be about to ask again");
        turns.again(turn);
        turns.lonely = turns.lonely.map(|since| since - YIELDS);
        assert!(turns.lonely.is_some());
        let (_, second) = number(&mut turns).unwrap();
        let (left, third) = number(&mut turns).unwrap();
        assert_eq!((second, third), (Some(2), Some(1)));
        assert_eq!(left.job.stream(), Stream::Opens, "it begins anew");
        // One that is waited for keeps it.
        let mut turns = Turns::default();
        turns.push(Box::new(Left(Named("a", 1, Stream::Holds), true)));
        turns.push(Box::new(Named("a", 3, Stream::Idle)));
        turns.push(Box::new(Named("b", 2, Stream::Opens)));
        turns.lonely = Instant::now().checked_sub(YIELDS);
        assert_eq!(number(&mut turns).unwrap().1, Some(1));
    }

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
