//! The terminal at which a procedure speaks with the person who runs it.

use std::io::IsTerminal;

use super::say;
use crate::failure::Failure;
use crate::operator::Talk;

/// Hints go to standard error, so that standard output is the result alone.
pub(super) struct Terminal {
    /// Approve what a simulated device asks, without asking here.
    pub(super) yes_simulated: bool,
}

impl Talk for Terminal {
    fn hint(&mut self, text: &str) {
        remark!("{text}");
    }

    fn can_answer(&self) -> bool {
        self.yes_simulated || std::io::stdin().is_terminal()
    }

    fn answers(&mut self, question: &str) -> Result<bool, Failure> {
        if self.yes_simulated {
            return Ok(true);
        }
        say::aside(format_args!("The simulated device asks: {question} Approve? [y/N] "));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("the terminal", &error))?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}
