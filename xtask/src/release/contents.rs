//! What is in the archive, and where.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::DEVICES;
use sha2::{Digest, Sha256};

use super::archive::{File, Files};
use super::bill::Bill;
use crate::workspace::Workspace;
use crate::{firmware, manual, toolchain};

/// The bill of materials, in the archive and beside it.
pub(super) const BILL: &str = "highwater.cdx.json";
/// The platform, in the archive's name.
const PLATFORM: &str = "x86_64-linux";
/// What stands at the top as it is in the checkout.
const PAGES: [&str; 4] = ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"];
/// Of a firmware's folder: what a loader or `highwater firmware` reads. The rest is for the emulator, or of this machine.
const IMAGE: [&str; 6] = ["hex", "bin", "toml", "gif", "sh", "sha256"];

/// What was built for it.
pub(super) struct Parts {
    pub(super) program: PathBuf,
    pub(super) bill: Bill,
    pub(super) notices: String,
}

/// Collects the files, and the name of the folder that they stand in.
///
/// # Errors
/// If a part is missing or cannot be built.
pub(super) fn collect(tree: &Workspace, parts: Parts) -> Result<(String, Files)> {
    let mut files = Files::new();
    let text = |text: String| File { bytes: text.into_bytes(), executable: false };
    files.insert("bin/highwater".to_owned(), read(&parts.program)?);
    files.insert(BILL.to_owned(), text(parts.bill.text));
    files.insert("THIRD-PARTY.txt".to_owned(), text(parts.notices));
    for page in PAGES {
        files.insert(page.to_owned(), read(&tree.root().join(page))?);
    }
    folder(&tree.root().join("docs"), "docs", &mut files)?;
    folder(&tree.root().join("packaging"), "packaging", &mut files)?;
    // Its scripts belong to a package of Debian.
    files.retain(|path, _| !path.starts_with("packaging/debian/"));
    files.insert("packaging/container/state/".to_owned(), text(String::new()));
    folder(&manual::write(tree)?, "share", &mut files)?;
    images(tree, &mut files)?;
    let sums = sums(&files);
    files.insert("SHA256SUMS".to_owned(), text(sums));
    Ok((format!("highwater-{}-{PLATFORM}", env!("CARGO_PKG_VERSION")), files))
}

fn images(tree: &Workspace, files: &mut Files) -> Result<()> {
    let toolchain = toolchain::find(tree)?;
    for device in DEVICES {
        let report = firmware::make(tree, &toolchain, &device)?;
        ensure!(report.over.is_empty(), "{}", report.over.join("\n"));
        for entry in std::fs::read_dir(tree.firmware(&device))? {
            let path = entry?.path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if path.is_file() && IMAGE.contains(&kind) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                files.insert(format!("firmware/{}/{name}", device.name), read(&path)?);
            }
        }
        let digest = format!("app/highwater-{}.sha256", device.name);
        files.insert(format!("firmware/{}/SHA256", device.name), read(&tree.root().join(digest))?);
    }
    Ok(())
}

/// Everything in a folder.
fn folder(from: &Path, to: &str, files: &mut Files) -> Result<()> {
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let name = format!("{to}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            folder(&path, &name, files)?;
        } else {
            files.insert(name, read(&path)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<File> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Whoever may run it here: the other bits are the builder's own.
    let executable = std::fs::metadata(path)?.permissions().mode() & 0o100 != 0;
    Ok(File { bytes, executable })
}

/// As `sha256sum -c` reads it.
fn sums(files: &Files) -> String {
    let mut text = String::new();
    for (path, file) in files.iter().filter(|(path, _)| !path.ends_with('/')) {
        let _ = writeln!(text, "{}  {path}", hex::encode(Sha256::digest(&file.bytes)));
    }
    text
}

/// The files beside the archive, and the archive.
pub(super) fn beside(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".tar.gz") || name == BILL {
            found.insert(name, std::fs::read(path)?);
        }
    }
    Ok(found)
}
