//! Everything that can be wrong, and what is said of it: one table for each place where it can be wrong, kept as text in
//! `bridge/tests/bad_input/`, where a person reads them. A row is what is typed or set, what is said, and the exit code.
//!
//! An argument, a key of the configuration or a variable without a row fails a test. `INSTA_UPDATE=always cargo test -p
//! highwater --test it bad_input` writes the tables anew; read the difference: each message names its cause and its cure.

mod arguments;
mod devices;
mod environment;
mod files;
mod keys;

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The rows of one place.
pub(super) struct Table {
    text: String,
    of: BTreeSet<String>,
    /// Rows that were done, and should not have been.
    done: Vec<String>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { text: String::new(), of: BTreeSet::new(), done: Vec::new() }
    }

    /// What is wrong with what, and what is said of it. Something is refused, or told.
    pub(super) fn row(&mut self, of: &str, wrong: &str, said: &str) {
        assert!(!said.contains("panicked"), "{of}, {wrong}: {said}");
        assert!(said.lines().count() > 2, "{of}, {wrong}: it is told in words: {said}");
        self.text += "\n";
        let _ = writeln!(self.text, "## {of}: {wrong}\n\n{}", said.trim_end());
        self.of.insert(of.to_owned());
    }

    /// The same, of something that must not be done.
    pub(super) fn refused(&mut self, of: &str, wrong: &str, said: &str) {
        if said.ends_with("exit 0\n") {
            self.done.push(format!("{of}, {wrong}: {said}"));
        }
        self.row(of, wrong, said);
    }

    /// Each of these has a row, and nothing else has.
    pub(super) fn covers(&self, all: &BTreeSet<String>) {
        let missing: Vec<_> = all.difference(&self.of).collect();
        assert!(missing.is_empty(), "add a row for each of {missing:?} to the table of bad input");
        let unknown: Vec<_> = self.of.difference(all).collect();
        assert!(unknown.is_empty(), "rows of what is not there: {unknown:?}");
    }

    /// Compares with the file of this name.
    pub(super) fn kept(&self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../bad_input");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, self.text.trim_start()));
        assert!(self.done.is_empty(), "this should have been refused: {:#?}", self.done);
    }
}

/// The words of a line as a shell has them; single quotes alone.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        match number % 2 {
            1 => words.push(part.to_owned()),
            _ => words.extend(part.split_whitespace().map(str::to_owned)),
        }
    }
    words
}
