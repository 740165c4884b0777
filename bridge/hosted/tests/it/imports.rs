//! A key that was made elsewhere, on a device in this process.

use ed25519_dalek::{Signature, SigningKey};
use highwater_core::apdu::{Command, PromptState, Seed};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::key_index::KeyIndex;
use highwater_sim::Ask;

use crate::hand::{add, approve, blank, boot, data, named, sign};

const CHAIN: &str = "imported-1";

#[test]
fn an_imported_key_signs_beside_one_of_the_store_and_the_same_after_a_restart() {
    let platter = blank();
    let mut device = boot(&platter).unwrap();
    let held = approve(&mut device, Command::ImportKey(Seed(&[9; 32])));
    assert_eq!((held.state, held.incarnation), (PromptState::Approved, 0));
    add(&mut device, CHAIN, KeyIndex::Imported(0).number());
    add(&mut device, "other-1", 0);
    let ask = Ask { height: 10, step: Step::Prevote, ..Ask::prevote(CHAIN) };
    let first = sign(&mut device, &ask).unwrap().unwrap();
    let key = SigningKey::from_bytes(&[9; 32]).verifying_key();
    key.verify_strict(&ask.bytes(), &Signature::from_bytes(&first.signature)).unwrap();
    sign(&mut device, &Ask { chain: "other-1", ..ask }).unwrap().unwrap();
    let backup = data(&mut device, Command::BackupKey(0));
    drop(device);

    let mut device = boot(&platter).unwrap();
    assert_eq!(sign(&mut device, &ask).unwrap().unwrap(), first);
    // Its chain goes, and the one of the store signs on.
    let life = named(&mut device, CHAIN, 0);
    approve(&mut device, Command::RemoveChain(life));
    approve(&mut device, Command::ForgetChain(life));
    approve(&mut device, Command::ForgetKey(0));
    sign(&mut device, &Ask { chain: "other-1", height: 11, ..ask }).unwrap().unwrap();
    let restored = approve(&mut device, Command::RestoreKey(backup[..].try_into().unwrap()));
    assert_eq!((restored.state, restored.mark), (PromptState::Approved, Hrs::ZERO));
    assert_eq!(data(&mut device, Command::BackupKey(0)), backup);
}
