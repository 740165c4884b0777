//! The two passes of a streamed extension: they are equal, or nothing leaves that could give the key away.

use highwater_core::apdu::{Command, MAX_CHUNK, Status, ins};
use highwater_core::hrs::Hrs;
use highwater_sim::{Extend, Keys, SimDevice, World};

use crate::extending::{PRECOMMIT, committed, content, extend, is_over, opened};
use crate::stage::{CHAIN, add, exchange, raw};

/// Sends the first pass of one content and the second of another; both begin at the length of the first.
fn two(device: &mut SimDevice, first: &[u8], second: &[u8]) -> (Vec<u8>, Status) {
    assert_eq!(raw(device, &extend(first).begin()).1, Status::Ok);
    let mut last = (Vec::new(), Status::Ok);
    for (from, pass) in [(0, first), (first.len(), second)] {
        for (at, bytes) in pass.chunks(MAX_CHUNK).enumerate() {
            let position = (from + at * MAX_CHUNK) as u32;
            last = exchange(device, Command::ExtensionChunk { position, bytes });
        }
    }
    last
}

/// Without curve arithmetic, which has no part in what is refused here; SHA-256 is the real one.
fn toy() -> SimDevice {
    let mut device = SimDevice::boot(World::repeatable(Keys::toy(), 2, 0));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    PRECOMMIT.sign(&mut device).unwrap();
    device
}

#[test]
fn a_second_pass_that_differs_in_any_one_byte_gets_no_signature() {
    let mut device = toy();
    for size in 1..=600 {
        let first = content(size);
        let mut second = first.clone();
        for at in 0..size {
            second[at] ^= 1 << (at % 8);
            assert_eq!(
                two(&mut device, &first, &second),
                (vec![], Status::ExtensionDiffers),
                "{at} of {size}"
            );
            assert!(!device.world.is_streaming());
            second[at] = first[at];
        }
        assert_eq!(two(&mut device, &first, &second).1, Status::Ok);
    }
}

#[test]
fn nor_does_one_of_a_longer_content_and_nothing_can_be_had_from_the_remains() {
    let mut device = committed();
    for size in [601, 1_000, 2_048, 20_480, 100_000] {
        let first = content(size);
        let apart = [0, 1, 62, 63, 64, 127, 250, 251, size / 2, size - 252, size - 251, size - 2, size - 1];
        for at in apart {
            let mut second = first.clone();
            second[at] ^= 0x80;
            assert_eq!(
                two(&mut device, &first, &second),
                (vec![], Status::ExtensionDiffers),
                "{at} of {size}"
            );
            // The last chunk once more, as it was and as it should have been; the pass; both.
            let rest: Vec<Vec<u8>> = extend(&first).chunks(MAX_CHUNK).collect();
            is_over(&mut device, &rest[rest.len() - 3..]);
            is_over(&mut device, &rest[..1]);
        }
        assert_eq!(two(&mut device, &first, &first).1, Status::Ok);
    }
}

#[test]
fn a_byte_moved_from_one_place_to_another_is_noticed() {
    let mut device = committed();
    let first = content(300);
    for (from, to) in [(0, 1), (0, 299), (250, 251), (17, 81)] {
        let mut second = first.clone();
        second.swap(from, to);
        assert_ne!(first, second);
        assert_eq!(two(&mut device, &first, &second), (vec![], Status::ExtensionDiffers));
    }
}

#[test]
fn a_chunk_that_does_not_follow_ends_the_stream() {
    // Of 30 bytes in chunks of 10, from every state of the stream every other position and length.
    let all = content(30);
    for sent in 0..6_usize {
        let next = 10 * sent;
        for position in (0..80).chain([1 << 16, u32::MAX - 9, u32::MAX]) {
            for len in [0, 1, 9, 10, 11, 20, 21, 29, 30, 31, 60, 100, MAX_CHUNK] {
                let left = 30 - next % 30;
                if position as usize == next && (1..=left).contains(&len) {
                    continue;
                }
                let mut device = toy();
                let rest = opened(&mut device, extend(&all), 10, sent);
                let bytes = vec![7; len];
                let wrong = Command::ExtensionChunk { position, bytes: &bytes };
                let refused = exchange(&mut device, wrong);
                assert_eq!(refused, (vec![], Status::ExtensionOrder), "{len} at {position} after {sent}");
                is_over(&mut device, &rest);
            }
        }
    }
}

#[test]
fn a_chunk_without_a_stream_is_out_of_order() {
    let mut device = committed();
    for position in [0, 1, u32::MAX] {
        for bytes in [&[][..], &[1]] {
            let chunk = Command::ExtensionChunk { position, bytes };
            assert_eq!(exchange(&mut device, chunk), (vec![], Status::ExtensionOrder));
        }
    }
    // A repeat of the last chunk after the signature left.
    let all = content(20);
    let rest = opened(&mut device, extend(&all), 20, 1);
    assert_eq!(raw(&mut device, &rest[0]).0.len(), 64);
    is_over(&mut device, &rest);
}

#[test]
fn a_malformed_command_of_a_stream_ends_it_and_one_that_is_whole_does_not() {
    let all = content(20);
    for wrong in [
        &[0xe0, ins::SIGN_EXTENSION, 2, 0, 3, 0, 0, 0][..],
        &[0xe0, ins::SIGN_EXTENSION, 2, 1, 5, 0, 0, 0, 0, 1],
        &[0xe0, ins::SIGN_EXTENSION, 2, 0, 9, 0, 0, 0, 0, 1],
        &[0xe0, ins::SIGN_EXTENSION, 1, 0, 1, 0],
        &[0xe0, ins::SIGN_EXTENSION, 3, 0, 0],
        &[0xe0, ins::SIGN_EXTENSION, 2, 0],
    ] {
        let mut device = committed();
        let rest = opened(&mut device, extend(&all), 10, 2);
        assert_ne!(raw(&mut device, wrong).1, Status::Ok, "{wrong:02x?}");
        is_over(&mut device, &rest);
    }
    let mut device = committed();
    let rest = opened(&mut device, extend(&all), 10, 3);
    let whole = Extend { round: 9, ..extend(b"x") }.sign(&mut device);
    assert_eq!(whole, Err(Status::NoPrecommit));
    assert_eq!(raw(&mut device, &rest[0]).0.len(), 64);
}
