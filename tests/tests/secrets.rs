//! What the firmware leaves in memory: the emulator's RAM is searched for every secret of a signature.
//!
//! The crypto library of Ledger works on the app's stack and in RAM of its own, and clears neither.

use std::thread;
use std::time::Duration;

use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use highwater_core::apdu::{Command, PromptState, Seed};
use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::Step;
use highwater_core::key_index::KeyIndex;
use highwater_hosted::keys::{secret, slip10};
use highwater_tests::device::{Emulated, SEED};
use highwater_tests::extend::{content, extend};
use highwater_tests::request::{prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};
use nanos_sdk::target::{Device as Hardware, nanos};
use sha2::{Digest, Sha512};
use speculos::Ram;

/// So many bytes in a row are no chance.
const TELLING: usize = 8;

/// A name, and bytes that nobody may find.
type Secret = (String, Vec<u8>);

/// A secret in three orders of its bytes: numbers are turned round on their way, and a hash turns round each word.
fn orders(name: &str, bytes: &[u8]) -> [Secret; 3] {
    let turned = bytes.iter().rev().copied().collect();
    let words = bytes.chunks(4).flat_map(|word| word.iter().rev()).copied().collect();
    [
        (name.to_owned(), bytes.to_vec()),
        (format!("{name}, turned"), turned),
        (format!("{name}, its words turned"), words),
    ]
}

/// The seed of a key, which stays while its chain is armed.
fn seed(index: u32) -> [u8; 32] {
    slip10(&SEED, index).to_bytes()
}

/// All that a key is expanded to.
fn expanded(index: u32) -> Vec<Secret> {
    let hash = Sha512::digest(seed(index));
    let ExpandedSecretKey { scalar, hash_prefix } = ExpandedSecretKey::from(&seed(index));
    let clamped = curve25519_dalek::scalar::clamp_integer(*hash.first_chunk::<32>().unwrap());
    [
        orders(&format!("the scalar of key {index}, as it is hashed"), &hash[..32]),
        orders(&format!("the scalar of key {index}, clamped"), &clamped),
        orders(&format!("the scalar of key {index}, reduced"), &scalar.to_bytes()),
        orders(&format!("the prefix of key {index}"), &hash_prefix),
    ]
    .concat()
}

/// The nonce of a signature, below the order: S is challenge times scalar and the nonce.
fn nonce(index: u32, message: &[u8], signature: &[u8; 64]) -> Vec<Secret> {
    let key = slip10(&SEED, index);
    let ExpandedSecretKey { scalar, .. } = ExpandedSecretKey::from(key.as_bytes());
    let (point, response) = signature.split_at(32);
    let challenge =
        Sha512::new().chain_update(point).chain_update(key.verifying_key().to_bytes()).chain_update(message);
    let response = Scalar::from_canonical_bytes(response.try_into().unwrap()).unwrap();
    orders("a nonce", &(response - Scalar::from_hash(challenge) * scalar).to_bytes()).to_vec()
}

/// The same of a vote, and its nonce as it is hashed.
fn nonces(index: u32, message: &[u8], signature: &[u8; 64]) -> Vec<Secret> {
    let key = slip10(&SEED, index);
    let ExpandedSecretKey { hash_prefix, .. } = ExpandedSecretKey::from(key.as_bytes());
    let hash = Sha512::new()
        .chain_update(key.verifying_key().to_bytes())
        .chain_update(hash_prefix)
        .chain_update(message);
    let hashed = orders("a nonce, as it is hashed", &hash.finalize());
    [nonce(index, message, signature), hashed.to_vec()].concat()
}

/// What keys the checks of pages. It stands where the app keeps it, and nowhere else.
fn of_checks(stage: &mut Stage) -> [Secret; 3] {
    let message = [&b"\x03Highwater check1"[..], &stage.version().installation].concat();
    orders("the secret of the checks", &secret(&SEED, &message))
}

/// Where some of a secret stands.
fn found(ram: &[(u64, Vec<u8>)], secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in secrets {
        for (start, ram) in ram {
            for (at, row) in (*start..).zip(ram.windows(TELLING)) {
                if bytes.windows(TELLING).any(|telling| telling == row) {
                    found.push(format!("{name}: at {at:#x}"));
                }
            }
        }
    }
    found
}

fn place(hardware: &Hardware) -> Ram {
    if hardware.name == nanos::DEVICE.name { Ram::NANOS } else { Ram::NANOSPLUS }
}

