//! What a second reader tried, who knew the code and the guarantees and not the proof: each attack by its name.

use highwater_core::apdu::{ChainState, Command, Named, PromptState, Status};
use highwater_core::env::Crypto;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout::entry_page;
use highwater_core::rings::Rings;
use highwater_sim::audit::Auditor;
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{
    Ask, CHAIN, PREVOTE, add, approved, chain, exchange, hrs, named, outcome, raise, raw, set_mark, status,
};

/// A chain whose name is one bit away from [`CHAIN`], and which signs with the same key.
const NEIGHBOUR: &str = "stage-0";

/// The name on a page of an entry of [`CHAIN`] becomes [`NEIGHBOUR`]: one bit.
fn rename(device: &mut SimDevice, page: u16) {
    let mut cell = device.world.medium.pages()[usize::from(page)];
    let at = cell.windows(7).position(|bytes| bytes == CHAIN.as_bytes()).unwrap() + 6;
    cell[at] ^= 1;
    device.world.medium.rot(page, cell);
}

#[test]
fn a_name_that_rots_into_another_chains_name_opens_no_second_ring_for_it() {
    // Slot 0 holds the young chain, slot 1 the old one; one bit of one page makes the first bear the second's name.
    for copy in 0..2 {
        let mut device = SimDevice::boot(World::new(b"stage", 8));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        add(&mut device, NEIGHBOUR, Hrs::default()).unwrap();
        let vote = Ask { chain: NEIGHBOUR, ..PREVOTE };
        let first = vote.sign(&mut device).unwrap();
        rename(&mut device, entry_page(0, copy));
        assert_eq!(Ask { block: 2, ..vote }.sign(&mut device), Err(Status::Conflict), "copy {copy}");
        assert_eq!(vote.sign(&mut device), Ok(first), "copy {copy}");
        assert!(PREVOTE.sign(&mut device).is_ok(), "copy {copy}: the other copy still says the name");
    }
}

#[test]
fn a_name_that_rots_into_one_never_approved_is_signed_for_nowhere() {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    rename(&mut device, entry_page(0, 0));
    assert_eq!((Ask { chain: NEIGHBOUR, ..PREVOTE }).sign(&mut device), Err(Status::UnknownChain));
    assert!(PREVOTE.sign(&mut device).is_ok());
}

#[test]
fn a_lowering_under_way_forgets_nothing_that_was_signed_before_a_fault() {
    for (pairs, turns) in [(2, 0), (2, 1), (3, 0), (3, 1), (8, 0), (8, 1)] {
        let mut device = SimDevice::boot(World::new(b"stage", pairs));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        PREVOTE.sign(&mut device).unwrap();
        set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
        let named = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
        let (data, word) = exchange(&mut device, Command::SetMark { named, to: hrs(11, 0, Step::None) });
        assert_eq!(word, Status::Ok);
        let ticket = u32::from_le_bytes(data.try_into().unwrap());
        device.paced = true;
        device.decide(ticket, true);
        (0..turns).for_each(|_| device.step());
        // Between the press and the commit: a signature, and one whose writes fail.
        let vote = Ask { height: 51, ..PREVOTE };
        vote.sign(&mut device).unwrap();
        (0..8).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
        assert_eq!((Ask { height: 52, ..PREVOTE }).sign(&mut device), Err(Status::StorageFault));
        device.world.medium.calm();
        device.finish_work();
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Moved, "{pairs} pairs");
        assert_eq!(status(&mut device, 0).0, ChainState::Armed, "{pairs} pairs");
        assert_eq!(Ask { block: 2, ..vote }.sign(&mut device), Err(Status::Conflict), "{pairs} pairs");
    }
}

#[test]
fn a_lowering_is_not_carried_out_in_a_slot_that_was_read_in_vain() {
    for turns in [0, 1] {
        let mut device = SimDevice::boot(World::new(b"stage", 8));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        PREVOTE.sign(&mut device).unwrap();
        set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
        device.paced = true;
        let named = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
        let ticket = raise(&mut device, Command::SetMark { named, to: hrs(11, 0, Step::None) });
        device.decide(ticket, true);
        (0..turns).for_each(|_| device.step());
        let vote = Ask { height: 51, ..PREVOTE };
        vote.sign(&mut device).unwrap();
        // One copy of the vote rots, and nothing can be written until the slot was read again, in vain.
        device.world.medium.rot(Rings::equal(8).record_page(0, 4, 0), [0xa5; 64]);
        (0..100).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
        assert_eq!((Ask { height: 52, ..PREVOTE }).sign(&mut device), Err(Status::StorageFault));
        while device.is_reading() {
            device.step();
        }
        device.world.medium.calm();
        device.finish_work();
        let ended = outcome(&mut device, ticket);
        assert_eq!(
            (ended.state, ended.status),
            (PromptState::Failed, Status::StorageFault.word()),
            "{turns}"
        );
        assert_eq!(status(&mut device, 0).1, vote.hrs(), "{turns}");
        assert_eq!(Ask { block: 2, ..vote }.sign(&mut device), Err(Status::Conflict), "{turns}");
    }
}

