//! The stack on functions made by hand.

use super::elf::{BSS, Elf, TEXT};
use super::{complains, judged};

/// Puts functions behind the good image's own (`start`, then `call` with its system call), each at a multiple of 16 bytes,
/// and has the first of them called from the entry.
fn with(functions: &[(&'static str, &[u16])]) -> Elf {
    let mut elf = Elf::good();
    let mut at = 0x10;
    for (name, code) in functions {
        elf.functions.push((name, TEXT + at + 1, 0));
        for (index, half) in code.iter().enumerate() {
            let at = at as usize + 2 * index;
            elf.section(".text").data[at..at + 2].copy_from_slice(&half.to_le_bytes());
        }
        at += 0x10;
    }
    elf.functions.push(("end", TEXT + at + 1, 0));
    elf.section(".text").data[..4].copy_from_slice(&[0x00, 0xf0, 0x06, 0xf8]); // bl 0x10
    elf
}

fn depth(elf: &Elf) -> (u64, Vec<(String, u64)>) {
    let (firmware, problems) = judged(elf);
    assert_eq!(problems, Vec::<String>::new());
    let path = firmware.depth.path.into_iter().map(|frame| (frame.name, frame.bytes)).collect();
    (firmware.depth.bytes, path)
}

const PUSH: u16 = 0xb5f0; // push {r4-r7, lr}: 20 bytes
const SUB: u16 = 0xb090; // sub sp, #64
const POP: u16 = 0xbdf0;
const RETURN: u16 = 0x4770; // bx lr

/// `bl` to an address ahead or behind.
fn bl(distance: i32) -> [u16; 2] {
    let offset = (distance - 4) as u32;
    let sign = (offset >> 24 & 1) as u16;
    let bit = |place: u32| (offset >> place & 1) as u16 ^ sign ^ 1;
    [
        0xf000 | sign << 10 | (offset >> 12 & 0x3ff) as u16,
        0xd000 | bit(23) << 13 | bit(22) << 11 | (offset >> 1 & 0x7ff) as u16,
    ]
}

#[test]
fn the_deepest_way_is_found_with_its_frames() {
    let [a, b] = bl(0x10 - 2);
    let [c, d] = bl(0x20 - 6);
    let elf = with(&[
        ("first", &[PUSH, a, b, c, d, POP]),
        ("shallow", &[0xb500, 0xbd00]),
        ("deep", &[PUSH, SUB, POP]),
    ]);
    let path = [("start", 0), ("first", 20), ("deep", 84)].map(|(name, bytes)| (name.to_owned(), bytes));
    assert_eq!(depth(&elf), (104, path.to_vec()));
}

#[test]
fn a_large_frame_is_taken_through_a_literal_and_given_back_through_another() {
    // ldr r4, [pc, #8] (0x1c); add sp, r4; ldr r4, [pc, #8] (0x20); add sp, r4; bx lr; nop; -0x200; 0x200
    let mut elf = with(&[("first", &[0x4c02, 0x44a5, 0x4c02, 0x44a5, RETURN, 0x46c0, 0xfe00, 0xffff])]);
    elf.section(".text").data[0x20..0x24].copy_from_slice(&0x200u32.to_le_bytes());
    assert_eq!(depth(&elf).0, 0x200);
}

#[test]
fn an_address_made_in_the_function_may_be_called_through_a_register_and_a_copy() {
    // ldr r2, [pc, #8] (0x1c); add r2, pc (0x16); mov r4, r2; blx r4; bx lr; nop; the distance to 0x20, odd
    let elf = with(&[
        ("first", &[0x4a02, 0x447a, 0x4614, 0x47a0, RETURN, 0x46c0, 0x000b, 0x0000]),
        ("second", &[SUB, RETURN]),
    ]);
    assert_eq!(
        depth(&elf),
        (64, [("start", 0), ("first", 0), ("second", 64)].map(|(n, b)| (n.to_owned(), b)).to_vec())
    );
}

#[test]
fn a_branch_out_of_a_function_counts_as_a_call() {
    let elf = with(&[("first", &[SUB, 0xe005]), ("second", &[SUB, RETURN])]); // b 0x20
    assert_eq!(depth(&elf).0, 128);
}

#[test]
fn what_others_take_is_added() {
    let [a, b] = bl(4 - 0x12);
    assert_eq!(depth(&with(&[("first", &[PUSH, a, b, POP])])).0, 20 + 100, "a system call");
    let [a, b] = bl(0x10 - 2);
    let library = [0xb403, 0x2033, 0x4700]; // push {r0, r1}; movs r0, #0x33; bx r0
    let elf = with(&[("first", &[PUSH, a, b, POP]), ("nanos_sha256", &library)]);
    assert_eq!(depth(&elf).0, 20 + 50, "the crypto library");
    complains(
        &with(&[("first", &[PUSH, a, b, POP]), ("nanos_other", &library)]),
        "nanos_other goes on where",
    );
}

#[test]
fn recursion_is_refused() {
    let [a, b] = bl(-2);
    complains(&with(&[("first", &[PUSH, a, b, POP])]), "first calls itself");
    let ([a, b], [c, d]) = (bl(0x10 - 2), bl(-0x12));
    complains(&with(&[("first", &[PUSH, a, b, POP]), ("second", &[PUSH, c, d, POP])]), "first calls itself");
}

#[test]
fn what_cannot_be_told_is_refused_where_it_can_be_reached() {
    complains(&with(&[("first", &[0x4798, RETURN])]), "calls what a register says"); // blx r3
    complains(&with(&[("first", &[0x4718])]), "goes on where a register says"); // bx r3
    complains(&with(&[("first", &[0x46a5, RETURN])]), "sets its stack pointer"); // mov sp, r4
    complains(&with(&[("first", &[0x44a5, RETURN])]), "what cannot be told"); // add sp, r4
    complains(&with(&[("first", &[0xe3ff])]), "where no function is"); // b 0x812
    let elf = with(&[("first", &[RETURN]), ("unused", &[0x4798, 0x46a5])]);
    assert_eq!(depth(&elf).0, 0, "nobody calls it");
}

#[test]
fn a_stack_that_reaches_the_statics_is_refused() {
    // ldr r4, [pc, #8] (0x1c); add sp, r4; bx lr; -0x11dc: with 0x20 bytes of statics and the guard word it just fits.
    let mut elf = with(&[("first", &[0x4c02, 0x44a5, RETURN, 0x46c0, 0x46c0, 0x46c0, 0xee24, 0xffff])]);
    assert_eq!(depth(&elf).0, 0x11dc);
    elf.move_symbol("_ebss", BSS + 0x24);
    complains(&elf, "4572 bytes does not fit the 4568");
}

#[test]
fn data_between_functions_is_no_code() {
    // A word that would be `blx r3`, marked as data.
    let mut elf = with(&[("first", &[RETURN, 0x46c0, 0x4798])]);
    complains(&elf, "calls what a register says");
    elf.functions.push(("$d", TEXT + 0x14, 0));
    elf.functions.push(("$t", TEXT + 0x20, 0));
    assert_eq!(depth(&elf).0, 0);
}
