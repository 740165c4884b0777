//! Vectors of sign bytes, as text files: what must be accepted, and why the rest must not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use highwater_core::canonical::{Extension, MAX_MESSAGE, Message, NotCanonical};

struct Vector {
    name: String,
    expect: String,
    bytes: Vec<u8>,
}

fn vectors(folder: &str) -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(folder);
    let mut vectors: Vec<Vector> =
        fs::read_dir(&folder).unwrap().map(|file| read(&file.unwrap().path())).collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!vectors.is_empty());
    vectors
}

fn read(path: &Path) -> Vector {
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let (mut expect, mut bytes) = (None, None);
    for line in fs::read_to_string(path).unwrap().lines() {
        match line.split_once(": ").unwrap_or_else(|| panic!("{name}: {line}")) {
            ("expect", value) => expect = Some(value.to_owned()),
            ("comment", _) => {}
            ("hex", value) => bytes = Some(hex::decode(value).unwrap()),
            (header, _) => panic!("{name}: unknown header {header}"),
        }
    }
    Vector { name, expect: expect.unwrap(), bytes: bytes.unwrap() }
}

#[test]
fn every_accepted_vector_parses_and_encodes_to_itself() {
    for Vector { name, expect, bytes } in vectors("accept") {
        assert_eq!(expect, "accept", "{name}");
        if name.starts_with('e') {
            let extension = Extension::parse(&bytes).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let mut again = Vec::new();
            extension.encode_with(|part| again.extend_from_slice(part));
            assert_eq!(again, bytes, "{name}");
            assert!(Message::parse(&bytes).is_err(), "{name}: an extension is no vote");
        } else {
            let message = Message::parse(&bytes).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let mut again = [0; MAX_MESSAGE];
            let len = message.encode(&mut again);
            assert_eq!(again[..len], bytes, "{name}");
            assert!(Extension::parse(&bytes).is_err(), "{name}: a vote is no extension");
        }
    }
}

#[test]
fn every_rejected_vector_is_refused_for_its_reason() {
    let vectors = vectors("reject");
    for Vector { name, expect, bytes } in &vectors {
        let refused = if name.starts_with("ext-") {
            Extension::parse(bytes).err()
        } else {
            Message::parse(bytes).err()
        };
        let refused = refused.unwrap_or_else(|| panic!("{name} is accepted"));
        assert_eq!(format!("{refused:?}"), *expect, "{name}");
    }
    let kinds: BTreeSet<&str> = vectors.iter().map(|vector| vector.expect.as_str()).collect();
    assert_eq!(kinds.len(), NotCanonical::Encoding as usize, "a vector for every reason: {kinds:?}");
}

#[test]
fn no_cut_of_an_accepted_vector_is_accepted() {
    for Vector { name, bytes, .. } in vectors("accept") {
        for len in 0..bytes.len() {
            assert!(Message::parse(&bytes[..len]).is_err(), "{name} cut to {len}");
            assert!(Extension::parse(&bytes[..len]).is_err(), "{name} cut to {len}");
        }
    }
}
