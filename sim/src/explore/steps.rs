//! Which steps and faults are tried in a state.

use highwater_core::hrs::{Hrs, Step as Stage};
use highwater_core::layout::{KEYS, RINGS, installation_page};

use super::{Rot, Search, State, Step};
use crate::model::{Imported, Model, Op, Standing, ZERO};
use crate::vault::{Holds, KeyOp};
use crate::{Fault, Tear};

/// One representative of content that fails its check (see `normal`).
const GARBAGE: Tear = Tear::Garbage(1);

/// More turns than anything approved takes on a ring of two or three pairs.
const TURNS: u32 = 20;

impl Search {
    /// Every step that can be gone from `state`.
    pub(super) fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if state.path.is_empty() {
            steps.push(Step::Boot(None));
        } else {
            let mut ops = vec![Op::Look];
            let named = self.named(state);
            state.now.models.iter().for_each(|model| self.operations(model, state.life, &named, &mut ops));
            let mut seen = Vec::new();
            for op in ops {
                if !seen.contains(&op) {
                    seen.push(op);
                    steps.push(Step::Run(op, None));
                }
            }
            let about_keys = self.about_keys(state);
            steps.extend(about_keys.iter().map(|op| Step::Key(*op, None)));
            // What the owner approves takes turns of the loop, and a node's request may come between them.
            let (requests, approved): (Vec<Op>, Vec<Op>) =
                seen.into_iter().filter(|op| *op != Op::Look).partition(|op| matches!(op, Op::Sign { .. }));
            let turns = if self.paced { TURNS } else { 1 };
            for op in approved {
                for request in &requests {
                    steps.extend((0..turns).map(|turns| Step::Around(op, *request, turns, None)));
                }
            }
            for op in about_keys {
                for request in &requests {
                    steps.extend((0..turns.min(3)).map(|turns| Step::AroundKey(op, *request, turns, None)));
                }
            }
            if state.now.busy {
                steps.push(Step::Turn(None));
            }
            if state.path.len() > 1 {
                steps.push(Step::PowerOff);
            }
        }
        // Before the first boot completed there is nothing to protect, and only an all blank memory is taken over.
        let installed = (0..2).all(|copy| state.pages[usize::from(installation_page(copy))] != [0; 64]);
        let rots = match self.rot {
            Rot::Never => false,
            Rot::Asleep => state.path.is_empty(),
            Rot::Anytime => true,
        };
        if rots && installed && !state.now.rotted {
            steps.extend(self.pages().flat_map(|page| {
                // Blank and garbage differ only where blank is looked for: in the table and the installation.
                let blank = page < RINGS;
                [0xa5, 0].into_iter().take(1 + usize::from(blank)).map(move |with| Step::Rot(page, with))
            }));
        }
        if self.stuck && state.stuck.is_none() && state.path.is_empty() && installed {
            let content = self.pages().flat_map(|page| [0xa5, 0].map(|with| (page, with)));
            steps.extend(
                content.flat_map(|(page, with)| [true, false].map(|says| Step::Stick(page, with, says))),
            );
        }
        steps
    }

    /// Every fault that a write may meet in `state`.
    pub(super) fn faults(&self, state: &State) -> Vec<Fault> {
        let mut faults: Vec<Fault> = [Tear::Old, Tear::New, GARBAGE, Tear::Blank, Tear::Fields(Tear::LOWEST)]
            .into_iter()
            .map(Fault::Cut)
            .collect();
        if self.lies && !state.now.faulted {
            faults.extend([Fault::Lies, Fault::Fails(Tear::New), Fault::Fails(GARBAGE)]);
        }
        faults
    }

    fn pages(&self) -> impl Iterator<Item = u16> {
        let installation = (0..2).map(installation_page);
        installation.chain(self.own().into_iter().flatten().map(|page| page as u16))
    }

    /// The imported keys that a chain may be added with.
    fn named(&self, state: &State) -> Vec<Imported> {
        let held = |(number, possible): (usize, &Vec<Holds>)| match possible[..] {
            [Holds::Key(key)] => Some(Imported { number: number as u8, key }),
            _ => None,
        };
        state.now.vault.iter().enumerate().filter_map(held).collect()
    }

    /// What is done with keys: each is imported, which also heals its place, and each place freed.
    fn about_keys(&self, state: &State) -> Vec<KeyOp> {
        let imports = (0..self.keys).map(KeyOp::Import);
        let stands = |number: &u8| state.now.vault[usize::from(*number)][..] != [Holds::Nothing];
        imports.chain((0..KEYS as u8).filter(stands).map(KeyOp::Forget)).collect()
    }

    fn operations(&self, model: &Model, life: bool, named: &[Imported], ops: &mut Vec<Op>) {
        if !self.chain {
            return;
        }
        if self.keys > 0 {
            self.operations_with_keys(model, life, named, ops);
            return;
        }
        let next = model.mark.height.value() + 1;
        match model.standing {
            Standing::Armed => {
                let block = 1 + u8::from(life);
                let votes = (model.mark.height.value()..=self.heights).filter_map(|h| at(h, Stage::Prevote));
                let fresh = votes.filter(|at| *at > model.mark && at.height.value() > 0);
                ops.extend(fresh.map(|at| Op::Sign { at, block, seconds: 1 }));
                ops.extend(self.mark(next).map(Op::SetMark));
                if self.lives {
                    ops.push(Op::Remove);
                    // Down to what was signed, and to between.
                    let between = self.mark(model.highest.height.value() + 1);
                    let lower = [Some(model.highest), between].into_iter().flatten();
                    ops.extend(lower.filter(|to| *to < model.mark).map(Op::SetMark));
                }
            }
            Standing::Unclear => {
                // The driver lifts both to what the owner's file says.
                ops.extend([Op::SetMark(ZERO)].into_iter().chain(self.mark(next).map(Op::SetMark)));
                if self.lives {
                    ops.push(Op::Remove);
                }
            }
            Standing::Absent => ops.push(Op::Add(ZERO)),
            Standing::Tombstone | Standing::UnclearTombstone => {
                ops.extend([Op::Add(ZERO), Op::Add(model.mark), Op::Forget]);
                ops.extend(self.mark(next).map(Op::Add));
            }
            Standing::Damaged => ops.push(Op::Forget),
        }
    }

    /// Of a chain that has an imported key: added with each that is there, signing, removed, forgotten.
    fn operations_with_keys(&self, model: &Model, life: bool, named: &[Imported], ops: &mut Vec<Op>) {
        let adds = |mark: Hrs| named.iter().map(move |key| Op::AddWith(mark, *key));
        match model.standing {
            Standing::Armed => {
                let block = 1 + u8::from(life);
                let votes = (1..=self.heights).filter_map(|height| at(height, Stage::Prevote));
                let fresh = votes.filter(|at| *at > model.mark);
                ops.extend(fresh.map(|at| Op::Sign { at, block, seconds: 1 }));
                ops.push(Op::Remove);
            }
            Standing::Unclear => ops.extend([Op::SetMark(ZERO), Op::Remove]),
            Standing::Absent => ops.extend(adds(ZERO)),
            Standing::Tombstone | Standing::UnclearTombstone => {
                ops.extend(adds(model.mark));
                ops.push(Op::Forget);
            }
            Standing::Damaged => ops.push(Op::Forget),
        }
    }

    /// A mark without a statement at this height, if heights go that far.
    fn mark(&self, height: u64) -> Option<Hrs> {
        at(height, Stage::None).filter(|_| height <= self.heights)
    }
}

fn at(height: u64, step: Stage) -> Option<Hrs> {
    Hrs::new(height, 0, step)
}
