//! Whose command is next: chains in turn, so that no chain's nodes keep another's vote waiting.

use std::collections::VecDeque;
use std::time::Duration;

use highwater_guard::{Moment, Next, Stream};

/// A stream that nobody has waited for so long gives way. A node that lost its patience asks again within a fraction of
/// it; giving way at once, two long extensions would break each other's stream for ever.
const STREAM_GRACE: Duration = Duration::from_secs(2);

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The next command is this chain's.
    Of(usize),
    /// This chain's stream gives way first; then it is asked again.
    GiveWay(usize),
}

/// The chains, by number, in the order of their turns.
#[derive(Debug)]
pub(super) struct Schedule {
    order: VecDeque<usize>,
    /// Since when nobody waits for the stream that is held.
    unwatched_since: Option<Moment>,
}

impl Schedule {
    pub(super) fn new(chains: usize) -> Self {
        Self { order: (0..chains).collect(), unwatched_since: None }
    }

    /// Chooses among what the chains want; the one chosen goes to the end of the line. While one holds the device's
    /// stream, another that would open it waits, unless nobody waits for the held one.
    pub(super) fn next(&mut self, now: Moment, want: impl Fn(usize) -> Option<Next>) -> Option<Turn> {
        let holder = self
            .order
            .iter()
            .copied()
            .find(|chain| want(*chain).is_some_and(|next| next.stream == Stream::Holds));
        let opens = |next: Next| next.stream == Stream::Opens;
        if let Some(holder) = holder.filter(|holder| want(*holder).is_some_and(|next| !next.awaited)) {
            let since = *self.unwatched_since.get_or_insert(now);
            let wanted =
                self.order.iter().any(|chain| want(*chain).is_some_and(|next| opens(next) && next.awaited));
            if wanted && now.since(since) >= STREAM_GRACE {
                self.unwatched_since = None;
                // Behind the one that it gives way to.
                self.order.retain(|chain| *chain != holder);
                self.order.push_back(holder);
                return Some(Turn::GiveWay(holder));
            }
        } else {
            self.unwatched_since = None;
        }
        let free = |chain: &usize| want(*chain).is_some_and(|next| !(holder.is_some() && opens(next)));
        let at = self.order.iter().position(free)?;
        let chain = self.order.remove(at)?;
        self.order.push_back(chain);
        Some(Turn::Of(chain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Option<Next> = Some(Next { stream: Stream::Idle, awaited: true });
    const OPENS: Option<Next> = Some(Next { stream: Stream::Opens, awaited: true });
    const HOLDS: Option<Next> = Some(Next { stream: Stream::Holds, awaited: true });
    const UNWATCHED: Option<Next> = Some(Next { stream: Stream::Holds, awaited: false });

    fn turns(
        schedule: &mut Schedule,
        now: Moment,
        wants: &[Option<Next>],
        turns: usize,
    ) -> Vec<Option<Turn>> {
        (0..turns).map(|_| schedule.next(now, |chain| wants[chain])).collect()
    }

    #[test]
    fn chains_are_served_in_turn_and_one_that_wants_nothing_is_passed_over() {
        let mut schedule = Schedule::new(3);
        let order = turns(&mut schedule, Moment::BEGIN, &[IDLE, None, IDLE], 4);
        assert_eq!(order, [0, 2, 0, 2].map(|chain| Some(Turn::Of(chain))));
        assert_eq!(schedule.next(Moment::BEGIN, |_| None), None);
    }

    #[test]
    fn who_holds_the_stream_keeps_it_from_who_would_open_it_and_from_nobody_else() {
        let mut schedule = Schedule::new(3);
        let order = turns(&mut schedule, Moment::BEGIN, &[HOLDS, OPENS, IDLE], 4);
        assert_eq!(order, [0, 2, 0, 2].map(|chain| Some(Turn::Of(chain))));
        assert_eq!(turns(&mut schedule, Moment::BEGIN, &[None, OPENS, None], 1), [Some(Turn::Of(1))]);
    }

    #[test]
    fn a_stream_that_nobody_waits_for_gives_way_to_one_that_is_waited_for_but_not_at_once() {
        let (mut schedule, later) = (Schedule::new(2), Moment::BEGIN + STREAM_GRACE);
        let begins = turns(&mut schedule, Moment::BEGIN, &[UNWATCHED, OPENS], 1);
        assert_eq!(begins, [Some(Turn::Of(0))], "its node may be about to ask again");
        assert_eq!(turns(&mut schedule, later, &[HOLDS, OPENS], 1), [Some(Turn::Of(0))], "it did");
        assert_eq!(
            turns(&mut schedule, later, &[UNWATCHED, OPENS], 1),
            [Some(Turn::Of(0))],
            "from its beginning"
        );
        let gives = turns(&mut schedule, later + STREAM_GRACE, &[UNWATCHED, OPENS], 1);
        assert_eq!(gives, [Some(Turn::GiveWay(0))]);
        assert_eq!(turns(&mut schedule, later, &[OPENS, OPENS], 2), [Some(Turn::Of(1)), Some(Turn::Of(0))]);
    }
}
