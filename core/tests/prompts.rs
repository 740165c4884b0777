//! What needs the owner's finger.

use highwater_core::apdu::{ChainState, Command, Named, PromptState, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout;
use highwater_core::rings::Rings;
use highwater_sim::{Fault, Owner, SimDevice, Tear, World};

use crate::stage::{
    Ask, CHAIN, PREVOTE, add, approved, armed, chain, exchange, hrs, named, outcome, raise, set_mark, status,
};

fn remove(device: &mut SimDevice) -> highwater_core::apdu::PromptStatus {
    let named = named(device);
    approved(device, Command::RemoveChain(named)).unwrap()
}

#[test]
fn g5_lowering_needs_a_finger() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
    let named = named(&mut device);
    let commands = [
        Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::default() },
        Command::SetMark { named, to: hrs(20, 0, Step::None) },
        Command::SetMark { named, to: hrs(1_000_000, 0, Step::None) },
        Command::RemoveChain(named),
    ];
    for owner in [Owner::Away, Owner::Refuses] {
        for command in commands {
            let before = device.world.medium.pages().to_vec();
            device.owner = owner;
            let ticket = raise(&mut device, command);
            // Nobody presses for a minute, or somebody says no; then somebody comes by at the home screen.
            device.tick(600);
            let ended = if owner == Owner::Away { PromptState::Expired } else { PromptState::Denied };
            assert_eq!(outcome(&mut device, ticket).state, ended);
            assert!(before == device.world.medium.pages(), "{command:?} changed flash without a finger");
            device.signer().0.home_touched();
        }
    }
    assert_eq!(status(&mut device, 0).1, hrs(50, 0, Step::None));
}

#[test]
fn signing_goes_on_while_a_prompt_stands_and_while_a_ring_is_prepared() {
    let mut device = armed();
    let command = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: hrs(7, 0, Step::None) };
    let ticket = raise(&mut device, command);
    assert!(PREVOTE.sign(&mut device).is_ok());
    device.paced = true;
    device.decide(ticket, true);
    let mut height = 11;
    while device.signer().0.is_working() {
        assert!(Ask { height, ..PREVOTE }.sign(&mut device).is_ok());
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Pending);
        device.step();
        height += 1;
    }
    assert!(height > 13, "it took several turns");
    assert_eq!(outcome(&mut device, ticket).mark, hrs(7, 0, Step::None));
    assert_eq!(status(&mut device, 1).0, ChainState::Armed);
    assert!(Ask { chain: "stage-2", ..PREVOTE }.sign(&mut device).is_ok());
}

#[test]
fn refusals_pause_prompts_ever_longer_until_the_owner_is_at_home() {
    let mut device = armed();
    let command = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::default() };
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        let ticket = raise(&mut device, command);
        assert_eq!(exchange(&mut device, Command::PromptCancel(ticket ^ 1)).1, Status::NoTicket);
        assert_eq!(exchange(&mut device, Command::PromptCancel(ticket)).1, Status::Ok);
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Denied);
        device.tick(minutes * 600 - 1);
        assert_eq!(exchange(&mut device, command).1, Status::PromptsPaused);
        device.tick(1);
    }
    let ticket = raise(&mut device, command);
    device.decide(ticket, false);
    assert_eq!(exchange(&mut device, command).1, Status::PromptsPaused);
    device.signer().0.home_touched();
    raise(&mut device, command);
}

#[test]
fn a_button_keeps_a_prompt_alive() {
    let mut device = armed();
    let ticket = raise(&mut device, Command::ShowKey(chain(CHAIN)));
    for _ in 0..5 {
        device.tick(599);
        device.signer().0.prompt_touched();
    }
    assert_eq!(outcome(&mut device, ticket).state, PromptState::Pending);
    device.tick(600);
    assert_eq!(outcome(&mut device, ticket).state, PromptState::Expired);
}

