use super::super::{Crypto, NO_KEY, NOT_GOOD, hardened};
use super::*;
use crate::fake;
use crate::target::Call;

/// What the key of these tests is for.
const USE: u32 = 5;
const PATH: [u32; 5] = [hardened(44), hardened(118), hardened(0), hardened(0), hardened(7)];

/// Every call of the library in a signature but the random numbers.
const CALLS: [Call; 18] = [
    Call::Sha256,
    Call::BeginSha512,
    Call::HashUpdate,
    Call::HashFinal,
    Call::NumbersLock,
    Call::NumbersUnlock,
    Call::NumberInit,
    Call::NumberReduce,
    Call::NumberMultiply,
    Call::NumberAdd,
    Call::NumberSubtract,
    Call::NumberExport,
    Call::PointAlloc,
    Call::PointBase,
    Call::PointMultiply,
    Call::PointCompress,
    Call::PointDecompress,
    Call::PointCompare,
];

fn derive(key: &mut Key) -> Result<(), Fault> {
    Crypto::new().derive(&PATH, USE, key)
}

fn booted() -> Key {
    fake::boot();
    let mut key = Key::empty();
    derive(&mut key).unwrap();
    key
}

const NOTHING: [u8; 64] = [0xee; 64];

fn signed(key: &mut Key, message: &[u8]) -> Result<[u8; 64], Fault> {
    let mut signature = NOTHING;
    let made = key.sign(USE, message, Nonce::OfMessage, &mut signature);
    assert!(made.is_ok() || signature == NOTHING, "a refusal has left bytes");
    made.map(|()| signature)
}

fn count(call: Call) -> usize {
    fake::with(|kernel| kernel.count(call))
}

#[test]
fn it_is_the_signature_that_is_documented_and_the_same_each_time() {
    let mut key = booted();
    for length in (0..260).chain([1_000]) {
        let message: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
        let expected = fake::signature(&key.private, &message);
        assert!(fake::holds(key.public(), &message, &expected));
        assert_eq!([(); 2].map(|()| signed(&mut key, &message)), [Ok(expected); 2], "{length}");
    }
}

#[test]
fn a_fresh_nonce_is_another_one_each_time_and_no_one_else_s() {
    let mut key = booted();
    let mut points = vec![signed(&mut key, b"extension").unwrap()[..32].to_vec()];
    for _ in 0..20 {
        let mut signature = NOTHING;
        key.sign(USE, b"extension", Nonce::Fresh, &mut signature).unwrap();
        assert!(fake::holds(key.public(), b"extension", &signature));
        points.push(signature[..32].to_vec());
    }
    points.sort();
    points.dedup();
    assert_eq!(points.len(), 21);
    assert_eq!(count(Call::PointMultiply), 21, "one each");
}

#[test]
fn it_takes_one_multiplication() {
    let mut key = booted();
    signed(&mut key, b"vote").unwrap();
    assert_eq!(count(Call::PointMultiply), 1);
    // The one at the derivation, and the one that displaces that.
    assert_eq!(count(Call::GeneratePair), 2);
}

#[test]
fn the_stack_is_scrubbed_after_each_signature_and_each_refusal() {
    let mut key = booted();
    for failing in [None, Some(Call::NumberExport)] {
        derive(&mut key).unwrap();
        let before = fake::with(|kernel| {
            failing.into_iter().for_each(|call| kernel.fail(call, 1));
            kernel.scrubs
        });
        assert_eq!(signed(&mut key, b"vote").is_ok(), failing.is_none());
        assert_eq!(fake::with(|kernel| kernel.scrubs) - before, 1);
    }
}

#[test]
fn any_call_of_the_library_may_fail_and_then_there_is_no_signature_and_it_counts() {
    let mut key = booted();
    let good = signed(&mut key, b"vote").unwrap();
    for call in CALLS.into_iter().filter(|call| *call != Call::Sha256) {
        let before = count(call);
        signed(&mut key, b"vote").unwrap();
        let calls = count(call) - before;
        assert!(calls > 0, "{call:?} has no part in a signature");
        for nth in 0..calls {
            fake::with(|kernel| kernel.fail_later(call, nth, 1));
            // A unit that was not given back, or not got, at once is at the second attempt.
            let again = matches!(call, Call::NumbersLock | Call::NumbersUnlock);
            let expected = if again { Ok(good) } else { Err(fake::FAULT) };
            assert_eq!(signed(&mut key, b"vote"), expected, "{call:?}, the {nth}th");
            fake::with(fake::Kernel::mend);
            // A faulted multiplication shows so: whoever can cause it is not to try on.
            assert_eq!(key.is_loaded(), again, "{call:?}, the {nth}th");
            key = Key::empty();
            derive(&mut key).unwrap();
            assert_eq!(signed(&mut key, b"vote"), Ok(good), "after {call:?}, the {nth}th");
        }
    }
}

#[test]
fn a_unit_that_was_not_given_back_stops_nothing() {
    let mut key = booted();
    let good = signed(&mut key, b"vote").unwrap();
    fake::with(|kernel| kernel.fail(Call::NumbersUnlock, 2));
    let _ = signed(&mut key, b"vote");
    fake::with(fake::Kernel::mend);
    assert_eq!(signed(&mut key, b"vote"), Ok(good));
    assert!(!fake::with(|kernel| kernel.numbers_are_locked()));
}

