//! A device whose keys are in the crate's own HSM, behind the connector's protocol.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use highwater_core::apdu::{ChainState, Command, Seed, Status};
use highwater_core::hrs::Step;
use highwater_hosted::keys::{Beside, Login, Way, YubiHsm};
use highwater_hosted::{Device, Fault, KeyFault};
use highwater_sim::refusals::CHAIN;
use highwater_sim::{Ask, Extend, extend};
use tempfile::TempDir;
use yubihsm::asymmetric::Algorithm;
use yubihsm::connector::HttpConfig;
use yubihsm::connector::http::Server;
use yubihsm::{Capability, Client, Connector, Credentials, Domain, object};
use zeroize::Zeroizing;

use crate::hand::{add, raw, sign, slot, version};
use crate::refusals::Table;

/// The object that key 0 is.
const OBJECT: u16 = 7;

/// An HSM, a connector in front of it, and a folder for the marks.
struct Stage {
    folder: TempDir,
    hsm: Connector,
    port: u16,
    connector: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Stage {
    /// With the key of this seed in it.
    fn new(seed: u8) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut stage =
            Self { folder: tempfile::tempdir().unwrap(), hsm: Connector::mockhsm(), port, connector: None };
        stage.put(OBJECT, seed);
        stage.plug();
        stage
    }

    fn put(&self, object: u16, seed: u8) {
        let (domains, may) = (Domain::DOM1, Capability::SIGN_EDDSA);
        let label = "validator".into();
        self.admin().put_asymmetric_key(object, label, domains, may, Algorithm::Ed25519, [seed; 32]).unwrap();
    }

    /// Its administrator, who needs no connector.
    fn admin(&self) -> Client {
        Client::open(self.hsm.clone(), Credentials::default(), true).unwrap()
    }

