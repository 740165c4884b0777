//! Of files: whose they are, and why one cannot be read or written.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::{trust, users};

/// A file of the state directory cannot be read or written.
pub fn file(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read or written ({error}): {}", path.display(), cure(path, error))
}

/// A file that the operator named cannot be read or written; `missing` is what to do if it, or its folder, is not there.
pub(crate) fn named(path: &Path, error: &io::Error, missing: &str) -> String {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let path = path.display();
    match error.kind() {
        NotFound => format!("{path} does not exist: {missing}"),
        IsADirectory => format!("{path} is a folder: name a file"),
        NotADirectory => format!("{path} is no folder: {missing}"),
        PermissionDenied => format!(
            "{path} may not be read or written by {} ({error}): name a place of that user's, or give it to that user",
            users::name(users::ours())
        ),
        _ => format!("{path} cannot be read or written ({error}): mend that and run the command again"),
    }
}

/// Something else stands in the place of a file.
pub(crate) const NOT_A_FILE: &str = "it is not a plain file";

/// What to do then.
const FOLDER: &str =
    "move what is there away, and put the file itself in its place; if there never was one, it is made";

/// What to do about a file that cannot be read or written. The file itself is never at fault here: nothing tells anybody
/// to remove it.
fn cure(path: &Path, error: &io::Error) -> String {
    let text = match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => return permission(path),
        Some(Errno::LOOP) => {
            "a symbolic link is there, and none is followed: put the file itself in its place"
        }
        Some(Errno::ISDIR) => FOLDER,
        None if error.to_string() == NOT_A_FILE => FOLDER,
        Some(Errno::NOSPC | Errno::DQUOT) => "free space on its disk",
        Some(Errno::ROFS) => {
            "mount its disk so that it can be written to; a state_dir outside of /var/lib/highwater is read-only for the unit until \
             `systemctl edit highwater` has [Service] ReadWritePaths= with that folder"
        }
        Some(Errno::IO) => "its disk fails: look at the kernel's log, and move state_dir to another disk",
        Some(Errno::MFILE) => {
            "end what holds connections to the bridge open, or raise LimitNOFILE of the service"
        }
        Some(Errno::NFILE) => "end what holds files open on this machine, or raise fs.file-max",
        _ => "mend that; a command is to be run again",
    };
    text.to_owned()
}

fn permission(path: &Path) -> String {
    let ours = users::ours();
    match trust::foreign(path, ours) {
        Some((path, owner)) => give_back(&path, owner, ours),
        None => {
            format!("run `sudo chmod u+rwX {}` and the same on its folder", path.display())
        }
    }
}

/// Of a file or folder in the state directory. Nothing is lost by another owner, so nothing is to be removed.
fn give_back(path: &Path, owner: u32, ours: u32) -> String {
    format!(
        "{} belongs to {}, as a command leaves it that is run as that user; run `sudo chown -R {} {}`",
        path.display(),
        users::name(owner),
        users::argument(ours, ""),
        path.display()
    )
}

/// A folder of the state directory is another user's.
pub fn belongs(path: &Path, owner: u32, ours: u32) -> String {
    format!("Highwater runs as {}, but {}", users::name(ours), give_back(path, owner, ours))
}

/// The state directory is another user's.
pub fn state_dir_owner(path: &Path, owner: u32, ours: u32) -> String {
    let (path, whose, who) = (path.display(), users::name(owner), users::name(ours));
    match (owner, ours) {
        (0, _) => format!(
            "{path} belongs to root, and Highwater runs as {who}: if the daemon's user is {who}, run \
             `sudo chown -R {} {path}`",
            users::argument(ours, "")
        ),
        _ => format!(
            "{path} belongs to {whose}, and this command runs as {who}, whose files the daemon could not read: run it as \
             `sudo -u {} highwater …`",
            quoted(owner)
        ),
    }
}

/// `#998` would begin a comment.
fn quoted(user: u32) -> String {
    let argument = users::argument(user, "#");
    if argument.starts_with('#') { format!("'{argument}'") } else { argument }
}

/// Others may write to the state directory, or rename it.
pub fn state_dir_open(path: &Path, mode: u32) -> String {
    format!(
        "{} has mode {mode:o}, so other users can put files of their own in the place of Highwater's: run \
         `chmod go-w {}`, after a look at what is in it",
        path.display(),
        path.display()
    )
}

/// Another user can put another folder in the place of the state directory.
pub fn state_dir_strange(path: &Path, owner: u32, state_dir: &Path) -> String {
    format!(
        "{} belongs to {}, who can put another folder in the place of {}: name a state_dir in a folder of root's",
        path.display(),
        users::name(owner),
        state_dir.display()
    )
}

/// The state directory, or a folder on the way to it, cannot be looked at or made.
pub fn state_dir_io(path: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be reached or made ({error}): is this the right state_dir, and is its disk mounted? On a new host make it with \
         `sudo install -d -m 700 -o {} …`, and let that user pass through the folders above it",
        path.display(),
        users::argument(users::ours(), "")
    )
}

/// Nothing can be written into the state directory, or a folder of it.
pub fn state_dir_unwritable(path: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be written ({error}), and the daemon writes there before it signs: look at how the file system is mounted (`findmnt \
         -T {}`), at the disk, and at the mode of the folder",
        path.display(),
        path.display()
    )
}

/// The state directory is a file.
pub fn state_dir_file(path: &Path) -> String {
    format!("{} is not a folder: name another state_dir in the config", path.display())
}

/// There is no state directory, and root should not make it.
pub fn state_dir_missing(path: &Path) -> String {
    format!(
        "{} does not exist: is this the right state_dir, and is its disk mounted? Root does not make it, since the daemon runs as \
         another user: on a new host make it with `install -d -m 700 -o highwater {}`, where highwater is the daemon's user",
        path.display(),
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_cure_and_none_is_to_remove_the_file() {
        let text = |errno: Errno| file(Path::new("/s/a.json"), &errno.into());
        for (errno, word) in [
            (Errno::MFILE, "LimitNOFILE"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::NOSPC, "free space"),
            (Errno::ROFS, "mount"),
            (Errno::LOOP, "symbolic link"),
            (Errno::IO, "disk fails"),
            (Errno::ACCESS, "chmod"),
        ] {
            let text = text(errno);
            assert!(text.contains(word) && !text.contains("remove"), "{text}");
            assert_eq!(text.contains("space"), errno == Errno::NOSPC, "{text}");
        }
    }

    #[test]
    fn a_file_of_roots_is_given_back_by_chown() {
        if !users::as_root("a_file_of_roots_is_given_back_by_chown") {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pins.toml");
        std::fs::write(&path, "").unwrap();
        std::os::unix::fs::chown(&path, Some(4_242), None).unwrap();
        let text = file(&path, &Errno::ACCESS.into());
        assert!(text.contains("pins.toml belongs to user 4242"), "{text}");
        assert!(text.contains(&format!("sudo chown -R root {}", path.display())), "{text}");
    }
}
