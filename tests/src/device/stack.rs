//! The deepest stack of the whole suite, left beside the firmware for `cargo xtask firmware` to judge.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use highwater_core::apdu::{EventList, Reply};
use serde_json::json;

/// The deepest so far in this process.
static DEEPEST: Mutex<u16> = Mutex::new(0);

/// Notes the stack that a reply to GET_EVENTS tells of. What the app was doing is the test that now ends: the app
/// tells of the deepest since its start, and a test that changes nothing is not named.
pub(super) fn note(firmware: &Path, reply: &[u8]) -> Result<()> {
    let (data, _) = Reply::split(reply).context("a reply without a status word")?;
    let stack = EventList::parse(data).context("a malformed event list")?.diagnostics.stack;
    let mut deepest = DEEPEST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if stack <= *deepest {
        return Ok(());
    }
    *deepest = stack;
    let thread = std::thread::current();
    let during = thread.name().unwrap_or("the suite");
    let path = firmware.with_file_name("stack.json");
    let text = serde_json::to_string_pretty(&json!({ "bytes": stack, "during": during }))?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
