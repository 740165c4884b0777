//! A store that hangs, is slow, loses what it is told, or answers what is not true: an HSM behind a connector, each fault on demand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_hosted::keys::{Beside, Login, Logins, Timely, Way, YubiHsm};
use highwater_hosted::{Device, Fault, KeyFault, KeyStore};
use highwater_played_hsm::{CREATE_SESSION, ECHO, GET_PUBLIC_KEY, Hsm, MAY_SIGN, Plug, SIGN_EDDSA, Trouble};
use highwater_sim::{Ask, Extend};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::hand::{add, raw, sign, slot, version};

const CHAIN: &str = "waits-1";
/// The object that key 0 is.
const OBJECT: u16 = 7;
/// As the daemon has it, and shorter.
const PATIENCE: Duration = Duration::from_millis(400);

struct Stage {
    hsm: Hsm,
    plug: Plug,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let hsm = Hsm::new();
        hsm.put_key(OBJECT, [1; 32], MAY_SIGN);
        Self { plug: hsm.plug().unwrap(), hsm, folder: tempfile::tempdir().unwrap() }
    }

    fn device(&self) -> Result<Device, Fault> {
        let (port, folder) = (self.plug.port(), self.folder.path().to_owned());
        let store = Timely::within(PATIENCE, &Logins::default(), move || Ok(store(port, &folder)?))?;
        Device::open(&self.folder.path().join("marks"), store)
    }

    /// The device as the bridge opens it: again, until it opens.
    fn reopened(&self) -> Device {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match self.device() {
                Ok(device) => return device,
                Err(fault) => assert!(Instant::now() < until, "{fault}"),
            }
        }
    }

    fn approved(&self) -> Device {
        let mut device = self.device().unwrap();
        add(&mut device, CHAIN, 0);
        device
    }
}

fn store(port: u16, folder: &Path) -> Result<YubiHsm, KeyFault> {
    let way = Way::Http { address: Ipv4Addr::LOCALHOST.into(), port };
    let login = Login { key: 1, password: Zeroizing::new(b"password".to_vec()) };
    let beside = Beside::open_or_make(&folder.join("secret")).unwrap();
    YubiHsm::open(&way, &login, BTreeMap::from([(0, OBJECT)]), beside)
}

fn is_absent<T: std::fmt::Debug>(found: Result<T, Fault>) {
    assert!(matches!(found, Err(Fault::Keys(KeyFault::Absent(_)))), "{found:?}");
}

#[test]
fn an_hsm_that_hangs_is_absent_in_time_and_the_same_vote_is_signed_by_the_next_session() {
    let stage = Stage::new();
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    stage.hsm.trouble(SIGN_EDDSA, Trouble::Hangs);
    let begin = Instant::now();
    is_absent(sign(&mut device, &ask));
    // The crate's own HTTP would wait for 20 s.
    assert!(begin.elapsed() < 5 * PATIENCE, "{:?}", begin.elapsed());
    is_absent(sign(&mut device, &ask));
    drop(device);
    let mut device = stage.reopened();
    assert_eq!(slot(&mut device, 0).mark, ask.hrs(), "the mark moved first");
    assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
    sign(&mut device, &ask).unwrap().unwrap();
    // It is asked whether it is there, too.
    stage.hsm.trouble(ECHO, Trouble::Hangs);
    let begin = Instant::now();
    is_absent(device.ping());
    assert!(begin.elapsed() < 5 * PATIENCE, "{:?}", begin.elapsed());
}

#[test]
fn an_hsm_that_hangs_at_the_start_is_absent_in_time_and_nothing_is_written() {
    let stage = Stage::new();
    drop(stage.approved());
    let before = std::fs::read(stage.folder.path().join("marks")).unwrap();
    for command in [CREATE_SESSION, GET_PUBLIC_KEY] {
        stage.hsm.trouble(command, Trouble::Hangs);
        let begin = Instant::now();
        is_absent(stage.device());
        assert!(begin.elapsed() < 5 * PATIENCE, "{command}: {:?}", begin.elapsed());
        assert!(std::fs::read(stage.folder.path().join("marks")).unwrap() == before);
    }
    sign(&mut stage.reopened(), &Ask::prevote(CHAIN)).unwrap().unwrap();
}

