use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::*;

#[test]
fn a_second_owner_is_refused_until_the_first_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.lock");
    for file in [LockFile::Lasting(path.clone()), LockFile::Passing(path)] {
        let first = file.take().unwrap();
        assert!(matches!(file.take(), Err(LockError::Held(_))));
        drop(first);
        file.take().unwrap();
    }
}

#[test]
fn a_passing_lock_leaves_no_file_and_a_lasting_one_does() {
    let dir = tempfile::tempdir().unwrap();
    let (lasting, passing) = (dir.path().join("lasting"), dir.path().join("passing"));
    drop(LockFile::Lasting(lasting.clone()).take().unwrap());
    drop(LockFile::Passing(passing.clone()).take().unwrap());
    assert!(lasting.exists() && !passing.exists());
    // What a killed owner left is taken, and goes.
    File::create(&passing).unwrap();
    drop(LockFile::Passing(passing.clone()).take().unwrap());
    assert!(!passing.exists());
}

#[test]
fn a_lock_whose_file_was_replaced_does_not_take_the_other_one_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("passing");
    let file = LockFile::Passing(path.clone());
    let first = file.take().unwrap();
    fs::remove_file(&path).unwrap();
    let second = file.take().unwrap();
    drop(first);
    assert!(matches!(file.take(), Err(LockError::Held(_))), "the second still holds it");
    drop(second);
    assert!(!path.exists());
}

/// Without a second look at the name of what was locked this fails within a second.
#[test]
fn never_two_hold_a_passing_lock_however_it_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let file = LockFile::Passing(dir.path().join("passing"));
    let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while taken.load(Ordering::SeqCst) < 5_000 {
                    let Ok(lock) = file.take() else { continue };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "another one holds it too");
                    taken.fetch_add(1, Ordering::SeqCst);
                    // Long enough for another one to come.
                    thread::sleep(Duration::from_micros(20));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
}

#[test]
fn a_lock_file_that_another_user_made_first_is_told_and_not_waited_for() {
    if !crate::users::as_root("a_lock_file_that_another_user_made_first_is_told_and_not_waited_for") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("highwater-speculos-9999.lock");
    let theirs = File::create(&path).unwrap();
    std::os::unix::fs::chown(&path, Some(4_242), None).unwrap();
    flock(&theirs, FlockOperation::NonBlockingLockExclusive).unwrap();
    let found = LockFile::Passing(path.clone()).take();
    assert!(matches!(&found, Err(LockError::Stranger { owner: 4_242, .. })), "{found:?}");
    assert!(path.exists());
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(dir.path().join("target"), &link).unwrap();
    assert!(matches!(LockFile::Passing(link).take(), Err(LockError::Io(..))));
    assert!(!dir.path().join("target").exists());
}
