//! Of the app's image: what it is not, why it is not loaded, what the loader meant.

use std::path::{Path, PathBuf};

use crate::device::{Absence, Fault, Target};
use crate::operator::firmware::{Facts, Image, PACKAGE};

/// What the owner sees on the device while the app is loaded, in order.
pub(crate) const DEVICE_ASKS: &str = "\
The device asks, and its buttons answer:
  1. \"Deny unsafe manager\" and \"Allow unsafe manager\", with a public key: allow.
  2. The app's name, its version and an identifier: install, then the PIN.
  3. When the app is opened, that it is not genuine: Ledger has not signed it. That comes at each start.
The words differ from system to system. Leave the cable alone: it takes some minutes.";

/// No image is where it should be.
pub(crate) fn no_image(folder: &Path, found: usize) -> String {
    if found > 1 {
        return format!(
            "{} has images for several devices: name the folder of one, or keep one there.",
            folder.display()
        );
    }
    format!(
        "{} has no image of the app (highwater-nanosplus.hex, highwater-nanos.hex): name the folder that has one with --image, as \
         target/firmware/nanosplus after `cargo xtask firmware`.",
        folder.display()
    )
}

/// Nobody named a folder, and none is where they are put.
pub(crate) fn no_folder(device: &str, places: &[PathBuf]) -> String {
    let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
    format!(
        "No image for a {device} is in {}: name the folder that has one with --image, as firmware/{device} of the release \
         archive or target/firmware/{device} after `cargo xtask firmware`.",
        places.join(" or ")
    )
}

/// The records of an image cannot be read.
pub(crate) fn damaged_hex(path: &Path) -> String {
    format!("{} is damaged or cut off: fetch it again, and compare its digest.", path.display())
}

/// The two files of an image differ.
pub(crate) fn other_bin(hex: &Path, bin: &Path) -> String {
    format!(
        "{} and {} hold different bytes, so one of them is not what was built: fetch both again.",
        hex.display(),
        bin.display()
    )
}

/// What ledgerctl loads is not the image.
pub(crate) fn other_ledgerctl(path: &Path) -> String {
    format!(
        "{} holds another app than the image beside it, or is damaged: load it with nothing, and fetch the whole folder again.",
        path.display()
    )
}

/// The lengths are no lengths of this image.
pub(crate) fn lengths(path: &Path, declared: u64) -> String {
    format!(
        "{} declares {declared} bytes beside the code, and the image has no more than that: take the file that was built with the \
         image.",
        path.display()
    )
}

/// An image that is not the known one, without what a loader is told.
pub(crate) fn no_facts(path: &Path) -> String {
    format!(
        "This is not the image that this version was built beside, and {} is not there to say its lengths: take the whole folder \
         that `cargo xtask firmware` left.",
        path.display()
    )
}

/// The file of the lengths says something else.
pub(crate) fn wrong_facts(path: &Path, why: &str) -> String {
    format!(
        "{} cannot be used ({}): take the file that was built with the image.",
        path.display(),
        why.trim_end()
    )
}

/// The image is of nobody that is known.
pub(crate) fn unknown_image(image: &Image) -> String {
    format!(
        "The image in {} is not the one that this version of highwater was built beside (SHA-256 {}). If you built it yourself, \
         by another compiler or with other rings, repeat that digest with --sha256 to install it; else take the image of the release.",
        image.folder.display(),
        image.sha256
    )
}

/// The owner repeated another digest.
pub(crate) fn not_the_repeated(image: &Image, repeated: &str) -> String {
    format!(
        "The image in {} has the SHA-256 {}, not {repeated}: nothing is loaded. Take the image that you mean.",
        image.folder.display(),
        image.sha256
    )
}

/// The image is for another device than the one that was named.
pub(crate) fn other_device_named(image: &Image, device: &str) -> String {
    format!(
        "The image in {} is for a {}, and --device says {device}: name the folder of that device's image.",
        image.folder.display(),
        image.facts.title
    )
}

/// Neither a device nor a folder was named, and none is plugged in.
pub(crate) fn name_a_device() -> String {
    "No Ledger is there to tell which image is meant: plug it in and enter its PIN, or name the image with --device or --image."
        .to_owned()
}

