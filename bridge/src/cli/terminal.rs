//! The terminal at which a procedure speaks with the person who runs it.

use std::io::IsTerminal;

use super::say;
use crate::failure::Failure;
use crate::operator::Talk;

/// Hints go to standard error, so that standard output is the result alone.
pub(super) struct Terminal {
    /// Approve what a simulated device asks, without asking here.
    pub(super) yes_simulated: bool,
    /// The chain that the owner of a key store has typed beforehand.
    pub(super) approved: Option<String>,
}

impl Talk for Terminal {
    fn hint(&mut self, text: &str) {
        remark!("{text}");
    }

    fn can_answer(&self, typed: Option<&str>) -> bool {
        let beforehand = if typed.is_some() { self.approved.is_some() } else { self.yes_simulated };
        beforehand || std::io::stdin().is_terminal()
    }

    fn answers(&mut self, question: &str, typed: Option<&str>) -> Result<bool, Failure> {
        match typed {
            None if self.yes_simulated => Ok(true),
            None => {
                say::aside(format_args!("The simulated device asks: {question} Approve? [y/N] "));
                Ok(matches!(line()?.trim(), "y" | "Y" | "yes"))
            }
            Some(word) => {
                let typed = match &self.approved {
                    Some(typed) => typed.clone(),
                    None => {
                        say::aside(format_args!(
                            "The key store's owner is asked: {question} Type {word} to approve: "
                        ));
                        line()?
                    }
                };
                Ok(typed.trim() == word)
            }
        }
    }
}

/// A line that was typed; empty at the end of the input.
pub(super) fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("the terminal", &error))?;
    Ok(line)
}
