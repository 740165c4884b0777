//! The two commands every app of Ledger answers, of the class B0.

use highwater_core::apdu::{Reply, Status};
use nanos_sdk::Os;

/// A command that is not the signer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// Answered; no more to it.
    Answered,
    /// The app is to end once the answer has left.
    Quit,
}

const CLA: u8 = 0xb0;
const APP_AND_VERSION: u8 = 0x01;
const QUIT: u8 = 0xa7;

/// Answers a command of the class B0; `None` if it is of another.
///
/// Any host program may ask an app to quit, so it is refused while a chain is armed: it would take a validator down.
#[inline(never)]
pub(crate) fn answer(command: &[u8], idle: bool, os: &Os, reply: &mut Reply) -> Option<Own> {
    let [CLA, ins, ..] = *command else { return None };
    reply.clear();
    let (status, own) = match ins {
        APP_AND_VERSION => {
            let mut data = [0; 40];
            let length = os.app_and_version(&mut data);
            reply.put(&data[..length]);
            (Status::Ok, Own::Answered)
        }
        QUIT if idle => (Status::Ok, Own::Quit),
        QUIT => (Status::Denied, Own::Answered),
        _ => (Status::Instruction, Own::Answered),
    };
    reply.finish(status);
    Some(own)
}
