//! Of vote extensions.

use std::time::Duration;

use highwater_core::apdu::Status;
use highwater_core::hrs::Hrs;

use super::status;

/// It cannot be told whether a chain has vote extensions.
pub fn perhaps_extension(chain: &str) -> String {
    format!(
        "{chain}: its node does not say whether vote extensions are enabled, so an empty one is signed with each \
         precommit for a block; if the chain has none, vote_extensions = \"off\" spares the device that signature"
    )
}

/// The same, and the app on the device signs none.
pub fn perhaps_extension_unknown(chain: &str) -> String {
    format!(
        "{chain}: the app on the device signs no vote extensions; that is harmless unless the chain enabled them: then \
         its node stops at the first precommit, so install a newer app before you run it there"
    )
}

/// An extension's signature is due, and the app on the device gives none.
pub fn extensions_unknown(chain: &str) -> String {
    format!(
        "{chain} has vote extensions, which the app on the device does not sign, so the precommit is refused: install \
         a newer app"
    )
}

/// An extension's signature is due, and the config forbids it.
pub fn extensions_off(chain: &str) -> String {
    format!(
        "{chain} has vote extensions, but its vote_extensions is \"off\", so the precommit is refused: remove that \
         line from the config and restart the bridge"
    )
}

/// An extension is longer than any may be.
pub fn long_extension(chain: &str, length: usize) -> String {
    format!(
        "{chain}: a vote extension of {length} bytes is longer than any may be, so the precommit is refused: check the \
         application of the node"
    )
}

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
