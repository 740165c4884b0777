//! Of the device: why it does not answer, why nothing is signed, why it said no.

use std::path::Path;

use highwater_core::apdu::Status;
use highwater_hosted::{Fault as HostedFault, KeyFault};

use super::{file, version};
use crate::device::{Absence, Answer, Fault, Plugged, Session, Shows, Standing, Target};
use crate::users;

/// Why the device gives no answer.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Absent(absence) => absent_device(absence),
        Fault::Permission(path) => format!(
            "{path} may not be opened by {}: install packaging/udev/70-highwater.rules, replug the device, and run as a member of \
             its group",
            users::name(users::ours())
        ),
        Fault::InUse(what) => format!(
            "another process holds the device ({what}): stop it, or use its admin socket through the same config"
        ),
        Fault::Hosted(fault) => hosted(fault),
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
             not the mark; plug in the pinned device, or let this one take over with `highwater mark adopt`, after `highwater key \
             restore` if the key was imported",
            hex::encode(found),
            hex::encode(pinned)
        ),
        Fault::Ending => "the bridge is shutting down: start it again".to_owned(),
    }
}

/// What is said of a device, with its name if it has one.
pub fn of_device(name: Option<&str>, text: String) -> String {
    match name {
        Some(name) => format!("device {name}: {text}"),
        None => text,
    }
}

/// A chain stands in the config at another device than the one that is named.
pub fn not_its_device(chain: &str, own: &str, other: &str) -> String {
    format!(
        "{chain} has the device {own} in the config, not {other}: leave --device out, or set device = {other:?} in its [[chain]] \
         first"
    )
}

/// No device of the config has this name.
pub fn unknown_device(name: &str, known: &str) -> String {
    match known.is_empty() {
        true => {
            format!("no device is called {name:?}: the one of the config has no name, so leave --device out")
        }
        false => format!("no device is called {name:?}: name one of {known}"),
    }
}

/// There is no configuration in which a device could have a name.
pub fn no_config_names(name: &str, path: &Path) -> String {
    format!(
        "there is no configuration at {} that names a device {name:?}: leave --device out and plug in the one that is meant, or \
         name a file with --config",
        path.display()
    )
}

/// There are several devices, and nothing says which.
pub fn which_device(known: &str) -> String {
    format!("the config has several devices: say which by --device, one of {known}")
}

/// The daemon has no such device.
pub fn daemon_without(name: Option<&str>, known: &str) -> String {
    let known = if known.is_empty() { "one without a name".to_owned() } else { known.to_owned() };
    match name {
        Some(name) => format!(
            "the daemon has no device {name:?}, it has {known}: the config was changed since it was started; start it again"
        ),
        None => format!(
            "the daemon has several devices, {known}: the config was changed since it was started; start it again"
        ),
    }
}

/// The daemon signs for the chain on another device than the config says.
pub fn daemon_has_another_device(chain: &str, on: &str) -> String {
    format!(
        "the daemon signs for {chain} on the device {on}, and the config says another one: start the daemon again, then run \
         the command"
    )
}

/// Two devices show one installation.
pub fn one_installation(name: &str, other: &str) -> String {
    format!(
        "the devices {name} and {other} show the same installation: the memory of one is a copy of the other's, and what it says \
         was signed may be old. Give no chain to the copy: stop the daemon, move the file of its marks out of state_dir, and start \
         the daemon again"
    )
}

/// The chain was given to another device in the config alone.
pub fn pinned_to_device(chain: &str, now: &str, pinned: &str) -> String {
    format!(
        "{chain} is pinned to the device {pinned}, and the config says {now}, so nothing is signed for it: set device = \
         {pinned:?} in its [[chain]] and start the daemon again, or let {now} take the chain over with `highwater mark adopt \
         {chain}`"
    )
}

/// Model, app and standing on one line.
pub(crate) fn model(session: &Session) -> String {
    let kind = match session.target {
        Target::Simulated => "simulated, NOT A HARDWARE KEY",
        Target::YubiHsm2 => "YubiHSM2, THE MARK IS A FILE OF THIS HOST",
        Target::Pkcs11 => "PKCS#11 token, THE MARK IS A FILE OF THIS HOST",
        Target::NanoS => "Nano S",
        Target::NanoSPlus => "Nano S Plus",
        Target::Unknown => "unknown model",
    };
    let state = standing(session.standing).unwrap_or("sound");
    format!("{kind}, Highwater {}, {state}", version(session.app))
}

