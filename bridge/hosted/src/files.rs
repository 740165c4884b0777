//! Files that only their owner reads: opened without following a link, and made whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use zeroize::Zeroizing;

use crate::Fault;

/// The beginning of the names of files being written, everywhere in a state directory.
pub const ASIDE: &str = ".new-";

/// Longer than any password of a key store.
const PASSWORD: usize = 1024;

/// What nobody but the owner of a file may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Private {
    /// Read or write it.
    Read = 0o077,
    /// Write it.
    Write = 0o022,
}

/// Opens a file that exists; `None` if it does not.
pub(crate) fn open(path: &Path, writable: bool, private: Private) -> Result<Option<File>, Fault> {
    let access = if writable { OFlags::RDWR } else { OFlags::RDONLY };
    // Without NONBLOCK the opening of a pipe waits for its other end.
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(Fault::of(path, &error.into())),
    };
    let metadata = file.metadata().map_err(|error| Fault::of(path, &error))?;
    if !metadata.is_file() {
        return Err(Fault::NotAFile(path.to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & private as u32 != 0 {
        return Err(Fault::Exposed { path: path.to_owned(), mode });
    }
    Ok(Some(file))
}

/// A password or a PIN: the bytes of a file that nobody else may read, without the end of its line.
pub fn password(path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let file = open(path, false, Private::Read)?.ok_or_else(|| Fault::Missing(path.to_owned()))?;
    let mut bytes = read_wiped(file, PASSWORD + 1).map_err(|error| Fault::of(path, &error))?;
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    if bytes.is_empty() || bytes.len() > PASSWORD {
        return Err(Fault::NoPassword(path.to_owned()));
    }
    Ok(bytes)
}

/// All that comes, up to `most` bytes, in one place of memory that is wiped: what grows leaves copies.
pub fn read_wiped(mut from: impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; most]);
    let mut filled = 0;
    while filled < most {
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Makes a file of these bytes, mode 0600, unless there is one: then that one stays. Cut at any moment, the name means
/// the whole file or nothing.
pub(crate) fn make(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    make_aside(path, bytes).map_err(|error| Fault::of(path, &error))
}

/// An empty file beside others, mode 0600, which goes unless it is kept.
///
/// # Errors
/// The system's own, by whose number the cure is told: what makes temporary files leaves a kind of it alone, and a name that is
/// another one at each try. Nothing is there then.
pub fn empty_aside(dir: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut number = None;
    let made = tempfile::Builder::new().prefix(ASIDE).make_in(dir, |path| {
        let new = File::options().read(true).write(true).create_new(true).mode(0o600).open(path);
        new.inspect_err(|error| number = error.raw_os_error())
    });
    made.map_err(|error| number.map_or(error, io::Error::from_raw_os_error))
}

fn make_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut aside = empty_aside(dir)?;
    aside.as_file_mut().write_all(bytes)?;
    aside.as_file().sync_all()?;
    match aside.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(error.error),
        _ => {}
    }
    File::open(dir)?.sync_all()
}
