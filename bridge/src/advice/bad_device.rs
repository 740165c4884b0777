//! Everything that a cable can tell instead of a reply, as a table that a person reads: `bridge/tests/bad_input/cable.snap`.
//!
//! `INSTA_UPDATE=always cargo test -p highwater --lib bad_device` writes it anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use highwater_hosted::audit::Elsewhere;
use highwater_hosted::{Fault as Hosted, KeyFault};

use crate::device::{Absence, Answer, Fault, Model, Plugged, Shows, Wanted};

fn plugged(model: Model, shows: Shows, path: &str) -> Plugged {
    Plugged { model, shows, path: path.into(), serial: Some("0001".to_owned()) }
}

fn absences() -> Vec<(&'static str, Absence)> {
    let ours = || plugged(Model::NanoSPlus, Shows::Apdu, "/dev/hidraw0");
    let wanted = |path: Option<&str>| Wanted {
        serial: path.is_none().then(|| "0002".to_owned()),
        path: path.map(PathBuf::from),
    };
    let file = |error: std::io::Error| Absence::File { path: "/s/file".into(), error: (&error).into() };
    let asked = |answer| vec![(ours(), answer)];
    vec![
        ("closed", Absence::Closed),
        ("USB cannot be looked at", Absence::Usb("no /sys".to_owned())),
        ("no Ledger is plugged in", Absence::NoLedger),
        (
            "a model without the app",
            Absence::Unusable(vec![plugged(Model::NanoX, Shows::Apdu, "/dev/hidraw1")]),
        ),
        ("in its bootloader", Absence::Unusable(vec![plugged(Model::NanoS, Shows::Old, "/dev/hidraw1")])),
        ("takes no commands", Absence::Unusable(vec![plugged(Model::NanoS, Shows::NoApdu, "/dev/hidraw1")])),
        ("a wrong path", Absence::Unmatched { wanted: wanted(Some("/dev/ledger-a")), plugged: vec![ours()] }),
        ("a wrong serial", Absence::Unmatched { wanted: wanted(None), plugged: vec![ours()] }),
        (
            "several, none of them pinned",
            Absence::NonePinned { pinned: false, answers: asked(Answer::Installation([9; 16])) },
        ),
        (
            "several, and the pinned one is not among them",
            Absence::NonePinned {
                pinned: true,
                answers: asked(Answer::Fault(Box::new(Fault::OtherApp("Bitcoin".to_owned())))),
            },
        ),
        (
            "no emulator",
            Absence::Emulator {
                address: ([127, 0, 0, 1], 9_999).into(),
                error: "connection refused".to_owned(),
            },
        ),
        (
            "a device that was renamed in the config",
            Absence::Renamed { found: "/s/yubihsm.nvm".into(), wanted: "/s/hsm.yubihsm.nvm".into() },
        ),
        ("a file that cannot be had", file(std::io::ErrorKind::StorageFull.into())),
    ]
}

fn hosted() -> Vec<(&'static str, Hosted)> {
    let path = || PathBuf::from("/s/simulated.nvm");
    let key = |fault: fn(String) -> KeyFault| Hosted::Keys(fault("the store's own words".to_owned()));
    let elsewhere = |found| Hosted::Keys(KeyFault::Elsewhere(found));
    vec![
        ("in use", Hosted::InUse(path())),
        ("may not be opened", Hosted::Denied(path())),
        ("no file", Hosted::NotAFile(path())),
        ("others may write", Hosted::Exposed { path: path(), mode: 0o666 }),
        ("another length", Hosted::Size { path: path(), found: 7, expected: 49_152 }),
        ("the seed is lost", Hosted::SeedMissing("/s/simulated.seed".into())),
        ("the memory was taken away while it was open", Hosted::Replaced(path())),
        ("the secret is lost", Hosted::SecretMissing("/s/yubihsm.secret".into())),
        ("the audit file is lost, or new", Hosted::AuditMissing("/s/yubihsm.audit".into())),
        ("the audit file is damaged", Hosted::AuditDamaged("/s/yubihsm.audit".into())),
        ("a file of the configuration is missing", Hosted::Missing("/etc/highwater/pin".into())),
        ("a credential that nobody gave", Hosted::Missing("token.pin".into())),
        ("no password", Hosted::NoPassword("/etc/highwater/pin".into())),
        ("the disk failed", Hosted::Io { path: path(), error: "Input/output error".to_owned() }),
        ("no store", key(KeyFault::Absent)),
        ("a store that is broken", key(KeyFault::Broken)),
        ("a wrong PIN", key(KeyFault::Denied)),
        ("a log that is full", Hosted::Keys(KeyFault::LogFull)),
        (
            "a log with a signature of somebody else",
            elsewhere(Elsewhere::Signed { item: 7, object: 1, by: 5 }),
        ),
        ("a log that was cut", elsewhere(Elsewhere::Gap { last: 7 })),
        ("a store that logs nothing", Hosted::Keys(KeyFault::NotLogged)),
        ("no such key", Hosted::Keys(KeyFault::NoKey(7))),
    ]
}