    fn plug(&mut self) {
        let config = HttpConfig { addr: "127.0.0.1".to_owned(), port: self.port, timeout_ms: 3_000 };
        let server = Server::new(&config, self.hsm.clone()).unwrap();
        let out = Arc::new(AtomicBool::new(false));
        let ends = out.clone();
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                let _ = server.handle_request();
            }
        });
        self.connector = Some((out, thread));
    }

    /// Nothing listens any more.
    fn unplug(&mut self) {
        let (out, thread) = self.connector.take().unwrap();
        out.store(true, Ordering::SeqCst);
        // It waits for a request.
        let _ = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map(|mut link| {
            use std::io::Write;
            link.write_all(b"GET /connector/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        });
        thread.join().unwrap();
    }

    fn store(&self) -> Result<YubiHsm, KeyFault> {
        store(self.port, b"password", self.folder.path())
    }

    fn marks(&self) -> PathBuf {
        self.folder.path().join("marks")
    }

    fn device(&self) -> Result<Device, Fault> {
        Device::open(&self.marks(), self.store()?)
    }

    /// On which the chain is approved.
    fn approved(&self) -> Device {
        let mut device = self.device().unwrap();
        add(&mut device, CHAIN, 0);
        device
    }
}

fn store(port: u16, password: &[u8], folder: &Path) -> Result<YubiHsm, KeyFault> {
    let way = Way::Http { address: Ipv4Addr::LOCALHOST.into(), port };
    let login = Login { key: 1, password: Zeroizing::new(password.to_vec()) };
    let beside = Beside::open_or_make(&folder.join("secret")).unwrap();
    YubiHsm::open(&way, &login, BTreeMap::from([(0, OBJECT)]), beside)
}

#[test]
fn every_row_of_the_table_of_refusals() {
    let stage = Stage::new(1);
    drop(stage.approved());
    Table::of(move || stage.device().unwrap()).play_all();
}

#[test]
fn a_chain_is_signed_for_and_the_same_vote_is_the_same_bytes_after_a_restart() {
    let stage = Stage::new(1);
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    let first = sign(&mut device, &ask).unwrap().unwrap();
    drop(device);
    let mut device = stage.device().unwrap();
    assert_eq!(sign(&mut device, &ask).unwrap().unwrap().signature, first.signature);
    assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
}

#[test]
fn a_connector_that_goes_is_absent_and_the_same_vote_is_signed_when_it_is_back() {
    let mut stage = Stage::new(1);
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    stage.unplug();
    assert!(matches!(sign(&mut device, &ask), Err(Fault::Keys(KeyFault::Absent(_)))));
    drop(device);
    assert!(matches!(stage.device(), Err(Fault::Keys(KeyFault::Absent(_)))));
    stage.plug();
    let mut device = stage.device().unwrap();
    assert_eq!(slot(&mut device, 0).mark, ask.hrs(), "the mark moved first");
    assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
    sign(&mut device, &ask).unwrap().unwrap();
}

#[test]
fn a_connector_that_hangs_is_absent_within_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let found = store(port, b"password", folder.path()).err();
    assert!(matches!(found, Some(KeyFault::Absent(_))), "{found:?}");
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_key_that_was_deleted_signs_nothing_and_its_mark_stays() {
    let stage = Stage::new(1);
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    sign(&mut device, &ask).unwrap().unwrap();
    stage.admin().delete_object(OBJECT, object::Type::AsymmetricKey).unwrap();
    let next = Ask { step: Step::Precommit, ..ask };
    assert_eq!(sign(&mut device, &next), Ok(Err(Status::StorageFault)));
    // With the key in its place again: not the other block at that place.
    stage.put(OBJECT, 1);
    drop(device);
    let mut device = stage.device().unwrap();
    assert_eq!(sign(&mut device, &Ask { block: 2, ..next }), Ok(Err(Status::Conflict)));
    sign(&mut device, &next).unwrap().unwrap();
}

#[test]
fn another_key_in_the_object_is_another_seed_and_signs_nothing() {
    let stage = Stage::new(1);
    drop(stage.approved());
    stage.admin().delete_object(OBJECT, object::Type::AsymmetricKey).unwrap();
    stage.put(OBJECT, 2);
    let mut device = stage.device().unwrap();
    assert_eq!(version(&mut device).standing, 1);
    assert_eq!(sign(&mut device, &Ask::prevote(CHAIN)), Ok(Err(Status::OtherSeed)));
}

#[test]
fn without_the_secret_beside_the_marks_nothing_is_read_and_nothing_written() {
    let stage = Stage::new(1);
    let mut device = stage.approved();
    let far = Ask { height: 50, ..Ask::prevote(CHAIN) };
    sign(&mut device, &far).unwrap().unwrap();
    drop(device);
    let secret = stage.folder.path().join("secret");
    let kept = std::fs::read(&secret).unwrap();
    std::fs::remove_file(&secret).unwrap();
    let before = std::fs::read(stage.marks()).unwrap();
    // Another one is made there, as by somebody who knows no better.
    let mut device = stage.device().unwrap();
    assert_eq!(version(&mut device).standing, 3, "a fault");
    assert_eq!(sign(&mut device, &Ask::prevote(CHAIN)), Ok(Err(Status::StorageFault)));
    drop(device);
    assert_eq!(std::fs::read(stage.marks()).unwrap(), before);
    crate::hand::put(&secret, &kept);
    let mut device = stage.device().unwrap();
    assert_eq!(slot(&mut device, 0).state, ChainState::Armed);
    assert_eq!(slot(&mut device, 0).mark, far.hrs());
}

/// The seal's secret is a file beside the marks: what it seals is no key of an HSM.
#[test]
fn a_private_key_is_not_kept_beside_an_hsm() {
    let stage = Stage::new(1);
    let mut device = stage.approved();
    let before = std::fs::read(stage.marks()).unwrap();
    let reply = device.exchange(&raw(Command::ImportKey(Seed(&[9; 32])))).unwrap();
    assert_eq!(reply, Status::StorageFault.word().to_be_bytes());
    assert_eq!(device.prompt(), None);
    assert!(std::fs::read(stage.marks()).unwrap() == before);
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
}

/// Its commands hold 1,900 bytes of a message: head and tail of the extension are among them.
#[test]
fn an_extension_that_is_longer_than_the_hsm_takes_is_refused_and_the_device_goes_on() {
    let stage = Stage::new(1);
    let mut device = stage.approved();
    let precommit = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
    sign(&mut device, &precommit).unwrap().unwrap();
    for (length, signed) in [(1_800, true), (1_900, false), (3_000, false), (600, true)] {
        let content = vec![5; length];
        let extend = Extend::of(&precommit, &content);
        let reply = extend.carried(251, |apdu| device.exchange(apdu).unwrap());
        assert_eq!(extend::signature(&reply).is_ok(), signed, "{length}: {reply:02x?}");
        assert!(signed || reply == Status::StorageFault.word().to_be_bytes(), "{length}: {reply:02x?}");
    }
    sign(&mut device, &Ask { height: precommit.height + 1, ..precommit }).unwrap().unwrap();
}

#[test]
fn a_wrong_password_is_denied() {
    let stage = Stage::new(1);
    let found = store(stage.port, b"another", stage.folder.path()).err();
    assert!(matches!(found, Some(KeyFault::Denied(_))), "{found:?}");
}

#[test]
fn plain_http_is_for_this_host_alone() {
    let way = Way::Http { address: Ipv4Addr::new(192, 0, 2, 1).into(), port: 12345 };
    let folder = tempfile::tempdir().unwrap();
    let login = Login { key: 1, password: Zeroizing::new(b"password".to_vec()) };
    let beside = Beside::open_or_make(&folder.path().join("secret")).unwrap();
    let found = YubiHsm::open(&way, &login, BTreeMap::new(), beside).err();
    assert!(matches!(found, Some(KeyFault::Denied(_))), "{found:?}");
}
