//! Files that a power cut leaves old or new, never half.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use highwater_hosted::{ASIDE, empty_aside};
use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::advice;

/// Whether the file of this name, or of one that begins with it, would be taken for one that is being written: what a cut left
/// of those is removed at the next start.
pub(crate) fn is_aside(name: &str) -> bool {
    name.starts_with(ASIDE)
}

/// Puts `bytes` in place of `path`: written aside (0600), synced, renamed, and the directory synced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_as(path, bytes, 0o600, None)
}

/// The same, with this mode, and of this user and group.
pub(crate) fn replace_as(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    aside(path, bytes, mode, owner)?.persist(path)?;
    sync_dir(dir_of(path)?)
}

/// Makes `path`, as [`replace`] does but with nothing there before: an error if somebody else has just made it.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_as(path, bytes, 0o600, None)
}

/// The same, with this mode, and of this user and group.
pub(crate) fn create_as(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    aside(path, bytes, mode, owner)?.persist_noclobber(path)?;
    sync_dir(dir_of(path)?)
}

/// The bytes in a file beside `path`, on the disk, as it will be.
fn aside(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> io::Result<tempfile::NamedTempFile> {
    let mut aside = empty_aside(dir_of(path)?)?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::fchown(aside.as_file(), Some(user), Some(group))?;
    }
    if mode != 0o600 {
        aside.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    }
    aside.as_file_mut().write_all(bytes)?;
    aside.as_file().sync_all()?;
    Ok(aside)
}

/// The folder that a file is in.
pub(crate) fn dir_of(path: &Path) -> io::Result<&Path> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })
}

/// Writes a new file to be carried away, on whatever file system: an error if there is one. What a cut leaves is half of it.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // The first error is the one to be told.
        let _ = fs::remove_file(path);
    }
    written.and_then(|()| sync_dir(dir_of(path)?))
}

/// Whether it is sure that nothing stands there: what cannot be looked at may be there.
pub(crate) fn is_gone(path: &Path) -> bool {
    matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Opens a file that we made, for reading. What is no plain file is an error, a symbolic link too, and is not waited for.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other(advice::NOT_A_FILE)),
    }
}

/// The content of a file that we made, opened by [`open`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// As [`read`], of text.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Puts `bytes` in place of `path`, which exists, as [`replace`] does; but into a second file that stays, and changes
/// places with the first. So no file is made, and none freed, which costs more than the writing.
///
/// After an error the next one must be [`replace`]: if the directory was not synced, the second file may still be the
/// first on the disk, and would be written over.
pub(crate) fn swap(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let dir = File::open(dir)?;
    let aside = Path::new(&format!("{ASIDE}{}", name.display())).to_owned();
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let opened = match rustix::fs::openat(&dir, &aside, flags, Mode::empty()) {
        Err(Errno::NOENT) => {
            let flags = flags | OFlags::CREATE | OFlags::EXCL;
            rustix::fs::openat(&dir, &aside, flags, Mode::RUSR | Mode::WUSR)
        }
        opened => opened,
    };
    let mut file = File::from(opened?);
    file.write_all(bytes)?;
    if file.metadata()?.len() != bytes.len() as u64 {
        file.set_len(bytes.len() as u64)?;
    }
    file.sync_data()?;
    match rustix::fs::renameat_with(&dir, &aside, &dir, name, RenameFlags::EXCHANGE) {
        // A file system that cannot: they do not change places, the new one takes the old one's.
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(&dir, &aside, &dir, name)?,
        done => done?,
    }
    Ok(rustix::fs::fsync(dir)?)
}

/// Waits until nobody else is in between reading and replacing a file of `dir`; lasts until what it gives is dropped.
pub(crate) fn alone(dir: &Path) -> io::Result<File> {
    let dir = File::open(dir)?;
    rustix::fs::flock(&dir, FlockOperation::LockExclusive)?;
    Ok(dir)
}

/// Removes a file, and the directory knows it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_dir(dir_of(path)?),
    }
}

/// Removes what cut writes left in `dir`, and the second files of [`swap`].
pub(crate) fn sweep(dir: &Path) -> io::Result<()> {
    // On the disk one of them may still have the name of the other: who died did so before its sync.
    sync_dir(dir)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if is_aside(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// After it the names in `dir` are on the disk.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::fsync(File::open(dir)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its number is what the cure is told by: a full disk, one that is read-only.
    #[test]
    fn an_error_of_a_file_that_is_written_aside_keeps_its_number_and_names_no_file_of_ours() {
        let dir = tempfile::tempdir().unwrap();
        let error = replace(&dir.path().join("none").join("a.json"), b"x").unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NOENT), "{error}");
        assert!(!error.to_string().contains(ASIDE), "{error}");
    }

    #[test]
    fn two_files_change_places_and_the_one_in_place_is_always_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alpha-1.json");
        assert!(swap(&path, b"nothing to change places with").is_err());
        replace(&path, b"the first").unwrap();
        for text in ["longer than the first", "short", "", "the last of all"] {
            swap(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        sweep(dir.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the last of all");
        swap(&path, b"after a sweep").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after a sweep");
    }

    #[test]
    fn no_symbolic_link_is_followed_and_no_pipe_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("pipe"));
        fs::write(&file, "text").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(read_text(&file).unwrap(), "text");
        assert_eq!(Errno::from_io_error(&read(&link).unwrap_err()), Some(Errno::LOOP));
        assert!(read(&pipe).unwrap_err().to_string().contains("not a plain file"));
        assert!(read(dir.path()).unwrap_err().to_string().contains("not a plain file"));
        // The second file of a pair neither: what it points to stays as it is.
        let aside = dir.path().join(".new-alpha-1.json");
        std::os::unix::fs::symlink(&file, &aside).unwrap();
        let path = dir.path().join("alpha-1.json");
        replace(&path, b"one").unwrap();
        assert!(swap(&path, b"two").is_err());
        assert_eq!(read_text(&file).unwrap(), "text");
    }

    /// A host that has exported its state goes on only where nothing can be imported.
    #[test]
    fn a_file_that_cannot_be_looked_at_is_not_told_as_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(is_gone(&dir.path().join("none")));
        // Nobody sees what stands in a file.
        assert!(!is_gone(&file) && !is_gone(&link) && !is_gone(&file.join("inner")));
    }

    #[test]
    fn what_somebody_else_has_just_made_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("node_identity.key");
        create(&path, b"first").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(create(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let dangling = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert_eq!(create(&dangling, b"third").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn a_file_is_replaced_whole_and_private_and_leftovers_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alpha-1.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(dir.path().join(".new-cut"), b"ha").unwrap();
        sweep(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
