//! The host's side.

use super::{FIRST, NEXT, REPORT, TAG_APDU, fill};

/// The reports of a command on `channel`, in order.
pub fn split(channel: u16, command: &[u8], mut send: impl FnMut(&[u8; REPORT])) {
    let mut report = [0; REPORT];
    let mut sequence = 0;
    while fill(&mut report, channel, sequence, command) {
        send(&report);
        sequence += 1;
    }
}

/// What a report from the device was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromDevice {
    /// A piece; more are to come.
    More,
    /// The last piece: read the reply with [`HostReader::reply`].
    Done,
    /// Of another channel or kind: somebody else's, or the late reply to an abandoned request. Ignored.
    Foreign,
    /// Of this channel but out of order or too long: the exchange is spoilt; close and reopen.
    Broken,
}

/// Bytes of the longest reply that an APDU can have, with its status word. Ours are shorter; the system's list of apps is not.
const LONGEST: usize = 255 + 2;

/// Puts one reply together.
#[derive(Debug)]
pub struct HostReader {
    channel: u16,
    buffer: [u8; LONGEST],
    total: usize,
    filled: usize,
    sequence: u16,
}

impl HostReader {
    /// Waits for a reply on `channel`.
    pub const fn new(channel: u16) -> Self {
        Self { channel, buffer: [0; LONGEST], total: 0, filled: 0, sequence: 0 }
    }

    /// The reply, once a report was [`FromDevice::Done`].
    pub fn reply(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Takes a report.
    pub fn report(&mut self, report: &[u8]) -> FromDevice {
        let [c0, c1, TAG_APDU, s0, s1, ..] = *report else {
            return FromDevice::Foreign;
        };
        if u16::from_be_bytes([c0, c1]) != self.channel {
            return FromDevice::Foreign;
        }
        if u16::from_be_bytes([s0, s1]) != self.sequence {
            return FromDevice::Broken;
        }
        let data = if self.sequence == 0 {
            let Some([l0, l1]) = report.get(NEXT..FIRST).and_then(|length| length.first_chunk::<2>()) else {
                return FromDevice::Broken;
            };
            self.total = usize::from(u16::from_be_bytes([*l0, *l1]));
            &report[FIRST..]
        } else if report.len() > NEXT {
            &report[NEXT..]
        } else {
            // Without data it would go on for ever, and the sequence would overflow.
            return FromDevice::Broken;
        };
        let data = &data[..data.len().min(self.total - self.filled)];
        let Some(room) = self.buffer.get_mut(self.filled..self.filled + data.len()) else {
            return FromDevice::Broken;
        };
        room.copy_from_slice(data);
        self.filled += data.len();
        self.sequence += 1;
        if self.filled == self.total { FromDevice::Done } else { FromDevice::More }
    }
}

const _: () = assert!(REPORT == 64);
