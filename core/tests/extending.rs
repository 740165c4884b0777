//! Vote extensions: when one is signed, and what ends the stream of a long one.

use highwater_core::apdu::{ChainState, Command, MAX_CHUNK, Status, ins};
use highwater_core::canonical::Frame;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
use highwater_sim::audit::Auditor;
use highwater_sim::extend::signature;
use highwater_sim::{Extend, Fault, SimDevice, Tear, World};

use crate::stage::{
    Ask, CHAIN, PREVOTE, approved, armed, chain, exchange, hrs, named, raw, set_mark, status,
};

pub(crate) const PRECOMMIT: Ask = Ask { step: Step::Precommit, ..PREVOTE };
const OTHER: &str = "stage-2";

/// A device whose mark is a precommit for a block.
pub(crate) fn committed() -> SimDevice {
    let mut device = armed();
    PRECOMMIT.sign(&mut device).unwrap();
    device
}

pub(crate) fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * at / 7 + at) as u8).collect()
}

pub(crate) fn extend(content: &[u8]) -> Extend<'_> {
    Extend::of(&PRECOMMIT, content)
}

/// An auditor that knows the key and the precommit.
fn auditor(device: &mut SimDevice) -> Auditor {
    let mut auditor = Auditor::default();
    let (key, _) = exchange(device, Command::GetPublicKey(chain(CHAIN)));
    auditor.key(CHAIN, key.try_into().unwrap());
    let signed = PRECOMMIT.sign(device).unwrap();
    auditor.released(&PRECOMMIT.bytes(), &signed.signature).unwrap();
    auditor
}

/// Opens a stream and sends its first chunks; gives those that are left.
pub(crate) fn opened(device: &mut SimDevice, extend: Extend<'_>, size: usize, sent: usize) -> Vec<Vec<u8>> {
    assert_eq!(raw(device, &extend.begin()), (vec![], Status::Ok));
    let mut chunks: Vec<Vec<u8>> = extend.chunks(size).collect();
    for chunk in chunks.drain(..sent) {
        assert_eq!(raw(device, &chunk), (vec![], Status::Ok));
    }
    chunks
}

/// The next chunk is refused so, and the stream is over: what follows is out of order.
#[track_caller]
fn is_dropped(device: &mut SimDevice, rest: &[Vec<u8>], status: Status) {
    let refused = raw(device, &rest[0]);
    assert_eq!(refused.1, status);
    assert!(refused.0.is_empty() || refused.0.len() == Hrs::SIZE, "no signature");
    is_over(device, rest);
}

#[track_caller]
pub(crate) fn is_over(device: &mut SimDevice, rest: &[Vec<u8>]) {
    assert!(!device.world.is_streaming(), "nonce and hashes are wiped");
    for chunk in rest {
        assert_eq!(raw(device, chunk), (vec![], Status::ExtensionOrder));
    }
}

#[test]
fn an_extension_of_any_size_is_signed_whole_and_in_chunks() {
    let mut device = committed();
    let mut auditor = auditor(&mut device);
    let writes = device.world.medium.writes();
    for size in [0, 1, 9, 127, 128, 200, 201, 215, 216, 255, 600, 2_048, 20_480] {
        let content = content(size);
        let extend = extend(&content);
        let signed = extend.sign(&mut device).unwrap();
        auditor.released(&extend.bytes(), &signed).unwrap();
        if size > 0 {
            for chunk in [1, 7, 100, MAX_CHUNK] {
                let streamed = extend.stream(&mut device, chunk).unwrap();
                auditor.released(&extend.bytes(), &streamed).unwrap();
                // A nonce of its own.
                assert_ne!(streamed[..32], signed[..32], "{size} by {chunk}");
            }
        }
        // Another content for the same precommit is as good: nobody is slashed for it. So is the same one again, whose
        // signature is another one: what a fault spoils in one is not to be compared with the other.
        let again = extend.sign(&mut device).unwrap();
        auditor.released(&extend.bytes(), &again).unwrap();
        assert_ne!(again[..32], signed[..32], "{size} again");
    }
    assert_eq!(device.world.medium.writes(), writes, "nothing is written");
    assert_eq!(device.world.early, None);
}