#[test]
fn a_tombstone_whose_name_rots_is_neither_forgotten_nor_taken_over_under_it() {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    PREVOTE.sign(&mut device).unwrap();
    let buried = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
    approved(&mut device, Command::RemoveChain(buried)).unwrap();
    rename(&mut device, entry_page(0, 0));
    let stranger = Named { chain: chain(NEIGHBOUR), ..buried };
    assert_eq!(exchange(&mut device, Command::ForgetChain(stranger)).1, Status::UnknownChain);
    add(&mut device, NEIGHBOUR, Hrs::default()).unwrap();
    let slots = [0, 1].map(|slot| status(&mut device, slot));
    assert_eq!((slots[0].0, slots[0].1), (ChainState::Tombstone, PREVOTE.hrs()), "the final mark is kept");
    assert_eq!(slots[1].0, ChainState::Armed);
}

#[test]
fn two_chains_of_one_key_share_neither_mark_nor_kept_signature() {
    // Both ask for the same places in turn: each answer must be of its own chain, and the same whenever it is repeated.
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    add(&mut device, NEIGHBOUR, Hrs::default()).unwrap();
    let mut auditor = Auditor::default();
    for chain in [CHAIN, NEIGHBOUR] {
        auditor.key(chain, device.world.public_key(0).unwrap());
    }
    for height in 1..20 {
        let [one, other] = [CHAIN, NEIGHBOUR].map(|chain| Ask { chain, height, ..PREVOTE });
        let first = [one, other].map(|ask| ask.sign(&mut device).unwrap());
        assert_ne!(first[0].signature, first[1].signature);
        for _ in 0..3 {
            for (ask, first) in [one, other].into_iter().zip(first) {
                // Signed anew each time, since the other's is the one that is kept: no nonce of it is another.
                assert_eq!(ask.sign(&mut device), Ok(first));
                auditor.released(&ask.signed_bytes(&first), &first.signature).unwrap();
            }
        }
        assert_eq!(Ask { block: 2, ..one }.sign(&mut device), Err(Status::Conflict));
    }
}

#[test]
fn a_kept_signature_does_not_outlive_the_life_it_was_made_in() {
    // The owner begins the chain anew below what was signed; what was kept must not answer for the new life.
    let mut device = SimDevice::boot(World::new(b"stage", 2));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    let first = PREVOTE.sign(&mut device).unwrap();
    let named = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
    approved(&mut device, Command::RemoveChain(named)).unwrap();
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain), "not even the repeat");
    approved(&mut device, Command::ForgetChain(named)).unwrap();
    let index = Command::AddChain { chain: chain(CHAIN), key_index: 7, mark: Hrs::default() };
    approved(&mut device, index).unwrap();
    let again = PREVOTE.sign(&mut device).unwrap();
    assert_ne!(again.signature, first.signature, "another key now");
    let mut auditor = Auditor::default();
    auditor.key(CHAIN, device.world.public_key(7).unwrap());
    auditor.released(&PREVOTE.signed_bytes(&again), &again.signature).unwrap();
}

#[test]
fn the_last_place_there_is_can_be_signed_once_and_nothing_overflows_behind_it() {
    let mut device = SimDevice::boot(World::new(b"stage", 3));
    let (height, round) = (i64::MAX as u64, i32::MAX as u32);
    add(&mut device, CHAIN, hrs(height, round - 1, Step::Precommit)).unwrap();
    let last = Ask { height, round, step: Step::Precommit, ..PREVOTE };
    let proposal = Ask { step: Step::Proposal, pol: Some(round - 1), ..last };
    proposal.sign(&mut device).unwrap();
    assert_eq!(Ask { pol: None, ..proposal }.sign(&mut device), Err(Status::Conflict), "another POL round");
    assert_eq!(Ask { total: u32::MAX, ..proposal }.sign(&mut device), Err(Status::Conflict));
    last.sign(&mut device).unwrap();
    let device = &mut device;
    assert_eq!(Ask { block: 2, ..last }.sign(device), Err(Status::Conflict));
    assert_eq!(Ask { step: Step::Prevote, ..last }.sign(device), Err(Status::StepRegression));
    assert_eq!(Ask { round: 0, ..last }.sign(device), Err(Status::RoundRegression));
    assert_eq!(Ask { height: 1, ..last }.sign(device), Err(Status::HeightRegression));
    // One more, as the wire would hold it: minus 2^63.
    let mut over = last.apdu();
    let at = over.windows(9).position(|bytes| bytes[0] == 0x11).unwrap();
    over[at + 1..at + 9].copy_from_slice(&(1u64 << 63).to_le_bytes());
    assert_eq!(raw(device, &over).1, Status::NotCanonical);
    device.reboot();
    assert_eq!(status(device, 0).1, last.hrs());
}

