//! Programs of the machine.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::Error;

/// Where Debian puts programs, whatever the search path says.
const USUAL: &str = "/usr/bin";

/// Every program of this name, in the order of the search path.
pub(crate) fn all(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).chain([PathBuf::from(USUAL)]).collect();
    folders.into_iter().map(move |folder| folder.join(name)).filter(|file| runs(file))
}

/// Fails unless the emulator of the ARM processor is on the search path, where Speculos looks for it.
pub(crate) fn require_qemu() -> Result<(), Error> {
    const QEMU: &str = "qemu-arm-static";
    all(QEMU).next().map(drop).ok_or_else(|| Error::Missing {
        what: QEMU.to_owned(),
        cure: "apt-get install qemu-user-static".to_owned(),
    })
}

fn runs(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_and_other_files_are_not() {
        assert!(all("sh").next().is_some_and(|shell| shell.ends_with("sh")));
        assert_eq!(all("no-program-has-this-name").next(), None);
        assert!(!runs("/etc/passwd".as_ref()), "a file that cannot be run");
        assert!(!runs("/usr/bin".as_ref()), "a folder");
    }
}
