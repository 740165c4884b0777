//! The device's clock: a tick every 100 ms, by which an app measures all time.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::{Emulator, Error};

/// Where orders to the clock go. Without the slash at the end Speculos redirects, and the order is lost.
const PATH: &str = "/ticker/";

/// A stopped clock; it runs again when this is dropped.
#[derive(Debug)]
pub struct Paused<'e> {
    emulator: &'e Emulator,
}

impl Emulator {
    /// Stops the clock. The app goes on to answer APDUs and buttons; each press is one tick.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn pause(&self) -> Result<Paused<'_>, Error> {
        self.post(PATH, &json!({ "action": "pause" }))?;
        Ok(Paused { emulator: self })
    }

    /// One tick more, and everything that was queued before it is done.
    pub(crate) fn tick(&self) -> Result<(), Error> {
        self.post(PATH, &json!({ "action": "single-step" }))
    }
}

impl Paused<'_> {
    /// Lets so many ticks pass, each as soon as the app is done with the one before.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`]; some of the ticks may have passed.
    pub fn step(&self, ticks: u32) -> Result<(), Error> {
        (0..ticks).try_for_each(|_| self.emulator.tick())
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        // Twice: the first order is lost if it comes in the instant between Speculos' "I am paused" and its falling
        // asleep, and the second is of no effect otherwise. If both fail there is no clock left to start.
        for _ in 0..2 {
            let _ = self.emulator.post(PATH, &json!({ "action": "resume" }));
            thread::sleep(Duration::from_millis(5));
        }
    }
}
