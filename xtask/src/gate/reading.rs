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
    /// Code at `at` reaches RAM by distance, but only flash moves.
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
            if absolute && flash.contains(&symbol.address()) {
                found.push(Reference::FlashPointer { at });
            } else if !absolute && r_type != elf::R_ARM_NONE && ram.contains(&symbol.address()) {
                let symbol = symbol.name().unwrap_or("?").to_owned();
                found.push(Reference::RamDistance { at, symbol });
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
