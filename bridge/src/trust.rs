//! Who can decide what stands at a path: every folder on the way is judged, as sshd judges the way to its files.
//!
//! [`steps`] looks (it is the only part with I/O), [`home`] and [`socket`] judge what it saw. A path is judged from the
//! root down: once a folder can be changed by nobody but those we trust, what is seen below it stays true until it is used.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

/// Write permission of the group, and of everybody else.
const SHARED: u32 = 0o022;
const EVERYBODY: u32 = 0o002;
/// In such a folder only the owner of an entry, or of the folder, may rename or remove the entry.
const STICKY: u32 = 0o1000;
/// As many symbolic links as Linux follows.
const LINKS: usize = 40;
/// Root may change everything anyway.
const ROOT: u32 = 0;

/// Owner and mode of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Permission bits and the sticky bit.
    pub(crate) mode: u32,
}

/// What a file is, as far as it matters on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    /// A symbolic link; the steps after it are those of its target.
    Link,
    Socket,
    Other,
}

/// One thing that the kernel meets on its way along a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) facts: Facts,
    /// The folder that it stands in; none of the root.
    pub(crate) within: Option<Facts>,
}

/// The way along a path breaks off here.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}", path = .path.display())]
pub(crate) struct BrokenOff {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// Somebody whom we do not trust can decide what stands at the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be relied on: {why:?}", path = .path.display())]
pub(crate) struct Distrust {
    pub(crate) path: PathBuf,
    pub(crate) why: Why,
}

/// What is wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// A folder of a user who has nothing to do with it.
    Owner(u32),
    /// The mode of a folder in which its group or everybody may put another entry in the place of one that is there.
    Open(u32),
    /// The user who made the entry, in a folder where others than the folder's owner may make entries.
    Planted(u32),
    /// It should be a folder.
    NotAFolder,
    /// It should be a socket.
    NotASocket,
}

/// A socket at a path that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The user who listens there, if nobody has meddled.
    pub(crate) owner: u32,
    /// Its permission bits.
    pub(crate) mode: u32,
    /// The group whose members may make a socket there while there is none.
    pub(crate) shared: Option<u32>,
}

/// Follows a path from the root as the kernel does, through symbolic links too.
pub(crate) fn steps(path: &Path) -> Result<Vec<Step>, BrokenOff> {
    let mut ahead: VecDeque<OsString> = names(path).collect();
    let root = look(Path::new("/"), None)?;
    let (mut folder, mut steps) = (vec![root.clone()], vec![root]);
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            // The path so far has no link in it, so this is what the kernel means by it.
            folder.truncate(folder.len().saturating_sub(1).max(1));
            continue;
        }
        let Some(here) = folder.last() else { break };
        let path = here.path.join(&name);
        let broken = |error: io::Error| BrokenOff { path: path.clone(), error };
        if here.kind != Kind::Folder {
            return Err(broken(io::ErrorKind::NotADirectory.into()));
        }
        let step = look(&path, Some(here.facts))?;
        if step.kind == Kind::Link {
            links += 1;
            if links > LINKS {
                return Err(broken(rustix::io::Errno::LOOP.into()));
            }
            let target = fs::read_link(&path).map_err(broken)?;
            if target.is_absolute() {
                folder.truncate(1);
            }
            names(&target).rev().for_each(|name| ahead.push_front(name));
        } else {
            folder.push(step.clone());
        }
        steps.push(step);
    }
    // A path that ends in `..` ends at what was seen before.
    if steps.last() != folder.last() {
        steps.extend(folder.pop());
    }
    Ok(steps)
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

fn look(path: &Path, within: Option<Facts>) -> Result<Step, BrokenOff> {
    let found = fs::symlink_metadata(path).map_err(|error| BrokenOff { path: path.to_owned(), error })?;
    let kind = match found.file_type() {
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        kind if kind.is_socket() => Kind::Socket,
        _ => Kind::Other,
    };
    let facts = Facts { uid: found.uid(), gid: found.gid(), mode: found.mode() & 0o7777 };
    Ok(Step { path: path.to_owned(), kind, facts, within })
}

/// Judges the way to a folder of our own: its files are what we wrote, and what we read there is what we wrote.
pub(crate) fn home(steps: &[Step], ours: u32) -> Result<(), Distrust> {
    for step in steps {
        judge(step, &[ours])?;
    }
    let Some(end) = steps.last() else { return Ok(()) };
    let refuse = |why| Err(Distrust { path: end.path.clone(), why });
    match end {
        _ if end.kind != Kind::Folder => refuse(Why::NotAFolder),
        _ if end.facts.uid != ours => refuse(Why::Owner(end.facts.uid)),
        // Sticky or not: others would make files there before we do.
        _ if end.facts.mode & SHARED != 0 => refuse(Why::Open(end.facts.mode)),
        _ => Ok(()),
    }
}

/// Judges the way to a node's socket: nobody but root, we, and the user who owns the socket can have put it there. In a
/// sticky folder of a group its members can, while there is none.
pub(crate) fn socket(steps: &[Step], ours: u32) -> Result<Socket, Distrust> {
    let Some((end, way)) = steps.split_last() else {
        return Err(Distrust { path: PathBuf::new(), why: Why::NotASocket });
    };
    if end.kind != Kind::Socket {
        return Err(Distrust { path: end.path.clone(), why: Why::NotASocket });
    }
    for step in way {
        judge(step, &[ours, end.facts.uid])?;
    }
    let group = end.within.filter(|folder| folder.mode & SHARED != 0 && folder.mode & EVERYBODY == 0);
    let planted = !is_one_of(end.facts.uid, &[ours]);
    if group.is_none() {
        judge(end, &[ours, end.facts.uid])?;
    }
    let shared = group.filter(|_| planted).map(|folder| folder.gid);
    Ok(Socket { owner: end.facts.uid, mode: end.facts.mode & 0o777, shared })
}

/// What keeps this user from a file: the file itself or its folder, if it is another user's.
pub(crate) fn foreign(path: &Path, ours: u32) -> Option<(PathBuf, u32)> {
    [Some(path), path.parent()].into_iter().flatten().find_map(|path| {
        let owner = fs::symlink_metadata(path).ok()?.uid();
        (owner != ours).then(|| (path.to_owned(), owner))
    })
}

/// `trusted` may own folders, the first of them (us) also what stands in a folder of everybody's.
fn judge(step: &Step, trusted: &[u32]) -> Result<(), Distrust> {
    let (owner, mode) = (step.facts.uid, step.facts.mode);
    let refuse = |why| Err(Distrust { path: step.path.clone(), why });
    let in_shared = step.within.is_some_and(|folder| folder.mode & SHARED != 0);
    if in_shared && !is_one_of(owner, &trusted[..1]) {
        return refuse(Why::Planted(owner));
    }
    if step.kind != Kind::Folder {
        return Ok(());
    }
    if !is_one_of(owner, trusted) {
        return refuse(Why::Owner(owner));
    }
    if mode & SHARED != 0 && mode & STICKY == 0 {
        return refuse(Why::Open(mode));
    }
    Ok(())
}

fn is_one_of(owner: u32, trusted: &[u32]) -> bool {
    owner == ROOT || trusted.contains(&owner)
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
