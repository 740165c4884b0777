//! What the owner is asked: each prompt, each of its pages, and every way it may end.

use highwater_core::apdu::{ChainState, Command, PromptState, Status};
use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::Step;
use highwater_tests::on_every_device;
use highwater_tests::request::{precommit, prevote};
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};
use speculos::Button;

on_every_device! {
    a_chain_is_added_removed_added_again_and_forgotten,
    a_second_chain_of_the_same_key_is_shown_as_such,
    a_rejected_chain_is_not_added,
    a_prompt_expires_a_minute_after_the_last_button,
    a_prompt_is_taken_back_by_its_ticket_alone,
    votes_are_signed_and_read_out_while_a_prompt_stands,
    a_second_prompt_is_refused_while_one_stands,
    votes_are_signed_while_a_ring_is_prepared,
    a_pause_ends_by_itself_or_by_a_press_on_the_home_screen,
    a_mark_is_raised_and_lowered_by_the_owner,
    a_mark_that_was_passed_meanwhile_is_moved,
    what_may_not_be_asked_raises_no_prompt,
    a_key_is_shown_whole,
    home_shows_where_the_chain_stands_and_goes_dark;
    firmware: the_pages_behind_the_chains_tell_the_version_and_ask_before_they_quit,
}

/// The second chain of these tests, in slot 1.
const SECOND: &str = "second.chain_with-a-name-of-more-than-one-line";
/// As it is shown: each line ends where the screen does.
const SECOND_PAGE: &str = "second.chain_with-a-|name-of-more-than-o|ne-line";

/// The pages that show a key of the common seed, as the simulated device derives it.
fn key_pages(index: u32) -> [String; 3] {
    let mut other = Stage::simulated();
    other.add("other", index, hrs(1, 0, Step::None));
    let key = hex::encode(other.key("other"));
    [
        format!("Key path|44'/118'/0'/|0'/{index}'"),
        format!("Public key 1/2|{}|{}", &key[..16], &key[16..32]),
        format!("Public key 2/2|{}|{}", &key[32..48], &key[48..]),
    ]
}

fn a_chain_is_added_removed_added_again_and_forgotten(stage: &mut Stage) {
    let [path, start, end] = key_pages(5);
    let mark = hrs(7, 0, Step::None);
    let ticket = stage.raise(Command::AddChain { chain: chain(SECOND), key_index: 5, mark });
    stage.decide(true, &["Add chain?|slot 2", SECOND_PAGE, &path, &start, &end, "Raise mark to|7|r0 none"]);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.mark, outcome.incarnation), (PromptState::Approved, mark, 1));
    stage.sign(&precommit(SECOND, 9, 1));

    let named = stage.named(SECOND, 1);
    let ticket = stage.raise(Command::RemoveChain(named));
    let at = "9|r1 precommit";
    let (mark_page, signed_page) = (format!("Mark now|{at}"), format!("Highest signed|{at}"));
    let cost = "Signing stops,|the mark stays";
    stage.decide(true, &["Remove chain?|slot 2", SECOND_PAGE, &mark_page, &signed_page, cost]);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.mark), (PromptState::Approved, hrs(9, 1, Step::Precommit)));
    assert_eq!(stage.slot(1).state, ChainState::Tombstone);
    assert_eq!(stage.refused(&precommit(SECOND, 10, 0)), (Status::UnknownChain, None));

    // Again, and lower than before: the owner sees from where.
    let lower = hrs(8, 0, Step::None);
    let ticket = stage.raise(Command::AddChain { chain: chain(SECOND), key_index: 5, mark: lower });
    let below = "BELOW SIGNED:|may sign again|what it signed";
    let pages = [
        "Add chain?|slot 2",
        SECOND_PAGE,
        &path,
        &start,
        &end,
        &mark_page,
        &signed_page,
        below,
        "Lower mark to|8|r0 none",
    ];
    stage.decide(true, &pages);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.mark, outcome.incarnation), (PromptState::Approved, lower, 2));

    let named = stage.named(SECOND, 1);
    stage.approved(Command::RemoveChain(named));
    let ticket = stage.raise(Command::ForgetChain(named));
    let pages = [
        "Forget chain?|slot 2",
        SECOND_PAGE,
        "Mark now|8|r0 none",
        "Highest signed|8|r0 none",
        "Its mark is lost|for good",
    ];
    stage.decide(true, &pages);
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
    assert_eq!(stage.slot(1).state, ChainState::Free);
}

