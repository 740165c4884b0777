//! The licences of others whose code is in the program: which, and their texts, each once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::bill::{Bill, Component};
use super::program::TARGET;
use crate::process;
use crate::workspace::{STORES, Workspace};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    /// None: it is of this repository.
    source: Option<String>,
}

/// Collects them for the crates of the bill.
///
/// # Errors
/// If a crate names no licence.
pub(super) fn make(tree: &Workspace, home: &Path, bill: &Bill) -> Result<String> {
    let mut ask = tree.cargo();
    ask.env("CARGO_HOME", home).args([
        "metadata",
        "--locked",
        "--format-version=1",
        "--filter-platform",
        TARGET,
    ]);
    ask.args(STORES).arg("--manifest-path").arg(tree.root().join("bridge/Cargo.toml"));
    let metadata: Metadata =
        serde_json::from_str(&process::text(&mut ask)?).context("cargo metadata gave no valid JSON")?;
    let mut crates = Vec::new();
    for Package { name, version, license, manifest_path, source } in metadata.packages {
        let component = Component { name, version };
        if source.is_none() || !bill.components.contains(&component) {
            continue;
        }
        let license = license.with_context(|| format!("{} names no licence", component.name))?;
        let folder = manifest_path.parent().context("a crate without a folder")?.to_owned();
        crates.push((component, license, texts(&folder, 2)?));
    }
    ensure!(!crates.is_empty(), "no crate of others is in the bill");
    crates.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(written(&crates))
}

type Crate = (Component, String, Vec<(String, String)>);

fn written(crates: &[Crate]) -> String {
    let mut text = String::from(
        "Highwater is licensed under Apache-2.0: see LICENSE. The program bin/highwater holds code of these crates too.\n\n",
    );
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (Component { name, version }, license, files) in crates {
        let _ = writeln!(text, "{name} {version}: {license}");
        for (file, content) in files {
            texts.entry(content.as_str()).or_default().push(format!("{name} {version} ({file})"));
        }
    }
    let mut by_crates: Vec<_> = texts.into_iter().map(|(content, of)| (of, content)).collect();
    by_crates.sort();
    for (of, content) in by_crates {
        let _ = write!(text, "\n{}\n{}\n\n{}\n", "=".repeat(100), of.join("\n"), content.trim_end());
    }
    text
}

/// Files that say how something may be used, in a folder and in those below it: C code in a crate has its own.
fn texts(folder: &Path, depth: usize) -> Result<Vec<(String, String)>> {
    const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE"];
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() && depth > 1 && !name.starts_with('.') {
            let below = texts(&path, depth - 1)?;
            found.extend(below.into_iter().map(|(file, content)| (format!("{name}/{file}"), content)));
        } else if path.is_file() && NAMES.iter().any(|begin| name.to_uppercase().starts_with(begin)) {
            let content = std::fs::read(&path)?;
            found.push((name.to_owned(), String::from_utf8_lossy(&content).replace("\r\n", "\n")));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_once_with_all_who_bring_it() {
        let of = |name: &str, text: &str| {
            let component = Component { name: name.to_owned(), version: "1.0.0".to_owned() };
            (component, "MIT".to_owned(), vec![("LICENSE".to_owned(), text.to_owned())])
        };
        let text = written(&[of("a", "the same"), of("b", "another"), of("c", "the same")]);
        assert_eq!(text.matches("the same").count(), 1);
        assert!(text.contains("a 1.0.0 (LICENSE)\nc 1.0.0 (LICENSE)\n\nthe same"), "{text}");
        assert!(text.contains("\nb 1.0.0: MIT\n"), "{text}");
    }
}
