//! What operator and owner do: plugs, marks, questions, spares.

use highwater_core::hrs::Hrs;
use highwater_guard::Input;

use super::device::Act;
use super::spec::{Said, Violation};
use super::world::{Question, Stage, World};

impl World {
    pub(super) fn plug(&mut self, plugged: Option<u8>, stage: &mut Stage) -> Result<(), Violation> {
        self.lose(true, stage)?;
        (self.plugged, self.late) = (plugged, None);
        self.epoch += 1;
        self.question = self.question.filter(|question| question.needs.is_some());
        self.look(stage);
        self.take(stage)
    }

    /// Something is done to the device that is plugged in, by its owner.
    pub(super) fn change(&mut self, act: Act, stage: &mut Stage) {
        if let Some(plugged) = self.plugged {
            let device = &mut self.devices[usize::from(plugged)];
            *device = stage.devices.act(*device, act, &[]).0;
            self.epoch += 1;
        }
    }

    pub(super) fn intend(&mut self, to: Hrs, stage: &mut Stage) -> Result<bool, Violation> {
        // The bridge looks right before.
        self.look(stage);
        self.take(stage)?;
        let known = self.guard.record().floor();
        let Ok(needs) = self.guard.intend(to, Some(known)) else { return Ok(false) };
        // A raise that is overtaken meanwhile lowers nothing: the device says that the mark moved.
        let plugged = self.plugged.map(|at| stage.devices.get(self.devices[usize::from(at)]).slot.mark);
        let lowers = to < known && plugged.is_some_and(|mark| to < mark);
        self.question = Some(Question { to, lowers, needs: Some(needs) });
        if to < known {
            self.confirmed.insert((to, known));
            self.lowered = true;
        }
        self.take(stage)?;
        if self.unstored.is_none()
            && let Some(question) = &mut self.question
        {
            question.needs = None;
        }
        Ok(true)
    }

    pub(super) fn approve(&mut self, stage: &mut Stage) {
        let (Some(Question { to, lowers, .. }), Some(plugged)) = (self.question.take(), self.plugged) else {
            return;
        };
        let mark = stage.devices.get(self.devices[usize::from(plugged)]).slot.mark;
        if to >= mark {
            self.change(Act::SetMark(to), stage);
            self.spec.approved(to);
        } else if lowers {
            self.begin_again(to, stage);
            self.lowered_to(to, stage);
        }
    }

    pub(super) fn begin_again(&mut self, to: Hrs, stage: &mut Stage) {
        (self.lowered, self.lives) = (true, self.lives + 1);
        self.change(Act::BeginAgain(to), stage);
    }

    /// The record may follow a device that stands at `to`, if the operator confirmed it, for all that nodes got.
    pub(super) fn lowered_to(&mut self, to: Hrs, stage: &Stage) {
        if self.confirmed.iter().any(|(low, known)| to >= *low && self.spec.highest() <= *known) {
            let said: Vec<Said> = stage.messages.iter().map(|message| message.said).collect();
            self.spec.lowered(to, &said);
        }
    }

    pub(super) fn adopt(&mut self, stage: &mut Stage) -> Result<bool, Violation> {
        let Some(plugged) = self.plugged else { return Ok(false) };
        let installation = stage.devices.get(self.devices[usize::from(plugged)]).installation;
        // The bridge looks right before.
        self.look(stage);
        self.take(stage)?;
        let known = self.guard.record().floor();
        if self.guard.adopt(installation).is_err() {
            return Ok(false);
        }
        let mark = stage.devices.get(self.devices[usize::from(plugged)]).slot.mark;
        if mark < known {
            self.lowered_to(mark, stage);
        }
        self.take(stage)?;
        Ok(true)
    }

    pub(super) fn pin(&mut self, stage: &mut Stage) -> Result<(), Violation> {
        let Some(pinned) = self.pinning.take() else { return Ok(()) };
        self.pinned = pinned;
        let installation = stage.devices.get(self.devices[usize::from(pinned)]).installation;
        self.tell(Input::Pinned(installation), stage)
    }
}
