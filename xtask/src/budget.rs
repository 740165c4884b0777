//! The limits of `budget.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use nanos_sdk::target::Device;
use serde::{Deserialize, Serialize};

/// What the firmware may use; the file says what each figure means.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Bytes of code and constants.
    pub(crate) code: u64,
    /// Bytes of the whole image.
    pub(crate) image: u64,
    /// Bytes of static variables.
    pub(crate) statics: u64,
    /// Bytes of stack, as measured.
    pub(crate) stack: u64,
    /// Absolute pointers to flash.
    pub(crate) relocations: u64,
    /// Bytes of stack that others take.
    pub(crate) others: Others,
}

/// Bytes of the app's stack that code outside of the image takes when it is called.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Others {
    pub(crate) system: u64,
    pub(crate) generate_pair: u64,
    pub(crate) init_private_key: u64,
    pub(crate) sha256: u64,
    pub(crate) random: u64,
    pub(crate) hash: u64,
    /// Only where the library draws text.
    #[serde(default)]
    pub(crate) text: u64,
}

impl Others {
    /// What a function of the crypto library takes, by the name under which `boot.s` reaches it.
    pub(crate) fn library(&self, name: &str) -> Option<u64> {
        Some(match name {
            "nanos_generate_pair" => self.generate_pair,
            "nanos_init_private_key" => self.init_private_key,
            "nanos_draw_text" | "nanos_text_width" => self.text,
            "nanos_sha256" => self.sha256,
            "nanos_random" => self.random,
            "nanos_begin_sha256" | "nanos_begin_sha512" | "nanos_hash_update" | "nanos_hash_final" => {
                self.hash
            }
            _ => return None,
        })
    }
}

/// Reads the budget of a device in `xtask/budget.toml` of the checkout.
pub(crate) fn read(root: &Path, device: &Device) -> Result<Budget> {
    let path = root.join("xtask/budget.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut budgets: BTreeMap<String, Budget> =
        toml::from_str(&text).with_context(|| format!("{} holds no budgets", path.display()))?;
    budgets.remove(device.name).with_context(|| format!("{} has no [{}]", path.display(), device.name))
}
