//! The terminal at which a procedure speaks with the person who runs it.

use std::io::IsTerminal;

#[cfg(feature = "yubihsm")]
use zeroize::Zeroizing;

use super::say;
#[cfg(feature = "yubihsm")]
use crate::advice;
use crate::failure::Failure;
use crate::operator::Talk;

/// Hints go to standard error, so that standard output is the result alone.
pub(super) struct Terminal {
    /// Approve what a simulated device asks, without asking here.
    pub(super) yes_simulated: bool,
    /// The chain that the owner of a key store has typed beforehand.
    pub(super) approved: Option<String>,
}

impl Terminal {
    /// A password that is typed and not shown.
    #[cfg(feature = "yubihsm")]
    pub(super) fn secret(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        use std::io::BufRead as _;

        use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

        /// Shows again what is typed, whatever happens.
        struct Shown(Termios);
        impl Drop for Shown {
            fn drop(&mut self) {
                let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
            }
        }

        if !std::io::stdin().is_terminal() {
            return Err(Failure::unavailable(advice::no_terminal_for_a_password()));
        }
        say::aside(format_args!("{question}"));
        let failed = |error: std::io::Error| Failure::io("the terminal", &error);
        let before = tcgetattr(std::io::stdin()).map_err(|error| failed(error.into()))?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        let _shown = Shown(before);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden).map_err(|error| failed(error.into()))?;
        // What grows leaves copies: no password is longer.
        let mut typed = Zeroizing::new(Vec::with_capacity(1 << 12));
        std::io::stdin().lock().read_until(b'\n', &mut typed).map_err(failed)?;
        while matches!(typed.last(), Some(b'\n' | b'\r')) {
            typed.pop();
        }
        say::aside(format_args!("\n"));
        Ok(typed)
    }
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
                forget_typed();
                say::aside(format_args!("The simulated device asks: {question} Approve? [y/N] "));
                Ok(matches!(line()?.trim(), "y" | "Y" | "yes"))
            }
            Some(word) => {
                let typed = match &self.approved {
                    Some(typed) => typed.clone(),
                    None => {
                        forget_typed();
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

/// What was typed before a question stood there is no answer to it.
pub(super) fn forget_typed() {
    if std::io::stdin().is_terminal() {
        // A terminal that cannot do it has the lines still, as it had them before.
        let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
    }
}

/// A line that was typed; empty at the end of the input.
pub(super) fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("the terminal", &error))?;
    Ok(line)
}
