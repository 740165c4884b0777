use super::super::{Crypto, hardened};
use super::*;
use crate::fake;
use crate::target::Call;

/// Every call of the library in a stream from its beginning to its signature.
const CALLS: [Call; 17] = [
    Call::BeginSha256,
    Call::BeginSha512,
    Call::HashUpdate,
    Call::HashFinal,
    Call::NumbersLock,
    Call::NumbersUnlock,
    Call::NumberInit,
    Call::NumberReduce,
    Call::NumberMultiply,
    Call::NumberAdd,
    Call::NumberExport,
    Call::PointAlloc,
    Call::PointBase,
    Call::PointMultiply,
    Call::PointAdd,
    Call::PointCompress,
    Call::PointDecompress,
];

fn key(index: u32) -> Key {
    let mut key = Key::empty();
    Crypto::new().derive(&[44, 118, 0, 0, index].map(hardened), &mut key).unwrap();
    key
}

fn booted() -> Key {
    fake::boot();
    key(7)
}

fn message(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * at / 7 + at) as u8).collect()
}

/// A pass to its digest.
fn pass(stream: &mut Stream, message: &[u8], size: usize) -> Result<[u8; 32], Fault> {
    let mut digest = [0; 32];
    message.chunks(size).try_for_each(|bytes| stream.feed(bytes))?;
    stream.digest(&mut digest)?;
    Ok(digest)
}

fn signed(stream: &mut Stream, key: &Key, message: &[u8], size: usize) -> Result<[u8; 64], Fault> {
    let mut signature = [0; 64];
    stream.begin(key)?;
    pass(stream, message, size)?;
    stream.turn(key)?;
    pass(stream, message, size)?;
    stream.sign(key, &mut signature)?;
    Ok(signature)
}

fn whole(key: &Key, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    key.sign(message, &mut signature).unwrap();
    signature
}

#[track_caller]
fn is_wiped(stream: &Stream) {
    assert_eq!(stream.step, Step::Idle);
    assert_eq!((stream.content.0, stream.hash.0), ([0; 108], [0; 204]));
    assert_eq!((stream.nonce, stream.point), ([0; 32], [0; 32]));
    assert!(!fake::with(|kernel| kernel.numbers_are_locked()), "the library cannot sign");
}

#[test]
fn in_two_passes_comes_the_signature_that_the_library_makes_of_the_whole() {
    let key = booted();
    let mut stream = Stream::empty();
    for size in (1..140).chain([255, 1_000, 20_480]) {
        let message = message(size);
        assert_eq!(signed(&mut stream, &key, &message, 100), Ok(whole(&key, &message)), "{size}");
        is_wiped(&stream);
    }
    for index in 0..40 {
        let key = self::key(index);
        assert_eq!(
            signed(&mut stream, &key, b"of every key", 5),
            Ok(whole(&key, b"of every key")),
            "{index}"
        );
    }
}

#[test]
fn the_digest_is_that_of_the_pass() {
    let key = booted();
    let mut stream = Stream::empty();
    let (one, other) = (message(300), message(301));
    let expected = |message: &[u8]| Crypto::new().sha256(message);
    stream.begin(&key).unwrap();
    assert_eq!(pass(&mut stream, &one, 64), Ok(expected(&one)));
    stream.turn(&key).unwrap();
    assert_eq!(pass(&mut stream, &other, 64), Ok(expected(&other)));
}

#[test]
fn any_call_of_the_library_may_fail_and_nothing_is_left_of_the_stream() {
    let key = booted();
    let message = message(40);
    let good = whole(&key, &message);
    for call in CALLS {
        let before = fake::with(|kernel| kernel.count(call));
        signed(&mut Stream::empty(), &key, &message, 20).unwrap();
        let calls = fake::with(|kernel| kernel.count(call)) - before;
        assert!(calls > 0, "{call:?} has no part in a signature");
        for nth in 0..calls {
            let mut stream = Stream::empty();
            fake::with(|kernel| kernel.fail_later(call, nth, 1));
            let result = signed(&mut stream, &key, &message, 20);
            // A unit that was not given back at once is given back at the second attempt.
            let expected = if call == Call::NumbersUnlock { Ok(good) } else { Err(fake::FAULT) };
            assert_eq!(result, expected, "{call:?}, the {nth}th");
            is_wiped(&stream);
            fake::with(fake::Kernel::mend);
            assert_eq!(signed(&mut stream, &key, &message, 20), Ok(good), "{call:?}, after the {nth}th");
        }
    }
}