fn a_second_chain_of_the_same_key_is_shown_as_such(stage: &mut Stage) {
    let [path, start, end] = key_pages(0);
    let mark = hrs(1, 0, Step::None);
    let ticket = stage.raise(Command::AddChain { chain: chain("twin"), key_index: 0, mark });
    let same = "Same key as|slot 1";
    stage.decide(false, &["Add chain?|slot 2", "twin", &path, &start, &end, same, "Raise mark to|1|r0 none"]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Denied);
}

fn a_rejected_chain_is_not_added(stage: &mut Stage) {
    let mark = hrs(1, 0, Step::None);
    let ticket = stage.raise(Command::AddChain { chain: chain("rejected"), key_index: 9, mark });
    let [path, start, end] = key_pages(9);
    stage.decide(false, &["Add chain?|slot 2", "rejected", &path, &start, &end, "Raise mark to|1|r0 none"]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Denied);
    assert_eq!(stage.slot(1).state, ChainState::Free);
    assert_eq!(stage.command(Command::GetPublicKey(chain("rejected"))).1, Status::UnknownChain);
    assert_eq!(stage.command(Command::ShowKey(chain(CHAIN))).1, Status::PromptsPaused);
}

fn a_prompt_expires_a_minute_after_the_last_button(stage: &mut Stage) {
    let ticket = stage.raise(Command::ShowKey(chain(CHAIN)));
    stage.device.pass(500).unwrap();
    assert_eq!(stage.prompt_state(ticket), PromptState::Pending);
    stage.device.pass(100).unwrap();
    assert_eq!(stage.prompt_state(ticket), PromptState::Expired);
    assert_eq!(stage.command(Command::ShowKey(chain(CHAIN))).1, Status::PromptsPaused);
}

fn a_prompt_is_taken_back_by_its_ticket_alone(stage: &mut Stage) {
    let ticket = stage.raise(Command::ShowKey(chain(CHAIN)));
    assert_eq!(stage.command(Command::PromptCancel(!ticket)).1, Status::NoTicket);
    assert_eq!(stage.command(Command::PromptStatus(!ticket)).1, Status::NoTicket);
    assert_eq!(stage.prompt_state(ticket), PromptState::Pending);
    stage.ask(Command::PromptCancel(ticket));
    assert_eq!(stage.prompt_state(ticket), PromptState::Denied);
    assert_eq!(stage.command(Command::PromptCancel(ticket)).1, Status::NoTicket);
    assert_eq!(stage.command(Command::ShowKey(chain(CHAIN))).1, Status::PromptsPaused);
}

fn votes_are_signed_and_read_out_while_a_prompt_stands(stage: &mut Stage) {
    let height = stage.fresh_height();
    let ticket = stage.raise(Command::ShowKey(chain(CHAIN)));
    stage.sign(&prevote(CHAIN, height, 0));
    stage.sign(&precommit(CHAIN, height, 0));
    assert_eq!(stage.slot(0).mark, hrs(height, 0, Step::Precommit));
    assert_eq!(stage.ask(Command::GetAppName), b"Highwater");
    stage.key(CHAIN);
    assert_eq!(stage.prompt_state(ticket), PromptState::Pending);
}

