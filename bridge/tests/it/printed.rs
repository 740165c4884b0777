//! What commands print, and what becomes of them where it cannot be printed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, pipe};
use std::process::Command;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::desk::{CHAIN, Desk};

/// What a command says on a terminal, with these variables.
fn on_a_terminal(mut command: Command, set: &[(&str, &str)]) -> String {
    let here = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&here).unwrap();
    unlockpt(&here).unwrap();
    let name = ptsname(&here, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let there = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap();
    command.stdout(there.try_clone().unwrap()).stderr(there).env("TERM", "xterm");
    // Whoever runs the tests may want colours, or a machine of CI may: its log shows them.
    for wish in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(wish);
    }
    let mut child = command.envs(set.iter().copied()).spawn().unwrap();
    drop(command);
    let mut said = Vec::new();
    // Once nobody holds the other end any more, reading fails.
    let _ = File::from(here).read_to_end(&mut said);
    child.wait().unwrap();
    String::from_utf8(said).unwrap()
}

#[test]
fn colours_are_for_terminals_whose_owner_wants_them() {
    let desk = Desk::new("printed");
    let text = format!("state_dir = {:?}\n[device]\ntransport = \"simulated\"\n", desk.path("state"));
    fs::write(&desk.config, text).unwrap();
    // The red warning, clap's own words, and the log of a daemon.
    for (args, words) in [
        (&["device", "info"][..], "SIMULATED DEVICE"),
        (&["--help"], "Usage"),
        (&["nonsense"], "unrecognized"),
        (&["chain", "add", CHAIN, "--key-index", "x", "--next-height", "1"], "invalid value"),
    ] {
        let said = on_a_terminal(desk.command(args), &[]);
        assert!(said.contains(words) && said.contains('\x1b'), "{args:?}: {said:?}");
        for set in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let said = on_a_terminal(desk.command(args), &[set]);
            assert!(said.contains(words) && !said.contains('\x1b'), "{set:?} {args:?}: {said:?}");
        }
        let done = desk.command(args).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        assert!(!said.contains(&0x1b), "no terminal: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn a_reader_that_had_enough_is_no_failure_and_a_full_disk_is_one() {
    let desk = Desk::new("printed");
    // What was asked for is done, wherever its words go.
    let add = ["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"];
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let status = desk.command(&add).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    desk.must(&["pubkey", CHAIN]);
    for args in [&["pubkey", CHAIN][..], &["device", "info"], &["chain", "list"], &["--help"], &["--version"]]
    {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let status = desk.command(args).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(0), "{args:?}");
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let done = desk.command(args).stdout(full).output().unwrap();
        assert_eq!(done.status.code(), Some(74), "{args:?}: an empty file is not what was asked for");
    }
}
