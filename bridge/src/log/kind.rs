//! The stable name of each event: the field `kind` of every line of the log. An alert matches it, never the words beside
//! it, which may be said better tomorrow.
//!
//! How a name is made: **the area, a dot, what happened**, in lower case, with `_` inside a word.
//!
//! | area | it is about |
//! | --- | --- |
//! | `daemon` | the process |
//! | `admin` | commands and watchers |
//! | `node` | the link to one node |
//! | `refused` | a request that got an error; the word behind the dot is the rule: `refused.conflict` |
//! | `device` | the device: `device.ready`, `device.locked`, `device.absent` |
//! | `chain` | what the owner did to a chain: `chain.adopted` |
//! | `state` | the state file: `state.unwritten`, `state.written` |
//! | `mark` | how the host follows the device's mark: `mark.followed`, `mark.regressed` |
//! | `request`, `extension` | a request without an answer, a vote extension |
//! | `block`, `rpc` | a block that the chain has without our signature, or with one of another signer; the node that tells |
//!
//! `signed` alone has no area: a signature went out. A name is never given a second meaning, and one that is gone does not
//! come back. What it is about stands beside it in fields of one name everywhere: `chain`, `node`, `height`, `round`, `step`.
//! A new one is added below; `HIGHWATER_WRITE=1 cargo test -p highwater --lib manual` writes the table of docs/reference/log.md.

use std::fmt;

macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal,)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Kind {
            /// All of them, as the manual lists them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable name.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What happened, for the manual.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($meaning),+).trim_ascii(),)+
                }
            }
        }
    };
}

