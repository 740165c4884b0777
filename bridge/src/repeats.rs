//! What is said again and again: one line a second, with how many it stands for.

use std::time::{Duration, Instant};

/// The same is said no more often than this.
const EVERY: Duration = Duration::from_secs(1);
/// Lines in that time, however they differ. Nodes that keep to the protocol stay far below.
const MOST: usize = 20;

/// What was said in the last second, and how much was not.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    said: Vec<Line>,
    /// Beyond [`MOST`].
    crowd: u64,
}

#[derive(Debug)]
struct Line {
    text: String,
    at: Instant,
    held: u64,
}

impl Repeats {
    /// Whether this is to be said now, and then how many were held back since the last line.
    pub(crate) fn due(&mut self, text: &str, now: Instant) -> Option<u64> {
        let fresh = |line: &Line| now.saturating_duration_since(line.at) < EVERY;
        if let Some(line) = self.said.iter_mut().find(|line| line.text == text && fresh(line)) {
            line.held += 1;
            return None;
        }
        let held = self.said.iter().filter(|line| line.text == text).map(|line| line.held).sum::<u64>();
        // A line that held others back is kept until it comes again, or until its place is wanted.
        self.said.retain(|line| line.text != text && (fresh(line) || line.held > 0));
        if self.said.len() >= MOST {
            match self.said.iter().position(|line| !fresh(line)) {
                Some(old) => self.crowd += self.said.swap_remove(old).held,
                None => {
                    self.crowd += held + 1;
                    return None;
                }
            }
        }
        self.said.push(Line { text: text.to_owned(), at: now, held: 0 });
        Some(held + std::mem::take(&mut self.crowd))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_a_second_with_the_number_of_those_held_back() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert_eq!(repeats.due("no", start), Some(0));
        for milli in 1..1_000 {
            assert_eq!(repeats.due("no", start + Duration::from_millis(milli)), None);
        }
        assert_eq!(repeats.due("never", start), Some(0), "another one is said");
        assert_eq!(repeats.due("no", start + EVERY), Some(999));
        assert_eq!(repeats.due("no", start + 3 * EVERY), Some(0));
    }

    #[test]
    fn however_they_differ_they_are_no_more_than_a_few_a_second() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let said = (0..1_000).filter(|number| repeats.due(&number.to_string(), start).is_some()).count();
        assert_eq!(said, MOST);
        assert_eq!(repeats.due("next", start + EVERY), Some(980));
        assert!(repeats.said.len() <= MOST);
    }
}
