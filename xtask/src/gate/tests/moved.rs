//! The gate on images of a device whose RAM moves as well.

use nanos_sdk::target::nanosplus;
use object::elf::{R_ARM_ABS32, R_ARM_REL32, R_ARM_SBREL32};

use super::BUDGET;
use super::elf::{Elf, MOVED_TEXT, Relocation};
use crate::gate::{Firmware, examine};

fn judged(elf: &Elf) -> (Firmware, Vec<String>) {
    examine(&elf.to_bytes(), &nanosplus::DEVICE, &BUDGET).expect("the file is an ELF")
}

fn complains(elf: &Elf, words: &str) {
    let (_, problems) = judged(elf);
    assert!(problems.len() == 1 && problems[0].contains(words), "expected `{words}`, got {problems:?}");
}

fn with(kind: u32, symbol: &'static str) -> Elf {
    let mut elf = Elf::moved();
    elf.relocations.push(Relocation { at: MOVED_TEXT + 20, kind, symbol });
    elf
}

#[test]
fn a_good_image_passes_with_its_figures() {
    let (firmware, problems) = judged(&Elf::moved());
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!((firmware.code, firmware.nvm, firmware.parameters), (0x200, 0x200, 8));
    assert_eq!((firmware.statics, firmware.image.len()), (0x20, 0x408));
    assert_eq!(firmware.relocations, [u64::from(MOVED_TEXT) + 8]);
}

#[test]
fn ram_is_reached_from_its_base_alone() {
    assert_eq!(judged(&with(R_ARM_SBREL32, "buffer")).1, Vec::<String>::new());
    complains(&with(R_ARM_ABS32, "buffer"), "the address of `buffer` in RAM");
    complains(&with(R_ARM_ABS32, "_estack"), "the address of `_estack` in RAM");
    complains(&with(R_ARM_REL32, "buffer"), "reaches `buffer` in RAM by its distance");
}

#[test]
fn flash_has_its_one_pointer_and_the_linker_its_two_numbers() {
    complains(&with(R_ARM_ABS32, "constant"), "2 pointers to flash");
    complains(
        &with(R_ARM_ABS32, "_bss_size"),
        "3 absolute numbers of the linker stand in the image, 2 expected",
    );
    let mut elf = Elf::moved();
    elf.relocations.pop();
    complains(&elf, "1 absolute numbers");
}

#[test]
fn the_newest_level_is_named() {
    let mut elf = Elf::moved();
    elf.section("ledger.api_level").data = b"26".to_vec();
    complains(&elf, "ledger.api_level is absent or not 27");
}

#[test]
fn the_parameters_stand_behind_the_nvm_and_nothing_behind_them() {
    let mut elf = Elf::moved();
    elf.section(".text").data.push(0);
    complains(&elf, "lies behind the NVM");
    let mut elf = Elf::moved();
    elf.functions.pop();
    let (_, problems) = judged(&elf);
    assert!(problems[0].contains("install_parameters is missing"), "{problems:?}");
}
