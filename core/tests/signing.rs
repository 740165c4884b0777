//! (A signed), then (B asked): what comes back. As raw APDUs, so that no cache answers first.

use highwater_core::apdu::{Command, Reply, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::audit::Auditor;
use highwater_sim::refusals;
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{Ask, PREVOTE, add, armed, chain, exchange, hrs, raw, set_mark};

const PRECOMMIT: Ask = Ask { step: Step::Precommit, ..PREVOTE };

/// A device with the chain of the table, and an auditor that knows its key.
fn at_the_table() -> (SimDevice, Auditor) {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    add(&mut device, refusals::CHAIN, Hrs::default()).unwrap();
    let (key, _) = exchange(&mut device, Command::GetPublicKey(chain(refusals::CHAIN)));
    let mut auditor = Auditor::default();
    auditor.key(refusals::CHAIN, key.try_into().unwrap());
    (device, auditor)
}

#[test]
fn g3_one_statement_per_hrs() {
    for row in refusals::table() {
        for restart in [false, true] {
            let (mut device, mut auditor) = at_the_table();
            let first = row.begin(&mut device, &mut auditor).unwrap();
            if restart {
                device = device.restart();
            }
            // The credit is whole again after a restart; the figures of these rows are those of one life.
            if !(restart && row.credit) {
                row.ask(&mut device, &mut auditor, first).unwrap();
            }
        }
    }
}

#[test]
fn the_rows_hold_one_after_another_on_one_device_too() {
    let (mut device, mut auditor) = at_the_table();
    for (row, nth) in refusals::table().iter().filter(|row| !row.credit).zip(1..) {
        let row = row.higher(20 * nth);
        let first = row.begin(&mut device, &mut auditor).unwrap();
        row.ask(&mut device, &mut auditor, first).unwrap();
    }
}

#[test]
fn refusals_for_their_place_carry_the_mark() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let ask = Ask { height: 9, ..PREVOTE };
    let (data, status) = exchange(&mut device, highwater_core::apdu::Command::Sign(&ask.bytes()));
    assert_eq!(status, Status::HeightRegression);
    assert_eq!(Hrs::from_bytes(&data.try_into().unwrap()), Some(hrs(10, 5, Step::Prevote)));
}

#[test]
fn a_mark_set_by_the_owner_has_no_statement() {
    let mut device = armed();
    set_mark(&mut device, hrs(10, 5, Step::Prevote)).unwrap();
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::NoStatement));
    assert!(PRECOMMIT.sign(&mut device).is_ok());
}

#[test]
fn g1_no_signature_before_its_mark_is_durable() {
    // Power vanishes, or a write fails, at each of the two writes: nothing leaves before both are read back.
    for nth in 0..2 {
        for tear in [Tear::Old, Tear::New, Tear::Garbage(1), Tear::Mixed(2)] {
            let mut device = armed();
            device.world.medium.plan(nth, Fault::Cut(tear));
            assert!(PREVOTE.sign(&mut device).is_err(), "write {nth}, {tear:?}");
        }
    }
    // A write that lies is caught by reading back: the next pair is used, so three more writes.
    let mut device = armed();
    device.world.medium.plan(1, Fault::Lies);
    let writes = device.world.medium.writes();
    assert!(PREVOTE.sign(&mut device).is_ok());
    assert_eq!(device.world.medium.writes() - writes, 4);
}

#[test]
fn a_failed_append_leaves_no_room_for_another_statement() {
    let mut device = armed();
    // Copy 1 of each pair within reach is written, copy 2 never: five writes, then the append gives up.
    (0..16).for_each(|nth| device.world.medium.plan(2 * nth + 1, Fault::Lies));
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault));
    device.world.medium.power_on();
    // What was half written is the mark now: the other statement is refused, the same one is signed.
    assert_eq!(Ask { block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Conflict));
    assert!(PREVOTE.sign(&mut device).is_ok());
}

#[test]
fn the_signature_kept_for_a_repeat_is_given_for_its_own_record_only() {
    let next = Ask { height: 11, ..PREVOTE };
    let signed = next.sign(&mut armed()).unwrap();
    // A vote is signed; the next one's record stands, but flash fails and its signature does not leave.
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    (0..16).for_each(|nth| device.world.medium.plan(2 * nth + 1, Fault::Lies));
    assert_eq!(next.sign(&mut device), Err(Status::StorageFault));
    device.world.medium.calm();
    assert_eq!(next.sign(&mut device), Ok(signed), "not the signature of the vote before");
    // Two chains whose newest records have one serial and one incarnation.
    let mut device = armed();
    add(&mut device, "stage-2", Hrs::default()).unwrap();
    let ours = PREVOTE.sign(&mut device).unwrap();
    let theirs = Ask { chain: "stage-2", ..PREVOTE };
    let signed = theirs.sign(&mut device).unwrap();
    assert_eq!((PREVOTE.sign(&mut device), theirs.sign(&mut device)), (Ok(ours), Ok(signed)));
    assert_ne!(ours, signed);
}

