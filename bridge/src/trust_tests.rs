use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;
use crate::users::{self, as_root};

const US: u32 = 500;
const NODE: u32 = 600;
const STRANGER: u32 = 666;
const GROUP: u32 = 70;

use Kind::{Folder, Link, Other, Socket as Sock};

/// A path of these: kind, owner and mode of each.
fn path(parts: &[(Kind, u32, u32)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, &(kind, uid, mode)) in parts.iter().enumerate() {
        let within = steps.iter().rev().find(|step| step.kind == Folder).map(|folder| folder.facts);
        let facts = Facts { uid, gid: GROUP, mode };
        steps.push(Step { path: format!("/{number}").into(), kind, facts, within });
    }
    steps
}

const TOP: (Kind, u32, u32) = (Folder, 0, 0o755);
const TMP: (Kind, u32, u32) = (Folder, 0, 0o1777);

#[test]
fn the_way_to_our_own_folder_is_in_nobody_elses_hands() {
    let (planted, owner, open) = (Why::Planted(STRANGER), Why::Owner(STRANGER), Why::Open);
    let ours = (Folder, US, 0o700);
    for (what, parts, expected) in [
        ("the packaged one", vec![TOP, TOP, ours], None),
        ("readable, not writable", vec![TOP, (Folder, US, 0o755)], None),
        ("made by us in a folder of everybody's", vec![TMP, ours], None),
        ("below our own folder", vec![TOP, (Folder, US, 0o755), ours], None),
        ("through a link of root's", vec![TOP, (Link, 0, 0o777), TOP, ours], None),
        ("through our link in a folder of everybody's", vec![TMP, (Link, US, 0o777), ours], None),
        ("its group may write", vec![TOP, (Folder, US, 0o770)], Some((1, open(0o770)))),
        ("everybody may write", vec![TOP, (Folder, US, 0o707)], Some((1, open(0o707)))),
        ("others make files in it", vec![TOP, (Folder, US, 0o1777)], Some((1, open(0o1777)))),
        ("a stranger's", vec![TOP, (Folder, STRANGER, 0o700)], Some((1, owner))),
        ("root's", vec![TOP, (Folder, 0, 0o700)], Some((1, Why::Owner(0)))),
        ("a parent that others rename in", vec![TOP, (Folder, 0, 0o777), ours], Some((1, open(0o777)))),
        ("a parent of a group's", vec![TOP, (Folder, 0, 0o775), ours], Some((1, open(0o775)))),
        ("below a stranger's", vec![TOP, (Folder, STRANGER, 0o755), ours], Some((1, owner))),
        ("made by a stranger", vec![TMP, (Folder, STRANGER, 0o755), ours], Some((1, planted))),
        ("a stranger's link", vec![TMP, (Link, STRANGER, 0o777), ours], Some((1, planted))),
        ("a file", vec![TOP, (Other, US, 0o600)], Some((1, Why::NotAFolder))),
    ] {
        let found = home(&path(&parts), US).map_err(|distrust| (distrust.path, distrust.why));
        let expected = expected.map(|(number, why)| (PathBuf::from(format!("/{number}")), why));
        assert_eq!(found.err(), expected, "{what}");
    }
}

#[test]
fn root_relies_on_its_own_folder_alone() {
    assert_eq!(home(&path(&[TOP, (Folder, 0, 0o700)]), 0), Ok(()));
    let refused = home(&path(&[TOP, (Folder, US, 0o700)]), 0).unwrap_err();
    assert_eq!(refused.why, Why::Owner(US));
}

