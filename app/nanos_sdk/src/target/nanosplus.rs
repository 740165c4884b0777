//! Ledger Nano S Plus at API levels 24 to 27 (ledger-secure-sdk, the branches API_LEVEL_24 to API_LEVEL_27, is the source
//! of every number here; all of them are the same in the four).

use super::{Device, Erases, LIBRARY, Level, Memory};

/// The device.
pub const DEVICE: Device = Device {
    name: "nanosplus",
    title: "Nano S Plus",
    number: 2,
    id: "0x33100004",
    firmware: "",
    target: "nanos2",
    graphics: "nbgl",
    model: "nanosp",
    levels: &[
        Level { number: 24, text: "24", systems: "1.4" },
        Level { number: 25, text: "25", systems: "1.5" },
        Level { number: 26, text: "26", systems: "1.6" },
        Level { number: 27, text: "27", systems: "1.7" },
    ],
    // target/nanos2/script.ld.
    flash: Memory { start: 0xc0de_0000, length: 400 * 1024 },
    ram: Memory { start: 0xda7a_0000, length: 40 * 1024 },
    ram_moves: true,
    parameters: true,
    page: 512,
    // With 35 KiB of code this fills the 400 KiB. The first slot lasts ten years at a block every 6 s, the others 3.5. An
    // ADD takes the lowest slot that is free, so they do not grow.
    pairs: [206, 71, 71],
    erases: Erases {
        rated: 500_000,
        assumed: true,
        source: "no figure of the ST33K1M5 is public, and this one is of another chip with pages of 64 bytes",
    },
    screen: (128, 64),
    // As NBGL has it: width and height, bits a pixel, length; then the pixels in columns from right to left, each from top
    // to bottom, first pixel in the highest bit.
    icon: "0e000e000019000098c6319c63318d8c6663098c6319863218dcc6763098c63190",
    icon_file: "icon-14.gif",
};

/// Where the calls of the shared library enter it: crypto, and the drawing of text (shared_trampoline.h).
pub const TRAMPOLINE: u32 = 0x0080_8001;

/// Bytes of the largest event that `os_io_rx_evt` gives: its kind and 272 bytes (`OS_IO_BUFFER_SIZE`).
pub const PACKET: usize = 273;

/// Task number of the system's own user interface, whose verdict says who owns the screen.
pub const UX_TASK: u32 = 4;

/// The services of the system, by the number each is called with.
///
/// Those without `LIBRARY` are system calls (syscalls.h); the others are functions of the shared library, by index
/// (cx_stubs.h and nbgl_stubs.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Call {
    /// `nvm_write(destination, source, length)`.
    NvmWrite = 0x0300_0003,
    /// `os_ux(parameters)`.
    Ux = 0x0100_0064,
    /// `os_flags()`.
    Flags = 0x0000_006a,
    /// `os_version(buffer, room)`.
    Version = 0x0200_006b,
    /// `os_registry_get_current_app_tag(tag, buffer, room)`.
    AppTag = 0x0300_0074,
    /// `os_io_init(settings)`.
    IoInit = 0x0100_0084,
    /// `os_io_start()`.
    IoStart = 0x0100_0085,
    /// `os_io_tx_cmd(kind, buffer, length, timeout)`.
    Send = 0x0400_0088,
    /// `os_io_rx_evt(buffer, room, timeout, those of the secure element too)`. It has four parameters, whatever it says.
    Receive = 0x0300_0089,
    /// `nbgl_frontDrawRect(area)`.
    DrawBar = 0x01fa_0000,
    /// `nbgl_frontRefreshArea(area, mode, what follows)`.
    Refresh = 0x03fa_0003,
    /// `os_sched_exit(code)`.
    Exit = 0x0100_009a,
    /// `os_sched_last_status(task)`.
    LastStatus = 0x0100_009c,
    /// `os_global_pin_is_validated()`.
    PinIsValidated = 0x0000_00a0,
    /// `os_perso_derive_node_with_seed_key(mode, curve, path, elements, key, chain code, seed key, its length)`.
    Derive = 0x0800_00a6,
    /// `try_context_set(context)`.
    TryContext = 0x0100_010b,
    /// `cx_bn_unlock()`.
    NumbersUnlock = 0x0000_00b6,
    /// `cx_bn_export(number, out, length)`.
    NumberExport = 0x0300_00c3,
    /// `cx_bn_mod_add(result, left, right, modulus)`.
    NumberAdd = 0x0400_00d3,
    /// `cx_bn_mod_sub(result, left, right, modulus)`.
    NumberSubtract = 0x0400_00d4,
    /// `cx_bn_mod_mul(result, left, right, modulus)`.
    NumberMultiply = 0x0400_00d5,
    /// `cx_bn_reduce(result, number, modulus)`.
    NumberReduce = 0x0300_00d6,
    /// `cx_ecpoint_alloc(point, curve)`.
    PointAlloc = 0x0200_00f1,
    /// `cx_ecpoint_cmp(point, point, answer)`.
    PointCompare = 0x0300_00fb,
    /// `cx_ecpoint_add(result, left, right)`.
    PointAdd = 0x0300_010e,
    /// `cx_bn_lock(word size, flags)`.
    NumbersLock = 0x0200_0112,
    /// `cx_bn_alloc_init(number, length, value, length)`.
    NumberInit = 0x0400_0114,
    /// `cx_ecpoint_rnd_scalarmul(point, scalar, length)`.
    PointMultiply = 0x0300_0127,
    /// `cx_ecpoint_compress(point, y, length, sign)`.
    PointCompress = 0x0400_012c,
    /// `cx_ecpoint_decompress(point, y, length, sign)`.
    PointDecompress = 0x0400_012d,
    /// `cx_ecdomain_generator_bn(curve, point)`.
    PointBase = 0x0200_0133,
    /// `cx_ecfp_generate_pair_no_throw(curve, public, private, keep)`.
    GeneratePair = LIBRARY | 0x32,
    /// `cx_ecfp_init_private_key_no_throw(curve, raw, length, key)`.
    InitPrivateKey = LIBRARY | 0x33,
    /// `cx_hash_final(context, digest)`.
    HashFinal = LIBRARY | 0x3f,
    /// `cx_hash_sha256(message, length, digest, room)`.
    Sha256 = LIBRARY | 0x46,
    /// `cx_hash_update(context, data, length)`.
    HashUpdate = LIBRARY | 0x48,
    /// `cx_sha256_init_no_throw(context)`.
    BeginSha256 = LIBRARY | 0x71,
    /// `cx_sha512_init_no_throw(context)`.
    BeginSha512 = LIBRARY | 0x7a,
    /// `cx_rng_no_throw(buffer, length)`.
    Random = LIBRARY | 0x6a,
    /// `nbgl_getSingleLineTextWidthInLen(font, text, length)`.
    TextWidth = LIBRARY | 0xb0,
    /// `nbgl_drawText(area, text, length, font, colour)`.
    DrawText = LIBRARY | 0xc2,
}