#[test]
fn nothing_a_host_repeats_without_a_finger_costs_a_page() {
    let mut device = SimDevice::boot(World::new(b"stage", 8));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    PREVOTE.sign(&mut device).unwrap();
    let named = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
    let before = device.world.medium.writes();
    for turn in 0..500u32 {
        let seconds = i64::from(turn);
        assert!(Ask { seconds, ..PREVOTE }.sign(&mut device).is_ok());
        for refused in [
            Ask { block: 2, ..PREVOTE },
            Ask { height: 9, ..PREVOTE },
            Ask { height: 1 << 40, ..PREVOTE },
            Ask { chain: NEIGHBOUR, ..PREVOTE },
        ] {
            assert!(refused.sign(&mut device).is_err());
        }
        for command in [
            Command::GetVersion,
            Command::GetStatus { slot: (turn % 3) as u8 },
            Command::GetPublicKey(chain(CHAIN)),
            Command::SetMark { named, to: hrs(20, 0, Step::None) },
            Command::RemoveChain(named),
            Command::ShowKey(chain(CHAIN)),
            Command::ForgetSlot(0),
            Command::PromptStatus(turn),
        ] {
            let (data, word) = exchange(&mut device, command);
            if word == Status::Ok && command.ins() >= 0x20 && data.len() == 4 {
                let ticket = u32::from_le_bytes(data.try_into().unwrap());
                assert_eq!(exchange(&mut device, Command::PromptCancel(ticket)).1, Status::Ok);
            }
        }
        assert!(raw(&mut device, &[0xe0, 0x06, 0, 0, 3, 2, 8, 1]).1 == Status::NotCanonical);
        device.step();
        device.tick(7);
    }
    assert_eq!(device.world.medium.writes(), before);
}

#[test]
fn power_lost_between_a_press_and_its_work_leaves_all_as_it_was() {
    for command in ["lower", "add"] {
        let mut device = SimDevice::boot(World::new(b"stage", 8));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        PREVOTE.sign(&mut device).unwrap();
        set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
        let named = Named { chain: chain(CHAIN), incarnation: status(&mut device, 0).2 };
        let (data, word) = exchange(
            &mut device,
            match command {
                "lower" => Command::SetMark { named, to: hrs(11, 0, Step::None) },
                _ => Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::default() },
            },
        );
        assert_eq!(word, Status::Ok);
        device.decide(u32::from_le_bytes(data.try_into().unwrap()), true);
        assert!(device.signer().0.is_working());
        let mut device = device.restart();
        assert!(!device.signer().0.is_working(), "an approval does not outlive the power");
        assert_eq!(status(&mut device, 0).1, hrs(50, 0, Step::None), "{command}");
        assert_eq!((Ask { height: 12, ..PREVOTE }).sign(&mut device), Err(Status::HeightRegression));
        assert_eq!(status(&mut device, 1).0, ChainState::Free);
    }
}

#[test]
fn a_page_of_the_newest_pair_that_takes_no_write_any_more_is_left_behind() {
    // One copy of the newest record rots and its page is broken for good: no write of it has any effect, all others have.
    for (copy, says, asleep) in (0..8).map(|case| (case & 1, case & 2 != 0, case & 4 != 0)) {
        let mut device = SimDevice::boot(World::new(b"stage", 8));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        let signed = PREVOTE.sign(&mut device).unwrap();
        let page = Rings::equal(8).record_page(0, 2, copy);
        device.world.medium.rot(page, [0xa5; 64]);
        device.world.medium.stick(page, says);
        if asleep {
            device = device.restart();
        }
        assert_eq!(Ask { block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Conflict));
        assert_eq!(PREVOTE.sign(&mut device), Ok(signed), "the same record on the next pair");
        // And it is no end of it when the ring comes round to that page, several times.
        for height in 11..60 {
            assert!(Ask { height, ..PREVOTE }.sign(&mut device).is_ok(), "{height}");
            if height % 7 == 0 {
                device = device.restart();
            }
            assert_eq!(status(&mut device, 0).1.height.value(), height);
            assert_eq!(Ask { height, block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Conflict));
        }
        assert_eq!(device.world.medium.pages()[usize::from(page)], [0xa5; 64]);
    }
}

