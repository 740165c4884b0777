//! Whether the chain goes on once nothing goes wrong any more; and when two worlds are the same.

use std::hash::{Hash, Hasher};

use highwater_guard::Input;

use super::Message;
use super::spec::{Said, Violation};
use super::steps::Step;
use super::world::{PASS, Stage, World};

impl World {
    /// Whether the chain goes on if nothing more goes wrong: the pinned device comes back, the disk takes what it gets,
    /// and the node asks for something new above all that happened; where there is one node, also in the same height.
    pub(super) fn goes_on(&self, stage: &mut Stage) -> Result<(), Violation> {
        let above = stage.messages.len() as u8 - 1;
        let mut wanted = vec![above];
        let alone = stage.settings.one_node
            && stage.search.nodes == 1
            && !stage.search.owner
            && !stage.search.questions
            && !stage.search.spare;
        if alone {
            let mark = stage.devices.get(self.devices[usize::from(self.pinned)]).slot.mark;
            let same = |message: &&Message| {
                message.said.at > mark && message.said.at.height == mark.height && message.said.block == 1
            };
            wanted.extend(stage.messages.iter().filter(same).map(|message| message.said.number).next());
        }
        for message in wanted {
            let mut world = self.clone();
            world.store(true, stage)?;
            world.pin(stage)?;
            world.plug(Some(world.pinned), stage)?;
            for id in world.asked.clone() {
                world.tell(Input::HungUp(id.0), stage)?;
            }
            world.now = world.now + PASS + PASS;
            world.trouble |= world.unstored.is_some();
            world.tell(Input::Tick, stage)?;
            world.asked.clear();
            world.ask(0, message, stage)?;
            world.send(stage)?;
            let Said { at, number, .. } = stage.messages[usize::from(message)].said;
            for step in [
                Step::Execute,
                Step::Store(true),
                Step::Deliver,
                Step::Store(true),
                Step::Execute,
                Step::Deliver,
            ] {
                if world.spec.has(at, number) {
                    break;
                }
                world.go(step, stage)?;
            }
            if !world.spec.has(at, number) {
                return Err(Violation::Stuck(format!("{at:?} is not signed: {:?}", world.asked)));
            }
        }
        Ok(())
    }

    /// All that the next steps depend on.
    pub(super) fn fingerprint(&self, state: &mut impl Hasher) {
        self.guard.fingerprint(self.now, self.epoch, state);
        (self.devices, self.plugged, self.pinned, &self.durable).hash(state);
        (self.unstored.as_ref().map(|(_, record)| record), self.trouble, &self.late).hash(state);
        self.cable.as_ref().map(|on| (on.node, on.message, &on.reply)).hash(state);
        let asked: Vec<_> =
            self.asked.iter().map(|(_, node, message, waits)| (node, message, waits)).collect();
        (asked, self.lowered, self.lives, self.pinning).hash(state);
        self.confirmed.hash(state);
        self.question.map(|question| (question.to, question.lowers, question.needs.is_some())).hash(state);
        self.spec.fingerprint(self.now, state);
    }
}
