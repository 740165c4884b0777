//! The audit log: a ring of 62 entries, each with a digest over itself and the one before.

use std::collections::{BTreeSet, VecDeque};

use sha2::{Digest, Sha256};

/// Entries that it holds.
const HOLDS: usize = 62;

/// One entry: 16 bytes of what happened, 16 of the digest.
pub(crate) type Entry = [u8; 32];

pub(crate) struct Log {
    pub(crate) entries: VecDeque<Entry>,
    /// Commands that are logged.
    logged: BTreeSet<u8>,
    /// Refuses what cannot be logged.
    pub(crate) forced: bool,
    item: u16,
    tick: u32,
    digest: [u8; 16],
    pub(crate) unlogged_sessions: u16,
}

impl Log {
    /// The first entry is of the making.
    pub(crate) fn of_the_factory() -> Self {
        let mut log = Self {
            entries: VecDeque::new(),
            logged: BTreeSet::new(),
            forced: false,
            item: 1,
            tick: 0,
            digest: [0x5a; 16],
            unlogged_sessions: 0,
        };
        let mut entry = [0xff; 32];
        entry[..2].copy_from_slice(&1u16.to_be_bytes());
        entry[16..].copy_from_slice(&log.digest);
        log.entries.push_back(entry);
        log
    }

    pub(crate) fn set(&mut self, command: u8, logged: bool) {
        if logged {
            self.logged.insert(command);
        } else {
            self.logged.remove(&command);
        }
    }

    pub(crate) fn is_logged(&self, command: u8) -> bool {
        self.logged.contains(&command)
    }

    /// Whether this command has to wait until somebody has read the log.
    pub(crate) fn is_full_for(&self, command: u8) -> bool {
        self.forced && self.is_logged(command) && self.entries.len() >= HOLDS
    }

    /// `keys`: of the session, the one that was used, a second one.
    pub(crate) fn note(&mut self, command: u8, length: u16, keys: [u16; 3], result: u8) {
        if !self.is_logged(command) {
            return;
        }
        self.item = self.item.wrapping_add(1);
        self.tick += 1;
        let mut entry = [0; 32];
        entry[..2].copy_from_slice(&self.item.to_be_bytes());
        entry[2] = command;
        entry[3..5].copy_from_slice(&length.to_be_bytes());
        for (at, key) in (5..).step_by(2).zip(keys) {
            entry[at..at + 2].copy_from_slice(&key.to_be_bytes());
        }
        entry[11] = result;
        entry[12..16].copy_from_slice(&self.tick.to_be_bytes());
        let hash = Sha256::new().chain_update(&entry[..16]).chain_update(self.digest).finalize();
        self.digest.copy_from_slice(&hash[..16]);
        entry[16..].copy_from_slice(&self.digest);
        if self.entries.len() >= HOLDS {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// A session is opened also where it cannot be logged, so that somebody can read the log.
    pub(crate) fn note_session(&mut self, command: u8, by: u16) {
        if self.is_full_for(command) {
            self.unlogged_sessions += 1;
        } else {
            self.note(command, 10, [0xffff, by, 0xffff], command | 0x80);
        }
    }

    /// Everything up to this entry was read, and makes room.
    pub(crate) fn consume(&mut self, item: u16) {
        if let Some(at) = self.entries.iter().position(|entry| entry[..2] == item.to_be_bytes()) {
            self.entries.drain(..=at);
        }
    }

    /// The reply to GET LOG ENTRIES.
    pub(crate) fn read(&mut self) -> Vec<u8> {
        let mut reply = vec![0, 0];
        reply.extend(std::mem::take(&mut self.unlogged_sessions).to_be_bytes());
        reply.push(self.entries.len() as u8);
        self.entries.iter().for_each(|entry| reply.extend(entry));
        reply
    }

    /// The reply to GET OPTION of the logged commands: each with whether it is.
    pub(crate) fn options(&self) -> Vec<u8> {
        let known = [
            0x01, 0x03, 0x04, 0x05, 0x06, 0x40, 0x44, 0x45, 0x46, 0x48, 0x4d, 0x4e, 0x4f, 0x50, 0x54, 0x58,
            0x67, 0x6a,
        ];
        known.into_iter().flat_map(|command| [command, u8::from(self.is_logged(command))]).collect()
    }
}
