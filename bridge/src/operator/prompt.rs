//! A question to the owner: put, watched, and what became of it.

use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, PromptState, PromptStatus};
use highwater_core::hrs::Hrs;

use super::access::Access;
use super::reach::{Reach, granted};
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

    /// Whether the owner of a device without buttons can be asked here. `typed` is what a store's owner has to type:
    /// such a device signs for real money, and a line that was typed too fast must not approve.
    fn can_answer(&self, typed: Option<&str>) -> bool;

    /// The owner of a device without buttons answers here, by typing this chain if there is one.
    fn answers(&mut self, question: &str, typed: Option<&str>) -> Result<bool, Failure>;
}

/// Why a question was not approved and done.
enum NotDone {
    /// For certain nothing was changed.
    Nothing(Failure),
    /// Nobody knows.
    Unknown(Failure),
}

/// What is asked, and who runs the command.
pub(crate) struct Question<'a> {
    pub(crate) command: Command<'a>,
    /// What the owner will see, for the person at the terminal.
    pub(crate) words: &'a str,
    pub(crate) target: Target,
    pub(crate) talk: &'a mut dyn Talk,
}

impl Question<'_> {
    /// Asks and waits. An error if it was not approved and done.
    pub(crate) async fn ask(mut self, reach: &mut Reach) -> Result<PromptStatus, Failure> {
        self.put(reach).await.map_err(|not_done| match not_done {
            NotDone::Nothing(failure) | NotDone::Unknown(failure) => failure,
        })
    }

    /// As [`Question::ask`], for the mark `to` of a chain: before the question is put, the host's record says that the mark
    /// may be there, so that no spare begins below whatever becomes of question, terminal or daemon.
    pub(crate) async fn ask_for_mark(
        mut self,
        access: &mut Access,
        chain: &str,
        to: Hrs,
        below: Option<Hrs>,
    ) -> Result<PromptStatus, Failure> {
        access.intend(chain, to, below).await?;
        match self.put(&mut access.reach).await {
            Ok(status) => Ok(status),
            Err(NotDone::Nothing(failure)) => {
                access.forget_intention(chain).await?;
                Err(failure)
            }
            Err(NotDone::Unknown(failure)) => Err(failure),
        }
    }

    async fn put(&mut self, reach: &mut Reach) -> Result<PromptStatus, NotDone> {
        let Self { command, words, target, talk } = self;
        let typed = typed(command, *target);
        if !target.has_buttons() && !talk.can_answer(typed) {
            return Err(NotDone::Nothing(Failure::unavailable(advice::no_terminal())));
        }
        let reply = reach.exchange(*command).await.map_err(NotDone::Unknown)?;
        let data = granted(&reply).map_err(NotDone::Nothing)?;
        let ticket = data.try_into().map(u32::from_le_bytes).map_err(|_| NotDone::Unknown(malformed()))?;
        if target.has_buttons() {
            talk.hint(&format!("Look at the device: {words}"));
        } else {
            let approved = talk.answers(words, typed).map_err(NotDone::Unknown)?;
            reach.press(approved).await.map_err(NotDone::Unknown)?;
        }
        // Who listens for Ctrl-C once holds it back for good, and the next question at this terminal would not end by it.
        let outcome = match target.has_buttons() {
            false => Some(watch(reach, ticket).await),
            true => tokio::select! {
                outcome = watch(reach, ticket) => Some(outcome),
                _ = tokio::signal::ctrl_c() => None,
            },
        };
        match outcome {
            Some(outcome) => outcome,
            None => {
                reach.ask(Command::PromptCancel(ticket)).await.map_err(NotDone::Unknown)?;
                Err(NotDone::Nothing(Failure::unavailable(advice::taken_back())))
            }
        }
    }
}

/// What the owner has to type: of a store the chain, or the slot.
fn typed<'a>(command: &Command<'a>, target: Target) -> Option<&'a str> {
    if !target.is_store() {
        return None;
    }
    Some(match command {
        Command::AddChain { chain, .. } | Command::ShowKey(chain) => chain.as_str(),
        Command::SetMark { named, .. } | Command::RemoveChain(named) | Command::ForgetChain(named) => {
            named.chain.as_str()
        }
        _ => "yes",
    })
}

async fn watch(reach: &mut Reach, ticket: u32) -> Result<PromptStatus, NotDone> {
    let mut heard = Instant::now();
    let until = heard + OWNER_TIMEOUT;
    while Instant::now() < until {
        // Whatever the cable does, the question stands on the device, and to ask what became of it changes nothing.
        let data = match reach.exchange(Command::PromptStatus(ticket)).await {
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