#[test]
fn a_mark_is_raised_lowered_and_never_set_below_what_was_signed() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let raised = set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
    assert_eq!(
        (raised.state, raised.mark, raised.incarnation),
        (PromptState::Approved, hrs(50, 0, Step::None), 1)
    );
    assert_eq!(Ask { height: 49, ..PREVOTE }.sign(&mut device), Err(Status::HeightRegression));
    // Back to just above what was signed: a new life, and what stood above it is never newest again.
    let lowered = set_mark(&mut device, hrs(11, 0, Step::None)).unwrap();
    assert_eq!((lowered.mark, lowered.incarnation), (hrs(11, 0, Step::None), 2));
    let mut device = device.restart();
    assert_eq!(
        status(&mut device, 0),
        (ChainState::Armed, hrs(11, 0, Step::None), 2, hrs(10, 5, Step::Prevote))
    );
    assert_eq!(set_mark(&mut device, hrs(10, 4, Step::None)), Err(Status::BelowSigned));
    assert!(Ask { height: 11, ..PREVOTE }.sign(&mut device).is_ok());
}

#[test]
fn a_raise_that_the_chain_has_passed_is_moved() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let named = named(&mut device);
    let ticket = raise(&mut device, Command::SetMark { named, to: hrs(12, 0, Step::None) });
    Ask { height: 13, ..PREVOTE }.sign(&mut device).unwrap();
    device.decide(ticket, true);
    device.finish_work();
    assert_eq!(outcome(&mut device, ticket).state, PromptState::Moved);
    assert_eq!(status(&mut device, 0).1.height.value(), 13);
}

#[test]
fn an_old_page_that_rots_after_a_lowering_changes_nothing_or_is_unclear() {
    for index in 0..16 {
        let mut device = armed();
        PREVOTE.sign(&mut device).unwrap();
        set_mark(&mut device, hrs(50, 0, Step::None)).unwrap();
        set_mark(&mut device, hrs(11, 0, Step::None)).unwrap();
        let late = Ask { height: 12, ..PREVOTE }.sign(&mut device).unwrap();
        device.world.medium.rot(Rings::equal(8).page(0, index), [0xa5; 64]);
        let mut device = device.restart();
        assert_eq!(Ask { height: 12, ..PREVOTE }.sign(&mut device), Ok(late), "page {index}");
        assert_eq!(Ask { height: 12, block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Conflict));
    }
}

#[test]
fn removed_added_again_and_forgotten() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    assert_eq!(add(&mut device, CHAIN, Hrs::default()), Err(Status::ChainKnown));
    let removed = remove(&mut device);
    assert_eq!((removed.state, removed.mark), (PromptState::Approved, hrs(10, 5, Step::Prevote)));
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::UnknownChain));
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).0, ChainState::Tombstone);
    // Re-added in its own slot, higher.
    let added = add(&mut device, CHAIN, hrs(20, 0, Step::None)).unwrap();
    assert_eq!((added.incarnation, added.mark), (2, hrs(20, 0, Step::None)));
    assert_eq!(Ask { height: 19, ..PREVOTE }.sign(&mut device), Err(Status::HeightRegression));
    // And once more, lower, as approved.
    remove(&mut device);
    let added = add(&mut device, CHAIN, hrs(3, 0, Step::None)).unwrap();
    assert_eq!((added.incarnation, added.mark), (3, hrs(3, 0, Step::None)));
    let mut device = device.restart();
    assert!(Ask { height: 4, ..PREVOTE }.sign(&mut device).is_ok());
    // Forgotten: the slot is free, the incarnation goes on.
    let life = named(&mut device);
    remove(&mut device);
    assert_eq!(
        approved(&mut device, Command::ForgetChain(Named { incarnation: 9, ..life })),
        Err(Status::WrongIncarnation)
    );
    approved(&mut device, Command::ForgetChain(life)).unwrap();
    assert_eq!(status(&mut device, 0).0, ChainState::Free);
    assert_eq!(add(&mut device, "stage-9", Hrs::default()).unwrap().incarnation, 4);
}

#[test]
fn three_chains_and_no_more() {
    let mut device = armed();
    add(&mut device, "stage-2", Hrs::default()).unwrap();
    add(&mut device, "stage-3", Hrs::default()).unwrap();
    assert_eq!(add(&mut device, "stage-4", Hrs::default()), Err(Status::TableFull));
    remove(&mut device);
    assert_eq!(
        add(&mut device, "stage-4", Hrs::default()),
        Err(Status::TableFull),
        "a tombstone is not free"
    );
}

