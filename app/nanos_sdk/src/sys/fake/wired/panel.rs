//! The screen, as the MCU paints it: a black rectangle over all of it, then one thing after the other.

use std::ops::Range;

use super::font;
use super::wire::event;

/// The screen.
#[derive(Debug, Default)]
pub struct Panel {
    /// Loses the word that something stands there, as long as it is set.
    pub mute: bool,
    /// Things drawn, ever.
    pub draws: usize,
    items: Vec<Drawn>,
    drawing: bool,
}

/// A thing on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// `bagl_component_t`: 3 rectangle, 5 icon, 7 line of text.
    pub kind: u8,
    /// Left end.
    pub x: usize,
    /// Upper end; of text the line the letters stand on.
    pub y: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Font, and alignment in the two highest bits.
    pub font: u16,
    /// The glyph, if it is an icon of the MCU.
    pub icon: u8,
    /// The text.
    pub content: Vec<u8>,
}

/// Pixels of a column and of a row of [`Panel::picture`]: a letter of the small fonts is about 6 wide.
const COLUMN: usize = 6;
const ROW: usize = 4;
const COLUMNS: usize = 21;
const ROWS: usize = 8;

impl Panel {
    /// What stands there, from the last time all was black.
    pub fn items(&self) -> &[Drawn] {
        &self.items
    }

    /// The lines of text as they can be read, from top to bottom: `#` is a letter that something covers, and those that
    /// find no room are not there.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.items.iter().filter(|item| item.kind == TEXT).collect();
        lines.sort_by_key(|item| item.y);
        let seen = |item: &&Drawn| {
            item.letters().filter_map(|letter| self.seen(&letter)).map(char::from).collect::<String>()
        };
        lines.iter().map(seen).collect()
    }

    /// The screen in letters: 21 columns of 6 pixels, 8 rows of 4; beside each text its font. `#` marks what covers
    /// something else or does not fit. That is reckoned in pixels, while narrow letters take a column all the same: a line that
    /// has too many of them for the picture stands whole beside it.
    pub fn picture(&self) -> String {
        let mut cells = [[b' '; COLUMNS]; ROWS];
        let mut notes = [const { String::new() }; ROWS];
        for item in &self.items {
            let row = (item.y / ROW).min(ROWS - 1);
            let text: Vec<u8> = match item.kind {
                TEXT => item.letters().map(|letter| self.seen(&letter).unwrap_or(b'#')).collect(),
                _ => item.sign(),
            };
            for (index, letter) in text.iter().enumerate() {
                let column = item.column(text.len()) + index;
                match cells[row].get_mut(column) {
                    Some(cell) if *cell == b' ' || *letter == b'#' => *cell = *letter,
                    Some(cell) if item.kind == TEXT => *cell = b'#',
                    Some(_) | None => {}
                }
            }
            if item.kind == TEXT {
                notes[row] = name(item.font).to_owned();
                if text.len() > COLUMNS - 2 {
                    notes[row] += &[" ", &String::from_utf8_lossy(&text)].concat();
                }
            }
        }
        let edge = format!("+{}+\n", "-".repeat(COLUMNS));
        let rows: String = cells
            .iter()
            .zip(notes)
            .map(|(row, note)| {
                format!("|{}| {note}", String::from_utf8_lossy(row)).trim_end().to_owned() + "\n"
            })
            .collect();
        format!("{edge}{rows}{edge}")
    }

    /// A letter as it can be read; `None`: it has no room.
    fn seen(&self, letter: &Letter) -> Option<u8> {
        if !letter.fits {
            return None;
        }
        let covers = |item: &&Drawn| {
            item.kind == ICON && meet(&letter.across, &item.across()) && meet(&letter.down, &item.down())
        };
        // Nobody misses a blank.
        let covered = letter.letter != b' ' && self.items.iter().any(|item| covers(&item));
        Some(if covered { b'#' } else { letter.letter })
    }

    pub(super) fn draw(&mut self, payload: &[u8]) {
        assert!(!self.drawing, "draws before the last thing stands there");
        (self.drawing, self.draws) = (!self.mute, self.draws + 1);
        let drawn = Drawn::read(payload);
        if drawn.kind == RECTANGLE && payload[16..20] == [0; 4] {
            assert_eq!(
                (drawn.x, drawn.y, drawn.width, drawn.height),
                (0, 0, 128, 32),
                "clears half a screen"
            );
            self.items.clear();
        } else {
            assert_eq!(payload[16..20], [0xff, 0xff, 0xff, 0], "white on black");
            self.items.push(drawn);
        }
    }

    pub(super) fn event(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.drawing).then(|| event(0x0d, &[]))
    }
}

