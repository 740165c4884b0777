use super::super::{Crypto, NO_KEY, NOT_GOOD, Nonce, hardened};
use super::*;
use crate::fake;
use crate::target::Call;

/// Every call of the library in a stream from its beginning to its signature.
const CALLS: [Call; 19] = [
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
    Call::NumberSubtract,
    Call::NumberExport,
    Call::PointAlloc,
    Call::PointBase,
    Call::PointMultiply,
    Call::PointAdd,
    Call::PointCompress,
    Call::PointDecompress,
    Call::PointCompare,
];

/// What the keys of these tests are for.
const USE: u32 = 9;

fn key(index: u32) -> Key {
    let mut key = Key::empty();
    Crypto::new().derive(&[44, 118, 0, 0, index].map(hardened), USE, &mut key).unwrap();
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

/// A signature that holds.
#[track_caller]
fn signed(stream: &mut Stream, key: &mut Key, message: &[u8], size: usize) -> Result<[u8; 64], Fault> {
    let mut signature = [0xee; 64];
    let made = steps(stream, key, message, size, &mut signature);
    match made {
        Ok(()) => assert!(fake::holds(key.public(), message, &signature)),
        Err(_) => assert_eq!(signature, [0xee; 64], "a refusal has left bytes"),
    }
    made.map(|()| signature)
}

fn steps(
    stream: &mut Stream,
    key: &mut Key,
    message: &[u8],
    size: usize,
    signature: &mut [u8; 64],
) -> Result<(), Fault> {
    stream.begin(key, USE)?;
    pass(stream, message, size)?;
    stream.turn(key, USE)?;
    pass(stream, message, size)?;
    stream.sign(key, USE, signature)
}

fn whole(key: &mut Key, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    key.sign(USE, message, Nonce::OfMessage, &mut signature).unwrap();
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
fn in_two_passes_comes_a_signature_that_holds() {
    let mut key = booted();
    let mut stream = Stream::empty();
    for size in (1..140).chain([255, 1_000, 20_480]) {
        signed(&mut stream, &mut key, &message(size), 100).unwrap();
        is_wiped(&stream);
    }
    for index in 0..40 {
        signed(&mut stream, &mut self::key(index), b"of every key", 5).unwrap();
    }
}

#[test]
fn no_two_streams_share_a_nonce_though_their_messages_are_one() {
    let mut key = booted();
    let mut stream = Stream::empty();
    let message = message(60);
    let mut points: Vec<_> =
        (0..10).map(|_| signed(&mut stream, &mut key, &message, 20).unwrap()[..32].to_vec()).collect();
    points.push(whole(&mut key, &message)[..32].to_vec());
    points.sort();
    points.dedup();
    assert_eq!(points.len(), 11);
}

#[test]
fn the_stack_is_scrubbed_after_every_step() {
    let mut key = booted();
    let mut stream = Stream::empty();
    let scrubs = || fake::with(|kernel| kernel.scrubs);
    let before = scrubs();
    // begin, a piece, turn, a piece, sign
    signed(&mut stream, &mut key, b"vote", 4).unwrap();
    assert_eq!(scrubs() - before, 5);
}

#[test]
fn the_digest_is_that_of_the_pass() {
    let mut key = booted();
    let mut stream = Stream::empty();
    let (one, other) = (message(300), message(301));
    let expected = |message: &[u8]| Crypto::new().sha256(message);
    stream.begin(&mut key, USE).unwrap();
    assert_eq!(pass(&mut stream, &one, 64), Ok(expected(&one)));
    stream.turn(&mut key, USE).unwrap();
    assert_eq!(pass(&mut stream, &other, 64), Ok(expected(&other)));
}

#[test]
fn any_call_of_the_library_may_fail_and_nothing_is_left_of_the_stream() {
    let mut key = booted();
    let message = message(40);
    for call in CALLS {
        let before = fake::with(|kernel| kernel.count(call));
        signed(&mut Stream::empty(), &mut key, &message, 20).unwrap();
        let calls = fake::with(|kernel| kernel.count(call)) - before;
        assert!(calls > 0, "{call:?} has no part in a signature");
        for nth in 0..calls {
            let (mut stream, mut key) = (Stream::empty(), self::key(7));
            fake::with(|kernel| kernel.fail_later(call, nth, 1));
            let result = signed(&mut stream, &mut key, &message, 20);
            // A unit that was not given back, or not got, at once is at the second attempt.
            let again = matches!(call, Call::NumbersLock | Call::NumbersUnlock);
            assert_eq!(result.err(), (!again).then_some(fake::FAULT), "{call:?}, the {nth}th");
            is_wiped(&stream);
            fake::with(fake::Kernel::mend);
            signed(&mut stream, &mut self::key(7), &message, 20).unwrap();
        }
    }
}

#[test]
fn a_call_that_does_nothing_makes_no_signature_that_does_not_hold() {
    let silent = |call: &Call| !matches!(call, Call::NumberInit | Call::PointCompare);
    let mut key = booted();
    for call in CALLS.into_iter().filter(silent) {
        let before = fake::with(|kernel| kernel.count(call));
        signed(&mut Stream::empty(), &mut key, b"vote", 4).unwrap();
        let calls = fake::with(|kernel| kernel.count(call)) - before;
        for nth in 0..calls {
            let mut key = self::key(7);
            fake::with(|kernel| kernel.idle(call, nth));
            // What the played library cannot bear is a crash. A signature that was made is looked at by `signed`, but a
            // piece of the message may be lost in both passes alike.
            let mut signature = [0xee; 64];
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                steps(&mut Stream::empty(), &mut key, b"vote", 4, &mut signature)
            }));
            if matches!(made, Ok(Ok(()))) {
                assert_ne!(signature[..32], [0; 32], "{call:?} {nth}: no nonce");
            }
            fake::with(fake::Kernel::mend);
            let _ = Sys::numbers_unlock();
        }
    }
}