#[test]
fn g4_votes_only() {
    let mut device = armed();
    let bytes = PREVOTE.bytes();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            let mut apdu = vec![0xe0, 0x06, 0, 0, bytes.len() as u8];
            apdu.extend_from_slice(&bytes);
            let (data, status) = raw(&mut device, &apdu);
            // Another height, round, hash or time is another vote and may be signed; nothing else is.
            if highwater_core::canonical::Message::parse(&bytes).is_err() {
                assert_eq!((status, data.len()), (Status::NotCanonical, 1), "byte {at}, bit {bit}");
                refused += 1;
            }
        }
    }
    assert!(refused > 200, "{refused} refused");
    for instruction in 0..=u8::MAX {
        let (data, status) = raw(&mut device, &[0xe0, instruction, 0, 0, 4, 1, 2, 3, 4]);
        assert!(status != Status::Ok || data.len() < 64, "INS {instruction:02x} signed raw bytes");
    }
}

#[test]
fn no_key_is_derived_for_a_signature() {
    let mut device = armed();
    let before = device.world.keys.derivations();
    for height in 20..40 {
        Ask { height, ..PREVOTE }.sign(&mut device).unwrap();
    }
    assert_eq!(device.world.keys.derivations(), before);
}

#[test]
fn nothing_is_released_over_a_broken_stack_guard() {
    let mut device = armed();
    device.world.stack_intact = false;
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::Internal));
}

#[test]
fn leap_credit_is_spent_and_comes_back() {
    let mut device = armed();
    let at = |height| Ask { height, round: 0, ..PREVOTE };
    at(60_000).sign(&mut device).unwrap();
    assert_eq!(at(100_001).sign(&mut device), Err(Status::Leap));
    // 4 heights a second, ten ticks each.
    device.tick(10);
    at(100_001).sign(&mut device).unwrap();
    assert_eq!(at(100_005).sign(&mut device), Err(Status::Leap));
    // The owner's approval restores it, for this chain.
    set_mark(&mut device, hrs(150_000, 0, Step::None)).unwrap();
    at(250_000).sign(&mut device).unwrap();
}

#[test]
fn another_seed_signs_nothing() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let mut world = World::new(b"passphrase", 8);
    world.medium.restore(device.world.medium.pages());
    let mut other = SimDevice::boot(world);
    assert_eq!(PRECOMMIT.sign(&mut other), Err(Status::OtherSeed));
    assert_eq!(add(&mut other, "stage-2", Hrs::default()), Err(Status::OtherSeed));
    let mut world = World::new(b"stage", 8);
    world.medium.restore(other.world.medium.pages());
    assert!(PRECOMMIT.sign(&mut SimDevice::boot(world)).is_ok(), "the first seed goes on");
}

#[test]
fn a_lost_installation_record_is_storage_damaged_never_made_anew() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    device.world.medium.rot(0, [0; 64]);
    let mut device = device.restart();
    assert!(PRECOMMIT.sign(&mut device).is_ok(), "one copy is repaired from the other");
    device.world.medium.rot(0, [0; 64]);
    device.world.medium.rot(1, [0; 64]);
    let mut device = device.restart();
    assert_eq!(Ask { height: 11, ..PREVOTE }.sign(&mut device), Err(Status::StorageDamaged));
    assert_eq!(add(&mut device, "stage-2", Hrs::default()), Err(Status::StorageDamaged));
}

#[test]
fn a_truncated_or_empty_sign_is_a_length_or_not_canonical() {
    let mut device = armed();
    let cases: [(&[u8], Status); 9] = [
        (&[], Status::Length),
        (&[0xe0], Status::Length),
        (&[0xe0, 0x06, 0], Status::Length),
        (&[0xe0, 0x06, 0, 0, 9, 1], Status::Length),
        (&[0xe0, 0x06, 0, 0, 0], Status::NotCanonical),
        (&[0xe0, 0x06, 1, 0, 0], Status::Parameters),
        (&[0xe0, 0x06, 0, 2, 0], Status::Parameters),
        (&[0x80, 0x06, 0, 0, 0], Status::Class),
        (&[0xe0, 0x7f, 0, 0, 0], Status::Instruction),
    ];
    for (apdu, expected) in cases {
        assert_eq!(raw(&mut device, apdu).1, expected, "{apdu:02x?}");
    }
    let long = [&[0xe0, 0x06, 0, 0, 255][..], &[1; 255]].concat();
    assert_eq!(raw(&mut device, &long).1, Status::NotCanonical);
    assert_eq!(Reply::split(&[0x90]), None);
}
