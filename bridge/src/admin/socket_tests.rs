use std::sync::{Arc, Mutex};
use std::time::Instant;

use highwater_core::apdu::{ChainStatus, Command, Reply};
use highwater_core::canonical::ChainId;
use highwater_sim::{Ask as Vote, Extend, Owner, SimDevice};

use super::*;
use crate::device::{Transport, TransportError};

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

#[tokio::test(start_paused = true)]
async fn a_daemon_that_hangs_does_not_hang_the_command_and_its_late_answer_is_nobodys() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut client = Client(BufReader::new(ours));
    let asked = tokio::time::Instant::now();
    let text = client.status().await.unwrap_err();
    assert_eq!(asked.elapsed(), patience::DAEMON);
    assert!(text.contains("did not answer within 10 s") && text.contains("restart it"), "{text}");
    theirs.write_all(b"{\"reply\":\"9000\"}\n").await.unwrap();
    let text = client.exchange(&[0xe0, 0x10, 0, 0, 1, 0]).await.unwrap_err();
    assert!(text.contains("stopped answering"), "{text}");

    let (ours, _theirs) = UnixStream::pair().unwrap();
    let asked = tokio::time::Instant::now();
    let mut client = Client(BufReader::new(ours));
    assert!(client.exchange(&[0xe0, 0x10, 0, 0, 1, 0]).await.is_err());
    assert_eq!(asked.elapsed(), patience::DEVICE, "a device may be busy with a signature");
}

struct Cable(Arc<Mutex<SimDevice>>);

impl Transport for Cable {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        Ok(self.0.lock().unwrap().exchange(apdu))
    }
}

fn mark(device: &Mutex<SimDevice>) -> Hrs {
    let reply = device.lock().unwrap().exchange(&[0xe0, 0x10, 0, 0, 1, 0]);
    ChainStatus::parse(Reply::split(&reply).unwrap().0).unwrap().mark
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_comes_by_the_socket_is_signed_by_nobody() {
    // Signed behind the bridge's back, it would stand in no state file: a spare would be seeded below it.
    let mut device = SimDevice::in_memory(b"socket");
    device.owner = Owner::Approves;
    let chain = ChainId::new(b"alpha-1").unwrap();
    let add = Command::AddChain { chain, key_index: 0, mark: Hrs::default() };
    device.exchange(&device::encode(&add).unwrap());
    let device = Arc::new(Mutex::new(device));
    let before = mark(&device);
    let end = device.clone();
    let opener = move || Ok(Box::new(Cable(end.clone())) as Box<dyn Transport>);
    let (handle, _died) = Device::start(Box::new(opener)).unwrap();
    handle.looked().await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let served = tokio::spawn(client(theirs, std::env::temp_dir(), handle, Vec::new()));
    let mut socket = Client(BufReader::new(ours));
    for vote in [Vote::prevote("alpha-1"), Vote { block: 0, ..Vote::prevote("alpha-1") }] {
        let refused = socket.exchange(&vote.apdu()).await.unwrap_err();
        assert!(refused.contains("nodes"), "{refused}");
        assert_eq!(mark(&device), before);
    }
    let extend = Extend { chain: "alpha-1", height: 10, round: 5, content: b"extension" };
    for extension in [extend.whole().unwrap(), extend.begin(), extend.chunks(9).next().unwrap()] {
        let refused = socket.exchange(&extension).await.unwrap_err();
        assert!(refused.contains("nodes"), "{refused}");
    }
    assert!(socket.exchange(&[0xe0, 0x10, 0, 0, 1, 0]).await.is_ok(), "everything else goes through");
    drop(socket);
    served.await.unwrap().unwrap();
}
