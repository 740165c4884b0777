//! The same signer in this process. Not a hardware key: its seed is a file.

use std::path::{Path, PathBuf};
use std::time::Instant;

use highwater_core::signer::TICKS_PER_SECOND;
use highwater_hosted::{Device, Fault, FileKeys};

use super::owner::CHECK;
use super::{Transport, TransportError};

/// Opens the simulated device that a state directory holds, or the spare of it.
pub(super) struct Opener {
    seed: PathBuf,
    /// The memory of the device that is in hand.
    memory: PathBuf,
    /// Of both devices.
    memories: [PathBuf; 2],
}

impl Opener {
    /// `spare`: another installation of the app, on a memory of its own, with the same seed.
    pub(super) fn new(state_dir: &Path, spare: bool) -> Self {
        let memories = ["simulated.nvm", "simulated-spare.nvm"].map(|name| state_dir.join(name));
        let memory = memories[usize::from(spare)].clone();
        Self { seed: state_dir.join("simulated.seed"), memory, memories }
    }

    fn device(&self) -> Result<Device, Fault> {
        // A new seed under an old memory would sign nothing, and stand where the old seed has to be put back.
        let known = self.memories.iter().any(|memory| memory.symlink_metadata().is_ok());
        let keys = if known { FileKeys::open(&self.seed)? } else { FileKeys::open_or_make(&self.seed)? };
        Device::open(&self.memory, keys)
    }
}

impl super::Opener for Opener {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        let device = self.device()?;
        Ok(Box::new(Hosted::new(device)))
    }
}

pub(super) struct Hosted {
    device: Device,
    started: Instant,
    ticks: u64,
    /// When its key store was asked last whether it is there.
    looked: Instant,
}

impl Hosted {
    pub(super) fn new(device: Device) -> Self {
        let now = Instant::now();
        Self { device, started: now, ticks: 0, looked: now }
    }

    /// A store that went away is noticed though nobody wants a signature.
    fn look(&mut self) -> Result<(), TransportError> {
        if self.looked.elapsed() >= CHECK {
            self.looked = Instant::now();
            self.device.ping()?;
        }
        Ok(())
    }

    /// Lets the time pass that passed.
    fn catch_up(&mut self) {
        let now = self.started.elapsed().as_millis() as u64 * u64::from(TICKS_PER_SECOND) / 1_000;
        // After an hour nothing a tick counts is left to change.
        self.device.tick((now - self.ticks).min(3_600 * u64::from(TICKS_PER_SECOND)) as u32);
        self.ticks = now;
    }
}

impl Transport for Hosted {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.catch_up();
        self.look()?;
        Ok(self.device.exchange(apdu)?)
    }

    fn press(&mut self, approved: bool) -> bool {
        self.catch_up();
        self.device.press(approved);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Opener as _;
    use super::*;

    /// The installation that a fresh opening shows.
    fn installation(dir: &Path, spare: bool) -> Vec<u8> {
        let mut device = Opener::new(dir, spare).open().unwrap();
        device.exchange(&[0xe0, 3, 0, 0, 0], Instant::now()).unwrap()[6..22].to_vec()
    }

    #[test]
    fn its_files_are_private_and_make_the_same_device_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = installation(dir.path(), false);
        let spare = installation(dir.path(), true);
        assert_ne!(first, spare);
        assert_eq!(installation(dir.path(), false), first);
        assert_eq!(installation(dir.path(), true), spare);
        for name in ["simulated.seed", "simulated.nvm", "simulated-spare.nvm"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_lost_seed_is_named_and_no_other_one_is_made() {
        let dir = tempfile::tempdir().unwrap();
        installation(dir.path(), false);
        let seed = dir.path().join("simulated.seed");
        fs::remove_file(&seed).unwrap();
        for spare in [false, true] {
            let found = Opener::new(dir.path(), spare).open().err();
            assert!(
                matches!(&found, Some(TransportError::Hosted(Fault::SeedMissing(path))) if *path == seed),
                "{found:?}"
            );
            assert!(!seed.exists());
        }
    }
}
