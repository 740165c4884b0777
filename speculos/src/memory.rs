//! The RAM of the emulated device, read while it runs: for tests that look for what an app has left there.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::{Emulator, Error};

/// Where the emulator puts the app's code, as the app sees it.
const CODE: u64 = 0x4000_0000;

/// What of a device's RAM an app writes to, or the crypto library for it; by the addresses that the app sees, and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ram {
    /// Statics and stack of the app.
    pub app: (u64, usize),
    /// All of it, the library's too.
    pub parts: &'static [(u64, usize)],
}

impl Ram {
    /// A Nano S: one block.
    pub const NANOS: Self = Self { app: (0x2000_0200, 0x1200), parts: &[(0x2000_0000, 0x2000)] };
    /// A Nano S Plus. The library has a block of its own, the section `.shram` of Speculos's file of it, which stands at
    /// the same place at every level.
    pub const NANOSPLUS: Self =
        Self { app: (0x5000_0000, 0xa000), parts: &[(0x5000_0000, 0xa000), (0x2000_4000, 0x2000)] };
}

/// A look at the RAM, which can be taken again and again until the emulator ends.
#[derive(Debug)]
pub struct Memory {
    file: File,
    /// What is added to an address of the app.
    shift: u64,
}

impl Memory {
    /// A part of the RAM at this moment. The app may be changing it.
    ///
    /// # Errors
    /// If the processor is gone.
    pub fn read(&self, (at, size): (u64, usize)) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; size];
        self.file.read_exact_at(&mut bytes, at.wrapping_add(self.shift))?;
        Ok(bytes)
    }
}

impl Emulator {
    /// The RAM of the device.
    ///
    /// # Errors
    /// [`Error::Io`] if the system does not let us look into the emulated processor.
    pub fn memory(&self) -> Result<Memory, Error> {
        open(self.process().id()).map_err(Error::io("look into the emulator's memory"))
    }
}

/// The memory of the process that Speculos has made for the processor. Its own addresses are the app's with a number
/// added; where the app's file stands among them tells which.
fn open(speculos: u32) -> io::Result<Memory> {
    let nobody = || io::Error::new(io::ErrorKind::NotFound, "it has no process for the processor");
    let processor = children(speculos)?.into_iter().find_map(|folder| Some((code(&folder)?, folder)));
    let (code, folder) = processor.ok_or_else(nobody)?;
    Ok(Memory { file: File::open(folder.join("mem"))?, shift: code.wrapping_sub(CODE) })
}

/// Where the app's code stands in a process.
fn code(folder: &std::path::Path) -> Option<u64> {
    let maps = fs::read_to_string(folder.join("maps")).ok()?;
    let line = maps.lines().find(|line| line.ends_with(crate::process::ELF))?;
    u64::from_str_radix(line.split('-').next()?, 16).ok()
}

/// The folders in /proc of the children of a process.
fn children(parent: u32) -> io::Result<Vec<PathBuf>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let folder = entry?.path();
        // A process that has gone meanwhile is none of them.
        let Ok(stat) = fs::read_to_string(folder.join("stat")) else { continue };
        // Its name, in parentheses, may hold anything; state and parent follow.
        let of = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if of == Some(&parent.to_string()) {
            children.push(folder);
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_children_of_a_process_are_found() {
        let mut child = Command::new("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap();
        let found = children(std::process::id()).unwrap();
        assert!(found.contains(&PathBuf::from(format!("/proc/{}", child.id()))), "{found:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
