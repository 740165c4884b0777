//! How the state file of a chain fares: whether what a reply waits for is on the disk, is late, or cannot be written.

use std::sync::Arc;
use std::time::Duration;

use highwater_guard::{DISK, Moment, Seq};

/// How a state file fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskState {
    /// As it should.
    Writes,
    /// The last write failed, by this cause; it is tried again.
    Fails(Arc<str>),
    /// A write has been under way for so long, longer than a reply waits for it.
    Hangs(Duration),
}

/// The records of one chain that a reply waits for, on their way to the disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    fails: Option<Arc<str>>,
    behind: Option<Behind>,
}

#[derive(Debug)]
struct Behind {
    newest: Seq,
    since: Moment,
    /// That it is late was told.
    told: bool,
}

impl Disk {
    /// A record that a reply waits for is given to be written.
    pub(super) fn given(&mut self, seq: Seq, now: Moment) {
        self.behind.get_or_insert(Behind { newest: seq, since: now, told: false }).newest = seq;
    }

    /// Records up to this one were written, or could not be. Gives how long it took, if it was told as late.
    pub(super) fn done(&mut self, seq: Seq, written: &Result<(), Arc<str>>, now: Moment) -> Option<Duration> {
        self.fails = written.as_ref().err().cloned();
        let behind = self.behind.as_mut().filter(|_| written.is_ok())?;
        let took = behind.told.then(|| now.since(behind.since));
        // Of what came meanwhile the write begins now.
        (behind.since, behind.told) = (now, false);
        self.behind.take_if(|behind| behind.newest <= seq);
        took
    }

    /// When the write under way is late, if that was not told.
    pub(super) fn late_at(&self) -> Option<Moment> {
        self.behind
            .as_ref()
            .filter(|behind| !behind.told && self.fails.is_none())
            .map(|behind| behind.since + DISK)
    }

    /// Whether the write under way is late; told once.
    pub(super) fn is_late(&mut self, now: Moment) -> bool {
        let late = self.late_at().is_some_and(|at| at <= now);
        if let Some(behind) = self.behind.as_mut().filter(|_| late) {
            behind.told = true;
        }
        late
    }

    /// How long the file has been behind what a reply waits for.
    pub(super) fn behind(&self, now: Moment) -> Duration {
        self.behind.as_ref().map_or(Duration::ZERO, |behind| now.since(behind.since))
    }

    pub(super) fn state(&self, now: Moment) -> DiskState {
        match (&self.fails, self.behind(now)) {
            (Some(why), _) => DiskState::Fails(why.clone()),
            (None, behind) if behind >= DISK => DiskState::Hangs(behind),
            _ => DiskState::Writes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenth(tenths: u64) -> Moment {
        Moment::after(Duration::from_millis(100 * tenths))
    }

    #[test]
    fn a_write_is_late_after_the_second_that_a_reply_waits_and_told_once() {
        let mut disk = Disk::default();
        assert_eq!((disk.late_at(), disk.state(tenth(99))), (None, DiskState::Writes));
        disk.given(Seq(1), tenth(10));
        assert!(!disk.is_late(tenth(19)) && disk.state(tenth(19)) == DiskState::Writes);
        disk.given(Seq(2), tenth(19));
        assert_eq!(disk.late_at(), Some(tenth(20)), "it counts from the first");
        assert!(disk.is_late(tenth(20)) && !disk.is_late(tenth(21)) && disk.late_at().is_none());
        assert_eq!(disk.state(tenth(40)), DiskState::Hangs(Duration::from_secs(3)));
        // The second record is written next, and is on time.
        assert_eq!(disk.done(Seq(1), &Ok(()), tenth(41)), Some(Duration::from_millis(3_100)));
        assert_eq!((disk.state(tenth(50)), disk.behind(tenth(50))), (DiskState::Writes, 9 * DISK / 10));
        assert_eq!(disk.done(Seq(2), &Ok(()), tenth(50)), None);
        assert_eq!(disk.behind(tenth(99)), Duration::ZERO);
    }

    #[test]
    fn what_fails_is_behind_until_it_is_written_and_is_told_as_failing() {
        let mut disk = Disk::default();
        disk.given(Seq(1), tenth(10));
        assert_eq!(disk.done(Seq(1), &Err("full".into()), tenth(11)), None);
        assert!(!disk.is_late(tenth(60)));
        assert_eq!(
            (disk.state(tenth(60)), disk.behind(tenth(60))),
            (DiskState::Fails("full".into()), 5 * DISK)
        );
        assert_eq!(disk.done(Seq(1), &Ok(()), tenth(61)), None);
        assert_eq!((disk.state(tenth(61)), disk.behind(tenth(61))), (DiskState::Writes, Duration::ZERO));
    }
}
