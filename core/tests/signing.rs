//! (A signed), then (B asked): what comes back. As raw APDUs, so that no cache answers first.

use highwater_core::apdu::{Reply, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{Ask, PREVOTE, add, armed, exchange, hrs, raw, set_mark};

const PROPOSAL: Ask = Ask { step: Step::Proposal, ..PREVOTE };
const PRECOMMIT: Ask = Ask { step: Step::Precommit, ..PREVOTE };

/// What the device does with B after A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// A new signature, over what was asked.
    Signs,
    /// The signature of A, byte for byte, with A's timestamp.
    Again,
    Refuses(Status),
}

#[test]
fn g3_one_statement_per_hrs() {
    use Status::{Conflict, HeightRegression, Leap, RoundRegression, StepRegression, UnknownChain};
    use Then::{Again, Refuses, Signs};

    let (a, proposal, precommit) = (PREVOTE, PROPOSAL, PRECOMMIT);
    let table: &[(&str, Ask, Ask, Then)] = &[
        ("the same prevote", a, a, Again),
        ("the same precommit", precommit, precommit, Again),
        ("the same proposal", proposal, proposal, Again),
        ("the same nil prevote", Ask { block: 0, ..a }, Ask { block: 0, ..a }, Again),
        ("a later time, prevote", a, Ask { seconds: a.seconds + 1, ..a }, Again),
        ("an earlier time, prevote", a, Ask { seconds: a.seconds - 9, ..a }, Again),
        ("a time before 1970, prevote", a, Ask { seconds: -5, ..a }, Again),
        ("a later time, precommit", precommit, Ask { seconds: 5, ..precommit }, Again),
        ("a later time, nil", Ask { block: 0, ..a }, Ask { block: 0, seconds: 1, ..a }, Again),
        ("a later time, proposal", proposal, Ask { seconds: 1, ..proposal }, Refuses(Conflict)),
        ("another block, prevote", a, Ask { block: 2, ..a }, Refuses(Conflict)),
        ("another block, precommit", precommit, Ask { block: 2, ..precommit }, Refuses(Conflict)),
        ("another block, proposal", proposal, Ask { block: 2, ..proposal }, Refuses(Conflict)),
        ("nil after block, prevote", a, Ask { block: 0, ..a }, Refuses(Conflict)),
        ("nil after block, precommit", precommit, Ask { block: 0, ..precommit }, Refuses(Conflict)),
        ("block after nil, prevote", Ask { block: 0, ..a }, a, Refuses(Conflict)),
        ("block after nil, precommit", Ask { block: 0, ..precommit }, precommit, Refuses(Conflict)),
        ("another total", a, Ask { total: 2, ..a }, Refuses(Conflict)),
        ("another parts hash", a, Ask { parts: 2, ..a }, Refuses(Conflict)),
        ("another POL round", proposal, Ask { pol: Some(1), ..proposal }, Refuses(Conflict)),
        ("POL round 0 for none", proposal, Ask { pol: Some(0), ..proposal }, Refuses(Conflict)),
        ("none for POL round 3", Ask { pol: Some(3), ..proposal }, proposal, Refuses(Conflict)),
        ("another block and time", a, Ask { block: 2, seconds: 1, ..a }, Refuses(Conflict)),
        ("prevote after proposal", proposal, a, Signs),
        ("precommit after proposal", proposal, precommit, Signs),
        ("precommit after prevote", a, precommit, Signs),
        ("precommit nil after prevote", a, Ask { block: 0, ..precommit }, Signs),
        ("precommit of another block", a, Ask { block: 2, ..precommit }, Signs),
        ("proposal after prevote", a, proposal, Refuses(StepRegression)),
        ("proposal after precommit", precommit, proposal, Refuses(StepRegression)),
        ("prevote after precommit", precommit, a, Refuses(StepRegression)),
        ("round + 1, prevote", a, Ask { round: 6, ..a }, Signs),
        ("round + 1, proposal after precommit", precommit, Ask { round: 6, ..proposal }, Signs),
        ("round - 1, prevote", a, Ask { round: 4, ..a }, Refuses(RoundRegression)),
        ("round - 1, precommit after prevote", a, Ask { round: 4, ..precommit }, Refuses(RoundRegression)),
        ("round 0", a, Ask { round: 0, ..precommit }, Refuses(RoundRegression)),
        ("height + 1, round 0, proposal", precommit, Ask { height: 11, round: 0, ..proposal }, Signs),
        ("height + 1, round 7", precommit, Ask { height: 11, round: 7, ..a }, Signs),
        ("height - 1, precommit", a, Ask { height: 9, ..precommit }, Refuses(HeightRegression)),
        ("height - 1, higher round", a, Ask { height: 9, round: 9, ..a }, Refuses(HeightRegression)),
        ("height 1", a, Ask { height: 1, ..a }, Refuses(HeightRegression)),
        ("100,000 heights less those spent", a, Ask { height: 99_999, ..a }, Signs),
        ("a height beyond the credit", a, Ask { height: 100_001, ..a }, Refuses(Leap)),
        ("the last height there is", a, Ask { height: i64::MAX as u64, ..a }, Refuses(Leap)),
        ("1,000 rounds", a, Ask { round: 1_005, ..a }, Signs),
        ("1,001 rounds", a, Ask { round: 1_006, ..a }, Refuses(Leap)),
        ("1,000 rounds at a new height", a, Ask { height: 11, round: 1_000, ..a }, Signs),
        ("1,001 rounds at a new height", a, Ask { height: 11, round: 1_001, ..a }, Refuses(Leap)),
        ("another chain", a, Ask { chain: "stage-2", ..a }, Refuses(UnknownChain)),
        ("a chain of other case", a, Ask { chain: "Stage-1", ..a }, Refuses(UnknownChain)),
    ];
    for (name, first, second, then) in table {
        for restart in [false, true] {
            let mut device = armed();
            let signed = first.sign(&mut device).unwrap_or_else(|e| panic!("{name}: A: {e:?}"));
            if restart {
                device = device.restart();
            }
            // The credit is whole again after a restart; the table's figures are those of one life.
            if restart && name.contains("credit") {
                continue;
            }
            let writes = device.world.medium.writes();
            let answer = second.sign(&mut device);
            let written = device.world.medium.writes() - writes;
            match then {
                Signs => {
                    let new = answer.unwrap_or_else(|e| panic!("{name}: {e:?}"));
                    assert_ne!(new.signature, signed.signature, "{name}");
                    assert_eq!(written, 2, "{name}: two page writes");
                }
                Again => assert_eq!((answer, written), (Ok(signed), 0), "{name}, restart {restart}"),
                Refuses(status) => assert_eq!((answer, written), (Err(*status), 0), "{name}"),
            }
        }
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
