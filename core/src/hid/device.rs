//! The device's side.

use super::{FIRST, NEXT, REPORT, TAG_APDU, fill};
use crate::apdu::MAX_COMMAND;

/// What a report completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Nothing yet, or a report that was dropped.
    Nothing,
    /// A whole command: read it with [`Assembler::command`].
    Command,
    /// A command longer than this device takes came to its end: answer 6700.
    Oversized,
}

/// Puts commands together from reports. A report out of order drops the command; a first report starts anew.
#[derive(Debug)]
pub struct Assembler {
    buffer: [u8; MAX_COMMAND],
    /// Length of the whole; 0 while nothing is under way.
    total: usize,
    filled: usize,
    channel: u16,
    sequence: u16,
}

impl Assembler {
    /// Nothing under way.
    pub const fn new() -> Self {
        Self { buffer: [0; MAX_COMMAND], total: 0, filled: 0, channel: 0, sequence: 0 }
    }

    /// The channel of the last command: replies go there.
    pub const fn channel(&self) -> u16 {
        self.channel
    }

    /// The last whole command.
    pub fn command(&self) -> &[u8] {
        &self.buffer[..self.filled.min(MAX_COMMAND)]
    }

    /// Forgets the last command, in which a private key may have come.
    pub fn wipe(&mut self) {
        self.buffer.fill(0);
    }

    /// Drops what is under way: the bus was reset.
    pub fn reset(&mut self) {
        self.total = 0;
    }

    /// Takes a report, which may come shorter than 64 bytes.
    pub fn report(&mut self, report: &[u8]) -> Received {
        let [c0, c1, TAG_APDU, s0, s1, ..] = *report else {
            return Received::Nothing;
        };
        let (channel, sequence) = (u16::from_be_bytes([c0, c1]), u16::from_be_bytes([s0, s1]));
        let data = if sequence == 0 {
            let [l0, l1] = *report.get(NEXT..FIRST).unwrap_or_default() else {
                self.total = 0;
                return Received::Nothing;
            };
            self.total = usize::from(u16::from_be_bytes([l0, l1]));
            (self.channel, self.sequence, self.filled) = (channel, 0, 0);
            &report[FIRST..]
        } else {
            // Another channel's report, one out of order or one without data is no part of this command.
            let in_order = channel == self.channel && sequence == self.sequence && report.len() > NEXT;
            if self.total == 0 || !in_order {
                self.total = 0;
                return Received::Nothing;
            }
            &report[NEXT..]
        };
        self.take(data)
    }

    fn take(&mut self, data: &[u8]) -> Received {
        if self.total == 0 {
            return Received::Nothing;
        }
        let data = &data[..data.len().min(self.total - self.filled).min(REPORT)];
        // An oversized command is counted to its end but not kept, so that its answer comes in time.
        if let Some(room) = self.buffer.get_mut(self.filled..self.filled + data.len()) {
            room.copy_from_slice(data);
        }
        self.filled += data.len();
        // Wraps only behind the last report of the longest command there is, cut into single bytes.
        self.sequence = self.sequence.wrapping_add(1);
        if self.filled < self.total {
            return Received::Nothing;
        }
        self.total = 0;
        if self.filled > MAX_COMMAND { Received::Oversized } else { Received::Command }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

/// Cuts a reply into reports, one at a time, as the endpoint takes them.
#[derive(Debug, Clone, Copy)]
pub struct ReportWriter {
    channel: u16,
    sequence: u16,
}

impl ReportWriter {
    /// A reply on `channel`.
    pub const fn new(channel: u16) -> Self {
        Self { channel, sequence: 0 }
    }

    /// Fills in the next report of `reply`; `false` when all are out.
    pub fn next(&mut self, reply: &[u8], report: &mut [u8; REPORT]) -> bool {
        let filled = fill(report, self.channel, self.sequence, reply);
        self.sequence += u16::from(filled);
        filled
    }
}
