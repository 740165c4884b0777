//! The chain table against a map: chains added, removed, forgotten, with restarts, on three slots.

use std::collections::BTreeMap;

use highwater_core::apdu::{ChainState, ChainStatus, Command, MAX_COMMAND, Named, Reply, Status};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout::{SLOTS, entry_page};
use highwater_sim::{Keys, Owner, SimDevice, World};

const NAMES: [&str; 6] =
    ["a", "A", "aa", "table-1", "table-2", "x.y_z-0123456789012345678901234567890123456789abcd"];

/// Whether a chain is armed, its mark, and its incarnation.
type Known = BTreeMap<&'static str, (bool, Hrs, u16)>;

/// The table shows what the map holds, after every change and every restart.
pub fn run(data: &[u8]) {
    let mut device = SimDevice::boot(World::repeatable(Keys::toy(), 2, 0));
    device.owner = Owner::Approves;
    let mut known = Known::new();
    for change in data.chunks(2).take(128) {
        let [what, with] = *change else { break };
        let name = NAMES[usize::from(what / 8) % NAMES.len()];
        match what % 8 {
            0..=2 => add(&mut device, &mut known, name, with),
            3 | 4 => remove(&mut device, &mut known, name, with),
            5 => forget(&mut device, &mut known, name, with),
            6 => device = device.restart(),
            // One half of one copy rots; the other copy tells, and the next start repairs it. Of a slot that was never
            // used there is nothing to repair with: two losses there, years apart, cost the owner a FORGET.
            _ => {
                let slot = with % 3;
                if device.world.medium.pages()[usize::from(entry_page(slot, 0))] != [0; 64] {
                    let page = entry_page(slot, u16::from(with / 4 % 2)) + u16::from(with / 8 % 2);
                    device.world.medium.rot(page, [with; 64]);
                    device = device.restart();
                }
            }
        }
        agree(&mut device, &known);
    }
}

fn add(device: &mut SimDevice, known: &mut Known, name: &'static str, with: u8) {
    let mark = Hrs::new(u64::from(with), 0, Step::None).expect("a mark");
    let chain = ChainId::new(name.as_bytes()).expect("a chain id");
    let status = send(device, Command::AddChain { chain, key_index: with.into(), mark });
    let expected = match known.get(name) {
        Some((true, ..)) => Status::ChainKnown,
        None if known.len() == SLOTS => Status::TableFull,
        _ => Status::Ok,
    };
    assert_eq!(status, expected, "add {name}");
    if status == Status::Ok {
        let last = known.get(name).map_or(0, |(_, _, incarnation)| *incarnation);
        let incarnation = shown(device, name).expect("it was added").2;
        assert!(incarnation > last, "a new life");
        known.insert(name, (true, mark, incarnation));
    }
}

fn remove(device: &mut SimDevice, known: &mut Known, name: &'static str, with: u8) {
    let entry = known.get_mut(name);
    let incarnation = entry.as_ref().map_or(1, |(_, _, incarnation)| *incarnation);
    let wrong = with.is_multiple_of(8);
    let named = Named {
        chain: ChainId::new(name.as_bytes()).expect("a chain id"),
        incarnation: incarnation.wrapping_add(u16::from(wrong)),
    };
    let status = send(device, Command::RemoveChain(named));
    match entry {
        Some((armed @ true, ..)) if !wrong => {
            assert_eq!(status, Status::Ok);
            *armed = false;
        }
        Some((true, ..)) => assert_eq!(status, Status::WrongIncarnation),
        _ => assert_eq!(status, Status::UnknownChain),
    }
}

fn forget(device: &mut SimDevice, known: &mut Known, name: &'static str, with: u8) {
    let entry = known.get(name).copied();
    let incarnation = entry.map_or(1, |(_, _, incarnation)| incarnation);
    let wrong = with.is_multiple_of(8);
    let named = Named {
        chain: ChainId::new(name.as_bytes()).expect("a chain id"),
        incarnation: incarnation.wrapping_add(u16::from(wrong)),
    };
    let status = send(device, Command::ForgetChain(named));
    match entry {
        Some((false, ..)) if !wrong => {
            assert_eq!(status, Status::Ok);
            known.remove(name);
        }
        Some((false, ..)) => assert_eq!(status, Status::WrongIncarnation),
        _ => assert_eq!(status, Status::UnknownChain),
    }
}

fn agree(device: &mut SimDevice, known: &Known) {
    let mut used = 0;
    for name in NAMES {
        let shown = shown(device, name);
        used += usize::from(shown.is_some());
        let state = |armed| if armed { ChainState::Armed } else { ChainState::Tombstone };
        let expected = known.get(name).map(|(armed, mark, incarnation)| (state(*armed), *mark, *incarnation));
        assert_eq!(shown, expected, "{name}");
    }
    assert!(used <= SLOTS);
}

fn shown(device: &mut SimDevice, name: &str) -> Option<(ChainState, Hrs, u16)> {
    (0..SLOTS as u8).find_map(|slot| {
        let reply = device.exchange(&[0xe0, 0x10, 0, 0, 1, slot]);
        let (data, _) = Reply::split(&reply)?;
        let status = ChainStatus::parse(data)?;
        let named = status.chain.is_some_and(|chain| chain.as_str() == name);
        named.then_some((status.state, status.mark, status.incarnation))
    })
}

fn send(device: &mut SimDevice, command: Command<'_>) -> Status {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).expect("it fits");
    let reply = device.exchange(&apdu[..len]);
    let (_, word) = Reply::split(&reply).expect("a status word");
    Status::from_word(word).expect("a known status")
}
