//! A folder with an image, as `cargo xtask firmware` leaves it and the release archive carries it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::facts::{Facts, Known, known};
use super::records::Records;
use crate::advice::firmware as advice;
use crate::failure::Failure;

/// Where packages put the folders of the images.
const SHARED: &str = "/usr/share/highwater/firmware";
/// A file that is larger is no image: no device has a megabyte for one app.
const LARGEST: u64 = 4 << 20;

/// An image that was read, with what a loader is told of it.
#[derive(Debug)]
pub(crate) struct Image {
    /// Where it is.
    pub(crate) folder: PathBuf,
    pub(crate) facts: Facts,
    /// SHA-256 of its bytes in hex.
    pub(crate) sha256: String,
    /// Who made the image that this version was built beside, if it is that one.
    pub(crate) made_by: Option<String>,
    /// The loaders' file, as it was read: what is loaded is what was judged.
    pub(super) hex: String,
    bytes: Vec<u8>,
    entry: u32,
}

impl Image {
    /// Reads what is in a folder.
    ///
    /// # Errors
    /// There is no image there, or more than one, or one that is damaged.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for known in known() {
            let path = folder.join(file(&known.facts, "hex"));
            match text(&path) {
                Ok(hex) => found.push((known, path, hex)),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => return Err(Failure::io(path.display(), &error)),
            }
        }
        let count = found.len();
        let Some((known, path, hex)) = found.pop().filter(|_| count == 1) else {
            return Err(Failure::usage(advice::no_image(folder, count)));
        };
        let records = Records::parse(&hex).ok_or_else(|| Failure::content(advice::damaged_hex(&path)))?;
        let beside = folder.join(file(&known.facts, "bin"));
        if fs::read(&beside).is_ok_and(|bytes| bytes != records.bytes) {
            return Err(Failure::content(advice::other_bin(&path, &beside)));
        }
        let sha256 = hex::encode(Sha256::digest(&records.bytes));
        let same = sha256 == known.sha256;
        let made_by = same.then(|| known.made_by.clone());
        let facts = if same { known.facts } else { Self::told_beside(folder, known)? };
        let path = folder.join(format!("highwater-{}-ledgerctl.hex", facts.device));
        match text(&path) {
            Ok(hex) if !records.are_those_of_ledgerctl(&hex, facts.parameters_size) => {
                return Err(Failure::content(advice::other_ledgerctl(&path)));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::io(path.display(), &error));
            }
            _ => {}
        }
        let declared = u64::from(facts.data_size) + u64::from(facts.parameters_size);
        if declared >= records.bytes.len() as u64 {
            return Err(Failure::content(advice::lengths(&folder.join("load.toml"), declared)));
        }
        let Records { bytes, entry } = records;
        Ok(Self { folder: folder.to_owned(), facts, sha256, made_by, hex, bytes, entry })
    }

    /// Of another image than the known one: its lengths and its version are its own, and nothing else is.
    fn told_beside(folder: &Path, known: Known) -> Result<Facts, Failure> {
        let path = folder.join("load.toml");
        let text = text(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::content(advice::no_facts(&path)),
            _ => Failure::io(path.display(), &error),
        })?;
        let wrong = |why: String| Failure::content(advice::wrong_facts(&path, &why));
        let told = Facts::parse(&text).map_err(wrong)?;
        if told.device != known.facts.device || told.name != known.facts.name {
            return Err(wrong(format!("it speaks of {} for a {}", told.name, told.device)));
        }
        let Facts { version, data_size, parameters_size, .. } = told;
        Ok(Facts { version, data_size, parameters_size, ..known.facts })
    }

    /// The folder of a device's image, where nobody named one.
    ///
    /// # Errors
    /// There is none where packages and archives put them.
    pub(super) fn folder_of(device: &str) -> Result<PathBuf, Failure> {
        let program = std::env::current_exe().ok();
        let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent);
        let archive = beside.map(|beside| beside.join("firmware").join(device));
        let places: Vec<_> = archive.into_iter().chain([Path::new(SHARED).join(device)]).collect();
        let found = places.iter().find(|place| place.is_dir()).cloned();
        found.ok_or_else(|| Failure::usage(advice::no_folder(device, &places)))
    }

    /// What the loader prints and a device counts: the *application full hash* at an API level.
    pub(crate) fn full_hash(&self, level: Option<u8>) -> String {
        let Facts { data_size, parameters_size, .. } = self.facts;
        let code = self.bytes.len() as u32 - data_size - parameters_size;
        let mut hash = Sha256::new();
        // It was read with the facts.
        hash.update(self.facts.target().unwrap_or_default().to_be_bytes());
        hash.update(level.as_slice());
        // No privilege, and the entry in Thumb state.
        for word in [code, data_size, parameters_size, 0, self.entry | 1] {
            hash.update(word.to_be_bytes());
        }
        hash.update(&self.bytes);
        hex::encode(hash.finalize())
    }

    /// The digest as people compare it, in groups.
    pub(crate) fn groups(hex: &str) -> String {
        let mut text = String::new();
        for (index, group) in hex.as_bytes().chunks(8).enumerate() {
            let space = if index == 0 { "" } else { " " };
            let _ = write!(text, "{space}{}", String::from_utf8_lossy(group));
        }
        text
    }
}

fn file(facts: &Facts, kind: &str) -> String {
    format!("highwater-{}.{kind}", facts.device)
}

fn text(path: &Path) -> io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{length} bytes are no image")));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = ":02000004C0D06A\n:0A00000062B600F00BF8FEE701DF26\n:04000005C0D0000166\n:00000001FF\n";

    fn image(device: &str, data_size: u32, parameters_size: u32) -> Image {
        let known = known().into_iter().find(|known| known.facts.device == device).unwrap();
        let Records { bytes, entry } = Records::parse(HEX).unwrap();
        Image {
            folder: PathBuf::new(),
            facts: Facts { data_size, parameters_size, ..known.facts },
            sha256: String::new(),
            made_by: None,
            hex: HEX.to_owned(),
            bytes,
            entry,
        }
    }

    /// As `python -m ledgerblue.hashApp` of ledgerblue 0.1.58 says of the same records.
    #[test]
    fn the_full_hash_is_what_the_loader_computes() {
        let plus = image("nanosplus", 4, 2);
        for (level, hash) in [
            (26, "22312b5727ceeb4ba9f634594c10829572549699dfec87b13a85e8ed5aa71c74"),
            (27, "5991f3ff5a1028c432acc2e10885244e29d88b09728d794cde0c0ccaa0f3f481"),
        ] {
            assert_eq!(plus.full_hash(Some(level)), hash);
        }
        let nano_s = image("nanos", 4, 0).full_hash(None);
        assert_eq!(nano_s, "1a3636fea7ed511922e02c4ca77278e719381be684c98adcd0341da02d962a39");
    }
}
