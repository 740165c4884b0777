//! A key store that is not there, refuses, fails, or lies.

use std::path::Path;
use std::sync::{Arc, Mutex};

use highwater_core::apdu::{Command, PromptState, Reply, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_hosted::{Device, Fault, FileKeys, FlashFile, KeyFault, KeyStore};
use highwater_sim::Ask;

use crate::disk::Platter;
use crate::hand::{add, approve, approved, blank, boot, id, keys, named, raw, sign, slot, version};

const CHAIN: &str = "store-1";

/// A store that does what it is told.
struct Remote {
    keys: FileKeys,
    says: Arc<Mutex<Says>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    Truth,
    /// Every call fails so.
    Fault(KeyFault),
    /// Signatures of something else.
    Lies,
    /// It was exchanged for another one.
    OtherStore,
}

impl Remote {
    fn call<T>(&mut self, call: impl FnOnce(&mut FileKeys) -> Result<T, KeyFault>) -> Result<T, KeyFault> {
        match &*self.says.lock().unwrap() {
            Says::Fault(fault) => Err(fault.clone()),
            _ => call(&mut self.keys),
        }
    }
}

impl KeyStore for Remote {
    fn identity(&mut self) -> Result<[u8; 32], KeyFault> {
        let other = *self.says.lock().unwrap() == Says::OtherStore;
        self.call(|keys| if other { Ok([9; 32]) } else { keys.identity() })
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        self.call(|keys| keys.secret(message))
    }

    fn ping(&mut self) -> Result<(), KeyFault> {
        self.call(|keys| keys.ping())
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        self.call(|keys| keys.public_key(index))
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let lies = *self.says.lock().unwrap() == Says::Lies;
        self.call(|keys| keys.sign(index, if lies { b"another message" } else { message }))
    }
}

/// A store that is away at one of its calls, once.
pub(crate) struct Flaky {
    keys: FileKeys,
    /// Calls until then.
    fails: Option<u32>,
    with: KeyFault,
    /// Calls so far, for whoever counts them.
    calls: Arc<Mutex<u32>>,
}

impl Flaky {
    pub(crate) fn new(keys: FileKeys, fails: Option<u32>) -> Self {
        Self { keys, fails, with: KeyFault::Absent("a moment".to_owned()), calls: Arc::default() }
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut FileKeys) -> Result<T, KeyFault>) -> Result<T, KeyFault> {
        let now = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls - 1
        };
        if self.fails == Some(now) { Err(self.with.clone()) } else { call(&mut self.keys) }
    }
}

impl KeyStore for Flaky {
    fn identity(&mut self) -> Result<[u8; 32], KeyFault> {
        self.call(FileKeys::identity)
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        self.call(|keys| keys.secret(message))
    }

    fn ping(&mut self) -> Result<(), KeyFault> {
        self.call(FileKeys::ping)
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        self.call(|keys| keys.public_key(index))
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        self.call(|keys| keys.sign(index, message))
    }
}

fn remote(platter: &Platter, says: &Arc<Mutex<Says>>) -> Result<Device, Fault> {
    let flash = FlashFile::on(Path::new("platter"), Box::new(platter.clone()))?;
    Device::boot(flash, Remote { keys: keys(), says: says.clone() })
}

fn say(says: &Arc<Mutex<Says>>, what: Says) {
    *says.lock().unwrap() = what;
}

fn faults() -> [KeyFault; 4] {
    [
        KeyFault::Absent("no answer".to_owned()),
        KeyFault::Denied("wrong PIN".to_owned()),
        KeyFault::LogFull,
        KeyFault::Broken("nonsense".to_owned()),
    ]
}

#[test]
fn a_store_that_fails_at_the_start_leaves_the_device_closed() {
    let platter = approved(CHAIN);
    for fault in faults() {
        let before = platter.state().cache.clone();
        let says = Arc::new(Mutex::new(Says::Fault(fault.clone())));
        assert_eq!(remote(&platter, &says).unwrap_err(), Fault::Keys(fault));
        assert!(platter.state().cache == before, "nothing was repaired on what may be the wrong store");
    }
}

