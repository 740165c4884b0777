//! What a record in flash permits to sign: its own statement at its own time, an extension of its own precommit.

use highwater_core::canonical::{Extension, MAX_MESSAGE, Message, Whole};
use highwater_core::env::Life;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::journal::{Durable, Record, Ring, Spare};
use highwater_core::layout::Installation;
use highwater_core::statement::Said;
use highwater_sim::{Ask, Extend, World};

use crate::keyless::Keyless;
use crate::stage::{CHAIN, PREVOTE};

const INSTALLATION: Installation = Installation { id: [7; 16], secret: [9; 32] };
const SLOT: u8 = 1;
const LIFE: Life = Life { slot: SLOT, incarnation: 3 };
const RING: Ring<'_> = Ring { slot: SLOT, installation: &INSTALLATION };
const PRECOMMIT: Ask = Ask { step: Step::Precommit, ..PREVOTE };
const PROPOSAL: Ask = Ask { step: Step::Proposal, pol: Some(1), ..PREVOTE };

/// The record of `ask`, appended to a ring whose newest has serial 6; or read there again.
fn durable<'r>(world: &mut World, ask: &Ask, again: bool, record: &'r mut Record) -> Durable<'r> {
    let bytes = ask.bytes();
    let message = Message::parse(&bytes).unwrap();
    let said = Said::of(world, &message);
    let asked = said.asked();
    let nil = message.block.is_none();
    *record = Record::signed(LIFE.incarnation, asked.hrs, nil, &asked.statement, asked.timestamp);
    let durable = if again {
        let _ = RING.append(world, 6, record).unwrap();
        RING.newest(world, 7, LIFE.incarnation, record).unwrap()
    } else {
        RING.append(world, 6, record).unwrap()
    };
    assert_eq!((durable.life(), durable.record().serial), (LIFE, 7));
    durable
}

/// What is signed when `wanted` is asked for on the strength of a record.
fn signs(world: &mut World, durable: Durable<'_>, wanted: &Ask) -> Option<Vec<u8>> {
    let bytes = wanted.bytes();
    let message = Message::parse(&bytes).unwrap();
    let said = Said::of(world, &message);
    let mut out = [0; MAX_MESSAGE];
    let what = durable.statement(world, &said, &mut out)?;
    assert_eq!(what.life(), LIFE);
    Some(what.bytes().to_vec())
}

#[test]
fn g1_a_record_permits_its_own_statement_at_its_own_time_and_no_other() {
    let world = &mut World::new(b"permits", 4);
    let mut record = Record::NONE;
    let record = &mut record;
    for own in [PREVOTE, PRECOMMIT, PROPOSAL, Ask { block: 0, ..PREVOTE }] {
        let others = [
            Ask { block: own.block + 1, ..own },
            Ask { height: own.height + 1, ..own },
            Ask { round: own.round + 1, ..own },
            if own.step == Step::Prevote { PRECOMMIT } else { PREVOTE },
            if own.step == Step::Proposal { PREVOTE } else { PROPOSAL },
            Ask { chain: "stage-2", ..own },
        ];
        for again in [false, true] {
            for wanted in [own, Ask { seconds: own.seconds + 9, ..own }] {
                let newest = durable(world, &own, again, record);
                assert_eq!(signs(world, newest, &wanted), Some(own.bytes()), "{wanted:?}");
            }
            for other in others {
                let newest = durable(world, &own, again, record);
                assert_eq!(signs(world, newest, &other), None, "{other:?}");
            }
        }
    }
}

#[test]
fn g1_a_message_that_changed_after_it_was_recorded_is_not_signed() {
    let world = &mut World::new(b"permits", 4);
    let bytes = PREVOTE.bytes();
    let message = Message::parse(&bytes).unwrap();
    let said = Said::of(world, &message);
    for again in [false, true] {
        let mut record = Record::NONE;
        let durable = durable(world, &PREVOTE, again, &mut record);
        // Hashes as if a bit of the message had fallen over since it was judged.
        let mut fell_over = Keyless { hash: Some([9; 32]), ..Keyless::default() };
        assert!(durable.statement(&mut fell_over, &said, &mut [0; MAX_MESSAGE]).is_none());
    }
}

#[test]
fn g1_a_mark_without_a_statement_permits_nothing() {
    let world = &mut World::new(b"permits", 4);
    for mark in [Hrs::ZERO, PREVOTE.hrs(), PRECOMMIT.hrs()] {
        let mut record = Record::mark_only(LIFE.incarnation, mark, mark);
        for asked in [PREVOTE, PRECOMMIT] {
            let set = RING.append(world, 6, &mut record).unwrap();
            assert_eq!(signs(world, set, &asked), None, "{mark}");
        }
        assert!(RING.append(world, 6, &mut record).unwrap().precommitted(&mark).is_none());
    }
    // A page that was filled is no record that anything rests on, whatever it names.
    RING.fill_dead(world, &Record::filler(LIFE.incarnation, 3, PREVOTE.hrs()), Spare::Nothing, 0..8);
    assert!(RING.newest(world, 3, LIFE.incarnation, &mut { Record::NONE }).is_err());
}

#[test]
fn g1_a_precommit_permits_an_extension_of_its_own_place_and_nothing_else_does() {
    let world = &mut World::new(b"permits", 4);
    let mut record = Record::NONE;
    let record = &mut record;
    let Ask { height, round, .. } = PRECOMMIT;
    let extension = |height, round| Extend { chain: CHAIN, height, round, content: b"said" }.bytes();
    let own = extension(height, round);
    for (ask, bytes) in [
        (PRECOMMIT, extension(height + 1, round)),
        (PRECOMMIT, extension(height, round + 1)),
        (PREVOTE, own.clone()),
        (PROPOSAL, own.clone()),
        (Ask { block: 0, ..PRECOMMIT }, own.clone()),
    ] {
        let whole = Whole::parse(&bytes).unwrap();
        assert!(durable(world, &ask, false, record).extension(&whole).is_none(), "{ask:?} {bytes:02x?}");
        let Extension { height, round, .. } = *whole.extension();
        let at = Hrs::precommit(height, round);
        assert!(durable(world, &ask, false, record).precommitted(&at).is_none(), "{ask:?} {at}");
    }
    let whole = Whole::parse(&own).unwrap();
    let what = durable(world, &PRECOMMIT, true, record).extension(&whole).unwrap();
    assert_eq!((what.life(), what.bytes()), (LIFE, &own[..]));
    let permit = durable(world, &PRECOMMIT, true, record).precommitted(&PRECOMMIT.hrs()).unwrap();
    assert_eq!((permit.life(), permit.serial()), (LIFE, 7));
    assert!(Whole::parse(&PRECOMMIT.bytes()).is_err(), "a vote is no extension");
}
