//! Of vote extensions.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use super::status;

/// An extension took longer than its node waits at a time.
pub fn slow_extension(chain: &str, length: usize, took: Duration) -> String {
    format!(
        "{chain}: precommit and extension ({length} bytes) took {:.1} s, a node waits 5 s and then asks again: the vote \
         may come too late; `highwater status` shows what is signed in time; put shorter extensions into the \
         application, or fewer chains on the device",
        took.as_secs_f64()
    )
}

/// The signature of an extension that does not verify; nothing of it is shown.
pub fn wrong_extension(chain: &str) -> String {
    format!(
        "the device's signature of a vote extension for {chain} does not verify, or its stream broke twice, so the \
         precommit is refused: check with `highwater device info` that the right device is plugged in and no other \
         program speaks to it, and replace it if it is"
    )
}

/// The precommit is signed, its extension was refused.
pub fn extension_refused(chain: &str, asked: Hrs, reason: Status) -> String {
    format!(
        "{chain} {asked}: the vote extension was refused with {:04x}, so the precommit is not given out without it: {}",
        reason.word(),
        status(reason)
    )
}
