//! The real system: traps and the trampoline of the crypto library. `boot.s` holds what Rust cannot say.
#![allow(unsafe_code)]

mod library;
#[cfg(not(device = "nanosplus"))]
mod mcu;
#[cfg(device = "nanosplus")]
mod served;

#[cfg(not(device = "nanosplus"))]
use mcu::stack_ends;
#[cfg(device = "nanosplus")]
use served::stack_ends;

use super::{Fault, System};
use crate::crypto::wipe;
use crate::stack::{CANARY, PAINT};
use crate::target::{CELL, Call, PAGE, THIS, TRAMPOLINE, UX_TASK};

core::arch::global_asm!(include_str!("memory.s"), options(raw));

/// The boot code, with the macros of the device before it and the indices of what only this device has.
macro_rules! boot {
    ($macros:literal $(, $name:ident = $call:ident)*) => {
        core::arch::global_asm!(
            include_str!($macros),
            include_str!("boot.s"),
            $($name = const Call::$call.index(),)*
            flash = const THIS.flash.start,
            trampoline = const TRAMPOLINE,
            canary = const CANARY,
            paint = const PAINT,
            generate_pair = const Call::GeneratePair.index(),
            init_private_key = const Call::InitPrivateKey.index(),
            exit = const Call::Exit as u32,
            sha256 = const Call::Sha256.index(),
            random = const Call::Random.index(),
            begin_sha256 = const Call::BeginSha256.index(),
            begin_sha512 = const Call::BeginSha512.index(),
            hash_update = const Call::HashUpdate.index(),
            hash_final = const Call::HashFinal.index(),
        );
    };
}
#[cfg(not(device = "nanosplus"))]
boot!("boot/fixed.s");
#[cfg(device = "nanosplus")]
boot!("boot/moved.s", draw_text = DrawText, text_width = TextWidth);

// The names are those of `boot.s`; the signatures those of the SDK's headers (cx_*.h), with one-byte enums widened as the
// calling convention does.
unsafe extern "C" {
    #[link_name = "SVC_Call"]
    fn trap(call: u32, parameters: *mut u32) -> u64;
    fn nanos_nvm() -> *mut u8;
    fn nanos_scrub();
    fn nanos_exit(code: u32) -> !;
    fn nanos_generate_pair(curve: u32, public: *mut PublicKey, private: *mut PrivateKey, keep: u32) -> u32;
    fn nanos_init_private_key(curve: u32, raw: *const u8, length: usize, key: *mut PrivateKey) -> u32;
    fn nanos_sha256(message: *const u8, length: usize, digest: *mut u8, room: usize) -> usize;
    fn nanos_random(out: *mut u8, length: usize);
}

/// `CX_CURVE_Ed25519`.
const ED25519: u32 = 0x71;
/// `HDW_ED25519_SLIP10`.
const SLIP10: u32 = 1;

/// `cx_ecfp_private_key_t` for a curve of 32 bytes.
#[repr(C)]
struct PrivateKey {
    curve: u8,
    length: u32,
    bytes: [u8; 32],
}

/// `cx_ecfp_public_key_t` for a curve of 32 bytes.
#[repr(C)]
struct PublicKey {
    curve: u8,
    length: u32,
    point: [u8; 65],
}

impl PublicKey {
    const fn empty() -> Self {
        Self { curve: 0, length: 0, point: [0; 65] }
    }
}

pub(crate) struct Os;

impl System for Os {
    fn nvm_read(page: u16, out: &mut [u8; CELL]) {
        let mut word = page_address(page).cast::<u32>();
        for bytes in out.chunks_exact_mut(4) {
            // Safety: an aligned word inside the declared area, which is always readable. Volatile, because the system
            // changes these bytes behind the compiler's back.
            let value = unsafe { word.read_volatile() };
            bytes.copy_from_slice(&value.to_le_bytes());
            word = word.wrapping_add(1);
        }
    }

    fn nvm_write(page: u16, data: &[u8; CELL]) -> Result<(), Fault> {
        call(
            Call::NvmWrite,
            &mut [address_mut(page_address(page)), address(data.as_ptr()), CELL as u32, 0, 0],
        )
        .map(drop)
    }

    fn derive(path: &[u32; 5], private: &mut [u8; 64]) -> Result<(), Fault> {
        // No chain code, no seed key of our own.
        let mut parameters = [0; 10];
        parameters[0] = SLIP10;
        parameters[1] = ED25519;
        parameters[2] = path.as_ptr() as usize as u32;
        parameters[3] = path.len() as u32;
        parameters[4] = address_mut(private.as_mut_ptr());
        call(Call::Derive, &mut parameters).map(drop)
    }

