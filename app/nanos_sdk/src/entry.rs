//! From the first instruction to the app's `run`.
//!
//! `boot.s` stands first in the image. It leaves again if another app called us (r0 not 0: we are no library), zeroes
//! the statics, sets the guard word and the pattern of [`crate::stack`], and calls what [`crate::entry!`] defines.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;

use crate::Bolos;
use crate::sys::{Sys, System};

/// Makes a binary an app: what the loader is told of it, its state, and the function that never returns.
///
/// ```
/// # struct App;
/// # fn run(_: &'static mut nanos_sdk::Bolos, _: &'static mut App) -> ! { loop {} }
/// nanos_sdk::entry! {
///     name: "Highwater",
///     version: env!("CARGO_PKG_VERSION"),
///     path: [nanos_sdk::hardened(44), nanos_sdk::hardened(118)], // the keys of the app lie below it
///     state: App = App, // a constant, all zeros; it stands in static memory
///     run: run,   // fn(&'static mut Bolos, &'static mut App) -> !
/// }
/// ```
///
/// The linker script keeps the `ledger.*` sections apart from the image; loader and emulator read them. On a host this only
/// checks types.
#[macro_export]
macro_rules! entry {
    (
        name: $name:expr,
        version: $version:expr,
        path: $path:expr,
        state: $state:ty = $value:expr,
        run: $run:expr $(,)?
    ) => {
        const _: (fn(&'static mut $crate::Bolos, &'static mut $state) -> !, $state) = ($run, $value);

        #[cfg(target_os = "none")]
        const _: () = {
            static STATE: $crate::entry::Place<$state> = $crate::entry::Place::new($value);

            #[unsafe(no_mangle)]
            extern "C" fn nanos_sdk_main() -> ! {
                // Safety: called once, by the boot code, before anything else runs.
                unsafe { $crate::entry::start(&STATE, $run) }
            }

    $crate::entry!(@section NAME, "ledger.app_name", $name);
    $crate::entry!(@section VERSION, "ledger.app_version", $version);
    $crate::entry!(@section TARGET, "ledger.target", $crate::target::THIS.target);
    $crate::entry!(@section TARGET_ID, "ledger.target_id", $crate::target::THIS.id);
    $crate::entry!(@section GRAPHICS, "ledger.sdk_graphics", $crate::target::THIS.graphics);
            $crate::more_of_entry!($name, $version, $path);
        };
    };
    (@section $item:ident, $section:literal, $text:expr) => {
        #[used]
        #[unsafe(link_section = $section)]
        static $item: [u8; {
            let text: &str = $text;
            text.len()
        }] = $crate::entry::bytes($text);
    };
}

/// What only a device with API levels wants. There must be no `ledger.api_level` for another: the emulator takes an app that
/// has one for an app of a later device.
#[macro_export]
#[doc(hidden)]
#[cfg(not(device = "nanosplus"))]
macro_rules! more_of_entry {
    ($name:expr, $version:expr, $path:expr) => {
        const _: [u32; { $path.len() }] = $path;
    };
}

/// What only a device with API levels wants: the newest of them (`cargo xtask firmware` writes a file for each), and the
/// install parameters in the image, where the emulator finds them too.
#[macro_export]
#[doc(hidden)]
#[cfg(device = "nanosplus")]
macro_rules! more_of_entry {
    ($name:expr, $version:expr, $path:expr) => {
        $crate::entry!(@section API_LEVEL, "ledger.api_level", $crate::parameters::LEVEL);
        $crate::entry!(@section APP_FLAGS, "ledger.app_flags", "0x000");

        #[used]
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".install_parameters")]
        #[allow(non_upper_case_globals)]
        static install_parameters: [u8; $crate::parameters::length($name, $version, &$path)] =
            $crate::parameters::bytes($name, $version, &$path);
    };
}

/// Static memory for one value.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place<T>(UnsafeCell<T>);

// Safety: reached only by `start`, which runs once, and an app has one thread.
unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    /// A value that is all zeros, which is what the boot code makes of statics; another would need a copy in flash, and
    /// the linker script refuses it.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }
}

/// The bytes of a text of exactly `N` bytes, to stand in a section of their own.
#[doc(hidden)]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(text.as_bytes());
    out
}

/// What happens before `run`.
///
/// # Safety
/// Once only.
#[doc(hidden)]
pub unsafe fn start<T>(state: &'static Place<T>, run: fn(&'static mut Bolos, &'static mut T) -> !) -> ! {
    static BOLOS: Place<Bolos> = Place::new(Bolos::new());
    // Safety: the caller promises that this runs once, so these are the only references.
    let (bolos, state) = unsafe { (&mut *BOLOS.0.get(), &mut *state.0.get()) };
    power_on(bolos);
    run(bolos, state)
}

/// As apps of Ledger begin: no jump buffer of an earlier app, USB off. They connect at once; we when the app can answer.
pub(crate) fn power_on(bolos: &mut Bolos) {
    // Without a jump buffer there is nothing to forget, and nothing here jumps: a failure changes nothing.
    let _ = Sys::forget_try_context();
    bolos.io.power_on();
}

/// Another app called us as a library.
#[unsafe(no_mangle)]
#[cfg(target_os = "none")]
extern "C" fn nanos_sdk_leave() -> ! {
    crate::sys::die()
}

/// The area the system lets us write: reached by address only (`nanos_nvm`), and zero in the image, so that nothing of
/// an older installation shines through.
#[used]
#[unsafe(link_section = ".storage")]
#[cfg(target_os = "none")]
static STORAGE: [u8; crate::target::DECLARED_PAGES as usize * crate::target::PAGE] =
    [0; crate::target::DECLARED_PAGES as usize * crate::target::PAGE];

/// Where a panic ends. Built with immediate aborts the image has none of this; with others it is the only way out.
#[panic_handler]
#[cfg(target_os = "none")]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    crate::sys::die()
}
