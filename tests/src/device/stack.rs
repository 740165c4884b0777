//! The deepest stack of the whole suite, left beside the firmware for `cargo xtask firmware` to judge.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use highwater_core::apdu::{EventList, Reply};
use serde_json::{Value, json};

/// Held while the file is compared and written: tests run side by side.
static FILE: Mutex<()> = Mutex::new(());

/// Notes the stack that a reply to GET_EVENTS tells of, if none was deeper so far. It is named after the test that now
/// ends: the app tells of the deepest since its start.
///
/// The file belongs to one image, and is thrown away with it by `cargo xtask firmware`.
pub(super) fn note(firmware: &Path, reply: &[u8]) -> Result<()> {
    let (data, _) = Reply::split(reply).context("a reply without a status word")?;
    let stack = EventList::parse(data).context("a malformed event list")?.diagnostics.stack;
    let path = firmware.with_file_name("stack.json");
    let _held = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let deepest = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    if deepest.and_then(|noted| noted["bytes"].as_u64()) >= Some(stack.into()) {
        return Ok(());
    }
    let thread = std::thread::current();
    let during = thread.name().unwrap_or("the suite");
    let text = serde_json::to_string_pretty(&json!({ "bytes": stack, "during": during }))?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
