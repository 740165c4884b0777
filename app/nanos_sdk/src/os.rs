//! The system itself: lock state, who owns the screen, version, exit.

use crate::sys::{FAILED, Sys, System};

/// Questions to the system.
#[derive(Debug)]
pub struct Os(());

/// What the system calls true (`BOLOS_TRUE`). It is spread over the byte so that one flipped bit does not make it.
const TRUE: u32 = 0xaa;

/// `BOLOS_UX_EVENT` and `BOLOS_UX_WAKE_UP`.
const EVENT: u8 = 1;
const WAKE_UP: u8 = 3;

/// `BOLOS_TAG_APPNAME` and `BOLOS_TAG_APPVERSION`.
const NAME: u32 = 1;
const VERSION: u32 = 2;

impl Os {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// Whether the owner has entered the PIN and the device has not locked itself since. A failed call means no.
    pub fn unlocked(&self) -> bool {
        Sys::pin_is_validated() == Ok(TRUE)
    }

    /// Puts off dimming and auto-lock, as a press would. Only for asking the owner something.
    pub fn wake(&self) {
        // If it fails the screen stays dim; the question stands there all the same.
        let _ = Sys::ux(WAKE_UP);
    }

    /// Writes the version of the OS, as text. Gives its length: 0 if the system does not tell.
    pub fn version(&self, out: &mut [u8]) -> usize {
        Sys::version(out).unwrap_or(0)
    }

    /// Flags of the OS, as the reply to the APDU `B0 01` carries them; 0 if the system does not tell.
    pub fn flags(&self) -> u8 {
        Sys::flags().map_or(0, |flags| flags as u8)
    }

    /// Writes the data of the reply to the APDU `B0 01` by which hosts ask every app who it is: format 1, then name,
    /// version and flags of the OS, each behind its length. Gives the length of it all.
    pub fn app_and_version(&self, out: &mut [u8; 40]) -> usize {
        out[0] = 1;
        let mut at = tag(NAME, out, 1);
        at = tag(VERSION, out, at);
        out[at] = 1;
        out[at + 1] = self.flags();
        at + 2
    }

    /// Ends the app. Nothing of its RAM is left.
    pub fn exit(&self) -> ! {
        Sys::exit(FAILED)
    }
}

/// Puts length and text at `at`, and gives where they end. A text the system does not tell is empty.
fn tag(tag: u32, out: &mut [u8; 40], at: usize) -> usize {
    const LONGEST: usize = 17;
    // The emulator writes a zero behind the text: one byte more than may be used.
    let mut text = [0; LONGEST + 1];
    let length = Sys::app_tag(tag, &mut text).unwrap_or(0).min(LONGEST);
    out[at] = length as u8;
    out[at + 1..at + 1 + length].copy_from_slice(&text[..length]);
    at + 1 + length
}

/// Who owns the screen and the buttons after an event was handed to the system's user interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The app.
    App,
    /// The app, and what the system drew meanwhile has to be painted over.
    AppMustRedraw,
    /// The system: it asks for the PIN, or saves the screen.
    System,
}

/// Hands the event in hand to the system's user interface, as every app must before it acts on it.
///
/// If a call fails, the screen is taken to be the system's: no button counts while it is not known who was asked.
pub(crate) fn forward() -> Owner {
    const REDRAW: u8 = 0x69;
    const IGNORE: u8 = 0x97;
    const CONTINUE: u8 = 0;
    match Sys::ux(EVENT).and_then(|()| Sys::ux_verdict()) {
        Ok(REDRAW) => Owner::AppMustRedraw,
        Ok(IGNORE | CONTINUE) | Err(_) => Owner::System,
        Ok(_) => Owner::App,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use crate::target::Call;

    #[test]
    fn only_the_value_of_true_is_unlocked() {
        let bolos = fake::boot();
        for (answer, unlocked) in [(0xaa, true), (0x55, false), (1, false), (0, false), (0xaaaa_aaaa, false)]
        {
            fake::with(|kernel| kernel.pin = answer);
            assert_eq!(bolos.os.unlocked(), unlocked, "{answer:#x}");
        }
        fake::with(|kernel| {
            kernel.pin = 0xaa;
            kernel.fail(Call::PinIsValidated, 1);
        });
        assert!(!bolos.os.unlocked(), "a failed call is no");
    }

    #[test]
    fn the_owner_of_the_screen_follows_the_verdict() {
        let _bolos = fake::boot();
        for (verdict, owner) in
            [(0xaa, Owner::App), (0x69, Owner::AppMustRedraw), (0x97, Owner::System), (0, Owner::System)]
        {
            fake::with(|kernel| kernel.verdict = verdict);
            assert_eq!(forward(), owner);
        }
    }

    #[test]
    fn a_system_that_does_not_answer_owns_the_screen() {
        let _bolos = fake::boot();
        for call in [Call::Ux, Call::LastStatus] {
            fake::with(|kernel| kernel.fail(call, 1));
            assert_eq!(forward(), Owner::System);
        }
    }

    #[test]
    fn the_reply_to_who_are_you_has_each_part_behind_its_length() {
        let bolos = fake::boot();
        let mut out = [0xee; 40];
        let length = bolos.os.app_and_version(&mut out);
        assert_eq!(&out[..length], b"\x01\x04Fake\x051.2.3\x01\x00");

        fake::with(|kernel| {
            kernel.name = vec![b'n'; 30];
            kernel.version = vec![b'v'; 30];
        });
        assert_eq!(bolos.os.app_and_version(&mut out), 1 + 18 + 18 + 2, "long ones are cut");
        fake::with(|kernel| kernel.flags = 0x5a);
        assert_eq!((bolos.os.flags(), bolos.os.app_and_version(&mut out)), (0x5a, 39));
        assert_eq!(out[37..39], [1, 0x5a]);

        fake::with(|kernel| {
            kernel.fail(Call::AppTag, 2);
            kernel.fail(Call::Flags, 1);
        });
        assert_eq!((bolos.os.app_and_version(&mut out), &out[..5]), (5, &[1, 0, 0, 1, 0][..]));
    }

    #[test]
    fn what_the_system_does_not_tell_is_empty() {
        let bolos = fake::boot();
        let mut out = [0; 8];
        assert_eq!(bolos.os.version(&mut out), 4);
        assert_eq!(&out[..4], b"fake");
        fake::with(|kernel| kernel.fail(Call::Version, 1));
        assert_eq!(bolos.os.version(&mut out), 0);
        fake::with(|kernel| kernel.fail(Call::Ux, 1));
        bolos.os.wake();
        assert_eq!(fake::with(|kernel| kernel.count(Call::Ux)), 1);
    }

    #[test]
    #[should_panic(expected = "exit(255)")]
    fn exit_ends_the_app() {
        fake::boot().os.exit();
    }
}
