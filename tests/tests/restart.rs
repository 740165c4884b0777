//! The power goes, and what was signed is still known. `kills` does it while requests keep coming.

use highwater_core::apdu::{ChainState, Command, PromptState, Status};
use highwater_core::env::Cell;
use highwater_core::hrs::Step;
use highwater_core::layout::entry_page;
use highwater_tests::on_every_device;
use highwater_tests::request::{Request, prevote, proposal};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};

on_every_device! {
    the_mark_and_the_repeat_survive_a_restart,
    a_torn_copy_of_the_newest_record_is_mended_by_the_device_itself,
    a_write_that_was_cut_short_is_no_loss,
    a_chain_that_lost_both_copies_signs_nothing_until_its_owner_sets_the_mark,
    a_slot_that_lost_its_entry_is_damaged_until_its_owner_forgets_it,
}

fn the_mark_and_the_repeat_survive_a_restart(stage: &mut Stage) {
    let height = stage.fresh_height();
    let vote = prevote(CHAIN, height, 2);
    let first = stage.sign(&vote);
    let (installation, slot) = (stage.version().installation, stage.slot(0));
    stage.device.restart(&[]).unwrap();
    assert_eq!(stage.version().installation, installation);
    assert_eq!(stage.slot(0), highwater_tests::stage::Slot { last_refusal: 0, ..slot });
    let writes = stage.counters().page_writes;
    assert_eq!(stage.sign(&vote.later()), first, "signed again from the record, over its timestamp");
    assert_eq!(stage.sign(&vote), first);
    assert_eq!(stage.counters().page_writes, writes);
    let other = Request { block: 0xb2, ..vote.clone() };
    assert_eq!(stage.refused(&other), (Status::Conflict, Some(vote.hrs())));
    assert_eq!(stage.refused(&proposal(CHAIN, height, 2)), (Status::StepRegression, Some(vote.hrs())));
}

fn a_torn_copy_of_the_newest_record_is_mended_by_the_device_itself(stage: &mut Stage) {
    for copy in 0..2 {
        let vote = prevote(CHAIN, stage.fresh_height(), 0);
        let first = stage.sign(&vote);
        let slot = stage.slot(0);
        let page = stage.device.rings().record_page(0, slot.writes, copy);
        let whole = stage.device.page(page).unwrap();
        stage.device.restart(&[(page, torn(whole))]).unwrap();
        assert_eq!(stage.slot(0).state, ChainState::Armed, "copy {copy}");
        assert_eq!((stage.slot(0).mark, stage.slot(0).writes), (slot.mark, slot.writes), "copy {copy}");
        assert_eq!(stage.device.page(page).unwrap(), whole, "copy {copy} stands again");
        assert_eq!(stage.sign(&vote), first, "copy {copy}");
        let next = prevote(CHAIN, stage.fresh_height(), 0);
        stage.sign(&next);
    }
}

fn a_write_that_was_cut_short_is_no_loss(stage: &mut Stage) {
    let vote = prevote(CHAIN, stage.fresh_height(), 0);
    let first = stage.sign(&vote);
    let slot = stage.slot(0);
    // The first copy of the next record had begun; nothing was released for it.
    let page = stage.device.rings().record_page(0, slot.writes + 1, 0);
    let before = stage.device.page(page).unwrap();
    stage.device.restart(&[(page, torn(before))]).unwrap();
    assert_eq!((stage.slot(0).state, stage.slot(0).mark), (ChainState::Armed, slot.mark));
    assert_eq!(stage.sign(&vote), first);
    stage.sign(&prevote(CHAIN, vote.height, 1));
}

fn a_chain_that_lost_both_copies_signs_nothing_until_its_owner_sets_the_mark(stage: &mut Stage) {
    // A record before, so that there is a floor to show.
    let before = prevote(CHAIN, stage.fresh_height(), 0);
    stage.sign(&before);
    let lost = prevote(CHAIN, before.height + 1, 0);
    stage.sign(&lost);
    let slot = stage.slot(0);
    let pages = [0, 1].map(|copy| stage.device.rings().record_page(0, slot.writes, copy));
    let spoilt = pages.map(|page| (page, torn(stage.device.page(page).unwrap())));
    stage.device.restart(&spoilt).unwrap();
    assert_eq!((stage.slot(0).state, stage.slot(0).mark), (ChainState::Unclear, before.hrs()));
    assert_eq!(stage.refused(&lost), (Status::Unclear, None));
    assert_eq!(stage.refused(&prevote(CHAIN, lost.height + 1, 0)), (Status::Unclear, None));
    // The owner knows better than the floor.
    let (to, named) = (hrs(lost.height, 0, Step::Precommit), stage.named(CHAIN, 0));
    let ticket = stage.raise(Command::SetMark { named, to });
    let floor = format!("{}|r0 prevote", before.height);
    let pages = [
        "Set mark?|slot 1",
        CHAIN,
        "Mark unclear",
        &format!("Mark at least|{floor}"),
        &format!("Signed at least|{floor}"),
        &format!("Raise mark to|{}|r0 precommit", to.height.value()),
    ];
    stage.decide(true, &pages);
    assert_eq!(stage.outcome(ticket).mark, to);
    assert_eq!(stage.slot(0).state, ChainState::Armed);
    assert_eq!(stage.refused(&lost), (Status::StepRegression, Some(to)));
    stage.sign(&prevote(CHAIN, lost.height + 1, 0));
}

fn a_slot_that_lost_its_entry_is_damaged_until_its_owner_forgets_it(stage: &mut Stage) {
    stage.add("lost", 3, hrs(1, 0, Step::None));
    let vote = prevote("lost", 5, 1);
    stage.sign(&vote);
    let pages = [0, 1].map(|copy| entry_page(1, copy));
    let spoilt = pages.map(|page| (page, torn(stage.device.page(page).unwrap())));
    stage.device.restart(&spoilt).unwrap();
    assert_eq!((stage.slot(1).state, stage.slot(1).mark), (ChainState::Damaged, vote.hrs()));
    // Which chain it was nobody knows, so every ADD waits; the chain beside it goes on.
    assert_eq!(stage.refused(&prevote("lost", 6, 0)), (Status::StorageDamaged, None));
    let add = Command::AddChain { chain: chain("lost"), key_index: 3, mark: hrs(6, 0, Step::None) };
    assert_eq!(stage.command(add).1, Status::StorageDamaged);
    let next = prevote(CHAIN, stage.fresh_height(), 0);
    stage.sign(&next);
    let ticket = stage.raise(Command::ForgetSlot(1));
    let pages =
        ["Forget what is|damaged in slot 2", "Signed at least|5|r1 prevote", "Its mark is lost|for good"];
    stage.decide(true, &pages);
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
    assert_eq!(stage.slot(1).state, ChainState::Free);
    assert_eq!(stage.refused(&vote), (Status::UnknownChain, None));
}

/// What a page may hold when its write was cut: some of its bits.
fn torn(mut cell: Cell) -> Cell {
    cell.iter_mut().step_by(3).for_each(|byte| *byte ^= 0x5a);
    cell
}
