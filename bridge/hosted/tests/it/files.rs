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

/// Whoever lost the file has no mark, and a chain that is not approved is not signed for: never from height 0.
#[test]
fn a_memory_that_is_missing_is_another_installation_and_signs_for_no_chain() {
    let dir = Dir::new();
    let mut device = dir.open().unwrap();
    add(&mut device, CHAIN, 0);
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
    let before = version(&mut device).installation;
    drop(device);
    fs::remove_file(dir.path("memory")).unwrap();
    let mut device = dir.open().unwrap();
    assert_ne!(version(&mut device).installation, before);
    assert_eq!(slot(&mut device, 0).state, ChainState::Free);
    assert_eq!(sign(&mut device, &Ask::prevote(CHAIN)), Ok(Err(Status::UnknownChain)));
}

/// A mark in a file without a name is gone with the process: the next start would find an old one, or none.
#[test]
fn a_memory_that_is_deleted_or_replaced_under_a_running_device_signs_nothing_more() {
    type Change = fn(&Dir);
    let moves: [(&str, Change); 4] = [
        ("deleted", |dir| fs::remove_file(dir.path("memory")).unwrap()),
        ("moved", |dir| fs::rename(dir.path("memory"), dir.path("aside")).unwrap()),
        ("a copy in its place", |dir| {
            fs::copy(dir.path("memory"), dir.path("copy")).unwrap();
            fs::rename(dir.path("copy"), dir.path("memory")).unwrap();
        }),
        ("a link in its place", |dir| {
            fs::rename(dir.path("memory"), dir.path("aside")).unwrap();
            symlink(dir.path("aside"), dir.path("memory")).unwrap();
        }),
    ];
    for (what, change) in moves {
        let dir = Dir::new();
        let mut device = dir.open().unwrap();
        add(&mut device, CHAIN, 0);
        let ask = Ask::prevote(CHAIN);
        sign(&mut device, &ask).unwrap().unwrap();
        let before = fs::read(dir.path("memory")).unwrap();
        change(&dir);
        let gone = Fault::Replaced(dir.path("memory"));
        assert_eq!(sign(&mut device, &Ask { height: 50, ..ask }), Err(gone.clone()), "{what}");
        // Nothing was written either, and nothing heals it: whoever holds the device has to drop it.
        let left = ["memory", "aside"].map(|name| fs::read(dir.path(name)).ok());
        assert!(left.iter().flatten().all(|left| *left == before), "{what}");
        assert_eq!(device.ping(), Err(gone), "{what}");
    }
}

/// The size is right, and nothing else: noise, the memory of another seed, one of another state directory.
#[test]
fn a_memory_of_somebody_else_signs_nothing_and_is_left_as_it_is() {
    let noise: Vec<u8> = (0..IMAGE).map(|at| ((at * at * 7919) >> 5) as u8 | 1).collect();
    let other = Dir::new();
    let mut device = other.open().unwrap();
    add(&mut device, CHAIN, 0);
    drop(device);
    for foreign in [noise, fs::read(other.path("memory")).unwrap()] {
        let dir = Dir::new();
        drop(dir.open().unwrap());
        put(&dir.path("memory"), &foreign);
        let mut device = dir.open().unwrap();
        assert_ne!(version(&mut device).standing, 0);
        let found = sign(&mut device, &Ask::prevote(CHAIN));
        assert!(
            matches!(found, Ok(Err(Status::OtherSeed | Status::StorageFault | Status::StorageDamaged))),
            "{found:?}"
        );
        drop(device);
        assert!(fs::read(dir.path("memory")).unwrap() == foreign);
    }
}

/// The known loss: within one file the mark never falls, and an old copy of the file has an old one. What finds that is the
/// host's second record, and the log of an HSM.
#[test]
fn a_memory_that_was_rolled_back_has_its_old_mark_and_is_the_same_installation() {
    let dir = Dir::new();
    let mut device = dir.open().unwrap();
    add(&mut device, CHAIN, 0);
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
    let installation = version(&mut device).installation;
    drop(device);
    let old = fs::read(dir.path("memory")).unwrap();
    let mut device = dir.open().unwrap();
    let later = Ask { height: 50, ..Ask::prevote(CHAIN) };
    sign(&mut device, &later).unwrap().unwrap();
    drop(device);
    put(&dir.path("memory"), &old);
    let mut device = dir.open().unwrap();
    assert_eq!(version(&mut device).installation, installation);
    assert_eq!(slot(&mut device, 0).mark, Ask::prevote(CHAIN).hrs());
    // Not found here: docs/security.md says so.
    sign(&mut device, &Ask { block: 2, ..later }).unwrap().unwrap();
}

