//! Of a question to the owner: what became of it.

use highwater_core::apdu::Status;

use super::status;

/// How long the device takes no question after a refusal, in words.
const PAUSE: &str = "for a minute after the first refusal, twice as long after each further one, an hour at most; \
                     a button pressed on its home screen ends the pause";

/// The owner refused.
pub fn denied() -> String {
    format!(
        "the owner refused, and nothing was changed: ask again when the owner agrees; the device takes no question {PAUSE}"
    )
}

/// Nobody pressed a button.
pub fn expired() -> String {
    format!(
        "nobody pressed a button for a minute, and nothing was changed: let someone stand at the device and run the \
         command again; until then signing goes on, and the device takes no question {PAUSE}"
    )
}

/// The chain signed past the mark while the question stood.
pub fn moved() -> String {
    "the chain signed past that mark while the question stood, and nothing was changed: look at \
     `highwater mark show`, and run the command again if it is still needed"
        .to_owned()
}

/// Approved, but not done.
pub fn failed(word: u16) -> String {
    let reason = Status::from_word(word).map_or("the reason is unknown to this version", status);
    format!("the owner approved, but it could not be done ({word:04x}): {reason}")
}

/// Interrupted at the terminal.
pub fn taken_back() -> String {
    format!("the question was taken back, which counts as refused: the device takes no question {PAUSE}")
}

/// The device takes no question now.
pub fn question_refused(word: u16) -> String {
    match Status::from_word(word) {
        Some(Status::PromptsPaused) => format!("b015: the device takes no question {PAUSE}"),
        Some(Status::PromptUp) => {
            "b00d: another question stands on the device: answer that one first, or wait a minute".to_owned()
        }
        Some(reason) => format!("{word:04x}: {}", status(reason)),
        None => format!("{word:04x}: another app's answer: open Highwater on the device"),
    }
}

/// The owner of a simulated device has no terminal.
pub fn no_terminal() -> String {
    "the simulated device's owner answers at a terminal, and there is none: run the command in one".to_owned()
}

/// Neither yes nor no.
pub fn no_decision(minutes: u64) -> String {
    format!("no decision for {minutes} minutes: look at the device, and run the command again")
}

/// The reply to a question has no form.
pub fn prompt_malformed() -> String {
    "the device's reply to a question is malformed: restart the app, and run the command again".to_owned()
}
