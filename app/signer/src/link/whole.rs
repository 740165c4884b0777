//! Commands come whole, and replies go whole.

use highwater_core::apdu::{MAX_COMMAND, Reply, Status};
use nanos_sdk::crypto::wipe;
use nanos_sdk::{Host, Io};

/// The host's side of the app: one command in, one reply out.
#[derive(Debug)]
pub(crate) struct Link {
    command: [u8; MAX_COMMAND],
    length: u16,
    pub(crate) reply: Reply,
    /// The reply is complete and has not left.
    due: bool,
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self { command: [0; MAX_COMMAND], length: 0, reply: Reply::new(), due: false }
    }

    /// Takes what the host does; true when a command wants an answer ([`Link::exchange`]).
    ///
    /// A command that is too long is never cut: what is left of one may be a well-formed command, and another one.
    pub(crate) fn take(&mut self, host: Host<'_>) -> bool {
        let Host::Command(command) = host;
        match self.command.get_mut(..command.len()) {
            Some(room) => {
                room.copy_from_slice(command);
                self.length = command.len() as u16;
                true
            }
            None => {
                self.reply.clear();
                self.reply.finish(Status::Length);
                self.answered();
                false
            }
        }
    }

    /// The command that was received, and room for its reply.
    pub(crate) fn exchange(&mut self) -> (&[u8], &mut Reply) {
        (&self.command[..usize::from(self.length)], &mut self.reply)
    }

    /// The reply is complete, and nothing is left of its command.
    pub(crate) fn answered(&mut self) {
        wipe(&mut self.command);
        self.due = true;
    }

    /// Sends the reply.
    #[inline(never)]
    pub(crate) fn pump(&mut self, io: &mut Io) {
        if core::mem::take(&mut self.due) {
            // A host that has gone does not miss it.
            let _ = io.reply(self.reply.as_bytes());
        }
    }

    /// Whether the last reply has left.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.due
    }
}