fn faults() -> Vec<(&'static str, Fault)> {
    let mut faults: Vec<_> = absences().into_iter().map(|(name, why)| (name, Fault::Absent(why))).collect();
    faults.extend(hosted().into_iter().map(|(name, why)| (name, Fault::Hosted(why))));
    faults.extend([
        ("no permission", Fault::Permission("/dev/hidraw0".to_owned())),
        ("in use", Fault::InUse("/dev/hidraw0".to_owned())),
        ("silent", Fault::Silent("no reply in time".to_owned())),
        ("locked", Fault::Locked),
        ("another app", Fault::OtherApp("Bitcoin".to_owned())),
        ("another protocol", Fault::Protocol { min: 7, current: 9 }),
        ("an old app", Fault::NoExtensions([0, 0, 9])),
        ("malformed", Fault::Malformed("SIGN")),
        ("a wrong reply", Fault::WrongReply),
        ("another installation", Fault::OtherInstallation { found: [8; 16], pinned: [9; 16] }),
        ("ending", Fault::Ending),
    ]);
    faults
}

/// A fault that is new has a row: without it this does not compile, or a number below is wrong.
fn number(fault: &Fault) -> usize {
    match fault {
        Fault::Absent(why) => match why {
            Absence::Closed => 0,
            Absence::Usb(_) => 1,
            Absence::NoLedger => 2,
            Absence::Unusable(_) => 3,
            Absence::Unmatched { .. } => 4,
            Absence::NonePinned { .. } => 5,
            Absence::Emulator { .. } => 6,
            Absence::Renamed { .. } => 34,
            Absence::File { .. } => 7,
        },
        Fault::Hosted(why) => match why {
            Hosted::InUse(_) => 8,
            Hosted::Denied(_) => 9,
            Hosted::NotAFile(_) => 10,
            Hosted::Exposed { .. } => 11,
            Hosted::Size { .. } => 12,
            Hosted::SeedMissing(_) => 13,
            Hosted::SecretMissing(_) => 14,
            Hosted::Replaced(_) => 39,
            Hosted::AuditMissing(_) => 38,
            Hosted::AuditDamaged(_) => 35,
            Hosted::Missing(_) => 15,
            Hosted::NoPassword(_) => 16,
            Hosted::Io { .. } => 17,
            Hosted::Keys(KeyFault::Absent(_)) => 18,
            Hosted::Keys(KeyFault::Broken(_)) => 19,
            Hosted::Keys(KeyFault::Denied(_)) => 20,
            Hosted::Keys(KeyFault::LogFull) => 21,
            Hosted::Keys(KeyFault::Elsewhere(_)) => 36,
            Hosted::Keys(KeyFault::NotLogged) => 37,
            Hosted::Keys(KeyFault::NoKey(_)) => 22,
        },
        Fault::Permission(_) => 23,
        Fault::InUse(_) => 24,
        Fault::Silent(_) => 25,
        Fault::Locked => 26,
        Fault::OtherApp(_) => 27,
        Fault::Protocol { .. } => 28,
        Fault::NoExtensions(_) => 29,
        Fault::Malformed(_) => 30,
        Fault::WrongReply => 31,
        Fault::OtherInstallation { .. } => 32,
        Fault::Ending => 33,
    }
}

#[test]
fn everything_that_a_cable_tells_has_a_row_with_cause_and_cure() {
    let mut text = String::new();
    let mut seen = std::collections::BTreeSet::new();
    let user = crate::users::name(crate::users::ours());
    for (name, fault) in faults() {
        seen.insert(number(&fault));
        let said = super::fault(&fault).replace(&format!("opened by {user}"), "opened by [user]");
        assert!(said.contains(": ") || said.contains("; "), "cause and cure: {said}");
        let _ = writeln!(text, "## {}: {name}\n\n{said}\n", fault.kind().word());
    }
    assert_eq!(seen.len(), 40, "{seen:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("cable", text.trim_end()));
}
