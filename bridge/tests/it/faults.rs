//! Faults of the device, against the daemon as it runs: the log's line, the reply to the node, and recovery.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use highwater::privval::proto::Sum;
use highwater_core::apdu::ins;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::emulator::{Fault, owned};
use crate::harness::{refusal, signed_vote};

/// One warning that names cause and cure, and no signature so far.
fn told(daemon: &Daemon, cause: &str, cure: &str) {
    let lines = daemon.lines(cause);
    assert_eq!(lines.len(), 1, "one line: {}", daemon.log());
    assert!(lines[0].contains("WARN") && lines[0].contains(cure), "{lines:?}");
    assert!(daemon.lines("signed").is_empty(), "{}", daemon.log());
}

/// Undecided faults: silence, one line, and the late result to the same bytes once the device is well again.
async fn undecided(fault: Fault, cause: &str, cure: &str) {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    daemon.until("device ready").await;
    desk.emulator.fault(fault);
    let vote = prevote(5, 1);
    assert_eq!(daemon.asks(vote.clone()).await, None, "{}", daemon.log());
    told(&daemon, cause, cure);
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&vote).await);
    // It follows the reply.
    daemon.until("signed").await;
    let line = daemon.lines("signed").pop().unwrap();
    for field in ["chain=alpha-1", "height=5", "round=0", "step=\"prevote\"", "ms="] {
        assert!(line.contains(field), "{field}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_device_is_silence_until_it_is_back() {
    undecided(Fault::Gone, "did not answer", "replug it").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_device_is_silence_until_its_pin_is_entered() {
    undecided(Fault::Locked, "the device is locked", "enter its PIN").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_app_is_silence_until_ours_is_open() {
    undecided(Fault::OtherApp, "another app than Highwater", "open Highwater").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_gives_stale_replies_is_never_believed() {
    undecided(Fault::Stale, "does not fit what was asked", "asked once more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unplugged_in_mid_signature_and_back_the_same_request_gets_the_signature() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    desk.emulator.fault(Fault::GoneBeforeReply);
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert_eq!(desk.emulator.bench().asked, 2, "the device repeated what it had signed");
    assert_eq!(daemon.lines("did not answer").len(), 1, "{}", daemon.log());
    assert_eq!(daemon.lines("refused").len(), 0, "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_device_answers_the_same_request_on_the_next_link() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    desk.emulator.fault(Fault::Slow(Duration::from_secs(6)));
    let vote = prevote(5, 1);
    assert_eq!(daemon.asks(vote.clone()).await, None);
    signed_vote(daemon.insists(&vote).await);
    assert_eq!(desk.emulator.bench().asked, 1, "it was asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_lies_is_refused_and_its_signature_never_shown_or_kept() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    desk.emulator.fault(Fault::Lies);
    let text = refusal(daemon.insists(&prevote(5, 1)).await);
    assert!(text.contains("does not verify") && text.contains("highwater device info"), "{text}");
    desk.emulator.fault(Fault::None);
    let Sum::SignedVoteResponse(reply) = daemon.insists(&prevote(5, 1)).await else { panic!("not a vote") };
    let signature = hex::encode(&reply.vote.unwrap().signature);
    assert!(!daemon.log().contains(&signature[8..40]), "{}", daemon.log());
    assert_eq!(desk.emulator.bench().asked, 3, "twice while it lied; nothing was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_is_refused_named_and_asked_for_nothing() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    let pinned = desk.emulator.swap(owned("faults"));
    // The link breaks when a device is replaced.
    desk.emulator.fault(Fault::Gone);
    daemon.until("did not answer").await;
    desk.emulator.fault(Fault::None);
    daemon.until("device ready").await;
    let text = refusal(daemon.insists(&prevote(5, 1)).await);
    assert!(text.contains("this is installation") && text.contains("mark adopt"), "{text}");
    assert_eq!(desk.emulator.bench().asked, 0);
    // The right one is plugged in again: nothing more is needed.
    desk.emulator.swap(pinned);
    desk.emulator.fault(Fault::Gone);
    tokio::time::sleep(Duration::from_secs(6)).await;
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_another_key_is_refused_even_if_it_claims_the_installation() {
    let desk = Desk::pinned("faults");
    let session = desk.must(&["device", "info"]);
    assert!(session.contains("[installation]"));
    let pinned = installation(&desk);
    // Another seed, with the chain approved on it, that says it is the pinned installation.
    let stranger = Desk::pinned("stranger");
    desk.emulator.swap(stranger.emulator.swap(owned("nothing")));
    desk.emulator.fault(Fault::Claims(pinned));
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(5, 1)).await);
    assert!(text.contains("does not verify under the pinned key"), "{text}");
}

fn installation(desk: &Desk) -> [u8; 16] {
    let pins = std::fs::read_to_string(desk.path("state/pins.toml")).unwrap();
    let text = pins.split("installation = \"").nth(1).unwrap();
    let mut bytes = [0; 16];
    hex::decode_to_slice(&text[..32], &mut bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bridge_is_refused_and_commands_go_through_the_first() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    daemon.until("device ready").await;
    let second = desk.says(&["run"]);
    assert!(
        second.contains("another highwater process owns this device: stop")
            || second.contains("stop it first"),
        "{second}"
    );
    assert!(second.ends_with("exit 69\n"), "{second}");
    // Another state directory on the same device is stopped by the device's own lock.
    let other = Desk::with("", desk.emulator.clone());
    assert!(other.says(&["device", "info"]).contains("stop it first"));
    for command in [&["status"][..], &["mark", "show", CHAIN], &["device", "info"], &["chain", "list"]] {
        desk.must(command);
    }
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    assert!(desk.must(&["mark", "show", CHAIN]).contains("5/0/prevote"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_mark_fell_stops_its_chain_aloud_and_for_good() {
    let desk = Desk::pinned("faults");
    let before = desk.emulator.bench().device.world.medium.pages().to_vec();
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    desk.emulator.put_back(&before);
    assert!(
        desk.must(&["status"]).starts_with("$ highwater status\nNOT SIGNING: DOUBLE-SIGN RISK on alpha-1")
    );
    let text = refusal(daemon.insists(&prevote(6, 2)).await);
    assert!(text.contains("shows the mark") && text.contains("Unplug"), "{text}");
    // The stop is on the disk then.
    assert_eq!(daemon.ends_by(Signal::TERM).await.code(), Some(0));
    let mut daemon = desk.daemon().await;
    assert!(
        refusal(daemon.insists(&prevote(6, 1)).await).contains("DOUBLE-SIGN RISK"),
        "a restart changes nothing"
    );
    assert!(desk.must(&["status"]).contains("alpha-1, STOPPED"));
    assert!(desk.says(&["mark", "adopt", CHAIN]).contains("this one cannot"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_out_of_files_goes_on_signing_and_takes_commands_when_it_has_some_again() {
    let desk = Desk::pinned("faults");
    let mut daemon = desk.daemon().await;
    daemon.until("device ready").await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap());
    let files = std::fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap();
    let open: BTreeSet<u64> =
        files.map(|file| file.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
    // Room for three more, whatever numbers are taken.
    let full = (0..).filter(|number| !open.contains(number)).nth(3);
    let tight = Rlimit { current: full, ..getrlimit(Resource::Nofile) };
    let before = prlimit(pid, Resource::Nofile, tight).unwrap();
    let clients: Vec<_> =
        (0..32).map(|_| UnixStream::connect(desk.path("state/admin.sock")).unwrap()).collect();
    daemon.until("no command can reach the daemon").await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    // However long it lasts, it is told once.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(daemon.lines("no command can reach the daemon").len(), 1, "{}", daemon.log());
    prlimit(pid, Resource::Nofile, before).unwrap();
    desk.must(&["status"]);
    drop(clients);
    signed_vote(daemon.insists(&prevote(7, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metrics_address_that_is_taken_stops_no_signature_and_is_served_once_it_is_free() {
    let desk = Desk::pinned("faults");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = std::fs::read_to_string(&desk.config).unwrap();
    std::fs::write(&desk.config, format!("{text}\n[admin]\nmetrics = \"{address}\"\n")).unwrap();
    let mut daemon = desk.daemon().await;
    daemon.until("metrics cannot be served on").await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    drop(taken);
    daemon.until("metrics are served on").await;
    let mut client = std::net::TcpStream::connect(address).unwrap();
    write!(client, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("SIGNING: 1 chain\n"), "{answer}");
}

/// It ended the command, after the owner had approved: the chain stood on the device and was not pinned here.
#[test]
fn a_question_to_the_owner_outlives_one_lost_reply() {
    let desk = Desk::new("faults");
    desk.emulator.fault(Fault::GoneOnce(ins::PROMPT_STATUS));
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]);
    assert_eq!(desk.emulator.bench().fault, Fault::None, "a reply was lost");
    desk.must(&["pubkey", CHAIN]);
}
