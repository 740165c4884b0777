use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::trust::Why;
use crate::users::{acting_as, as_root};

/// Two nodes' users.
const NODE: u32 = 4_242;
const OTHER: u32 = 4_343;
/// The group that they share with us.
const GROUP: u32 = 4_444;

/// A folder of `owner` with this mode, below one that strangers may only pass.
fn folder(owner: u32, mode: u32) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("nodes");
    fs::create_dir(&path).unwrap();
    chown(&path, Some(owner), Some(GROUP)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (dir, path)
}

/// A node of another user.
fn listening_as(user: u32, path: &Path) -> UnixListener {
    acting_as(user, GROUP, || UnixListener::bind(path).unwrap())
}

/// Puts a file elsewhere, as another user.
fn moved_as(user: u32, from: &Path, to: &Path) -> io::Result<()> {
    acting_as(user, GROUP, || fs::rename(from, to))
}

async fn connected(path: &Path) -> Result<Option<Exposed>, SocketError> {
    look(path)?;
    let stream = UnixStream::connect(path).await.map_err(SocketError::Credentials)?;
    verify(path, &stream)
}

#[tokio::test]
async fn a_socket_is_told_from_other_files_and_an_open_mode_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("privval.sock");
    assert!(
        matches!(look(&path), Err(SocketError::BrokenOff(broken)) if broken.error.kind() == io::ErrorKind::NotFound)
    );
    fs::write(&path, "").unwrap();
    assert!(matches!(look(&path), Err(SocketError::Distrust(distrust)) if distrust.why == Why::NotASocket));
    fs::remove_file(&path).unwrap();
    let _listener = UnixListener::bind(&path).unwrap();
    let mut found = Vec::new();
    for mode in [0o600, 0o755, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        found.push(connected(&path).await.unwrap());
    }
    assert_eq!(found, [None, None, Some(Exposed::Everyone(0o777))]);
}

#[tokio::test]
async fn a_node_of_another_user_is_talked_to_in_a_folder_of_its_own() {
    if !as_root("a_node_of_another_user_is_talked_to_in_a_folder_of_its_own") {
        return;
    }
    let (_dir, folder) = folder(NODE, 0o2750);
    let path = folder.join("privval.sock");
    let _node = listening_as(NODE, &path);
    assert_eq!(connected(&path).await.unwrap(), None);
}

#[tokio::test]
async fn in_a_folder_where_nodes_may_replace_each_others_sockets_none_is_talked_to() {
    if !as_root("in_a_folder_where_nodes_may_replace_each_others_sockets_none_is_talked_to") {
        return;
    }
    let (_dir, folder) = folder(0, 0o2770);
    let path = folder.join("privval.sock");
    let _node = listening_as(NODE, &path);
    // What the folder's mode allows: another node's user takes the name over.
    moved_as(OTHER, &path, &folder.join("away")).unwrap();
    let _thief = listening_as(OTHER, &path);
    let Err(SocketError::Distrust(distrust)) = connected(&path).await else { panic!("it was talked to") };
    assert_eq!(distrust, Distrust { path: folder.canonicalize().unwrap(), why: Why::Open(0o2770) });
    // The sticky bit keeps them apart, once each has a socket there.
    fs::set_permissions(&folder, Permissions::from_mode(0o3770)).unwrap();
    assert!(moved_as(NODE, &path, &folder.join("b")).is_err());
    assert_eq!(connected(&path).await.unwrap(), Some(Exposed::Members(GROUP)));
}

#[tokio::test]
async fn a_stranger_who_listens_at_a_nodes_socket_is_told_by_the_kernel() {
    if !as_root("a_stranger_who_listens_at_a_nodes_socket_is_told_by_the_kernel") {
        return;
    }
    let (_dir, folder) = folder(0, 0o1770);
    let path = folder.join("privval.sock");
    let _stranger = listening_as(OTHER, &path);
    let stream = UnixStream::connect(&path).await.unwrap();
    // Between connecting and looking again the file becomes the node's: who listens does not change.
    chown(&path, Some(NODE), None).unwrap();
    assert!(matches!(verify(&path, &stream), Err(SocketError::Peer { owner: NODE, peer: OTHER })));
    // Nor is root believed where the file is a node's.
    fs::remove_file(&path).unwrap();
    let _listener = UnixListener::bind(&path).unwrap();
    assert!(connected(&path).await.is_ok());
    chown(&path, Some(NODE), None).unwrap();
    assert!(matches!(connected(&path).await, Err(SocketError::Peer { owner: NODE, peer: 0 })));
}

#[tokio::test]
async fn a_folder_that_a_stranger_made_in_a_world_writable_one_is_not_connected_to() {
    if !as_root("a_folder_that_a_stranger_made_in_a_world_writable_one_is_not_connected_to") {
        return;
    }
    let (_dir, everybodys) = folder(0, 0o1777);
    acting_as(OTHER, GROUP, || fs::create_dir(everybodys.join("gaia")).unwrap());
    let path = everybodys.join("gaia/privval.sock");
    let _stranger = listening_as(OTHER, &path);
    let Err(SocketError::Distrust(distrust)) = connected(&path).await else { panic!("it was talked to") };
    assert_eq!(distrust.why, Why::Planted(OTHER));
    assert!(distrust.path.ends_with("nodes/gaia"));
}
