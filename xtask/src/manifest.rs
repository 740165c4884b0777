//! What the two loaders of Ledger want to know beside the hex: a manifest for `ledgerctl`, a script for `ledgerblue`.
//!
//! Both must install the same thing: name, icon, curve and path, and no privilege. The curve and the path prefix are
//! what the OS will derive keys for, so they are as narrow as the app's own keys (44'/118'/0'/0'/i', Ed25519).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::{DEVICES, Device, Level};
use serde::Serialize;

use crate::gate::Firmware;
use crate::workspace::Workspace;

const CURVE: &str = "ed25519";
const PATH: &str = "44'/118'/0'/0'";

/// The manifests for ledgerctl, by the names of their files: one for each API level of the device, or one if it has none.
///
/// Each takes the binary from beside it, but the icon from the current folder.
pub(crate) fn ledgerctl(
    device: &Device,
    firmware: &Firmware,
    hex: &str,
    icon: &str,
) -> Vec<(String, String)> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest<'a> {
        name: &'a str,
        version: &'a str,
        target_id: &'a str,
        target_version: &'a str,
        #[serde(flatten)]
        devices: BTreeMap<&'a str, Target<'a>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Target<'a> {
        binary: &'a str,
        icon: &'a str,
        flags: &'a str,
        data_size: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        api_level: Option<u8>,
        derivation_path: Derivation<'a>,
    }
    #[derive(Serialize)]
    struct Derivation<'a> {
        curves: [&'a str; 1],
        paths: [&'a str; 1],
    }
    let levels = device.levels.iter().map(Some).chain(device.levels.is_empty().then_some(None));
    let one = |level: Option<&Level>| {
        let target = Target {
            binary: hex,
            icon,
            flags: "0",
            data_size: firmware.nvm,
            api_level: level.map(|level| level.number),
            derivation_path: Derivation { curves: [CURVE], paths: [PATH] },
        };
        let manifest = Manifest {
            name: &firmware.name,
            version: &firmware.version,
            target_id: device.id,
            target_version: device.firmware,
            devices: BTreeMap::from([(device.id, target)]),
        };
        let body = toml::to_string(&manifest).expect("a manifest of words and numbers is valid TOML");
        let file = manifest_file(level);
        let text = format!("# In this folder: ledgerctl install {file}\n{body}");
        (file, text)
    };
    levels.map(one).collect()
}

/// Name of the file with what `highwater firmware` tells the loader of an image.
pub(crate) const LOAD: &str = "load.toml";

/// What `highwater firmware` tells the loader of an image: the lengths in it, and where it may be loaded.
///
/// The bridge knows no device by itself. It has the committed file of each device in it, and of an image that is no
/// committed one it reads the file beside it.
pub(crate) fn load(device: &Device, firmware: &Firmware) -> String {
    #[derive(Serialize)]
    struct Load<'a> {
        device: &'a str,
        title: &'a str,
        target_id: &'a str,
        target_version: &'a str,
        name: &'a str,
        version: &'a str,
        data_size: u64,
        parameters_size: u64,
        icon: &'a str,
        #[serde(rename = "level", skip_serializing_if = "Vec::is_empty")]
        levels: Vec<Of<'a>>,
    }
    #[derive(Serialize)]
    struct Of<'a> {
        number: u8,
        systems: &'a str,
    }
    let load = Load {
        device: device.name,
        title: device.title,
        target_id: device.id,
        target_version: device.firmware,
        name: &firmware.name,
        version: &firmware.version,
        data_size: firmware.nvm,
        parameters_size: firmware.parameters,
        icon: if device.parameters { "" } else { device.icon },
        levels: device
            .levels
            .iter()
            .map(|level| Of { number: level.number, systems: level.systems })
            .collect(),
    };
    let body = toml::to_string(&load).expect("words and numbers are valid TOML");
    format!(
        "# What a loader is told of the image for a {}; `highwater firmware` reads it.\n{body}",
        device.title
    )
}

/// Where the committed one of a device is.
pub(crate) fn committed_load(root: &Path, device: &Device) -> PathBuf {
    root.join(format!("app/highwater-{}.{LOAD}", device.name))
}

/// The name of the manifest for a device of this API level.
pub(crate) fn manifest_file(level: Option<&Level>) -> String {
    level.map_or_else(|| "highwater.toml".to_owned(), |level| format!("highwater-api{}.toml", level.text))
}

