//! The screen and the buttons, and the system that may want both for itself.

use crate::bench::*;
use nanos_sdk::fake::Panel;
use nanos_sdk::screen::{Align, Blank, Font, Icon, Item, Picture, Scratch};
use nanos_sdk::target::Call;
use nanos_sdk::{Button, fake};

/// A line of text between two arrows.
struct Line(&'static [u8]);

impl Picture for Line {
    fn item<'a>(&'a self, index: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        Some(match index {
            0 => text(self.0),
            1 => Item::Icon { icon: Icon::Left, x: 2, y: 12 },
            2 => Item::Bar { x: 120, y: 0, width: 8, height: 2 },
            _ => return None,
        })
    }
}

/// A line of text and nothing else.
struct Words(&'static [u8]);

impl Picture for Words {
    fn item<'a>(&'a self, index: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        (index == 0).then_some(text(self.0))
    }
}

fn text(text: &'static [u8]) -> Item<'static> {
    Item::Text { text, font: Font::Regular, align: Align::Centre, x: 0, width: 128, baseline: 20 }
}

fn panel<T>(look: impl FnOnce(&mut Panel) -> T) -> T {
    kernel(|kernel| look(&mut kernel.mcu.panel))
}

fn settle(bench: &mut Bench, picture: &impl Picture) {
    while bench.turn_with(picture) != Told::Ticker {}
}

fn press(down: u8) {
    kernel(|kernel| kernel.events.extend([vec![0x05, 0, 1, down << 1], vec![0x05, 0, 1, 0]]));
}

#[test]
fn a_picture_is_drawn_thing_by_thing_after_all_was_black() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"here"));
    assert_eq!(panel(|panel| (panel.draws, panel.lines())), (4, vec!["here".to_owned()]));
    settle(&mut bench, &Line(b"there"));
    assert_eq!(panel(|panel| panel.draws), 4, "only when it is told to");
    bench.bolos.io.redraw();
    settle(&mut bench, &Line(b"there"));
    assert_eq!(panel(|panel| panel.lines()), ["there"]);
    bench.bolos.io.redraw();
    settle(&mut bench, &Blank);
    assert_eq!(panel(|panel| panel.items().len()), 0);
}

#[test]
fn a_picture_is_drawn_while_the_host_is_served() {
    let mut bench = Bench::configured();
    bench.bolos.io.redraw();
    host(|host| (1..=6).for_each(|mark| host.send(&[mark; 64])));
    settle(&mut bench, &Line(b"busy"));
    assert_eq!(bench.told().len(), 6);
    assert_eq!(panel(|panel| panel.lines()), ["busy"]);
}

#[test]
fn a_drawing_of_which_no_end_is_heard_is_given_up_after_a_second() {
    let mut bench = Bench::new();
    panel(|panel| panel.mute = true);
    for _ in 0..10 {
        settle(&mut bench, &Line(b"lost"));
    }
    assert_eq!(panel(|panel| panel.draws), 1);
    settle(&mut bench, &Line(b"lost"));
    panel(|panel| panel.mute = false);
    (0..12).for_each(|_| settle(&mut bench, &Line(b"lost")));
    assert_eq!(panel(|panel| (panel.lines(), panel.items().len())), (vec!["lost".to_owned()], 3));
}

#[test]
fn a_page_of_which_a_line_was_not_taken_is_drawn_again() {
    let mut bench = Bench::new();
    // The clearing comes first, then the line.
    kernel(|kernel| kernel.fail_later(Call::Send, 1, 1));
    for _ in 0..20 {
        settle(&mut bench, &Line(b"whole"));
    }
    assert_eq!(panel(|panel| (panel.lines(), panel.items().len())), (vec!["whole".to_owned()], 3));
}

#[test]
fn nothing_is_drawn_and_no_button_counts_while_the_system_owns_the_screen() {
    for verdict in [0x97, 0x00] {
        let mut bench = Bench::new();
        settle(&mut bench, &Line(b"app"));
        kernel(|kernel| (kernel.verdict, kernel.system_draws) = (verdict, true));
        settle(&mut bench, &Line(b"app"));
        let drawn = panel(|panel| panel.draws);
        bench.bolos.io.redraw();
        press(1);
        press(3);
        (0..30).for_each(|_| settle(&mut bench, &Line(b"app")));
        assert_eq!((bench.told(), panel(|panel| panel.draws)), (vec![], drawn));

        kernel(|kernel| (kernel.verdict, kernel.system_draws) = (0xaa, false));
        settle(&mut bench, &Line(b"back"));
        settle(&mut bench, &Line(b"back"));
        assert_eq!(panel(|panel| panel.lines()), ["back"], "what the system drew is painted over");
        press(1);
        settle(&mut bench, &Line(b"back"));
        assert_eq!(bench.told(), [Told::Button(Button::Left)]);
    }
}

