//! A page for each command, and the completions of each shell.

use std::fs;
use std::io;
use std::path::Path;

use clap_complete::Shell;

/// Where distributions put them, below `/usr/share`: the pages in `man/man1`, the completions in a folder of each shell.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let man = folder.join("man/man1");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(highwater::cli::command(), &man)?;
    for (shell, place) in [
        (Shell::Bash, "bash-completion/completions"),
        (Shell::Zsh, "zsh/vendor-completions"),
        (Shell::Fish, "fish/vendor_completions.d"),
    ] {
        let place = folder.join(place);
        fs::create_dir_all(&place)?;
        let written = clap_complete::generate_to(shell, &mut highwater::cli::command(), "highwater", &place)?;
        if shell == Shell::Bash {
            // The loader of bash looks for the name of the command.
            fs::rename(written, place.join("highwater"))?;
        }
    }
    Ok(())
}
