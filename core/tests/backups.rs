//! The 104 bytes of a backup, pinned by a vector that an independent implementation made.

use highwater_core::backup::{Backup, SIZE, Unreadable, public, sealed};
use sha2::{Digest, Sha256};

/// Of the emulators' default seed and the private key 07 x 32.
const VECTOR: &str = "48574b4201010000d6771849f4a566dbea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c\
                      7561a53c369fce7a02d1acb64d12a7eef562728d764f0bccbeaa7306170dc3a87663b908142f3e904ff719c1aa7c1856\
                      0a6ecc0bdb4fac3c";

fn vector() -> Vec<u8> {
    hex::decode(VECTOR).unwrap()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn parse(bytes: &[u8]) -> Result<Backup, Unreadable> {
    Backup::parse(bytes, sha256)
}

/// With the check of what it says now.
fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = sha256(&bytes[..96]);
    bytes[96..].copy_from_slice(&digest[..8]);
    bytes
}

#[test]
fn the_vector_is_read() {
    let bytes = vector();
    let backup = parse(&bytes).unwrap();
    assert_eq!(hex::encode(backup.seed), "d6771849f4a566db");
    assert_eq!(
        hex::encode(backup.public),
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
    );
    assert_eq!(backup.sealed[..], bytes[48..96]);
    let sealed = sealed(bytes[..].try_into().unwrap());
    assert_eq!((public(&bytes), sealed), (&backup.public, &backup.sealed));
}

#[test]
fn every_changed_bit_and_every_other_length_is_found() {
    let bytes = vector();
    for bit in 0..8 * SIZE {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let said = if bit < 32 { Unreadable::Foreign } else { Unreadable::Damaged };
        assert_eq!(parse(&changed), Err(said), "bit {bit}");
    }
    for length in 0..SIZE {
        let said = if length < 4 { Unreadable::Foreign } else { Unreadable::Damaged };
        assert_eq!(parse(&bytes[..length]), Err(said), "{length} bytes");
    }
    assert_eq!(parse(&[&bytes[..], &[0]].concat()), Err(Unreadable::Damaged));
}

#[test]
fn a_later_form_is_told_from_a_typing_error() {
    for at in 4..8 {
        let mut later = vector();
        later[at] += 1;
        assert_eq!(parse(&checked(later)), Err(Unreadable::Later), "byte {at}");
    }
}