/// Name of the script's file.
pub(crate) const SCRIPT: &str = "load-with-ledgerblue.sh";

/// The script that loads by ledgerblue. It does not say `--delete`: replacing an installed app throws its marks away,
/// so whoever wants that has to add it.
///
/// A device with API levels compares the level that the loader names with its own. The image is one for all of them, so
/// the script asks for the device's, and takes none on which the app was never tried.
pub(crate) fn ledgerblue(device: &Device, firmware: &Firmware, hex: &str) -> String {
    let mut script = format!(
        "#!/bin/sh\n# Loads the app on a {}. Add --delete to replace an installed one: ITS MARKS ARE LOST.\n",
        device.title
    );
    script.push_str(&level_check(device));
    script.push_str(
        "cd \"$(dirname \"$0\")\" || exit 1\nexec python3 -m ledgerblue.loadApp --tlv --appFlags 0",
    );
    for (name, value) in options(device, firmware, hex) {
        write!(script, " \\\n  --{name} \"{value}\"").expect("writing to a string");
    }
    script.push_str(" \\\n  \"$@\"\n");
    script
}

/// Takes the level off the arguments.
fn level_check(device: &Device) -> String {
    if device.levels.is_empty() {
        return String::new();
    }
    let lines: String =
        device.levels.iter().map(|l| format!("#   {}  system {}\n", l.text, l.systems)).collect();
    let known = device.levels.iter().map(|level| level.text).collect::<Vec<_>>().join("|");
    format!(
        "# The first argument is the API level of the device, by the version of its system:\n{lines}\
         level=$1\n\
         case \"$level\" in\n  {known}) shift ;;\n  \
         *) echo \"usage: $0 LEVEL, the API level of the device's system: {known}\" >&2; exit 2 ;;\nesac\n"
    )
}

fn options(device: &Device, firmware: &Firmware, hex: &str) -> Vec<(&'static str, String)> {
    let mut options = vec![
        ("targetId", device.id.to_owned()),
        ("targetVersion", device.firmware.to_owned()),
        ("fileName", hex.to_owned()),
        ("appName", firmware.name.clone()),
        ("dataSize", firmware.nvm.to_string()),
    ];
    if !device.levels.is_empty() {
        options.push(("apiLevel", "$level".to_owned()));
    }
    if device.parameters {
        options.push(("installparamsSize", firmware.parameters.to_string()));
    } else {
        options.extend([
            ("appVersion", firmware.version.clone()),
            ("curve", CURVE.to_owned()),
            ("path", PATH.to_owned()),
            ("icon", device.icon.to_owned()),
        ]);
    }
    options
}

/// The lines that install what stands in the folders of the devices on one with this API level.
///
/// # Errors
/// If the app was not tried on such a level, or is not built.
pub(crate) fn help(workspace: &Workspace, device: Option<&Device>, level: u8) -> Result<String> {
    let mut chosen = DEVICES.iter().filter(|known| device.is_none_or(|device| device == *known));
    let found = chosen.find_map(|device| {
        let level = device.levels.iter().find(|known| known.number == level)?;
        Some((device, level))
    });
    let (device, level) = found.with_context(|| {
        let levels = DEVICES.iter().flat_map(|device| {
            device.levels.iter().map(|level| format!("{} ({} {})", level.text, device.title, level.systems))
        });
        let levels = levels.collect::<Vec<_>>().join(", ");
        format!("the app was not tried on a system of API level {level}; it was on {levels}")
    })?;
    let folder = workspace.firmware(device);
    let script = folder.join(SCRIPT);
    ensure!(
        script.exists(),
        "{} is not there: cargo xtask firmware --device {}",
        script.display(),
        device.name
    );
    Ok(format!(
        "# {} with system {}: its settings say which it has. A system of another level refuses (511F).\n\
         python3 -m venv ledgerblue && ledgerblue/bin/pip install ledgerblue==0.1.58\n\
         PATH=\"$PWD/ledgerblue/bin:$PATH\" sh {} {}\n\
         # Or, with ledgerwallet==0.10.0 (the same bytes):\n\
         (cd {} && ledgerctl install {})\n",
        device.title,
        level.systems,
        script.display(),
        level.text,
        folder.display(),
        manifest_file(Some(level))
    ))
}
