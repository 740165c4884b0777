//! Of the device: why it does not answer, why nothing is signed, why it said no.

use highwater_core::apdu::Status;

use super::version;
use crate::device::Fault;

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
        Fault::NoExtensions(app) => format!(
            "the app {} does not sign vote extensions, so nothing is signed with it: install the newest app",
            version(*app)
        ),
        Fault::Malformed(command) => format!(
            "the reply to {command} is malformed: replug the device; if it comes again, install the app again"
        ),
        Fault::WrongReply => {
            "the device's reply does not fit what was asked: it is opened anew and asked once more; if this goes on, \
             check with `highwater device info` that the right device is plugged in"
                .to_owned()
        }
        Fault::OtherInstallation { found, pinned } => format!(
            "this is installation {} of the app, pinned is {}: a spare or a reinstalled app has the same key but \
             not the mark; plug in the pinned device, or let this one take over with `highwater mark adopt`",
            hex::encode(found),
            hex::encode(pinned)
        ),
        Fault::Ending => "the bridge is shutting down: start it again".to_owned(),
    }
}

/// Before the first look at the device.
pub fn being_opened() -> &'static str {
    "the device is being opened: wait a few seconds; if this goes on, see the bridge's log"
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
            "the chain is approved already: see `highwater device info`, and use `highwater mark set` to move its mark, or `highwater mark adopt` to pin it here"
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
