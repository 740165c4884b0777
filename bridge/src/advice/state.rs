//! Of the state directory, and of whose height it is.

use std::path::Path;

use rustix::io::Errno;

/// A file of the state directory is not as it was written.
pub fn state(path: &Path, cause: &str) -> String {
    format!(
        "{} cannot be used ({}); restore it from a copy, or, if it is lost, remove it and run `highwater mark adopt` \
         with --last-signed for each chain",
        path.display(),
        cause.trim_end()
    )
}

/// A pinned chain has no state file.
pub fn chain_file_missing(path: &Path, chain: &str) -> String {
    format!(
        "State file {} is missing, so Highwater cannot know what was already signed. {}",
        path.display(),
        chain_file_cure(chain)
    )
}

/// A state file is not what was written.
pub fn chain_file_damaged(path: &Path, chain: &str, cause: &str) -> String {
    format!("{} cannot be trusted ({cause}). {}", path.display(), chain_file_cure(chain))
}

/// A state file is of another chain or key.
pub fn chain_file_foreign(path: &Path, chain: &str, found: &str) -> String {
    format!("{} is {found}, not of the pinned {chain}. {}", path.display(), chain_file_cure(chain))
}

fn chain_file_cure(chain: &str) -> String {
    format!(
        "Restore the newest copy. If there is none, plug in the pinned device and run `highwater mark adopt {chain}`."
    )
}

/// A state file cannot be read or written.
pub fn chain_file_io(path: &Path, error: &std::io::Error) -> String {
    let cure = match Errno::from_io_error(error) {
        Some(Errno::MFILE) => {
            "end what holds connections to the bridge open, or raise LimitNOFILE of the service"
        }
        Some(Errno::NFILE) => "end what holds files open on this machine, or raise fs.file-max",
        _ => "free space on its disk, and let the bridge's user own it",
    };
    format!("{} cannot be read or written ({error}): {cure}", path.display())
}

/// The file of pins cannot be read or written.
pub fn pins_io(path: &Path, error: &std::io::Error) -> String {
    format!(
        "{} cannot be read or written ({error}): free space on its disk, and let the bridge's user own it",
        path.display()
    )
}

/// The state of this directory was exported.
pub fn exported(mark: &Path, said: &str) -> String {
    format!(
        "this state was {}: the bridge signs on the host it was carried to; only if it was never imported anywhere, \
         remove {}",
        said.trim_end(),
        mark.display()
    )
}

/// The file to export to exists.
pub fn export_exists(to: &Path) -> String {
    format!("{} exists already: name a new file", to.display())
}

/// There is something to be overwritten.
pub fn import_over(state_dir: &Path) -> String {
    format!("{} knows chains already: name an empty state_dir in the config", state_dir.display())
}

/// It is no exported state.
pub fn import_damaged(from: &Path, cause: &str) -> String {
    format!(
        "{} is not an exported state ({cause}): carry it over again from the host that exported it",
        from.display()
    )
}

/// Nobody answers at the admin socket.
pub fn no_daemon() -> &'static str {
    "no daemon runs on this state_dir: start it with `highwater run`, or ask the device itself with `highwater device info`"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_file_that_lacks_a_file_handle_does_not_ask_for_space() {
        let text = |errno: Errno| chain_file_io(Path::new("/s/a.json"), &errno.into());
        assert!(text(Errno::MFILE).contains("LimitNOFILE") && !text(Errno::MFILE).contains("space"));
        assert!(text(Errno::NFILE).contains("fs.file-max") && text(Errno::NOSPC).contains("free space"));
    }
}