kinds! {
    /// the daemon serves its nodes
    DaemonStarted = "daemon.started",
    /// who the bridge is to nodes on `noise://`
    DaemonIdentity = "daemon.identity",
    /// a signal asked the daemon to end: what is under way is finished
    DaemonStopping = "daemon.stopping",
    /// the daemon ends; the last place of each chain
    DaemonStopped = "daemon.stopped",
    /// a part of the daemon failed
    DaemonPanicked = "daemon.panicked",
    /// the device's thread or the signer's task stands still: the service manager restarts the daemon, if no other device lives
    DaemonHung = "daemon.hung",
    /// the device is a simulated one, no hardware key
    DeviceSimulated = "device.simulated",
    /// the keys are in a store beside this host, and the mark is a file of this host
    DeviceMarkOnHost = "device.mark_on_host",
    /// metrics are served at last
    AdminServed = "admin.served",
    /// metrics are served on an address that others than this host reach
    AdminExposed = "admin.exposed",
    /// metrics cannot be served; tried again
    AdminUnserved = "admin.unserved",
    /// a command or watcher could not be let in; tried again
    AdminCrowded = "admin.crowded",
    /// admin socket or metrics are gone; signing goes on
    AdminEnded = "admin.ended",
    /// a chain was adopted by another device while the daemon runs
    ChainAdopted = "chain.adopted",
    /// the pin of a device that is being adopted cannot be written; tried again, and nothing is signed until then
    ChainUnpinned = "chain.unpinned",
    /// the link to a node is up
    NodeConnected = "node.connected",
    /// a node closed its link, as nodes do; it is dialled again
    NodeDisconnected = "node.disconnected",
    /// a link ended as it should not; it is dialled again
    NodeFailed = "node.failed",
    /// a node cannot be reached; dialling goes on
    NodeUnreachable = "node.unreachable",
    /// a link is weaker than its operator may think
    NodeExposed = "node.exposed",
    /// a node gets no answer yet, and asks again
    NodeUnanswered = "node.unanswered",
    /// a node asked for another chain
    RefusedWrongChain = "refused.wrong_chain",
    /// a node asked for a raw signature
    RefusedRawSigning = "refused.raw_signing",
    /// a node's request is malformed
    RefusedMalformed = "refused.malformed",
    /// a signature was given to a node
    Signed = "signed",
    /// a signature was given once more
    SignedAgain = "signed.again",
    /// a signature came when its node had left; it is kept for the node's next question
    SignedLate = "signed.late",
    /// a node gets no answer yet, and why
    Silent = "request.silent",
    /// a precommit with its vote extension took longer than a node waits
    ExtensionSlow = "extension.slow",
    /// the bridge made bytes that are not canonical: a fault of its own
    RefusedNotCanonical = "refused.not_canonical",
    /// a message of another chain came
    RefusedOtherChain = "refused.other_chain",
    /// the request is above `stop_height`
    RefusedBeyondStop = "refused.beyond_stop",
    /// the chain is stopped: double-sign risk
    RefusedStopped = "refused.stopped",
    /// a vote extension is longer than any may be
    RefusedLongExtension = "refused.long_extension",
    /// a vote extension is longer than the key store of this device takes
    RefusedLongForDevice = "refused.long_for_device",
    /// the request is below what this bridge released
    RefusedBelowReleased = "refused.below_released",
    /// the request is not above the place where the device took the chain over
    RefusedBelowAdopted = "refused.below_adopted",
    /// another statement was released at this place
    RefusedConflict = "refused.conflict",
    /// the mark was lowered on the device without the host
    RefusedTakenBack = "refused.taken_back",
    /// a lowering of the mark is asked for, and the owner's answer is not known
    RefusedLowering = "refused.lowering",
    /// another node has this height
    RefusedOwned = "refused.owned",
    /// another block is precommitted at this height
    RefusedLockedBlock = "refused.locked_block",
    /// it is not known which block is precommitted at this height
    RefusedLockUnknown = "refused.lock_unknown",
    /// a rule of the device said no; the words name the status word
    RefusedDevice = "refused.device",
    /// a rule of the device said no to a vote extension
    RefusedDeviceExtension = "refused.device_extension",
    /// another installation than the pinned one is plugged in
    RefusedOtherInstallation = "refused.other_installation",
    /// a signature of the device did not verify, twice
    RefusedWrongSignature = "refused.wrong_signature",
    /// a vote extension's signature did not verify, twice
    RefusedWrongExtension = "refused.wrong_extension",
    /// nothing was known for 20 s
    RefusedAbsent = "refused.absent",
    /// the host's highest place followed a mark that the device shows
    MarkFollowed = "mark.followed",
    /// the owner lowered the mark, as confirmed on the host
    MarkLowered = "mark.lowered",
    /// the owner lowered the mark behind the host's back
    MarkTakenBack = "mark.taken_back",
    /// the device shows a mark below what it showed or signed before: the chain is stopped
    MarkRegressed = "mark.regressed",
    /// the state file is written again
    StateWritten = "state.written",
    /// the state file cannot be written
    StateUnwritten = "state.unwritten",
    /// a write of the state file has taken a second and goes on: its disk hangs
    StateLate = "state.late",
    /// the chain has blocks without our signature, and why: signed too late, node too late, not signed, not asked for
    BlockMissed = "block.missed",
    /// the chain has a block with a signature of our key that was not made here: DOUBLE-SIGN RISK, another signer runs
    BlockElsewhere = "block.signed_elsewhere",
    /// the node at `rpc` tells again what the chain has
    RpcAnswers = "rpc.answers",
    /// the node at `rpc` does not tell what the chain has; asked again, and no signature waits for it
    RpcUnanswered = "rpc.unanswered",
    /// the device was opened and said who it is
    DeviceReady = "device.ready",
    /// the installation of the app is not sound
    DeviceUnsound = "device.unsound",
    /// no device is there
    DeviceAbsent = "device.absent",
    /// the device file may not be opened
    DevicePermission = "device.permission",
    /// another process holds the device
    DeviceInUse = "device.in_use",
    /// the device did not answer
    DeviceSilent = "device.silent",
    /// the device is locked
    DeviceLocked = "device.locked",
    /// another app is open on the device
    DeviceOtherApp = "device.other_app",
    /// the app speaks another protocol
    DeviceProtocol = "device.protocol",
    /// a reply of the device has no form
    DeviceMalformed = "device.malformed",
    /// a reply of the device does not fit what was asked
    DeviceWrongReply = "device.wrong_reply",
    /// another installation than the pinned one
    DeviceOtherInstallation = "device.other_installation",
    /// the app is older than this bridge: it signs no vote extensions
    DeviceOldApp = "device.old_app",
    /// the signer in this process cannot be opened, or stopped
    DeviceHosted = "device.hosted",
    /// the log of the keys' store shows a signature that was not made here: DOUBLE-SIGN RISK, nothing more is signed
    DeviceSignedElsewhere = "device.signed_elsewhere",
    /// the device's task ends
    DeviceEnding = "device.ending",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn each_name_is_an_area_and_what_happened_and_stands_once() {
        let well_formed =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b == b'_' || b.is_ascii_lowercase());
        for kind in Kind::ALL {
            // A signature has no area.
            let parts = kind.word().split_once('.').unwrap_or(("signed", kind.word()));
            assert!(well_formed(parts.0) && well_formed(parts.1), "{kind}");
        }
        let words: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }

    #[test]
    fn the_manual_lists_every_kind() {
        let rows = Kind::ALL.iter().map(|kind| format!("| `{kind}` | {} |\n", kind.meaning()));
        let table = format!("| `kind` | what happened |\n| --- | --- |\n{}", rows.collect::<String>());
        crate::manual_tests::has("docs/reference/log.md", [("kinds".to_owned(), table)]);
    }

    /// Every source below these places.
    fn sources(at: &Path, found: &mut Vec<PathBuf>) {
        if at.is_dir() {
            fs::read_dir(at).unwrap().for_each(|entry| sources(&entry.unwrap().path(), found));
        } else if at.extension().is_some_and(|extension| extension == "rs") {
            found.push(at.to_owned());
        }
    }

    #[test]
    fn every_event_begins_with_its_kind() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for place in
            ["admin", "cli", "device", "log", "node", "rpc", "signer", "store", "main.rs", "watchdog.rs"]
        {
            sources(&here.join(place), &mut found);
        }
        let mut events = 0;
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            for level in ["debug!(", "info!(", "warn!(", "error!("] {
                // A name that only ends like one of them is another macro.
                for (at, _) in text.match_indices(level).filter(|(at, _)| {
                    !text[..*at].ends_with(|before: char| before.is_alphanumeric() || "_\"".contains(before))
                }) {
                    let event = text[at + level.len()..].trim_start();
                    let line = text[..at].lines().count();
                    assert!(event.starts_with("kind = %"), "{}:{line}: an event without", path.display());
                    events += 1;
                }
            }
        }
        assert!(events > 15, "only {events} events were found");
    }
}
