use ed25519_dalek::{Signer, SigningKey};

use super::*;

/// A vote by hand: type, height, block byte, time byte, chain "c".
fn vote(kind: u8, height: u8, block: Option<u8>, time: u8) -> Vec<u8> {
    let mut body = vec![0x08, kind, 0x11, height, 0, 0, 0, 0, 0, 0, 0];
    if let Some(block) = block {
        body.extend([0x22, 1, block]);
    }
    body.extend([0x2a, 2, 0x08, time, 0x32, 1, b'c']);
    [vec![body.len() as u8], body].concat()
}

fn auditor() -> (Auditor, SigningKey) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut auditor = Auditor::default();
    auditor.key("c", key.verifying_key().to_bytes());
    (auditor, key)
}

#[test]
fn it_reads_what_was_signed() {
    let said = statement(&vote(2, 9, Some(5), 4)).unwrap();
    assert_eq!(said.place, Place { height: 9, round: 0, step: 3 });
    assert_eq!((said.chain.as_str(), said.block.as_slice(), said.pol_round), ("c", &[5][..], 0));
    assert_eq!(statement(&[]), None);
    assert_eq!(statement(&[3, 0x08, 1]), None, "shorter than it says");
    assert_eq!(statement(&[2, 0x08, 3]), None, "no such type");
}

#[test]
fn each_finding_is_found() {
    let (mut auditor, key) = auditor();
    let sign = |bytes: &[u8]| key.sign(bytes).to_bytes();
    let first = vote(1, 9, Some(5), 4);
    assert_eq!(auditor.released(&first, &sign(&first)), Ok(()));
    assert_eq!(auditor.released(&first, &sign(&first)), Ok(()), "a repeat");
    let place = Place { height: 9, round: 0, step: 2 };
    let wrong = sign(&vote(1, 9, Some(6), 4));
    assert_eq!(auditor.released(&first, &wrong), Err(Finding::BadSignature(place)));
    for block in [None, Some(6)] {
        let second = vote(1, 9, block, 4);
        let found = auditor.released(&second, &sign(&second)).unwrap_err();
        assert!(matches!(found, Finding::DoubleSign { .. }), "{found:?}");
    }
    let late = vote(1, 9, Some(5), 8);
    assert_eq!(auditor.released(&late, &sign(&late)), Err(Finding::SecondTimestamp(place)));
    assert_eq!(auditor.released(b"raw", &[0; 64]), Err(Finding::NotAVote(b"raw".to_vec())));
    assert_eq!(auditor.mark("c", place), Ok(()));
    let fallen = Place { step: 1, ..place };
    assert_eq!(auditor.mark("c", fallen), Err(Finding::MarkFell { mark: fallen, released: place }));
    auditor.lowered("c", fallen);
    assert_eq!(auditor.mark("c", fallen), Ok(()), "the owner approved it");
    assert_eq!(auditor.signatures(), 5);
}

#[test]
fn an_extension_belongs_to_its_precommit() {
    let (mut auditor, key) = auditor();
    let mut release = |bytes: &[u8]| auditor.released(bytes, &key.sign(bytes).to_bytes());
    let of = |height: u8| vec![15, 0x0a, 1, 7, 0x11, height, 0, 0, 0, 0, 0, 0, 0, 0x22, 1, b'c'];
    let place = |height| Place { height, round: 0, step: 3 };
    assert_eq!(extension(&of(9)).unwrap().place, place(9));
    assert_eq!(extension(&vote(2, 9, Some(5), 4)), None);
    assert_eq!(release(&vote(2, 9, Some(5), 4)), Ok(()));
    assert_eq!(release(&of(9)), Ok(()));
    assert_eq!(release(&of(8)), Err(Finding::LateExtension { place: place(8), released: place(9) }));
    assert_eq!(release(&vote(2, 10, None, 4)), Ok(()));
    assert_eq!(release(&of(10)), Err(Finding::ExtensionOfNil(place(10))));
    assert_eq!(auditor.released(&of(9), &[0; 64]), Err(Finding::BadSignature(place(9))));
}

#[test]
fn it_counts_the_copies_of_a_place() {
    let place = Place { height: 300, round: 2, step: 3 };
    let mut cell = [0; 64];
    cell[0] = 0b0010_0111;
    cell[7..15].copy_from_slice(&300u64.to_le_bytes());
    cell[15] = 2;
    assert_eq!(copies([cell, [0; 64], cell].iter(), place), 2);
    assert_eq!(copies([cell].iter(), Place { step: 2, ..place }), 0);
}
