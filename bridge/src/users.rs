//! Users of this machine, by number and by name.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, initgroups, setegid, seteuid, setgroups};

use crate::failure::Failure;

/// The user that this process acts as.
pub(crate) fn ours() -> u32 {
    Uid::effective().as_raw()
}

/// A user as a person knows it: the name, or the number where it has none.
pub(crate) fn name(user: u32) -> String {
    named(user).unwrap_or_else(|| format!("user {user}"))
}

/// A group as a person knows it.
pub(crate) fn group(group: u32) -> String {
    let found = Group::from_gid(Gid::from_raw(group)).ok().flatten();
    found.map_or_else(|| format!("group {group}"), |group| format!("group {}", group.name))
}

/// A user as `chown` and `sudo -u` take it.
pub(crate) fn argument(user: u32, before_number: &str) -> String {
    named(user).unwrap_or_else(|| format!("{before_number}{user}"))
}

fn named(user: u32) -> Option<String> {
    // A directory of users that cannot be asked has told no name.
    User::from_uid(Uid::from_raw(user)).ok().flatten().map(|user| user.name)
}

/// Whose hands a command acts with. Root, who alone may read the old signer's files, hands everything else to the user of the
/// state directory: files that root made there the daemon could not read.
#[derive(Debug)]
pub(crate) struct Hands {
    /// The user and group that root became, to be taken off while a file is read.
    lent: Option<(Uid, Gid)>,
}

impl Hands {
    /// Root becomes the user that owns `folder`; anybody else stays. Of a folder that is not there, or root's own, nobody
    /// becomes anything.
    pub(crate) fn of_owner(folder: &Path) -> io::Result<Self> {
        let owner =
            fs::metadata(folder).map(|found| (Uid::from_raw(found.uid()), Gid::from_raw(found.gid())));
        let lent = owner.ok().filter(|(user, _)| Uid::effective().is_root() && !user.is_root());
        if let Some((user, group)) = lent {
            let known = User::from_uid(user).ok().flatten();
            let group = known.as_ref().map_or(group, |user| user.gid);
            match known.and_then(|user| CString::new(user.name).ok()) {
                // The Ledger's device file is its group's.
                Some(name) => initgroups(&name, group)?,
                None => setgroups(&[group])?,
            }
            let hands = Self { lent: Some((user, group)) };
            hands.put_on()?;
            return Ok(hands);
        }
        Ok(Self::own())
    }

    /// Everything is done as who runs the command.
    pub(crate) const fn own() -> Self {
        Self { lent: None }
    }

    /// Does something as who runs the command.
    pub(crate) fn as_asked<T>(&self, act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let failed = |error: io::Error| Failure::io("the user of the command", &error);
        self.take_off().map_err(failed)?;
        let done = act();
        self.put_on().map_err(failed)?;
        done
    }

    /// The group of the user whose hands act, where root lent them.
    pub(crate) fn group(&self) -> Option<u32> {
        self.lent.map(|(_, group)| group.as_raw())
    }

    /// Gives a file that root just made to the user whose hands act: who runs the daemon has to read it again.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        match self.lent {
            // A link is not followed: its end may be anybody's file.
            Some((user, group)) => std::os::unix::fs::lchown(path, Some(user.as_raw()), Some(group.as_raw())),
            None => Ok(()),
        }
    }

    /// Acts as who runs the command again, for a procedure that has hands of its own.
    pub(crate) fn take_off(&self) -> io::Result<()> {
        if self.lent.is_some() {
            seteuid(Uid::from_raw(0))?;
            setegid(Gid::from_raw(0))?;
        }
        Ok(())
    }

    fn put_on(&self) -> io::Result<()> {
        if let Some((user, group)) = self.lent {
            setegid(group)?;
            seteuid(user)?;
        }
        Ok(())
    }
}

/// Whether a test that gives files to other users can run. It cannot be skipped quietly: this goes past what the test
/// harness holds back of a test that passes.
#[cfg(test)]
pub(crate) fn as_root(test: &str) -> bool {
    use std::io::Write;
    let root = ours() == 0;
    if !root {
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: only root may give files to another user");
    }
    root
}

/// Does something as another user; only root may. The kernel knows a user for each thread.
#[cfg(test)]
pub(crate) fn acting_as<T: Send>(user: u32, group: u32, act: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (user, group) = (rustix::process::Uid::from_raw(user), rustix::process::Gid::from_raw(group));
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| {
            set_thread_groups(&[]).unwrap();
            set_thread_res_gid(group, group, group).unwrap();
            set_thread_res_uid(user, user, user).unwrap();
            act()
        });
        acting.join().unwrap()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_name_is_shown_by_number() {
        assert_eq!((name(0), argument(0, "#")), ("root".to_owned(), "root".to_owned()));
        let nobody = u32::MAX - 7;
        assert_eq!(name(nobody), format!("user {nobody}"));
        assert_eq!(argument(nobody, "#"), format!("#{nobody}"));
    }
}
