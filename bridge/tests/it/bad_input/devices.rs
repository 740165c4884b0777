//! Every state of the device that a command meets. What a cable tells, variant for variant, is a table of its own
//! (`bridge/src/advice/bad_device.rs`).

use highwater_sim::{Owner, SimDevice};

use super::Table;
use crate::desk::{CHAIN, Desk};
use crate::emulator::{Fault, owned};
use crate::lowering::make_unclear;

/// Where a state shows: asked by itself, and at what keeps a chain from signing.
const LOOKS: [&[&str]; 2] = [&["device", "info"], &["doctor"]];

fn looks(desk: &Desk) -> String {
    let said = LOOKS.map(|args| desk.says(args));
    // The node is no matter here, and a line of the log has its time.
    let other = |line: &&str| !line.starts_with("WARNING  node:") && !line.contains(" kind=");
    let lines = said.iter().flat_map(|said| said.lines()).filter(other);
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_state_of_a_device_has_a_row() {
    let desk = Desk::pinned("bad-input");
    let mut table = Table::new();
    for (state, fault) in [
        ("unplugged", Fault::Gone),
        ("locked", Fault::Locked),
        ("another app is open", Fault::OtherApp),
        ("an app that is too old", Fault::OldApp),
        ("another installation of the app", Fault::Claims([9; 16])),
        ("its replies are those to the command before", Fault::Stale),
    ] {
        desk.emulator.fault(fault);
        table.row("device", state, &looks(&desk));
    }
    desk.emulator.fault(Fault::None);
    let known = desk.emulator.swap(owned("another"));
    table.row("device", "a new one, with another seed and no chain", &looks(&desk));
    let mut other = SimDevice::in_memory(b"another");
    other.owner = Owner::Approves;
    other.world.medium.restore(known.world.medium.pages());
    desk.emulator.swap(other.restart());
    table.row("device", "the PIN of another seed was entered", &looks(&desk));
    desk.emulator.swap(known);
    desk.must(&["chain", "remove", CHAIN]);
    table.row("device", "the chain was removed", &looks(&desk));
    table.refused(
        "device",
        "the chain was removed, and its mark is to be moved",
        &desk.says(&["mark", "set", CHAIN, "--next-height", "9"]),
    );
    let desk = Desk::pinned("bad-input");
    make_unclear(&desk);
    table.row("device", "the mark is unclear", &looks(&desk));
    let mut device = desk.emulator.swap(owned("nothing"));
    for copy in [0, 1] {
        device.world.medium.rot(highwater_core::layout::entry_page(0, copy), [0xa5; 64]);
    }
    desk.emulator.swap(device.restart());
    table.row("device", "the entry of the chain is lost", &looks(&desk));
    let said = desk.says(&["mark", "show", CHAIN]);
    table.refused("device", "the entry of the chain is lost, and its mark is asked for", &said);
    table.kept("devices");
}

#[test]
fn a_device_in_other_hands_has_a_row() {
    let mut table = Table::new();
    let desk = Desk::pinned("bad-input");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _daemon = runtime.block_on(desk.daemon());
    table.refused("device", "a daemon has it, and another is started", &desk.says(&["run"]));
    // Another configuration, and the same device.
    let other = Desk::with("", desk.emulator.clone());
    table.refused("device", "the daemon of another configuration has it", &other.says(&["device", "info"]));
    table.kept("devices-in-use");
}
