//! What commands print, and what becomes of them where it cannot be printed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _, pipe};
use std::process::Command;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::desk::{CHAIN, Desk};

/// What a command says on a terminal, with these variables.
fn on_a_terminal(command: Command, set: &[(&str, &str)]) -> String {
    typed_at(command, set, "").0
}

/// The same of a person who types this; and the exit code.
fn typed_at(mut command: Command, set: &[(&str, &str)], keys: &str) -> (String, Option<i32>) {
    let here = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&here).unwrap();
    unlockpt(&here).unwrap();
    let name = ptsname(&here, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let there = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&there, size).unwrap();
    let mut here = File::from(here);
    if !keys.is_empty() {
        command.stdin(there.try_clone().unwrap());
        here.write_all(keys.as_bytes()).unwrap();
    }
    command.stdout(there.try_clone().unwrap()).stderr(there).env("TERM", "xterm");
    // Whoever runs the tests may want colours, or a machine of CI may: its log shows them.
    for wish in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(wish);
    }
    let mut child = command.envs(set.iter().copied()).spawn().unwrap();
    drop(command);
    let mut said = Vec::new();
    // Once nobody holds the other end any more, reading fails.
    let _ = here.read_to_end(&mut said);
    let code = child.wait().unwrap().code();
    (String::from_utf8(said).unwrap(), code)
}

#[test]
fn a_watch_wants_a_terminal_and_gives_it_back_as_it_was() {
    let desk = Desk::new("printed");
    let watch = ["status", "--watch"];
    let said = desk.says(&watch);
    assert!(said.contains("highwater status --json") && said.ends_with("exit 64\n"), "{said}");
    for (set, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")], false)] {
        let (said, code) = typed_at(desk.command(&watch), set, "q");
        assert_eq!(code, Some(0), "{said:?}");
        // It draws beside what stood there, and that comes back.
        assert!(said.contains("\x1b[?1049h") && said.contains("\x1b[?1049l"), "{said:?}");
        assert!(said.contains("NO DAEMON") && said.contains("`highwater run`"), "{said:?}");
        assert_eq!(said.contains("38;5;"), coloured, "{said:?}");
    }
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
