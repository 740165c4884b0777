//! Random lives of a hosted device: nodes with other ideas, kills, cuts, failing disks and failing stores, under the auditor of
//! the simulator.

use highwater_core::apdu::{ChainState, Command, Status};
use highwater_core::hrs::Step;
use highwater_hosted::{Device, Fault, FlashFile, KeyFault};
use highwater_sim::audit::Auditor;
use highwater_sim::driver::place;
use highwater_sim::{Ask, Tear};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::disk::{Cut, Platter};
use crate::hand::{add, blank, boot, data, id, keys, sign, slot};
use crate::keys::Flaky;

const CHAINS: [&str; 2] = ["story-1", "story-2"];

/// What one story was.
#[derive(Debug, Default)]
struct Told {
    signed: u32,
    refused: u32,
    faults: u32,
    cuts: u32,
}

fn tear(random: &mut StdRng) -> Tear {
    match random.random_range(0..5) {
        0 => Tear::Old,
        1 => Tear::New,
        2 => Tear::Prefix(random.random_range(0..64)),
        3 => Tear::Garbage(random.random()),
        _ => Tear::Mixed(random.random()),
    }
}

/// A node near the mark: the next place, the same one, one before, another block.
fn wish(random: &mut StdRng, device: &mut Device, lane: usize) -> Ask {
    let mark = slot(device, lane as u8).mark;
    let near = mark.height.value() + 1;
    let step = [Step::Proposal, Step::Prevote, Step::Precommit][random.random_range(0..3)];
    // A proposal is of a block.
    let block = random.random_range(u8::from(step == Step::Proposal)..3);
    Ask {
        height: near.saturating_sub(random.random_range(0..3)).max(1),
        round: random.random_range(0..2),
        step,
        block,
        ..Ask::prevote(CHAINS[lane])
    }
}

fn open(platter: &Platter, random: &mut StdRng, told: &mut Told) -> Device {
    for _ in 0..50 {
        platter.restart();
        // A store that fails once at any of its calls, in this life.
        let fails = random.random_bool(0.3).then(|| random.random_range(0..12));
        let flash = FlashFile::on(std::path::Path::new("platter"), Box::new(platter.clone()));
        match flash.and_then(|flash| Device::boot(flash, Flaky::new(keys(), fails))) {
            Ok(device) => return device,
            Err(Fault::Io { .. } | Fault::Keys(KeyFault::Absent(_))) => told.faults += 1,
            Err(fault) => panic!("{fault}"),
        }
    }
    panic!("it never opens");
}

fn tell(seed: u64) -> Told {
    let mut random = StdRng::seed_from_u64(seed);
    let random = &mut random;
    let mut told = Told::default();
    let mut platter = blank();
    let mut auditor = Auditor::default();
    let mut device = boot(&platter).unwrap();
    for (at, chain) in CHAINS.into_iter().enumerate() {
        add(&mut device, chain, at as u32);
        auditor.key(chain, data(&mut device, Command::GetPublicKey(id(chain))).try_into().unwrap());
    }
    for _ in 0..40 {
        if random.random_bool(0.4) {
            let now = platter.state().calls;
            let cut = match random.random_range(0..3) {
                0 => Cut::Kill,
                1 => Cut::Power(tear(random)),
                _ => Cut::Fails(tear(random)),
            };
            platter.state().plan = vec![(now + random.random_range(0..6), cut)];
            told.cuts += 1;
        }
        let lane = random.random_range(0..2);
        // A fault of an earlier turn: the device is opened anew, as the bridge does.
        let asked = if device.ping().is_ok() && peek(&mut device).is_ok() {
            let ask = wish(random, &mut device, lane);
            Some((ask, sign(&mut device, &ask)))
        } else {
            None
        };
        match asked {
            Some((ask, Ok(Ok(signed)))) => {
                auditor.released(&ask.signed_bytes(&signed), &signed.signature).unwrap();
                told.signed += 1;
            }
            Some((
                _,
                Ok(Err(
                    Status::HeightRegression
                    | Status::RoundRegression
                    | Status::StepRegression
                    | Status::Conflict,
                )),
            )) => told.refused += 1,
            Some((ask, Ok(Err(other)))) => panic!("{seed}: {ask:?}: {other:?}"),
            Some((_, Err(_))) | None => {
                told.faults += 1;
                drop(device);
                // Power went, or the process alone.
                if random.random_bool(0.5) {
                    platter = platter.without_power();
                }
                device = open(&platter, random, &mut told);
            }
        }
        if peek(&mut device).is_ok() {
            for (at, chain) in CHAINS.into_iter().enumerate() {
                let shown = slot(&mut device, at as u8);
                if shown.state == ChainState::Armed {
                    auditor
                        .mark(chain, place(shown.mark))
                        .unwrap_or_else(|found| panic!("{seed}: {found:?}"));
                }
            }
        }
    }
    told
}

/// Whether it answers at all.
fn peek(device: &mut Device) -> Result<(), Fault> {
    device.exchange(&crate::hand::raw(Command::GetVersion)).map(drop)
}

#[test]
fn no_second_signature_and_no_lower_mark_in_three_hundred_lives() {
    let mut sum = Told::default();
    for seed in 0..300 {
        let told = tell(seed);
        sum.signed += told.signed;
        sum.refused += told.refused;
        sum.faults += told.faults;
        sum.cuts += told.cuts;
    }
    // Lives without signatures or without faults would show nothing.
    assert!(sum.signed > 2_000 && sum.refused > 1_000 && sum.faults > 500 && sum.cuts > 3_000, "{sum:?}");
}
