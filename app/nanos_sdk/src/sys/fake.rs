//! BOLOS and the MCU, played on a host: one per thread, as there is one to an app.
//!
//! It hands out scripted events, then what happens at the cable and the screen, and a tick when there is nothing else. It
//! insists on the rules a device enforces, by panicking where a device would stop. Every call can be made to fail.
//!
//! `wired` is the side of a device whose MCU drives, `desk` that of one whose system drives.

#[cfg(device = "nanosplus")]
mod desk;
mod library;
mod modular;
mod software;
#[cfg(not(device = "nanosplus"))]
mod wired;

use std::cell::RefCell;
use std::collections::VecDeque;

#[cfg(device = "nanosplus")]
pub use desk::Desk;
pub use software::Software;
#[cfg(test)]
pub(crate) use software::{holds, signature};
#[cfg(not(device = "nanosplus"))]
pub use wired::{Bus, Drawn, Host, Mcu, Outcome, Packet, Panel, Usb};

use super::{Fault, System};
use crate::Bolos;
use crate::stack::{CANARY, PAINT};
use crate::target::{CELL, Call, DECLARED_PAGES};

/// What an injected failure says: the exception of a path the app was not installed for, which stands for all.
pub const FAULT: Fault = match Fault::check(0x4215) {
    Err(fault) => fault,
    Ok(()) => panic!("no failure is zero"),
};

/// The state of the played system.
#[derive(Debug)]
pub struct Kernel {
    /// Events to come before anything else, as whole packets.
    pub events: VecDeque<Vec<u8>>,
    /// The other chip, with the cable and the screen.
    #[cfg(not(device = "nanosplus"))]
    pub mcu: Mcu,
    /// The system's own side of cable and screen.
    #[cfg(device = "nanosplus")]
    pub desk: Desk,
    /// Flash, the spare page at its end included: the cell of each page.
    pub nvm: Vec<[u8; CELL]>,
    /// What the question for the PIN is answered with.
    pub pin: u32,
    /// What the user interface of the system makes of every event; 0x69, "redraw", it says only once.
    pub verdict: u8,
    /// Whether that user interface draws: then it gives the status of every event it sees.
    pub system_draws: bool,
    /// How often an app has put off dimming and auto-lock.
    pub wakes: usize,
    /// Name of the app.
    pub name: Vec<u8>,
    /// Version of the app.
    pub version: Vec<u8>,
    /// Flags of the system.
    pub flags: u32,
    /// Words from the guard to the end of the stack.
    pub stack: Vec<u32>,
    /// How often what calls left below the stack pointer was zeroed.
    pub scrubs: usize,
    /// What the crypto library computes.
    pub software: Software,
    library: library::State,
    calls: Vec<Call>,
    failures: Vec<Failure>,
    /// A call that is to say it went well and do nothing, after so many that do their work.
    idle: Option<(Call, usize)>,
    #[cfg(not(device = "nanosplus"))]
    wire: wired::Wire,
    random: u64,
}

/// Calls that are to fail.
#[derive(Debug)]
struct Failure {
    call: Call,
    spared: usize,
    times: usize,
}

impl Kernel {
    fn new() -> Self {
        let mut stack = vec![PAINT; 1000];
        stack[0] = CANARY;
        Self {
            events: VecDeque::new(),
            #[cfg(not(device = "nanosplus"))]
            mcu: Mcu::default(),
            #[cfg(device = "nanosplus")]
            desk: Desk::default(),
            nvm: vec![[0; CELL]; usize::from(DECLARED_PAGES)],
            pin: 0xaa,
            verdict: 0xaa,
            system_draws: false,
            wakes: 0,
            name: b"Fake".to_vec(),
            version: b"1.2.3".to_vec(),
            flags: 0,
            stack,
            scrubs: 0,
            software: Software::default(),
            library: library::State::default(),
            calls: Vec::new(),
            failures: Vec::new(),
            idle: None,
            #[cfg(not(device = "nanosplus"))]
            wire: wired::Wire::default(),
            random: 1,
        }
    }

    /// Lets the next `times` calls of `call` fail with [`FAULT`], without any effect.
    pub fn fail(&mut self, call: Call, times: usize) {
        self.fail_later(call, 0, times);
    }

    /// As [`Kernel::fail`], but the next `spared` calls go well.
    pub fn fail_later(&mut self, call: Call, spared: usize, times: usize) {
        self.failures.push(Failure { call, spared, times });
    }

    /// After `spared` that do their work one call of `call` says that it went well, and has done nothing. Only those of
    /// keys, hashes, numbers and points that give no value.
    pub fn idle(&mut self, call: Call, spared: usize) {
        self.idle = Some((call, spared));
    }

    fn is_idle(&mut self, call: Call) -> bool {
        match &mut self.idle {
            Some((idle, 0)) if *idle == call => self.idle.take().is_some(),
            Some((idle, spared)) if *idle == call => {
                *spared -= 1;
                false
            }
            _ => false,
        }
    }

    /// Whatever was still to fail or to do nothing will not.
    pub fn mend(&mut self) {
        self.failures.clear();
        self.idle = None;
    }

    /// How often something was called, failures included.
    pub fn count(&self, call: Call) -> usize {
        self.calls.iter().filter(|made| **made == call).count()
    }

    /// The calls since there were `before` of them.
    pub fn calls_since(&self, before: usize) -> &[Call] {
        &self.calls[before..]
    }

    /// All calls so far.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether the unit for numbers is locked: then the library signs nothing and derives nothing.
    pub fn numbers_are_locked(&self) -> bool {
        self.library.is_locked()
    }

