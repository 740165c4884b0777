//! Carrying out the plan that retires the old signer: each act is whole and on the disk before the next one begins.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use highwater_moving::{Act, Decoy, SUPERSEDED};
use rustix::fs::{Access, AtFlags, CWD, RenameFlags};
use rustix::io::Errno;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::store::durable::sync_dir;
use crate::users;

/// Only the owner reads a key that was moved away, and nobody writes it.
const MOVED: u32 = 0o400;

/// Carries out one act. One that was done before a cut is done again, or found done.
pub(crate) fn carry_out(act: &Act) -> Result<(), Failure> {
    match act {
        Act::Copy { from, to } => copy(from.as_ref(), to.as_ref()),
        Act::Write { to, what } => replace(to.as_ref(), what.as_bytes()),
        Act::Move { from, to, leaves } => away(from.as_ref(), to.as_ref(), leaves.as_ref()),
    }
    .map_err(|Undone { path, error }| Failure::of_retiring(&path, &error))
}

/// An act that failed, at this file.
struct Undone {
    path: std::path::PathBuf,
    error: io::Error,
}

fn at(path: &Path) -> impl Fn(io::Error) -> Undone {
    move |error| Undone { path: path.to_owned(), error }
}

fn copy(from: &Path, to: &Path) -> Result<(), Undone> {
    let bytes = Zeroizing::new(fs::read(from).map_err(at(from))?);
    if to.symlink_metadata().is_ok() {
        let there = Zeroizing::new(fs::read(to).map_err(at(to))?);
        return match *there == *bytes {
            true => sync_folder(to),
            false => {
                Err(at(to)(io::Error::new(io::ErrorKind::AlreadyExists, "another copy is there already")))
            }
        };
    }
    let aside = beside(from, &bytes)?;
    aside.persist_noclobber(to).map_err(|failed| at(to)(failed.error))?;
    sync_folder(to)
}

fn replace(to: &Path, bytes: &[u8]) -> Result<(), Undone> {
    let aside = beside(to, bytes)?;
    // What stands there is in the copy, or somebody has written it since.
    let kept = PathBuf::from(format!("{}{SUPERSEDED}", to.display()));
    let (kept, there) = (fs::read(&kept).map_err(at(&kept))?, fs::read(to).map_err(at(to))?);
    if *Zeroizing::new(kept) != *Zeroizing::new(there) {
        return Err(at(to)(io::Error::other("somebody wrote it meanwhile: the old signer runs")));
    }
    aside.persist(to).map_err(|failed| at(to)(failed.error))?;
    sync_folder(to)?;
    // What the old signer has in memory it would write over this: then it runs.
    let there = Zeroizing::new(fs::read(to).map_err(at(to))?);
    match *there == *bytes {
        true => Ok(()),
        false => Err(at(to)(io::Error::other("somebody wrote it meanwhile: the old signer runs"))),
    }
}

fn away(from: &Path, to: &Path, leaves: Option<&Decoy>) -> Result<(), Undone> {
    let key = Zeroizing::new(fs::read(from).map_err(at(from))?);
    // As the key is found: its owner, and its mode.
    let left = leaves.map(|decoy| beside(from, decoy.as_bytes())).transpose()?;
    fs::set_permissions(from, fs::Permissions::from_mode(MOVED)).map_err(at(from))?;
    let Some(left) = left else { return renamed(from, to) };
    // The key has two names first: a node that starts in between finds a key, and makes none.
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && same(from, to) => {}
        // A file system that cannot.
        Err(error) if cannot_link(&error) => {
            renamed(from, to)?;
            left.persist_noclobber(from).map_err(|failed| at(from)(failed.error))?;
            return sync_folder(from);
        }
        done => done.map_err(at(to))?,
    }
    sync_folder(to)?;
    // What a file system says of names and numbers is not believed where the only copy of a key goes.
    if *Zeroizing::new(fs::read(to).map_err(at(to))?) != *key {
        return Err(at(to)(io::Error::other("it is not the key that was to be moved")));
    }
    left.persist(from).map_err(|failed| at(from)(failed.error))?;
    sync_folder(from)
}

fn renamed(from: &Path, to: &Path) -> Result<(), Undone> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot: the other name is made, which fails where it is, and then the old one goes.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(from, to).map_err(at(to))?;
            fs::remove_file(from).map_err(at(from))?;
        }
        done => done.map_err(|error| at(to)(error.into()))?,
    }
    sync_folder(to)
}

/// Whether two names are of one file.
fn same(one: &Path, other: &Path) -> bool {
    let of = |path: &Path| path.symlink_metadata().map(|found| (found.dev(), found.ino()));
    matches!((of(one), of(other)), (Ok(one), Ok(other)) if one == other)
}

fn cannot_link(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::PERM | Errno::NOTSUP | Errno::NOSYS))
}

