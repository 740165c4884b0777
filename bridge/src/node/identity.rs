//! Who we are on `tcp://` and `noise://`: an Ed25519 key of its own, which signs nothing but handshakes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use rand::RngCore;

use super::PeerId;
use crate::advice;

/// The key's name in the state directory.
const FILE: &str = "node_identity.key";

/// The key of our end of every link; clones share it.
#[derive(Clone)]
pub struct Identity(Arc<SigningKey>);

/// The key cannot be had. The text names file, cause and cure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(String);

impl Identity {
    /// Where the key of a state directory stands.
    pub(crate) fn path(state_dir: &Path) -> PathBuf {
        state_dir.join(FILE)
    }

    /// Reads the key of a state directory; makes it the first time.
    pub fn load(state_dir: &Path) -> Result<Self, IdentityError> {
        let path = Self::path(state_dir);
        let fail = |cause: &str| IdentityError(advice::link::identity(&path, cause));
        match read(&path) {
            Ok(Some(key)) => Ok(Self(Arc::new(key))),
            Ok(None) => {
                let fresh = Self::generate();
                write(&path, &fresh.0).map_err(|error| fail(&error.to_string()))?;
                Ok(fresh)
            }
            Err(error) => Err(fail(&error.to_string())),
        }
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
    let mut file = match File::open(path) {
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

fn seed(text: &str) -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_end(), &mut seed).ok()?;
    Some(seed)
}

/// Written aside and renamed, so that a cut leaves no half of a key.
fn write(path: &Path, key: &SigningKey) -> io::Result<()> {
    let aside: PathBuf = path.with_extension("key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    writeln!(file, "{}", hex::encode(key.as_bytes()))?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
    }
}
