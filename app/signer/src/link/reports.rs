//! Commands out of reports, replies into reports.

use highwater_core::apdu::{Reply, Status};
use highwater_core::hid::{Assembler, REPORT, Received, ReportWriter};
use nanos_sdk::{Host, Io, SendError};

/// The host's side of the app: one command in, one reply out.
#[derive(Debug)]
pub(crate) struct Link {
    assembler: Assembler,
    pub(crate) reply: Reply,
    /// The reply under way; `None` when all of it has left.
    writer: Option<ReportWriter>,
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self { assembler: Assembler::new(), reply: Reply::new(), writer: None }
    }

    /// Takes what the host does; true when a command is whole and wants an answer ([`Link::exchange`]).
    pub(crate) fn take(&mut self, host: Host<'_>) -> bool {
        match host {
            Host::Report(report) => return self.report(report),
            Host::ReportSent => {}
            Host::LinkReset => self.reset(),
        }
        false
    }

    fn report(&mut self, report: &[u8]) -> bool {
        match self.assembler.report(report) {
            Received::Nothing => false,
            Received::Command => true,
            Received::Oversized => {
                self.reply.clear();
                self.reply.finish(Status::Length);
                self.answered();
                false
            }
        }
    }

    /// The command that was received, and room for its reply.
    pub(crate) fn exchange(&mut self) -> (&[u8], &mut Reply) {
        (self.assembler.command(), &mut self.reply)
    }

    /// The reply is complete. What is left of an older one is dropped: its host asks something else now. So is the command.
    pub(crate) fn answered(&mut self) {
        self.assembler.wipe();
        self.writer = Some(ReportWriter::new(self.assembler.channel()));
    }

    /// Sends the next report of the reply, if the endpoint takes one.
    #[inline(never)]
    pub(crate) fn pump(&mut self, io: &mut Io) {
        let Some(writer) = &mut self.writer else { return };
        match io.can_send() {
            Ok(()) => {}
            Err(SendError::Busy) => return,
            // Nobody is there to take it, and waiting for somebody would hold up all the rest.
            Err(SendError::NotReady) => {
                self.writer = None;
                return;
            }
        }
        let mut report = [0; REPORT];
        if writer.next(self.reply.as_bytes(), &mut report) {
            // It was asked whether it can.
            let _ = io.send_report(&report);
        } else {
            self.writer = None;
        }
    }

    /// Whether all of the last reply has left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.writer.is_none()
    }

    /// The host has gone: what was half received or half sent is void.
    fn reset(&mut self) {
        self.assembler.reset();
        self.writer = None;
    }
}
