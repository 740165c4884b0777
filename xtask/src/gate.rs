//! Looks into the linked firmware and refuses an image that a Ledger or the emulator would choke on.
//!
//! The app is linked at one flash address and runs at another; RAM stays where it was linked, or moves by a distance of its
//! own. So there are ways to get an address wrong which do not show at link time: a pointer to flash written into the
//! image, a distance from flash to RAM, and, where RAM moves, a pointer to RAM. The linker is told to keep its relocations
//! (`--emit-relocs`), which makes all of them visible.
//!
//! Nothing on the chip notices a stack that grows into the statics, so how deep it can go is computed here as well.

mod reading;
mod stack;
#[cfg(test)]
mod tests;
mod thumb;

use std::ops::Range;

use anyhow::{Context, Result};
use nanos_sdk::target::{Device, Memory};
use object::{Object, ObjectSection, SectionKind};
use reading::{Reference, flash_image, references, sized, symbol};
pub(crate) use stack::Depth;

use crate::budget::Budget;

/// The word between statics and stack by which the app notices an overflow.
const GUARD: u64 = 4;
/// The instruction `svc 1`, little-endian.
const SVC: [u8; 2] = [0x01, 0xdf];

/// What was found in an image.
pub(crate) struct Firmware {
    /// The bytes of flash from its first to its last, NVM and install parameters included.
    pub(crate) image: Vec<u8>,
    /// Linked address of the first byte of `image`.
    pub(crate) base: u64,
    /// Where execution starts; bit 0 says Thumb.
    pub(crate) entry: u64,
    /// Bytes of code and constants.
    pub(crate) code: u64,
    /// Bytes of non-volatile storage, all zero in the image.
    pub(crate) nvm: u64,
    /// Bytes of install parameters behind it; none where the loader brings them.
    pub(crate) parameters: u64,
    /// Bytes of static variables.
    pub(crate) statics: u64,
    /// Linked addresses of the pointers to flash that stand in the image.
    pub(crate) relocations: Vec<u64>,
    /// The deepest way down the stack.
    pub(crate) depth: Depth,
    /// The app's name, as the emulator and the loader will show it.
    pub(crate) name: String,
    /// The app's version.
    pub(crate) version: String,
}

impl Firmware {
    /// Which figures are above their limits, one sentence each.
    pub(crate) fn over(&self, budget: &Budget) -> Vec<String> {
        let image = self.image.len() as u64;
        let figures = [
            ("code and constants", self.code, budget.code),
            ("static RAM", self.statics, budget.statics),
            ("image", image, budget.image),
        ];
        figures
            .iter()
            .filter(|(_, used, limit)| used > limit)
            .map(|(what, used, limit)| format!("{what}: {used} bytes, the budget is {limit}"))
            .collect()
    }
}

