//! One hosted device.

use std::fmt;
use std::path::Path;

use highwater_core::apdu::Reply;
use highwater_core::signer::{Prompt, Signer};

use crate::world::World;
use crate::{Fault, FlashFile, KeyStore};

/// The signer in this process. It holds the lock of its memory file until it is dropped.
pub struct Device {
    world: World,
    signer: Signer,
    reply: Reply,
}

impl Device {
    /// Starts the signer on the memory at `path`, made blank if there is none, with the keys of `store`.
    pub fn open(path: &Path, store: impl KeyStore + 'static) -> Result<Self, Fault> {
        Self::boot(FlashFile::open(path)?, store)
    }

    /// Starts the signer on this memory.
    pub fn boot(flash: FlashFile, store: impl KeyStore + 'static) -> Result<Self, Fault> {
        let mut world = World::new(flash, Box::new(store));
        let signer = Signer::boot(&mut world);
        let device = Self { world, signer, reply: Reply::new() };
        // Never half started: what was read before a fault may be wrong.
        device.sound().map(|()| device)
    }

    /// One command, one reply (data and status word).
    ///
    /// # Errors
    /// If the memory or the key store failed, now or before: the reply that was made is not given. As when a cable
    /// breaks, the command may or may not have been done. The device must be opened anew.
    pub fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        self.sound()?;
        self.signer.handle(&mut self.world, apdu, &mut self.reply);
        self.work();
        self.sound()?;
        Ok(self.reply.as_bytes().to_vec())
    }

    /// Asks the key store whether it is there.
    ///
    /// # Errors
    /// As of [`Device::exchange`].
    pub fn ping(&mut self) -> Result<(), Fault> {
        self.sound()?;
        self.world.ping();
        self.sound()
    }

    /// The question that stands for the owner.
    pub fn prompt(&self) -> Option<Prompt> {
        self.signer.prompt()
    }

    /// The owner presses, and what was approved is done. A fault meanwhile is the next exchange's.
    pub fn press(&mut self, approved: bool) {
        let Some(prompt) = self.prompt() else { return };
        self.signer.decide(&mut self.world, prompt.ticket, approved);
        self.work();
    }

    /// Turns of the loop until there is nothing left to do.
    fn work(&mut self) {
        while self.signer.is_busy(&self.world) {
            self.signer.step(&mut self.world);
        }
    }

    /// Tenths of a second pass.
    pub fn tick(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.signer.tick());
    }

    fn sound(&self) -> Result<(), Fault> {
        self.world.fault().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("signer", &self.signer).finish_non_exhaustive()
    }
}
