//! The same signer in this process. Not a hardware key: its seed is a file.

use std::path::{Path, PathBuf};
use std::time::Instant;

use highwater_core::signer::TICKS_PER_SECOND;
use highwater_hosted::{Device, FileKeys};

use super::memory::{self, Memory};
use super::owner::CHECK;
use super::{Transport, TransportError};
use crate::config;

/// Opens the simulated device that a state directory holds, or the spare of it.
pub(super) struct Opener {
    seed: PathBuf,
    /// The memory of the device that is in hand.
    memory: Memory,
    /// Of both devices.
    memories: [PathBuf; 2],
}

impl Opener {
    /// With `spare` in its config it is another installation of the app, on a memory of its own, with the same seed. `all`
    /// are the devices of the config.
    pub(super) fn new(config: &config::Device, all: &[config::Device], state_dir: &Path) -> Self {
        let kinds = ["simulated.nvm", "simulated-spare.nvm"];
        let memories = kinds.map(|kind| memory::file(config, state_dir, kind));
        let kind = kinds[usize::from(config.spare)].to_owned();
        let memory = Memory::of(config, all, state_dir, kind);
        Self { seed: memory::file(config, state_dir, "simulated.seed"), memory, memories }
    }

    fn device(&self) -> Result<Device, TransportError> {
        // A new seed under an old memory would sign nothing, and stand where the old seed has to be put back.
        let mut known = self.memory.is_known()?;
        for memory in &self.memories {
            known |= memory::is_there(memory)?;
        }
        let keys = if known { FileKeys::open(&self.seed)? } else { FileKeys::open_or_make(&self.seed)? };
        Ok(Device::open(&self.memory.path, keys)?)
    }
}

impl super::Opener for Opener {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        Ok(Box::new(Hosted::new(self.memory.open(|| self.device())?)))
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

    use highwater_hosted::Fault;

    use super::super::Opener as _;
    use super::super::{Absence, TransportError};
    use super::*;

    fn simulated(name: Option<&str>, spare: bool) -> config::Device {
        let name = name.map(str::to_owned);
        config::Device { name, spare, ..config::Device::of(config::Transport::Simulated) }
    }

    fn opener(dir: &Path, spare: bool) -> Opener {
        let config = simulated(None, spare);
        Opener::new(&config, std::slice::from_ref(&config), dir)
    }

    fn shown(opener: &mut Opener) -> Vec<u8> {
        let mut device = opener.open().unwrap();
        device.exchange(&[0xe0, 3, 0, 0, 0], Instant::now()).unwrap()[6..22].to_vec()
    }

    /// The installation that a fresh opening shows.
    fn installation(dir: &Path, spare: bool) -> Vec<u8> {
        shown(&mut opener(dir, spare))
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn devices_of_several_names_share_no_file_and_one_without_a_name_has_its_own_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let old = installation(dir.path(), false);
        assert_eq!(files(dir.path()), ["simulated.nvm", "simulated.seed"]);
        for (from, to) in [("simulated.nvm", "a.simulated.nvm"), ("simulated.seed", "a.simulated.seed")] {
            fs::rename(dir.path().join(from), dir.path().join(to)).unwrap();
        }
        let all = [simulated(Some("a"), false), simulated(Some("b"), false)];
        let [a, b] = [&all[0], &all[1]].map(|one| shown(&mut Opener::new(one, &all, dir.path())));
        assert_eq!(a, old, "its files were moved to its name");
        assert_ne!(a, b);
        assert_eq!(
            files(dir.path()),
            ["a.simulated.nvm", "a.simulated.seed", "b.simulated.nvm", "b.simulated.seed"]
        );
    }

    /// A new memory would have no mark. Its chains are pinned to the old one, so nothing would sign either.
    #[test]
    fn a_device_that_was_renamed_is_not_made_anew_beside_its_old_files() {
        for (before, after) in [(None, Some("a")), (Some("a"), Some("b")), (Some("a"), None)] {
            for spare in [false, true] {
                let dir = tempfile::tempdir().unwrap();
                let old = simulated(before, spare);
                shown(&mut Opener::new(&old, std::slice::from_ref(&old), dir.path()));
                let found = files(dir.path());
                let new = simulated(after, spare);
                let mut opener = Opener::new(&new, std::slice::from_ref(&new), dir.path());
                let refused = opener.open().err();
                assert!(
                    matches!(&refused, Some(TransportError::Absent(Absence::Renamed { .. }))),
                    "{refused:?}"
                );
                assert_eq!(files(dir.path()), found, "nothing is made");
                // The old device is there still, so these files are its own.
                let both = [old.clone(), new.clone()];
                shown(&mut Opener::new(&new, &both, dir.path()));
            }
        }
    }

    /// Marks that are there would be taken for none, and others be made beside them.
    #[test]
    fn a_folder_that_cannot_be_looked_at_is_not_told_as_empty() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        // Nobody sees what stands in a file, root neither.
        let memory = Memory::of(&simulated(None, false), &[], &file, "simulated.nvm".to_owned());
        let found = memory.is_known();
        assert!(matches!(&found, Err(Absence::File { path, .. }) if *path == memory.path), "{found:?}");
        let refused = opener(&file, false).open().err();
        assert!(matches!(&refused, Some(TransportError::Absent(Absence::File { .. }))), "{refused:?}");
        // A folder that is not there has nothing in it.
        let none = dir.path().join("none");
        let memory = Memory::of(&simulated(None, false), &[], &none, "simulated.nvm".to_owned());
        assert_eq!(memory.is_known(), Ok(false));
        if rustix::process::geteuid().is_root() {
            return;
        }
        // Its files can be opened by their names, and which are there is not told.
        let hidden = dir.path().join("hidden");
        fs::create_dir(&hidden).unwrap();
        fs::set_permissions(&hidden, fs::Permissions::from_mode(0o300)).unwrap();
        let memory = Memory::of(&simulated(None, false), &[], &hidden, "simulated.nvm".to_owned());
        assert!(matches!(memory.is_known(), Err(Absence::File { path, .. }) if path == hidden));
        fs::set_permissions(&hidden, fs::Permissions::from_mode(0o700)).unwrap();
    }

    /// A new memory has no mark, and an old copy has an old one.
    #[test]
    fn a_memory_that_was_replaced_under_this_process_is_waited_for_and_no_other_is_opened_or_made() {
        let dir = tempfile::tempdir().unwrap();
        let (memory, aside) = (dir.path().join("simulated.nvm"), dir.path().join("aside"));
        let mut opener = opener(dir.path(), false);
        let mut transport = opener.open().unwrap();
        let mut shows = || transport.exchange(&[0xe0, 3, 0, 0, 0], Instant::now()).map(drop);
        shows().unwrap();
        fs::rename(&memory, &aside).unwrap();
        let replaced = |found: Result<(), TransportError>| {
            assert!(
                matches!(&found, Err(TransportError::Hosted(Fault::Replaced(path))) if *path == memory),
                "{found:?}"
            );
        };
        replaced(shows());
        drop(transport);
        replaced(opener.open().map(drop));
        assert!(!memory.exists(), "none is made");
        fs::copy(&aside, &memory).unwrap();
        replaced(opener.open().map(drop));
        fs::rename(&aside, &memory).unwrap();
        opener.open().unwrap();
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
            let found = opener(dir.path(), spare).open().err();
            assert!(
                matches!(&found, Some(TransportError::Hosted(Fault::SeedMissing(path))) if *path == seed),
                "{found:?}"
            );
            assert!(!seed.exists());
        }
    }
}
