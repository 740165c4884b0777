//! A question to the owner: put, watched, and what became of it.

use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, PromptState, PromptStatus};
use highwater_core::hrs::Hrs;

use super::access::{Access, granted};
use crate::advice;
use crate::device::Target;
use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(250);
/// A prompt dies after 60 s without a button, but each press renews it, and preparing a ring takes a while.
const OWNER_TIMEOUT: Duration = Duration::from_secs(900);
/// Longer than a device takes to be opened anew. Whoever approved should not learn that it was for nothing, because one
/// reply was late.
const DEVICE_SILENCE: Duration = Duration::from_secs(20);

/// How a procedure speaks with the person who runs it.
pub(crate) trait Talk: Send {
    /// What the person should know now.
    fn hint(&mut self, text: &str);

    /// Whether the owner of a device without buttons can be asked here.
    fn can_answer(&self) -> bool;

    /// The owner of a device without buttons answers here.
    fn answers(&mut self, question: &str) -> Result<bool, Failure>;
}

/// Why a question was not approved and done.
enum NotDone {
    /// For certain nothing was changed.
    Nothing(Failure),
    /// Nobody knows.
    Unknown(Failure),
}

/// Asks and waits. An error if it was not approved and done.
pub(crate) async fn ask(
    access: &mut Access,
    command: Command<'_>,
    question: &str,
    target: Target,
    talk: &mut dyn Talk,
) -> Result<PromptStatus, Failure> {
    put(access, command, question, target, talk).await.map_err(|not_done| match not_done {
        NotDone::Nothing(failure) | NotDone::Unknown(failure) => failure,
    })
}

/// As [`ask`], for the mark `to` of a chain: before the question is put, the host's record says that the mark may be there,
/// so that no spare begins below whatever becomes of question, terminal or daemon.
#[expect(clippy::too_many_arguments, reason = "what is asked, of whom, and how it is noted")]
pub(crate) async fn ask_for_mark(
    access: &mut Access,
    command: Command<'_>,
    question: &str,
    target: Target,
    talk: &mut dyn Talk,
    chain: &str,
    to: Hrs,
    below: Option<Hrs>,
) -> Result<PromptStatus, Failure> {
    access.intend(chain, to, below).await?;
    match put(access, command, question, target, talk).await {
        Ok(status) => Ok(status),
        Err(NotDone::Nothing(failure)) => {
            access.forget_intention(chain).await?;
            Err(failure)
        }
        Err(NotDone::Unknown(failure)) => Err(failure),
    }
}

async fn put(
    access: &mut Access,
    command: Command<'_>,
    question: &str,
    target: Target,
    talk: &mut dyn Talk,
) -> Result<PromptStatus, NotDone> {
    if !target.has_buttons() && !talk.can_answer() {
        return Err(NotDone::Nothing(Failure::unavailable(advice::no_terminal())));
    }
    let reply = access.exchange(command).await.map_err(NotDone::Unknown)?;
    let data = granted(&reply).map_err(NotDone::Nothing)?;
    let ticket = data.try_into().map(u32::from_le_bytes).map_err(|_| NotDone::Unknown(malformed()))?;
    if target.has_buttons() {
        talk.hint(&format!("Look at the device: {question}"));
    } else {
        let approved = talk.answers(question).map_err(NotDone::Unknown)?;
        access.press(approved).await.map_err(NotDone::Unknown)?;
    }
    let outcome = tokio::select! {
        outcome = watch(access, ticket) => Some(outcome),
        _ = tokio::signal::ctrl_c() => None,
    };
    match outcome {
        Some(outcome) => outcome,
        None => {
            access.ask(Command::PromptCancel(ticket)).await.map_err(NotDone::Unknown)?;
            Err(NotDone::Nothing(Failure::unavailable(advice::taken_back())))
        }
    }
}

async fn watch(access: &mut Access, ticket: u32) -> Result<PromptStatus, NotDone> {
    let mut heard = Instant::now();
    let until = heard + OWNER_TIMEOUT;
    while Instant::now() < until {
        // Whatever the cable does, the question stands on the device, and to ask what became of it changes nothing.
        let data = match access.exchange(Command::PromptStatus(ticket)).await {
            Ok(reply) => granted(&reply).map_err(NotDone::Unknown)?,
            Err(_) if heard.elapsed() < DEVICE_SILENCE => {
                tokio::time::sleep(POLL).await;
                continue;
            }
            Err(failure) => return Err(NotDone::Unknown(failure)),
        };
        heard = Instant::now();
        let status = PromptStatus::parse(&data).ok_or_else(|| NotDone::Unknown(malformed()))?;
        let nothing = |text: String| Err(NotDone::Nothing(Failure::unavailable(text)));
        match status.state {
            PromptState::Pending => tokio::time::sleep(POLL).await,
            PromptState::Approved => return Ok(status),
            PromptState::Denied => return nothing(advice::denied()),
            PromptState::Expired => return nothing(advice::expired()),
            PromptState::Moved => return nothing(advice::moved()),
            // It was approved, and how far it came is not known.
            PromptState::Failed => {
                return Err(NotDone::Unknown(Failure::unavailable(advice::failed(status.status))));
            }
        }
    }
    let minutes = OWNER_TIMEOUT.as_secs() / 60;
    Err(NotDone::Unknown(Failure::unavailable(advice::no_decision(minutes))))
}

fn malformed() -> Failure {
    Failure::unavailable(advice::prompt_malformed())
}