/// Three writes that lie and a page that takes no write any more lead the statement five pairs beyond the mark before it,
/// where no append from that mark comes to. Then the copies that stand rot in one sleep.
#[test]
fn a_record_that_moved_on_and_is_lost_leaves_the_chain_unclear_however_far_it_went() {
    let mut device = SimDevice::boot(World::new(b"stage", 6));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    (0..3).for_each(|nth| device.world.medium.plan(nth, Fault::Lies));
    device.world.medium.plan(4, Fault::Cut(Tear::Old));
    assert!(PREVOTE.sign(&mut device).is_err(), "power went before its second copy");
    let (first, second) = (Rings::equal(6).record_page(0, 5, 0), Rings::equal(6).record_page(0, 5, 1));
    device.world.medium.power_on();
    device.world.medium.stick(second, false);
    let mut device = device.restart();
    let signed = PREVOTE.sign(&mut device).unwrap();
    for page in [first, Rings::equal(6).record_page(0, 6, 0), Rings::equal(6).record_page(0, 6, 1)] {
        device.world.medium.rot(page, [0xa5; 64]);
    }
    let mut device = device.restart();
    assert_eq!(Ask { block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Unclear), "{signed:?} left");
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
}

#[test]
fn a_pair_that_takes_no_write_any_more_is_told_at_the_press_and_left_by_an_add_elsewhere() {
    for (ahead, with) in [(2, 0xa5), (3, 0), (5, 0xa5)] {
        let mut device = SimDevice::boot(World::new(b"stage", 8));
        add(&mut device, CHAIN, Hrs::default()).unwrap();
        let signed = PREVOTE.sign(&mut device).unwrap();
        for copy in 0..2 {
            let page = Rings::equal(8).record_page(0, 2 + ahead, copy);
            device.world.medium.rot(page, [with; 64]);
            device.world.medium.stick(page, copy == 0);
        }
        let mut device = device.restart();
        assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
        // Not "approved" over a ring that the next start would find unclear again.
        let mark = hrs(11, 0, Step::None);
        assert_eq!(set_mark(&mut device, mark).unwrap().state, PromptState::Failed, "{ahead} ahead");
        let life = named(&mut device);
        approved(&mut device, Command::RemoveChain(life)).unwrap();
        approved(&mut device, Command::ForgetChain(life)).unwrap();
        // The first ADD finds it out, the second takes another slot.
        assert_eq!(add(&mut device, CHAIN, mark).unwrap().state, PromptState::Failed);
        assert_eq!(add(&mut device, CHAIN, mark).unwrap().state, PromptState::Approved);
        let mut device = device.restart();
        assert!((Ask { height: 11, ..PREVOTE }).sign(&mut device).is_ok(), "{signed:?}");
        assert_eq!(PREVOTE.sign(&mut device), Err(Status::HeightRegression));
    }
}

#[test]
fn a_page_that_takes_no_write_any_more_in_a_slot_without_a_chain_stops_no_add() {
    // Of a chain that was forgotten, and of a slot that never had one: a page of the entry, or of the ring.
    for used in [true, false] {
        for page in (0..4)
            .map(|half| entry_page(0, half / 2) + half % 2)
            .chain([Rings::equal(4).record_page(0, 2, 1)])
        {
            for with in [0, 0xa5] {
                let mut device = SimDevice::boot(World::new(b"stage", 4));
                if used {
                    add(&mut device, CHAIN, Hrs::default()).unwrap();
                    let life = named(&mut device);
                    approved(&mut device, Command::RemoveChain(life)).unwrap();
                    approved(&mut device, Command::ForgetChain(life)).unwrap();
                }
                device.world.medium.rot(page, [with; 64]);
                device.world.medium.stick(page, with == 0);
                let mut device = device.restart();
                // The first ADD may find it out; the second goes elsewhere.
                let tried: Vec<_> = (0..2).map(|_| add(&mut device, CHAIN, Hrs::default())).collect();
                let what = format!("used {used}, page {page}, {with:02x}: {tried:?}");
                let signed = PREVOTE.sign(&mut device);
                assert!(signed.is_ok(), "{what}: {signed:?}");
                // And so does every chain after it, as long as there is room.
                add(&mut device, "stage-2", Hrs::default()).expect(&what);
                assert_eq!(PREVOTE.sign(&mut device.restart()), signed, "{what}");
            }
        }
    }
}
