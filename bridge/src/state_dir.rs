//! The state directory: whose it must be before anything in it is opened.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

use crate::trust::{self, BrokenOff, Distrust, Why};
use crate::{advice, users};

/// Its folder of state files.
pub(crate) const CHAINS: &str = "chains";

/// What a command does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads what is there, and makes nothing. Root may look into another user's.
    Reads,
    /// May make files, which must be of the user that the daemon runs as.
    Writes,
}

/// The directory cannot be used. Nothing in it was opened.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// The user that runs is not the one it belongs to: files made now would be in the wrong hands.
    #[error("{}", advice::state_dir_owner(.path, *.owner, *.ours))]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs.
        ours: u32,
    },
    /// A folder in it is another user's, who ran a command.
    #[error("{}", advice::belongs(.path, *.owner, *.ours))]
    Inner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs.
        ours: u32,
    },
    /// Others could replace what is in it.
    #[error("{}", advice::state_dir_open(.path, *.mode))]
    Open {
        /// The directory, or a folder on the way to it.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another user decides where the path leads.
    #[error("{}", advice::state_dir_strange(.path, *.owner, .state_dir))]
    Strange {
        /// What is that user's.
        path: PathBuf,
        /// The user.
        owner: u32,
        /// The directory.
        state_dir: PathBuf,
    },
    /// It is a file.
    #[error("{}", advice::state_dir_file(.0))]
    NotAFolder(PathBuf),
    /// It does not exist, and root does not know who the daemon runs as.
    #[error("{}", advice::state_dir_missing(.0))]
    Missing(PathBuf),
    /// Nothing can be written into it, or into a folder of it.
    #[error("{}", advice::state_dir_unwritable(.0, .1))]
    Unwritable(PathBuf, io::Error),
    /// It cannot be looked at, or not be made.
    #[error("{}", advice::state_dir_io(.0, .1))]
    Io(PathBuf, io::Error),
}

impl StateDirError {
    /// Whether the system failed, and not the way the directory is set up.
    pub(crate) fn is_io(&self) -> bool {
        matches!(self, Self::Io(..) | Self::Unwritable(..))
    }
}

/// Checks the directory before anything in it is opened; makes it (0700) if it does not exist and a command writes.
pub(crate) fn prepare(path: &Path, purpose: Purpose) -> Result<(), StateDirError> {
    let ours = users::ours();
    match (fs::metadata(path), purpose) {
        (Ok(found), Purpose::Reads) if ours == 0 => return check(path, found.uid()),
        (Ok(_), _) => {}
        (Err(error), _) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StateDirError::Io(path.to_owned(), error));
        }
        (Err(_), Purpose::Reads) => return Ok(()),
        (Err(_), Purpose::Writes) if ours == 0 => return Err(StateDirError::Missing(path.to_owned())),
        (Err(_), Purpose::Writes) => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| StateDirError::Io(path.to_owned(), error))?,
    }
    check(path, ours)
}

/// Whether files can be made in the directory and its folder of state files. Nothing is made.
pub(crate) fn writable(state_dir: &Path) -> Result<(), StateDirError> {
    for folder in [state_dir.to_owned(), state_dir.join(CHAINS)] {
        match accessat(CWD, &folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(StateDirError::Unwritable(folder, error.into())),
        }
    }
    Ok(())
}

fn check(state_dir: &Path, ours: u32) -> Result<(), StateDirError> {
    judge(state_dir, state_dir, ours)?;
    let chains = state_dir.join(CHAINS);
    match fs::symlink_metadata(&chains) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // A command that only looks, as another user, learns it when it opens a file.
        Err(error) => Err(StateDirError::Io(chains, error)),
        Ok(_) => judge(&chains, state_dir, ours),
    }
}

fn judge(asked: &Path, state_dir: &Path, ours: u32) -> Result<(), StateDirError> {
    let steps = trust::steps(asked).map_err(|BrokenOff { path, error }| StateDirError::Io(path, error))?;
    let is_end = |path: &Path| steps.last().is_some_and(|step| step.path == path);
    trust::home(&steps, ours).map_err(|Distrust { path, why }| match why {
        Why::Owner(owner) | Why::Planted(owner) if is_end(&path) => match asked == state_dir {
            true => StateDirError::Owner { path, owner, ours },
            false => StateDirError::Inner { path, owner, ours },
        },
        Why::Owner(owner) | Why::Planted(owner) => {
            StateDirError::Strange { path, owner, state_dir: state_dir.to_owned() }
        }
        Why::Open(mode) => StateDirError::Open { path, mode },
        Why::NotAFolder | Why::NotASocket => StateDirError::NotAFolder(path),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;
    use crate::users::as_root;

    const OTHER: u32 = 4_242;

    fn folder(dir: &Path, name: &str, mode: u32) -> PathBuf {
        let path = dir.join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn refused(path: &Path) -> String {
        prepare(path, Purpose::Writes).unwrap_err().to_string()
    }

    #[test]
    fn a_state_directory_that_others_may_write_to_is_refused_with_its_cure() {
        let dir = tempfile::tempdir().unwrap();
        assert!(prepare(&folder(dir.path(), "good", 0o700), Purpose::Writes).is_ok());
        for mode in [0o770, 0o702, 0o1777] {
            let path = folder(dir.path(), &format!("{mode:o}"), mode);
            let text = refused(&path);
            assert!(text.contains(&format!("mode {mode:o}")) && text.contains("chmod go-w"), "{text}");
        }
        let parent = folder(dir.path(), "parent", 0o777);
        let text = refused(&folder(&parent, "state", 0o700));
        assert!(text.contains("/parent ") && text.contains("mode 777"), "{text}");
        let good = folder(dir.path(), "another", 0o700);
        folder(&good, CHAINS, 0o770);
        assert!(refused(&good).contains("/another/chains "), "{}", refused(&good));
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state");
        fs::write(&file, "").unwrap();
        assert!(matches!(prepare(&file, Purpose::Writes), Err(StateDirError::NotAFolder(_))));
        let below = file.join("state");
        assert!(prepare(&below, Purpose::Writes).unwrap_err().is_io());
    }

    #[test]
    fn root_writes_nothing_into_another_users_state_and_makes_no_state_directory() {
        if !as_root("root_writes_nothing_into_another_users_state_and_makes_no_state_directory") {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let text = refused(&missing);
        assert!(text.contains("does not exist") && text.contains("install -d -m 700 -o"), "{text}");
        assert!(prepare(&missing, Purpose::Reads).is_ok());
        assert!(!missing.exists());

        let other = folder(dir.path(), "other", 0o700);
        chown(&other, Some(OTHER), None).unwrap();
        let text = refused(&other);
        assert!(text.contains("user 4242") && text.contains("sudo -u '#4242' highwater"), "{text}");
        // Whoever looks on leaves nothing behind, so root may.
        assert!(prepare(&other, Purpose::Reads).is_ok());
        fs::set_permissions(&other, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(prepare(&other, Purpose::Reads).is_err());
    }

    #[test]
    fn a_folder_that_root_made_in_it_is_given_back_by_chown() {
        if !as_root("a_folder_that_root_made_in_it_is_given_back_by_chown") {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let state = folder(dir.path(), "state", 0o700);
        let chains = folder(&state, CHAINS, 0o700);
        chown(&chains, Some(OTHER), None).unwrap();
        let text = refused(&state);
        assert!(text.contains("/chains belongs to user 4242") && text.contains("sudo chown"), "{text}");
    }
}
