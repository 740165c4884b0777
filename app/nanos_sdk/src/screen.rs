//! What can stand on the screen. How it gets there is the business of the room that draws.
//!
//! A [`Picture`] is asked for its items as their turn comes. It needs no memory of what is drawn, and no buffer for text
//! beyond the one that is lent to it.

pub mod width;

/// Characters of a line at most: more than the screen is wide.
pub(crate) const LINE: usize = 24;

/// Something to see: items 0, 1, 2 … until there is none. The screen is black before the first.
pub trait Picture {
    /// The item of this number. `scratch` is room for text that is put together for it.
    fn item<'a>(&'a self, index: u8, scratch: &'a mut Scratch) -> Option<Item<'a>>;
}

/// Characters of a line at most; what is longer is cut.
pub type Scratch = [u8; LINE];

/// A black screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blank;

impl Picture for Blank {
    fn item<'a>(&'a self, _: u8, _: &'a mut Scratch) -> Option<Item<'a>> {
        None
    }
}

/// One thing to draw, white on black. Coordinates in pixels from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line of ASCII, which fits the screen.
    Text {
        /// The characters.
        text: &'a [u8],
        /// Their look.
        font: Font,
        /// Where in `x..x + width` they stand.
        align: Align,
        /// Left end of the room for the line.
        x: u8,
        /// Width of that room.
        width: u8,
        /// What the letters stand on; tails go below. 12 and 26 fit two lines.
        baseline: u8,
    },
    /// A small picture.
    Icon {
        /// Which.
        icon: Icon,
        /// Left end.
        x: u8,
        /// Upper end.
        y: u8,
    },
    /// A filled rectangle.
    Bar {
        /// Left end.
        x: u8,
        /// Upper end.
        y: u8,
        /// Width.
        width: u8,
        /// Height.
        height: u8,
    },
}

/// The fonts that the SDK calls validated (bagl.h; nbgl_fonts.h has the same faces by the same numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Font {
    /// Extra bold, 11 pixels. 16 digits are 113 pixels wide.
    Bold = 8,
    /// Light, 16 pixels. 11 digits fit.
    Light = 9,
    /// Regular, 11 pixels. 16 digits are 98 pixels wide.
    Regular = 10,
}

/// Where a line stands in its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Align {
    /// At its left end.
    Left = 0,
    /// In the middle.
    Centre = 0x8000,
    /// At its right end.
    Right = 0x4000,
}

/// Small pictures, by the numbers of the MCU's glyphs (bagl.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Icon {
    /// 8 by 6 pixels.
    Check = 6,
    /// 7 by 7 pixels.
    Cross = 7,
    /// 4 by 7 pixels.
    Left = 9,
    /// 4 by 7 pixels.
    Right = 10,
    /// 7 by 4 pixels.
    Up = 11,
    /// 7 by 4 pixels.
    Down = 12,
}

impl Icon {
    /// Width and height in pixels.
    pub const fn size(self) -> (u8, u8) {
        match self {
            Self::Check => (8, 6),
            Self::Cross => (7, 7),
            Self::Left | Self::Right => (4, 7),
            Self::Up | Self::Down => (7, 4),
        }
    }
}