#[test]
fn a_command_or_an_answer_that_is_lost_is_a_fault_and_the_same_vote_is_signed_later() {
    for lost in [Trouble::LosesCommand, Trouble::LosesAnswer] {
        let stage = Stage::new();
        let mut device = stage.approved();
        let ask = Ask::prevote(CHAIN);
        let before = stage.hsm.signed();
        stage.hsm.trouble(SIGN_EDDSA, lost);
        is_absent(sign(&mut device, &ask));
        assert_eq!(stage.hsm.signed() - before, u32::from(lost == Trouble::LosesAnswer));
        drop(device);
        let mut device = stage.reopened();
        assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)), "{lost:?}");
        sign(&mut device, &ask).unwrap().unwrap();
    }
}

#[test]
fn each_error_of_an_hsm_but_a_missing_key_ends_the_session_and_the_next_one_signs() {
    // Every code of the manual; 0x0b is of a key that is not there.
    for code in (0x01..=0x11).chain([0x40, 0xfe]) {
        let stage = Stage::new();
        let mut device = stage.approved();
        let ask = Ask::prevote(CHAIN);
        stage.hsm.trouble(SIGN_EDDSA, Trouble::Error(code));
        let found = sign(&mut device, &ask);
        if code == 0x0b {
            assert_eq!(found, Ok(Err(Status::StorageFault)));
            sign(&mut device, &ask).unwrap().unwrap();
            continue;
        }
        assert!(matches!(found, Err(Fault::Keys(_))), "{code:#04x}: {found:?}");
        assert_eq!(sign(&mut device, &ask), found, "{code:#04x}: it is to be opened anew");
        drop(device);
        let mut device = stage.reopened();
        assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)), "{code:#04x}");
        sign(&mut device, &ask).unwrap().unwrap();
    }
}

#[test]
fn a_session_that_the_hsm_forgot_is_a_fault_and_the_next_one_signs() {
    let stage = Stage::new();
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    stage.hsm.restart();
    let found = sign(&mut device, &ask);
    assert!(matches!(found, Err(Fault::Keys(_))), "{found:?}");
    drop(device);
    sign(&mut stage.reopened(), &ask).unwrap().unwrap();
}

#[test]
fn a_signature_or_a_public_key_of_the_hsm_that_is_not_true_is_not_used() {
    let stage = Stage::new();
    let mut device = stage.approved();
    let ask = Ask::prevote(CHAIN);
    stage.hsm.trouble(SIGN_EDDSA, Trouble::Lies);
    let found = sign(&mut device, &ask);
    assert!(
        matches!(&found, Err(Fault::Keys(KeyFault::Broken(why))) if why.contains("does not verify")),
        "{found:?}"
    );
    drop(device);
    // A key that is told wrong once, at each of the starts' questions in turn: nothing is signed under it.
    for nth in 0..4 {
        // What goes before is true, and takes no time.
        (0..nth).for_each(|_| stage.hsm.trouble(GET_PUBLIC_KEY, Trouble::Slow(Duration::ZERO)));
        stage.hsm.trouble(GET_PUBLIC_KEY, Trouble::Lies);
        if let Ok(mut device) = stage.device() {
            let told = sign(&mut device, &Ask { block: 2, ..ask });
            assert!(!matches!(told, Ok(Ok(_))), "{nth}");
            if version(&mut device).standing == 0 {
                // A lie that came after all that was asked at the start is not one yet.
                let signed = sign(&mut device, &ask);
                assert!(matches!(signed, Ok(Ok(_)) | Ok(Err(Status::StorageFault))), "{nth}: {signed:?}");
            }
        }
        // What was not asked for is asked for now.
        let mut store = store(stage.plug.port(), stage.folder.path()).unwrap();
        (0..=nth).for_each(|_| drop(store.public_key(0)));
    }
    let mut device = stage.reopened();
    assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
    sign(&mut device, &ask).unwrap().unwrap();
}

