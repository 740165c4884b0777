//! Builds by cargo whose result is a program, and where that program is.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process;

/// Runs a `cargo build` and gives the path of the program it made for the target `name`.
///
/// # Errors
/// If it does not build (cargo has printed why), or has no such program.
pub(crate) fn build(cargo: &mut Command, name: &str) -> Result<PathBuf> {
    // With "render-diagnostics" warnings and errors still go to the error stream, as text.
    cargo.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = cargo.output().with_context(|| format!("cannot start {}", process::line(cargo)))?;
    ensure!(output.status.success(), "{name} does not build");
    let messages = String::from_utf8(output.stdout).context("cargo wrote no UTF-8")?;
    find(&messages, name).with_context(|| format!("cargo made no program called {name}"))
}

/// Finds the program among cargo's messages, one JSON object a line.
fn find(messages: &str, name: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
        target: Option<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    messages.lines().find_map(|line| {
        let message: Message = serde_json::from_str(line).ok()?;
        message.executable.filter(|_| message.target.is_some_and(|target| target.name == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_libraries_and_other_programs() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"tide"},"executable":null}"#,
            "\n",
            r#"{"reason":"build-script-executed","linked_libs":[]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"ebb"},"executable":"/t/ebb"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tide"},"executable":"/t/tide"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        assert_eq!(find(messages, "tide"), Some(PathBuf::from("/t/tide")));
        assert_eq!(find(messages, "flood"), None);
    }
}
