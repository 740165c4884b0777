//! Whatever is asked, each of its letters is on some page, however wide they are.

use highwater_core::apdu::{Command, Named};
use highwater_core::hrs::{Hrs, Step};
use nanos_sdk::Button;

use crate::bench::{Bench, panel};
use crate::words::{CHAIN, add, chain, hrs};

/// The lines of a prompt, page after page; those of "Approve" and "Reject" end it.
fn read(bench: &mut Bench, command: Command<'_>) -> String {
    bench.prompt(command).unwrap();
    let mut text = String::new();
    for _ in 0..40 {
        let picture = panel(|panel| panel.picture());
        assert!(!picture.contains('#'), "letters that nobody can read:\n{picture}");
        text += &bench.lines().concat();
        if bench.lines()[0] == "Reject" {
            return text;
        }
        let before = bench.lines();
        bench.press(Button::Right);
        assert_ne!(bench.lines(), before, "the page is not turned");
    }
    panic!("a prompt without an end: {text}");
}

#[track_caller]
fn holds(text: &str, part: &str) {
    assert!(text.contains(part), "{part}\nis not in\n{text}");
}

/// Ids of the widest letters and of the narrowest, and of all kinds.
fn ids() -> Vec<String> {
    let mut ids: Vec<String> = [33, 34, 50].map(|length| "W".repeat(length)).into();
    ids.extend(["i", "m-", "4", "Wi", "W.i_"].map(|part| part.repeat(50)[..50].to_owned()));
    ids.extend((1..=50).map(|length| "a-Chain_4.Wm".repeat(5)[..length].to_owned()));
    ids
}

#[test]
fn every_letter_of_a_chain_id_is_on_some_page() {
    for id in ids() {
        let text = read(&mut Bench::new(), add(&id));
        holds(&text, &id);
    }
}

#[test]
fn every_letter_of_a_chain_id_is_on_some_page_of_every_other_question() {
    let id = &"W".repeat(50)[..];
    let named = Named { chain: chain(id), incarnation: 1 };
    for command in [
        Command::SetMark { named, to: hrs(10, 0, Step::None) },
        Command::RemoveChain(named),
        Command::ShowKey(chain(id)),
    ] {
        let mut bench = Bench::new();
        bench.approve(add(id));
        holds(&read(&mut bench, command), id);
    }
}

#[test]
fn every_digit_of_a_mark_is_on_some_page() {
    for (height, round) in [
        (4_444_444_444_444_444_444, 1_444_444_444),
        (9_223_372_036_854_775_807, 2_147_483_647),
        (44_444_444, 44),
        (1, 0),
    ] {
        let mark: Hrs = hrs(height, round, Step::Precommit);
        let text = read(&mut Bench::new(), Command::AddChain { chain: chain(CHAIN), key_index: 7, mark });
        // Between words a line may end; within them too, where one is longer than the screen. Digits come in groups.
        holds(&text.replace([' ', ','], ""), &format!("markto{height}r{round}precommit"));
    }
}

#[test]
fn every_digit_of_a_key_is_on_some_page() {
    for (digits, key) in [("4", [0x44; 32]), ("d", [0xdd; 32]), ("1", [0x11; 32])] {
        let mut bench = Bench::installed(|kernel| {
            kernel.software.public_key = match key[0] {
                0x44 => |_| [0x44; 32],
                0xdd => |_| [0xdd; 32],
                _ => |_| [0x11; 32],
            }
        });
        let text = read(&mut bench, add(CHAIN));
        for half in ["Public key 1/2", "Public key 2/2"] {
            holds(&text, &(half.to_owned() + &digits.repeat(32)));
        }
    }
}

#[test]
fn the_left_button_leads_back_through_a_long_text() {
    let id = &"W".repeat(50)[..];
    let mut bench = Bench::new();
    bench.prompt(add(id)).unwrap();
    let mut pages = vec![bench.lines()];
    while bench.lines()[0] != "Reject" {
        bench.press(Button::Right);
        assert!(!pages.contains(&bench.lines()), "the page is not turned");
        pages.push(bench.lines());
    }
    assert!(pages[1..3].concat().concat().starts_with(id), "two pages of it: {pages:?}");
    bench.press(Button::Left);
    assert_eq!(bench.lines()[0], "Approve");
    while bench.lines()[0] != "Add chain?" {
        let before = bench.lines();
        bench.press(Button::Left);
        assert!(pages.contains(&bench.lines()), "{:?}", bench.lines());
        assert_ne!(bench.lines(), before);
    }
}
