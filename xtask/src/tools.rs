//! What must be on the machine and is not part of the checkout. Each `ensure` returns at once when the tool is there,
//! prints what it is about to install when it may (on a terminal it asks first), and otherwise says exactly what to
//! install.

pub(crate) mod cargo;
pub(crate) mod cometbft;
pub(crate) mod debian;
pub(crate) mod deny;
pub(crate) mod emulator;
pub(crate) mod gno;
mod go;
pub(crate) mod promtool;
pub(crate) mod python;
pub(crate) mod z3;

use std::io::IsTerminal;

use anyhow::{Result, bail};

/// Says what is about to be installed and, on a terminal, waits for a yes. `CI` in the environment counts as a yes:
/// some CI machines give their jobs a terminal on which nobody sits.
///
/// # Errors
/// If the answer is no, or the answer cannot be read.
fn announce(what: &str) -> Result<()> {
    // On the error stream: the standard output of `firmware --json` is for a program.
    eprintln!("installing {what}");
    if !std::io::stdin().is_terminal() || std::env::var_os("CI").is_some() {
        return Ok(());
    }
    eprint!("go on? [Y/n] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "" | "y" | "Y" | "yes") {
        bail!("nothing was installed");
    }
    Ok(())
}
