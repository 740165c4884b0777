//! Ledger Nano S with BOLOS 2.1 (ledger-secure-sdk, branch API_LEVEL_LNS, is the source of every number here).

use super::{Device, Erases, Memory};

/// The device.
pub const DEVICE: Device = Device {
    name: "nanos",
    title: "Nano S",
    number: 1,
    id: "0x31100004",
    firmware: "2.1.0",
    target: "nanos",
    graphics: "bagl",
    model: "nanos",
    levels: &[],
    // script.ld.
    flash: Memory { start: 0xc0d0_0000, length: 400 * 1024 },
    // The crypto library's own RAM begins where it ends.
    ram: Memory { start: 0x2000_0200, length: 4608 },
    ram_moves: false,
    parameters: false,
    page: 64,
    pairs: [256; 3],
    erases: Erases {
        rated: 500_000,
        assumed: false,
        source: "Ledger's documentation of the ST31, for its pages of 64 bytes",
    },
    screen: (128, 32),
    // Bits a pixel, two colours, 16 rows, first pixel in the lowest bit.
    icon: "010000000000ffffff0000ffff181800000cc39ee7f33c611800000cc39ee7f33c61180000b66d0000",
    icon_file: "icon.gif",
};

/// Where the calls of the crypto library enter it (cx_stubs.S).
pub const TRAMPOLINE: u32 = 0x0012_0001;

/// Ledger's USB vendor id.
pub const USB_VENDOR: u16 = 0x2c97;
/// High byte: the model. Low byte: which interfaces there are; bit 0 is HID, and we have no other.
pub const USB_PRODUCT: u16 = 0x1001;
/// Release number in the device descriptor.
pub const USB_RELEASE: u16 = 0x0201;

/// Bytes of the largest packet the MCU sends (`IO_SEPROXYHAL_BUFFER_SIZE_B`).
pub const PACKET: usize = 128;

/// Task number of the system's own user interface, whose verdict says who owns the screen.
pub const UX_TASK: u32 = 4;

/// The services of the system, by the number each is called with.
///
/// Those from 0x6000_0000 on are system calls (syscalls.h); the others are functions of the crypto library, by index
/// (cx_stubs.h of this very OS version: the indices of other versions differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Call {
    /// `nvm_write(destination, source, length)`.
    NvmWrite = 0x6000_037f,
    /// `os_ux(parameters)`.
    Ux = 0x6000_6458,
    /// `os_flags()`.
    Flags = 0x6000_6a6e,
    /// `os_version(buffer, room)`.
    Version = 0x6000_6bb8,
    /// `os_registry_get_current_app_tag(tag, buffer, room)`.
    AppTag = 0x6000_74d4,
    /// `io_seph_send(buffer, length)`.
    Send = 0x6000_8381,
    /// `io_seph_is_status_sent()`.
    StatusSent = 0x6000_84bb,
    /// `io_seph_recv(buffer, room, flags)`.
    Receive = 0x6000_85e4,
    /// `os_sched_exit(code)`.
    Exit = 0x6000_9abe,
    /// `os_sched_last_status(task)`.
    LastStatus = 0x6000_9c8b,
    /// `os_global_pin_is_validated()`.
    PinIsValidated = 0x6000_a03c,
    /// `os_perso_derive_node_with_seed_key(mode, curve, path, elements, key, chain code, seed key, its length)`.
    Derive = 0x6000_a6d8,
    /// `try_context_set(context)`.
    TryContext = 0x6001_0b06,
    /// `cx_bn_unlock()`.
    NumbersUnlock = 0x6000_b617,
    /// `cx_bn_export(number, out, length)`.
    NumberExport = 0x6000_c35a,
    /// `cx_bn_mod_add(result, left, right, modulus)`.
    NumberAdd = 0x6000_d302,
    /// `cx_bn_mod_sub(result, left, right, modulus)`.
    NumberSubtract = 0x6000_d475,
    /// `cx_bn_mod_mul(result, left, right, modulus)`.
    NumberMultiply = 0x6000_d59d,
    /// `cx_bn_reduce(result, number, modulus)`.
    NumberReduce = 0x6000_d60e,
    /// `cx_ecpoint_alloc(point, curve)`.
    PointAlloc = 0x6000_f1d6,
    /// `cx_ecpoint_cmp(point, point, answer)`.
    PointCompare = 0x6000_fbc5,
    /// `cx_ecpoint_add(result, left, right)`.
    PointAdd = 0x6001_0e02,
    /// `cx_bn_lock(word size, flags)`.
    NumbersLock = 0x6001_12f1,
    /// `cx_bn_alloc_init(number, length, value, length)`.
    NumberInit = 0x6001_14cd,
    /// `cx_ecpoint_rnd_scalarmul(point, scalar, length)`.
    PointMultiply = 0x6001_274d,
    /// `cx_ecpoint_compress(point, y, length, sign)`.
    PointCompress = 0x6001_2ce7,
    /// `cx_ecpoint_decompress(point, y, length, sign)`.
    PointDecompress = 0x6001_2d42,
    /// `cx_ecdomain_generator_bn(curve, point)`.
    PointBase = 0x6001_33c1,
    /// `cx_ecfp_generate_pair_no_throw(curve, public, private, keep)`.
    GeneratePair = 0x1b,
    /// `cx_ecfp_init_private_key_no_throw(curve, raw, length, key)`.
    InitPrivateKey = 0x1c,
    /// `cx_hash_final(context, digest)`.
    HashFinal = 0x2d,
    /// `cx_hash_sha256(message, length, digest, room)`.
    Sha256 = 0x33,
    /// `cx_hash_update(context, data, length)`.
    HashUpdate = 0x35,
    /// `cx_sha256_init_no_throw(context)`.
    BeginSha256 = 0x5f,
    /// `cx_sha512_init_no_throw(context)`.
    BeginSha512 = 0x68,
    /// `cx_rng_no_throw(buffer, length)`.
    Random = 0x58,
}