    fn enter(&mut self, call: Call) -> Result<(), Fault> {
        self.calls.push(call);
        let Some(failure) = self.failures.iter_mut().find(|failure| failure.call == call) else {
            return Ok(());
        };
        if failure.spared > 0 {
            failure.spared -= 1;
            return Ok(());
        }
        failure.times -= 1;
        self.failures.retain(|failure| failure.times > 0);
        Err(FAULT)
    }
}

thread_local! {
    static KERNEL: RefCell<Kernel> = RefCell::new(Kernel::new());
}

/// Starts a new system on this thread, and an app on it, which is not on the bus yet.
pub fn boot() -> Bolos {
    KERNEL.replace(Kernel::new());
    restart()
}

/// Starts the app again on the same system: flash is as it was left. The state an app keeps elsewhere is gone.
pub fn restart() -> Bolos {
    with(|kernel| {
        #[cfg(not(device = "nanosplus"))]
        kernel.unplug();
        #[cfg(device = "nanosplus")]
        kernel.desk.clear();
        kernel.library = library::State::default();
        kernel.calls.clear();
    });
    let mut bolos = Bolos::new();
    crate::entry::power_on(&mut bolos);
    bolos
}

/// Looks at the system of this thread, or changes it. Not from within itself.
pub fn with<T>(look: impl FnOnce(&mut Kernel) -> T) -> T {
    KERNEL.with_borrow_mut(look)
}

/// Notes a call, and does it unless it is to fail.
fn call<T>(call: Call, work: impl FnOnce(&mut Kernel) -> T) -> Result<T, Fault> {
    with(|kernel| kernel.enter(call).map(|()| work(kernel)))
}

fn put(text: &[u8], out: &mut [u8]) -> usize {
    let length = text.len().min(out.len());
    out[..length].copy_from_slice(&text[..length]);
    length
}

pub(crate) struct Os;

impl System for Os {
    fn nvm_read(page: u16, out: &mut [u8; CELL]) {
        *out = with(|kernel| kernel.nvm[usize::from(page)]);
    }

    fn nvm_write(page: u16, data: &[u8; CELL]) -> Result<(), Fault> {
        call(Call::NvmWrite, |kernel| {
            assert!(page + 1 < DECLARED_PAGES, "the emulator refuses a write that ends with the area");
            kernel.nvm[usize::from(page)] = *data;
        })
    }

    fn derive(path: &[u32; 5], private: &mut [u8; 64]) -> Result<(), Fault> {
        assert!(path.iter().all(|element| element >> 31 == 1), "an element of the path is not hardened");
        call(Call::Derive, |kernel| {
            if !kernel.is_idle(Call::Derive) {
                private[..32].copy_from_slice(&(kernel.software.derive)(path));
            }
        })
    }

    fn public_point(private: &[u8; 32], point: &mut [u8; 65]) -> Result<(), Fault> {
        call(Call::GeneratePair, |kernel| {
            kernel.library.must_be_free();
            if !kernel.is_idle(Call::GeneratePair) {
                *point = software::point(&(kernel.software.public_key)(private));
            }
        })
    }

    fn sha256(data: &[u8], digest: &mut [u8; 32]) -> usize {
        let computed = call(Call::Sha256, |kernel| (kernel.software.sha256)(data));
        computed.map_or(0, |bytes| put(&bytes, digest))
    }

    fn random(out: &mut [u8]) {
        with(|kernel| {
            for byte in out {
                // Knuth's multiplier: different every time, and the same in every run.
                kernel.random = kernel.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (kernel.random >> 56) as u8;
            }
        });
    }

    fn ux(request: u8) -> Result<(), Fault> {
        const WAKE_UP: u8 = 3;
        call(Call::Ux, |kernel| {
            kernel.wakes += usize::from(request == WAKE_UP);
            #[cfg(not(device = "nanosplus"))]
            if kernel.system_draws {
                kernel.wire.give_status();
            }
            #[cfg(device = "nanosplus")]
            let _ = kernel;
        })
    }

    fn ux_verdict() -> Result<u8, Fault> {
        const REDRAW: u8 = 0x69;
        const APP: u8 = 0xaa;
        call(Call::LastStatus, |kernel| match kernel.verdict {
            REDRAW => std::mem::replace(&mut kernel.verdict, APP),
            verdict => verdict,
        })
    }

    fn pin_is_validated() -> Result<u32, Fault> {
        call(Call::PinIsValidated, |kernel| kernel.pin)
    }

    fn version(out: &mut [u8]) -> Result<usize, Fault> {
        call(Call::Version, |_| put(b"fake", out))
    }

    fn flags() -> Result<u32, Fault> {
        call(Call::Flags, |kernel| kernel.flags)
    }

    fn app_tag(tag: u32, out: &mut [u8]) -> Result<usize, Fault> {
        call(Call::AppTag, |kernel| {
            // As the emulator does it: a zero behind the text, in the room that it was given.
            let last = out.len() - 1;
            let length = put(if tag == 1 { &kernel.name } else { &kernel.version }, &mut out[..last]);
            out[length] = 0;
            length
        })
    }

    fn forget_try_context() -> Result<(), Fault> {
        call(Call::TryContext, |_| ())
    }

    fn exit(code: u32) -> ! {
        panic!("exit({code})")
    }

    fn scrub() {
        with(|kernel| kernel.scrubs += 1);
    }

    fn stack_word(index: usize) -> Option<u32> {
        with(|kernel| kernel.stack.get(index).copied())
    }
}
