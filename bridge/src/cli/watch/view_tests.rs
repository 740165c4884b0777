use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::*;
use crate::admin::ChainReport;
use crate::admin::tests::{chain_report, healthy, signing, with_a_name};
use crate::advice;
use crate::device::SlotState;

fn drawn(view: &mut View, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The words on the screen, without the space behind them.
fn words(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let cells: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
    cells.chunks(width).map(|line| line.concat().trim_end().to_owned() + "\n").collect()
}

fn view(report: Report) -> View {
    View { report: Some(Ok(report)), ..View::default() }
}

fn shown(name: &str, buffer: &Buffer) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/watch");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, words(buffer)));
}

fn away() -> Report {
    let problem = "the device is locked: enter its PIN and open the Highwater app".to_owned();
    let mut chain = chain_report(None);
    chain.problem = Some(problem.clone());
    chain.nodes[0].connected = false;
    chain.last_refusal = Some(
        "5/0/prevote: alpha-1 5/0/prevote: another statement was released at this place. Check that no second node runs with \
         this key; the node goes on at the next step."
            .to_owned(),
    );
    Report { healthy: false, device: None, fault: Some(problem), chains: vec![chain], ..healthy() }
}

#[test]
fn what_signs_and_what_does_not_fits_80_columns_and_24_lines() {
    shown("signing", &drawn(&mut view(signing()), 80, 24));
    shown("locked", &drawn(&mut view(away()), 80, 24));
    let mut warned = healthy();
    warned.chains[0].warning =
        Some("the state file of alpha-1 cannot be written: signing goes on".to_owned());
    warned.log_lines_dropped = 3;
    warned.chains[0].nodes[0].silent_seconds = Some(14);
    shown("warned", &drawn(&mut view(warned), 80, 24));
    let mut stopped = healthy();
    stopped.healthy = false;
    stopped.chains[0].stopped = true;
    stopped.chains[0].problem = Some("alpha-1: DOUBLE-SIGN RISK".to_owned());
    shown("stopped", &drawn(&mut view(stopped), 80, 24));
    let mut several = with_a_name(healthy(), "ledger");
    let mut other = with_a_name(away(), "hsm");
    other.chains[0].chain = "beta-1".to_owned();
    other.chains[0].problem = Some(format!("device hsm: {}", other.fault.clone().unwrap()));
    several.devices.append(&mut other.devices);
    several.chains.append(&mut other.chains);
    several.healthy = false;
    several.verdict =
        format!("NOT SIGNING beta-1 (1 chain signing): {}", several.chains[1].problem.clone().unwrap());
    shown("several", &drawn(&mut view(several), 80, 40));
    let none = &mut View { report: Some(Err(advice::no_daemon().to_owned())), ..View::default() };
    shown("no-daemon", &drawn(none, 80, 24));
}

#[test]
fn what_does_not_fit_is_scrolled_to_and_no_further() {
    let mut many = healthy();
    many.chains = (0..9)
        .map(|number| ChainReport {
            chain: format!("chain-{number}"),
            ..chain_report(Some(SlotState::Armed))
        })
        .collect();
    let mut view = view(many);
    let first = words(&drawn(&mut view, 80, 24));
    assert!(
        first.contains("chain-0") && !first.contains("chain-8") && first.contains("more lines below"),
        "{first}"
    );
    view.scrolled = u16::MAX;
    let last = words(&drawn(&mut view, 80, 24));
    assert!(last.contains("chain-8") && !last.contains("chain-0") && !last.contains("more lines"), "{last}");
    let scrolled = view.scrolled;
    drawn(&mut view, 80, 24);
    assert_eq!(view.scrolled, scrolled, "it stays where the end is");
    // A terminal of one line, or of none, is no reason to fail.
    for (width, height) in [(1, 1), (5, 2), (80, 1), (200, 60)] {
        drawn(&mut view, width, height);
    }
}

#[test]
fn without_colours_no_cell_has_one_and_the_words_are_the_same() {
    let mut plain = view(away());
    let mut coloured = View { coloured: true, ..view(away()) };
    let (plain, coloured) = (drawn(&mut plain, 80, 24), drawn(&mut coloured, 80, 24));
    assert_eq!(words(&plain), words(&coloured));
    let has_colour = |buffer: &Buffer| {
        buffer.content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(!has_colour(&plain) && has_colour(&coloured));
}