/// Runs this test in a process of its own, where `HERE` names a folder.
fn again(test: &str, folder: &std::path::Path, through: Option<&str>) -> std::process::Output {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", test, "--nocapture"];
    let mut command = match through {
        None => std::process::Command::new(program),
        Some(script) => {
            let mut command = std::process::Command::new("unshare");
            command.args(["-rm", "sh", "-c", script, "sh"]).arg(program);
            command
        }
    };
    command.args(arguments).env(HERE, folder).output().unwrap()
}

const HERE: &str = "HIGHWATER_HOSTED_HERE";

#[test]
fn two_processes_never_share_a_memory() {
    if let Some(folder) = std::env::var_os(HERE) {
        let folder = PathBuf::from(folder);
        let found = Device::open(&folder.join("memory"), keys()).err();
        assert_eq!(found, Some(Fault::InUse(folder.join("memory"))));
        println!("the other process was refused");
        return;
    }
    let dir = Dir::new();
    let mut device = dir.open().unwrap();
    add(&mut device, CHAIN, 0);
    let told = again("files::two_processes_never_share_a_memory", dir.dir.path(), None);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success() && said.contains("the other process was refused"), "{said}");
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
}

/// A disk with room for the seed alone, and then with room: a file system in memory, as big as is wanted.
#[test]
fn on_a_disk_that_is_full_no_half_memory_is_made_and_with_room_the_device_begins() {
    const TEST: &str = "files::on_a_disk_that_is_full_no_half_memory_is_made_and_with_room_the_device_begins";
    if let Some(folder) = std::env::var_os(HERE) {
        let dir = PathBuf::from(folder);
        let open = || Device::open(&dir.join("memory"), FileKeys::open_or_make(&dir.join("seed")).unwrap());
        let found = open().unwrap_err();
        assert!(matches!(&found, Fault::Io { error, .. } if error.contains("No space")), "{found}");
        assert!(!dir.join("memory").exists());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "the seed, and what fills the disk");
        fs::remove_file(dir.join("filler")).unwrap();
        let mut device = open().unwrap();
        add(&mut device, CHAIN, 0);
        // Full again: its file has its length, so a signature needs no room.
        assert!(fs::write(dir.join("filler"), vec![0; 1 << 20]).is_err());
        sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
        println!("tried on a full disk");
        return;
    }
    let dir = Dir::new();
    let script = "mount -t tmpfs -o size=160k tmpfs \"$HIGHWATER_HOSTED_HERE\" || exit 99\n\
                  dd if=/dev/zero of=\"$HIGHWATER_HOSTED_HERE/filler\" bs=4k count=30 2>/dev/null; exec \"$@\"";
    let told = again(TEST, dir.dir.path(), Some(script));
    let said = String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    if matches!(told.status.code(), Some(1 | 99)) && !said.contains("running 1 test") {
        eprintln!("SKIPPED {TEST}: this user may mount nothing: {said}");
        return;
    }
    assert!(told.status.success() && said.contains("tried on a full disk"), "{said}");
}

/// Full while it signs, as a file system that writes nowhere twice can be: nothing leaves, and when there is room, the same.
#[test]
fn a_disk_that_is_full_at_any_write_of_a_signature_gives_a_fault_and_later_the_same_vote() {
    use crate::disk::Cut;
    let prepared = crate::hand::approved(CHAIN);
    let ask = Ask::prevote(CHAIN);
    let opening = 2;
    let mut full = 0;
    for call in opening.. {
        let platter = prepared.copy();
        let mut device = crate::hand::boot(&platter).unwrap();
        platter.state().plan =
            (call..call + 40).map(|at| (at, Cut::Fails(highwater_sim::Tear::Old))).collect();
        match sign(&mut device, &ask) {
            Ok(signed) => {
                signed.unwrap();
                break;
            }
            Err(fault) => assert!(matches!(fault, Fault::Io { .. }), "{fault}"),
        }
        full += 1;
        assert!(sign(&mut device, &ask).is_err(), "it is to be opened anew");
        drop(device);
        assert!(crate::hand::boot(&platter).is_err(), "nothing is made of a page that could not be written");
        platter.state().plan.clear();
        let mut device = crate::hand::boot(&platter).unwrap();
        sign(&mut device, &ask).unwrap().unwrap();
        assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
    }
    assert_eq!(full, 4, "two pages, each written and synced");
}
