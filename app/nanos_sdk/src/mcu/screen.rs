//! The screen, which the MCU draws: one thing at a time, each as the status of an event, the next only when the MCU says
//! that the last one stands there. So a picture advances by itself while events of USB go on in between, and nothing ever
//! waits for the screen.

use super::seph::{self, COMPONENT};
use crate::os::Owner;
use crate::screen::{Item, Picture, Scratch};
use crate::target::{SCREEN_HEIGHT, SCREEN_WIDTH};

/// How far the picture has come.
#[derive(Debug)]
pub(crate) struct Screen {
    /// What to draw next: 0 clears, 1 is the first item. `None`: all of it stands there.
    next: Option<u8>,
    /// Ticks until a drawing of which no end was heard is given up. 0: none is under way.
    drawing: u8,
    /// The system draws; we must not.
    lent: bool,
}

/// A drawing takes milliseconds; one second without its end and the word of it was lost.
const PATIENCE: u8 = 10;

impl Screen {
    pub(crate) const fn new() -> Self {
        Self { next: None, drawing: 0, lent: false }
    }

    /// Draws the picture from its beginning.
    pub(crate) fn redraw(&mut self) {
        self.next = Some(0);
    }

    /// Who has the screen after the system has seen an event.
    pub(crate) fn owned_by(&mut self, owner: Owner) {
        let was_lent = core::mem::replace(&mut self.lent, owner == Owner::System);
        if owner == Owner::AppMustRedraw || (was_lent && !self.lent) {
            self.redraw();
        }
    }

    /// Whether all of the picture stands there, and nothing else. What comes next is asked only when the last thing stands.
    pub(crate) fn is_whole(&self) -> bool {
        self.next.is_none() && !self.lent
    }

    /// The last thing stands on the screen.
    pub(crate) fn displayed(&mut self) {
        self.drawing = 0;
    }

    /// 100 ms have gone by.
    pub(crate) fn tick(&mut self) {
        self.drawing = self.drawing.saturating_sub(1);
    }

    /// Sends the next item, if it is time for one, as the status of the event in hand. `false`: there is still none.
    pub(crate) fn advance(&mut self, picture: &impl Picture) -> bool {
        let Some(next) = self.next.filter(|_| self.drawing == 0 && !self.lent) else {
            return false;
        };
        let mut scratch = [0; size_of::<Scratch>()];
        let item = match next.checked_sub(1) {
            None => Some(Item::Bar { x: 0, y: 0, width: SCREEN_WIDTH, height: SCREEN_HEIGHT }),
            Some(index) => picture.item(index, &mut scratch),
        };
        let Some(item) = item else {
            self.next = None;
            return false;
        };
        let colour = if next == 0 { BLACK } else { WHITE };
        item.draw(colour);
        (self.next, self.drawing) = (Some(next + 1), PATIENCE);
        true
    }
}

const BLACK: u32 = 0;
const WHITE: u32 = 0x00ff_ffff;

impl Item<'_> {
    fn draw(&self, colour: u32) {
        const RECTANGLE: u8 = 3;
        const ICON: u8 = 5;
        const LINE: u8 = 7;
        let mut component = Component { colour, ..Component::default() };
        let mut line: &[u8] = &[];
        match *self {
            Item::Text { text, font, align, x, width, baseline } => {
                component.kind = LINE;
                // The emulator wants a height; devices go by the baseline alone.
                component.area = [x, baseline, width, SCREEN_HEIGHT];
                component.font = font as u16 | align as u16;
                line = text;
            }
            Item::Icon { icon, x, y } => {
                let (width, height) = icon.size();
                component.kind = ICON;
                component.area = [x, y, width, height];
                component.icon = icon as u8;
            }
            Item::Bar { x, y, width, height } => {
                component.kind = RECTANGLE;
                component.area = [x, y, width, height];
                component.filled = true;
            }
        }
        seph::send_draw_status(&component.bytes(), line);
    }
}

/// What the MCU wants to know of a thing (`bagl_component_t`, little endian).
#[derive(Default)]
struct Component {
    kind: u8,
    area: [u8; 4],
    filled: bool,
    colour: u32,
    font: u16,
    icon: u8,
}

impl Component {
    fn bytes(&self) -> [u8; COMPONENT] {
        let mut bytes = [0; COMPONENT];
        bytes[0] = self.kind;
        // x, y, width and height are 16-bit; no screen of this family is wider than 255.
        for (index, value) in self.area.iter().enumerate() {
            bytes[2 + 2 * index] = *value;
        }
        bytes[12] = u8::from(self.filled);
        bytes[16..20].copy_from_slice(&self.colour.to_le_bytes());
        // The background only shows where the foreground is black: then the two must differ.
        let ground = if self.colour == BLACK { WHITE } else { BLACK };
        bytes[20..24].copy_from_slice(&ground.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.font.to_le_bytes());
        bytes[26] = self.icon;
        bytes
    }
}
