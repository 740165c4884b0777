//! Counts what passed and what failed over runners of different kinds.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::slowest::Times;
use crate::process;

/// So many of the slowest tests are shown.
const SHOWN: usize = 10;

/// The sums so far, and the names of the runners with failures.
#[derive(Default)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    broken: Vec<String>,
    skipped: Vec<String>,
    times: Times,
    /// What the tests that failed said.
    said: Vec<String>,
    /// The seconds that each step took, by its name.
    steps: Vec<(String, u64)>,
}

/// So many lines of each test that failed are shown again in the end: a long log is cut in its middle by who keeps it.
const KEPT: usize = 20;
/// So many characters of a line.
const LONGEST: usize = 2_000;

/// What came of a step that can be impossible here.
pub(super) enum Looked {
    /// All was well.
    Well,
    /// It could not be done, for this reason.
    Skipped(String),
}

impl Tally {
    /// Runs something that passes or fails as a whole; counts as one.
    pub(super) fn check<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let done = run();
        self.took(name, start);
        match done {
            Ok(value) => {
                self.passed += 1;
                Some(value)
            }
            Err(error) => {
                self.fail(name, 1, &error);
                None
            }
        }
    }

    /// As [`Tally::check`], of something that may be impossible here: then it counts as neither, and the end names it.
    pub(super) fn check_if_possible(&mut self, name: &str, run: impl FnOnce() -> Result<Looked>) {
        if let Some(Looked::Skipped(reason)) = self.check(name, run) {
            println!("skipped: {reason}");
            self.passed -= 1;
            self.skipped.push(name.to_owned());
        }
    }

    /// Runs a call of `cargo test` and counts its tests. A call that fails with no failed test (it did not compile, or
    /// crashed) counts as one failure; so does one that has no tests. Gives whether the tests were run.
    pub(super) fn suite(&mut self, name: &str, prepare: impl FnOnce() -> Result<Command>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let counted = prepare().and_then(|mut command| watch(&mut command, &mut self.times, &mut self.said));
        self.took(name, start);
        match counted {
            Ok(Counted { passed, failed, complaint }) => {
                self.passed += passed;
                if let Some(error) = complaint {
                    self.fail(name, failed.max(1), &error);
                }
                passed + failed > 0
            }
            Err(error) => {
                self.fail(name, 1, &error);
                false
            }
        }
    }

    /// Prints what took long, and the one line that sums up.
    pub(super) fn finish(mut self) -> ExitCode {
        println!();
        if !self.said.is_empty() {
            println!("what failed said:\n{}\n", self.said.join("\n"));
        }
        let slowest = self.times.slowest(SHOWN);
        if !slowest.is_empty() {
            println!("the slowest tests:\n{}", slowest.join("\n"));
        }
        let steps: Vec<_> = self.steps.iter().map(|(name, seconds)| format!("{name} {seconds} s")).collect();
        println!("steps: {}", steps.join(", "));
        if !self.skipped.is_empty() {
            println!("skipped: {}", self.skipped.join(", "));
        }
        if !self.broken.is_empty() {
            println!("with failures: {}", self.broken.join(", "));
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn took(&mut self, name: &str, start: Instant) {
        self.steps.push((name.to_owned(), start.elapsed().as_secs()));
    }

    fn fail(&mut self, name: &str, count: u64, error: &anyhow::Error) {
        println!("error: {error:#}");
        self.failed += count;
        self.broken.push(name.to_owned());
    }
}

/// What one call of `cargo test` came to.
struct Counted {
    passed: u64,
    failed: u64,
    complaint: Option<anyhow::Error>,
}

/// Passes the output through and reads the summary lines in it, how long each test took, and what those said that failed.
fn watch(command: &mut Command, times: &mut Times, said: &mut Vec<String>) -> Result<Counted> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", process::line(command)))?;
    let output = child.stdout.take().expect("piped above");
    let (mut passed, mut failed) = (0, 0);
    // Lines of the failed test that is told now which are still kept.
    let mut kept = 0;
    for line in BufReader::new(output).split(b'\n') {
        // Tests may print anything; a line that is no UTF-8 is no reason to stop.
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        times.read(&line);
        if line.starts_with("---- ") && line.ends_with(" ----") {
            kept = KEPT;
        } else if line == "failures:" {
            kept = 0;
        }
        if kept > 0 {
            kept -= 1;
            said.push(line.chars().take(LONGEST).collect());
        }
        if let Some((more_passed, more_failed)) = summary(&line) {
            passed += more_passed;
            failed += more_failed;
        }
    }
    let status = child.wait()?;
    let complaint = if !status.success() {
        Some(anyhow!("{} ended with {status}", process::line(command)))
    } else if passed + failed == 0 {
        Some(anyhow!("{} ran no tests", process::line(command)))
    } else {
        None
    };
    Ok(Counted { passed, failed, complaint })
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; …`, the last line of every test program of cargo.
fn summary(line: &str) -> Option<(u64, u64)> {
    let counts = line.trim().strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut words = counts.split("; ").map(|part| part.split_once(' '));
    let (passed, "passed") = words.next()?? else { return None };
    let (failed, "failed") = words.next()?? else { return None };
    Some((passed.parse().ok()?, failed.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_of_cargo_test_are_counted_and_nothing_else() {
        let ok =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(summary(ok), Some((12, 0)));
        let bad = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.2s";
        assert_eq!(summary(bad), Some((3, 2)));
        assert_eq!(summary("running 12 tests"), None);
        assert_eq!(summary("12 passed, 0 failed"), None);
    }

    #[test]
    fn a_runner_that_ends_badly_without_a_failed_test_counts_as_one_failure() {
        let mut tally = Tally::default();
        assert!(!tally.suite("crash", || Ok(Command::new("false"))));
        assert_eq!((tally.passed, tally.failed), (0, 1));
    }

    #[test]
    fn what_a_failed_test_said_is_kept_for_the_end() {
        let mut tally = Tally::default();
        tally.suite("some", || {
            let mut shell = Command::new("sh");
            let text = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\nit broke\n\nfailures:\n    a\n";
            shell.args(["-c", &format!("printf '{}'; exit 101", text.replace('\n', "\\n"))]);
            Ok(shell)
        });
        assert_eq!(tally.said, ["---- a stdout ----", "it broke", ""]);
    }

    #[test]
    fn a_runner_with_no_tests_is_a_failure() {
        let mut tally = Tally::default();
        assert!(!tally.suite("empty", || Ok(Command::new("true"))));
        assert_eq!(tally.failed, 1);
    }

    #[test]
    fn what_is_impossible_here_counts_as_neither_passed_nor_failed() {
        let mut tally = Tally::default();
        tally.check_if_possible("can be", || Ok(Looked::Well));
        tally.check_if_possible("cannot be", || Ok(Looked::Skipped("no network".to_owned())));
        tally.check_if_possible("is wrong", || Err(anyhow!("no")));
        assert_eq!((tally.passed, tally.failed), (1, 1));
        assert_eq!(
            (tally.skipped, tally.broken),
            (vec!["cannot be".to_owned()], vec!["is wrong".to_owned()])
        );
    }

    #[test]
    fn failed_tests_are_counted_one_by_one() {
        let mut tally = Tally::default();
        let ran = tally.suite("some", || {
            let mut shell = Command::new("sh");
            let line = "test result: FAILED. 3 passed; 2 failed; 0 ignored";
            shell.args(["-c", &format!("echo; echo '{line}'; exit 101")]);
            Ok(shell)
        });
        assert!(ran);
        assert_eq!((tally.passed, tally.failed), (3, 2));
        assert!(tally.check("own", || Ok(())).is_some());
        assert!(tally.check("own", || -> Result<()> { Err(anyhow!("no")) }).is_none());
        assert_eq!((tally.passed, tally.failed), (4, 3));
    }
}
