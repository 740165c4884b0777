//! The committed corpora, for tests of the crates whose promises the targets check. Each takes this file for a module of its own.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// Every file of a target's corpus.
#[allow(clippy::disallowed_methods, reason = "a test reads its files itself")]
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("fuzz/corpus"))
        .find(|folder| folder.is_dir())
        .expect("a checkout has corpora")
        .join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let found: Vec<Vec<u8>> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(found.len() >= 8, "{target}: a corpus of {}", found.len());
    found
}

/// Runs a target over its corpus, whole and cut short.
pub(crate) fn over(target: &str, run: impl Fn(&[u8])) {
    for data in corpus(target) {
        run(&data);
        run(&data[..data.len() / 2]);
    }
}

/// A file of the corpus with fewer than `most` bytes changed.
pub(crate) fn changed(target: &'static str, most: usize) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    (prop::sample::select(corpus(target)), prop::collection::vec(change, 0..most)).prop_map(
        |(mut data, changes)| {
            for (at, byte) in changes {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] = byte;
                }
            }
            data
        },
    )
}
