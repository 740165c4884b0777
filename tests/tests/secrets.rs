//! What the firmware leaves in memory: the emulator's RAM is searched for every secret of a signature.
//!
//! The crypto library of Ledger works on the app's stack and in RAM of its own, and clears neither. Looked at is the RAM of
//! a Nano S, whose place in the emulator is known.

use std::thread;

use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use highwater_core::apdu::Command;
use highwater_core::hrs::Step;
use highwater_hosted::keys::slip10;
use highwater_tests::device::{Emulated, SEED};
use highwater_tests::extend::{content, extend};
use highwater_tests::request::{prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};
use nanos_sdk::target::nanos;
use sha2::{Digest, Sha512};
use speculos::memory::APP;

/// So many bytes in a row are no chance.
const TELLING: usize = 8;

/// A name, and bytes that nobody may find.
type Secret = (String, Vec<u8>);

/// A secret in both orders of its bytes, since numbers are turned round on their way.
fn both(name: &str, bytes: &[u8]) -> [Secret; 2] {
    let turned = bytes.iter().rev().copied().collect();
    [(name.to_owned(), bytes.to_vec()), (format!("{name}, turned"), turned)]
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
        both(&format!("the scalar of key {index}, as it is hashed"), &hash[..32]),
        both(&format!("the scalar of key {index}, clamped"), &clamped),
        both(&format!("the scalar of key {index}, reduced"), &scalar.to_bytes()),
        both(&format!("the prefix of key {index}"), &hash_prefix),
    ]
    .concat()
}

/// The nonce of a message that is signed whole: as it is hashed, and below the order.
fn nonce(index: u32, message: &[u8]) -> Vec<Secret> {
    let key = slip10(&SEED, index);
    let ExpandedSecretKey { hash_prefix, .. } = ExpandedSecretKey::from(key.as_bytes());
    let hash = Sha512::new()
        .chain_update(key.verifying_key().to_bytes())
        .chain_update(hash_prefix)
        .chain_update(message);
    let number = Scalar::from_hash(hash.clone());
    [both("a nonce, as it is hashed", &hash.finalize()), both("a nonce", &number.to_bytes())].concat()
}

/// Where some of a secret stands.
fn found(ram: &[u8], secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in secrets {
        for (at, row) in ram.windows(TELLING).enumerate() {
            if bytes.windows(TELLING).any(|telling| telling == row) {
                found.push(format!("{name}: at {:#x}", 0x2000_0000 + at));
            }
        }
    }
    found
}

fn ram(stage: &mut Stage) -> Vec<u8> {
    stage.device.emulated().unwrap().emulator().unwrap().memory().unwrap().read().unwrap()
}

#[track_caller]
fn is_clean(stage: &mut Stage, secrets: &[Secret], when: &str) {
    assert_eq!(found(&ram(stage), secrets), Vec::<String>::new(), "{when}");
}

#[test]
fn after_votes_and_extensions_only_the_seed_of_the_armed_key_is_in_memory() {
    let mut stage = Stage::firmware(nanos::DEVICE);
    let mut secrets = [expanded(0), expanded(1)].concat();
    // That of an ADD: the key was shown, derived twice, loaded.
    is_clean(&mut stage, &secrets, "after an ADD");
    stage.add("secrets-2", 1, hrs(1, 0, Step::None));
    is_clean(&mut stage, &secrets, "after another");
    for (chain, index) in [(CHAIN, 0), ("secrets-2", 1)] {
        let armed = found(&ram(&mut stage), &[("the seed".to_owned(), seed(index).to_vec())]);
        assert_eq!(armed.len(), 32 - TELLING + 1, "in one place, where the search finds it: {armed:?}");
        for request in [proposal(chain, 10, 0), prevote(chain, 10, 0)] {
            stage.sign(&request);
            secrets.extend(nonce(index, &request.bytes()));
            is_clean(&mut stage, &secrets, "after a vote");
        }
    }
    let vote = stage.committed();
    secrets.extend(nonce(0, &vote.bytes()));
    let content = content(600);
    stage.whole(&extend(&vote, b"short")).unwrap();
    secrets.extend(nonce(0, &extend(&vote, b"short").bytes()));
    is_clean(&mut stage, &secrets, "after an extension");
    stage.streamed(&extend(&vote, &content)).unwrap();
    is_clean(&mut stage, &secrets, "after a streamed extension");
    stage.device.note().unwrap();
}

#[test]
fn a_removed_chain_leaves_no_seed_and_the_end_leaves_nothing() {
    // The look of the last moment comes by chance; one of them is late enough.
    let left: Vec<usize> = (0..10)
        .map_while(|_| {
            let left = quit();
            (left > NOTHING).then_some(left)
        })
        .collect();
    assert!(left.len() < 10, "so many bytes were left each time: {left:?}");
}

/// What the call that ends the app needs itself: its parameters, and registers that the system stores.
const NOTHING: usize = 128;

/// Ends the app. Gives how many bytes of its RAM were not zero when it was last seen.
fn quit() -> usize {
    let mut stage = Stage::on(Box::new(Emulated::new(nanos::DEVICE).unwrap()));
    stage.sign(&prevote(CHAIN, 10, 0));
    stage.drop_chain(CHAIN, 0);
    let mut secrets = expanded(0);
    secrets.push(("the seed".to_owned(), seed(0).to_vec()));
    is_clean(&mut stage, &secrets, "after the chain was removed");

    let memory = stage.device.emulated().unwrap().emulator().unwrap().memory().unwrap();
    let mut last = memory.read().unwrap();
    let watch = thread::spawn(move || {
        while let Ok(ram) = memory.read() {
            last = ram;
        }
        last
    });
    assert_eq!(stage.send(&[0xb0, 0xa7, 0, 0, 0]), (vec![], 0x9000));
    let last = watch.join().unwrap();
    last[APP].iter().filter(|byte| **byte != 0).count()
}

#[test]
fn the_search_finds_a_part_of_a_secret_in_either_order() {
    // The search itself: it finds what is there, in part and turned round.
    let mut ram = vec![0; 100];
    ram[40..48].copy_from_slice(&seed(0)[3..11]);
    assert_eq!(found(&ram, &both("the seed", &seed(0))).len(), 1);
    ram[40..48].reverse();
    assert_eq!(found(&ram, &both("the seed", &seed(0))), ["the seed, turned: at 0x20000028"]);
}

#[test]
fn a_status_and_a_question_leave_nothing_either() {
    let mut stage = Stage::firmware(nanos::DEVICE);
    stage.ask(Command::GetEvents);
    let secrets = [expanded(0), expanded(5)].concat();
    // Shown to the owner and refused: derived for the screen only.
    stage.raise(Command::AddChain { chain: chain("secrets-3"), key_index: 5, mark: hrs(1, 0, Step::None) });
    stage.device.decide(false).unwrap();
    let shown = [secrets, vec![("the seed of a key that was shown".to_owned(), seed(5).to_vec())]].concat();
    is_clean(&mut stage, &shown, "after a refused ADD");
}
