//! HID framing: any reports in any order break nothing, and a command among them comes through whole.

use highwater_core::apdu::{MAX_COMMAND, MAX_REPLY};
use highwater_core::hid::{Assembler, FromDevice, HostReader, REPORT, Received, ReportWriter, split};

/// Reports cut from `data` to both ends, then a command and a reply.
pub fn run(data: &[u8]) {
    let mut assembler = Assembler::new();
    let mut host = HostReader::new(0x0101);
    let mut rest = data;
    let mut live = true;
    while let Some((length, after)) = rest.split_first() {
        let (report, after) = after.split_at(after.len().min(usize::from(*length) % (REPORT + 1)));
        rest = after;
        if assembler.report(report) == Received::Command {
            assert!(!assembler.command().is_empty() && assembler.command().len() <= MAX_COMMAND);
        }
        // A host drops the exchange at the first broken report and never reads on.
        live = live && matches!(host.report(report), FromDevice::More | FromDevice::Foreign);
    }
    let message = &data[..data.len().min(MAX_COMMAND)];
    if message.is_empty() {
        return;
    }
    let mut last = Received::Nothing;
    split(0x0707, message, |report| last = assembler.report(report));
    assert_eq!((last, assembler.command(), assembler.channel()), (Received::Command, message, 0x0707));
    let reply = &data[..data.len().min(MAX_REPLY)];
    let (mut writer, mut host, mut report) = (ReportWriter::new(9), HostReader::new(9), [0; REPORT]);
    let mut last = FromDevice::More;
    while writer.next(reply, &mut report) {
        last = host.report(&report);
    }
    assert_eq!((last, host.reply()), (FromDevice::Done, reply));
}
