//! What was pinned when each chain was added: its key and the installation that holds its mark.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{advice, durable};

/// What a chain's signatures must come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Ed25519, 32 bytes.
    pub key: [u8; 32],
    /// As GET_VERSION reports it.
    pub installation: [u8; 16],
}

/// The file cannot be read, written or understood; it is as it was before.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PinsError(String);

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
}

impl Pins {
    /// Reads the file; none is a file without pins.
    pub fn load(state_dir: &Path) -> Result<Self, PinsError> {
        let path = state_dir.join("pins.toml");
        let fail = |cause: String| PinsError(advice::state(&path, &cause));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(error.to_string())),
        };
        let lines: BTreeMap<String, Line> = toml::from_str(&text).map_err(|error| fail(error.to_string()))?;
        let mut pins = BTreeMap::new();
        for (chain, line) in lines {
            let mut pin = Pin { key: [0; 32], installation: [0; 16] };
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
        match self.pins.get(chain) {
            Some(known) if *known == pin => return Ok(()),
            Some(_) => return Err(PinsError(advice::other_key(chain))),
            None => self.pins.insert(chain.to_owned(), pin),
        };
        self.write()
    }

    /// Pins another installation of the same key: only `mark adopt` may, once that one's mark is high enough.
    pub fn move_to(&mut self, chain: &str, installation: [u8; 16]) -> Result<(), PinsError> {
        if let Some(pin) = self.pins.get_mut(chain) {
            pin.installation = installation;
        }
        self.write()
    }

    /// Unpins a chain.
    pub fn unpin(&mut self, chain: &str) -> Result<(), PinsError> {
        self.pins.remove(chain);
        self.write()
    }

    fn write(&self) -> Result<(), PinsError> {
        self.save().map_err(|error| PinsError(advice::pins_io(&self.path, &error)))
    }

    fn save(&self) -> io::Result<()> {
        let lines: BTreeMap<&str, Line> = self
            .iter()
            .map(|(chain, pin)| {
                (chain, Line { key: hex::encode(pin.key), installation: hex::encode(pin.installation) })
            })
            .collect();
        let text = toml::to_string(&lines).map_err(io::Error::other)?;
        durable::replace(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PIN: Pin = Pin { key: [7; 32], installation: [9; 16] };

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
    fn a_damaged_file_is_refused_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pins.toml"), "[\"alpha-1\"]\nkey = \"77\"\ninstallation = \"\"\n")
            .unwrap();
        let text = Pins::load(dir.path()).unwrap_err().to_string();
        assert!(text.contains("pins.toml") && text.contains("alpha-1"), "{text}");
    }
}