/// A synced file beside `model`, of its owner and mode.
fn beside(model: &Path, bytes: &[u8]) -> Result<NamedTempFile, Undone> {
    let fail = at(model);
    let found = fs::metadata(model).map_err(&fail)?;
    let folder = model.parent().unwrap_or(Path::new("."));
    let mut aside = tempfile::Builder::new().prefix(".highwater-").tempfile_in(folder).map_err(&fail)?;
    aside.write_all(bytes).map_err(&fail)?;
    let made = aside.as_file().metadata().map_err(&fail)?;
    if (made.uid(), made.gid()) != (found.uid(), found.gid()) {
        std::os::unix::fs::fchown(aside.as_file(), Some(found.uid()), Some(found.gid())).map_err(&fail)?;
    }
    aside.as_file().set_permissions(found.permissions()).map_err(&fail)?;
    aside.as_file().sync_all().map_err(&fail)?;
    Ok(aside)
}

fn sync_folder(path: &Path) -> Result<(), Undone> {
    let folder = path.parent().unwrap_or(Path::new("."));
    sync_dir(folder).map_err(at(folder))
}

/// An error if this user cannot carry the act out: files in its folder are made and renamed, and keep their owner.
pub(crate) fn may_write(act: &Act) -> Result<(), Failure> {
    let (Act::Copy { from: path, .. } | Act::Write { to: path, .. } | Act::Move { from: path, .. }) = act;
    let path = Path::new(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let allowed = || {
        rustix::fs::accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?;
        match fs::metadata(path)?.uid() {
            owner if owner == users::ours() || users::ours() == 0 => Ok(()),
            _ => Err(io::Error::from(Errno::PERM)),
        }
    };
    allowed().map_err(|error| Failure::of_retiring(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    fn named(path: &Path) -> String {
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_copy_keeps_mode_and_bytes_and_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let (state, aside) = (dir.path().join("state.json"), dir.path().join("state.json.before-highwater"));
        fs::write(&state, "one").unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o640)).unwrap();
        let act = Act::Copy { from: named(&state), to: named(&aside) };
        // The second time after a cut.
        for _ in 0..2 {
            carry_out(&act).unwrap();
            assert_eq!(text(&aside), "one");
            assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o640);
        }
        fs::write(&state, "two").unwrap();
        let refusal = carry_out(&act).unwrap_err().to_string();
        assert!(refusal.contains("another copy is there already"), "{refusal}");
        assert_eq!(text(&aside), "one");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn a_key_is_moved_for_its_owner_to_read_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let (key, away) = (dir.path().join("key.json"), dir.path().join("key.json.moved-to-highwater"));
        fs::write(&key, "key").unwrap();
        let act = Act::Move { from: named(&key), to: named(&away), leaves: None };
        carry_out(&act).unwrap();
        assert!(!key.exists() && text(&away) == "key");
        assert_eq!(fs::metadata(&away).unwrap().permissions().mode() & 0o777, 0o400);
        fs::write(&key, "another").unwrap();
        assert!(carry_out(&act).is_err());
        assert_eq!((text(&key).as_str(), text(&away).as_str()), ("another", "key"));
    }

    #[test]
    fn a_key_of_no_validator_takes_the_place_of_a_key_that_was_moved_after_a_cut_too() {
        for cut in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let (key, away) = (dir.path().join("key.json"), dir.path().join("key.json.moved-to-highwater"));
            fs::write(&key, "key").unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
            let decoy = Decoy::new(&[3; 32]);
            let left = String::from_utf8(decoy.as_bytes().to_vec()).unwrap();
            let act = Act::Move { from: named(&key), to: named(&away), leaves: Some(decoy) };
            if cut {
                // Both names stood, and no more.
                fs::hard_link(&key, &away).unwrap();
            }
            carry_out(&act).unwrap();
            assert_eq!((text(&key), text(&away).as_str()), (left, "key"), "{cut}");
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&key), mode(&away)), (0o640, 0o400));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
            // Another key is not written over, and stays where it is.
            fs::write(&key, "another").unwrap();
            assert!(carry_out(&act).is_err());
            assert_eq!((text(&key).as_str(), text(&away).as_str()), ("another", "key"));
        }
    }

    #[test]
    fn the_owner_of_a_state_that_is_retired_stays() {
        if !crate::users::as_root("the_owner_of_a_state_that_is_retired_stays") {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (state, aside) = (dir.path().join("state.json"), dir.path().join("state.json.before-highwater"));
        let source = highwater_moving::Source::CometBft;
        let text = r#"{"height":"7","round":0,"step":3}"#;
        fs::write(&state, text).unwrap();
        std::os::unix::fs::chown(&state, Some(1234), Some(1235)).unwrap();
        let what = highwater_moving::poison(source, "x", text.as_bytes()).unwrap();
        carry_out(&Act::Copy { from: named(&state), to: named(&aside) }).unwrap();
        carry_out(&Act::Write { to: named(&state), what }).unwrap();
        for path in [&state, &aside] {
            let found = fs::metadata(path).unwrap();
            assert_eq!((found.uid(), found.gid()), (1234, 1235));
        }
        assert!(self::text(&state).contains("9223372036854775807") && self::text(&aside) == text);
    }
}
