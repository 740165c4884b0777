//! Stories that no ring of two or three pairs tells. `core/proof/expected.py` has them as steps of its table.

use highwater_core::apdu::{ChainState, Status};
use highwater_core::rings::Rings;
use highwater_sim::{Fault, SimDevice};

use crate::stage::{at, small, status};

/// A page of the ring rots in the device's sleep.
fn rots(mut device: SimDevice, serial: u32, copy: u16) -> SimDevice {
    device.world.medium.rot(Rings::equal(6).record_page(0, serial, copy), [0xa5; 64]);
    device.restart()
}

/// Seven writes: a statement four pairs on, past three that lie, and one after it. The pair of the first rots page by page, and
/// starts that stand at the second fill it. Then the pair of the second rots: a look at four pairs after the mark that is left
/// sees nothing dead in both copies.
#[test]
fn a_mark_five_pairs_back_is_not_the_newest_once_what_stood_between_was_filled() {
    let mut device = small(6);
    (0..3).for_each(|nth| device.world.medium.plan(nth, Fault::Lies));
    let first = at(10).sign(&mut device).unwrap();
    let second = at(11).sign(&mut device).unwrap();
    assert_eq!(device.world.medium.writes() - small(6).world.medium.writes(), 7);
    for copy in 0..2 {
        device = rots(device, 5, copy);
        assert_eq!(at(11).sign(&mut device), Ok(second));
    }
    device = rots(device, 6, 0);
    assert_eq!(at(11).sign(&mut device), Ok(second), "the copy that is left restores the other");
    for copy in 0..2 {
        device.world.medium.rot(Rings::equal(6).record_page(0, 6, copy), [0xa5; 64]);
    }
    let mut device = device.restart();
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
    for height in [10, 11, 12] {
        let again = at(height).sign(&mut device);
        assert_eq!(again, Err(Status::Unclear), "{first:?} and {second:?} left");
    }
}
