//! What of ARMv6-M the stack depends on: one instruction at a time (ARMv6-M Architecture Reference Manual, A5).

/// The stack pointer and the program counter.
const SP: u8 = 13;
const PC: u8 = 15;
/// The link register, through which a function goes back.
pub(super) const LR: u8 = 14;

/// What an instruction does, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Takes bytes of stack: `push`, `sub sp, #n`.
    Take(u32),
    /// Adds a register to the stack pointer: how a large frame is taken, and given back.
    AddToStack(u8),
    /// Sets the stack pointer to something else altogether.
    SetStack,
    /// Loads a register with the word at an address: a literal.
    Literal(u8, u32),
    /// Adds the program counter to a register; the address that is added.
    AddPlace(u8, u32),
    /// Copies the second register into the first.
    Move(u8, u8),
    /// Calls an address.
    Call(u32),
    /// Goes on at an address, always or on a condition.
    Branch(u32),
    /// Calls what a register says.
    CallRegister(u8),
    /// Goes on where a register says.
    BranchRegister(u8),
    /// Asks the system.
    System,
    /// Nothing of the above.
    Other,
}

/// Decodes the instruction at `address`. Gives its effect and its length in bytes.
pub(super) fn decode(address: u32, first: u16, second: u16) -> (Effect, u32) {
    let here = address.wrapping_add(4);
    // Register numbers stand in bits 0..3 and 8..11, or in four bits with the highest of the first apart.
    let low = (first & 7) as u8;
    let target = low | (first >> 4 & 8) as u8;
    let source = (first >> 3 & 15) as u8;
    let effect = match first {
        0xb400..=0xb5ff => Effect::Take(4 * (first & 0x1ff).count_ones()),
        0xb080..=0xb0ff => Effect::Take(4 * u32::from(first & 0x7f)),
        0x4800..=0x4fff => Effect::Literal((first >> 8 & 7) as u8, (here & !3) + 4 * u32::from(first & 0xff)),
        // What is added to the program counter is an entry of a table of branches inside the function.
        0x4400..=0x44ff if target == SP => Effect::AddToStack(source),
        0x4400..=0x44ff if source == PC => Effect::AddPlace(target, here),
        0x4600..=0x46ff if target == SP => Effect::SetStack,
        0x4600..=0x46ff if target != PC => Effect::Move(target, source),
        0x0000..=0x003f => Effect::Move(low, (first >> 3 & 7) as u8),
        0x4700..=0x477f => Effect::BranchRegister(source),
        0x4780..=0x47ff => Effect::CallRegister(source),
        0xdf00..=0xdfff => Effect::System,
        // 0xde is the undefined instruction, where a panic ends.
        0xd000..=0xddff => Effect::Branch(here.wrapping_add_signed(2 * i32::from(first as u8 as i8))),
        0xe000..=0xe7ff => Effect::Branch(here.wrapping_add_signed(signed(u32::from(first) << 1, 12))),
        0xf000..=0xf7ff if second & 0xd000 == 0xd000 => Effect::Call(far(here, first, second)),
        _ => Effect::Other,
    };
    (effect, if first >= 0xe800 { 4 } else { 2 })
}

/// Where `bl` goes: 24 bits in two halves, the upper two of the second stored as they differ from the sign.
fn far(here: u32, first: u16, second: u16) -> u32 {
    let (first, second) = (u32::from(first), u32::from(second));
    let sign = first >> 10 & 1;
    let bit = |place: u32| (second >> place & 1) ^ sign ^ 1;
    let offset = sign << 24 | bit(13) << 23 | bit(11) << 22 | (first & 0x3ff) << 12 | (second & 0x7ff) << 1;
    here.wrapping_add_signed(signed(offset, 25))
}

/// The lowest `bits` of a number, as a signed one.
fn signed(value: u32, bits: u32) -> i32 {
    (value << (32 - bits)) as i32 >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u32 = 0xc0d0_0100;

    fn effect(first: u16, second: u16) -> Effect {
        decode(AT, first, second).0
    }

    // The bytes are those of GNU as for the instructions named.
    #[test]
    fn what_takes_stack_is_counted() {
        assert_eq!(effect(0xb5f0, 0), Effect::Take(20), "push {{r4-r7, lr}}");
        assert_eq!(effect(0xb403, 0), Effect::Take(8), "push {{r0, r1}}");
        assert_eq!(effect(0xb0ad, 0), Effect::Take(180), "sub sp, #180");
        assert_eq!(effect(0x44b5, 0), Effect::AddToStack(6), "add sp, r6");
        assert_eq!(effect(0x46a5, 0), Effect::SetStack, "mov sp, r4");
        for harmless in [0xbdf0, 0xb02d, 0x466c, 0xa803, 0xaf03] {
            assert!(!matches!(effect(harmless, 0), Effect::Take(_)), "{harmless:#x}");
        }
    }

    #[test]
    fn where_code_goes_is_found() {
        assert_eq!(effect(0xf7ff, 0xfffe), Effect::Call(AT), "bl .");
        assert_eq!(effect(0xf000, 0xf87e), Effect::Call(AT + 0x100), "bl .+0x100");
        assert_eq!(effect(0xf7ff, 0xfefe), Effect::Call(AT - 0x200), "bl .-0x200");
        assert_eq!(effect(0xe7fe, 0), Effect::Branch(AT), "b .");
        assert_eq!(effect(0xe07e, 0), Effect::Branch(AT + 0x100), "b .+0x100");
        assert_eq!(effect(0xd0fe, 0), Effect::Branch(AT), "beq .");
        assert_eq!(effect(0x47b0, 0), Effect::CallRegister(6), "blx r6");
        assert_eq!(effect(0x4770, 0), Effect::BranchRegister(LR), "bx lr");
        assert_eq!(effect(0xdf01, 0), Effect::System, "svc 1");
        assert_eq!(effect(0xdefe, 0), Effect::Other, "udf #254");
        assert_eq!(effect(0x4487, 0), Effect::Other, "add pc, r0");
        assert_eq!(effect(0x4687, 0), Effect::Other, "mov pc, r0");
    }

    #[test]
    fn addresses_are_followed_through_registers() {
        assert_eq!(effect(0x4902, 0), Effect::Literal(1, AT + 12), "ldr r1, [pc, #8]");
        assert_eq!(decode(AT + 2, 0x4902, 0).0, Effect::Literal(1, AT + 12), "the same, not on a word");
        assert_eq!(effect(0x447e, 0), Effect::AddPlace(6, AT + 4), "add r6, pc");
        assert_eq!(effect(0x4614, 0), Effect::Move(4, 2), "mov r4, r2");
        assert_eq!(effect(0x46a0, 0), Effect::Move(8, 4), "mov r8, r4");
        assert_eq!(effect(0x0014, 0), Effect::Move(4, 2), "movs r4, r2");
    }

    #[test]
    fn only_what_begins_with_three_ones_is_four_bytes_long() {
        for (first, length) in [(0xb5f0, 2), (0xe7fe, 2), (0xf000, 4), (0xf3bf, 4)] {
            assert_eq!(decode(AT, first, 0xd000).1, length, "{first:#x}");
        }
    }
}
