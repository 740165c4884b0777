//! The owner at the emulator: reads pages, turns them, decides.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use speculos::{Button, Emulator, Screen};

/// Longer than a page takes to be drawn, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a tick.
const READING: Duration = Duration::from_millis(200);
/// Longer than it takes until the screen shows what a press that was taken led to.
const AGAIN: Duration = Duration::from_secs(2);
/// The longest prompt has twelve.
const MOST_PAGES: usize = 20;
/// The first lines of the prompts.
const TITLES: [&str; 8] = [
    "Add chain?",
    "Set mark?",
    "Remove chain?",
    "Public key",
    "Forget chain?",
    "Forget what is",
    "Import key?",
    "Forget key?",
];

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
    // A page stands from the first tick after it was drawn, and nobody reads one faster.
    std::thread::sleep(READING);
    let decision = if approved { "Approve" } else { "Reject" };
    for _ in 0..MOST_PAGES {
        seen(&page);
        if page.contains(decision) {
            // A page that is only half drawn again is no other one, and the press may be lost.
            let is_decision = |screen: &Screen| screen.lines().iter().any(|line| line.trim() == decision);
            let ended =
                press(emulator, Button::Both, |screen| !screen.lines().is_empty() && !is_decision(screen))?;
            return ended.map(drop).context("the prompt does not end");
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

/// Presses the right button until another page stands.
fn turn(emulator: &Emulator, page: &Screen) -> Result<Screen> {
    let other = press(emulator, Button::Right, |screen| screen != page && !screen.lines().is_empty())?;
    other.with_context(|| format!("the page does not turn: {}", lines(page)))
}

/// Presses until the screen is as wanted, and gives that; again after [`AGAIN`], as anybody does whose press is not taken.
///
/// The system of a Nano S Plus loses what its buttons do while it sends a reply, and the bridge asks all the time.
fn press(emulator: &Emulator, button: Button, wanted: impl Fn(&Screen) -> bool) -> Result<Option<Screen>> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        // When this returns, the app has taken the press, however slow the machine is.
        emulator.press(button)?;
        let again = Instant::now() + AGAIN;
        while Instant::now() < again {
            let screen = emulator.screen()?;
            if wanted(&screen) {
                return Ok(Some(screen));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(None)
}
