//! Files that a power cut leaves old or new, never half.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Of files being written; whatever a cut left behind is removed at the next start.
const ASIDE: &str = ".new-";

/// Puts `bytes` in place of `path`: written aside (0600), synced, renamed, and the directory synced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(dir)?;
    aside.write_all(bytes)?;
    aside.as_file().sync_data()?;
    aside.persist(path)?;
    sync_dir(dir)
}

/// Removes a file, and the directory knows it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?),
    }
}

/// Removes what cut writes left in `dir`.
pub(crate) fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::fsync(File::open(dir)?)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
