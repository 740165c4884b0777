//! The file of a key's backup: text that can be printed too, and opens under the seed words of its device alone.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use highwater_core::backup::{self, Backup, Unreadable};
use highwater_moving::PublicKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::advice;
use crate::failure::Failure;
use crate::store::durable;

const FORMAT: u32 = 1;

/// The backup of a key.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    /// As the device made it.
    pub(crate) bytes: [u8; backup::SIZE],
    /// What it says.
    pub(crate) backup: Backup,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: u32,
    address: String,
    pub_key: String,
    backup: String,
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// An error if the backup of this key cannot be in the file, before anybody is asked anything. A file that exists is never
/// written over: it is a backup of the key, as a command leaves it that was cut, or it is in the way.
pub(crate) fn free(path: &Path, of: Option<&PublicKey>) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => match (Copy::read(path), of) {
            (Ok(copy), Some(key)) if copy.backup.public == *key.as_bytes() => Ok(()),
            (Ok(copy), _) => {
                let of = PublicKey::new(copy.backup.public);
                Err(Failure::usage(advice::backup_exists(path, &of)))
            }
            (Err(_), _) => Err(Failure::usage(advice::not_a_whole_backup(path))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let folder = durable::dir_of(path).unwrap_or(path);
            match folder.metadata() {
                Ok(found) if found.is_dir() => Ok(()),
                Ok(_) => {
                    let error = std::io::ErrorKind::NotADirectory.into();
                    Err(Failure::named(folder, &error, advice::MAKE_FOLDER))
                }
                Err(error) => Err(Failure::named(folder, &error, advice::MAKE_FOLDER)),
            }
        }
        Err(error) => Err(Failure::io(path.display(), &error)),
    }
}

impl Copy {
    /// Writes a new file, and reads it again.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let public = PublicKey::new(self.backup.public);
        let text = Text {
            format: FORMAT,
            address: advice::address(&public),
            pub_key: STANDARD.encode(self.backup.public),
            backup: STANDARD.encode(self.bytes),
        };
        let failed = |error: &std::io::Error| Failure::io(path.display(), error);
        let mut text = serde_json::to_string_pretty(&text).map_err(|error| failed(&error.into()))?;
        text.push('\n');
        let path = std::path::absolute(path).map_err(|error| failed(&error))?;
        durable::write_new(&path, text.as_bytes()).map_err(|error| failed(&error))?;
        let again = Self::read(&path)?;
        match again.bytes == self.bytes {
            true => Ok(()),
            false => Err(failed(&std::io::Error::other("it does not hold what was written"))),
        }
    }

    /// Writes a new file, if this backup is not in it already: a key has one, and a device makes it the same each time.
    pub(crate) fn keep(&self, path: &Path) -> Result<(), Failure> {
        match Self::read(path) {
            Ok(there) if there.bytes == self.bytes => Ok(()),
            _ => self.write(path),
        }
    }

    /// Reads a file, whose parts are of one key.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::named(path, &error, advice::NAME_BACKUP))?;
        let wrong = |why: &str| Failure::usage(advice::no_backup(path, why));
        let text: Text = serde_json::from_slice(&bytes).map_err(|_| wrong("it is not the JSON of one"))?;
        if text.format != FORMAT {
            return Err(wrong("it is of a later version"));
        }
        let bytes = STANDARD.decode(&text.backup).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; backup::SIZE] =
            bytes.ok_or_else(|| wrong("its backup is not 104 bytes in base64"))?;
        let backup = Backup::parse(&bytes, sha256).map_err(|unreadable| {
            wrong(match unreadable {
                Unreadable::Foreign => "its backup is something else",
                Unreadable::Later => "it is of a later version",
                Unreadable::Damaged => "a character of its backup has changed",
            })
        })?;
        let public = PublicKey::new(backup.public);
        let agrees = text.pub_key == STANDARD.encode(backup.public)
            && text.address.eq_ignore_ascii_case(&advice::address(&public));
        if !agrees {
            return Err(wrong("its address, its pub_key and its backup are not of one key"));
        }
        Ok(Self { bytes, backup })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn copy() -> Copy {
        let mut bytes = [3; backup::SIZE];
        bytes[..8].copy_from_slice(b"HWKB\x01\x01\0\0");
        bytes[8..16].fill(1);
        bytes[16..48].fill(2);
        let check = sha256(&bytes[..96]);
        bytes[96..].copy_from_slice(&check[..8]);
        Copy { bytes, backup: Backup::parse(&bytes, sha256).unwrap() }
    }

    #[test]
    fn a_backup_is_a_private_file_that_reads_as_it_was_and_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        let public = PublicKey::new(copy().backup.public);
        free(&path, None).unwrap();
        free(&path, Some(&public)).unwrap();
        copy().write(&path).unwrap();
        assert_eq!(Copy::read(&path).unwrap().bytes, copy().bytes);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for other in [None, Some(PublicKey::new([9; 32]))] {
            assert!(free(&path, other.as_ref()).unwrap_err().to_string().contains("exists"));
        }
        assert!(copy().write(&path).is_err());
        // After a cut the same command finds what it has written, and nothing else.
        free(&path, Some(&public)).unwrap();
        copy().keep(&path).unwrap();
        let mut other = copy();
        other.bytes[60] ^= 1;
        assert!(other.keep(&path).is_err());
        assert_eq!(Copy::read(&path).unwrap().bytes, copy().bytes);
        assert!(free(&dir.path().join("nowhere/key.json"), None).is_err());
    }

    #[test]
    fn every_part_of_a_backup_that_changed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        copy().write(&path).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        let other = STANDARD.encode([4; 32]);
        for (from, to, why) in [
            ("\"format\": 1", "\"format\": 2", "later version"),
            ("\"address\": \"", "\"address\": \"00", "not of one key"),
            (&*STANDARD.encode([2; 32]), &*other, "not of one key"),
            ("\"backup\": \"SFdLQg", "\"backup\": \"SFdLQw", "something else"),
            ("AwMDAwMD", "AwMDAwME", "has changed"),
            ("{", "[", "not the JSON"),
            ("\"format\"", "\"seed\": 1, \"format\"", "not the JSON"),
        ] {
            assert!(good.contains(from), "{from}");
            fs::write(&path, good.replacen(from, to, 1)).unwrap();
            let refusal = Copy::read(&path).unwrap_err().to_string();
            assert!(refusal.contains(why), "{from}: {refusal}");
        }
    }
}