#[test]
fn one_of_a_mebibyte_is_signed() {
    let mut device = committed();
    let mut auditor = auditor(&mut device);
    let content = content(1 << 20);
    let signed = extend(&content).stream(&mut device, MAX_CHUNK).unwrap();
    auditor.released(&extend(&content).bytes(), &signed).unwrap();
    let longer = Frame { length: (1 << 20) + 1, ..extend(&content).frame() };
    for frame in [longer, Frame { length: u32::MAX, ..longer }, Frame { length: 0, ..longer }] {
        let refused = exchange(&mut device, Command::BeginExtension(frame));
        assert_eq!(refused, (vec![12], Status::NotCanonical), "{}", frame.length);
    }
}

#[test]
fn the_vectors_are_signed_whole() {
    let text = ["e1", "e2", "e3"].map(|name| {
        let file = format!("{}/tests/vectors/accept/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(file).unwrap()
    });
    let asks = [(3, 2, &b"extension"[..]), (3, 0, b""), (1, 0, &[0x5a; 200])];
    for ((height, round, content), text) in asks.into_iter().zip(text) {
        let vector = text.lines().find_map(|line| line.strip_prefix("hex: "));
        let extend = Extend { chain: "test_chain_id", height, round, content };
        assert_eq!(extend.bytes(), hex::decode(vector.unwrap().trim()).unwrap());
        let mut device = SimDevice::boot(World::new(b"vectors", 8));
        crate::stage::add(&mut device, "test_chain_id", Hrs::default()).unwrap();
        let precommit = Ask { height, round, chain: "test_chain_id", ..PRECOMMIT };
        assert_eq!(extend.sign(&mut device), Err(Status::NoPrecommit));
        precommit.sign(&mut device).unwrap();
        assert!(extend.sign(&mut device).is_ok());
    }
}

#[test]
fn g1_an_extension_leaves_only_while_the_mark_is_its_own_precommit() {
    let mut device = committed();
    let own = extend(b"x");
    assert!(own.sign(&mut device).is_ok());
    let mark = PRECOMMIT.hrs().to_bytes().to_vec();
    for other in [
        Extend { round: 4, ..own },
        Extend { round: 6, ..own },
        Extend { height: 9, ..own },
        Extend { height: 11, ..own },
    ] {
        let refused = (mark.clone(), Status::NoPrecommit);
        assert_eq!(raw(&mut device, &other.whole().unwrap()), refused, "{other:?}");
        assert_eq!(raw(&mut device, &other.begin()), refused, "{other:?}");
    }
    for id in [OTHER, "stage-10", "Stage-1"] {
        assert_eq!(Extend { chain: id, ..own }.sign(&mut device), Err(Status::UnknownChain));
    }
    // Signed on, nil at its place, set by the owner, a prevote: none is the precommit for a block.
    Ask { round: 6, ..PREVOTE }.sign(&mut device).unwrap();
    assert_eq!(own.sign(&mut device), Err(Status::NoPrecommit));
    assert_eq!(Extend { round: 6, ..own }.sign(&mut device), Err(Status::NoPrecommit));
    Ask { round: 6, block: 0, ..PRECOMMIT }.sign(&mut device).unwrap();
    assert_eq!(Extend { round: 6, ..own }.sign(&mut device), Err(Status::NoPrecommit));
    set_mark(&mut device, hrs(12, 0, Step::Precommit)).unwrap();
    assert_eq!(Extend { height: 12, round: 0, ..own }.sign(&mut device), Err(Status::NoPrecommit));
}

#[test]
fn a_locked_device_signs_and_one_of_another_seed_or_an_unclear_chain_does_not() {
    let mut device = committed();
    device.world.unlocked = false;
    assert!(extend(b"x").sign(&mut device).is_ok());
    assert!(extend(&content(300)).sign(&mut device).is_ok());
    let mut other = World::new(b"another", 8);
    other.medium.restore(device.world.medium.pages());
    let mut other = SimDevice::boot(other);
    assert_eq!(extend(b"x").sign(&mut other), Err(Status::OtherSeed));
    assert_eq!(extend(b"x").stream(&mut other, 1), Err(Status::OtherSeed));
    (0..2).for_each(|copy| device.world.medium.rot(Rings::equal(8).record_page(0, 2, copy), [0xa5; 64]));
    assert_eq!(extend(b"x").sign(&mut device), Err(Status::Unclear));
    assert_eq!(extend(b"x").stream(&mut device, 1), Err(Status::Unclear));
}

#[test]
fn bytes_that_are_no_canonical_extension_are_refused_with_the_rule_they_break() {
    let mut device = committed();
    let bytes = extend(b"x").bytes();
    let vote = PRECOMMIT.bytes();
    for (wrong, rule) in [(&bytes[..bytes.len() - 1], 1), (&[][..], 1), (&vote, 5)] {
        let refused = exchange(&mut device, Command::SignExtension(wrong));
        assert_eq!(refused, (vec![rule], Status::NotCanonical), "{}", hex::encode(wrong));
    }
    assert_eq!(exchange(&mut device, Command::Sign(&bytes)).1, Status::NotCanonical, "nor is it a vote");
    for p1 in [3, 4, 0x80, 0xff] {
        assert_eq!(raw(&mut device, &[0xe0, ins::SIGN_EXTENSION, p1, 0, 0]).1, Status::Parameters);
    }
    for p1 in 0..3 {
        let apdu = [0xe0, ins::SIGN_EXTENSION, p1, 1, 4, 0, 0, 0, 0];
        assert_eq!(raw(&mut device, &apdu).1, Status::Parameters);
    }
}

#[test]
fn a_refusal_is_remembered_with_its_place() {
    let mut device = committed();
    assert_eq!(Extend { height: 9, ..extend(b"x") }.sign(&mut device), Err(Status::NoPrecommit));
    let events =
        highwater_core::apdu::EventList::parse(&exchange(&mut device, Command::GetEvents).0).unwrap();
    let event = events.events[0].unwrap();
    assert_eq!((event.status, event.slot, event.count), (Status::NoPrecommit, 0, 1));
    assert_eq!(event.asked, hrs(9, 5, Step::Precommit).to_bytes());
}

#[test]
fn while_the_guard_is_gone_nothing_leaves() {
    let mut device = committed();
    let content = content(9);
    let rest = opened(&mut device, extend(&content), 9, 1);
    device.world.stack_intact = false;
    assert_eq!(raw(&mut device, &extend(b"x").whole().unwrap()), (vec![], Status::Internal));
    is_dropped(&mut device, &rest, Status::Internal);
}

#[test]
fn what_a_stream_is_bound_to_must_stay() {
    // Each of these between two chunks, in the first pass and in the second.
    type Meanwhile = fn(&mut SimDevice);
    let events: [(&str, Meanwhile, Status); 9] = [
        (
            "the chain signs on",
            |d| assert!(Ask { height: 11, ..PREVOTE }.sign(d).is_ok()),
            Status::NoPrecommit,
        ),
        ("the owner raises", |d| assert!(set_mark(d, hrs(11, 0, Step::None)).is_ok()), Status::NoPrecommit),
        ("the owner sets it here", |d| assert!(set_mark(d, PRECOMMIT.hrs()).is_ok()), Status::NoPrecommit),
        ("removed", remove, Status::UnknownChain),
        ("removed, added and signed again", again, Status::NoPrecommit),
        ("the record rots", rot, Status::Unclear),
        ("restarted", SimDevice::reboot, Status::ExtensionOrder),
        ("another begins", |d| drop(raw(d, &extend(b"other").begin())), Status::ExtensionOrder),
        (
            "a refused one begins",
            |d| drop(raw(d, &Extend { height: 9, ..extend(b"x") }.begin())),
            Status::ExtensionOrder,
        ),
    ];
    let content = content(30);
    for (name, meanwhile, status) in events {
        for sent in 0..6 {
            let mut device = committed();
            let rest = opened(&mut device, extend(&content), 10, sent);
            meanwhile(&mut device);
            let (data, refused) = raw(&mut device, &rest[0]);
            // The new stream is as long as its content; the old one's first chunk is not in order there.
            assert_eq!(refused, status, "{name}, after {sent}");
            assert!(data.len() != 64);
            is_over(&mut device, &rest);
        }
    }
}

fn remove(device: &mut SimDevice) {
    let named = named(device);
    approved(device, Command::RemoveChain(named)).unwrap();
    assert_eq!(status(device, 0).0, ChainState::Tombstone);
    assert!(!device.world.is_streaming(), "it does not wait for the next chunk");
}

fn again(device: &mut SimDevice) {
    remove(device);
    crate::stage::add(device, CHAIN, Hrs::default()).unwrap();
    PRECOMMIT.sign(device).unwrap();
}

fn rot(device: &mut SimDevice) {
    (0..2).for_each(|copy| device.world.medium.rot(Rings::equal(8).record_page(0, 2, copy), [0xa5; 64]));
}

#[test]
fn the_mark_is_looked_at_once_more_right_before_the_last_step() {
    let mut device = committed();
    let content = content(20);
    let rest = opened(&mut device, extend(&content), 10, 3);
    // It rots after the last chunk was found to be in place, while its hash is computed.
    device.world.rots_at_digest = (0..2).map(|copy| Rings::equal(8).record_page(0, 2, copy)).collect();
    is_dropped(&mut device, &rest, Status::Unclear);
}

#[test]
fn what_other_chains_do_and_what_is_only_read_does_not_touch_it() {
    let mut device = committed();
    let mut auditor = auditor(&mut device);
    let add = Command::AddChain { chain: chain(OTHER), key_index: 1, mark: Hrs::default() };
    approved(&mut device, add).unwrap();
    let content = content(600);
    assert_eq!(raw(&mut device, &extend(&content).begin()).1, Status::Ok);
    let mut last = Vec::new();
    for (nth, chunk) in (1..).zip(extend(&content).chunks(50)) {
        last = device.exchange(&chunk);
        let other = Ask { chain: OTHER, height: nth, ..PRECOMMIT };
        other.sign(&mut device).unwrap();
        let short = Extend::of(&other, b"short");
        assert!(short.sign(&mut device).is_ok());
        assert_eq!(Extend { round: 9, ..short }.sign(&mut device), Err(Status::NoPrecommit));
        PRECOMMIT.sign(&mut device).unwrap();
        assert_eq!(Ask { block: 2, ..PRECOMMIT }.sign(&mut device), Err(Status::Conflict));
        for read in [Command::GetVersion, Command::GetEvents, Command::GetStatus { slot: 0 }] {
            assert_eq!(exchange(&mut device, read).1, Status::Ok);
        }
    }
    auditor.released(&extend(&content).bytes(), &signature(&last).unwrap()).unwrap();
}

#[test]
fn a_failed_append_ends_the_stream_of_its_chain() {
    let mut device = committed();
    let content = content(20);
    let rest = opened(&mut device, extend(&content), 10, 3);
    (0..40).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
    assert_eq!(Ask { height: 11, ..PREVOTE }.sign(&mut device), Err(Status::StorageFault));
    device.world.medium.calm();
    assert!(!device.world.is_streaming());
    // Nothing of the new record stood, so the mark is where it was; but nonce and hashes are gone.
    assert_eq!(raw(&mut device, &rest[0]), (vec![], Status::StorageFault));
    is_over(&mut device, &rest);
    assert!(extend(&content).stream(&mut device, 10).is_ok());
}
