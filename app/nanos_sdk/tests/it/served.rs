//! The runtime of a device whose system drives, on a system that insists on its rules.

use nanos_sdk::fake::{self, Desk, Kernel};
use nanos_sdk::screen::{Align, Blank, Font, Icon, Item, Picture, Scratch};
use nanos_sdk::target::Call;
use nanos_sdk::{Bolos, Button, Event, Host};

const HID: u8 = 0x20;
const RAW: u8 = 0x10;
/// An event of USB that the system has dealt with.
const DEALT_WITH: Vec<u8> = Vec::new();

fn kernel<T>(look: impl FnOnce(&mut Kernel) -> T) -> T {
    fake::with(look)
}

fn desk<T>(look: impl FnOnce(&mut Desk) -> T) -> T {
    kernel(|kernel| look(&mut kernel.desk))
}

/// A system, and an app on it that has come onto the bus.
fn boot() -> Bolos {
    let mut bolos = fake::boot();
    bolos.io.connect();
    bolos
}

/// One event, as the app is told it.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Ticker,
    Button(Button),
    Command(Vec<u8>),
}

fn next_with(bolos: &mut Bolos, picture: &impl Picture) -> Told {
    match bolos.io.next_event(&mut bolos.packet, picture) {
        Event::Ticker => Told::Ticker,
        Event::Button(button) => Told::Button(button),
        Event::Host(Host::Command(command)) => Told::Command(command.to_vec()),
    }
}

fn next(bolos: &mut Bolos) -> Told {
    next_with(bolos, &Blank)
}

/// A report of the buttons, from the MCU or from the secure element.
fn buttons(source: u8, down: u8) -> Vec<u8> {
    vec![source, 0x05, 0, 1, down << 1]
}

struct TwoLines;

impl Picture for TwoLines {
    fn item<'a>(&'a self, index: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        let text = |text: &'a [u8], baseline| Item::Text {
            text,
            font: Font::Regular,
            align: Align::Centre,
            x: 0,
            width: 128,
            baseline,
        };
        match index {
            0 => Some(text(b"above", 29)),
            1 => Some(text(b"below", 43)),
            2 => Some(Item::Icon { icon: Icon::Left, x: 2, y: 28 }),
            _ => None,
        }
    }
}

#[test]
fn commands_come_whole_and_an_answer_goes_the_way_of_its_command() {
    let mut bolos = boot();
    for (way, command) in [(HID, vec![0xe0; 272]), (RAW, vec![0xe0, 3, 0, 0, 0]), (HID, vec![])] {
        desk(|desk| desk.commands.push_back((way, command.clone())));
        assert_eq!(next(&mut bolos), Told::Command(command));
        bolos.io.reply(&[0x90, way]).unwrap();
    }
    let answers = desk(|desk| desk.answers.clone());
    assert_eq!(answers, [HID, RAW, HID].map(|way| (way, vec![0x90, way])));
}

#[test]
fn events_that_the_system_has_dealt_with_are_no_failures() {
    let mut bolos = boot();
    kernel(|kernel| kernel.events.extend(std::iter::repeat_n(DEALT_WITH, 500)));
    assert_eq!(next(&mut bolos), Told::Ticker);
}

#[test]
fn failures_in_a_row_end_the_app_and_one_good_call_begins_a_new_row() {
    let mut bolos = boot();
    for _ in 0..3 {
        kernel(|kernel| kernel.fail(Call::Receive, 15));
        assert_eq!(next(&mut bolos), Told::Ticker);
    }
    kernel(|kernel| kernel.fail(Call::Receive, 16));
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| next(&mut bolos)));
    assert_eq!(ended.unwrap_err().downcast_ref::<String>().unwrap(), "exit(255)");
}

#[test]
fn nobody_sees_the_device_before_the_app_says_so() {
    let mut bolos = fake::boot();
    assert!(!desk(|desk| desk.started));
    bolos.io.connect();
    assert!(desk(|desk| desk.started));
}

#[test]
#[should_panic(expected = "exit(255)")]
fn an_app_without_usb_ends() {
    let mut bolos = fake::boot();
    kernel(|kernel| kernel.fail(Call::IoStart, 1));
    bolos.io.connect();
}

#[test]
fn a_picture_is_drawn_whole_once_and_again_when_it_has_changed() {
    let mut bolos = boot();
    for pictures in [1, 1, 1] {
        next_with(&mut bolos, &TwoLines);
        assert_eq!(
            desk(|desk| (desk.lines(), desk.pictures)),
            (vec!["above".into(), "below".into()], pictures)
        );
    }
    // An arrow is four columns, the tip first.
    assert_eq!(desk(|desk| desk.bars()), [2, 3, 4, 5]);
    bolos.io.redraw();
    next_with(&mut bolos, &TwoLines);
    assert_eq!(desk(|desk| desk.pictures), 2);
    // The system has drawn over it and says so.
    kernel(|kernel| kernel.events.push_back(vec![0x02, 0x1a, 0, 1, 0x20]));
    next_with(&mut bolos, &TwoLines);
    assert_eq!(desk(|desk| desk.pictures), 3);
}