fn ram(stage: &mut Stage) -> Vec<(u64, Vec<u8>)> {
    let emulated = stage.device.emulated().unwrap();
    let memory = emulated.emulator().unwrap().memory().unwrap();
    place(&emulated.hardware).parts.iter().map(|part| (part.0, memory.read(*part).unwrap())).collect()
}

#[track_caller]
fn is_clean(stage: &mut Stage, secrets: &[Secret], when: &str) {
    assert_eq!(found(&ram(stage), secrets), Vec::<String>::new(), "{when}");
    let kept = of_checks(stage);
    is_kept_in_one_place(stage, &kept, when);
}

/// A secret stands where the app keeps it, so the search finds it there, and it stands there alone. The turn of the app in
/// which a reply left goes on for a while, and may check pages.
#[track_caller]
fn is_kept_in_one_place(stage: &mut Stage, kept: &[Secret], when: &str) {
    let mut places = Vec::new();
    for _ in 0..20 {
        let ram = ram(stage);
        let (as_it_is, turned) = kept.split_first().unwrap();
        places = [found(&ram, std::slice::from_ref(as_it_is)), found(&ram, turned)].concat();
        if places.len() == 32 - TELLING + 1 {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{when}: {places:?}");
}

fn after_votes_and_extensions_only_the_seed_of_the_armed_key_is_in_memory(hardware: Hardware) {
    let mut stage = Stage::firmware(hardware);
    let mut secrets = [expanded(0), expanded(1)].concat();
    // That of an ADD: the key was shown, derived twice, loaded.
    is_clean(&mut stage, &secrets, "after an ADD");
    stage.add("secrets-2", 1, hrs(1, 0, Step::None));
    is_clean(&mut stage, &secrets, "after another");
    for (chain, index) in [(CHAIN, 0), ("secrets-2", 1)] {
        is_kept_in_one_place(&mut stage, &orders("the seed", &seed(index)), "armed");
        for request in [proposal(chain, 10, 0), prevote(chain, 10, 0)] {
            let signature = stage.sign(&request).signature;
            secrets.extend(nonces(index, &request.bytes(), &signature));
            is_clean(&mut stage, &secrets, "after a vote");
        }
    }
    let vote = stage.committed();
    let short = extend(&vote, b"short");
    let signature = stage.whole(&short).unwrap();
    secrets.extend(nonce(0, &short.bytes(), &signature));
    is_clean(&mut stage, &secrets, "after an extension");
    let content = content(600);
    let long = extend(&vote, &content);
    let signature = stage.streamed(&long).unwrap();
    secrets.extend(nonce(0, &long.bytes(), &signature));
    is_clean(&mut stage, &secrets, "after a streamed extension");
    stage.device.note().unwrap();
}

/// After each start, too: rings are read, keys loaded.
fn a_start_leaves_what_is_kept_and_nothing_else(hardware: Hardware) {
    let mut stage = Stage::firmware(hardware);
    stage.sign(&prevote(CHAIN, 10, 0));
    stage.device.restart(&[]).unwrap();
    is_clean(&mut stage, &expanded(0), "after a start");
    is_kept_in_one_place(&mut stage, &orders("the seed", &seed(0)), "after a start");
}

fn a_removed_chain_leaves_no_seed_and_the_end_leaves_nothing(hardware: Hardware) {
    // The look of the last moment comes by chance; one of them is late enough.
    let left: Vec<usize> = (0..20)
        .map_while(|_| {
            let left = quit(hardware);
            (left > NOTHING).then_some(left)
        })
        .collect();
    assert!(left.len() < 20, "so many bytes were left each time: {left:?}");
}

/// What the call that ends the app needs itself: its parameters, and registers that the system stores.
const NOTHING: usize = 128;

/// Ends the app. Gives how many bytes of its RAM were not zero when it was last seen.
fn quit(hardware: Hardware) -> usize {
    let mut stage = Stage::on(Box::new(Emulated::new(hardware).unwrap()));
    stage.sign(&prevote(CHAIN, 10, 0));
    stage.drop_chain(CHAIN, 0);
    let secrets = [expanded(0), orders("the seed", &seed(0)).to_vec()].concat();
    is_clean(&mut stage, &secrets, "after the chain was removed");

    let memory = stage.device.emulated().unwrap().emulator().unwrap().memory().unwrap();
    let Ram { app, .. } = place(&hardware);
    let mut last = memory.read(app).unwrap();
    let watch = thread::spawn(move || {
        while let Ok(ram) = memory.read(app) {
            last = ram;
        }
        last
    });
    assert_eq!(stage.send(&[0xb0, 0xa7, 0, 0, 0]), (vec![], 0x9000));
    let last = watch.join().unwrap();
    last.iter().filter(|byte| **byte != 0).count()
}

fn a_status_and_a_question_leave_nothing_either(hardware: Hardware) {
    let mut stage = Stage::firmware(hardware);
    stage.ask(Command::GetEvents);
    let secrets = [expanded(0), expanded(5)].concat();
    // Shown to the owner and refused: derived for the screen only.
    stage.raise(Command::AddChain { chain: chain("secrets-3"), key_index: 5, mark: hrs(1, 0, Step::None) });
    stage.device.decide(false).unwrap();
    let shown = orders("the seed of a key that was shown", &seed(5)).to_vec();
    is_clean(&mut stage, &[secrets, shown].concat(), "after a refused ADD");
}

/// A key that was made elsewhere: bytes of which no eight in a row are those of anything else.
fn imported() -> [u8; 32] {
    Sha512::digest(b"a key that was made elsewhere")[..32].try_into().unwrap()
}

fn a_key_that_is_imported_stands_in_memory_only_while_a_chain_signs_with_it(hardware: Hardware) {
    let mut stage = Stage::firmware(hardware);
    let plain = orders("the imported key", &imported());
    let hash = Sha512::digest(imported());
    let sealing = slip10(&SEED, SECRET_INDEX).to_bytes();
    let gone = [orders("the sealing key", &sealing), orders("what the key is expanded to", &hash)].concat();
    let none = [&gone[..], &plain].concat();
    let ticket = stage.raise(Command::ImportKey(Seed(&imported())));
    is_clean(&mut stage, &none, "while the owner is asked");
    stage.device.decide(false).unwrap();
    is_clean(&mut stage, &none, "after a refusal");
    assert_eq!(stage.prompt_state(ticket), PromptState::Denied);
    stage.device.press_home().unwrap();
    stage.approved(Command::ImportKey(Seed(&imported())));
    is_clean(&mut stage, &none, "after an import");
    let backup = stage.ask(Command::BackupKey(0));
    stage.ask(Command::GetKeys);
    is_clean(&mut stage, &none, "after a backup");
    assert_eq!(found(&[(0, backup)], &none), Vec::<String>::new(), "in the backup");
    stage.add("secrets-2", KeyIndex::Imported(0).number(), hrs(1, 0, Step::None));
    stage.sign(&prevote("secrets-2", 10, 0));
    is_clean(&mut stage, &gone, "armed");
    is_kept_in_one_place(&mut stage, &plain, "armed");
    stage.device.restart(&[]).unwrap();
    is_clean(&mut stage, &gone, "after a start");
    is_kept_in_one_place(&mut stage, &plain, "after a start");
    stage.drop_chain("secrets-2", 1);
    is_clean(&mut stage, &none, "after its chain was removed");
    // And flash never held it.
    let pages = stage.device.rings().pages();
    let flash: Vec<u8> = (0..pages).flat_map(|page| stage.device.page(page).unwrap()).collect();
    assert_eq!(found(&[(0, flash)], &none), Vec::<String>::new(), "in flash");
    stage.device.note().unwrap();
}

macro_rules! on_the_firmware {
    ($($test:ident),+ $(,)?) => {
        mod firmware {
            $(#[test]
            fn $test() {
                super::$test(nanos_sdk::target::nanos::DEVICE);
            })+
        }

        mod nanosplus {
            $(#[test]
            fn $test() {
                super::$test(nanos_sdk::target::nanosplus::DEVICE);
            })+
        }
    };
}

on_the_firmware! {
    after_votes_and_extensions_only_the_seed_of_the_armed_key_is_in_memory,
    a_start_leaves_what_is_kept_and_nothing_else,
    a_removed_chain_leaves_no_seed_and_the_end_leaves_nothing,
    a_status_and_a_question_leave_nothing_either,
    a_key_that_is_imported_stands_in_memory_only_while_a_chain_signs_with_it,
}

#[test]
fn the_search_finds_a_part_of_a_secret_in_every_order() {
    // The search itself: it finds what is there, in part and turned round.
    let mut ram = vec![0; 100];
    ram[40..48].copy_from_slice(&seed(0)[4..12]);
    let find = |ram: &[u8]| found(&[(0x2000_0000, ram.to_vec())], &orders("the seed", &seed(0)));
    assert_eq!(find(&ram), ["the seed: at 0x20000028"]);
    ram[40..44].reverse();
    ram[44..48].reverse();
    assert_eq!(find(&ram), ["the seed, its words turned: at 0x20000028"]);
    ram[40..48].copy_from_slice(&seed(0)[3..11]);
    ram[40..48].reverse();
    assert_eq!(find(&ram), ["the seed, turned: at 0x20000028"]);
}