#[test]
fn an_entry_lost_in_both_copies_is_damaged_and_blocks_every_add() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for copy in 0..2 {
        device.world.medium.rot(layout::entry_page(0, copy), [0x77; 64]);
    }
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).0, ChainState::Damaged);
    assert_eq!(status(&mut device, 0).1, hrs(10, 5, Step::Prevote), "the highest HRS in its ring is shown");
    // Whether it was this chain nobody can tell: undecided, so that the node asks again.
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageDamaged));
    assert_eq!(add(&mut device, "stage-2", Hrs::default()), Err(Status::StorageDamaged));
    assert_eq!(exchange(&mut device, Command::ForgetSlot(1)).1, Status::UnknownChain);
    approved(&mut device, Command::ForgetSlot(0)).unwrap();
    assert_eq!(add(&mut device, CHAIN, hrs(11, 0, Step::None)).unwrap().incarnation, 2);
}

#[test]
fn blanked_entries_over_a_ring_at_work_are_damaged_not_free() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for page in layout::entry_page(0, 0)..layout::entry_page(0, 0) + 2 {
        device.world.medium.rot(page, [0; 64]);
    }
    for page in layout::entry_page(0, 1)..layout::entry_page(0, 1) + 2 {
        device.world.medium.rot(page, [0; 64]);
    }
    let mut device = device.restart();
    assert_eq!(add(&mut device, CHAIN, Hrs::default()), Err(Status::StorageDamaged));
}

#[test]
fn an_unclear_chain_is_set_by_finger_not_below_what_is_left() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let serial = 2;
    for copy in 0..2 {
        device.world.medium.rot(Rings::equal(8).record_page(0, serial, copy), [0xee; 64]);
    }
    assert_eq!(Ask { block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Unclear), "noticed while running");
    let mut device = device.restart();
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::Unclear));
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
    let set = set_mark(&mut device, hrs(30, 0, Step::None)).unwrap();
    assert_eq!((set.state, set.mark), (PromptState::Approved, hrs(30, 0, Step::None)));
    let mut device = device.restart();
    assert_eq!(Ask { height: 29, ..PREVOTE }.sign(&mut device), Err(Status::HeightRegression));
    assert!(Ask { height: 30, ..PREVOTE }.sign(&mut device).is_ok());
}

#[test]
fn an_add_cut_at_any_write_can_be_approved_again() {
    for tear in [Tear::Old, Tear::New, Tear::Garbage(3), Tear::Mixed(4)] {
        // The installation takes 2 writes, formatting 6, the mark 2, the entry 4.
        for nth in 0..12 {
            let mut device = SimDevice::boot(World::new(b"stage", 3));
            device.world.medium.plan(nth, Fault::Cut(tear));
            let command =
                Command::AddChain { chain: chain(CHAIN), key_index: 0, mark: hrs(5, 0, Step::None) };
            device.owner = Owner::Approves;
            exchange(&mut device, command);
            device.owner = Owner::Away;
            let mut device = device.restart();
            match add(&mut device, CHAIN, hrs(5, 0, Step::None)) {
                Ok(added) => assert_eq!(added.state, PromptState::Approved, "write {nth}, {tear:?}"),
                Err(status) => assert_eq!(status, Status::ChainKnown, "write {nth}, {tear:?}"),
            }
            assert_eq!(PREVOTE.sign(&mut device).err(), None, "write {nth}, {tear:?}");
        }
    }
}

#[test]
fn an_entry_that_rots_while_the_device_runs_does_not_let_its_chain_be_added_beside_it() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for copy in 0..2 {
        device.world.medium.rot(layout::entry_page(0, copy), [0x77; 64]);
    }
    assert_eq!(add(&mut device, CHAIN, Hrs::default()), Err(Status::StorageDamaged));
}

/// Two losses in the entry of a slot that was never used, years apart, were a damaged slot once: a start did not mend
/// the first, since there was no entry to mend it with.
#[test]
fn a_start_blanks_what_rots_in_a_slot_that_was_never_used() {
    let mut device = armed();
    for copy in 0..2 {
        device.world.medium.rot(layout::entry_page(2, copy) + 1, [0xa5; 64]);
        device = device.restart();
        assert_eq!(device.world.medium.pages()[usize::from(layout::entry_page(2, copy)) + 1], [0; 64]);
    }
    add(&mut device, "other-1", hrs(0, 0, Step::None)).expect("nothing is damaged");
}