/// The image is for another model than the one that is plugged in.
pub(crate) fn other_model(image: &Image, device: &str) -> String {
    format!(
        "The image in {} is for a {}, and a {device} is plugged in: take the image for that one.",
        image.folder.display(),
        image.facts.title
    )
}

/// There is no app for such a model.
pub(crate) fn no_app_for(target: u32) -> String {
    let why = match target >> 20 {
        0x330 => "a Nano X, whose system lets nobody load an app beside Ledger's catalogue",
        0x332..=0x334 => "a model with a touch screen, for which there is no app",
        _ => "a model, or a state of one, for which there is no app",
    };
    format!(
        "The device has the number {target:#010x}: {why}. Take a Nano S Plus or a Nano S; if this is one, let it start anew without a \
         button held."
    )
}

/// The app was not tried on the system of this device.
pub(crate) fn other_system(facts: &Facts, version: &str) -> String {
    format!(
        "The app for a {} was tried on system {}, and this device has {version}: update the device with Ledger's wallet, or take a \
         release of Highwater that knows its system.",
        facts.title,
        facts.systems()
    )
}

/// Why the device cannot be asked.
pub(crate) fn unreachable(fault: &Fault) -> String {
    match fault {
        Fault::Absent(Absence::NoLedger) => {
            "No Ledger is plugged in: plug it in and enter its PIN. No app must be open on it.".to_owned()
        }
        Fault::Absent(Absence::NonePinned { .. }) => {
            "Several Ledgers are plugged in, and the loader takes any of them: leave one.".to_owned()
        }
        Fault::Locked => "The device is locked: enter its PIN, and open no app.".to_owned(),
        Fault::InUse(what) => format!(
            "Another process holds the device ({what}): stop the daemon for as long as the app is loaded, as by `systemctl stop \
             highwater`."
        ),
        fault => super::fault(fault),
    }
}

/// The daemon of the config runs.
pub(crate) fn stop_the_daemon() -> String {
    "The daemon runs and holds the device, and an app is loaded while nothing signs: stop the daemon, as by `systemctl stop highwater`, \
     and run the command again."
        .to_owned()
}

/// The dashboard does not tell its system.
pub(crate) fn no_system(word: u16) -> String {
    format!(
        "The device does not tell the version of its system (status {word:04x}): quit every app on it. If it stays so, read the version in \
         the device's settings and name it with --system."
    )
}

/// Ours is open.
pub(crate) fn app_is_open() -> String {
    "The Highwater app is open on the device, and apps are loaded where none is open: quit it on the device, which stops signing."
        .to_owned()
}

/// Another one is open.
pub(crate) fn other_app_is_open(name: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
    format!("Another app is open on the device{name}: quit it, so that the device's dashboard answers.")
}

/// An app is there, and its marks would go with it.
pub(crate) fn marks_would_be_lost(title: &str) -> String {
    format!(
        "A Highwater app is on this {title} already. Another one takes its place only if it is deleted, AND ITS MARKS ARE LOST WITH IT: a \
         mark that is set too low afterwards signs twice. Open the app and write down each chain's mark (`highwater mark show ID`), back \
         up imported keys (`highwater key backup`), then say --marks-written-down. Afterwards `highwater mark adopt ID` sets each mark."
    )
}

/// The owner says that the marks are written down.
pub(crate) fn marks_are_lost() -> String {
    "A Highwater app that is on the device is deleted first, and its marks are lost. Set each anew with `highwater mark adopt ID`, at or \
     above what was ever signed."
        .to_owned()
}

/// The dashboard does not list its apps.
pub(crate) fn apps_untold(word: u16) -> String {
    format!(
        "The device does not tell its apps (status {word:04x}): whether a Highwater is there, and which, is seen in its menu. One that is \
         there is not deleted, and the loader is refused then."
    )
}

/// There is no app of ours.
pub(crate) fn not_installed() -> String {
    "No Highwater app is on the device: `highwater firmware install` loads it.".to_owned()
}

