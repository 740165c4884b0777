//! The screen, which the system draws: by calls that are done when they return. So a picture is drawn whole, and nothing
//! has to be remembered of it. One of which a call failed does not stand: it is drawn again before every event until it does.

use crate::os::Owner;
use crate::screen::{Align, Font, Icon, Item, LINE, Picture, Scratch};
use crate::sys::{Area, Fault, Served, Sys};
use crate::target::{SCREEN_HEIGHT, SCREEN_WIDTH};

/// Whether there is something to draw.
#[derive(Debug)]
pub(super) struct Screen {
    due: bool,
    /// The system draws; we must not.
    lent: bool,
}

/// The two ends of four shades of grey.
const BLACK: u8 = 0;
const WHITE: u8 = 3;

impl Screen {
    pub(super) const fn new() -> Self {
        Self { due: false, lent: false }
    }

    /// Draws the picture before the next event.
    pub(super) fn redraw(&mut self) {
        self.due = true;
    }

    /// Who has the screen after the system has seen an event.
    pub(super) fn owned_by(&mut self, owner: Owner) {
        let was_lent = core::mem::replace(&mut self.lent, owner == Owner::System);
        if owner == Owner::AppMustRedraw || (was_lent && !self.lent) {
            self.redraw();
        }
    }

    /// The system says that the app draws now.
    pub(super) fn given_back(&mut self) {
        self.owned_by(Owner::AppMustRedraw);
    }

    /// Whether all of the picture stands there, and nothing else.
    pub(super) fn is_whole(&self) -> bool {
        !self.due && !self.lent
    }

    /// Draws all of the picture, if it is time for it.
    pub(super) fn draw(&mut self, picture: &impl Picture) {
        if self.due && !self.lent {
            self.due = show(picture).is_err();
        }
    }
}

/// Draws all of a picture, or what there is of it before the first call that fails.
#[inline(never)]
fn show(picture: &impl Picture) -> Result<(), Fault> {
    let whole = Area::new(0, 0, SCREEN_WIDTH, SCREEN_HEIGHT);
    Sys::draw_bar(&whole, BLACK)?;
    let mut scratch = [0; size_of::<Scratch>()];
    let mut index = 0;
    while let Some(item) = picture.item(index, &mut scratch) {
        item.draw()?;
        index += 1;
    }
    Sys::refresh(&whole)
}

impl Item<'_> {
    #[inline(never)]
    fn draw(&self) -> Result<(), Fault> {
        match *self {
            Item::Text { text, font, align, x, width, baseline } => {
                let text = &text[..text.len().min(LINE)];
                let wide = Sys::text_width(font as u8, text).min(width);
                let left = match align {
                    Align::Left => 0,
                    Align::Centre => (width - wide) / 2,
                    Align::Right => width - wide,
                };
                let (above, height) = font.line();
                let area = Area::new(x + left, baseline.saturating_sub(above), wide, height);
                Sys::draw_text(&area, font as u8, text, WHITE)
            }
            Item::Icon { icon, x, y } => icon.draw(x, y),
            Item::Bar { x, y, width, height } => Sys::draw_bar(&Area::new(x, y, width, height), WHITE),
        }
    }
}

impl Font {
    /// How much of a line is above its baseline, and how high it is in all.
    const fn line(self) -> (u8, u8) {
        match self {
            Self::Light => (13, 18),
            Self::Bold | Self::Regular => (9, 12),
        }
    }
}

impl Icon {
    /// The system has no glyphs for an app, so arrows are made of columns or rows, and anything else of its whole area.
    fn draw(self, x: u8, y: u8) -> Result<(), Fault> {
        let (width, height) = self.size();
        let strokes = if matches!(self, Self::Up | Self::Down) { height } else { width };
        for at in 0..strokes {
            // Strokes grow by one at either end from the tip on.
            let tip = match self {
                Self::Left | Self::Up => at,
                Self::Right | Self::Down => strokes - 1 - at,
                Self::Check | Self::Cross => strokes,
            };
            let stroke = |longest: u8| (2 * tip + 1).min(longest);
            let area = match self {
                Self::Up | Self::Down => {
                    let long = stroke(width);
                    Area::new(x + (width - long) / 2, y + at, long, 1)
                }
                _ => {
                    let long = stroke(height);
                    Area::new(x + at, y + (height - long) / 2, 1, long)
                }
            };
            Sys::draw_bar(&area, WHITE)?;
        }
        Ok(())
    }
}
