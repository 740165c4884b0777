//! The side of a device whose system drives: commands that it hands over whole, a screen that it draws on at once.

use std::collections::VecDeque;

use super::{Kernel, Os, call, put};
use crate::sys::{Area, Fault, Served};
use crate::target::{Call, PACKET, SCREEN_HEIGHT, SCREEN_WIDTH};

/// What stands at the other end of the cable, and what is seen.
#[derive(Debug, Default)]
pub struct Desk {
    /// Commands to come, each with the way by which it comes.
    pub commands: VecDeque<(u8, Vec<u8>)>,
    /// Answers that left, each with the way by which it went.
    pub answers: Vec<(u8, Vec<u8>)>,
    /// Tenths of a second since the app was started.
    pub ticks: usize,
    /// Whole pictures that were shown.
    pub pictures: usize,
    /// Whether USB was started.
    pub started: bool,
    drawn: Vec<Drawn>,
    shown: Vec<Drawn>,
    /// Events of USB that the system deals with before it hands the next command over: one for each report of it.
    reports: usize,
}

/// A thing on the screen: its place, and its text or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Drawn {
    x: i16,
    y: i16,
    width: u16,
    height: u16,
    text: Option<String>,
}

const BLACK: u8 = 0;
const TICK: [u8; 4] = [0x01, 0x0e, 0, 0];
/// Bytes of a command in a report.
const REPORT: usize = 57;

impl Desk {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The lines of text on the screen, from top to bottom.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.shown.iter().filter_map(|d| Some((d.y, d.text.clone()?))).collect();
        lines.sort();
        lines.into_iter().map(|(_, text)| text).collect()
    }

    /// The left ends of what is no text.
    pub fn bars(&self) -> Vec<i16> {
        self.shown.iter().filter(|drawn| drawn.text.is_none()).map(|drawn| drawn.x).collect()
    }

    fn draw(&mut self, area: &Area, text: Option<&[u8]>) {
        let Area { x, y, width, height, .. } = *area;
        let text = text.map(|text| {
            assert!(text.iter().all(|byte| (0x20..0x7f).contains(byte)), "no text: {text:?}");
            String::from_utf8_lossy(text).into_owned()
        });
        let drawn = Drawn { x, y, width, height, text };
        assert!(x >= 0 && x as u16 + width <= SCREEN_WIDTH.into(), "beyond an edge: {drawn:?}");
        assert!(y >= 0 && y as u16 + height <= SCREEN_HEIGHT.into(), "beyond an edge: {drawn:?}");
        self.drawn.push(drawn);
    }

    /// The next event that has to do with the cable.
    fn event(&mut self) -> Option<Vec<u8>> {
        assert!(self.started, "waits for an event before USB was started");
        let (way, command) = self.commands.front()?;
        if self.reports < command.len() / REPORT {
            self.reports += 1;
            return Some(Vec::new());
        }
        let event = [&[*way], &command[..]].concat();
        self.commands.pop_front();
        self.reports = 0;
        Some(event)
    }
}

impl Served for Os {
    fn io_start() -> Result<(), Fault> {
        call(Call::IoInit, |_| ())?;
        call(Call::IoStart, |kernel| kernel.desk.started = true)
    }

    fn send(way: u8, bytes: &[u8]) -> Result<(), Fault> {
        call(Call::Send, |kernel| kernel.desk.answers.push((way, bytes.to_vec())))
    }

    fn receive(packet: &mut [u8; PACKET]) -> Result<usize, Fault> {
        call(Call::Receive, |kernel| {
            let event = kernel.events.pop_front().or_else(|| kernel.desk.event()).unwrap_or(TICK.to_vec());
            if event.get(..2) == Some(&TICK[..2]) {
                kernel.desk.ticks += 1;
            }
            assert!(event.len() <= packet.len(), "an event longer than the buffer for it");
            put(&event, packet)
        })
    }

    fn draw_bar(area: &Area, colour: u8) -> Result<(), Fault> {
        drawing(Call::DrawBar, |kernel| {
            if colour == BLACK {
                let whole = Area::new(0, 0, SCREEN_WIDTH, SCREEN_HEIGHT);
                assert_eq!(*area, whole, "clears half a screen");
                kernel.desk.drawn.clear();
            } else {
                kernel.desk.draw(area, None);
            }
        })
    }

    fn draw_text(area: &Area, _: u8, text: &[u8], _: u8) -> Result<(), Fault> {
        drawing(Call::DrawText, |kernel| kernel.desk.draw(area, Some(text)))
    }

    fn text_width(_: u8, text: &[u8]) -> u8 {
        // A letter of the small fonts is about 6 wide.
        (6 * text.len()).min(u8::MAX.into()) as u8
    }

    fn refresh(_: &Area) -> Result<(), Fault> {
        drawing(Call::Refresh, |kernel| {
            let Desk { drawn, shown, pictures, .. } = &mut kernel.desk;
            (*shown, *pictures) = (std::mem::take(drawn), *pictures + 1);
        })
    }
}

/// A drawing that is to fail is not seen.
fn drawing(which: Call, work: impl FnOnce(&mut Kernel)) -> Result<(), Fault> {
    call(which, |kernel| {
        assert!(!kernel.system_draws, "draws while the screen is the system's");
        work(kernel);
    })
}
