//! The figures of a build, for people and for programs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nanos_sdk::target::Device;
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::digest::Digest;
use crate::gate::{Depth, Firmware, room_for_stack};
use crate::toolchain::Toolchain;

/// What `--json` prints.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The device, as the command line has it.
    pub(crate) device: &'static str,
    /// The linked file, for the emulator; of a device with API levels the one for the newest.
    pub(crate) elf: PathBuf,
    /// The same image for the loaders.
    pub(crate) hex: PathBuf,
    /// Bytes of code and constants.
    pub(crate) code: u64,
    /// Bytes of non-volatile storage.
    pub(crate) nvm: u64,
    /// Bytes of install parameters in the image.
    pub(crate) parameters: u64,
    /// Bytes of RAM that the statics leave for the stack.
    pub(crate) room_for_stack: u64,
    /// Bytes of static variables.
    pub(crate) statics: u64,
    /// How deep the stack can go at most, by the instructions of the image.
    pub(crate) depth: Depth,
    /// The deepest stack, if the emulator suite has measured this image.
    pub(crate) stack: Option<Stack>,
    /// What a vote takes, if the emulator suite has measured this image.
    pub(crate) vote: Option<Vote>,
    /// Pointers to flash in the image.
    pub(crate) relocations: u64,
    /// Digest of the flash image.
    pub(crate) image_sha256: String,
    /// What rustc calls itself.
    pub(crate) compiler: String,
    /// What the linker calls itself.
    pub(crate) linker: String,
    /// The limits.
    pub(crate) budget: Budget,
    /// Figures above them, one sentence each.
    pub(crate) over: Vec<String>,
}

/// `stack.json`, written by the emulator suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stack {
    /// Bytes at the deepest point.
    pub(crate) bytes: u64,
    /// What the app was doing then.
    pub(crate) during: String,
}

/// `vote.json`, written by the emulator suite: what one vote takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vote {
    /// Multiplications of a point.
    pub(crate) multiplications: u64,
    /// Pages written.
    pub(crate) page_writes: u64,
    /// Keys derived.
    pub(crate) derivations: u64,
    /// Reports on the cable, both ways.
    pub(crate) reports: u64,
    /// System calls.
    pub(crate) calls: u64,
}

impl Vote {
    fn text(&self) -> String {
        let Self { multiplications, page_writes, derivations, reports, calls } = self;
        format!(
            "{multiplications} multiplication, {page_writes} page writes, {derivations} derivations, {reports} reports, \
             {calls} system calls"
        )
    }
}

/// What the suite has left beside an image.
pub(crate) struct Measured {
    pub(crate) stack: Option<Stack>,
    pub(crate) vote: Option<Vote>,
}

/// Reads what the suite has left, if anything.
///
/// # Errors
/// If the file is there and is not what the suite writes.
pub(crate) fn read_measured<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let measured =
        serde_json::from_str(&text).with_context(|| format!("{} is no measurement", path.display()))?;
    Ok(Some(measured))
}

impl Report {
    /// Puts the figures beside their limits.
    pub(crate) fn new(
        device: &Device,
        firmware: &Firmware,
        [elf, hex]: [PathBuf; 2],
        image_sha256: String,
        toolchain: &Toolchain,
        budget: Budget,
        Measured { stack, vote }: Measured,
    ) -> Self {
        let mut over = firmware.over(&budget);
        if let Some(stack) = stack.as_ref().filter(|stack| stack.bytes > budget.stack) {
            over.push(format!(
                "stack: {} bytes during {}, the budget is {}",
                stack.bytes, stack.during, budget.stack
            ));
        }
        Self {
            device: device.name,
            elf,
            hex,
            code: firmware.code,
            nvm: firmware.nvm,
            parameters: firmware.parameters,
            room_for_stack: room_for_stack(device, firmware.statics),
            statics: firmware.statics,
            depth: firmware.depth.clone(),
            stack,
            vote,
            relocations: firmware.relocations.len() as u64,
            image_sha256,
            compiler: format!("rustc {}", toolchain.compiler_version),
            linker: toolchain.linker_version.clone(),
            budget,
            over,
        }
    }

    /// What goes into the committed digest.
    pub(crate) fn digest(&self) -> Digest {
        Digest { made_by: format!("{}; {}", self.compiler, self.linker), sha256: self.image_sha256.clone() }
    }

    /// The table for a person.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        let mut row =
            |what: &str, value: String| writeln!(table, "{what:<18}{value}").expect("writing to a string");
        let of = |used: u64, limit: u64| format!("{used:>7} B of {limit}");
        row("device", self.device.to_owned());
        row("code, constants", of(self.code, self.budget.code));
        row("NVM", format!("{:>7} B", self.nvm));
        row("static RAM", of(self.statics, self.budget.statics));
        row(
            "stack",
            match &self.stack {
                Some(stack) => format!("{} (during {})", of(stack.bytes, self.budget.stack), stack.during),
                None => "not measured for this image; the emulator suite does (cargo xtask test)".to_owned(),
            },
        );
        row("stack at most", of(self.depth.bytes, self.room_for_stack));
        for frame in &self.depth.path {
            row("", format!("{:>7} {}", frame.bytes, frame.name));
        }
        row(
            "a vote",
            self.vote.as_ref().map_or_else(|| "not measured for this image".to_owned(), Vote::text),
        );
        row("relocations", format!("{:>7}   of exactly {}", self.relocations, self.budget.relocations));
        row("image SHA-256", self.image_sha256.clone());
        row("compiler", self.compiler.clone());
        row("linker", self.linker.clone());
        row("ELF", self.elf.display().to_string());
        row("hex", self.hex.display().to_string());
        table
    }
}
