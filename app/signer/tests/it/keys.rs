//! The app's signatures: what they are, and what becomes of a key that is not what it must be.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use highwater_core::apdu::{Command, Status};
use nanos_sdk::hardened;
use nanos_sdk::target::Call;
use sha2::{Digest, Sha512};

use crate::bench::{Bench, kernel};
use crate::words::{CHAIN, chain, precommit, prevote};

/// The seed of the key of these tests.
fn seed() -> [u8; 32] {
    kernel(|kernel| (kernel.software.derive)(&[44, 118, 0, 0, 7].map(hardened)))
}

/// The signature as docs/security.md has it, of another library than the app's: nonce of public key, prefix and message.
fn documented(message: &[u8]) -> Vec<u8> {
    let ExpandedSecretKey { scalar, hash_prefix } = ExpandedSecretKey::from(&seed());
    let number = |parts: [&[u8]; 3]| {
        let mut hash = Sha512::new();
        parts.iter().for_each(|part| hash.update(part));
        Scalar::from_hash(hash)
    };
    let public = (ED25519_BASEPOINT_POINT * scalar).compress().to_bytes();
    let nonce = number([&public, &hash_prefix, message]);
    let point = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
    let response = nonce + number([&point, &public, message]) * scalar;
    [point, response.to_bytes()].concat()
}

#[test]
fn a_vote_is_signed_as_documented_and_costs_one_multiplication_and_no_derivation() {
    let mut bench = Bench::armed();
    let counts = || {
        kernel(|kernel| {
            [Call::PointMultiply, Call::Derive, Call::GeneratePair, Call::NvmWrite]
                .map(|call| kernel.count(call))
        })
    };
    for height in 10..20 {
        for vote in [prevote(CHAIN, height), precommit(CHAIN, height)] {
            let before = counts();
            let signature = bench.sign_bytes(CHAIN, &vote).unwrap();
            let costs: Vec<usize> =
                counts().iter().zip(before).map(|(after, before)| after - before).collect();
            assert_eq!(costs, [1, 0, 0, 2]);
            assert_eq!(signature.to_vec(), documented(&vote));
        }
    }
}

#[test]
fn after_a_mismatch_the_key_is_derived_anew_and_the_third_is_the_last() {
    let mut bench = Bench::armed();
    let zeros = |_: &[u8]| [0; 64];
    let right = kernel(|kernel| kernel.software.sha512);
    for (nth, height) in (1..=3).zip(10..) {
        kernel(|kernel| kernel.software.sha512 = zeros);
        let derived = kernel(|kernel| kernel.count(Call::Derive));
        assert_eq!(bench.sign(height), Err(Status::StorageFault), "{nth}");
        kernel(|kernel| kernel.software.sha512 = right);
        // The key is gone, and the turns that follow derive it anew.
        bench.wait(60);
        assert_eq!(bench.ask(Command::GetPublicKey(chain(CHAIN))).is_ok(), nth < 3, "{nth}");
        let again = bench.ask(Command::Sign(&prevote(CHAIN, height)));
        if nth < 3 {
            assert!(again.is_ok(), "{nth}: the mark stands, so it is a repeat: {again:?}");
            assert_eq!(kernel(|kernel| kernel.count(Call::Derive)) - derived, 1);
        } else {
            assert_eq!(again, Err(Status::StorageFault));
            assert_eq!(kernel(|kernel| kernel.count(Call::Derive)), derived, "nothing is derived any more");
        }
    }
    let mut bench = bench.restarted();
    bench.sign(12).unwrap();
}

#[test]
fn the_third_derivation_that_gives_another_key_than_the_owner_approved_is_the_last() {
    let bench = Bench::armed();
    let right = kernel(|kernel| kernel.software.public_key);
    // At the start the key is not derived; from then on it is another one.
    let mut bench = bench.restarted_on(|kernel| kernel.fail_later(Call::Derive, 2, 1));
    kernel(|kernel| {
        kernel.mend();
        kernel.software.public_key = |_| [7; 32];
    });
    let derived = || kernel(|kernel| (kernel.count(Call::Derive), kernel.count(Call::GeneratePair)));
    for nth in 1..=5 {
        let before = derived();
        assert_eq!(bench.sign(10), Err(Status::StorageFault), "{nth}");
        assert_eq!(derived() == before, nth > 3, "{nth}");
    }
    kernel(|kernel| kernel.software.public_key = right);
    assert_eq!(bench.sign(10), Err(Status::StorageFault), "until a restart");
    bench.restarted().sign(10).unwrap();
}
