//! What the two processes write, and what that says about their death.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Lines kept. Every APDU is two lines.
const KEPT: usize = 4000;

/// Lines that go into an error.
const TAIL: usize = 30;

/// The last lines of both processes, in one order, collected by a thread of its own so that a full pipe never stops the
/// emulator.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    collector: JoinHandle<()>,
}

impl Log {
    /// Collects until the last process that holds the other end is gone.
    pub(crate) fn collect(pipe: PipeReader) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let shared = Arc::clone(&lines);
        let collector = thread::spawn(move || read(pipe, &shared));
        Self { lines, collector }
    }

    /// Waits for the end of the last process, and says whether it came in time. The kernel closes the files of a
    /// process when it dies, not when somebody asks how it died, so this notices orphans too.
    pub(crate) fn ended_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !self.collector.is_finished() {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// All lines kept.
    pub(crate) fn text(&self) -> String {
        self.last(KEPT)
    }

    /// The lines that belong into an error, with a headline.
    pub(crate) fn tail(&self) -> String {
        let tail = self.last(TAIL);
        if tail.is_empty() { "its log is empty".to_owned() } else { format!("its log ends with:\n{tail}") }
    }

    /// What the log says about why the processes ended.
    pub(crate) fn cause_of_death(&self) -> String {
        cause_of_death(&self.last(TAIL))
    }

    fn last(&self, count: usize) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = lines.len().saturating_sub(count);
        lines.iter().skip(skipped).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn read(pipe: PipeReader, lines: &Mutex<VecDeque<String>>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    // An error is the end as well: there is nobody to report it to, and the rest of the log cannot be had.
    while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
}

/// Phrases of Speculos 0.25.5, of its launcher and of qemu, each with what it means.
const CAUSES: &[(&str, &str)] = &[
    (
        "Unhandled exception",
        "a system call failed, which this emulator does not hand to the app: a device would",
    ),
    ("unhandled instruction", "the app ran an undefined instruction: a panic"),
    ("exit called (", "the app ended itself"),
    (
        "write attempt out of boundaries",
        "the app wrote outside of its NVM (the very last byte counts as outside)",
    ),
    ("App NVRAM file", "there is no NVM image to load"),
    ("not yet implemented for Rust apps", "the app has a section .nvm_data; name it otherwise"),
    (
        "failed to find _estack",
        "the app's ELF has no symbol _estack: it was stripped, or linked by another script",
    ),
    ("Device model not detected", "this ELF is no app for a Nano S"),
    ("uncaught target signal 11", "the app read or wrote where no memory is (a pointer in constant data?)"),
    ("uncaught target signal", "the emulated processor stopped at a signal"),
    ("received tag SE_POWER_OFF", "the app reset the device"),
    ("made for", "the Python environment holds another release of Speculos"),
    (
        "ModuleNotFoundError",
        "the Python environment is incomplete: remove its folder and let it be made anew",
    ),
];

fn cause_of_death(log: &str) -> String {
    // The last line that means something: what follows a fault is often its echo.
    let known = log.lines().rev().find_map(|line| {
        CAUSES.iter().find(|(phrase, _)| line.contains(phrase)).map(|(_, meaning)| (line, *meaning))
    });
    match known {
        Some((line, meaning)) => format!("{meaning} ({})", line.trim()),
        None => {
            "its log gives no cause; it was killed from outside, or the machine is out of memory".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_kept_in_order_and_the_oldest_are_dropped() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let log = Log::collect(reader);
        assert!(!log.ended_within(Duration::from_millis(20)), "a writer is left");
        for number in 0..KEPT + 5 {
            writeln!(writer, "line {number}").unwrap();
        }
        write!(writer, "broken \u{fffd} off").unwrap();
        drop(writer);
        assert!(log.ended_within(Duration::from_secs(10)));
        let text = log.text();
        assert!(text.starts_with("line 6\n") && text.ends_with("\nbroken \u{fffd} off"));
        assert_eq!(text.lines().count(), KEPT);
        assert_eq!(log.tail().lines().count(), TAIL + 1);
    }

    #[test]
    fn deaths_are_explained_by_the_last_line_that_tells() {
        let log = "apdu: > b001\nexit called (0)\nTraceback\n";
        assert_eq!(cause_of_death(log), "the app ended itself (exit called (0))");
        let log = "[*] x\nqemu: uncaught target signal 11 (Segmentation fault) - core dumped";
        assert!(cause_of_death(log).contains("pointer in constant data"));
        assert!(cause_of_death("[*] all is well").contains("gives no cause"));
    }
}
