//! Users of this machine, by number and by name.

use nix::unistd::{Gid, Group, Uid, User};

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
