//! Ledger's HID framing: an APDU cut into reports of 64 bytes, and put together again. Sans I/O.
//!
//! A report is channel 2, tag 05, sequence 2 (big endian, from 0), in the first one the length of the
//! whole 2, then data, zero padded: 57 bytes in the first report, 59 in each further one. The channel is
//! the host's choice and is echoed; the host takes a fresh one for every exchange, so that a late reply
//! to an abandoned request is told from the reply it waits for.

mod device;
mod host;

pub use device::{Assembler, Received, ReportWriter};
pub use host::{FromDevice, HostReader, split};

/// Bytes of a report.
pub const REPORT: usize = 64;

/// Tag of a report that carries a piece of an APDU.
pub const TAG_APDU: u8 = 0x05;

/// Bytes before the data in a first report.
const FIRST: usize = 7;
/// Bytes before the data in a further report.
const NEXT: usize = 5;

/// Reports that `len` bytes of APDU or reply take.
pub const fn reports(len: usize) -> usize {
    (len + 2).div_ceil(REPORT - NEXT)
}

fn header(report: &mut [u8; REPORT], channel: u16, sequence: u16) {
    report[..2].copy_from_slice(&channel.to_be_bytes());
    report[2] = TAG_APDU;
    report[3..5].copy_from_slice(&sequence.to_be_bytes());
}

/// Fills in report `sequence` of `message`; `false` once the message is at its end.
fn fill(report: &mut [u8; REPORT], channel: u16, sequence: u16, message: &[u8]) -> bool {
    *report = [0; REPORT];
    header(report, channel, sequence);
    let (at, start) = if sequence == 0 {
        report[5..7].copy_from_slice(&(message.len() as u16).to_be_bytes());
        (FIRST, 0)
    } else {
        (NEXT, usize::from(sequence) * (REPORT - NEXT) - 2)
    };
    let Some(rest) = message.get(start..) else {
        return false;
    };
    if rest.is_empty() && sequence > 0 {
        return false;
    }
    let len = rest.len().min(REPORT - at);
    report[at..at + len].copy_from_slice(&rest[..len]);
    true
}
