//! One cause and one cure per fault: the only place with such sentences.

pub(crate) mod link;

use std::path::Path;

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};

use crate::device::Fault;

/// `1.2.3`.
pub fn version([major, minor, patch]: [u8; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

/// A step, as HRS are written.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::None => "none",
        Step::Proposal => "proposal",
        Step::Prevote => "prevote",
        Step::Precommit => "precommit",
    }
}

/// Why the device gives no answer.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Absent(text) => {
            format!("the device is not there ({text}): plug it in, enter the PIN, open the Highwater app")
        }
        Fault::Permission(path) => format!(
            "{path} may not be opened: install the udev rule of packaging/ and run as a member of its group"
        ),
        Fault::InUse(what) => format!(
            "another process holds the device ({what}): stop it, or use its admin socket through the same config"
        ),
        Fault::Silent(text) => format!(
            "the device did not answer ({text}): it is opened anew; if this goes on, replug it and open the app"
        ),
        Fault::Locked => "the device is locked: enter its PIN and open the Highwater app".to_owned(),
        Fault::OtherApp(name) => {
            format!("another app than Highwater is open on the device ({name}): quit it and open Highwater")
        }
        Fault::Protocol { min, current } => format!(
            "the app speaks protocol {min} to {current}, this bridge speaks {}: install versions that belong together",
            highwater_core::apdu::PROTOCOL
        ),
        Fault::Malformed(command) => format!(
            "the reply to {command} is malformed: replug the device; if it comes again, install the app again"
        ),
        Fault::OtherInstallation { found, pinned } => format!(
            "this is installation {} of the app, pinned is {}: a spare or a reinstalled app has the same key but \
             not the mark; plug in the pinned device",
            hex::encode(found),
            hex::encode(pinned)
        ),
        Fault::Ending => "the bridge is shutting down: start it again".to_owned(),
    }
}

/// Why the whole device signs nothing, if so. `standing` as GET_VERSION reports it.
pub fn standing(standing: u8) -> Option<&'static str> {
    match standing {
        0 => None,
        1 => Some(
            "the device runs on another seed than at the app's first start: restart it with the PIN of that seed",
        ),
        2 => Some(
            "the app's memory is damaged beyond repair: reinstall it and add each chain with --last-signed from your own records",
        ),
        _ => {
            Some("the device's flash failed at start: quit and open the app; if it stays, replace the device")
        }
    }
}

/// Why the signer said no, and what to do.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "done",
        Status::Locked => "the device is locked: enter its PIN and try again",
        Status::Length | Status::Parameters | Status::Class | Status::Instruction => {
            "app and bridge do not understand each other: install versions that belong together"
        }
        Status::Denied => "the owner refused on the device: try again when the owner agrees",
        Status::NotCanonical => {
            "these are not the canonical bytes of a vote or proposal: check that the node is an unmodified CometBFT"
        }
        Status::UnknownChain => "the chain is not approved on the device: run `highwater chain add`",
        Status::Unclear => {
            "the mark is unclear after damage to flash: run `highwater mark set` with the last signed place of your records"
        }
        Status::HeightRegression | Status::RoundRegression | Status::StepRegression => {
            "the place is below the mark, so something was signed beyond it: let the node catch up, and check that no second node signs"
        }
        Status::Conflict => {
            "another statement was signed at this place: check that no second node runs with this key; the node goes on at the next step"
        }
        Status::NoStatement => {
            "the mark was set to this very place by command: the node goes on at the next step"
        }
        Status::Leap => {
            "the place is too far above the mark: if the chain really is there, run `highwater mark set` and approve it"
        }
        Status::NoPrecommit => {
            "the mark is not at the precommit of this extension: the node goes on at the next height"
        }
        Status::ExtensionDiffers | Status::ExtensionOrder => {
            "the extension changed on its way: replug the device and let the node ask again"
        }
        Status::OtherSeed => {
            "the device runs on another seed than at the app's first start: restart it with the PIN of that seed"
        }
        Status::PromptUp => "another question stands on the device: answer it there, then try again",
        Status::NoTicket => {
            "the question is gone, the app was restarted or another was asked: run the command again"
        }
        Status::ChainKnown => {
            "the chain is approved already: see `highwater device info`, and `highwater mark set` to move its mark"
        }
        Status::TableFull => "all chain slots are taken: remove and forget a chain first",
        Status::StorageFault => {
            "flash or key failed on the device; the mark is safe: it tries again; if it stays, restart the app"
        }
        Status::BelowSigned => {
            "the mark would fall below what was signed: only removing and adding the chain can do that"
        }
        Status::WrongIncarnation => "the chain was removed and added meanwhile: run the command again",
        Status::NotSupported => "this app version cannot do that: install a newer one",
        Status::PromptsPaused => {
            "questions are paused after a refusal: press a button on the device's home screen, or wait"
        }
        Status::StorageDamaged => {
            "the app's memory is damaged: nothing is signed from it; see `highwater device info` for the slot"
        }
        Status::Internal => "a fault inside the app: restart the app on the device",
    }
}