#[test]
fn a_step_out_of_order_ends_it() {
    type Do = fn(&mut Stream, &mut Key) -> Result<(), Fault>;
    let mut key = booted();
    let steps: [(&str, Do); 4] = [
        ("feed", |stream, _| stream.feed(b"more")),
        ("digest", |stream, _| stream.digest(&mut [0; 32])),
        ("turn", |stream, key| stream.turn(key, USE)),
        ("sign", |stream, key| stream.sign(key, USE, &mut [0; 64])),
    ];
    // What may follow: idle, first pass, its digest taken, second pass, its digest taken.
    let follow: [&[&str]; 5] = [&[], &["feed", "digest"], &["turn"], &["feed", "digest"], &["sign"]];
    for (reached, follow) in follow.iter().enumerate() {
        for (name, step) in steps {
            let mut stream = Stream::empty();
            let path: [Do; 4] = [|stream, key| stream.begin(key, USE), steps[1].1, steps[2].1, steps[1].1];
            path[..reached].iter().for_each(|step| step(&mut stream, &mut key).unwrap());
            let expected = if follow.contains(&name) { Ok(()) } else { Err(OUT_OF_ORDER) };
            assert_eq!(step(&mut stream, &mut key), expected, "{name} after {reached} steps");
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
    stream.begin(&mut key, USE).unwrap();
    assert_eq!(stream.begin(&mut Key::empty(), USE), Err(NO_KEY));
    is_wiped(&stream);
    // The key went between the passes.
    stream.begin(&mut key, USE).unwrap();
    pass(&mut stream, b"m", 1).unwrap();
    stream.turn(&mut key, USE).unwrap();
    pass(&mut stream, b"m", 1).unwrap();
    key.wipe();
    assert_eq!(stream.sign(&mut key, USE, &mut [0; 64]), Err(NO_KEY));
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
        stream.begin(&mut key, USE).unwrap();
        pass(&mut stream, &message, 20).unwrap();
        stream.turn(&mut key, USE).unwrap();
        pass(&mut stream, &message, 20).unwrap();
        spoil(&mut stream, &mut key);
        assert_eq!(stream.sign(&mut key, USE, &mut [0; 64]), Err(NOT_GOOD), "the {nth}th");
        is_wiped(&stream);
    }
}

#[test]
fn signing_goes_on_beside_it() {
    let mut key = booted();
    let (message, mut other) = (message(60), self::key(8));
    let mut stream = Stream::empty();
    let mut signature = [0; 64];
    let mut vote = |nth: u8| assert_ne!(whole(&mut other, &[nth]), whole(&mut other, &[nth + 1]));
    stream.begin(&mut key, USE).unwrap();
    vote(0);
    pass(&mut stream, &message, 20).unwrap();
    vote(2);
    stream.turn(&mut key, USE).unwrap();
    vote(4);
    pass(&mut stream, &message, 20).unwrap();
    vote(6);
    stream.sign(&mut key, USE, &mut signature).unwrap();
    assert!(fake::holds(key.public(), &message, &signature));
}

#[test]
fn it_does_not_print_its_nonce() {
    let mut key = booted();
    let mut stream = Stream::default();
    stream.begin(&mut key, USE).unwrap();
    assert_eq!(format!("{stream:?}"), "Stream { step: First, .. }");
}
