//! Pictures of the device's screen, for the book.

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::{Context, Result};
use speculos::Emulator;

/// Where they go, if somebody wants them.
#[derive(Default)]
pub(crate) struct Pictures {
    folder: Option<PathBuf>,
    taken: Cell<usize>,
}

impl Pictures {
    /// Into this folder, which is made.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self> {
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(Self { folder, taken: Cell::new(0) })
    }

    /// The screen as it is now, under the next number.
    pub(crate) fn take(&self, emulator: &Emulator) -> Result<()> {
        if let Some(folder) = &self.folder {
            emulator.save_screenshot(&folder.join(format!("{:02}.png", self.taken.get())))?;
            self.taken.set(self.taken.get() + 1);
        }
        Ok(())
    }
}