/// A refusal as the node's log will show it.
pub fn refused(chain: &str, asked: Hrs, reason: Status, mark: Option<Hrs>) -> String {
    let mark = mark.map_or_else(String::new, |mark| format!(" (mark {mark})"));
    format!("{chain} {asked} refused with {:04x}{mark}: {}", reason.word(), status(reason))
}

/// The request is beyond the planned halt.
pub fn beyond_stop(stop: u64) -> String {
    format!(
        "stop_height is {stop}: to sign beyond it, change or remove it in the config and restart the bridge"
    )
}

/// A signature that does not verify; nothing of it is shown.
pub fn wrong_signature(chain: &str) -> String {
    format!(
        "the device's signature for {chain} does not verify under the pinned key: it was thrown away; check with \
         `highwater device info` that the right device is plugged in, and replace it if it is"
    )
}

/// The device released less than it had released before.
pub fn fallen(chain: &str, last: Hrs, now: Hrs) -> String {
    format!(
        "the device's mark of {chain} fell: it signed {now} in conflict with {last}; nothing more is signed for this \
         chain: take the device out of service and restart the bridge only with another one"
    )
}

/// The device has been away for too long.
pub fn absent(seconds: u64) -> String {
    format!("no answer from the device for {seconds} s: see the bridge's log for cause and cure")
}

/// The request names another chain than the link.
pub fn other_chain(chain: &str) -> String {
    format!("this socket signs for {chain:?} only: check the node's genesis and priv_validator_laddr")
}

/// A vote extension with content is to be signed.
pub fn extension(chain: &str) -> String {
    format!(
        "{chain}: the application puts content into vote extensions, which this version does not sign, so the \
         precommit is refused; this chain needs a version that signs extensions"
    )
}

/// A precommit may want the signature of an empty extension.
pub fn empty_extension(chain: &str) -> String {
    format!(
        "{chain}: vote extensions are not signed by this version; that is harmless unless the chain enabled them: \
         then its node stops at the first precommit, so do not run this version there"
    )
}

/// The config file cannot be read.
pub fn config_unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read ({error}): name a readable file with --config", path.display())
}

/// The config file is no such file.
pub fn config_syntax(error: &str) -> String {
    format!("{}\ncorrect the line shown; docs/operations.md lists every key", error.trim_end())
}

/// A chain was never added.
pub fn not_pinned(chain: &str) -> String {
    format!("chain {chain:?} has no pinned key: run `highwater chain add {chain} --key-index N` first")
}

/// The key is not the pinned one.
pub fn other_key(chain: &str) -> String {
    format!(
        "{chain} is pinned with another key: it belongs to another device; plug that in, or use another state_dir"
    )
}

/// A file of the state directory is not as it was written.
pub fn state(path: &Path, cause: &str) -> String {
    format!(
        "{}: {cause}; restore it from a backup, or remove it and run `highwater chain add` again",
        path.display()
    )
}

/// Another daemon holds the state directory.
pub fn second_daemon(path: &str) -> String {
    format!("{path}: another highwater process owns this device; stop it first")
}

/// The daemon's socket broke.
pub fn admin_broken(error: &std::io::Error) -> String {
    format!("the daemon stopped answering ({error}): see its log, then run the command again")
}