/// Why there is no device to open.
fn absent_device(absence: &Absence) -> String {
    const PLUG: &str = "plug the device in, enter its PIN and open the Highwater app";
    match absence {
        Absence::Closed => format!("the link to the device was just closed: {PLUG}"),
        Absence::NoLedger => format!("no Ledger is plugged in: {PLUG}"),
        Absence::Usb(error) => format!(
            "USB cannot be used ({error}): check that this machine has /sys and /dev/hidraw devices, and replug the device"
        ),
        Absence::Unusable(plugged) => list(plugged.iter().map(unusable), "; and "),
        Absence::Unmatched { wanted, plugged } => format!(
            "no Ledger matches {wanted} of the config; plugged in: {}: correct or remove that line of [device], or plug in the \
             device that it means",
            list(plugged, ", ")
        ),
        Absence::NonePinned { pinned, answers } => {
            let cause = match pinned {
                true => "several Ledgers are plugged in, and none of them answers as the pinned installation",
                false => "several Ledgers are plugged in, and none is pinned yet",
            };
            let said = answers.iter().map(|(one, answer)| format!("{one} ({})", said(answer)));
            format!(
                "{cause}: {}: name the one to use as path in [device] of the config, or unplug the others",
                list(said, ", ")
            )
        }
        Absence::Emulator { address, error } => format!(
            "the emulator at {address} does not answer ({error}): start it, or correct address in [device] of the config"
        ),
        Absence::File { path, error } => file(path, &error.into()),
        Absence::Renamed { found, wanted } => renamed(found, wanted),
    }
}

/// A device in this process was renamed in the config, and its files were not.
fn renamed(found: &Path, wanted: &Path) -> String {
    format!(
        "the marks in {} belong to no device of the config, and this device has none: if it was renamed, stop the daemon and \
         move them to {}, and the files beside them (`.secret`, `.audit` or `.seed`) with them to the same name; if they are of a \
         device that is gone, move them out of state_dir",
        found.display(),
        wanted.display()
    )
}

/// Why a Ledger that is plugged in cannot be used.
fn unusable(one: &Plugged) -> String {
    let Plugged { model, shows, path, .. } = one;
    match shows {
        _ if !model.is_ours() => format!(
            "the Ledger that is plugged in is a {model} ({}), on which Highwater does not run: plug in a Nano S Plus or a Nano S",
            path.display()
        ),
        Shows::Old => format!(
            "the {model} at {} is in its bootloader, or another, old app is open on it: leave that, and open the Highwater app",
            path.display()
        ),
        Shows::NoApdu | Shows::Apdu => format!(
            "what is open on the {model} at {} takes no commands over HID: quit it, and open the Highwater app",
            path.display()
        ),
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Installation(installation) => format!("installation {}", hex::encode(installation)),
        Answer::Fault(fault) => match &**fault {
            Fault::Permission(_) => "may not be opened".to_owned(),
            Fault::InUse(_) => "held by another process".to_owned(),
            Fault::OtherApp(name) => format!("another app is open: {name}"),
            fault => fault.to_string(),
        },
    }
}

fn list(parts: impl IntoIterator<Item = impl std::fmt::Display>, between: &str) -> String {
    parts.into_iter().map(|part| part.to_string()).collect::<Vec<_>>().join(between)
}

/// What to do if the secret of a store's marks is not what it was.
const SECRET: &str = "put it back from the backup of the state directory: without it no mark is read and nothing is signed. If it is lost, \
     move the marks beside it (`.nvm`) away, and `highwater mark adopt` gives the new ones the mark";

/// Whether it is one that the device makes, and not one that the config names.
fn is_of_device(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|end| ["nvm", "seed", "secret"].iter().any(|ours| end == *ours))
}

