use highwater_core::apdu::Command;
use highwater_sim::{Ask as Vote, Extend};

use super::*;
use crate::admin::Counters;
use crate::signer::rig::{CHAIN, NODE, Rig};

#[tokio::test]
async fn only_where_nobody_listens_is_there_no_daemon() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Client::connect(dir.path()).await.unwrap().is_none(), "no socket");
    drop(std::os::unix::net::UnixListener::bind(path(dir.path())).unwrap());
    assert!(Client::connect(dir.path()).await.unwrap().is_none(), "a dead daemon's socket");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let text = Client::connect(&file).await.unwrap_err();
    assert!(text.contains("admin.sock"), "{text}");
    let denied = advice::admin_unreachable(&path(dir.path()), &io::ErrorKind::PermissionDenied.into());
    assert!(denied.contains("sudo -u highwater"), "{denied}");
}

/// A client of a signer on this rig.
async fn client_of(rig: &std::sync::Arc<Rig>) -> (Client, Signer) {
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    tokio::spawn(client(theirs, signer.clone().into()));
    (Client(BufReader::new(ours)), signer)
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_hangs_does_not_hang_the_command_and_its_late_answer_is_nobodys() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut client = Client(BufReader::new(ours));
    let asked = tokio::time::Instant::now();
    let text = client.status().await.unwrap_err();
    assert_eq!(asked.elapsed(), patience::DAEMON);
    assert!(text.contains("did not answer within 10 s") && text.contains("restart it"), "{text}");
    theirs.write_all(b"{\"reply\":\"9000\"}\n").await.unwrap();
    let text = client.exchange(None, &[0xe0, 0x10, 0, 0, 1, 0]).await.unwrap_err();
    assert!(text.contains("stopped answering"), "{text}");

    let (ours, _theirs) = UnixStream::pair().unwrap();
    let asked = tokio::time::Instant::now();
    let mut client = Client(BufReader::new(ours));
    assert!(client.exchange(None, &[0xe0, 0x10, 0, 0, 1, 0]).await.is_err());
    assert_eq!(asked.elapsed(), patience::DEVICE, "a device may be busy with a signature");
}

#[tokio::test]
async fn a_vote_that_comes_by_the_socket_is_signed_by_nobody() {
    // Signed behind the bridge's back, it would stand in no state file: a spare would be seeded below it.
    let rig = Rig::new();
    let before = rig.mark();
    let (mut socket, _signer) = client_of(&rig).await;
    for vote in [Vote::prevote(CHAIN), Vote { block: 0, ..Vote::prevote(CHAIN) }] {
        let refused = socket.exchange(None, &vote.apdu()).await.unwrap_err();
        assert!(refused.contains("nodes"), "{refused}");
        assert_eq!(rig.mark(), before);
    }
    let extend = Extend { chain: CHAIN, height: 10, round: 5, content: b"extension" };
    for extension in [extend.whole().unwrap(), extend.begin(), extend.chunks(9).next().unwrap()] {
        let refused = socket.exchange(None, &extension).await.unwrap_err();
        assert!(refused.contains("nodes"), "{refused}");
    }
    let status = crate::signer::rig::apdu(Command::GetStatus { slot: 0 });
    assert!(socket.exchange(None, &status).await.is_ok(), "everything else goes through");
}

#[tokio::test]
async fn a_terminal_that_dies_between_press_and_report_loses_nothing() {
    let rig = Rig::new();
    let (mut socket, _signer) = client_of(&rig).await;
    let to = Hrs::new(1_000, 0, highwater_core::hrs::Step::None).unwrap();
    assert!(socket.intend(CHAIN, to, None).await.unwrap());
    rig.owner_sets(to);
    // The terminal dies: nobody says any more what came of the question.
    drop(socket);
    let (mut socket, _again) = client_of(&rig).await;
    assert!(socket.settle(CHAIN).await.unwrap());
    let record = rig.file().record;
    assert_eq!((record.highest_requested, record.intention), (to, None));
}
