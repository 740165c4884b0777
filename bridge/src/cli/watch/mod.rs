//! `status --watch`: the daemon's report on the whole terminal, once a second.

mod view;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::admin::{Client, Report};
use crate::advice;
use crate::config::Config;
use crate::failure::Failure;
use crate::log::colours;
use view::View;

/// Between two reports.
const PACE: Duration = Duration::from_secs(1);

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Quit,
    Up,
    Down,
}

/// Shows it until `q` is pressed. A daemon that ends is waited for.
pub(super) async fn watch(config: &Config) -> Result<(), Failure> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::usage(advice::watch_no_terminal()));
    }
    let mut view = View { coloured: colours(&io::stdout()), ..View::default() };
    let mut terminal = ratatui::try_init().map_err(|error| Failure::io("the terminal", &error))?;
    let done = until_quit(config, &mut terminal, &mut view).await;
    ratatui::restore();
    done.map_err(|error| Failure::io("the terminal", &error))
}

async fn until_quit(config: &Config, terminal: &mut DefaultTerminal, view: &mut View) -> io::Result<()> {
    let mut client = None;
    loop {
        terminal.draw(|frame| view.draw(frame))?;
        let (report, at) = (report(&config.state_dir, &mut client).await, Instant::now());
        view.report = Some(report);
        loop {
            view.age = at.elapsed();
            terminal.draw(|frame| view.draw(frame))?;
            let left = PACE.saturating_sub(at.elapsed());
            if left.is_zero() {
                break;
            }
            // Nothing else of this process waits.
            match tokio::task::spawn_blocking(move || wish(left)).await?? {
                Some(Wish::Quit) => return Ok(()),
                Some(Wish::Up) => view.scrolled = view.scrolled.saturating_sub(1),
                Some(Wish::Down) => view.scrolled = view.scrolled.saturating_add(1),
                None => {}
            }
        }
    }
}

async fn report(state_dir: &Path, client: &mut Option<Client>) -> Result<Report, String> {
    let mut known = match client.take() {
        Some(known) => known,
        None => Client::connect(state_dir).await?.ok_or_else(|| advice::no_daemon().to_owned())?,
    };
    let report = known.status().await?;
    *client = Some(known);
    Ok(report)
}

/// What is pressed within this time.
fn wish(within: Duration) -> io::Result<Option<Wish>> {
    if !event::poll(within)? {
        return Ok(None);
    }
    Ok(wished(&event::read()?))
}

fn wished(event: &Event) -> Option<Wish> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Some(Wish::Quit),
        // The terminal is in raw mode: no signal comes of it.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::Quit),
        KeyCode::Up | KeyCode::Char('k') => Some(Wish::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Wish::Down),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn keys_that_people_try_end_it_or_scroll() {
        let pressed = |code, modifiers| wished(&Event::Key(KeyEvent::new(code, modifiers)));
        let none = KeyModifiers::NONE;
        for (code, modifiers, wish) in [
            (KeyCode::Char('q'), none, Some(Wish::Quit)),
            (KeyCode::Esc, none, Some(Wish::Quit)),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Wish::Quit)),
            (KeyCode::Char('c'), none, None),
            (KeyCode::Up, none, Some(Wish::Up)),
            (KeyCode::Char('j'), none, Some(Wish::Down)),
        ] {
            assert_eq!(pressed(code, modifiers), wish, "{code:?}");
        }
        assert_eq!(wished(&Event::Resize(80, 24)), None);
    }
}
