//! Who watches a device: a map of what left it, and what must hold whenever it wakes.

use std::collections::BTreeMap;

use highwater_core::apdu::{ChainState, Command, Named, Status};
use highwater_core::env::Cell;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::{Fault, SimDevice, Tear, World};

use crate::stage::{Ask, CHAIN, PREVOTE, add, approved, chain, hrs, set_mark, status};

/// What a node or an owner asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Sign(Ask),
    SetMark(u64),
    Remove,
    Add(u64),
    Forget,
}

/// The app started on `image`.
pub(crate) fn boot(image: &[Cell], pairs: u16) -> SimDevice {
    let mut world = World::new(b"stage", pairs);
    world.medium.restore(image);
    SimDevice::boot(world)
}

/// What left the device since the owner last approved a lower mark, and the last life of the chain known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Auditor {
    released: BTreeMap<Hrs, u8>,
    incarnation: u16,
}

impl Auditor {
    /// Does `op`; keeps what left while power was on.
    pub(crate) fn watch(&mut self, device: &mut SimDevice, op: Op) {
        match op {
            Op::Sign(ask) => {
                let signed = ask.sign(device).is_ok();
                if signed && device.world.medium.is_powered() {
                    let place = hrs(ask.height, ask.round, ask.step);
                    let first = *self.released.entry(place).or_insert(ask.block);
                    assert_eq!(first, ask.block, "two statements at {place}");
                }
            }
            Op::SetMark(height) => {
                let _ = set_mark(device, hrs(height, 0, Step::None));
            }
            Op::Add(height) => {
                let _ = add(device, CHAIN, hrs(height, 0, Step::None));
            }
            Op::Remove | Op::Forget => {
                let named = Named { chain: chain(CHAIN), incarnation: status(device, 0).2 };
                let command =
                    if op == Op::Remove { Command::RemoveChain(named) } else { Command::ForgetChain(named) };
                let _ = approved(device, command);
            }
        }
    }

    /// A new life that began at a mark the owner approved by ADD releases what lies above it.
    pub(crate) fn account(&mut self, device: &mut SimDevice, op: Op) {
        let (state, _, incarnation, _) = status(device, 0);
        if let Op::Add(height) = op
            && state == ChainState::Armed
            && incarnation > self.incarnation
        {
            self.released.retain(|place, _| *place <= hrs(height, 0, Step::None));
        }
        self.incarnation = self.incarnation.max(incarnation);
    }

    /// The highest place signed.
    pub(crate) fn highest(&self) -> Hrs {
        self.released.keys().next_back().copied().unwrap_or_default()
    }

    /// The device has woken: its mark is right, or it signs nothing. Then it works again, with a finger if need be.
    pub(crate) fn audit(mut self, device: &mut SimDevice, op: Op, what: &str) -> ChainState {
        self.account(device, op);
        let (state, mark, ..) = status(device, 0);
        for (place, block) in &self.released {
            let other = Ask {
                height: place.height.value(),
                round: place.round.value(),
                step: place.step,
                block: if *block == 1 { 2 } else { 1 },
                ..PREVOTE
            };
            let refused = other.sign(device).expect_err(what);
            match state {
                ChainState::Armed => assert!(*place <= mark, "{what}: the mark {mark} fell below {place}"),
                ChainState::Unclear => assert_eq!(refused, Status::Unclear, "{what}"),
                ChainState::Fault => panic!("{what}: a fault though power is back"),
                ChainState::Damaged => assert_eq!(refused, Status::StorageDamaged, "{what}"),
                _ => assert_eq!(refused, Status::UnknownChain, "{what}"),
            }
        }
        let next = mark.max(self.highest()).height.value() + 1;
        match state {
            ChainState::Unclear => {
                set_mark(device, hrs(next, 0, Step::None)).expect(what);
            }
            ChainState::Armed => {}
            _ => {
                if state == ChainState::Damaged {
                    approved(device, Command::ForgetSlot(0)).expect(what);
                }
                add(device, CHAIN, hrs(next, 0, Step::None)).expect(what);
            }
        }
        let vote = Ask { height: next, ..PREVOTE };
        vote.sign(device).unwrap_or_else(|e| panic!("{what}: {e:?} where the next height is free"));
        assert_eq!(Ask { block: 2, ..vote }.sign(device), Err(Status::Conflict), "{what}");
        state
    }
}

/// Boots with the power cut at the `nth` write of the recovery, and leaves it there.
pub(crate) fn recover_to_cut(image: &[Cell], pairs: u16, (nth, tear): (u32, Tear)) -> Option<SimDevice> {
    let mut world = World::new(b"stage", pairs);
    world.medium.restore(image);
    world.medium.plan(nth, Fault::Cut(tear));
    let device = SimDevice::boot(world);
    (!device.world.medium.is_powered()).then_some(device)
}
