//! A question to the owner: raised, watched, and its outcome in words.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, PromptState, PromptStatus};

use super::link::{Link, granted};
use super::{Failure, say};
use crate::advice;

const POLL: Duration = Duration::from_millis(250);
/// A prompt dies after 60 s without a button, but each press renews it, and preparing a ring takes a while.
const PATIENCE: Duration = Duration::from_secs(900);
/// Longer than a device takes to be opened anew. Whoever approved should not learn that it was for nothing, because one
/// reply was late.
const SILENCE: Duration = Duration::from_secs(20);

/// Asks and waits. `target` is the device's: 0 is simulated. An error if it was not approved and done.
pub(super) async fn ask(
    link: &mut Link,
    command: Command<'_>,
    question: &str,
    target: u8,
    yes_simulated: bool,
) -> Result<PromptStatus, Failure> {
    if target == 0 && !yes_simulated && !std::io::stdin().is_terminal() {
        return Err(Failure::unavailable(advice::no_terminal()));
    }
    let data = link.ask(command).await?;
    let ticket = data.try_into().map(u32::from_le_bytes).map_err(|_| malformed())?;
    if target == 0 {
        let approved = yes_simulated || typed(question)?;
        link.press(approved).await?;
    } else {
        remark!("Look at the device: {question}");
    }
    let outcome = tokio::select! {
        outcome = watch(link, ticket) => Some(outcome),
        _ = tokio::signal::ctrl_c() => None,
    };
    match outcome {
        Some(outcome) => outcome,
        None => {
            link.ask(Command::PromptCancel(ticket)).await?;
            Err(Failure::unavailable(advice::taken_back()))
        }
    }
}

async fn watch(link: &mut Link, ticket: u32) -> Result<PromptStatus, Failure> {
    let mut heard = Instant::now();
    let until = heard + PATIENCE;
    while Instant::now() < until {
        // Whatever the cable does, the question stands on the device, and to ask what became of it changes nothing.
        let data = match link.exchange(Command::PromptStatus(ticket)).await {
            Ok(reply) => granted(&reply)?,
            Err(_) if heard.elapsed() < SILENCE => {
                tokio::time::sleep(POLL).await;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        heard = Instant::now();
        let status = PromptStatus::parse(&data).ok_or_else(malformed)?;
        let failed = match status.state {
            PromptState::Pending => {
                tokio::time::sleep(POLL).await;
                continue;
            }
            PromptState::Approved => return Ok(status),
            PromptState::Denied => advice::denied(),
            PromptState::Expired => advice::expired(),
            PromptState::Moved => advice::moved(),
            PromptState::Failed => advice::failed(status.status),
        };
        return Err(Failure::unavailable(failed));
    }
    Err(Failure::unavailable(advice::no_decision(PATIENCE.as_secs() / 60)))
}

/// The owner of a simulated device answers at the terminal.
fn typed(question: &str) -> Result<bool, Failure> {
    say::aside(format_args!("The simulated device asks: {question} Approve? [y/N] "));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("the terminal", &error))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn malformed() -> Failure {
    Failure::unavailable(advice::prompt_malformed())
}