/// Reads and judges a linked ELF.
///
/// # Errors
/// If the file is no ELF at all. Everything that makes the image unfit goes into the second half of the pair; figures
/// above their budget do not (see [`Firmware::over`]), but for the pointers, of which the budget says the exact number.
pub(crate) fn examine(bytes: &[u8], device: &Device, budget: &Budget) -> Result<(Firmware, Vec<String>)> {
    let file = object::File::parse(bytes).context("the firmware is no ELF file")?;
    let mut problems = Vec::new();
    let (flash, ram) = (range(device.flash), range(device.ram));
    let mut image = flash_image(&file, &flash, &mut problems)?;
    let base = flash.start;

    if file.entry() & !1 != base || file.entry() & 1 == 0 {
        problems.push(format!(
            "the entry is {:#x}; it must be the first byte of flash, in Thumb state",
            file.entry()
        ));
    }
    sections(&file, &ram, &mut problems);
    let [name, version] = metadata(&file, device, &mut problems);
    traps(&file, &image, base, &mut problems);

    let parameters = if device.parameters { parameters(&file, &mut problems) } else { 0 };
    let nvm = nvm(&file, device, &mut problems);
    if let Some(nvm) = &nvm {
        check_nvm(nvm, parameters, &image, base, &mut problems);
    }
    let nvm_bytes = nvm.as_ref().map_or(0, |range| range.end - range.start);
    // Not the size of the section: where RAM moves, the emulator wants the stack in it.
    let statics = match (symbol(&file, "_bss"), symbol(&file, "_ebss")) {
        (Some(start), Some(end)) if start == ram.start => end.saturating_sub(start),
        _ => {
            problems.push("_bss or _ebss is missing, or RAM does not begin with the statics".to_owned());
            0
        }
    };
    if symbol(&file, "_estack") != Some(ram.end) {
        problems.push(format!("_estack must be {:#x}, the end of RAM", ram.end));
    }

    let mut relocations = Vec::new();
    let mut sizes = 0;
    for reference in references(&file, &flash, &ram, device.ram_moves, &mut problems)? {
        match reference {
            Reference::FlashPointer { at } => relocations.push(at),
            Reference::RamPointer { at, symbol } if device.ram_moves => problems.push(format!(
                "the address of `{symbol}` in RAM stands at {at:#x}, and it is another one on a Ledger"
            )),
            Reference::RamPointer { .. } => {}
            Reference::Number => sizes += 1,
            Reference::RamDistance { at, symbol } => problems.push(format!(
                "{at:#x} reaches `{symbol}` in RAM by its distance from flash, which is another one on a Ledger"
            )),
        }
    }
    // Not "at most": fewer means that the one place which measures the distance is gone, or no longer counted.
    if relocations.len() as u64 != budget.relocations {
        let places: Vec<String> = relocations.iter().map(|at| format!("{at:#x}")).collect();
        problems.push(format!(
            "{} pointers to flash stand in the image ({}), {} expected; look for dyn, core::fmt, tables of &str or fn",
            places.len(),
            places.join(", "),
            budget.relocations
        ));
    }

    // The two ends of the stack are measured from where r9 says. Any other number of the linker's has to be explained.
    let expected = if device.ram_moves { 2 } else { 0 };
    if sizes != expected {
        problems
            .push(format!("{sizes} absolute numbers of the linker stand in the image, {expected} expected"));
    }

    let depth = stack::deepest(&file, &image, base, &budget.others, &mut problems);
    if depth.bytes > room_for_stack(device, statics) {
        problems.push(format!(
            "a stack of up to {} bytes does not fit the {} that the statics leave of RAM",
            depth.bytes,
            room_for_stack(device, statics)
        ));
    }

    // The loader counts whole pages; the bytes that fill the last one are zero in the image as well. Parameters end where
    // they end.
    if parameters == 0 {
        image.resize(image.len().next_multiple_of(device.page), 0);
    }
    let code = (image.len() as u64).saturating_sub(nvm_bytes + parameters);
    Ok((
        Firmware {
            image,
            base,
            entry: file.entry(),
            code,
            nvm: nvm_bytes,
            parameters,
            statics,
            relocations,
            depth,
            name,
            version,
        },
        problems,
    ))
}

/// Bytes of RAM that so many bytes of statics leave for the stack.
pub(crate) fn room_for_stack(device: &Device, statics: u64) -> u64 {
    (u64::from(device.ram.length) - GUARD).saturating_sub(statics)
}

fn range(memory: Memory) -> Range<u64> {
    memory.start.into()..memory.end().into()
}

/// Nothing copies initial values into RAM on a Ledger, and some names mean something to the emulator.
fn sections(file: &object::File<'_>, ram: &Range<u64>, problems: &mut Vec<String>) {
    for required in [".text", ".bss"] {
        if file.section_by_name(required).is_none() {
            problems.push(format!("there is no section {required}, by which the emulator finds its way"));
        }
    }
    for section in file.sections() {
        let name = section.name().unwrap_or("?");
        let at = section.address();
        if name == ".nvm_data" {
            problems.push(
                "a section is called .nvm_data; the emulator then refuses to save and load NVM".to_owned(),
            );
        }
        if section.kind() == SectionKind::Data && section.size() > 0 {
            problems.push(format!(
                "{name} holds {} bytes of initial values; a static that is not zero at start stays zero on a Ledger",
                section.size()
            ));
        }
        if section.kind() == SectionKind::UninitializedData
            && section.size() > 0
            && !(ram.contains(&at) && at + section.size() <= ram.end)
        {
            problems
                .push(format!("{name} ({at:#x}, {} bytes) is not inside the RAM of an app", section.size()));
        }
    }
}

