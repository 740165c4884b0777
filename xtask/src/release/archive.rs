//! An archive that is the same bytes for the same files: in order, of one time and of nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) executable: bool,
}

/// Files by their paths in the archive. A path that ends with `/` is an empty folder.
pub(super) type Files = BTreeMap<String, File>;

/// Packs them below a folder of this name.
///
/// # Errors
/// If a path is too long for an archive.
pub(super) fn pack(name: &str, files: &Files, epoch: u64) -> Result<Vec<u8>> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let mut made = BTreeSet::new();
    for (path, file) in files {
        let full = format!("{name}/{path}");
        let mut folder = String::new();
        let (above, _) = full.rsplit_once('/').unwrap_or_default();
        for part in above.split('/') {
            folder.push_str(part);
            folder.push('/');
            if made.insert(folder.clone()) {
                let mut header = header(EntryType::Directory, 0o755, 0, epoch);
                builder.append_data(&mut header, &folder, std::io::empty())?;
            }
        }
        if !full.ends_with('/') {
            let mode = if file.executable { 0o755 } else { 0o644 };
            let mut header = header(EntryType::Regular, mode, file.bytes.len() as u64, epoch);
            builder.append_data(&mut header, &full, &file.bytes[..]).with_context(|| full.clone())?;
        }
    }
    // The time of the compression is left out by the encoder.
    Ok(builder.into_inner()?.finish()?)
}

fn header(kind: EntryType, mode: u32, size: u64, epoch: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// What differs between two archives, a line for each file.
///
/// # Errors
/// If one of them is no archive.
pub(super) fn difference(one: &[u8], other: &[u8]) -> Result<String> {
    let (one, other) = (unpack(one)?, unpack(other)?);
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let lines = names.into_iter().filter_map(|name| match (one.get(name), other.get(name)) {
        (Some(one), Some(other)) if one == other => None,
        (Some(one), Some(other)) => {
            let at = one.iter().zip(other).position(|(one, other)| one != other);
            Some(format!("  {name}: {} and {} bytes, from byte {at:?} on", one.len(), other.len()))
        }
        _ => Some(format!("  {name}: in one of them only")),
    });
    let lines: Vec<_> = lines.collect();
    Ok(if lines.is_empty() { "  no file: the archives' own bytes do".to_owned() } else { lines.join("\n") })
}

/// The files of an archive.
pub(super) fn unpack(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    let mut files = BTreeMap::new();
    for entry in tar.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let file = |bytes: &[u8], executable| File { bytes: bytes.to_vec(), executable };
        Files::from([
            ("docs/deep/page.md".to_owned(), file(b"a page", false)),
            ("bin/highwater".to_owned(), file(&[7; 70_000], true)),
            ("state/".to_owned(), file(b"", false)),
            (format!("docs/{}.md", "long".repeat(40)), file(b"another", false)),
        ])
    }

    #[test]
    fn the_same_files_are_the_same_bytes_and_are_read_back() {
        let packed = pack("highwater-1", &files(), 1_700_000_000).unwrap();
        assert_eq!(packed, pack("highwater-1", &files(), 1_700_000_000).unwrap());
        let unpacked = unpack(&packed).unwrap();
        assert_eq!(unpacked["highwater-1/bin/highwater"], [7; 70_000]);
        assert!(unpacked.contains_key("highwater-1/state/"), "{:?}", unpacked.keys());
        assert!(difference(&packed, &packed).unwrap().contains("no file"));
    }

    /// What nobody who builds it should be able to put into it: a time, a user, a mask.
    #[test]
    fn everything_has_one_time_and_belongs_to_nobody() {
        let packed = pack("highwater-1", &files(), 1_700_000_000).unwrap();
        assert_eq!(&packed[4..8], [0; 4], "the time of the compression");
        let mut tar = tar::Archive::new(GzDecoder::new(&packed[..]));
        let mut names = Vec::new();
        for entry in tar.entries().unwrap() {
            let entry = entry.unwrap();
            let (header, name) = (entry.header(), entry.path().unwrap().display().to_string());
            assert_eq!(
                (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()),
                (1_700_000_000, 0, 0)
            );
            let mode = if name.ends_with('/') || name.ends_with("bin/highwater") { 0o755 } else { 0o644 };
            assert_eq!(header.mode().unwrap(), mode, "{name}");
            names.push(name);
        }
        let first = ["highwater-1/", "highwater-1/bin/", "highwater-1/bin/highwater", "highwater-1/docs/"];
        assert_eq!(names[..4], first);
    }

    #[test]
    fn what_differs_is_named() {
        let one = pack("x", &files(), 1).unwrap();
        let mut changed = files();
        changed.get_mut("docs/deep/page.md").unwrap().bytes[0] = b'A';
        changed.remove("bin/highwater");
        let told = difference(&one, &pack("x", &changed, 1).unwrap()).unwrap();
        assert!(told.contains("x/docs/deep/page.md: 6 and 6 bytes, from byte Some(0) on"), "{told}");
        assert!(told.contains("x/bin/highwater: in one of them only"), "{told}");
    }
}
