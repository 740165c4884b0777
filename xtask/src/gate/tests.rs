//! The gate on ELF files made by hand: one good image, and one fault at a time.

mod elf;
mod moved;
mod stack;

use elf::{Elf, NVM_START, Relocation, Section, TEXT};
use nanos_sdk::target::nanos;
use object::elf::{R_ARM_ABS32, R_ARM_REL32, R_ARM_THM_PC22, SHF_ALLOC, SHF_WRITE, SHT_PROGBITS};

use super::{Firmware, examine};
use crate::budget::{Budget, Others};
use crate::ihex;

const BUDGET: Budget = Budget {
    code: 0x100,
    image: 0x1000,
    statics: 0x40,
    stack: 0x800,
    relocations: 1,
    others: Others {
        system: 100,
        generate_pair: 0,
        init_private_key: 0,
        sha256: 50,
        random: 0,
        hash: 0,
        text: 0,
    },
};

fn judged(elf: &Elf) -> (Firmware, Vec<String>) {
    examine(&elf.to_bytes(), &nanos::DEVICE, &BUDGET).expect("the file is an ELF")
}

/// Fails unless exactly one thing is complained about, in these words.
fn complains(elf: &Elf, words: &str) {
    let (_, problems) = judged(elf);
    assert!(problems.len() == 1 && problems[0].contains(words), "expected `{words}`, got {problems:?}");
}

#[test]
fn a_good_image_passes_with_its_figures() {
    let (firmware, problems) = judged(&Elf::good());
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!((firmware.code, firmware.nvm, firmware.statics), (0x80, 0x80, 0x20));
    assert_eq!(firmware.relocations, [u64::from(TEXT) + 8]);
    assert_eq!((firmware.base, firmware.entry), (u64::from(TEXT), u64::from(TEXT) + 1));
    assert_eq!((firmware.name.as_str(), firmware.version.as_str()), ("Tide", "1.2.3"));
    assert_eq!(firmware.over(&BUDGET), Vec::<String>::new());
}

#[test]
fn a_figure_above_its_limit_is_named() {
    let (firmware, _) = judged(&Elf::good());
    let over = firmware.over(&Budget { code: 0x7f, statics: 0x1f, ..BUDGET });
    assert!(over[0].contains("code") && over[1].contains("static RAM"), "{over:?}");
}

#[test]
fn a_pointer_in_constant_data_is_refused() {
    let mut elf = Elf::good();
    elf.relocations.push(Relocation { at: TEXT + 12, kind: R_ARM_ABS32, symbol: "constant" });
    complains(&elf, "2 pointers to flash");
}

#[test]
fn an_image_without_its_one_meant_pointer_is_refused() {
    let mut elf = Elf::good();
    elf.relocations[0] = Relocation { at: TEXT, kind: R_ARM_THM_PC22, symbol: "constant" };
    complains(&elf, "0 pointers to flash");
}

#[test]
fn a_pointer_to_ram_is_fine_but_a_distance_to_it_is_not() {
    let mut elf = Elf::good();
    elf.relocations.push(Relocation { at: TEXT + 12, kind: R_ARM_ABS32, symbol: "buffer" });
    assert!(judged(&elf).1.is_empty());
    elf.relocations.push(Relocation { at: TEXT + 16, kind: R_ARM_REL32, symbol: "buffer" });
    complains(&elf, "`buffer` in RAM by its distance");
}

#[test]
fn an_image_linked_without_relocations_is_refused() {
    let mut elf = Elf::good();
    elf.relocations.clear();
    assert!(judged(&elf).1.iter().any(|problem| problem.contains("--emit-relocs")));
}

#[test]
fn an_entry_behind_the_first_byte_is_refused() {
    let mut elf = Elf::good();
    elf.entry = TEXT + 3;
    complains(&elf, "the entry is 0xc0d00003");
    elf.entry = TEXT;
    complains(&elf, "Thumb");
}

#[test]
fn initial_values_in_ram_are_refused() {
    let mut elf = Elf::good();
    elf.sections.push(Section {
        name: ".data",
        kind: SHT_PROGBITS,
        flags: SHF_ALLOC | SHF_WRITE,
        address: TEXT + 0x1000,
        data: vec![1; 4],
        size: 4,
    });
    assert!(judged(&elf).1.iter().any(|problem| problem.contains("4 bytes of initial values")));
}

#[test]
fn a_section_called_nvm_data_is_refused() {
    let mut elf = Elf::good();
    elf.sections.push(Section::note(".nvm_data", b""));
    complains(&elf, ".nvm_data");
}

#[test]
fn statics_outside_of_ram_are_refused() {
    let mut elf = Elf::good();
    elf.section(".bss").size = 0x1201;
    let (_, problems) = judged(&elf);
    assert!(problems[0].contains("not inside the RAM"), "{problems:?}");
}

#[test]
fn missing_symbols_are_named() {
    for name in ["_nvram_data", "_envram_data", "_estack", "SVC_Call", "SVC_cx_call"] {
        let mut elf = Elf::good();
        elf.rename_symbol(name, "other");
        let (_, problems) = judged(&elf);
        assert!(problems.iter().any(|problem| problem.contains(name)), "{name}: {problems:?}");
    }
}

#[test]
fn a_system_call_symbol_that_is_not_at_a_trap_is_refused() {
    let mut elf = Elf::good();
    elf.section(".text").data[4] = 0x02;
    complains(&elf, "SVC_Call is absent or is not at");
}

#[test]
fn the_nvm_must_be_zero_and_must_end_the_image() {
    let mut elf = Elf::good();
    elf.section(".text").data[NVM_START as usize] = 1;
    complains(&elf, "not zero");

    let mut elf = Elf::good();
    elf.section(".text").data.truncate(0xff);
    assert!(judged(&elf).1.iter().any(|problem| problem.contains("ends before the NVM")));

    let mut elf = Elf::good();
    elf.section(".text").data.push(0);
    complains(&elf, "lies behind the NVM");
}

#[test]
fn another_device_is_refused() {
    let mut elf = Elf::good();
    elf.section("ledger.target").data = b"nanos2".to_vec();
    complains(&elf, "not nanos");
    let mut elf = Elf::good();
    elf.sections.push(Section::note("ledger.api_level", b"22"));
    complains(&elf, "api_level");
}

#[test]
fn the_hex_covers_the_whole_nvm_with_zeros() {
    let (firmware, _) = judged(&Elf::good());
    let text = ihex::write(firmware.base, &firmware.image, firmware.entry);
    // One record for each 16 bytes of the two NVM pages, at 0x0080..0x0100.
    for address in (NVM_START..0x100).step_by(16) {
        let record = format!(":10{address:04X}00{}", "0".repeat(32));
        assert!(text.contains(&record), "no zeros at {address:#x} in\n{text}");
    }
}

#[test]
fn what_is_no_elf_is_an_error() {
    assert!(examine(b"MZ", &nanos::DEVICE, &BUDGET).is_err());
}
