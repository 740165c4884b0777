//! The same signer in this process. Not a hardware key: its seed is a file.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use highwater_core::signer::TICKS_PER_SECOND;
use highwater_sim::SimDevice;
use rand::RngCore;

use super::{Absence, Transport, TransportError};
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
        let failed =
            |path: &Path, error: io::Error| Absence::File { path: path.to_owned(), error: (&error).into() };
        let seed = seed(&self.seed).map_err(|error| failed(&self.seed, error))?;
        let device = memory(&self.memory).and_then(|()| SimDevice::in_file(&self.memory, &seed));
        let device = device.map_err(|error| failed(&self.memory, error))?;
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

/// The file of pages must exist, for its owner alone, before the device opens it.
fn memory(path: &Path) -> io::Result<()> {
    match durable::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => durable::create(path, &[]),
        opened => opened.map(|_| ()),
    }
}

fn seed(path: &Path) -> io::Result<Vec<u8>> {
    match durable::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut seed = vec![0; 32];
            rand::rng().fill_bytes(&mut seed);
            durable::create(path, &seed)?;
            Ok(seed)
        }
        Ok(seed) if seed.len() != 32 => Err(io::Error::other("it does not hold a seed of 32 bytes")),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Opener as _;
    use super::*;

    #[test]
    fn a_link_in_place_of_its_files_is_not_followed() {
        for name in ["simulated.seed", "simulated.nvm"] {
            let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            Opener::new(elsewhere.path()).open().unwrap();
            std::os::unix::fs::symlink(elsewhere.path().join(name), dir.path().join(name)).unwrap();
            let Err(TransportError::Absent(Absence::File { path, error })) = Opener::new(dir.path()).open()
            else {
                panic!("{name} was followed")
            };
            assert_eq!(path, dir.path().join(name));
            assert_eq!(io::Error::from(&error).raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
        }
    }

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
