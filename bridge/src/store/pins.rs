//! What was pinned when each chain was added: its key and the installation that holds its mark.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable;
use crate::advice;

/// What a chain's signatures must come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Ed25519, 32 bytes.
    pub key: [u8; 32],
    /// As GET_VERSION reports it.
    pub installation: [u8; 16],
    /// The key was made elsewhere, so copies of it may exist outside.
    pub imported: bool,
}

/// The file cannot be read, written or understood, or says otherwise; it is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// It is not what was written.
    #[error("{}", advice::state(path, cause))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A chain is pinned with another key, or to another installation.
    #[error("{}", advice::other_key(.0))]
    OtherKey(String),
    /// It could not be read or written, and perhaps can be a little later.
    #[error("{}", advice::file(.0, .1))]
    Io(PathBuf, io::Error),
}

impl PinsError {
    /// The cause alone, where the cure is another one.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Unusable { path, cause } => format!("{}: {}", path.display(), cause.trim_end()),
            Self::OtherKey(chain) => format!("{chain} is pinned with another key"),
            Self::Io(path, error) => format!("{} cannot be read or written ({error})", path.display()),
        }
    }
}

/// All pins; a 0600 file of the state directory.
#[derive(Debug)]
pub struct Pins {
    path: PathBuf,
    pins: BTreeMap<String, Pin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    installation: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
}

