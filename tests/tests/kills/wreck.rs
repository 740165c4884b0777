//! What a kill leaves of flash: pages in the order in which they were written, one of them torn.

use highwater_core::env::Cell;
use highwater_core::rings::Rings;
use highwater_sim::{SimDevice, Tear, World};
use highwater_tests::device::SEED;
use rand::Rng;
use rand::rngs::StdRng;
use speculos::Image;

/// Flash on which the power went while `written[nth]` was written: what was written before stands, what would have come
/// after does not.
pub(super) fn torn(before: &Image, after: &Image, written: &[usize], nth: usize, tear: Tear) -> Image {
    let page = written[nth];
    let image = after.with_page(page, &tear.of(&before.page(page), &after.page(page)));
    written[nth + 1..].iter().fold(image, |image, page| image.with_page(*page, &before.page(*page)))
}

/// The two pages of the record with this serial, of the stage's chain, in the order in which they are written.
pub(super) fn pair(rings: Rings, serial: u32) -> [usize; 2] {
    [0, 1].map(|copy| rings.record_page(0, serial, copy).into())
}

/// All pages of the app.
pub(super) fn cells(rings: Rings, image: &Image) -> Vec<Cell> {
    (0..rings.pages()).map(|page| image.page(page.into())).collect()
}

/// What the simulated device makes of this flash when it starts on it, with the same keys.
pub(super) fn simulated_start(rings: Rings, image: &Image) -> Vec<Cell> {
    let mut world = World::new(&SEED, rings);
    world.medium.restore(&cells(rings, image));
    SimDevice::boot(world).world.medium.pages().to_vec()
}

/// What is done to the flash of a killed emulator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// The copy of the record that was being written when the power went.
    pub(super) copy: usize,
    /// What was left of it.
    pub(super) tear: Tear,
    /// What else is dead when it starts again.
    pub(super) rot: Option<Rot>,
}

/// Which page rots beside the torn one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rot {
    /// The other copy of the record that was being written.
    Other,
    /// A copy of the record before.
    Before,
    /// A page that is to be written soon.
    Soon,
    /// Any page at all.
    Any,
}

impl Rot {
    pub(super) const ALL: [Self; 4] = [Self::Other, Self::Before, Self::Soon, Self::Any];

    /// The image with the page rotten; `copy` of the record with `serial` is the torn one.
    pub(super) fn of(
        self,
        rings: Rings,
        image: &Image,
        serial: u32,
        copy: usize,
        random: &mut StdRng,
    ) -> Image {
        let pair = |serial| pair(rings, serial);
        let page = match self {
            Self::Other => pair(serial)[1 - copy],
            Self::Before => pair(serial - 1)[random.random_range(0..2)],
            Self::Soon => pair(serial + random.random_range(1..6))[random.random_range(0..2)],
            Self::Any => random.random_range(0..rings.pages().into()),
        };
        let mut cell = [0; 64];
        if random.random() {
            random.fill(&mut cell);
        }
        image.with_page(page, &cell)
    }
}