#[test]
fn while_the_system_draws_the_app_does_not_and_no_button_counts() {
    let mut bolos = boot();
    next_with(&mut bolos, &TwoLines);
    kernel(|kernel| {
        kernel.verdict = 0x97;
        kernel.events.extend([buttons(2, 3), buttons(2, 0)]);
    });
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    kernel(|kernel| kernel.system_draws = true);
    bolos.io.redraw();
    for _ in 0..3 {
        assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    }
    assert_eq!(desk(|desk| desk.pictures), 1);
    // It gives the screen back; a button that was pressed before it did is for nobody.
    kernel(|kernel| kernel.events.push_back(buttons(2, 1)));
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    kernel(|kernel| (kernel.verdict, kernel.system_draws) = (0xaa, false));
    kernel(|kernel| kernel.events.push_back(buttons(2, 0)));
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    next_with(&mut bolos, &TwoLines);
    assert_eq!(desk(|desk| desk.pictures), 2);
}

#[test]
fn buttons_are_told_by_either_chip_and_count_when_they_are_let_go() {
    let mut bolos = boot();
    // The page stands from here on.
    assert_eq!(next(&mut bolos), Told::Ticker);
    for source in [1, 2] {
        for (down, button) in [(1, Button::Left), (2, Button::Right), (3, Button::Both)] {
            kernel(|kernel| kernel.events.extend([buttons(source, down), buttons(source, 0)]));
            assert_eq!(next(&mut bolos), Told::Button(button));
        }
    }
    // Every one of them went to the system first.
    assert_eq!(kernel(|kernel| kernel.count(Call::Ux)), 13);
}

#[test]
fn a_press_counts_for_the_page_it_was_begun_on_alone() {
    let mut bolos = boot();
    next_with(&mut bolos, &TwoLines);
    kernel(|kernel| kernel.events.push_back(buttons(2, 3)));
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    // Another page comes while the buttons are down.
    bolos.io.redraw();
    kernel(|kernel| kernel.events.push_back(buttons(2, 0)));
    assert_eq!(next_with(&mut bolos, &Blank), Told::Ticker);
    kernel(|kernel| kernel.events.extend([buttons(2, 3), buttons(2, 0)]));
    assert_eq!(next_with(&mut bolos, &Blank), Told::Button(Button::Both));
}

#[test]
fn a_page_of_which_a_drawing_failed_is_drawn_again_and_no_press_counts_on_it() {
    const ALWAYS: usize = usize::MAX;
    // Clearing, an arrow, either line, showing what was drawn.
    let drawings = [
        (Call::DrawBar, 0),
        (Call::DrawBar, 2),
        (Call::DrawText, 0),
        (Call::DrawText, 1),
        (Call::Refresh, 0),
    ];
    for (call, spared) in drawings {
        let mut bolos = boot();
        next_with(&mut bolos, &Blank);
        bolos.io.redraw();
        kernel(|kernel| {
            kernel.fail_later(call, spared, ALWAYS);
            kernel.events.extend([buttons(2, 3), buttons(2, 0)]);
        });
        assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker, "{call:?} {spared}: what stands is older");
        assert_eq!(desk(|desk| desk.lines()), [""; 0], "{call:?} {spared}");
        kernel(Kernel::mend);
        assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker, "{call:?} {spared}: drawn, it stands");
        kernel(|kernel| kernel.events.extend([buttons(2, 3), buttons(2, 0)]));
        assert_eq!(next_with(&mut bolos, &TwoLines), Told::Button(Button::Both), "{call:?} {spared}");
        assert_eq!(desk(|desk| desk.lines()), ["above", "below"], "{call:?} {spared}");
    }
}

#[test]
fn a_press_that_was_begun_before_a_page_was_drawn_again_counts_for_nothing() {
    let mut bolos = boot();
    next_with(&mut bolos, &TwoLines);
    kernel(|kernel| kernel.events.push_back(buttons(2, 3)));
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    // Drawn at the second attempt, while the buttons are down.
    kernel(|kernel| kernel.fail(Call::Refresh, 1));
    bolos.io.redraw();
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
    kernel(|kernel| kernel.events.push_back(buttons(2, 0)));
    assert_eq!(next_with(&mut bolos, &TwoLines), Told::Ticker);
}

#[test]
fn every_event_of_either_chip_goes_to_the_system_but_those_that_are_for_the_app() {
    let mut bolos = boot();
    let seen = || kernel(|kernel| kernel.count(Call::Ux));
    for (event, expected) in [
        (vec![0x01, 0x15, 0, 4, 0, 0, 0, 8], 1),
        (vec![0x01, 0x16, 0, 4, 0xe0, 3, 0, 0], 1),
        (vec![0x02, 0x0c, 0, 0], 1),
        (vec![0x02, 0x7f, 0, 1, 9], 1),
        (buttons(2, 0), 1),
        // Between tasks of the system: the app draws again, or it is no concern of the app's.
        (vec![0x02, 0x1a, 0, 1, 0x20], 0),
        (vec![0x02, 0x1a, 0, 1, 0x21], 0),
        // No packet.
        (vec![0x02, 0x15, 0, 9, 1], 0),
        (DEALT_WITH, 0),
    ] {
        let before = seen();
        kernel(|kernel| kernel.events.push_back(event.clone()));
        assert_eq!(next(&mut bolos), Told::Ticker);
        // One more for the tick.
        assert_eq!(seen() - before, expected + 1, "{event:x?}");
    }
}

#[test]
fn a_system_that_says_draw_has_given_the_screen_back() {
    let mut bolos = boot();
    next_with(&mut bolos, &TwoLines);
    kernel(|kernel| kernel.verdict = 0x97);
    next_with(&mut bolos, &TwoLines);
    bolos.io.redraw();
    let pictures = || desk(|desk| desk.pictures);
    let before = pictures();
    kernel(|kernel| kernel.events.push_back(vec![0x02, 0x1a, 0, 1, 0x20]));
    next_with(&mut bolos, &TwoLines);
    assert_eq!(pictures() - before, 1);
}
