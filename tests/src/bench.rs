//! One stage for all tests of a module: an emulator costs more than most tests.

use std::sync::{Mutex, PoisonError};

use nanos_sdk::target::Device as Hardware;
// For the macros below.
#[doc(hidden)]
pub use nanos_sdk::target::{nanos, nanosplus};

use crate::stage::Stage;

/// A stage that is set up by the first test that needs it, and struck by the last.
pub struct Bench(Mutex<Turns>);

struct Turns {
    stage: Option<Stage>,
    taken: usize,
}

impl Bench {
    /// Nothing is set up yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Turns { stage: None, taken: 0 }))
    }

    /// Runs one of `tests` tests. They take turns, each at heights of its own; one that fails takes the device with it,
    /// and the next gets a new one.
    pub fn run(&self, hardware: Hardware, tests: usize, test: impl FnOnce(&mut Stage)) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.taken += 1;
        let last = turns.taken == tests;
        let mut stage = turns.stage.take().unwrap_or_else(|| Stage::firmware(hardware));
        stage.tidy();
        test(&mut stage);
        stage.device.note().unwrap();
        turns.stage = Some(stage).filter(|_| !last);
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs the tests named, functions of a `&mut Stage`, on the simulated device, each on its own, and on the firmware of
/// each device, in one emulator for all of them. Those after `firmware:` are of the firmware alone.
#[macro_export]
macro_rules! on_every_device {
    ($($test:ident),+ $(,)? $(; $(firmware: $($own:ident),+ $(,)?)?)?) => {
        mod simulated {
            $(#[test]
            fn $test() {
                super::$test(&mut $crate::stage::Stage::simulated());
            })+
        }

        mod firmware {
            $crate::on_firmware!(nanos: $($test),+ $($(, $($own),+)?)?);
        }

        mod nanosplus {
            $crate::on_firmware!(nanosplus: $($test),+ $($(, $($own),+)?)?);
        }
    };
}

/// Runs the tests named on the firmware of one device.
#[macro_export]
macro_rules! on_firmware {
    ($device:ident: $($test:ident),+) => {
        static BENCH: $crate::bench::Bench = $crate::bench::Bench::new();
        const TESTS: usize = [$(stringify!($test)),+].len();

        $(#[test]
        fn $test() {
            BENCH.run($crate::bench::$device::DEVICE, TESTS, super::$test);
        })+
    };
}
