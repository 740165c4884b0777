//! A device's screen on a terminal.

use std::fmt::Write;

use speculos::Screen;

/// Characters between the edges: the widest line of a page, and the arrows.
const WIDTH: usize = 21;

/// The screen in a frame, each line in the middle as on the device.
pub(crate) fn frame(screen: &Screen) -> String {
    let edge = "-".repeat(WIDTH);
    let mut frame = format!("  .{edge}.\n");
    for line in screen.lines() {
        // Writing to a string cannot fail.
        let _ = writeln!(frame, "  |{:^WIDTH$}|", line.trim());
    }
    frame + &format!("  '{edge}'")
}
