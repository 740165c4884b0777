//! The files of a device: made whole, its owner's alone, locked, and refused with a cause if they are not what they must
//! be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use highwater_core::apdu::{ChainState, Command, Status};
use highwater_core::hrs::Hrs;
use highwater_hosted::{Device, Fault, FileKeys};
use highwater_sim::{Ask, Owner, SimDevice};
use tempfile::TempDir;

use crate::hand::{SEED, add, data, id, keys, named, put, raw, sign, slot, version};

const CHAIN: &str = "file-1";
/// 1,550 pages of 64 bytes.
const IMAGE: u64 = 99_968;

struct Dir {
    dir: TempDir,
}

impl Dir {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn open(&self) -> Result<Device, Fault> {
        Device::open(&self.path("memory"), FileKeys::open_or_make(&self.path("seed"))?)
    }

    fn refused(&self, expected: &Fault) {
        let names = || fs::read_dir(self.dir.path()).unwrap().count();
        let before = names();
        assert_eq!(self.open().unwrap_err(), *expected);
        assert_eq!(names(), before, "a refusal makes no file");
    }
}

#[test]
fn its_files_are_made_whole_and_private_and_are_the_same_device_again() {
    let dir = Dir::new();
    let mut device = dir.open().unwrap();
    add(&mut device, CHAIN, 0);
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
    let installation = version(&mut device).installation;
    drop(device);
    let mut names: Vec<_> =
        fs::read_dir(dir.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["memory", "seed"]);
    for (name, bytes) in [("memory", IMAGE), ("seed", 32)] {
        let metadata = fs::metadata(dir.path(name)).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (bytes, 0o600), "{name}");
    }
    let mut device = dir.open().unwrap();
    assert_eq!(version(&mut device).installation, installation);
    assert_eq!(slot(&mut device, 0).mark, Ask::prevote(CHAIN).hrs());
}

#[test]
fn two_devices_never_share_a_memory() {
    let dir = Dir::new();
    let device = dir.open().unwrap();
    dir.refused(&Fault::InUse(dir.path("memory")));
    drop(device);
    dir.open().unwrap();
}

#[test]
fn a_file_that_is_none_of_ours_is_refused_and_left_as_it_is() {
    for (name, expected) in [("memory", IMAGE), ("seed", 32)] {
        for length in [0, 1, expected - 1, expected + 1] {
            let dir = Dir::new();
            drop(dir.open().unwrap());
            let path = dir.path(name);
            put(&path, &vec![1; length as usize]);
            dir.refused(&Fault::Size { path: path.clone(), found: length, expected });
            assert_eq!(fs::read(&path).unwrap(), vec![1; length as usize]);
        }
        let dir = Dir::new();
        drop(dir.open().unwrap());
        let (path, elsewhere) = (dir.path(name), dir.path("elsewhere"));
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        dir.refused(&Fault::NotAFile(path.clone()));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        dir.refused(&Fault::NotAFile(path));
    }
}

#[test]
fn a_file_that_others_may_change_or_a_seed_that_they_may_read_is_refused() {
    let dir = Dir::new();
    drop(dir.open().unwrap());
    let allow = |name: &str, mode| {
        fs::set_permissions(dir.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    for (name, mode) in [("memory", 0o620), ("memory", 0o602), ("seed", 0o640), ("seed", 0o604)] {
        allow(name, mode);
        dir.refused(&Fault::Exposed { path: dir.path(name), mode });
        allow(name, 0o600);
    }
    // A mark is no secret.
    allow("memory", 0o644);
    dir.open().unwrap();
}

#[test]
fn a_seed_that_must_be_there_is_not_made() {
    let dir = Dir::new();
    let path = dir.path("seed");
    assert_eq!(FileKeys::open(&path).unwrap_err(), Fault::SeedMissing(path.clone()));
    assert!(!path.exists());
}

/// What `transport = "simulated"` left behind before this crate was: the pages of the simulator, one after another.
#[test]
fn an_image_of_the_simulator_goes_on_with_the_same_key_and_mark() {
    let mut old = SimDevice::in_memory(&SEED);
    old.owner = Owner::Approves;
    old.exchange(&raw(Command::AddChain { chain: id(CHAIN), key_index: 4, mark: Hrs::default() }));
    let signed = Ask::prevote(CHAIN).sign(&mut old).unwrap();
    let key = old.exchange(&raw(Command::GetPublicKey(id(CHAIN))));
    let installation = old.exchange(&raw(Command::GetVersion))[6..22].to_vec();
    let dir = Dir::new();
    put(&dir.path("memory"), &old.world.medium.pages().concat());
    let mut device = Device::open(&dir.path("memory"), keys()).unwrap();
    assert_eq!(version(&mut device).installation[..], installation);
    assert_eq!(data(&mut device, Command::GetPublicKey(id(CHAIN))), key[..32]);
    assert_eq!(slot(&mut device, 0).state, ChainState::Armed);
    assert_eq!(named(&mut device, CHAIN, 0).incarnation, 1);
    let ask = Ask::prevote(CHAIN);
    assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
    assert_eq!(sign(&mut device, &ask), Ok(Ok(signed)));
    sign(&mut device, &Ask { height: 11, ..ask }).unwrap().unwrap();
}
