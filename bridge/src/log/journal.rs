//! The systemd journal as the reader of the log: each line begins with its priority, as `sd-daemon(3)` has it. The journal
//! takes it off again.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use tracing::Level;

/// Whether the journal reads what is written there: `JOURNAL_STREAM` names the device and inode of its end
/// (`systemd.exec(5)`). A child that inherits the variable may write elsewhere.
pub(super) fn is_reader_of(file: &File) -> bool {
    let Ok(found) = file.metadata() else { return false };
    let named = format!("{}:{}", found.dev(), found.ino());
    env::var_os("JOURNAL_STREAM").as_deref() == Some(OsStr::new(&named))
}

/// The same of a stream of this process.
pub(super) fn reads(stream: &impl AsFd) -> bool {
    stream.as_fd().try_clone_to_owned().is_ok_and(|end| is_reader_of(&File::from(end)))
}

/// Every line of `text` with its priority: one without would count as a notice of its own.
pub(super) fn marked(level: Level, text: &[u8]) -> Vec<u8> {
    let mark = match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        Level::DEBUG | Level::TRACE => b"<7>",
    };
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| [&mark[..], line].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_priority_of_its_event() {
        let marked = |level, text: &str| String::from_utf8(marked(level, text.as_bytes())).unwrap();
        assert_eq!(marked(Level::ERROR, "a\nb\n"), "<3>a\n<3>b\n");
        assert_eq!(marked(Level::WARN, "a\n"), "<4>a\n");
        assert_eq!(marked(Level::INFO, "a\n"), "<6>a\n");
        assert_eq!(marked(Level::DEBUG, "a\n"), marked(Level::TRACE, "a\n"));
    }
}
