//! The rule: every signature that the HSM's log shows is one that this signer asked for, or somebody else has the key.
//!
//! No I/O, no clock. `bridge/hosted/tests/it/audit` searches every order of events, with a crash after every step.

/// One entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// If a signature was made: by which key.
    pub signed: Option<Signed>,
}

/// Where an entry stands: its number, which wraps, and its digest, which is over all entries before it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The number.
    pub item: u16,
    /// The digest.
    pub digest: [u8; 16],
}

/// A signature that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The key that made it.
    pub object: u16,
    /// The authentication key of the session.
    pub by: u16,
}

/// What was found that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Elsewhere {
    /// A signature that this signer did not ask for.
    #[error(
        "entry {item} of its log is a signature by key {object:#06x} that this signer did not make (authentication key {by:#06x})"
    )]
    Signed {
        /// The entry.
        item: u16,
        /// The key.
        object: u16,
        /// The authentication key.
        by: u16,
    },
    /// The log does not reach back to where it was read last, so what stood between is not known.
    #[error(
        "its log does not reach back to entry {last}, which was read last: what was signed since is not known"
    )]
    Gap {
        /// The entry that was read last.
        last: u16,
    },
}

/// What of a log is ours.
#[derive(Debug, Clone)]
pub struct Ours {
    /// Our authentication key.
    pub by: u16,
    /// Our keys.
    pub objects: Vec<u16>,
}

/// How far the log is explained. This is what stands on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Ledger {
    /// The last entry that was read; `None`: the log was empty.
    pub(crate) at: Option<Place>,
    /// Signatures that were asked for since, and whose entries were not read: so many more may stand there.
    pub(crate) owed: u32,
    /// Once found, it stays until the owner has looked.
    pub(crate) found: Option<Elsewhere>,
}

/// Entries that the log holds. One more overwrites the oldest.
pub const HOLDS: usize = 62;

impl Ledger {
    /// From here on: what the log shows by now is somebody's past.
    pub fn begin(log: &[Entry]) -> Self {
        Self { at: log.last().map(|entry| entry.place), owed: 0, found: None }
    }

    /// The HSM is about to be asked for a signature. It stands on the disk before it is asked: an entry that comes
    /// without it reads as somebody else's.
    pub fn ask(&mut self) {
        self.owed = self.owed.saturating_add(1);
    }

    /// The log was read. `over`: of every signature that was asked for the answer came, or its session is long dead. So
    /// what has no entry by now will never have one, and is owed no more.
    pub fn look(&mut self, log: &[Entry], ours: &Ours, over: bool) {
        if self.found.is_some() {
            return;
        }
        let Some(new) = self.unread(log) else {
            self.found = Some(Elsewhere::Gap { last: self.at.map_or(0, |at| at.item) });
            return;
        };
        for entry in new {
            let Some(Signed { object, by }) =
                entry.signed.filter(|signed| ours.objects.contains(&signed.object))
            else {
                continue;
            };
            if by != ours.by || self.owed == 0 {
                self.found = Some(Elsewhere::Signed { item: entry.place.item, object, by });
                return;
            }
            self.owed -= 1;
        }
        self.at = new.last().map(|entry| entry.place).or(self.at);
        if over {
            self.owed = 0;
        }
    }

    /// What was found.
    pub fn found(&self) -> Option<Elsewhere> {
        self.found
    }

    /// The entry that was read last.
    pub fn at(&self) -> Option<Place> {
        self.at
    }

    /// Signatures that may still come into the log.
    pub fn owed(&self) -> u32 {
        self.owed
    }

    /// The entries behind the last one that was read; `None`: some are gone.
    fn unread<'a>(&self, log: &'a [Entry]) -> Option<&'a [Entry]> {
        let Some(at) = self.at else { return (log.len() < HOLDS).then_some(log) };
        if let Some(read) = log.iter().position(|entry| entry.place == at) {
            return Some(&log[read + 1..]);
        }
        match log.first() {
            // Whoever consumed what was read leaves nothing until something is logged again; then its number tells.
            None => Some(log),
            Some(first) => (first.place.item == at.item.wrapping_add(1)).then_some(log),
        }
    }
}
