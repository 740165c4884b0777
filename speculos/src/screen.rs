//! What the screen shows.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::{Emulator, Error};

/// Between two looks while a screen is waited for.
const GLANCE: Duration = Duration::from_millis(20);

/// One text as the app drew it. Speculos tells of texts only if they were drawn as LABELINE.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// Its characters.
    pub text: String,
    /// Left edge in pixels.
    pub x: i32,
    /// Top edge in pixels.
    pub y: i32,
    /// From the left edge to the end of the space it was given, in pixels.
    #[serde(rename = "w")]
    pub width: i32,
    /// Height in pixels.
    #[serde(rename = "h")]
    pub height: i32,
}

/// The texts on the screen, in the order in which they were drawn. Without any it is blank, or shows only a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Screen {
    /// The texts.
    #[serde(rename = "events")]
    pub texts: Vec<Text>,
}

impl Screen {
    /// The texts from top to bottom; those at one height are one line, from left to right. A text that begins where the one
    /// before it ends belongs to it: at some API levels the emulator begins a new one at a letter that is lower than the
    /// others.
    pub fn lines(&self) -> Vec<String> {
        let mut texts: Vec<&Text> = self.texts.iter().collect();
        texts.sort_by_key(|text| (text.y, text.x));
        let lines = texts.chunk_by(|one, next| one.y == next.y);
        lines.map(joined).collect()
    }

    /// Whether one of its lines contains this.
    pub fn contains(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

/// The texts of one line.
fn joined(line: &[&Text]) -> String {
    // Pixels between two letters at most; a blank is a letter of its own.
    const BETWEEN_LETTERS: i32 = 3;
    let mut out = String::new();
    let mut end: Option<i32> = None;
    for text in line {
        let goes_on = end.is_some_and(|end| (0..=BETWEEN_LETTERS).contains(&(text.x - end)));
        if end.is_some() && !goes_on {
            out.push(' ');
        }
        out.push_str(&text.text);
        end = Some(text.x + text.width);
    }
    out
}

/// Characters between the edges of a frame: the widest line of a page, and the arrows.
const FRAME: usize = 26;

impl Screen {
    /// The screen in a frame, each line in the middle as on the device.
    pub fn framed(&self) -> String {
        let edge = "-".repeat(FRAME);
        let mut frame = format!("  .{edge}.\n");
        for line in self.lines() {
            frame += &format!("  |{:^FRAME$}|\n", line.trim());
        }
        frame + &format!("  '{edge}'")
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines().iter().enumerate() {
            write!(f, "{}{line}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Emulator {
    /// The screen as it is now. Speculos publishes a screen when it is complete, text by text: one that is just being
    /// published is read again.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn screen(&self) -> Result<Screen, Error> {
        const CURRENT: &str = "/events?currentscreenonly=true";
        let mut before: Screen = self.get(CURRENT)?;
        loop {
            let now = self.get(CURRENT)?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
    }

    /// Every text since the start, or since [`Emulator::clear_history`], in the order in which they were drawn.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn history(&self) -> Result<Vec<Text>, Error> {
        Ok(self.get::<Screen>("/events")?.texts)
    }

    /// Forgets the texts until now; the screen stays.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn clear_history(&self) -> Result<(), Error> {
        self.explain(self.http().delete("/events"))
    }

    /// Waits until a line of the screen contains this text, and gives that screen.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the last screen, [`Error::Died`], [`Error::Http`].
    pub fn wait_for_text(&self, text: &str, patience: Duration) -> Result<Screen, Error> {
        self.wait_for_screen(&format!("\"{text}\""), patience, |screen| screen.contains(text))
    }

    /// Waits until the screen is such as is wanted, and gives that screen. `wanted` is for the error: "no screen with
    /// ... within 10 s".
    ///
    /// # Errors
    /// [`Error::Timeout`] with the last screen, [`Error::Died`], [`Error::Http`].
    pub fn wait_for_screen(
        &self,
        wanted: &str,
        patience: Duration,
        is_wanted: impl Fn(&Screen) -> bool,
    ) -> Result<Screen, Error> {
        let deadline = Instant::now() + patience;
        loop {
            let screen = self.screen()?;
            if is_wanted(&screen) {
                return Ok(screen);
            }
            if Instant::now() > deadline {
                return Err(Error::Timeout { wanted: wanted.to_owned(), waited: patience, screen });
            }
            thread::sleep(GLANCE);
        }
    }

    /// The pixels as a PNG.
    ///
    /// # Errors
    /// [`Error::Died`], [`Error::Http`].
    pub fn screenshot(&self) -> Result<Vec<u8>, Error> {
        self.explain(self.http().bytes("/screenshot"))
    }

    /// As [`Emulator::screenshot`], into a file.
    ///
    /// # Errors
    /// As there, and [`Error::Io`].
    pub fn save_screenshot(&self, file: &Path) -> Result<(), Error> {
        std::fs::write(file, self.screenshot()?).map_err(Error::file("write the screenshot", file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(json: &str) -> Screen {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn texts_become_lines() {
        // As Speculos sends it; `clear` is of no use to us.
        let screen = screen(
            r#"{"events": [
                {"text": "7", "x": 100, "y": 17, "w": 28, "h": 12, "clear": false},
                {"text": "Highwater", "x": 30, "y": 3, "w": 98, "h": 12, "clear": false},
                {"text": "height", "x": 0, "y": 17, "w": 128, "h": 12, "clear": false}]}"#,
        );
        assert_eq!(screen.lines(), ["Highwater", "height 7"]);
        assert_eq!(screen.to_string(), "Highwater\nheight 7");
        assert!(
            screen.contains("height 7") && screen.contains("water") && !screen.contains("Highwater height")
        );
        assert_eq!((screen.texts[1].width, screen.texts[1].height), (98, 12));
    }

    #[test]
    fn a_text_that_was_cut_at_a_low_letter_is_whole() {
        let screen = screen(
            r#"{"events": [
                {"text": "second.chain", "x": 4, "y": 25, "w": 66, "h": 12, "clear": false},
                {"text": "_with", "x": 71, "y": 25, "w": 30, "h": 12, "clear": false},
                {"text": "7", "x": 110, "y": 25, "w": 6, "h": 12, "clear": false}]}"#,
        );
        assert_eq!(screen.lines(), ["second.chain_with 7"]);
    }

    #[test]
    fn a_framed_screen_has_each_line_in_the_middle() {
        let screen = screen(r#"{"events": [{"text": " stage-1 ", "x": 4, "y": 9, "w": 66, "h": 12}]}"#);
        let edge = "-".repeat(26);
        assert_eq!(screen.framed(), format!("  .{edge}.\n  |         stage-1          |\n  '{edge}'"));
    }

    #[test]
    fn a_blank_screen_has_no_lines() {
        let blank = screen(r#"{"events": []}"#);
        assert_eq!((blank.lines().len(), blank.to_string()), (0, String::new()));
        assert!(!blank.contains("x"));
    }
}
