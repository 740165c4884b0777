//! The daemon under a service manager: what it tells the manager, how it logs to the journal, how it ends, and with what
//! code.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::desk::{CHAIN, Desk, prevote};
use crate::emulator::Fault;
use crate::harness::signed_vote;

/// What the manager is told next, but for how the daemon fares.
fn told(manager: &UnixDatagram) -> (String, Instant) {
    loop {
        let word = heard(manager);
        if !word.starts_with("STATUS=") {
            return (word, Instant::now());
        }
    }
}

fn heard(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 4_096];
    let length = manager.recv(&mut buffer).expect("the daemon says something in time");
    String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned()
}

/// The status that the manager shows, once it is one with this in it.
fn status(manager: &UnixDatagram, what: &str) -> String {
    std::iter::from_fn(|| Some(heard(manager)))
        .take(100)
        .find(|word| word.starts_with("STATUS=") && word.contains(what))
        .unwrap_or_else(|| panic!("the manager is never told {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_shows_the_verdict_and_hears_of_each_change() {
    let desk = Desk::pinned("manager");
    let socket = desk.path("notify.sock");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let change = |command: &mut Command| {
        command.env("NOTIFY_SOCKET", &socket);
    };
    let mut daemon = desk.daemon_with(change).await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(status(&manager, "STATUS=SIGNING"), "STATUS=SIGNING: 1 chain");
    // As the first line of `highwater status` has it.
    let said = desk.says(&["status"]);
    assert!(said.contains("\nSIGNING: 1 chain\n"), "{said}");
    desk.emulator.fault(Fault::Locked);
    let told = status(&manager, "NOT SIGNING");
    assert!(told.contains("the device is locked: enter its PIN") && !told.contains('\n'), "{told}");
    desk.emulator.fault(Fault::None);
    status(&manager, "STATUS=SIGNING");
}

/// What `LoadCredential=` gives: a folder that only the daemon's user may look into, with files of mode 0400.
#[cfg(feature = "yubihsm")]
#[test]
fn a_password_is_taken_from_the_credentials_of_the_manager() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new("manager");
    let text = format!(
        "state_dir = {:?}\n[device]\ntransport = \"yubihsm\"\naddress = \"127.0.0.1:1\"\nauth_key = 5\npassword_file = \
         \"yubihsm.password\"\n[[device.key]]\nnumber = 0\nobject = 1\n",
        desk.path("state")
    );
    fs::write(&desk.config, text).unwrap();
    let info = ["device", "info"];
    let said = desk.says(&info);
    assert!(said.contains("LoadCredential=NAME:FILE") && said.ends_with("exit 69\n"), "{said}");
    let folder = desk.path("credentials");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("yubihsm.password");
    fs::write(&file, "secret").unwrap();
    for (mode, says) in [(0o444, "is open to other users (mode 444)"), (0o400, "no key store")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let said = desk.says_with(&info, |command| _ = command.env("CREDENTIALS_DIRECTORY", &folder));
        // The password was read: now it is the connector that is missing.
        assert!(said.contains(says), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_hears_that_it_is_ready_alive_twice_in_the_time_it_waits_and_stopping() {
    let desk = Desk::pinned("manager");
    let socket = desk.path("notify.sock");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let patience = Duration::from_millis(1_000);
    let change = |command: &mut Command| {
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", patience.as_micros().to_string());
    };
    let mut daemon = desk.daemon_with(change).await;
    assert_eq!(told(&manager).0, "READY=1");
    let mut before = told(&manager);
    assert_eq!(before.0, "WATCHDOG=1");
    let mut gaps = Vec::new();
    // A device that says nothing any more is no hang.
    desk.emulator.fault(Fault::Mute);
    for _ in 0..8 {
        let next = told(&manager);
        assert_eq!(next.0, "WATCHDOG=1");
        gaps.push(next.1 - before.1);
        before = next;
    }
    gaps.sort();
    // Half of the time; the middle one, since a machine that is slow may be late now and then.
    let middle = gaps[gaps.len() / 2];
    assert!(middle > patience * 2 / 5 && middle < patience * 7 / 10, "{gaps:?}");
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
    let rest = std::iter::from_fn(|| Some(told(&manager).0)).find(|word| word != "WATCHDOG=1");
    assert_eq!(rest.as_deref(), Some("STOPPING=1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_that_does_not_listen_keeps_no_vote_back() {
    let desk = Desk::pinned("manager");
    let socket = desk.path("notify.sock");
    let manager = UnixDatagram::bind(&socket).unwrap();
    // Its queue is full.
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"X=1", &socket).is_ok() {}
    let change = |command: &mut Command| {
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "200000");
    };
    let mut daemon = desk.daemon_with(change).await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
    drop(manager);
}

/// The same command, started by another program.
fn by(command: &mut Command, program: &[&str]) {
    let mut other = Command::new(program[0]);
    other.args(&program[1..]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    other.stdin(Stdio::null());
    *command = other;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_hangs_up_and_a_break_end_it_as_sigterm_does() {
    let desk = Desk::pinned("manager");
    for (height, signal) in [(5, Signal::HUP), (6, Signal::INT), (7, Signal::TERM)] {
        // The tests themselves may run with hang-ups ignored.
        let mut daemon = desk
            .daemon_with(|command| {
                by(command, &["env", "--default-signal=HUP,INT"]);
                command.stdout(File::create(desk.path("daemon.log")).unwrap());
            })
            .await;
        let vote = prevote(height, 1);
        signed_vote(daemon.insists(&vote).await);
        let log = desk.path("daemon.log");
        assert_eq!(daemon.ends_by(signal).await.code(), Some(0), "{signal:?}");
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains(&format!("last=\"{height}/0/prevote\"")), "{signal:?}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_started_it_may_have_hang_ups_ignored() {
    let desk = Desk::pinned("manager");
    let nohup = |command: &mut Command| {
        by(command, &["nohup"]);
        command.stdout(File::create(desk.path("daemon.log")).unwrap());
    };
    let mut daemon = desk.daemon_with(nohup).await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    daemon.signal(Signal::HUP);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_to_the_journal_has_its_priority() {
    let desk = Desk::pinned("manager");
    for format in ["text", "json"] {
        let log = File::create(desk.path("daemon.log")).unwrap();
        let found = log.metadata().unwrap();
        let stream = format!("{}:{}", found.dev(), found.ino());
        let change = |command: &mut Command| {
            command.env("JOURNAL_STREAM", stream).env("HIGHWATER_LOG_FORMAT", format).stdout(log);
        };
        let daemon = desk.daemon_with(change).await;
        daemon.until("device ready").await;
        desk.emulator.fault(Fault::Locked);
        daemon.until("is locked").await;
        desk.emulator.fault(Fault::None);
        let text = daemon.log();
        assert!(text.lines().all(|line| line.starts_with("<6>") || line.starts_with("<4>")), "{text}");
        assert!(daemon.lines("is locked").iter().all(|line| line.starts_with("<4>")), "{text}");
        assert!(daemon.lines("device ready").iter().all(|line| line.starts_with("<6>")), "{text}");
    }
    // The variable is inherited, the journal is not.
    let elsewhere = |command: &mut Command| {
        command.env("JOURNAL_STREAM", "1:1");
    };
    let daemon = desk.daemon_with(elsewhere).await;
    daemon.until("device ready").await;
    assert!(!daemon.log().contains('<'), "{}", daemon.log());
}

#[test]
fn a_log_that_cannot_be_what_was_asked_for_is_refused() {
    let desk = Desk::new("manager");
    for args in [&["run"][..], &["status"]] {
        for (name, value, cure) in [
            ("HIGHWATER_LOG", "inof", "set it to error, warn, info"),
            ("HIGHWATER_LOG", "highwater=loud", "set it to error, warn, info"),
            ("HIGHWATER_LOG_FORMAT", "jsn", "set it to text or json"),
        ] {
            let done = desk.command(args).env(name, value).output().unwrap();
            let text = String::from_utf8(done.stderr).unwrap();
            assert_eq!(done.status.code(), Some(64), "{text}");
            assert!(text.contains(name) && text.contains(value) && text.contains(cure), "{text}");
        }
    }
}

/// The unit starts the daemon again after 74, and not after 78.
#[test]
fn a_file_that_cannot_be_read_just_now_has_another_code_than_one_that_needs_a_person() {
    let desk = Desk::pinned("manager");
    for (file, nonsense) in [
        ("pins.toml".to_owned(), "alpha-1 = 7\n"),
        (format!("chains/{CHAIN}.json"), "{}"),
        ("node_identity.key".to_owned(), "00\n"),
    ] {
        let path = desk.path("state").join(&file);
        let good = fs::read(&path).ok();
        fs::write(&path, nonsense).unwrap();
        if file.ends_with("key") {
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let said = desk.says(&["run"]);
        assert!(said.ends_with("exit 78\n"), "{said}");
        // Whatever the cause, the system gives no byte of it.
        fs::remove_file(&path).unwrap();
        fs::DirBuilder::new().create(&path).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let said = desk.says(&["run"]);
        assert!(said.ends_with("exit 74\n"), "{said}");
        assert!(said.contains("cannot be read or written") && !said.contains("remove"), "{said}");
        fs::remove_dir(&path).unwrap();
        if let Some(good) = good {
            fs::write(&path, good).unwrap();
        }
    }
    fs::remove_file(&desk.config).unwrap();
    assert!(desk.says(&["run"]).ends_with("exit 64\n"), "there is no config");
    fs::create_dir(&desk.config).unwrap();
    assert!(desk.says(&["run"]).ends_with("exit 74\n"));
}