#[test]
fn a_call_that_does_nothing_gives_the_right_signature_or_none() {
    let silent = |call: &Call| !matches!(call, Call::Sha256 | Call::NumberInit | Call::PointCompare);
    let mut key = booted();
    let good = signed(&mut key, b"vote").unwrap();
    let mut refused = 0;
    for call in CALLS.into_iter().filter(silent) {
        let before = count(call);
        signed(&mut key, b"vote").unwrap();
        for nth in 0..count(call) - before {
            let mut key = Key::empty();
            derive(&mut key).unwrap();
            fake::with(|kernel| kernel.idle(call, nth));
            // What the played library cannot bear (a point without a place, a unit that nobody locked) is a crash.
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| signed(&mut key, b"vote")));
            assert!(
                matches!(made, Err(_) | Ok(Err(_))) || made.is_ok_and(|made| made == Ok(good)),
                "{call:?} {nth}"
            );
            refused += usize::from(!key.is_loaded());
            fake::with(|kernel| kernel.mend());
            let _ = <Sys as crate::sys::Library>::numbers_unlock();
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_bit_that_fell_over_in_the_key_gives_no_signature_and_unloads_it() {
    booted();
    let spoil: [fn(&mut Key) -> &mut [u8]; 3] =
        [|key| &mut key.private, |key| &mut key.public, |key| &mut key.tag];
    for (nth, spoil) in spoil.into_iter().enumerate() {
        let mut key = Key::empty();
        for bit in 0..8 * spoil(&mut key).len() {
            let mut key = Key::empty();
            derive(&mut key).unwrap();
            spoil(&mut key)[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(signed(&mut key, b"vote"), Err(NOT_GOOD), "{nth}, bit {bit}");
            assert!(!key.is_loaded());
            assert_eq!(signed(&mut key, b"vote"), Err(NO_KEY));
        }
    }
}

#[test]
fn a_key_for_something_else_signs_nothing() {
    let mut key = booted();
    assert_eq!(key.sign(USE + 1, b"vote", Nonce::OfMessage, &mut [0; 64]), Err(NOT_GOOD));
    derive(&mut key).unwrap();
    key.index ^= 1;
    assert_eq!(signed(&mut key, b"vote"), Err(NOT_GOOD));
}

#[test]
fn the_third_mismatch_keeps_the_key_unloaded_until_a_restart() {
    let mut key = booted();
    for nth in 1..=3 {
        assert_eq!(derive(&mut key), Ok(()), "{nth}");
        key.public[0] ^= 1;
        assert_eq!(signed(&mut key, b"vote"), Err(NOT_GOOD));
    }
    assert_eq!(derive(&mut key), Err(NOT_GOOD));
    assert!(!key.is_loaded());
    assert_eq!(derive(&mut Key::empty()), Ok(()));
}

#[test]
fn the_third_error_of_the_library_keeps_the_key_unloaded_until_a_restart() {
    let mut key = booted();
    for nth in 1..=3 {
        assert_eq!(derive(&mut key), Ok(()), "{nth}");
        // The point that was made is none of the curve.
        fake::with(|kernel| kernel.fail(Call::PointDecompress, 1));
        assert_eq!(signed(&mut key, b"vote"), Err(fake::FAULT));
        assert_eq!(signed(&mut key, b"vote"), Err(NO_KEY), "{nth}: that counts for nothing");
    }
    assert_eq!(derive(&mut key), Err(NOT_GOOD));
    assert_eq!(derive(&mut Key::empty()), Ok(()));
}

#[test]
fn nonces_of_zero_and_one_and_points_of_no_nonce_are_refused() {
    type Change = fn(&mut fake::Software);
    let changes: [(&str, Change); 4] = [
        ("a hash of zeros", |software| software.sha512 = |_| [0; 64]),
        ("the neutral element", |software| {
            software.times = |_, _| {
                let mut point = [0; 32];
                point[0] = 1;
                point
            };
        }),
        ("the base point", |software| {
            software.times = |_, _| {
                let mut point = [0x66; 32];
                point[0] = 0x58;
                point
            };
        }),
        ("its negative", |software| {
            software.times = |_, _| {
                let mut point = [0x66; 32];
                (point[0], point[31]) = (0x58, 0xe6);
                point
            };
        }),
    ];
    for (name, change) in changes {
        let mut key = booted();
        fake::with(|kernel| change(&mut kernel.software));
        assert_eq!(signed(&mut key, b"vote"), Err(NOT_GOOD), "{name}");
    }
}

#[test]
fn two_differences_do_not_make_up_for_each_other() {
    use super::super::parts::same;
    let mut pair = [[7; 32]; 2];
    assert_eq!(same(&pair), Ok(()));
    pair[1][3] ^= 0x20;
    assert_eq!(same(&pair), Err(NOT_GOOD));
    pair[1][9] ^= 0x20;
    assert_eq!(same(&pair), Err(NOT_GOOD));
}

#[test]
fn another_public_key_is_another_nonce() {
    let mut key = booted();
    let point = |key: &mut Key| signed(key, b"vote").unwrap()[..32].to_vec();
    let first = point(&mut key);
    key.public[3] ^= 1;
    // A tag that goes with it: the worst that can be.
    let seed = key.private;
    key.load(USE, PATH[4], &seed).unwrap();
    assert_ne!(point(&mut key), first);
}
