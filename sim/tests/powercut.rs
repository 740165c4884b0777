//! Power cuts at every write, tears of every kind, and one rotten page: the journal's promise, tried.
//!
//! An auditor that knows nothing of the signer keeps every signature that left the device.

use std::collections::BTreeMap;

use highwater_core::apdu::{Command, MAX_COMMAND, Reply, Status};
use highwater_core::canonical::{BlockId, ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
use highwater_sim::{Fault, Owner, SimDevice, Tear, World};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const CHAIN: &str = "audit-1";

/// Every statement that ever left, by place; as the network would see it.
#[derive(Default)]
struct Auditor {
    released: BTreeMap<Hrs, u8>,
}

impl Auditor {
    fn see(&mut self, hrs: Hrs, block: u8) {
        let first = *self.released.entry(hrs).or_insert(block);
        assert_eq!(first, block, "two statements at {hrs}: the validator is slashed");
    }

    fn highest(&self) -> Option<Hrs> {
        self.released.keys().next_back().copied()
    }
}

fn exchange(device: &mut SimDevice, command: Command<'_>) -> (Vec<u8>, Status) {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).unwrap();
    let reply = device.exchange(&apdu[..len]);
    let (data, word) = Reply::split(&reply).unwrap();
    (data.to_vec(), Status::from_word(word).unwrap())
}

fn chain() -> ChainId<'static> {
    ChainId::new(CHAIN.as_bytes()).unwrap()
}

fn vote(device: &mut SimDevice, height: u64, kind: Step, block: u8) -> (Hrs, Status) {
    let hash = [block; 32];
    let message = Message {
        hrs: Hrs::new(height, 0, kind).unwrap(),
        pol_round: None,
        block: Some(BlockId { hash: &hash, total: 1, parts_hash: &hash }),
        timestamp: Timestamp { seconds: 1_700_000_000, nanos: 0 },
        chain: chain(),
    };
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    let (_, status) = exchange(device, Command::Sign(&bytes[..len]));
    (message.hrs, status)
}

fn armed(pairs: u16) -> SimDevice {
    let mut device = SimDevice::boot(World::new(b"power cut", pairs));
    device.owner = Owner::Approves;
    let command = Command::AddChain { chain: chain(), key_index: 0, mark: Hrs::default() };
    assert_eq!(exchange(&mut device, command).1, Status::Ok);
    device.owner = Owner::Away;
    device
}

fn tear(random: &mut StdRng) -> Tear {
    match random.random_range(0..6) {
        0 => Tear::Old,
        1 => Tear::New,
        2 | 3 => Tear::Garbage(random.random()),
        _ => Tear::Mixed(random.random()),
    }
}

/// Asks for votes in the way of a node that restarts with other ideas: always near the mark.
fn ask(device: &mut SimDevice, auditor: &mut Auditor, random: &mut StdRng) -> Status {
    let near = auditor.highest().map_or(0, |hrs| hrs.height.value());
    let height = (near + random.random_range(0..3)).saturating_sub(1).max(1);
    let kind = if random.random() { Step::Prevote } else { Step::Precommit };
    let block = random.random_range(1..4);
    let (hrs, status) = vote(device, height, kind, block);
    if status == Status::Ok && device.world.medium.is_powered() {
        auditor.see(hrs, block);
    }
    status
}

fn restart_with_cuts(mut device: SimDevice, random: &mut StdRng) -> SimDevice {
    // Recovery is cut too, up to four times in a row; the last boot completes.
    for _ in 0..random.random_range(0..4) {
        device.world.medium.power_on();
        device.world.medium.plan(random.random_range(0..3), Fault::Cut(tear(random)));
        let owner = device.owner;
        device = SimDevice::boot(device.world);
        device.owner = owner;
    }
    device.restart()
}

#[test]
fn g2_the_mark_never_falls_and_tears_alone_never_make_it_unclear() {
    for (pairs, rounds) in [(2, 6_000), (3, 6_000), (5, 3_000), (8, 2_000)] {
        let mut random = StdRng::seed_from_u64(u64::from(pairs));
        let mut device = armed(pairs);
        let mut auditor = Auditor::default();
        for _ in 0..rounds {
            device.world.medium.plan(random.random_range(0..7), Fault::Cut(tear(&mut random)));
            for _ in 0..4 {
                ask(&mut device, &mut auditor, &mut random);
            }
            device = restart_with_cuts(device, &mut random);
            // The next height is always free to sign: no tear asks for the owner.
            let next = auditor.highest().map_or(1, |hrs| hrs.height.value() + 1);
            let (hrs, status) = vote(&mut device, next + 1, Step::Prevote, 1);
            assert_eq!(status, Status::Ok, "pairs {pairs}, {hrs}");
            auditor.see(hrs, 1);
        }
    }
}

