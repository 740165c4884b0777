use super::*;
use crate::fake;
use crate::target::Call;

const PATH: [u32; 5] = [hardened(44), hardened(118), hardened(0), hardened(0), hardened(7)];

/// What the key of these tests is for.
const USE: u32 = 0x0001_0203;

fn derived() -> (crate::Bolos, Key) {
    let mut bolos = fake::boot();
    let mut key = Key::empty();
    bolos.crypto.derive(&PATH, USE, &mut key).unwrap();
    (bolos, key)
}

#[test]
fn every_element_gets_its_highest_bit() {
    assert_eq!(PATH, [0x8000_002c, 0x8000_0076, 0x8000_0000, 0x8000_0000, 0x8000_0007]);
    assert_eq!(hardened(PATH[4]), PATH[4], "it has it already");
}

#[test]
fn a_point_is_compressed_as_rfc_8032_says() {
    // RFC 8032 section 5.1: the base point, whose X is even and whose Y is 4/5.
    let mut point = [0x66; 65];
    point[0] = 4;
    point[32] = 0x1a;
    point[64] = 0x58;
    let mut base = [0x66; 32];
    base[0] = 0x58;
    assert_eq!(compress(&point), base);
    point[32] = 0x1b;
    base[31] |= 0x80;
    assert_eq!(compress(&point), base);
}

#[test]
fn a_derived_key_signs_without_deriving_again() {
    let (bolos, mut key) = derived();
    assert!(key.is_loaded());
    let mut signature = [0; 64];
    key.sign(USE, b"vote", Nonce::OfMessage, &mut signature).unwrap();
    assert!(fake::holds(key.public(), b"vote", &signature));
    assert!(!fake::holds(key.public(), b"Vote", &signature));
    assert_eq!(bolos.crypto.derivations(), 1);
    assert_eq!(fake::with(|kernel| kernel.count(Call::Derive)), 1);
}

/// What a derivation gives of which one call has done nothing: public key and seed.
fn derived_without(call: Call, spared: usize) -> Result<([u8; 32], [u8; 32]), Fault> {
    let mut bolos = fake::boot();
    fake::with(|kernel| kernel.idle(call, spared));
    let mut key = Key::empty();
    let made = bolos.crypto.derive(&PATH, USE, &mut key);
    assert_eq!(made.is_ok(), key.is_loaded());
    made.map(|()| (*key.public(), key.private))
}

#[test]
fn a_derivation_that_did_nothing_gives_no_key_that_anybody_knows() {
    let (public, seed) = derived_without(Call::Derive, 0).unwrap();
    assert_ne!(seed, [0; 32]);
    assert_eq!(public, fake::with(|kernel| (kernel.software.public_key)(&seed)));
    // Of the point no random one: it would be stored as the key of a chain.
    assert_eq!(derived_without(Call::GeneratePair, 0), Err(NOT_GOOD));
    // Another time it is another one, so no two agree.
    let mut bolos = fake::boot();
    let keys = [(); 2].map(|()| {
        fake::with(|kernel| kernel.idle(Call::Derive, 0));
        let mut key = Key::empty();
        bolos.crypto.derive(&PATH, USE, &mut key).unwrap();
        *key.public()
    });
    assert_ne!(keys[0], keys[1]);
    let macs = [(); 2].map(|()| {
        fake::with(|kernel| kernel.idle(Call::Derive, 0));
        let mut mac = [0; 32];
        bolos.crypto.secret(&PATH, b"what it is for", &mut mac).unwrap();
        mac
    });
    assert_ne!(macs[0], macs[1], "the secret of the checks");
}

#[test]
fn a_private_key_of_zeros_is_none() {
    let mut bolos = fake::boot();
    fake::with(|kernel| kernel.software.derive = |_| [0; 32]);
    let mut key = Key::empty();
    assert_eq!(bolos.crypto.derive(&PATH, USE, &mut key), Err(NOT_GOOD));
    assert!(!key.is_loaded());
    let mut mac = [9; 32];
    assert_eq!(bolos.crypto.secret(&PATH, b"", &mut mac), Err(NOT_GOOD));
    assert_eq!(mac, [9; 32]);
}

#[test]
fn a_seed_that_has_changed_before_it_was_tagged_is_no_key() {
    let (_bolos, mut key) = derived();
    let seed = key.private;
    for bit in 0..256 {
        key.private = seed;
        key.private[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.load(USE, PATH[4], &seed), Err(NOT_GOOD), "bit {bit}");
    }
    key.private = seed;
    assert_eq!(key.load(USE, PATH[4], &seed), Ok(()));
}

