//! Why the process ends, on standard error.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use tracing::Level;

use super::{PATIENCE, journal};

/// Says it, if the reader takes it soon. A reader that went away or is stuck changes neither the exit code nor the end.
pub fn last_words(text: &str) {
    let mut text = text.as_bytes().to_vec();
    if journal::reads(&io::stderr()) {
        text = journal::marked(Level::ERROR, &text);
    }
    let (tell, said) = mpsc::sync_channel(1);
    let speaker = thread::Builder::new().spawn(move || {
        let _ = io::stderr().write_all(&text);
        let _ = tell.try_send(());
    });
    if speaker.is_ok() {
        let _ = said.recv_timeout(PATIENCE);
    }
}