fn a_second_prompt_is_refused_while_one_stands(stage: &mut Stage) {
    let ticket = stage.raise(Command::ShowKey(chain(CHAIN)));
    let named = stage.named(CHAIN, 0);
    let to = hrs(i64::MAX as u64, 0, Step::None);
    for second in [
        Command::ShowKey(chain(CHAIN)),
        Command::RemoveChain(named),
        Command::SetMark { named, to },
        Command::AddChain { chain: chain("another"), key_index: 1, mark: to },
    ] {
        assert_eq!(stage.command(second).1, Status::PromptUp, "{second:?}");
    }
    assert_eq!(stage.prompt_state(ticket), PromptState::Pending);
}

fn votes_are_signed_while_a_ring_is_prepared(stage: &mut Stage) {
    let height = stage.fresh_height();
    let mark = hrs(1, 0, Step::None);
    let ticket = stage.raise(Command::AddChain { chain: chain("busy"), key_index: 2, mark });
    stage.device.decide(true).unwrap();
    stage.sign(&prevote(CHAIN, height, 0));
    assert_eq!(stage.prompt_state(ticket), PromptState::Pending, "the ring takes longer than a vote");
    stage.sign(&precommit(CHAIN, height, 0));
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
    stage.drop_chain("busy", 1);
}

fn a_pause_ends_by_itself_or_by_a_press_on_the_home_screen(stage: &mut Stage) {
    let show = Command::ShowKey(chain(CHAIN));
    let cancelled = |stage: &mut Stage| {
        let ticket = stage.raise(show);
        stage.ask(Command::PromptCancel(ticket));
    };
    cancelled(stage);
    assert_eq!(stage.command(show).1, Status::PromptsPaused);
    stage.device.pass(600).unwrap();
    // The second pause is twice as long.
    cancelled(stage);
    stage.device.pass(1_100).unwrap();
    assert_eq!(stage.command(show).1, Status::PromptsPaused);
    stage.device.press_home().unwrap();
    cancelled(stage);
}

fn a_mark_is_raised_and_lowered_by_the_owner(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&precommit(CHAIN, height, 2));
    let named = stage.named(CHAIN, 0);
    let up = hrs(height + 50, 3, Step::Prevote);
    let ticket = stage.raise(Command::SetMark { named, to: up });
    let signed = format!("{height}|r2 precommit");
    let (from, signed) = (format!("Mark now|{signed}"), format!("Highest signed|{signed}"));
    let to = format!("Raise mark to|{}|r3 prevote", height + 50);
    stage.decide(true, &["Set mark?|slot 1", CHAIN, &from, &signed, &to]);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.mark), (PromptState::Approved, up));
    assert_eq!(outcome.highest_signed, hrs(height, 2, Step::Precommit));
    assert_eq!(stage.refused(&precommit(CHAIN, height + 49, 0)), (Status::HeightRegression, Some(up)));

    // Back, but not below what was signed: another life of the chain.
    let down = hrs(height + 1, 0, Step::None);
    let ticket = stage.raise(Command::SetMark { named, to: down });
    let from = format!("Mark now|{}|r3 prevote", height + 50);
    let to = format!("Lower mark to|{}|r0 none", height + 1);
    stage.decide(true, &["Set mark?|slot 1", CHAIN, &from, &signed, &to]);
    let outcome = stage.outcome(ticket);
    assert_eq!((outcome.state, outcome.mark), (PromptState::Approved, down));
    assert_eq!(outcome.incarnation, named.incarnation + 1);
    stage.sign(&prevote(CHAIN, height + 1, 0));
}

fn a_mark_that_was_passed_meanwhile_is_moved(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 0));
    let named = stage.named(CHAIN, 0);
    let ticket = stage.raise(Command::SetMark { named, to: hrs(height + 1, 0, Step::Prevote) });
    stage.sign(&prevote(CHAIN, height + 1, 0));
    // The page that says from where is drawn anew.
    let at = format!("{}|r0 prevote", height + 1);
    let pages = ["Mark now", "Highest signed", "Set mark to"].map(|title| format!("{title}|{at}"));
    stage.decide(true, &["Set mark?|slot 1", CHAIN, &pages[0], &pages[1], &pages[2]]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Moved);
    assert_eq!(stage.slot(0).mark, hrs(height + 1, 0, Step::Prevote));
}

