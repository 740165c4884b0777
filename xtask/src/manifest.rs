//! What the two loaders of Ledger want to know beside the hex: a manifest for `ledgerctl`, a script for `ledgerblue`.
//!
//! Both must install the same thing: name, icon, curve and path, and no privilege. The curve and the path prefix are
//! what the OS will derive keys for, so they are as narrow as the app's own keys (44'/118'/0'/0'/i', Ed25519).

use std::fmt::Write;

use serde::Serialize;

use crate::gate::Firmware;

/// The identity of a Nano S with firmware 2.x.
pub(crate) const TARGET_ID: &str = "0x31100004";
const TARGET_VERSION: &str = "2.1.0";
const CURVE: &str = "ed25519";
const PATH: &str = "44'/118'/0'/0'";
/// `app/signer/icon.gif` as the OS keeps it: bits a pixel, two colours, 16 rows, first pixel in the lowest bit. The
/// check of the sideload tools fails if the two differ.
const ICON: &str = "010000000000ffffff0000ffff181800000cc39ee7f33c611800000cc39ee7f33c61180000b66d0000";

/// The manifest for ledgerctl. It takes the binary from beside the manifest but the icon from the current folder.
pub(crate) fn ledgerctl(firmware: &Firmware, hex: &str, icon: &str) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest<'a> {
        name: &'a str,
        version: &'a str,
        target_id: &'a str,
        target_version: &'a str,
        #[serde(rename = "0x31100004")]
        nanos: Device<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Device<'a> {
        binary: &'a str,
        icon: &'a str,
        flags: &'a str,
        data_size: u64,
        derivation_path: Derivation<'a>,
    }
    #[derive(Serialize)]
    struct Derivation<'a> {
        curves: [&'a str; 1],
        paths: [&'a str; 1],
    }
    let manifest = Manifest {
        name: &firmware.name,
        version: &firmware.version,
        target_id: TARGET_ID,
        target_version: TARGET_VERSION,
        nanos: Device {
            binary: hex,
            icon,
            flags: "0",
            data_size: firmware.nvm,
            derivation_path: Derivation { curves: [CURVE], paths: [PATH] },
        },
    };
    let body = toml::to_string(&manifest).expect("a manifest of words and numbers is valid TOML");
    format!("# In this folder: ledgerctl install {MANIFEST}\n{body}")
}

/// Name of the manifest's file.
pub(crate) const MANIFEST: &str = "highwater.toml";
/// Name of the script's file.
pub(crate) const SCRIPT: &str = "load-with-ledgerblue.sh";

/// The script that loads by ledgerblue. It does not say `--delete`: replacing an installed app throws its marks away,
/// so whoever wants that has to add it.
pub(crate) fn ledgerblue(firmware: &Firmware, hex: &str) -> String {
    let mut script = String::from(
        "#!/bin/sh\n# Loads the app on a Nano S. Add --delete to replace an installed one: ITS MARKS ARE LOST.\n\
         cd \"$(dirname \"$0\")\" || exit 1\nexec python3 -m ledgerblue.loadApp --tlv --appFlags 0",
    );
    let data_size = firmware.nvm.to_string();
    let options = [
        ("targetId", TARGET_ID),
        ("targetVersion", TARGET_VERSION),
        ("fileName", hex),
        ("appName", &firmware.name),
        ("appVersion", &firmware.version),
        ("dataSize", &data_size),
        ("curve", CURVE),
        ("path", PATH),
        ("icon", ICON),
    ];
    for (name, value) in options {
        write!(script, " \\\n  --{name} \"{value}\"").expect("writing to a string");
    }
    script.push_str(" \\\n  \"$@\"\n");
    script
}
