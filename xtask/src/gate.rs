//! Looks into the linked firmware and refuses an image that a Ledger or the emulator would choke on.
//!
//! The app is linked at one flash address and runs at another, while RAM stays where it was linked. So there are two
//! ways to get an address wrong, and neither shows at link time: a pointer to flash written into the image, and a
//! distance from flash to RAM. The linker is told to keep its relocations (`--emit-relocs`), which makes both visible.
//!
//! Nothing on the chip notices a stack that grows into the statics, so how deep it can go is computed here as well.

mod reading;
mod stack;
#[cfg(test)]
mod tests;
mod thumb;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, SectionKind};
use reading::{Reference, flash_image, references, symbol};
pub(crate) use stack::Depth;

use crate::budget::Budget;

/// Linked address and length of the flash an app of the Nano S sees (script.ld of the SDK, branch API_LEVEL_LNS).
const FLASH: std::ops::Range<u64> = 0xc0d0_0000..0xc0d0_0000 + 400 * 1024;
/// Statics and stack together; the crypto library's own RAM begins where it ends.
const RAM: std::ops::Range<u64> = 0x2000_0200..0x2000_1400;
/// The word between statics and stack by which the app notices an overflow.
const GUARD: u64 = 4;
/// Flash pages of a Nano S are 64 bytes, and the loader wants code and NVM to end on one.
const PAGE: u64 = 64;
/// The instruction `svc 1`, little-endian.
const SVC: [u8; 2] = [0x01, 0xdf];

/// What was found in an image.
pub(crate) struct Firmware {
    /// The bytes of flash from its first to its last, NVM included.
    pub(crate) image: Vec<u8>,
    /// Linked address of the first byte of `image`.
    pub(crate) base: u64,
    /// Where execution starts; bit 0 says Thumb.
    pub(crate) entry: u64,
    /// Bytes of code and constants.
    pub(crate) code: u64,
    /// Bytes of non-volatile storage, all zero in the image.
    pub(crate) nvm: u64,
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
        let figures =
            [("code and constants", self.code, budget.code), ("static RAM", self.statics, budget.statics)];
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
pub(crate) fn examine(bytes: &[u8], budget: &Budget) -> Result<(Firmware, Vec<String>)> {
    let file = object::File::parse(bytes).context("the firmware is no ELF file")?;
    let mut problems = Vec::new();
    let mut image = flash_image(&file, &FLASH, &mut problems)?;
    let base = FLASH.start;

    if file.entry() & !1 != base || file.entry() & 1 == 0 {
        problems.push(format!(
            "the entry is {:#x}; it must be the first byte of flash, in Thumb state",
            file.entry()
        ));
    }
    sections(&file, &mut problems);
    let [name, version] = metadata(&file, &mut problems);
    traps(&file, &image, &mut problems);

    let nvm = nvm(&file, &mut problems);
    if let Some(nvm) = &nvm {
        check_nvm(nvm, &image, &mut problems);
    }
    let nvm_bytes = nvm.as_ref().map_or(0, |range| range.end - range.start);
    let statics = file.section_by_name(".bss").map_or(0, |section| section.size());
    if symbol(&file, "_estack") != Some(RAM.end) {
        problems.push(format!("_estack must be {:#x}, the end of RAM", RAM.end));
    }

    let mut relocations = Vec::new();
    for reference in references(&file, &FLASH, &RAM, &mut problems)? {
        match reference {
            Reference::FlashPointer { at } => relocations.push(at),
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

    let depth = stack::deepest(&file, &image, base, &budget.others, &mut problems);
    if depth.bytes > room_for_stack(statics) {
        problems.push(format!(
            "a stack of up to {} bytes does not fit the {} that the statics leave of RAM",
            depth.bytes,
            room_for_stack(statics)
        ));
    }

    // The loader counts whole pages; the bytes that fill the last one are zero in the image as well.
    image.resize(image.len().next_multiple_of(PAGE as usize), 0);
    let code = (image.len() as u64).saturating_sub(nvm_bytes);
    Ok((
        Firmware {
            image,
            base,
            entry: file.entry(),
            code,
            nvm: nvm_bytes,
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
pub(crate) fn room_for_stack(statics: u64) -> u64 {
    (RAM.end - RAM.start - GUARD).saturating_sub(statics)
}

/// Nothing copies initial values into RAM on a Ledger, and some names mean something to the emulator.
fn sections(file: &object::File<'_>, problems: &mut Vec<String>) {
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
            && !(RAM.contains(&at) && at + section.size() <= RAM.end)
        {
            problems
                .push(format!("{name} ({at:#x}, {} bytes) is not inside the RAM of an app", section.size()));
        }
    }
}

/// The sections by which the emulator knows the device and the app; `ledger.api_level` exists only for later devices.
/// Gives the app's name and version.
fn metadata(file: &object::File<'_>, problems: &mut Vec<String>) -> [String; 2] {
    let mut word = |name: &str| {
        let data = file.section_by_name(name).and_then(|section| section.data().ok()).unwrap_or_default();
        let word = String::from_utf8_lossy(data).into_owned();
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            problems.push(format!("the section {name} is absent or not a word"));
        }
        word
    };
    let [target, name, version] = ["ledger.target", "ledger.app_name", "ledger.app_version"].map(&mut word);
    if target != "nanos" {
        problems.push(format!("ledger.target is `{target}`, not nanos"));
    }
    if file.section_by_name("ledger.api_level").is_some() {
        problems.push(
            "ledger.api_level is present; a Nano S has none, and the emulator would pick another OS".into(),
        );
    }
    [name, version]
}

/// The emulator patches the system calls at these symbols. Without them it patches whatever looks like one, data included.
fn traps(file: &object::File<'_>, image: &[u8], problems: &mut Vec<String>) {
    for name in ["SVC_Call", "SVC_cx_call"] {
        let at = symbol(file, name).map(|address| (address & !1).wrapping_sub(FLASH.start) as usize);
        if at.and_then(|at| image.get(at..at + SVC.len())) != Some(&SVC[..]) {
            problems.push(format!("the symbol {name} is absent or is not at an `svc 1`"));
        }
    }
}

fn nvm(file: &object::File<'_>, problems: &mut Vec<String>) -> Option<std::ops::Range<u64>> {
    let (Some(start), Some(end)) = (symbol(file, "_nvram_data"), symbol(file, "_envram_data")) else {
        problems.push("_nvram_data or _envram_data is missing: no NVM is declared".to_owned());
        return None;
    };
    if start >= end || start % PAGE != 0 || end % PAGE != 0 || start < FLASH.start {
        problems.push(format!("NVM at {start:#x}..{end:#x} is not a row of whole pages in flash"));
        return None;
    }
    Some(start..end)
}

/// The image must bring the whole NVM along as zeros: what it leaves out keeps the bytes of an older installation.
fn check_nvm(nvm: &std::ops::Range<u64>, image: &[u8], problems: &mut Vec<String>) {
    let range = (nvm.start - FLASH.start) as usize..(nvm.end - FLASH.start) as usize;
    match image.get(range) {
        None => problems.push("the image ends before the NVM does".to_owned()),
        Some(bytes) if bytes.iter().any(|&byte| byte != 0) => {
            problems.push("the NVM in the image is not zero".to_owned());
        }
        Some(_) => {}
    }
    if nvm.end - FLASH.start != image.len() as u64 {
        problems.push("something lies behind the NVM; the loader wants code first and NVM last".to_owned());
    }
}