/// The sections by which the emulator knows the device and the app; `ledger.api_level` exists only for later devices, and
/// says the newest. Gives the app's name and version.
fn metadata(file: &object::File<'_>, device: &Device, problems: &mut Vec<String>) -> [String; 2] {
    let mut word = |name: &str| {
        let data = file.section_by_name(name).and_then(|section| section.data().ok()).unwrap_or_default();
        let word = String::from_utf8_lossy(data).into_owned();
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            problems.push(format!("the section {name} is absent or not a word"));
        }
        word
    };
    let [target, name, version] = ["ledger.target", "ledger.app_name", "ledger.app_version"].map(&mut word);
    if target != device.target {
        problems.push(format!("ledger.target is `{target}`, not {}", device.target));
    }
    match (device.levels.last(), file.section_by_name("ledger.api_level")) {
        (None, Some(_)) => problems.push(format!(
            "ledger.api_level is present; a {} has none, and the emulator would pick another OS",
            device.title
        )),
        (Some(newest), section) => {
            let data = section.and_then(|section| section.data().ok()).unwrap_or_default();
            if data != newest.text.as_bytes() {
                problems.push(format!("ledger.api_level is absent or not {}, the newest", newest.text));
            }
        }
        (None, None) => {}
    }
    [name, version]
}

/// The emulator patches the system calls at these symbols. Without them it patches whatever looks like one, data included.
fn traps(file: &object::File<'_>, image: &[u8], base: u64, problems: &mut Vec<String>) {
    for name in ["SVC_Call", "SVC_cx_call"] {
        let at = symbol(file, name).map(|address| (address & !1).wrapping_sub(base) as usize);
        if at.and_then(|at| image.get(at..at + SVC.len())) != Some(&SVC[..]) {
            problems.push(format!("the symbol {name} is absent or is not at an `svc 1`"));
        }
    }
}

/// The install parameters begin where the NVM ends. Gives their length.
fn parameters(file: &object::File<'_>, problems: &mut Vec<String>) -> u64 {
    match (sized(file, "install_parameters"), symbol(file, "_envram_data")) {
        (Some((at, length)), Some(end)) if at == end && length > 0 => length,
        _ => {
            problems.push("install_parameters is missing, or does not stand behind the NVM".to_owned());
            0
        }
    }
}

fn nvm(file: &object::File<'_>, device: &Device, problems: &mut Vec<String>) -> Option<Range<u64>> {
    let page = device.page as u64;
    let (Some(start), Some(end)) = (symbol(file, "_nvram_data"), symbol(file, "_envram_data")) else {
        problems.push("_nvram_data or _envram_data is missing: no NVM is declared".to_owned());
        return None;
    };
    if start >= end || start % page != 0 || end % page != 0 || start < device.flash.start.into() {
        problems.push(format!("NVM at {start:#x}..{end:#x} is not a row of whole pages in flash"));
        return None;
    }
    Some(start..end)
}

/// The image must bring the whole NVM along as zeros: what it leaves out keeps the bytes of an older installation.
fn check_nvm(nvm: &Range<u64>, parameters: u64, image: &[u8], base: u64, problems: &mut Vec<String>) {
    let range = (nvm.start - base) as usize..(nvm.end - base) as usize;
    match image.get(range) {
        None => problems.push("the image ends before the NVM does".to_owned()),
        Some(bytes) if bytes.iter().any(|&byte| byte != 0) => {
            problems.push("the NVM in the image is not zero".to_owned());
        }
        Some(_) => {}
    }
    if nvm.end - base + parameters != image.len() as u64 {
        problems.push("something lies behind the NVM; the loader wants code first and NVM last".to_owned());
    }
}