impl Pins {
    /// Reads the file; none is a file without pins.
    pub fn load(state_dir: &Path) -> Result<Self, PinsError> {
        let path = Self::path(state_dir);
        match durable::read_text(&path) {
            Ok(text) => Self::read(&text, state_dir),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::read("", state_dir),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(PinsError::Unusable { path, cause: error.to_string() })
            }
            Err(error) => Err(PinsError::Io(path, error)),
        }
    }

    /// Where the file stands.
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join("pins.toml")
    }

    /// Reads the text of the file that stands, or will stand, in `state_dir`.
    pub fn read(text: &str, state_dir: &Path) -> Result<Self, PinsError> {
        let path = Self::path(state_dir);
        let fail = |cause: String| PinsError::Unusable { path: path.clone(), cause };
        let lines: BTreeMap<String, Line> = toml::from_str(text).map_err(|error| fail(error.to_string()))?;
        let mut pins = BTreeMap::new();
        for (chain, line) in lines {
            let mut pin = Pin { key: [0; 32], installation: [0; 16], imported: line.imported };
            hex::decode_to_slice(&line.key, &mut pin.key)
                .and_then(|()| hex::decode_to_slice(&line.installation, &mut pin.installation))
                .map_err(|error| fail(format!("{chain}: {error}")))?;
            pins.insert(chain, pin);
        }
        Ok(Self { path, pins })
    }

    /// The pin of a chain.
    pub fn get(&self, chain: &str) -> Option<Pin> {
        self.pins.get(chain).copied()
    }

    /// Every chain and its pin.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Pin)> {
        self.pins.iter().map(|(chain, pin)| (chain.as_str(), *pin))
    }

    /// Pins a chain. A chain pinned otherwise stays as it is: only its owner may change that, by hand.
    pub fn pin(&mut self, chain: &str, pin: Pin) -> Result<(), PinsError> {
        self.change(|pins| match pins.get(chain) {
            Some(known) if (known.key, known.installation) != (pin.key, pin.installation) => {
                Err(PinsError::OtherKey(chain.to_owned()))
            }
            known => {
                // What was outside once stays so, whoever pins it again.
                let imported = pin.imported || known.is_some_and(|known| known.imported);
                pins.insert(chain.to_owned(), Pin { imported, ..pin });
                Ok(())
            }
        })
    }

    /// Pins another installation of the same key: only `mark adopt` may, once that one's mark is high enough.
    pub fn move_to(&mut self, chain: &str, installation: [u8; 16]) -> Result<(), PinsError> {
        self.change(|pins| {
            if let Some(pin) = pins.get_mut(chain) {
                pin.installation = installation;
            }
            Ok(())
        })
    }

    /// Pins another installation of the same key, or the first one, where the pin is lost.
    pub fn adopt(&mut self, chain: &str, pin: Pin) -> Result<(), PinsError> {
        if self.get(chain).is_some() {
            self.move_to(chain, pin.installation)?;
        }
        self.pin(chain, pin)
    }

    /// Unpins a chain.
    pub fn unpin(&mut self, chain: &str) -> Result<(), PinsError> {
        self.change(|pins| {
            pins.remove(chain);
            Ok(())
        })
    }

    /// Reads the file anew, changes it and writes it, alone: another command may have pinned a chain while this one
    /// waited for the owner, and beside a daemon no lock keeps commands apart.
    fn change(
        &mut self,
        change: impl FnOnce(&mut BTreeMap<String, Pin>) -> Result<(), PinsError>,
    ) -> Result<(), PinsError> {
        let state_dir = self.path.parent().unwrap_or(Path::new("."));
        let _alone = durable::alone(state_dir).map_err(|error| self.unwritten(error))?;
        let known = Self::load(state_dir)?.pins;
        self.pins.clone_from(&known);
        change(&mut self.pins)?;
        if self.pins == known {
            return Ok(());
        }
        self.save().map_err(|error| self.unwritten(error))
    }

    fn unwritten(&self, error: io::Error) -> PinsError {
        PinsError::Io(self.path.clone(), error)
    }

    fn save(&self) -> io::Result<()> {
        let lines: BTreeMap<&str, Line> = self
            .iter()
            .map(|(chain, pin)| {
                let (key, installation) = (hex::encode(pin.key), hex::encode(pin.installation));
                (chain, Line { key, installation, imported: pin.imported })
            })
            .collect();
        let text = toml::to_string(&lines).map_err(io::Error::other)?;
        durable::replace(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PIN: Pin = Pin { key: [7; 32], installation: [9; 16], imported: false };

    #[test]
    fn a_pin_is_private_stays_and_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let mut pins = Pins::load(dir.path()).unwrap();
        pins.pin("alpha.1", PIN).unwrap();
        pins.pin("alpha.1", PIN).unwrap();
        assert!(pins.pin("alpha.1", Pin { key: [8; 32], ..PIN }).is_err());
        assert_eq!(Pins::load(dir.path()).unwrap().get("alpha.1"), Some(PIN));
        let mode = fs::metadata(dir.path().join("pins.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_another_command_pinned_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut early = Pins::load(dir.path()).unwrap();
        Pins::load(dir.path()).unwrap().pin("alpha-1", PIN).unwrap();
        early.pin("beta-1", PIN).unwrap();
        assert_eq!(Pins::load(dir.path()).unwrap().get("alpha-1"), Some(PIN));
        let mut early = Pins::load(dir.path()).unwrap();
        Pins::load(dir.path()).unwrap().pin("gamma-1", PIN).unwrap();
        early.move_to("alpha-1", [3; 16]).unwrap();
        early.unpin("beta-1").unwrap();
        let pins = Pins::load(dir.path()).unwrap();
        assert_eq!(pins.iter().map(|(chain, _)| chain).collect::<Vec<_>>(), ["alpha-1", "gamma-1"]);
        assert_eq!(pins.get("alpha-1").unwrap().installation, [3; 16]);
    }

    #[test]
    fn commands_that_pin_at_the_same_instant_lose_no_pin() {
        let dir = tempfile::tempdir().unwrap();
        let chains: Vec<String> = (0..32).map(|number| format!("alpha-{number:02}")).collect();
        std::thread::scope(|scope| {
            for chain in &chains {
                scope.spawn(|| Pins::load(dir.path()).unwrap().pin(chain, PIN).unwrap());
            }
        });
        let pins = Pins::load(dir.path()).unwrap();
        assert_eq!(pins.iter().map(|(chain, _)| chain).collect::<Vec<_>>(), chains);
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pins.toml"), "[\"alpha-1\"]\nkey = \"77\"\ninstallation = \"\"\n")
            .unwrap();
        let text = Pins::load(dir.path()).unwrap_err().to_string();
        assert!(text.contains("pins.toml") && text.contains("alpha-1"), "{text}");
    }
}
