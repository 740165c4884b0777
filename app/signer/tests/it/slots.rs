//! The slots of each device: what one chain writes is in no page of another.

use std::ops::Range;

use highwater_core::apdu::{Command, MAX_COMMAND};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_core::layout::{RINGS, SLOTS, entry_page};
use highwater_core::rings::Rings;
use highwater_sim::{Ask, Owner, SimDevice, World};
use nanos_sdk::target::{DEVICES, Device};

const CHAINS: [&str; SLOTS] = ["first-1", "second-1", "third-1"];

/// The pages of a slot: both copies of its entry, and its ring.
fn own(rings: Rings, slot: u8) -> [Range<u16>; 3] {
    let [one, two] = [0, 1].map(|copy| entry_page(slot, copy)).map(|page| page..page + 2);
    [one, two, rings.page(slot, 0)..rings.page(slot, 2 * rings.pairs(slot))]
}

fn add(device: &mut SimDevice, chain: &str) {
    let chain = ChainId::new(chain.as_bytes()).unwrap();
    let mut apdu = [0; MAX_COMMAND];
    let command = Command::AddChain { chain, key_index: 0, mark: Hrs::default() };
    let length = command.encode(&mut apdu).unwrap();
    device.exchange(&apdu[..length]);
}

#[test]
fn a_chain_writes_the_pages_of_its_slot_and_all_of_its_ring_and_no_other() {
    for device in DEVICES {
        let rings = Rings::new(device.pairs);
        assert_eq!(rings.pages(), Device::pages(device.pairs), "{}", device.title);
        let mut signer = SimDevice::boot(World::new(b"slots", rings));
        signer.owner = Owner::Approves;
        let mut free = RINGS;
        for (slot, chain) in (0..).zip(CHAINS) {
            let before = signer.world.medium.erases().to_vec();
            add(&mut signer, chain);
            // Once round the ring and further.
            for height in 1..=u64::from(rings.pairs(slot)) + 3 {
                Ask { height, ..Ask::prevote(chain) }.sign(&mut signer).unwrap();
            }
            signer = signer.restart();
            let after = signer.world.medium.erases();
            let written: Vec<u16> = (0..rings.pages())
                .filter(|page| before[usize::from(*page)] != after[usize::from(*page)])
                .collect();
            let mut wanted: Vec<u16> = own(rings, slot).into_iter().flatten().collect();
            wanted.sort_unstable();
            assert_eq!(written, wanted, "{}, slot {slot}", device.title);
            // The rings lie one behind the other.
            assert_eq!(rings.page(slot, 0), free, "{}, slot {slot}", device.title);
            free += 2 * rings.pairs(slot);
        }
        assert_eq!(free, rings.pages(), "{}", device.title);
    }
}
