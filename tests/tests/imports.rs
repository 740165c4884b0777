//! Keys that were made elsewhere, on both devices.

use ed25519_dalek::SigningKey;
use highwater_core::apdu::{Command, KeyList, KeyState, PromptState, Seed, Status};
use highwater_core::hrs::Step;
use highwater_core::key_index::KeyIndex;
use highwater_core::layout::{entry_page, key_place};
use highwater_tests::on_every_device;
use highwater_tests::request::prevote;
use highwater_tests::stage::{Stage, chain, hrs};
use sha2::{Digest, Sha256};

on_every_device! {
    a_key_is_imported_signs_and_signs_the_same_after_a_restart,
    a_backup_is_the_same_on_every_device_of_the_seed_and_brings_a_lost_key_back,
    a_backup_that_was_changed_is_refused_and_prompts_are_paused,
}

/// The private key of a test, of which each has its own: the device is one for all.
fn key(byte: u8) -> [u8; 32] {
    [byte; 32]
}

fn public(byte: u8) -> [u8; 32] {
    SigningKey::from_bytes(&key(byte)).verifying_key().to_bytes()
}

/// The pages that show a key and its address.
fn key_pages(byte: u8) -> [String; 4] {
    let (key, address) = (hex::encode(public(byte)), hex::encode(&Sha256::digest(public(byte))[..20]));
    [
        format!("Public key 1/2|{}|{}", &key[..16], &key[16..32]),
        format!("Public key 2/2|{}|{}", &key[32..48], &key[48..]),
        format!("Address 1/2|{}|{}", &address[..10], &address[10..20]),
        format!("Address 2/2|{}|{}", &address[20..30], &address[30..]),
    ]
}

/// Imports a key whose pages are read; gives its number.
fn import(stage: &mut Stage, byte: u8) -> u8 {
    let ticket = stage.raise(Command::ImportKey(Seed(&key(byte))));
    let [start, end, address, rest] = key_pages(byte);
    let free = keys(stage).keys.iter().position(Option::is_none).unwrap();
    let title = format!("Import key?|number {}", free + 1);
    stage.decide(true, &[&title, &start, &end, &address, &rest]);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.incarnation), (PromptState::Approved, free as u16));
    free as u8
}

fn keys(stage: &mut Stage) -> KeyList {
    KeyList::parse(&stage.ask(Command::GetKeys)).unwrap()
}

/// Frees the place of a key whose pages are read.
fn forget(stage: &mut Stage, byte: u8, number: u8) {
    let ticket = stage.raise(Command::ForgetKey(number));
    let [start, end, address, rest] = key_pages(byte);
    let title = format!("Forget key?|number {}", number + 1);
    stage.decide(true, &[&title, &start, &end, &address, &rest, "Without a backup|the key is lost"]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
    assert_eq!(keys(stage).keys[usize::from(number)], None);
}

fn a_key_is_imported_signs_and_signs_the_same_after_a_restart(stage: &mut Stage) {
    const ID: &str = "imported";
    let number = import(stage, 7);
    let mark = hrs(9, 0, Step::None);
    let add = Command::AddChain { chain: chain(ID), key_index: KeyIndex::Imported(number).number(), mark };
    let ticket = stage.raise(add);
    let [start, end, ..] = key_pages(7);
    let path = format!("Imported key|number {}", number + 1);
    stage.decide(true, &["Add chain?|slot 2", ID, &path, &start, &end, "Raise mark to|9|r0 none"]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
    assert_eq!(stage.key(ID), public(7));
    let vote = prevote(ID, 10, 0);
    let first = stage.sign(&vote);
    stage.device.restart(&[]).unwrap();
    assert_eq!(stage.sign(&vote), first);
    stage.sign(&prevote(ID, 11, 0));
    assert_eq!(stage.command(Command::ForgetKey(number)).1, Status::KeyInUse);
    stage.drop_chain(ID, 1);
    forget(stage, 7, number);
}

fn a_backup_is_the_same_on_every_device_of_the_seed_and_brings_a_lost_key_back(stage: &mut Stage) {
    const ID: &str = "restored";
    let number = import(stage, 8);
    let backup = stage.ask(Command::BackupKey(number));
    // The simulated device has the same seed, and its seal is another code's.
    let mut other = Stage::simulated();
    let theirs = import(&mut other, 8);
    assert_eq!(other.ask(Command::BackupKey(theirs)), backup);
    stage.add(ID, KeyIndex::Imported(number).number(), hrs(9, 0, Step::None));
    let vote = prevote(ID, 10, 0);
    let first = stage.sign(&vote);
    let pages = (0..2).map(|copy| entry_page(key_place(number.into()), copy));
    let lost: Vec<_> = pages.flat_map(|page| [(page, [0xa5; 64]), (page + 1, [0xa5; 64])]).collect();
    stage.device.restart(&lost).unwrap();
    let listed = keys(stage).keys[usize::from(number)].unwrap();
    assert_eq!((listed.state, listed.public), (KeyState::Damaged, [0; 32]));
    assert_eq!(stage.refused(&vote), (Status::StorageFault, None));
    let restored = stage.approved(Command::RestoreKey(backup[..].try_into().unwrap()));
    assert_eq!(restored.incarnation, u16::from(number));
    assert_eq!(stage.sign(&vote), first, "its mark stood all the while");
    stage.drop_chain(ID, 1);
    forget(stage, 8, number);
    // And where nothing of it is left.
    assert_eq!(
        stage.approved(Command::RestoreKey(backup[..].try_into().unwrap())).incarnation,
        u16::from(number)
    );
    assert_eq!(stage.ask(Command::BackupKey(number)), backup);
    forget(stage, 8, number);
}

fn a_backup_that_was_changed_is_refused_and_prompts_are_paused(stage: &mut Stage) {
    let number = import(stage, 9);
    let backup = stage.ask(Command::BackupKey(number));
    forget(stage, 9, number);
    for byte in [0, 9, 20, 50, 70, 103] {
        let mut forged: [u8; 104] = backup[..].try_into().unwrap();
        forged[byte] ^= 1;
        if byte < 96 {
            let check = Sha256::digest(&forged[..96]);
            forged[96..].copy_from_slice(&check[..8]);
        }
        assert_eq!(stage.command(Command::RestoreKey(&forged)).1, Status::BadBackup, "byte {byte}");
        assert_eq!(stage.command(Command::RestoreKey(&forged)).1, Status::PromptsPaused, "byte {byte}");
        stage.device.press_home().unwrap();
    }
    assert_eq!(keys(stage).keys, [None; 3]);
}
