//! The API level in the linked file. It is no byte of the image: one build serves every level, and the emulator, which
//! compares it with the level that it plays, gets a file for each.

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::{Device, Level};
use object::{Object, ObjectSection};

const SECTION: &str = "ledger.api_level";

/// Name of the file for a level, or for a device that has none.
pub(crate) fn name(device: &Device, level: Option<&Level>) -> String {
    match level {
        Some(level) => format!("highwater-{}-api{}.elf", device.name, level.text),
        None => format!("highwater-{}.elf", device.name),
    }
}

/// Names of all files of a device.
pub(super) fn names(device: &Device) -> Vec<String> {
    match device.levels {
        [] => vec![name(device, None)],
        levels => levels.iter().map(|level| name(device, Some(level))).collect(),
    }
}

/// Name of the file for the newest level.
pub(super) fn newest(device: &Device) -> String {
    name(device, device.levels.last())
}

/// The files of a device, made of the one that was linked, each with its name.
pub(super) fn files(device: &Device, elf: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    if device.levels.is_empty() {
        return Ok(vec![(name(device, None), elf.to_vec())]);
    }
    let file = object::File::parse(elf).context("the firmware is no ELF file")?;
    let section = file.section_by_name(SECTION).with_context(|| format!("there is no {SECTION}"))?;
    let (at, length) = section.file_range().with_context(|| format!("{SECTION} is empty"))?;
    let place = at as usize..(at + length) as usize;
    let with = |level: &Level| {
        ensure!(level.text.len() as u64 == length, "{SECTION} has no room for {}", level.text);
        let mut elf = elf.to_vec();
        elf[place.clone()].copy_from_slice(level.text.as_bytes());
        Ok((name(device, Some(level)), elf))
    };
    device.levels.iter().map(with).collect()
}
