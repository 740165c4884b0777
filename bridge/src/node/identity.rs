//! Who we are on `tcp://` and `noise://`: an Ed25519 key of its own, which signs nothing but handshakes.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use rand::RngCore;

use super::PeerId;
use crate::advice;
use crate::store::durable;

/// The key's name in the state directory.
const FILE: &str = "node_identity.key";

/// The key of our end of every link; clones share it.
#[derive(Clone)]
pub struct Identity(Arc<SigningKey>);

/// The key cannot be had. The text names file, cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It does not hold a key, or others may read it.
    #[error("{0}")]
    Content(String),
    /// It could not be read or written, and perhaps can be a little later.
    #[error("{0}")]
    Io(String),
}

impl Identity {
    /// Where the key of a state directory stands.
    pub(crate) fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FILE)
    }

    /// Reads the key of a state directory; makes it the first time.
    pub fn load(state_dir: &Path) -> Result<Self, IdentityError> {
        let path = Self::path(state_dir);
        let found = match read(&path) {
            Ok(None) => make(&path),
            found => found,
        };
        match found {
            Ok(Some(key)) => Ok(Self(Arc::new(key))),
            Ok(None) => Err(IdentityError::Io(advice::file(&path, &io::ErrorKind::NotFound.into()))),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Reads the key of a state directory, if there is one; makes none.
    pub(crate) fn look(state_dir: &Path) -> Result<(), IdentityError> {
        let path = Self::path(state_dir);
        read(&path).map(drop).map_err(|error| failed(&path, &error))
    }

    /// Whether a file of this content would be read.
    pub(crate) fn sound(content: &[u8]) -> bool {
        str::from_utf8(content).is_ok_and(|text| seed(text).is_some())
    }

    /// A key for this process alone.
    pub fn generate() -> Self {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        Self(Arc::new(SigningKey::from_bytes(&seed)))
    }

    /// What a node of CometBFT 0.40 pins: the id in its `noise://<id>@…`.
    pub fn peer_id(&self) -> PeerId {
        PeerId::of(&self.0.verifying_key())
    }

    /// What a node that allow-lists signers on `tcp://` has in its list.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(super) fn key(&self) -> &SigningKey {
        &self.0
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.peer_id())
    }
}

/// 32 bytes in hex and a line's end; `None` if there is no file.
fn read(path: &Path) -> io::Result<Option<SigningKey>> {
    let mut file = match durable::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(invalid(format!("its mode is {mode:o}, so others may read it")));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let seed = seed(&text).ok_or_else(|| invalid("it does not hold 32 bytes in hex".to_owned()))?;
    Ok(Some(SigningKey::from_bytes(&seed)))
}

fn failed(path: &Path, error: &io::Error) -> IdentityError {
    match error.kind() {
        // What it holds, or who may read it.
        io::ErrorKind::InvalidData => {
            IdentityError::Content(advice::link::identity(path, &error.to_string()))
        }
        _ => IdentityError::Io(advice::file(path, error)),
    }
}

fn seed(text: &str) -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_end(), &mut seed).ok()?;
    Some(seed)
}

/// A new key; if another process has just made one, that one.
fn make(path: &Path) -> io::Result<Option<SigningKey>> {
    let fresh = Identity::generate();
    match durable::create(path, format!("{}\n", hex::encode(fresh.0.as_bytes())).as_bytes()) {
        Ok(()) => Ok(Some((*fresh.0).clone())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_private_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let first = Identity::load(dir.path()).unwrap().peer_id();
        assert_eq!(Identity::load(dir.path()).unwrap().peer_id(), first);
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(first.to_string().starts_with("12D3KooW"), "{first}");
    }

    #[test]
    fn processes_that_make_it_at_once_have_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let ids = std::thread::scope(|scope| {
            let all = [(); 8].map(|()| scope.spawn(|| Identity::load(dir.path()).unwrap().peer_id()));
            all.map(|one| one.join().unwrap())
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn a_link_in_place_of_the_key_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        Identity::load(elsewhere.path()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join(FILE), dir.path().join(FILE)).unwrap();
        let text = Identity::load(dir.path()).unwrap_err().to_string();
        assert!(text.contains("symbolic link") && !text.contains("remove"), "{text}");
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_damaged_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Identity::load(dir.path()).unwrap();
        let path = dir.path().join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let text = Identity::load(dir.path()).unwrap_err().to_string();
        assert!(text.contains("mode is 640") && text.contains("chmod 600"), "{text}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "00\n").unwrap();
        let text = Identity::load(dir.path()).unwrap_err().to_string();
        assert!(text.contains("32 bytes") && text.contains("remove it"), "{text}");
        // Not the key's fault: it must not be thrown away.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let error = Identity::load(dir.path()).unwrap_err();
        assert!(matches!(error, IdentityError::Io(_)) && !error.to_string().contains("remove"), "{error}");
    }
}
