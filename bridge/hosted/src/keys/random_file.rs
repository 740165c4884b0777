//! 32 random bytes in a file that only its owner reads: the seed of keys, or the secret of a store that has none to give.

use std::io::Read;
use std::path::Path;

use rand::RngCore;
use zeroize::Zeroizing;

use crate::Fault;
use crate::files::{self, Private};

const SIZE: usize = 32;

/// The bytes of such a file.
pub(super) type Bytes = Zeroizing<[u8; SIZE]>;

/// Reads the file, which must be there.
pub(super) fn open(path: &Path) -> Result<Bytes, Fault> {
    found(path)?.ok_or_else(|| Fault::SeedMissing(path.to_owned()))
}

/// Reads the file; made of random bytes if there is none.
pub(super) fn open_or_make(path: &Path) -> Result<Bytes, Fault> {
    if let Some(bytes) = found(path)? {
        return Ok(bytes);
    }
    let mut bytes = Zeroizing::new([0; SIZE]);
    rand::rng().fill_bytes(&mut *bytes);
    files::make(path, &*bytes)?;
    // The one that stands there now, whoever made it.
    open(path)
}

fn found(path: &Path) -> Result<Option<Bytes>, Fault> {
    let Some(file) = files::open(path, false, Private::Read)? else { return Ok(None) };
    let of = |error| Fault::of(path, &error);
    let found = file.metadata().map_err(of)?.len();
    if found != SIZE as u64 {
        return Err(Fault::Size { path: path.to_owned(), found, expected: SIZE as u64 });
    }
    let mut bytes = Zeroizing::new([0; SIZE]);
    (&file).read_exact(&mut *bytes).map_err(of)?;
    Ok(Some(bytes))
}