#[test]
fn a_step_out_of_order_ends_it() {
    type Do = fn(&mut Stream, &Key) -> Result<(), Fault>;
    let key = booted();
    let steps: [(&str, Do); 4] = [
        ("feed", |stream, _| stream.feed(b"more")),
        ("digest", |stream, _| stream.digest(&mut [0; 32])),
        ("turn", |stream, key| stream.turn(key)),
        ("sign", |stream, key| stream.sign(key, &mut [0; 64])),
    ];
    // What may follow: idle, first pass, its digest taken, second pass, its digest taken.
    let follow: [&[&str]; 5] = [&[], &["feed", "digest"], &["turn"], &["feed", "digest"], &["sign"]];
    for (reached, follow) in follow.iter().enumerate() {
        for (name, step) in steps {
            let mut stream = Stream::empty();
            let path: [Do; 4] = [|stream, key| stream.begin(key), steps[1].1, steps[2].1, steps[1].1];
            path[..reached].iter().for_each(|step| step(&mut stream, &key).unwrap());
            let expected = if follow.contains(&name) { Ok(()) } else { Err(OUT_OF_ORDER) };
            assert_eq!(step(&mut stream, &key), expected, "{name} after {reached} steps");
            if expected.is_err() {
                is_wiped(&stream);
            }
        }
    }
}

#[test]
fn without_a_key_there_is_no_stream() {
    let mut key = booted();
    let mut stream = Stream::empty();
    stream.begin(&key).unwrap();
    assert_eq!(stream.begin(&Key::empty()), Err(NO_KEY));
    is_wiped(&stream);
    // The key went between the passes.
    stream.begin(&key).unwrap();
    pass(&mut stream, b"m", 1).unwrap();
    stream.turn(&key).unwrap();
    pass(&mut stream, b"m", 1).unwrap();
    key.wipe();
    assert_eq!(stream.sign(&key, &mut [0; 64]), Err(NO_KEY));
    is_wiped(&stream);
}

#[test]
fn a_signature_that_does_not_hold_does_not_leave() {
    booted();
    let message = message(40);
    // Bits that fell over in the nonce, in its point, in the key.
    type Spoil = fn(&mut Stream, &mut Key);
    let spoil: [Spoil; 4] = [
        |stream, _| stream.nonce[31] ^= 1,
        |stream, _| stream.point[0] ^= 1,
        |_, key| key.private[5] ^= 4,
        |_, key| key.public[5] ^= 4,
    ];
    for (nth, spoil) in spoil.into_iter().enumerate() {
        let (mut stream, mut key) = (Stream::empty(), self::key(7));
        stream.begin(&key).unwrap();
        pass(&mut stream, &message, 20).unwrap();
        stream.turn(&key).unwrap();
        pass(&mut stream, &message, 20).unwrap();
        spoil(&mut stream, &mut key);
        assert_eq!(stream.sign(&key, &mut [0; 64]), Err(NOT_GOOD), "the {nth}th");
        is_wiped(&stream);
    }
}

#[test]
fn signing_goes_on_beside_it() {
    let key = booted();
    let (message, other) = (message(60), self::key(8));
    let mut stream = Stream::empty();
    let mut signature = [0; 64];
    let vote = |nth: u8| assert_ne!(whole(&other, &[nth]), whole(&other, &[nth + 1]));
    stream.begin(&key).unwrap();
    vote(0);
    pass(&mut stream, &message, 20).unwrap();
    vote(2);
    stream.turn(&key).unwrap();
    vote(4);
    pass(&mut stream, &message, 20).unwrap();
    vote(6);
    stream.sign(&key, &mut signature).unwrap();
    assert_eq!(signature, whole(&key, &message));
}

#[test]
fn it_does_not_print_its_nonce() {
    let key = booted();
    let mut stream = Stream::default();
    stream.begin(&key).unwrap();
    assert_eq!(format!("{stream:?}"), "Stream { step: First, .. }");
}
