//! What is written beside signing, against the daemon as it runs: a log that cannot be written keeps no vote back, and
//! ends nothing.

use std::fs::OpenOptions;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::Signal;

use crate::desk::{Daemon, Desk, prevote};
use crate::harness::{signed_vote, within};

/// A node cuts its link then.
const NODE_PATIENCE: Duration = Duration::from_secs(5);

/// Both outputs of a daemon go there, as under a service manager.
fn both(command: &mut Command, to: impl Into<OwnedFd>) {
    let to = to.into();
    command.stderr(to.try_clone().unwrap()).stdout(to);
}

/// The number behind this name on the metrics' page.
pub(crate) fn metric(address: SocketAddr, name: &str) -> u64 {
    let mut client = TcpStream::connect(address).unwrap();
    write!(client, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    client.read_to_string(&mut page).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{page}")).parse().unwrap()
}

/// Waits until the metrics say that lines of the log were dropped.
async fn some_are_dropped(address: SocketAddr) {
    within(async {
        while metric(address, "highwater_log_lines_dropped_total") == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Ten votes, each signed while its node waits.
async fn ten_votes(daemon: &mut Daemon, first: i64) {
    for height in first..first + 10 {
        let asked = Instant::now();
        signed_vote(daemon.asks(prevote(height, 1)).await.expect("a vote"));
        assert!(asked.elapsed() < NODE_PATIENCE, "height {height}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_reader_went_away_keeps_no_vote_back_and_ends_nothing() {
    let desk = Desk::pinned("beside");
    let metrics = desk.serve_metrics();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut daemon = desk.daemon_with(|command| both(command, writer)).await;
    ten_votes(&mut daemon, 5).await;
    some_are_dropped(metrics).await;
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_a_full_disk_keeps_no_vote_back_and_ends_nothing() {
    let desk = Desk::pinned("beside");
    let metrics = desk.serve_metrics();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut daemon = desk.daemon_with(|command| both(command, full)).await;
    ten_votes(&mut daemon, 5).await;
    some_are_dropped(metrics).await;
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
}

/// A pipe that is full, and whose reader lives and does not read.
fn stuck() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&writer, &[b'.'; 4_096]).is_ok() {}
    while rustix::io::write(&writer, b".").is_ok() {}
    assert_eq!(rustix::io::write(&writer, b"."), Err(Errno::AGAIN));
    // As a shell or a service manager hands it over.
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_keeps_no_vote_back_and_ends_nothing() {
    let desk = Desk::pinned("beside");
    let metrics = desk.serve_metrics();
    let (_reader, writer) = stuck();
    let change = |command: &mut Command| {
        command.env("HIGHWATER_LOG", "debug");
        both(command, writer);
    };
    let mut daemon = desk.daemon_with(change).await;
    ten_votes(&mut daemon, 5).await;
    assert_eq!(
        metric(metrics, "highwater_log_lines_dropped_total"),
        0,
        "a few lines are kept for a slow reader"
    );
    // Each repeat is a line. More of them than are kept for a reader that may come back.
    for _ in 0..3_000 {
        signed_vote(daemon.asks(prevote(14, 1)).await.expect("the same vote again"));
    }
    some_are_dropped(metrics).await;
    ten_votes(&mut daemon, 15).await;
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_fails_says_so_to_nobody_and_keeps_its_exit_code() {
    let desk = Desk::new("beside");
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = desk.command(&["run"]);
    both(&mut command, writer);
    assert_eq!(command.status().unwrap().code(), Some(64), "not 101");
    let (_reader, writer) = stuck();
    both(&mut command, writer);
    let begun = Instant::now();
    assert_eq!(command.status().unwrap().code(), Some(64));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
