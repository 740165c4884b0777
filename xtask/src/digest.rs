//! The committed digest of the firmware image, for whoever wants to know that the source gives what is on a device.
//!
//! The file is read by `sha256sum -c` as well. Its first line names compiler and linker: another one of either gives
//! other bytes from the same source, and that is no sign of tampering.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nanos_sdk::target::Device;

/// The digest of one image and what made it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Compiler and linker, as they call themselves.
    pub(crate) made_by: String,
    /// SHA-256 of the flash image, in hexadecimal.
    pub(crate) sha256: String,
}

/// What a comparison with the committed digest says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Same tools, same bytes.
    Same,
    /// Other tools made the committed digest; nothing can be said.
    OtherTools {
        /// Their names.
        committed: String,
    },
    /// Same tools, other bytes: the source is another one.
    OtherImage {
        /// The committed SHA-256.
        committed: String,
    },
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Same => write!(out, "the image is the committed one"),
            Self::OtherTools { committed } => {
                write!(
                    out,
                    "other compiler: the committed image was made by {committed}; nothing can be compared"
                )
            }
            Self::OtherImage { committed } => write!(
                out,
                "another image than the committed {committed}, by the same compiler and linker: the source differs \
                 (after a change that is meant: cargo xtask firmware --save)"
            ),
        }
    }
}

impl Digest {
    /// Where it is kept in the checkout.
    pub(crate) fn path(root: &Path, device: &Device) -> PathBuf {
        root.join(format!("app/highwater-{}.sha256", device.name))
    }

    /// Reads the committed digest.
    pub(crate) fn read(root: &Path, device: &Device) -> Result<Self> {
        let path = Self::path(root, device);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("{} cannot be read; `cargo xtask firmware --save` writes it", path.display())
        })?;
        Self::parse(&text, device).with_context(|| format!("{} is not a digest", path.display()))
    }

    /// Replaces the committed digest.
    pub(crate) fn save(&self, root: &Path, device: &Device) -> Result<()> {
        let path = Self::path(root, device);
        std::fs::write(&path, self.to_text(device))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Compares what was just built with the committed digest.
    pub(crate) fn judge(&self, committed: Self) -> Verdict {
        if self.sha256 == committed.sha256 {
            Verdict::Same
        } else if self.made_by != committed.made_by {
            Verdict::OtherTools { committed: committed.made_by }
        } else {
            Verdict::OtherImage { committed: committed.sha256 }
        }
    }

    fn to_text(&self, device: &Device) -> String {
        format!("# {}\n{}  {}\n", self.made_by, self.sha256, image(device))
    }

    fn parse(text: &str, device: &Device) -> Option<Self> {
        let (first, second) = text.trim_end().split_once('\n')?;
        let sha256 = second.strip_suffix(image(device).as_str())?.trim_end();
        let valid = hex::decode(sha256).is_ok_and(|bytes| bytes.len() == 32);
        let made_by = first.strip_prefix("# ")?.to_owned();
        valid.then(|| Self { made_by, sha256: sha256.to_owned() })
    }
}

/// Name of the file with the flash image.
pub(crate) fn image(device: &Device) -> String {
    format!("highwater-{}.bin", device.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nanos_sdk::target::{nanos, nanosplus};

    fn digest(made_by: &str, byte: &str) -> Digest {
        Digest { made_by: made_by.to_owned(), sha256: byte.repeat(32) }
    }

    #[test]
    fn the_file_survives_writing_and_reading() {
        let written = digest("rustc 1.96.0; LLD 14", "0a");
        assert_eq!(Digest::parse(&written.to_text(&nanos::DEVICE), &nanos::DEVICE), Some(written));
    }

    #[test]
    fn a_cut_off_digest_is_not_read() {
        let text = digest("x", "0a").to_text(&nanos::DEVICE);
        assert_eq!(Digest::parse(&text.replacen("0a0a", "", 1), &nanos::DEVICE), None);
        assert_eq!(Digest::parse("# x\n", &nanos::DEVICE), None);
        assert_eq!(Digest::parse(&text, &nanosplus::DEVICE), None, "that of another device");
    }

    #[test]
    fn other_tools_are_not_called_another_image() {
        let built = digest("rustc 1.97.0", "0a");
        assert_eq!(built.judge(digest("rustc 1.97.0", "0a")), Verdict::Same);
        assert_eq!(built.judge(digest("rustc 1.96.0", "0a")), Verdict::Same);
        let other = Verdict::OtherTools { committed: "rustc 1.96.0".to_owned() };
        assert_eq!(built.judge(digest("rustc 1.96.0", "0b")), other);
        let image = Verdict::OtherImage { committed: "0b".repeat(32) };
        assert_eq!(built.judge(digest("rustc 1.97.0", "0b")), image);
    }
}