/// The app has another hash than the image.
pub(crate) fn other_app_installed(there: &str, wanted: &str) -> String {
    format!(
        "The Highwater on the device is not this image: its application full hash is {there}, and the image's is {wanted}. Look whether \
         it was loaded from another release, or at another API level."
    )
}

/// The app has another version than the image.
pub(crate) fn other_version(app: &str, image: &str) -> String {
    format!(
        "The app on the device is version {app}, and the image is version {image}: take the image of that version."
    )
}

/// The app does not tell its hash; the dashboard does.
pub(crate) fn hash_by_dashboard() -> String {
    "The app tells its version and installation, and not its hash: quit it on the device, which stops signing, and run the command again."
        .to_owned()
}

/// The image for a device of this kind.
pub(crate) fn device_of(target: Target) -> Option<&'static str> {
    match target {
        Target::NanoS => Some("nanos"),
        Target::NanoSPlus => Some("nanosplus"),
        _ => None,
    }
}

/// The user has no place for an environment.
pub(crate) fn no_home() -> String {
    "This user has no home for the loader's Python environment: name a folder for it with --environment."
        .to_owned()
}

/// There is no Python, or one that makes no environments.
pub(crate) fn no_python(how: &str) -> String {
    format!(
        "`python3 -m venv` made no environment for the loader ({how}): install it, on Debian by `apt-get install python3-venv`, or name an \
         environment that has {PACKAGE} with --environment."
    )
}

/// pip brought no loader.
pub(crate) fn no_loader(package: &str, folder: &Path) -> String {
    format!(
        "pip did not bring {package} into {}: it needs the network once. Run the command again, or name an environment that has it with \
         --environment.",
        folder.display()
    )
}

/// The loader printed another hash.
pub(crate) fn other_hash(printed: Option<&str>, wanted: &str) -> String {
    let printed =
        printed.map_or_else(|| "no hash".to_owned(), |hash| format!("the application full hash {hash}"));
    format!(
        "The loader ended well, but it printed {printed}, and this image's is {wanted}: do not open the app. Delete it on the device, and look \
         at the loader's environment."
    )
}

/// The device said no to the loader.
pub(crate) fn refused(word: u16, facts: &Facts) -> String {
    let why = match word {
        0x5515 => "it is locked: enter its PIN".to_owned(),
        0x5501 | 0x6985 => "it was denied on the device, or nobody answered: run the command again, and allow it there".to_owned(),
        0x511f | 0x6512 => format!(
            "its system has another API level than the one that was named: the app was tried on system {}; read the version in the device's \
             settings",
            facts.systems()
        ),
        0x5120 => "its system lets nobody load an app beside Ledger's catalogue: take a Nano S Plus or a Nano S".to_owned(),
        0x5103 | 0x6a84 | 0x6a85 => {
            "it has no room: remove other apps, or build an app with shorter rings (HIGHWATER_PAIRS, docs/journal.md)".to_owned()
        }
        0x6484 | 0x6814 => "it is another model than the image is for".to_owned(),
        0x6d00 | 0x6e00 => "an app is open on it: quit every app".to_owned(),
        0x6982 => "its secure channel was refused: a certificate of another owner is on it, or it is still being set up".to_owned(),
        _ => "nobody has said what that means; a Highwater that is on the device already is one cause, a device that is still being set up another".to_owned(),
    };
    format!("The device refused ({word:04x}): {why}. Nothing was installed.")
}

/// The loader ended otherwise.
pub(crate) fn loader_failed(last: &str) -> String {
    let cure = match last {
        last if last.contains("No dongle found") => {
            "it sees no Ledger on USB: install packaging/udev/70-highwater.rules, replug the device, and run as a member of its group"
        }
        last if last.contains("Timeout") => "the device did not answer: replug it, and run the command again",
        last if last.contains("Permission denied") || last.contains("open failed") => {
            "it may not open the device: install packaging/udev/70-highwater.rules, replug the device, and run as a member of its group"
        }
        _ => "replug the device, and run the command again; --print shows the line, to be run by hand",
    };
    format!("The loader failed ({last}): {cure}.")
}