    fn public_point(private: &[u8; 32], point: &mut [u8; 65]) -> Result<(), Fault> {
        let mut public = PublicKey::empty();
        generate_pair(private, &mut public)?;
        *point = public.point;
        Ok(())
    }

    fn sha256(data: &[u8], digest: &mut [u8; 32]) -> usize {
        // Safety: the lengths are those of the slices.
        unsafe { nanos_sha256(data.as_ptr(), data.len(), digest.as_mut_ptr(), digest.len()) }
    }

    fn random(out: &mut [u8]) {
        // Safety: the length is that of the slice.
        unsafe { nanos_random(out.as_mut_ptr(), out.len()) }
    }

    fn ux(request: u8) -> Result<(), Fault> {
        // bolos_ux_params_t: the request, padding, the length of its parameters (none).
        let parameters = [u32::from(request), 0];
        call(Call::Ux, &mut [parameters.as_ptr() as usize as u32, 0, 0]).map(drop)
    }

    fn ux_verdict() -> Result<u8, Fault> {
        call(Call::LastStatus, &mut [UX_TASK, 0, 0]).map(|verdict| verdict as u8)
    }

    fn pin_is_validated() -> Result<u32, Fault> {
        call(Call::PinIsValidated, &mut [0; 2])
    }

    fn version(out: &mut [u8]) -> Result<usize, Fault> {
        text(call(Call::Version, &mut [address_mut(out.as_mut_ptr()), out.len() as u32, 0, 0]), out)
    }

    fn flags() -> Result<u32, Fault> {
        call(Call::Flags, &mut [0; 2])
    }

    fn app_tag(tag: u32, out: &mut [u8]) -> Result<usize, Fault> {
        text(call(Call::AppTag, &mut [tag, address_mut(out.as_mut_ptr()), out.len() as u32, 0, 0]), out)
    }

    fn forget_try_context() -> Result<(), Fault> {
        call(Call::TryContext, &mut [0; 3]).map(drop)
    }

    fn exit(code: u32) -> ! {
        // Safety: it zeroes all of our RAM and comes back to nobody who could miss it.
        unsafe { nanos_exit(code) }
    }

    fn scrub() {
        // Safety: it writes only below the stack pointer, where nothing is alive, and above the guard word.
        unsafe { nanos_scrub() }
    }

    fn stack_word(index: usize) -> Option<u32> {
        let (low, high) = stack_ends();
        let word = low.wrapping_add(index);
        if word >= high {
            return None;
        }
        // Safety: an aligned word of our own RAM. Volatile, since the stack changes under the reader.
        Some(unsafe { word.read_volatile() })
    }
}

/// One trap. The system wants two words more than there are parameters.
#[inline(never)]
fn call(call: Call, parameters: &mut [u32]) -> Result<u32, Fault> {
    // Safety: every caller passes what the call takes (target::Call), by addresses of memory that outlives the call.
    let result = unsafe { trap(call as u32, parameters.as_mut_ptr()) };
    // Result in r0, exception in r1: together a 64-bit value under the procedure call standard.
    Fault::check((result >> 32) as u32).map(|()| result as u32)
}

fn generate_pair(private: &[u8; 32], public: &mut PublicKey) -> Result<(), Fault> {
    const KEEP_PRIVATE: u32 = 1;
    // Safety: both structures are laid out as the library has them.
    with_private_key(private, |key| unsafe { nanos_generate_pair(ED25519, public, key, KEEP_PRIVATE) })
}

/// Lends the library its form of a private key, and leaves nothing of it on the stack.
#[inline(never)]
fn with_private_key(raw: &[u8; 32], operation: impl FnOnce(*mut PrivateKey) -> u32) -> Result<(), Fault> {
    let mut key = PrivateKey { curve: 0, length: 0, bytes: [0; 32] };
    // Were it zero, a call that does nothing would make a key that everybody knows.
    Os::random(&mut key.bytes);
    // Safety: the structure is laid out as the library has it.
    let mut error = unsafe { nanos_init_private_key(ED25519, raw.as_ptr(), raw.len(), &mut key) };
    if error == 0 {
        error = operation(&mut key);
    }
    wipe(&mut key.bytes);
    Fault::check(error)
}

fn page_address(page: u16) -> *mut u8 {
    // Safety: computes an address and touches no memory.
    let start = unsafe { nanos_nvm() };
    start.wrapping_add(usize::from(page) * PAGE)
}

/// The length of a text the system wrote, which it may claim to be longer than the room for it.
fn text(length: Result<u32, Fault>, room: &[u8]) -> Result<usize, Fault> {
    length.map(|length| (length as usize).min(room.len()))
}

fn address(pointer: *const u8) -> u32 {
    pointer as usize as u32
}

fn address_mut(pointer: *mut u8) -> u32 {
    pointer as usize as u32
}
