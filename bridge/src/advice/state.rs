//! Of the state directory, and of whose height it is.

use std::path::Path;

/// A file of the state directory is not as it was written.
pub fn state(path: &Path, cause: &str) -> String {
    format!(
        "{} cannot be used ({}): remove it, and run `highwater mark adopt` for each chain, which begins at the chain's state file",
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
        "Restore no copy: it may be older than the last signature. Plug in the pinned device and run `highwater mark adopt {chain}`, \
         which makes the file from the device's mark. If that device is lost, run `highwater mark adopt {chain} --last-signed \
         H/R/STEP` for another one, with the last place that the chain has of this key."
    )
}

/// The state of this directory was exported.
pub fn exported(mark: &Path, said: &str) -> String {
    format!(
        "This state was {} and must only be used there. If you are certain that it was never imported on another host, \
         delete {} to sign here again.",
        said.trim_end(),
        mark.display()
    )
}

/// The file to export to exists.
pub fn export_exists(to: &Path) -> String {
    format!("{} exists already: name a new file", to.display())
}

/// What to do if a folder is not there in which a file is to be made.
pub const MAKE_FOLDER: &str = "make the folder, or name a file in another one";

/// What to do if the folder for passing files is not there.
pub const MAKE_TMPDIR: &str = "make its folder, or set TMPDIR to one that is there, or unset it";

/// What to do if there is no exported state.
pub const NAME_EXPORTED: &str =
    "name the file that `highwater state export` wrote on the other host, as it was carried here";

/// What to do if there is no backup of a key.
pub const NAME_BACKUP: &str = "name the file that `highwater key backup` or `highwater key import` wrote";

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

/// All may be well, and nothing signs all the same.
pub fn nothing_signs_yet() -> &'static str {
    "no daemon runs, so nothing is signed: start it with `highwater run`, or with its unit"
}

/// Nobody answers at the admin socket.
pub fn no_daemon() -> &'static str {
    "no daemon runs on this state_dir: start it with `highwater run`, or ask the device itself with `highwater device info`"
}