#[test]
fn nothing_is_drawn_on_events_of_the_host_while_the_system_owns_the_screen() {
    let mut bench = Bench::configured();
    kernel(|kernel| kernel.verdict = 0x97);
    bench.wait(1);
    let drawn = panel(|panel| panel.draws);
    bench.bolos.io.redraw();
    host(|host| (1..=4).for_each(|mark| host.send(&[mark; 64])));
    settle(&mut bench, &Line(b"app"));
    assert_eq!((bench.told().len(), panel(|panel| panel.draws)), (4, drawn));
}

#[test]
fn what_the_system_drew_is_painted_over_though_nothing_has_changed() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"app"));
    let drawn = panel(|panel| panel.draws);
    kernel(|kernel| kernel.verdict = 0x97);
    settle(&mut bench, &Line(b"app"));
    kernel(|kernel| kernel.verdict = 0xaa);
    settle(&mut bench, &Line(b"app"));
    settle(&mut bench, &Line(b"app"));
    assert_eq!(panel(|panel| panel.draws), 2 * drawn);
}

#[test]
fn a_press_the_system_saw_the_end_of_is_no_part_of_the_next() {
    let mut bench = Bench::new();
    kernel(|kernel| kernel.events.push_back(vec![0x05, 0, 1, 4]));
    bench.settle();
    kernel(|kernel| {
        kernel.verdict = 0x97;
        kernel.events.push_back(vec![0x05, 0, 1, 0]);
    });
    bench.settle();
    kernel(|kernel| kernel.verdict = 0xaa);
    (0..2).for_each(|_| bench.settle());
    press(1);
    bench.settle();
    assert_eq!(bench.told(), [Told::Button(Button::Left)]);
}

#[test]
fn a_press_that_began_while_the_system_owned_the_screen_does_not_count() {
    let mut bench = Bench::new();
    kernel(|kernel| {
        kernel.verdict = 0x97;
        kernel.events.push_back(vec![0x05, 0, 1, 6]);
    });
    bench.settle();
    kernel(|kernel| {
        kernel.verdict = 0xaa;
        kernel.events.push_back(vec![0x05, 0, 1, 0]);
    });
    bench.settle();
    assert_eq!(bench.told(), []);
}

#[test]
fn the_system_may_ask_for_all_of_it_again() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"app"));
    let before = panel(|panel| panel.draws);
    kernel(|kernel| kernel.verdict = 0x69);
    settle(&mut bench, &Line(b"app"));
    settle(&mut bench, &Line(b"app"));
    assert_eq!(panel(|panel| panel.draws), 2 * before);
}

#[test]
fn a_redraw_that_is_asked_for_while_a_thing_is_drawn_waits_for_it() {
    let mut bench = Bench::new();
    panel(|panel| panel.mute = true);
    settle(&mut bench, &Line(b"app"));
    kernel(|kernel| kernel.verdict = 0x69);
    settle(&mut bench, &Line(b"app"));
    settle(&mut bench, &Line(b"app"));
    assert_eq!(panel(|panel| panel.draws), 1);
}

#[test]
fn the_system_sees_every_event_that_may_concern_it() {
    let mut bench = Bench::configured();
    let asked = |kernel: &mut fake::Kernel| kernel.count(Call::Ux);
    for event in [&[0x05, 0, 1, 2][..], &[0x0d, 0, 0], &[0x0e, 0, 0], &[0x15, 0, 4, 0, 0, 0, 8]] {
        let before = kernel(asked);
        kernel(|kernel| kernel.events.push_back(event.to_vec()));
        bench.turn();
        assert!(kernel(asked) > before, "{event:02x?}");
    }
    let before = kernel(asked);
    host(|host| host.send(&[1; 64]));
    assert_eq!(bench.turn(), Told::Report(vec![1; 64]));
    assert_eq!(kernel(asked), before, "reports are the app's");
}