/// Known before the store is asked, and before a place is used up.
#[test]
fn an_extension_longer_than_the_hsm_takes_is_refused_before_the_mark_moves_and_before_the_hsm_is_asked() {
    let stage = Stage::new();
    let mut device = stage.approved();
    let precommit = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
    sign(&mut device, &precommit).unwrap().unwrap();
    let before = (slot(&mut device, 0).mark, stage.hsm.signed());
    let content = vec![5; 4_000];
    let extend = Extend::of(&precommit, &content);
    let reply = extend.carried(251, |apdu| device.exchange(apdu).unwrap());
    assert_eq!(reply, Status::StorageFault.word().to_be_bytes());
    assert_eq!((slot(&mut device, 0).mark, stage.hsm.signed()), before);
    sign(&mut device, &Ask { height: precommit.height + 1, ..precommit }).unwrap().unwrap();
}

#[test]
fn a_key_that_may_not_sign_is_denied_and_no_chain_is_lost() {
    let stage = Stage::new();
    let mut device = stage.approved();
    stage.hsm.delete_key(OBJECT);
    stage.hsm.put_key(OBJECT, [1; 32], 0);
    let ask = Ask::prevote(CHAIN);
    let found = sign(&mut device, &ask);
    assert!(matches!(found, Err(Fault::Keys(KeyFault::Denied(_)))), "{found:?}");
    drop(device);
    stage.hsm.delete_key(OBJECT);
    stage.hsm.put_key(OBJECT, [1; 32], MAY_SIGN);
    sign(&mut stage.reopened(), &ask).unwrap().unwrap();
}

/// A module that hangs for good is asked in eight threads, and then no more until one of them ends.
#[test]
fn a_store_that_hangs_for_ever_does_not_eat_the_host() {
    struct Never;
    impl KeyStore for Never {
        fn secret(&mut self, _: &[u8]) -> Result<[u8; 32], KeyFault> {
            Ok([0; 32])
        }
        fn public_key(&mut self, _: u32) -> Result<[u8; 32], KeyFault> {
            Ok([0; 32])
        }
        fn sign(&mut self, _: u32, _: &[u8]) -> Result<[u8; 64], KeyFault> {
            std::thread::sleep(Duration::from_secs(2));
            Ok([0; 64])
        }
    }
    // Of the whole process: in one of its own, so that no other test is told no.
    const HERE: &str = "HIGHWATER_HANGS_HERE";
    if std::env::var_os(HERE).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "waits::a_store_that_hangs_for_ever_does_not_eat_the_host"]).env(HERE, "1");
        assert!(again.status().unwrap().success());
        return;
    }
    let logins = Logins::default();
    let open = || Timely::within(Duration::from_millis(20), &logins, || Ok(Never));
    for _ in 0..8 {
        assert!(matches!(open().unwrap().sign(0, b"x"), Err(KeyFault::Absent(_))));
    }
    is_absent(open());
    std::thread::sleep(Duration::from_secs(3));
    open().unwrap().ping().unwrap();
}