fn what_may_not_be_asked_raises_no_prompt(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&precommit(CHAIN, height, 0));
    let named = stage.named(CHAIN, 0);
    let other = highwater_core::apdu::Named { incarnation: named.incarnation + 1, ..named };
    let unknown = highwater_core::apdu::Named { chain: chain("nobody"), ..named };
    let (mark, below) = (hrs(height + 9, 0, Step::None), hrs(height, 0, Step::Prevote));
    for (command, status) in [
        (Command::SetMark { named, to: below }, Status::BelowSigned),
        (Command::SetMark { named: other, to: mark }, Status::WrongIncarnation),
        (Command::SetMark { named: unknown, to: mark }, Status::UnknownChain),
        (Command::RemoveChain(other), Status::WrongIncarnation),
        (Command::RemoveChain(unknown), Status::UnknownChain),
        (Command::ForgetChain(named), Status::UnknownChain),
        (Command::AddChain { chain: chain(CHAIN), key_index: 0, mark }, Status::ChainKnown),
        (Command::AddChain { chain: chain("x"), key_index: 1 << 31, mark }, Status::NoKey),
        (Command::AddChain { chain: chain("x"), key_index: SECRET_INDEX, mark }, Status::Length),
    ] {
        assert_eq!(stage.command(command).1, status, "{command:?}");
    }
    stage.add("third", 1, mark);
    stage.add("fourth", 2, mark);
    let full = Command::AddChain { chain: chain("fifth"), key_index: 3, mark };
    assert_eq!(stage.command(full).1, Status::TableFull);
    stage.drop_chain("fourth", 2);
    stage.drop_chain("third", 1);
}

fn a_key_is_shown_whole(stage: &mut Stage) {
    let ticket = stage.raise(Command::ShowKey(chain(CHAIN)));
    let [path, start, end] = key_pages(0);
    stage.decide(true, &["Public key|slot 1", CHAIN, &path, &start, &end]);
    assert_eq!(stage.outcome(ticket).state, PromptState::Approved);
}

fn home_shows_where_the_chain_stands_and_goes_dark(stage: &mut Stage) {
    let height = stage.fresh_height();
    stage.sign(&precommit(CHAIN, height, 3));
    stage.device.press_home().unwrap();
    // The page is drawn anew within a second.
    stage.device.pass(11).unwrap();
    if let Some(screen) = stage.device.screen().unwrap() {
        // Its digits stand in groups.
        assert_eq!(screen.replace(',', ""), format!("{CHAIN}|{height}|r3 precommit"));
        stage.device.pass(300).unwrap();
        assert_eq!(stage.device.screen().unwrap().as_deref(), Some(""), "dark after half a minute");
        stage.device.press_home().unwrap();
        assert_eq!(stage.device.screen().unwrap(), Some(screen), "a button wakes it");
    }
}

fn the_pages_behind_the_chains_tell_the_version_and_ask_before_they_quit(stage: &mut Stage) {
    let turn = |stage: &mut Stage, button| {
        stage.device.emulated().unwrap().emulator().unwrap().press(button).unwrap();
        stage.device.screen().unwrap().unwrap()
    };
    let version = format!("Highwater|version {}", env!("CARGO_PKG_VERSION"));
    let expected = ["Highwater slot 2|no chain", "Highwater slot 3|no chain", &version, "Quit|press both"];
    assert_eq!([(); 4].map(|()| turn(stage, Button::Right)), expected);
    // A chain is armed: one press of both only warns, and turning the page takes it back.
    assert_eq!(turn(stage, Button::Both), "Signing stops!|Quit? press both");
    assert_eq!(turn(stage, Button::Left), version);
    assert_eq!(turn(stage, Button::Right), "Quit|press both");
    let home = turn(stage, Button::Right);
    assert!(home.starts_with(CHAIN), "{home}");
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 0));
}