/// Why the signer in this process cannot be opened, or stopped.
fn hosted(fault: &HostedFault) -> String {
    let cure = match fault {
        HostedFault::InUse(_) => {
            "another process runs this device: stop it, or use its admin socket through the same config"
        }
        HostedFault::Denied(_) => {
            "run as the owner of the state directory, or give the file back to that user with `chown`"
        }
        HostedFault::NotAFile(path) if is_of_device(path) => "put the device's own file back in its place",
        HostedFault::NotAFile(_) => {
            "name a plain file in that line of [device] in the config, and no link to one"
        }
        HostedFault::Exposed { .. } => "run `chmod 600` on it, and find out who could change or read it",
        HostedFault::Size { path, .. } if path.extension().is_some_and(|end| end == "secret") => SECRET,
        HostedFault::Size { .. } => {
            "put the device's own file back. If a memory (`.nvm`) is lost, move it away: the device starts anew with the \
             same key, and `highwater mark adopt` gives it the mark. If the seed is lost, so is the key"
        }
        HostedFault::SeedMissing(_) => {
            "the device's memory is there and its key is not: put the seed back. If the seed is lost, so is the key: \
             move the files `simulated*` away, and a new device is made"
        }
        HostedFault::Replaced(_) => {
            "DOUBLE-SIGN RISK: what is there now may have an old mark, or none, so nothing is signed. Find out who did it. If the \
             file itself was moved, move it back with `mv`, and it signs on. Else note `requested` of `highwater status`, stop \
             the daemon, move away what is there, and start it: the device has no mark then, and `highwater mark adopt` gives \
             it one, above all that was signed. Never put a copy there"
        }
        HostedFault::SecretMissing(_) => SECRET,
        HostedFault::Missing(name) if name.is_relative() => {
            "a name without a folder is a credential of systemd: add LoadCredential=NAME:FILE to the unit and start the daemon by \
             it, or name the file by its whole path in [device] of the config"
        }
        HostedFault::Missing(_) => {
            "correct that line of [device] in the config, or make the file, of mode 0600"
        }
        HostedFault::NoPassword(_) => "write the password or PIN into it, and nothing else",
        HostedFault::Io { .. } => {
            "check the disk and the file system: the device is opened anew, and signs nothing until its file can be \
             written"
        }
        HostedFault::Keys(KeyFault::Absent(why)) if why.starts_with("the module") => {
            "correct module in [device] of the config, or install the vendor's library"
        }
        HostedFault::Keys(KeyFault::Absent(_) | KeyFault::Broken(_)) => {
            "the key store is opened anew: check that it runs, and that [device] of the config names where"
        }
        HostedFault::Keys(KeyFault::Denied(_)) => {
            "correct the password or PIN in its file, or what that key may do, then start this program again: it is not tried twice, since a token \
             locks itself after a few wrong ones"
        }
        HostedFault::Keys(KeyFault::LogFull) => {
            "set `audit = true` in [device] of the config, then this program reads the log; or read it out and set its log index: until \
             then it signs nothing"
        }
        HostedFault::Keys(KeyFault::Elsewhere(_)) => {
            "DOUBLE-SIGN RISK. Nothing is signed with this HSM any more, also after a restart. Find out who has the authentication \
             key, or who rolled this disk back, and change what they used; look on chain for two votes of yours at one height and \
             round. Then, with the daemon stopped: `highwater yubihsm accept`, and `highwater mark set` for each chain, above all \
             that was signed"
        }
        HostedFault::Keys(KeyFault::NotLogged) => {
            "`audit = true` wants them there: `highwater yubihsm setup --audit` switches that on, or take the line away"
        }
        HostedFault::AuditMissing(_) => {
            "nothing is signed, since nobody knows what the HSM's log may show. Stop the daemon. If `audit = true` is new in the \
             config, `highwater yubihsm accept` begins the audit file. Else it was lost: look on chain for two votes of yours at one \
             height and round, as after a disk that was rolled back; then `highwater yubihsm accept`, and `highwater mark set` for \
             each chain, above all that was signed"
        }
        HostedFault::AuditDamaged(_) => {
            "what the HSM's log was held against is lost, so it may show signatures that nobody here knows. Stop the daemon, and look on \
             chain for two votes of yours at one height and round, as after a disk that was rolled back. Then move the file away, \
             `highwater yubihsm accept`, and `highwater mark set` for each chain, above all that was signed"
        }
        HostedFault::Keys(KeyFault::NoKey(_)) => "choose another key index",
    };
    format!("{fault}: {cure}")
}

/// What is weaker than on a Ledger, of a device in this process.
pub fn hosted_device(target: Target) -> Option<&'static str> {
    match target {
        Target::Simulated => Some("SIMULATED DEVICE: not a hardware key, its seed is a file in state_dir"),
        Target::YubiHsm2 => Some(
            "A YUBIHSM2 HOLDS THE KEYS, THE MARK IS A FILE OF THIS HOST: who rolls this disk back, or has the authentication key, can sign twice",
        ),
        Target::Pkcs11 => Some(
            "A PKCS#11 TOKEN HOLDS THE KEYS, THE MARK IS A FILE OF THIS HOST: who rolls this disk back, or has the PIN, can sign twice",
        ),
        Target::NanoS | Target::NanoSPlus | Target::Unknown => None,
    }
}

/// Before the first look at the device.
pub fn being_opened() -> &'static str {
    "the device is being opened: wait a few seconds; if this goes on, see the bridge's log"
}

/// Why the whole device signs nothing, if so.
pub fn standing(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Sound => None,
        Standing::OtherSeed => Some(
            "The device was unlocked with a different seed than the one this app was set up with. Restart it and enter the PIN of the original seed.",
        ),
        Standing::StorageDamaged => Some(
            "the app's memory is damaged beyond repair: reinstall it and add each chain with --last-signed from your own records",
        ),
        Standing::StorageFault => {
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
            "the mark is unclear after damage to flash: run `highwater mark adopt`, which asks the owner for the highest place this bridge knows"
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
            "flash or key failed on the device; the mark is safe: it reads them again, which takes seconds, while the node asks again; if it stays, restart the app"
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
        Status::NoKey => "no imported key has this number: see `highwater key list`",
        Status::KeyInUse => {
            "a chain on the device, or one that was removed and not forgotten, has this key: remove and forget the chain first"
        }
        Status::VaultFull => "all places for imported keys are taken: forget a key first",
        Status::BadBackup => {
            "the backup is of another seed, or damaged: use the device with the seed it was made on, or another copy of it"
        }
        Status::Internal => "a fault inside the app: restart the app on the device",
    }
}
