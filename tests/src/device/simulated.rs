//! The signer in this process.

use anyhow::{Context, Result};
use highwater_core::env::Cell;
use highwater_core::rings::Rings;
use highwater_sim::{Cable, SimDevice, World};

use super::{Device, SEED};

/// A simulated device at the end of a simulated cable. Its slots hold as many pages as a Nano S's.
#[derive(Debug)]
pub struct Simulated {
    /// `None` only while the power is off.
    cable: Option<Cable>,
}

impl Simulated {
    /// A new one.
    pub fn new() -> Self {
        let world = World::new(&SEED, highwater_sim::RINGS);
        Self { cable: Some(Cable::new(SimDevice::boot(world))) }
    }

    fn device(&mut self) -> Result<&mut SimDevice> {
        Ok(&mut self.cable.as_mut().context("the power is off")?.device)
    }
}

impl Default for Simulated {
    fn default() -> Self {
        Self::new()
    }
}

impl Device for Simulated {
    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>> {
        let cable = self.cable.as_mut().context("the power is off")?;
        cable.exchange(apdu).context("no reply on the cable")
    }

    fn decide(&mut self, approved: bool) -> Result<Option<Vec<String>>> {
        let prompt = self.device()?.prompt().context("no prompt stands")?;
        let device = self.device()?;
        // What was approved goes on as time passes, and not between two commands.
        device.paced = approved;
        device.decide(prompt.ticket, approved);
        Ok(None)
    }

    fn press_home(&mut self) -> Result<()> {
        self.device()?.signer().0.home_touched();
        Ok(())
    }

    fn screen(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    fn pass(&mut self, ticks: u32) -> Result<()> {
        let device = self.device()?;
        for _ in 0..ticks {
            device.tick(1);
            device.step();
        }
        device.paced &= device.is_busy();
        Ok(())
    }

    /// Its clock stands whenever nobody lets time pass.
    fn still(&mut self, _still: bool) -> Result<()> {
        Ok(())
    }

    fn restart(&mut self, spoilt: &[(u16, Cell)]) -> Result<()> {
        let Cable { mut device, .. } = self.cable.take().context("the power is off")?;
        for (page, cell) in spoilt {
            device.world.medium.rot(*page, *cell);
        }
        self.cable = Some(Cable::new(device.restart()));
        Ok(())
    }

    fn rings(&self) -> Rings {
        highwater_sim::RINGS
    }

    fn page(&mut self, page: u16) -> Result<Cell> {
        self.device()?.world.medium.pages().get(usize::from(page)).copied().context("no such page")
    }
}