#[test]
fn a_nodes_socket_can_only_have_been_made_by_its_owner_root_or_us() {
    let socket = |owner| (Sock, owner, 0o660);
    let (planted, owner) = (Why::Planted(NODE), Why::Owner(STRANGER));
    for (what, parts, expected) in [
        ("a folder per node", vec![TOP, TOP, (Folder, NODE, 0o2750), socket(NODE)], Ok(None)),
        ("the node's home", vec![TOP, (Folder, NODE, 0o750), (Folder, NODE, 0o755), socket(NODE)], Ok(None)),
        ("root's folder", vec![TOP, (Folder, 0, 0o755), socket(NODE)], Ok(None)),
        ("our folder", vec![TOP, (Folder, US, 0o750), socket(NODE)], Ok(None)),
        ("root's socket in everybody's folder", vec![TMP, socket(0)], Ok(None)),
        ("our socket in everybody's folder", vec![TMP, socket(US)], Ok(None)),
        ("a sticky folder of a group", vec![TOP, (Folder, 0, 0o3770), socket(NODE)], Ok(Some(GROUP))),
        ("our own in such a folder", vec![TOP, (Folder, 0, 0o3770), socket(US)], Ok(None)),
        ("the old packaging", vec![TOP, (Folder, 0, 0o2770), socket(NODE)], Err((1, Why::Open(0o2770)))),
        ("everybody's folder", vec![TMP, socket(NODE)], Err((1, planted))),
        ("a node's folder made there", vec![TMP, (Folder, NODE, 0o755), socket(NODE)], Err((1, planted))),
        ("a node's link there", vec![TMP, (Link, NODE, 0o777), TOP, socket(NODE)], Err((1, planted))),
        ("below that", vec![TMP, (Folder, NODE, 0o755), (Folder, US, 0o755), socket(US)], Err((1, planted))),
        (
            "made there by a group",
            vec![TOP, (Folder, 0, 0o3770), (Folder, NODE, 0o755), socket(NODE)],
            Err((2, planted)),
        ),
        ("another node's folder", vec![TOP, (Folder, STRANGER, 0o755), socket(NODE)], Err((1, owner))),
        (
            "a stranger above",
            vec![TOP, (Folder, STRANGER, 0o755), (Folder, NODE, 0o755), socket(NODE)],
            Err((1, owner)),
        ),
        ("a folder to rename in", vec![TOP, (Folder, 0, 0o777), socket(0)], Err((1, Why::Open(0o777)))),
        (
            "above too",
            vec![(Folder, 0, 0o777), (Folder, NODE, 0o755), socket(NODE)],
            Err((0, Why::Open(0o777))),
        ),
        ("the node's group's", vec![TOP, (Folder, NODE, 0o775), socket(NODE)], Err((1, Why::Open(0o775)))),
        ("a file", vec![TOP, (Other, NODE, 0o660)], Err((1, Why::NotASocket))),
    ] {
        let found = super::socket(&path(&parts), US).map(|socket| socket.shared);
        let found = found.map_err(|distrust| (distrust.path, distrust.why));
        let expected = expected.map_err(|(number, why): (u32, Why)| (format!("/{number}").into(), why));
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_path_is_followed_as_the_kernel_does() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    fs::create_dir_all(top.join("a/b")).unwrap();
    let _listener = UnixListener::bind(top.join("a/b/s")).unwrap();
    symlink("../a/b", top.join("a/there")).unwrap();
    symlink(top.join("a/there/./s"), top.join("s")).unwrap();
    symlink("loop", top.join("loop")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    let walk = |name: &str| {
        let steps = steps(&top.join(name)).map_err(|broken| (broken.path, broken.error))?;
        let below = |step: &Step| step.path.strip_prefix(&top).ok().map(|rest| (step.kind, rest.to_owned()));
        let seen = steps.iter().filter_map(below).filter(|(_, path)| path != Path::new(""));
        Ok::<_, (PathBuf, io::Error)>(
            seen.map(|(kind, path)| (kind, path.display().to_string())).collect::<Vec<_>>(),
        )
    };
    let named = |kind: Kind, path: &str| (kind, path.to_owned());
    let straight = [named(Folder, "a"), named(Folder, "a/b"), named(Sock, "a/b/s")];
    assert_eq!(walk("a/b/s").unwrap(), straight);
    let links = [named(Link, "s"), named(Folder, "a"), named(Link, "a/there")];
    // The relative one goes up from the folder that it stands in.
    assert_eq!(walk("s").unwrap(), [&links[..], &straight].concat());
    assert_eq!(walk("a/b/..").unwrap().last(), straight.first());
    let broken = |name: &str| walk(name).unwrap_err();
    assert_eq!(broken("loop").1.raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
    assert_eq!(broken("dangling").0, top.join("nowhere"));
    assert_eq!(broken("a/b/s/t").1.kind(), io::ErrorKind::NotADirectory);
}

#[test]
fn a_folder_that_a_stranger_made_in_everybodys_folder_is_not_ours() {
    if !as_root("a_folder_that_a_stranger_made_in_everybodys_folder_is_not_ours") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let folder = dir.path().join("state");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let judged = || home(&steps(&folder).unwrap(), users::ours());
    assert_eq!(judged(), Ok(()));
    std::os::unix::fs::chown(&folder, Some(STRANGER), None).unwrap();
    assert_eq!(judged().unwrap_err().why, Why::Planted(STRANGER));
    let _listener = UnixListener::bind(folder.join("s")).unwrap();
    std::os::unix::fs::chown(folder.join("s"), Some(STRANGER), None).unwrap();
    let refused = super::socket(&steps(&folder.join("s")).unwrap(), users::ours()).unwrap_err();
    assert_eq!(refused, Distrust { path: folder.canonicalize().unwrap(), why: Why::Planted(STRANGER) });
}
