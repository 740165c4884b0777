//! Who may talk through a socket file.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::Exposed;

/// Write permission of others.
const OTHERS: u32 = 0o002;

/// A socket file that is not connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// There is no such file, or it may not be looked at.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A file of another kind.
    #[error("it is not a socket")]
    NotASocket,
    /// A stranger's, in a folder where everyone may make files.
    #[error("it belongs to user {owner}, in a folder that every user may write to")]
    Stranger {
        /// Whose it is.
        owner: u32,
    },
}

/// Looks at the file before it is connected to. Who owns it asks for votes: in a folder open to everyone it must be
/// root or ourselves; elsewhere the folder's owner decides who makes files there.
pub(super) fn check(path: &Path) -> Result<Option<Exposed>, SocketError> {
    let file = std::fs::metadata(path)?;
    if !file.file_type().is_socket() {
        return Err(SocketError::NotASocket);
    }
    let folder = std::fs::metadata(path.parent().unwrap_or(path))?;
    let ours = rustix::process::geteuid().as_raw();
    if may_be_a_strangers(folder.mode(), file.uid(), ours) {
        return Err(SocketError::Stranger { owner: file.uid() });
    }
    Ok((file.mode() & OTHERS != 0).then_some(Exposed::Everyone(file.mode() & 0o777)))
}

fn may_be_a_strangers(folder: u32, owner: u32, ours: u32) -> bool {
    folder & OTHERS != 0 && owner != 0 && owner != ours
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_is_told_from_other_files_and_an_open_mode_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("privval.sock");
        assert!(
            matches!(check(&path), Err(SocketError::Io(error)) if error.kind() == io::ErrorKind::NotFound)
        );
        fs::write(&path, "").unwrap();
        assert!(matches!(check(&path), Err(SocketError::NotASocket)));
        fs::remove_file(&path).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        let mut found = Vec::new();
        for mode in [0o600, 0o755, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            found.push(check(&path).unwrap());
        }
        assert_eq!(found, [None, None, Some(Exposed::Everyone(0o777))]);
    }

    #[test]
    fn only_root_and_we_are_trusted_where_everyone_may_make_files() {
        for (folder, owner, refused) in [
            (0o1777, 1000, true),
            (0o777, 1000, true),
            (0o1777, 0, false),
            (0o1777, 500, false),
            (0o770, 1000, false),
            (0o755, 1000, false),
        ] {
            assert_eq!(may_be_a_strangers(folder, owner, 500), refused, "{folder:o} {owner}");
        }
    }
}