/// A token locks itself after a few wrong PINs. Its answer comes when it was given up, and is known all the same.
#[test]
fn a_pin_that_is_refused_late_is_given_once() {
    const SOON: Duration = Duration::from_millis(50);
    let (tries, logins) = (Arc::new(AtomicU32::new(0)), Logins::one_in(Duration::from_secs(600)));
    let open = |late: Duration, refused: bool| {
        let tries = tries.clone();
        Timely::within(SOON, &logins, move || {
            tries.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(late);
            let wrong = || Fault::Keys(KeyFault::Denied("the PIN is wrong".to_owned()));
            (!refused).then_some(Sound).ok_or_else(wrong)
        })
    };
    // One that is late, and lets us in: the next one may log in again.
    is_absent(open(4 * SOON, false));
    is_absent(open(Duration::ZERO, false));
    assert_eq!(tries.load(Ordering::SeqCst), 1, "the first may still be refused");
    std::thread::sleep(6 * SOON);
    open(Duration::ZERO, false).unwrap().ping().unwrap();
    is_absent(open(4 * SOON, true));
    is_absent(open(Duration::ZERO, true));
    std::thread::sleep(6 * SOON);
    for _ in 0..2 {
        let found = open(Duration::ZERO, true);
        assert!(matches!(found, Err(Fault::Keys(KeyFault::Denied(_)))), "{found:?}");
    }
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    assert!(logins.denied().is_some());
    // A module that hangs for good is not waited for as long.
    let logins = Logins::one_in(2 * SOON);
    let hangs = || {
        Timely::within(SOON, &logins, || {
            std::thread::sleep(10 * SOON);
            Ok(Sound)
        })
    };
    is_absent(hangs());
    std::thread::sleep(2 * SOON);
    Timely::within(SOON, &logins, || Ok(Sound)).unwrap();
}

struct Sound;

impl KeyStore for Sound {
    fn secret(&mut self, _: &[u8]) -> Result<[u8; 32], KeyFault> {
        Ok([0; 32])
    }
    fn public_key(&mut self, _: u32) -> Result<[u8; 32], KeyFault> {
        Ok([0; 32])
    }
    fn sign(&mut self, _: u32, _: &[u8]) -> Result<[u8; 64], KeyFault> {
        Ok([0; 64])
    }
}

#[test]
fn a_store_whose_code_panics_is_broken_and_this_process_goes_on() {
    struct Panics;
    impl KeyStore for Panics {
        fn secret(&mut self, _: &[u8]) -> Result<[u8; 32], KeyFault> {
            panic!("of somebody else")
        }
        fn public_key(&mut self, _: u32) -> Result<[u8; 32], KeyFault> {
            panic!("of somebody else")
        }
        fn sign(&mut self, _: u32, _: &[u8]) -> Result<[u8; 64], KeyFault> {
            panic!("of somebody else")
        }
    }
    let logins = Logins::default();
    let mut store = Timely::open(&logins, || Ok(Panics)).unwrap();
    for _ in 0..2 {
        assert!(matches!(store.public_key(0), Err(KeyFault::Broken(_))));
    }
    let folder = tempfile::tempdir().unwrap();
    let again = Timely::open(&logins, || Ok(Panics)).unwrap();
    let opened = Device::open(&folder.path().join("marks"), again);
    assert!(matches!(opened, Err(Fault::Keys(KeyFault::Broken(_)))), "{opened:?}");
}

/// Not the mark's own: what is typed for the chain comes to nothing, and the mark of another chain stays.
#[test]
fn an_hsm_that_fails_while_a_chain_is_added_leaves_it_added_or_not_and_the_others_as_they_were() {
    for what in [Trouble::Hangs, Trouble::LosesAnswer, Trouble::Error(0x10)] {
        let stage = Stage::new();
        let mut device = stage.approved();
        let ask = Ask::prevote(CHAIN);
        sign(&mut device, &ask).unwrap().unwrap();
        stage.hsm.trouble(GET_PUBLIC_KEY, what);
        let command =
            Command::AddChain { chain: crate::hand::id("waits-2"), key_index: 0, mark: Hrs::default() };
        if device.exchange(&raw(command)).is_ok() {
            device.press(true);
        }
        drop(device);
        let mut device = stage.reopened();
        assert_eq!(slot(&mut device, 0).mark, ask.hrs(), "{what:?}");
        sign(&mut device, &Ask { step: Step::Precommit, ..ask }).unwrap().unwrap();
    }
}
