//! Boot from arbitrary flash: a life's image with pages replaced, moved, flipped and cut to pieces.
//!
//! Such flash may be beyond every fault model, so the mark it wakes with is nobody's promise. What holds in any case:
//! no panic, an answer to everything, and from then on one statement per place.

use highwater_core::hrs::{Hrs, Step};
use highwater_sim::audit::Auditor;
use highwater_sim::driver::Driver;
use highwater_sim::model::{Op, ZERO};
use highwater_sim::{Ask, Keys, SimDevice, World};

const CHAIN: &str = "flash-1";

/// Boots whatever `data` makes of a life, signs, boots again, signs.
pub fn run(data: &[u8]) {
    let [pairs, life, edits @ ..] = data else { return };
    let pairs = 2 + u16::from(pairs % 3);
    let mut image = lived(pairs, life % 16);
    for edit in edits.chunks(4).take(64) {
        if let [how, page, other, with] = *edit {
            let page = usize::from(page) % image.len();
            let from = image[usize::from(other) % image.len()];
            match how % 5 {
                0 => image[page] = [with; 64],
                1 => image[page] = from,
                2 => image[page][usize::from(other) % 64] ^= 1 << (with % 8),
                3 => image[page][usize::from(with) % 64..].fill(other),
                _ => image[page][..usize::from(with) % 64].copy_from_slice(&from[..usize::from(with) % 64]),
            }
        }
    }
    let mut world = World::repeatable(Keys::toy(), pairs, 0);
    world.medium.restore(&image);
    let mut device = SimDevice::boot(world);
    let mut auditor = Auditor::of_toys();
    auditor.key(CHAIN, [0; 32]);
    for height in [1, 5, 9, 20] {
        for block in [1, 2] {
            sign(&mut device, &mut auditor, height, block);
        }
    }
    let mut device = device.restart();
    for block in [2, 1] {
        sign(&mut device, &mut auditor, 20, block);
    }
    for slot in 0..3 {
        device.exchange(&[0xe0, 0x10, 0, 0, 1, slot]);
    }
    assert_eq!(device.world.early, None);
}

fn sign(device: &mut SimDevice, auditor: &mut Auditor, height: u64, block: u8) {
    let ask = Ask { height, block, ..Ask::prevote(CHAIN) };
    if let Ok(signed) = ask.sign(device) {
        auditor
            .released(&ask.signed_bytes(&signed), &signed.signature)
            .unwrap_or_else(|found| panic!("{found:?}"));
    }
}

/// The image of a device that did the first so many things of its life.
fn lived(pairs: u16, things: u8) -> Vec<[u8; 64]> {
    let world = World::repeatable(Keys::toy(), pairs, 0);
    let mut driver = Driver::new(world, &[CHAIN]).expect("a new device");
    let at = |height, step| Hrs::new(height, 0, step).expect("an HRS");
    let vote = |height| Op::Sign { at: at(height, Step::Prevote), block: 1, seconds: 1 };
    let life = [
        Op::Add(ZERO),
        vote(1),
        vote(2),
        Op::SetMark(at(9, Step::None)),
        Op::SetMark(at(4, Step::None)),
        vote(5),
        Op::Remove,
        Op::Add(at(3, Step::None)),
        vote(4),
        vote(5),
        vote(6),
        Op::Remove,
        Op::Forget,
        Op::Add(ZERO),
        vote(3),
    ];
    for op in life.into_iter().take(things.into()) {
        driver.run(0, op, None).expect("a life without faults");
    }
    driver.device.world.medium.pages().to_vec()
}