#[test]
fn after_the_third_mismatch_nothing_is_asked_of_the_library_for_a_key() {
    let (mut bolos, mut key) = derived();
    (0..3).for_each(|_| key.refuse());
    let calls = || fake::with(|kernel| [Call::Derive, Call::GeneratePair].map(|call| kernel.count(call)));
    let before = (calls(), bolos.crypto.derivations());
    assert_eq!(bolos.crypto.derive(&PATH, USE, &mut key), Err(NOT_GOOD));
    assert_eq!((calls(), bolos.crypto.derivations()), before);
}

#[test]
fn a_failed_derivation_leaves_no_key_not_even_the_old_one() {
    let (mut bolos, mut key) = derived();
    // The second pair that is made is the one that displaces the first from the library's RAM.
    for (call, spared) in [(Call::Derive, 0), (Call::GeneratePair, 0), (Call::GeneratePair, 1)] {
        fake::with(|kernel| kernel.fail_later(call, spared, 1));
        assert_eq!(bolos.crypto.derive(&PATH, USE, &mut key), Err(fake::FAULT));
        assert!(!key.is_loaded());
        assert_eq!((key.private, key.public), ([0; 32], [0; 32]));
    }
    assert_eq!(bolos.crypto.derivations(), 4);
}

#[test]
fn whatever_comes_of_a_derivation_the_library_expands_another_key_after_it() {
    let (mut bolos, mut key) = derived();
    for failing in [None, Some(Call::Derive), Some(Call::GeneratePair)] {
        let before = fake::with(|kernel| {
            failing.into_iter().for_each(|call| kernel.fail(call, 1));
            (kernel.count(Call::GeneratePair), kernel.scrubs)
        });
        let _ = bolos.crypto.derive(&PATH, USE, &mut key);
        let after = fake::with(|kernel| (kernel.count(Call::GeneratePair), kernel.scrubs));
        let pairs = if failing == Some(Call::Derive) { 1 } else { 2 };
        assert_eq!((after.0 - before.0, after.1 - before.1), (pairs, 1), "{failing:?}");
    }
}

#[test]
fn without_a_key_nothing_is_asked_of_the_library() {
    let (_bolos, mut key) = derived();
    key.wipe();
    let calls = || fake::with(|kernel| kernel.count(Call::BeginSha512) + kernel.count(Call::PointMultiply));
    let before = calls();
    assert_eq!(key.sign(USE, b"vote", Nonce::OfMessage, &mut [0; 64]), Err(NO_KEY));
    assert_eq!(calls(), before);
    assert_eq!(format!("{key:?}"), "Key { loaded: false, .. }", "never the private half");
}

#[test]
fn a_secret_is_a_mac_under_the_key_of_its_path() {
    let mut bolos = fake::boot();
    let (sha256, key) = fake::with(|kernel| (kernel.software.sha256, (kernel.software.derive)(&PATH)));
    for message in [&b""[..], b"what it is for", &[7; 64]] {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        let inner = sha256(&[&block.map(|byte| byte ^ 0x36)[..], message].concat());
        let mut mac = [0; 32];
        assert_eq!(bolos.crypto.secret(&PATH, message, &mut mac), Ok(()));
        assert_eq!(mac, sha256(&[&block.map(|byte| byte ^ 0x5c)[..], &inner].concat()), "RFC 2104");
    }
    assert_eq!(bolos.crypto.derivations(), 3);
    assert_eq!(fake::with(|kernel| kernel.count(Call::GeneratePair)), 0, "nothing is signed with it");
}

#[test]
fn a_secret_that_cannot_be_made_is_not_given() {
    let mut bolos = fake::boot();
    let mut mac = [9; 32];
    assert_eq!(bolos.crypto.secret(&PATH, &[7; 65], &mut mac), Err(TOO_LONG));
    fake::with(|kernel| kernel.fail(Call::Derive, 1));
    assert_eq!(bolos.crypto.secret(&PATH, b"", &mut mac), Err(fake::FAULT));
    assert_eq!(mac, [9; 32]);
}

#[test]
fn random_bytes_differ() {
    let bolos = fake::boot();
    let mut rows = [[0; 16]; 2];
    for row in &mut rows {
        bolos.crypto.random(row);
    }
    assert_ne!(rows[0], rows[1]);
}

#[test]
#[should_panic(expected = "exit(255)")]
fn a_hash_that_fails_ends_the_app() {
    let bolos = fake::boot();
    fake::with(|kernel| kernel.fail(Call::Sha256, 1));
    bolos.crypto.sha256(b"");
}