const RECTANGLE: u8 = 3;
const ICON: u8 = 5;
const TEXT: u8 = 7;

impl Drawn {
    fn read(payload: &[u8]) -> Self {
        assert!(payload.len() >= 28, "less than a component: {payload:02x?}");
        let word = |at: usize| u16::from_le_bytes([payload[at], payload[at + 1]]);
        let drawn = Self {
            kind: payload[0],
            x: word(2).into(),
            y: word(4).into(),
            width: word(6).into(),
            height: word(8).into(),
            font: word(24),
            icon: payload[26],
            content: payload[28..].to_vec(),
        };
        assert!(drawn.x + drawn.width <= 128, "beyond the right edge: {drawn:?}");
        match drawn.kind {
            TEXT => {
                assert!(drawn.content.iter().all(|byte| (0x20..0x7f).contains(byte)), "no text: {drawn:?}");
                assert!(drawn.y <= 32, "below the screen: {drawn:?}");
            }
            RECTANGLE | ICON => assert!(drawn.y + drawn.height <= 32, "below the screen: {drawn:?}"),
            kind => panic!("nothing of the kind {kind} is drawn here"),
        }
        drawn
    }

    fn across(&self) -> Range<usize> {
        self.x..self.x + self.width
    }

    fn down(&self) -> Range<usize> {
        self.y..self.y + self.height
    }

    /// The letters of a text, where they stand.
    fn letters(&self) -> impl Iterator<Item = Letter> + '_ {
        let widths = || self.content.iter().map(|letter| font::width(self.font, *letter));
        let spare = self.width.saturating_sub(widths().sum());
        let mut left = self.x
            + match self.font & 0xc000 {
                0x8000 => spare / 2,
                0x4000 => spare,
                _ => 0,
            };
        let (above, below) = font::rows(self.font);
        self.content.iter().zip(widths()).map(move |(letter, width)| {
            let across = left..left + width;
            left += width;
            let fits = left <= self.x + self.width;
            Letter { letter: *letter, fits, across, down: self.y.saturating_sub(above)..self.y + below }
        })
    }

    /// What stands for a thing that is no text, in the picture.
    fn sign(&self) -> Vec<u8> {
        match (self.kind, self.icon) {
            (ICON, 9) => b"<".to_vec(),
            (ICON, 10) => b">".to_vec(),
            (ICON, 6) => b"v".to_vec(),
            (ICON, 7) => b"x".to_vec(),
            (ICON, 11) => b"^".to_vec(),
            (ICON, 12) => b"_".to_vec(),
            _ => vec![b'*'; (self.width / COLUMN).max(1)],
        }
    }

    /// The column of its first letter.
    fn column(&self, letters: usize) -> usize {
        let (from, room) = (self.x / COLUMN, self.width / COLUMN);
        match self.font & 0xc000 {
            _ if self.kind != TEXT => from,
            0x8000 => from + room.saturating_sub(letters) / 2,
            0x4000 => from + room.saturating_sub(letters),
            _ => from,
        }
    }
}

/// A letter on the screen.
struct Letter {
    letter: u8,
    /// The MCU leaves out what goes beyond the room of its line.
    fits: bool,
    across: Range<usize>,
    down: Range<usize>,
}

fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn name(font: u16) -> &'static str {
    match font & 0x3fff {
        8 => "bold",
        9 => "light",
        10 => "regular",
        _ => panic!("font {font} is not among those for this device"),
    }
}
