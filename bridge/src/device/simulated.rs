//! The same signer in this process. Not a hardware key: its seed is a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use highwater_core::signer::TICKS_PER_SECOND;
use highwater_sim::SimDevice;
use rand::RngCore;

use super::{Transport, TransportError};
use crate::store::durable;

/// Opens the simulated device that a state directory holds.
pub(super) struct Opener {
    seed: PathBuf,
    memory: PathBuf,
}

impl Opener {
    pub(super) fn new(state_dir: &Path) -> Self {
        Self { seed: state_dir.join("simulated.seed"), memory: state_dir.join("simulated.nvm") }
    }
}

impl super::Opener for Opener {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        let seed = seed(&self.seed)?;
        private(&self.memory)?;
        let device = SimDevice::in_file(&self.memory, &seed)?;
        Ok(Box::new(Simulated { device, started: Instant::now(), ticks: 0 }))
    }
}

struct Simulated {
    device: SimDevice,
    started: Instant,
    ticks: u64,
}

impl Simulated {
    /// Lets the time pass that passed, and the work be done that was approved.
    fn catch_up(&mut self) {
        let now = self.started.elapsed().as_millis() as u64 * u64::from(TICKS_PER_SECOND) / 1_000;
        // After an hour nothing a tick counts is left to change.
        self.device.tick((now - self.ticks).min(3_600 * u64::from(TICKS_PER_SECOND)) as u32);
        self.ticks = now;
    }
}

impl Transport for Simulated {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.catch_up();
        Ok(self.device.exchange(apdu))
    }

    fn press(&mut self, approved: bool) -> bool {
        self.catch_up();
        if let Some(prompt) = self.device.prompt() {
            self.device.decide(prompt.ticket, approved);
            self.device.finish_work();
        }
        true
    }
}

/// A file that only its owner reads, opened or made.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn seed(path: &Path) -> io::Result<Vec<u8>> {
    let mut seed = Vec::new();
    private(path)?.read_to_end(&mut seed)?;
    if seed.len() == 32 {
        return Ok(seed);
    }
    if !seed.is_empty() {
        let text = format!("{} does not hold a seed of 32 bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    seed.resize(32, 0);
    rand::rng().fill_bytes(&mut seed);
    durable::replace(path, &seed)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Opener as _;
    use super::*;

    #[test]
    fn its_files_are_private_and_make_the_same_device_again() {
        let dir = tempfile::tempdir().unwrap();
        let version = |opener: &mut Opener| {
            opener.open().unwrap().exchange(&[0xe0, 3, 0, 0, 0], Instant::now()).unwrap()
        };
        let first = version(&mut Opener::new(dir.path()));
        assert_eq!(version(&mut Opener::new(dir.path())), first);
        for name in ["simulated.seed", "simulated.nvm"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