#[test]
fn a_store_that_fails_or_lies_at_a_signature_is_a_fault_and_the_same_vote_is_signed_later() {
    let lies = KeyFault::Broken("a signature of key 0 does not verify".to_owned());
    let failing = faults().map(|fault| (Says::Fault(fault.clone()), fault));
    for (what, fault) in failing.into_iter().chain([(Says::Lies, lies)]) {
        let platter = approved(CHAIN);
        let says = Arc::new(Mutex::new(Says::Truth));
        let mut device = remote(&platter, &says).unwrap();
        let ask = Ask::prevote(CHAIN);
        say(&says, what.clone());
        assert_eq!(sign(&mut device, &ask), Err(Fault::Keys(fault.clone())));
        say(&says, Says::Truth);
        assert_eq!(sign(&mut device, &ask), Err(Fault::Keys(fault)), "it is to be opened anew");
        drop(device);
        let mut device = remote(&platter, &says).unwrap();
        assert_eq!(slot(&mut device, 0).mark, ask.hrs(), "{what:?}: the mark moved first");
        assert_eq!(sign(&mut device, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
        sign(&mut device, &ask).unwrap().unwrap();
    }
}

#[test]
fn a_key_that_the_store_does_not_have_is_an_answer_and_signing_goes_on() {
    let says = Arc::new(Mutex::new(Says::Truth));
    let mut device = remote(&approved(CHAIN), &says).unwrap();
    say(&says, Says::Fault(KeyFault::NoKey(5)));
    let add = Command::AddChain { chain: id("store-2"), key_index: 5, mark: Hrs::default() };
    let reply = device.exchange(&raw(add)).unwrap();
    let word = Reply::split(&reply).unwrap().1;
    if word == Status::Ok.word() {
        device.press(true);
        assert_ne!(slot(&mut device, 1).state, highwater_core::apdu::ChainState::Armed);
    } else {
        assert_eq!(word, Status::StorageFault.word());
    }
    say(&says, Says::Truth);
    sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
}

#[test]
fn nothing_is_signed_with_another_store_under_the_same_memory() {
    let platter = approved(CHAIN);
    let says = Arc::new(Mutex::new(Says::OtherStore));
    let mut device = remote(&platter, &says).unwrap();
    assert_eq!(version(&mut device).standing, 1);
    assert_eq!(sign(&mut device, &Ask::prevote(CHAIN)), Ok(Err(Status::OtherSeed)));
}

#[test]
fn a_key_that_two_chains_sign_with_outlives_one_of_them() {
    let mut device = boot(&blank()).unwrap();
    for chain in [CHAIN, "store-2"] {
        add(&mut device, chain, 3);
    }
    let ask = Ask::prevote("store-2");
    sign(&mut device, &ask).unwrap().unwrap();
    let named = named(&mut device, CHAIN, 0);
    assert_eq!(approve(&mut device, Command::RemoveChain(named)).state, PromptState::Approved);
    sign(&mut device, &Ask { step: Step::Precommit, ..ask }).unwrap().unwrap();
}

/// One life: a start, a look whether the store is there, another chain, three votes, one of them twice.
fn live(device: &mut Device) -> Result<(), Fault> {
    device.ping()?;
    let other = Command::AddChain { chain: id("store-2"), key_index: 1, mark: Hrs::default() };
    device.exchange(&raw(other))?;
    device.press(true);
    let ask = Ask::prevote(CHAIN);
    for ask in [ask, ask, Ask { step: Step::Precommit, ..ask }, Ask { height: 11, ..ask }] {
        // A key that is not there is an answer: no signature.
        let _ = sign(device, &ask)?;
    }
    Ok(())
}

#[test]
fn each_fault_at_each_call_of_a_store_closes_the_device_and_the_next_opening_signs_the_same() {
    let ask = Ask { height: 11, ..Ask::prevote(CHAIN) };
    let mut told = 0;
    for with in faults().into_iter().chain([KeyFault::NoKey(0)]) {
        for nth in 0.. {
            let platter = approved(CHAIN);
            let calls: Arc<Mutex<u32>> = Arc::default();
            let store = Flaky { keys: keys(), fails: Some(nth), with: with.clone(), calls: calls.clone() };
            let flash = FlashFile::on(Path::new("platter"), Box::new(platter.clone())).unwrap();
            let before = platter.state().cache.clone();
            match Device::boot(flash, store) {
                // Never half a start, and nothing is repaired on what may be the wrong store.
                Err(fault) => {
                    assert_eq!(fault, Fault::Keys(with.clone()), "{nth}");
                    assert!(platter.state().cache == before, "{nth}");
                }
                Ok(mut device) => match live(&mut device) {
                    Ok(()) => {
                        let is_over = *calls.lock().unwrap() <= nth;
                        assert!(is_over || matches!(with, KeyFault::NoKey(_)), "{with:?} {nth} was not told");
                    }
                    Err(fault) => {
                        assert_eq!(fault, Fault::Keys(with.clone()), "{nth}");
                        assert_eq!(device.ping(), Err(fault), "{nth}: it is to be opened anew");
                    }
                },
            }
            let mut device = boot(&platter).unwrap();
            let mark = slot(&mut device, 0).mark;
            let free = if mark.height.value() < 11 { ask } else { Ask { height: 12, ..ask } };
            sign(&mut device, &free).unwrap().unwrap();
            assert_eq!(sign(&mut device, &Ask { block: 2, ..free }), Ok(Err(Status::Conflict)), "{nth}");
            told += 1;
            if *calls.lock().unwrap() <= nth {
                break;
            }
        }
    }
    assert!(told > 5 * 8, "{told} calls");
}
