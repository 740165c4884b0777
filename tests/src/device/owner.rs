//! The owner at the emulator: reads pages, turns them, decides.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use speculos::{Button, Emulator, Screen};

/// Longer than a page takes to be drawn, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest prompt has twelve.
const MOST_PAGES: usize = 20;
/// The first lines of the prompts.
const TITLES: [&str; 6] =
    ["Add chain?", "Set mark?", "Remove chain?", "Public key", "Forget chain?", "Forget what is"];

/// The lines of a screen, without the blanks at their ends, separated by `|`.
pub fn lines(screen: &Screen) -> String {
    screen.lines().iter().map(|line| line.trim()).collect::<Vec<_>>().join("|")
}

/// Reads the prompt that stands, or soon will, page by page, shows each to `seen`, and decides on the page of the
/// decision, which is shown too.
pub fn read_and_decide(emulator: &Emulator, approved: bool, mut seen: impl FnMut(&Screen)) -> Result<()> {
    let begins =
        |screen: &Screen| TITLES.iter().any(|title| screen.lines().first().is_some_and(|l| l == title));
    let mut page = emulator.wait_for_screen("the first page of a prompt", PATIENCE, begins)?;
    let decision = if approved { "Approve" } else { "Reject" };
    for _ in 0..MOST_PAGES {
        seen(&page);
        if page.contains(decision) {
            emulator.press(Button::Both)?;
            emulator.wait_for_screen("the end of the prompt", PATIENCE, |screen| *screen != page)?;
            return Ok(());
        }
        page = turn(emulator, &page)?;
    }
    bail!("the prompt has no page \"{decision}\": {}", lines(&page));
}

/// Approves the prompt that will stand, page by page, and lets the work that follows be done: one tick is one turn of
/// the app, which prepares a few pages in each, and nobody has to wait for the clock.
pub fn approve(emulator: &Emulator, seen: impl FnMut(&Screen)) -> Result<()> {
    read_and_decide(emulator, true, seen)?;
    let clock = emulator.pause()?;
    while emulator.screen()?.contains("Working") {
        clock.step(20)?;
    }
    Ok(())
}

/// Presses the right button and waits for another page. The mark on a page may change by itself meanwhile, so it is
/// pressed once only.
fn turn(emulator: &Emulator, page: &Screen) -> Result<Screen> {
    emulator.press(Button::Right)?;
    let until = Instant::now() + PATIENCE;
    loop {
        let screen = emulator.screen()?;
        if screen != *page && !screen.lines().is_empty() {
            return Ok(screen);
        }
        if Instant::now() > until {
            bail!("the page does not turn: {}", lines(page));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
