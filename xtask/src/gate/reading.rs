//! What the gate takes out of the ELF file: flash bytes, symbols, references.

use std::ops::Range;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags, elf};

/// Kinds of relocation that leave an absolute address in the image (ELF for the Arm Architecture, relocation codes).
const ABSOLUTE: &[u32] = &[
    elf::R_ARM_ABS32,
    elf::R_ARM_ABS32_NOI,
    elf::R_ARM_TARGET1,
    elf::R_ARM_ABS16,
    elf::R_ARM_ABS8,
    elf::R_ARM_MOVW_ABS_NC,
    elf::R_ARM_MOVT_ABS,
    elf::R_ARM_THM_MOVW_ABS_NC,
    elf::R_ARM_THM_MOVT_ABS,
];

/// A reference that does not survive the move of the app to its real address.
pub(super) enum Reference {
    /// A flash address stands in the image at `at`.
    FlashPointer {
        /// Linked address of the pointer.
        at: u64,
    },
    /// An address in RAM stands in the image at `at`. It is right where RAM lies where it was linked.
    RamPointer {
        /// Linked address of the pointer.
        at: u64,
        /// The symbol meant.
        symbol: String,
    },
    /// A symbol that is no address, but a number of the linker script.
    Number,
    /// Code at `at` reaches RAM by its distance from flash, and flash moves by another distance than RAM.
    RamDistance {
        /// Linked address of the instruction or constant.
        at: u64,
        /// The symbol meant.
        symbol: String,
    },
}

/// The address of a symbol.
pub(super) fn symbol(file: &object::File<'_>, name: &str) -> Option<u64> {
    file.symbols()
        .find(|symbol| symbol.name() == Ok(name) && !symbol.is_undefined())
        .map(|symbol| symbol.address())
}

/// The address and the size of a symbol.
pub(super) fn sized(file: &object::File<'_>, name: &str) -> Option<(u64, u64)> {
    file.symbols()
        .find(|symbol| symbol.name() == Ok(name) && !symbol.is_undefined())
        .map(|symbol| (symbol.address(), symbol.size()))
}

/// The bytes of all sections loaded into flash, from its first byte on; gaps are zero.
pub(super) fn flash_image(
    file: &object::File<'_>,
    flash: &Range<u64>,
    problems: &mut Vec<String>,
) -> Result<Vec<u8>> {
    let mut image = Vec::new();
    for section in file.sections().filter(|section| is_loaded(section.flags())) {
        let name = section.name().unwrap_or("?");
        let data = section.data().with_context(|| format!("section {name} cannot be read"))?;
        if data.is_empty() {
            continue;
        }
        let (start, end) = (section.address(), section.address() + data.len() as u64);
        if !flash.contains(&start) || end > flash.end {
            problems.push(format!("section {name} is loaded at {start:#x}, outside of flash"));
            continue;
        }
        let place = (start - flash.start) as usize..(end - flash.start) as usize;
        if image.len() < place.end {
            image.resize(place.end, 0);
        }
        image[place].copy_from_slice(data);
    }
    Ok(image)
}

/// Walks the relocations the linker kept for loaded sections.
pub(super) fn references(
    file: &object::File<'_>,
    flash: &Range<u64>,
    ram: &Range<u64>,
    ram_moves: bool,
    problems: &mut Vec<String>,
) -> Result<Vec<Reference>> {
    let mut found = Vec::new();
    let mut seen = false;
    for section in file.sections().filter(|section| is_loaded(section.flags())) {
        for (at, relocation) in section.relocations() {
            seen = true;
            let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            let symbol = file.symbol_by_index(index).context("a relocation names no symbol")?;
            let absolute = ABSOLUTE.contains(&r_type);
            let in_flash = flash.contains(&symbol.address());
            // The end of the stack is the first address behind RAM.
            let in_ram = (ram.start..=ram.end).contains(&symbol.address());
            let symbol = symbol.name().unwrap_or("?").to_owned();
            // From r9 on, which the system sets to where RAM is.
            let from_base = r_type == elf::R_ARM_SBREL32 && ram_moves;
            match (absolute, in_flash, in_ram) {
                (true, true, _) => found.push(Reference::FlashPointer { at }),
                (true, _, true) => found.push(Reference::RamPointer { at, symbol }),
                (true, false, false) => found.push(Reference::Number),
                (false, _, true) if r_type != elf::R_ARM_NONE && !from_base => {
                    found.push(Reference::RamDistance { at, symbol });
                }
                _ => {}
            }
        }
    }
    if !seen {
        problems.push(
            "the linker kept no relocations (--emit-relocs), so nothing can be said of pointers".to_owned(),
        );
    }
    Ok(found)
}

/// Occupies memory on the device.
fn is_loaded(flags: SectionFlags) -> bool {
    matches!(flags, SectionFlags::Elf { sh_flags } if sh_flags & u64::from(elf::SHF_ALLOC) != 0)
}