/// A report of the buttons that are down, as the MCU repeats it while they are held.
fn buttons(down: u8) {
    kernel(|kernel| kernel.events.push_back(vec![0x05, 0, 1, down << 1]));
}

/// Both buttons go down, something happens, and a third of a second later they are let go. The next press counts again.
fn held_through(bench: &mut Bench, event: impl FnOnce(&mut Bench)) -> Vec<Told> {
    buttons(3);
    settle(bench, &Line(b"app"));
    event(bench);
    for _ in 0..3 {
        buttons(3);
        settle(bench, &Line(b"app"));
    }
    buttons(0);
    (0..2).for_each(|_| settle(bench, &Line(b"app")));
    let told = bench.told();
    press(1);
    settle(bench, &Line(b"app"));
    assert_eq!(bench.told(), [Told::Button(Button::Left)], "and then presses count again");
    told
}

#[test]
fn a_press_held_from_the_system_s_screen_into_the_app_s_does_not_count() {
    for back in [0xaa, 0x69] {
        for verdict in [0x97, 0x00] {
            let mut bench = Bench::new();
            settle(&mut bench, &Line(b"app"));
            kernel(|kernel| kernel.verdict = verdict);
            let told = held_through(&mut bench, |_| kernel(|kernel| kernel.verdict = back));
            assert_eq!(told, [], "{verdict:#x} {back:#x}");
        }
    }
}

#[test]
fn a_press_held_while_the_system_came_and_went_does_not_count() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"app"));
    let told = held_through(&mut bench, |bench| {
        kernel(|kernel| kernel.verdict = 0x97);
        settle(bench, &Line(b"app"));
        kernel(|kernel| kernel.verdict = 0xaa);
    });
    assert_eq!(told, []);
}

#[test]
fn a_press_held_while_the_page_is_drawn_again_does_not_count() {
    for asked_by_system in [true, false] {
        let mut bench = Bench::new();
        settle(&mut bench, &Line(b"app"));
        let told = held_through(&mut bench, |bench| {
            if asked_by_system {
                kernel(|kernel| kernel.verdict = 0x69);
            } else {
                bench.bolos.io.redraw();
            }
        });
        assert_eq!(told, [], "by the system: {asked_by_system}");
    }
}

#[test]
fn a_press_that_comes_with_a_redraw_does_not_count() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"app"));
    buttons(3);
    settle(&mut bench, &Line(b"app"));
    kernel(|kernel| kernel.verdict = 0x69);
    buttons(0);
    (0..2).for_each(|_| settle(&mut bench, &Line(b"app")));
    assert_eq!(bench.told(), []);
}

#[test]
fn a_press_begun_on_half_a_page_does_not_count() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(b"app"));
    bench.bolos.io.redraw();
    panel(|panel| panel.mute = true);
    settle(&mut bench, &Line(b"app"));
    buttons(3);
    settle(&mut bench, &Line(b"app"));
    panel(|panel| panel.mute = false);
    // The word of the last thing comes while they are down.
    kernel(|kernel| kernel.events.push_back(vec![0x0d, 0, 0]));
    (0..2).for_each(|_| settle(&mut bench, &Line(b"app")));
    assert_eq!(panel(|panel| panel.lines()), ["app"]);
    buttons(0);
    settle(&mut bench, &Line(b"app"));
    assert_eq!(bench.told(), []);
}

#[test]
fn the_played_screen_cuts_what_is_wider_than_it() {
    for (line, seen) in [
        // 12 letters of 10 pixels, 42 of 3.
        (&[b'W'; 17][..], 12),
        (&[b'i'; 24], 24),
        (b"444444444444444444", 16),
        // 123 and 129 pixels.
        (b"r9223372036 precommit", 21),
        (b"r2147483647 precommit", 20),
    ] {
        let mut bench = Bench::new();
        settle(&mut bench, &Words(line));
        assert_eq!(panel(|panel| panel.lines()[0].len()), seen, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn the_played_screen_shows_what_an_arrow_covers() {
    let mut bench = Bench::new();
    settle(&mut bench, &Line(&[b'a'; 21]));
    let line = panel(|panel| panel.lines()[0].clone());
    assert_eq!(line, "#".to_owned() + &"a".repeat(20));
}
