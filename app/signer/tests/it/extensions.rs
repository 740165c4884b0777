//! Vote extensions on the app with real keys, and with a library that fails.

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_core::apdu::{Command, MAX_CHUNK, Status};
use highwater_core::canonical::{Extension, Frame};
use highwater_core::hrs::Step;
use nanos_sdk::fake::Kernel;
use nanos_sdk::target::Call;

use crate::bench::{Bench, kernel};
use crate::words::{CHAIN, LONGEST, add, chain, hrs, precommit};

const HEIGHT: u64 = 10;

fn committed(id: &str) -> Bench {
    let mut bench = Bench::new();
    bench.approve(add(id));
    bench.sign_bytes(id, &precommit(id, HEIGHT)).unwrap();
    bench
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * at / 7 + at) as u8).collect()
}

fn frame<'a>(id: &'a str, content: &[u8]) -> Frame<'a> {
    let at = hrs(HEIGHT, 0, Step::Precommit);
    Frame { length: content.len() as u32, height: at.height, round: at.round, chain: chain(id) }
}

fn bytes(id: &str, content: &[u8]) -> Vec<u8> {
    let Frame { height, round, chain, .. } = frame(id, content);
    let mut bytes = Vec::new();
    Extension { content, height, round, chain }.encode_with(|part| bytes.extend_from_slice(part));
    bytes
}

/// A stream to its end, or to the first refusal.
fn stream(bench: &mut Bench, id: &str, content: &[u8], size: usize) -> Result<Vec<u8>, Status> {
    let mut last = bench.ask(Command::BeginExtension(frame(id, content)))?;
    for pass in 0..2 {
        for (at, bytes) in content.chunks(size).enumerate() {
            assert!(last.is_empty(), "before the end");
            let position = (pass * content.len() + at * size) as u32;
            last = bench.ask(Command::ExtensionChunk { position, bytes })?;
        }
    }
    Ok(last)
}

fn verify(bench: &mut Bench, id: &str, content: &[u8], signature: &[u8]) {
    let key: [u8; 32] = bench.ask(Command::GetPublicKey(chain(id))).unwrap().try_into().unwrap();
    let signature = Signature::from_bytes(signature.try_into().unwrap());
    VerifyingKey::from_bytes(&key).unwrap().verify_strict(&bytes(id, content), &signature).unwrap();
}

#[test]
fn an_extension_is_signed_whole_or_streamed() {
    for id in [CHAIN, LONGEST] {
        let mut bench = committed(id);
        for size in [0, 1, 9, 60, 150] {
            let content = content(size);
            let signature = bench.ask(Command::SignExtension(&bytes(id, &content))).unwrap();
            verify(&mut bench, id, &content, &signature);
            if size > 0 {
                let streamed = stream(&mut bench, id, &content, 7).unwrap();
                verify(&mut bench, id, &content, &streamed);
                assert_ne!(streamed[..32], signature[..32], "{size}: a stream has a nonce of its own");
            }
        }
        for size in [MAX_CHUNK, MAX_CHUNK + 1, 600] {
            let content = content(size);
            let signature = stream(&mut bench, id, &content, MAX_CHUNK).unwrap();
            verify(&mut bench, id, &content, &signature);
        }
    }
}

#[test]
fn no_two_signatures_of_a_whole_extension_share_a_nonce_and_repeats_of_a_vote_are_the_same_bytes() {
    let mut bench = committed(CHAIN);
    let vote = bench.sign_bytes(CHAIN, &precommit(CHAIN, HEIGHT)).unwrap();
    let mut points: Vec<_> = (0..5)
        .map(|_| {
            let signature = bench.ask(Command::SignExtension(&bytes(CHAIN, b"short"))).unwrap();
            verify(&mut bench, CHAIN, b"short", &signature);
            signature[..32].to_vec()
        })
        .collect();
    points.sort();
    points.dedup();
    assert_eq!(points.len(), 5);
    let mut bench = bench.restarted();
    assert_eq!(bench.sign_bytes(CHAIN, &precommit(CHAIN, HEIGHT)), Ok(vote));
}

#[test]
fn whatever_fails_in_the_library_costs_the_stream_and_nothing_else() {
    let mut bench = committed(CHAIN);
    let content = content(300);
    for call in [
        Call::BeginSha256,
        Call::BeginSha512,
        Call::HashUpdate,
        Call::HashFinal,
        Call::NumberInit,
        Call::PointMultiply,
        Call::PointDecompress,
    ] {
        let before = kernel(|kernel| kernel.count(call));
        stream(&mut bench, CHAIN, &content, MAX_CHUNK).unwrap();
        let calls = kernel(|kernel| kernel.count(call)) - before;
        for nth in [0, calls / 2, calls - 1] {
            kernel(|kernel| kernel.fail_later(call, nth, 1));
            let result = stream(&mut bench, CHAIN, &content, MAX_CHUNK);
            assert_eq!(result, Err(Status::StorageFault), "{call:?} {nth}");
            let after = Command::ExtensionChunk { position: 0, bytes: &content[..1] };
            assert_eq!(bench.ask(after), Err(Status::ExtensionOrder));
            kernel(Kernel::mend);
            bench.wait(60);
            // The library signs what is whole, so its unit for numbers was given back.
            bench.ask(Command::SignExtension(&bytes(CHAIN, b"whole"))).unwrap();
            // Three of them would keep the key unloaded.
            bench = bench.restarted();
        }
    }
    let good = stream(&mut bench, CHAIN, &content, MAX_CHUNK).unwrap();
    verify(&mut bench, CHAIN, &content, &good);
}

#[test]
fn a_new_key_or_a_new_start_is_no_part_of_an_old_stream() {
    let mut bench = committed(CHAIN);
    let content = content(40);
    let open = |bench: &mut Bench| {
        bench.ask(Command::BeginExtension(frame(CHAIN, &content))).unwrap();
        bench.ask(Command::ExtensionChunk { position: 0, bytes: &content }).unwrap();
    };
    let rest = Command::ExtensionChunk { position: 40, bytes: &content };
    open(&mut bench);
    let mut bench = bench.restarted();
    assert_eq!(bench.ask(rest), Err(Status::ExtensionOrder));
    open(&mut bench);
    let named = highwater_core::apdu::Named { chain: chain(CHAIN), incarnation: 1 };
    bench.approve(Command::RemoveChain(named));
    assert_eq!(bench.ask(rest), Err(Status::UnknownChain));
    assert_eq!(bench.ask(rest), Err(Status::ExtensionOrder));
}

#[test]
fn an_extension_for_no_precommit_is_refused_before_the_library_is_asked() {
    let mut bench = committed(CHAIN);
    bench.sign(HEIGHT + 1).unwrap();
    let before = kernel(|kernel| (kernel.count(Call::PointMultiply), kernel.count(Call::BeginSha512)));
    let content = content(20);
    assert_eq!(bench.ask(Command::SignExtension(&bytes(CHAIN, &content))), Err(Status::NoPrecommit));
    assert_eq!(stream(&mut bench, CHAIN, &content, 20), Err(Status::NoPrecommit));
    assert_eq!(kernel(|kernel| (kernel.count(Call::PointMultiply), kernel.count(Call::BeginSha512))), before);
}