#[test]
fn a_tear_and_one_rotten_page_leave_the_mark_right_or_unclear() {
    let (mut unclear, mut right) = (0, 0);
    for (pairs, rounds) in [(2, 4_000), (3, 4_000), (5, 3_000), (8, 2_000)] {
        let mut random = StdRng::seed_from_u64(100 + u64::from(pairs));
        for _ in 0..rounds {
            let mut device = armed(pairs);
            let mut auditor = Auditor::default();
            for _ in 0..random.random_range(1..12) {
                ask(&mut device, &mut auditor, &mut random);
            }
            device.world.medium.plan(random.random_range(0..4), Fault::Cut(tear(&mut random)));
            ask(&mut device, &mut auditor, &mut random);
            ask(&mut device, &mut auditor, &mut random);
            let page = random.random_range(2..Rings::equal(pairs).pages());
            let mut cell = [0; 64];
            if random.random() {
                random.fill(&mut cell[..]);
            }
            device.world.medium.rot(page, cell);
            device = restart_with_cuts(device, &mut random);
            for _ in 0..8 {
                match ask(&mut device, &mut auditor, &mut random) {
                    Status::Unclear => unclear += 1,
                    _ => right += 1,
                }
            }
        }
    }
    assert!(right > unclear, "{right} decisions, {unclear} unclear");
}

#[test]
fn lying_and_failing_writes_never_release_a_second_statement() {
    let mut random = StdRng::seed_from_u64(7);
    for pairs in [2, 3, 5, 8] {
        let mut device = armed(pairs);
        let mut auditor = Auditor::default();
        for _ in 0..3_000 {
            let fault = if random.random() { Fault::Lies } else { Fault::Fails(tear(&mut random)) };
            device.world.medium.plan(random.random_range(0..4), fault);
            for _ in 0..3 {
                ask(&mut device, &mut auditor, &mut random);
            }
            if random.random_range(0..4) == 0 {
                device = device.restart();
            }
            device.world.medium.power_on();
        }
        assert!(auditor.released.len() > 100, "pairs {pairs}: only {} signed", auditor.released.len());
    }
}

#[test]
fn a_blank_or_garbage_ring_under_an_approved_chain_is_unclear() {
    for blank in [true, false] {
        let mut random = StdRng::seed_from_u64(9);
        let mut device = armed(4);
        let mut auditor = Auditor::default();
        for _ in 0..9 {
            ask(&mut device, &mut auditor, &mut random);
        }
        for index in 0..8 {
            let mut cell = [0; 64];
            if !blank {
                random.fill(&mut cell[..]);
            }
            device.world.medium.rot(Rings::equal(4).page(0, index), cell);
        }
        let mut device = device.restart();
        assert_eq!(vote(&mut device, 1_000, Step::Prevote, 1).1, Status::Unclear);
    }
}

#[test]
fn wear_is_level_within_one_erase() {
    let mut device = armed(8);
    let before = device.world.medium.erases().to_vec();
    for height in 1..=160 {
        assert_eq!(vote(&mut device, height, Step::Prevote, 1).1, Status::Ok);
        assert_eq!(vote(&mut device, height, Step::Prevote, 1).1, Status::Ok, "a repeat");
    }
    let worn: Vec<u32> = (0..16)
        .map(|index| usize::from(Rings::equal(8).page(0, index)))
        .map(|page| device.world.medium.erases()[page] - before[page])
        .collect();
    assert_eq!(worn.iter().sum::<u32>(), 320, "two page writes a signature, none for a repeat");
    assert!(worn.iter().max().unwrap() - worn.iter().min().unwrap() <= 1, "{worn:?}");
}

#[test]
fn the_mark_and_the_repeat_survive_a_restart() {
    let mut device = armed(4);
    let (hrs, status) = vote(&mut device, 5, Step::Prevote, 1);
    assert_eq!((hrs.step, status), (Step::Prevote, Status::Ok));
    let mut device = device.restart();
    assert_eq!(vote(&mut device, 5, Step::Prevote, 1).1, Status::Ok);
    assert_eq!(vote(&mut device, 5, Step::Prevote, 2).1, Status::Conflict);
    assert_eq!(vote(&mut device, 4, Step::Precommit, 1).1, Status::HeightRegression);
}
