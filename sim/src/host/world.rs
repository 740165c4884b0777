//! A host and all that is around it: devices, cable, disk, nodes, operator and owner; and every step that may come next.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use highwater_core::apdu::{Reply, Status};
use highwater_core::hrs::Hrs;
use highwater_guard::{
    Event, Followed, Guard, Id, Input, Moment, NoReply, OnAbsent, Outcome, Output, Record, Refusal, Seq,
    Settings, Shown, View, When,
};

use super::device::{Act, Devices, Index};
use super::spec::{Said, Spec, Violation};
use super::{Message, NODES, Search};
use crate::keys::toy_signature;

/// A coarse step of time: longer than two ping intervals, than an owner's grace, than a request's patience.
const PASS: Duration = Duration::from_secs(7);
/// A retry comes after this.
const SOON: Duration = Duration::from_millis(200);

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A node asks for a message.
    Ask(u8, u8),
    /// The node of this request does not wait any more.
    HangUp(u8),
    Link(u8, bool),
    /// A node sends a ping.
    Ping(u8),
    /// Time passes.
    Pass,
    /// The command on the cable reaches the device.
    Execute,
    /// Its reply comes.
    Deliver,
    /// Its reply comes with a wrong bit.
    Spoil,
    /// The reply to an earlier command comes instead.
    Late,
    /// No reply comes; whether the command was on the cable.
    Lose(bool),
    /// The same, for so long that the request is given up.
    TimeOut(bool),
    /// The disk took the newest record, or could not.
    Store(bool),
    /// The host dies and starts again with what is on the disk; with the newest record, if it had just been written.
    Cut(bool),
    /// The device describes itself.
    Look,
    /// Nothing, the first device, or the spare is plugged in.
    Plug(Option<u8>),
    /// The owner sets the mark of what is plugged in, and the host asked for nothing.
    RaiseBehind(Hrs),
    /// The owner removes the chain and adds it at a lower mark, on another host.
    LowerBehind(Hrs),
    /// The operator asks for a mark; for a lower one with the place repeated.
    Intend(Hrs),
    /// The owner presses.
    Approve,
    /// The owner refuses, and the host hears of it.
    Deny,
    /// The owner brings the spare to where the record says it may begin.
    SetSpare,
    Adopt,
    /// The pins are written.
    Pin,
    ReleaseOwner,
}

/// A command on the cable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OnCable {
    id: Id,
    node: u8,
    message: u8,
    reply: Option<Vec<u8>>,
}

/// A mark that the owner is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    to: Hrs,
    lowers: bool,
    /// The record that must be on the disk before it is put. `None`: the question stands on the device.
    needs: Option<Seq>,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    guard: Guard,
    now: Moment,
    devices: [Index; 2],
    /// Which of them is plugged in.
    plugged: Option<u8>,
    /// Which of them the pins name.
    pinned: u8,
    epoch: u64,
    cable: Option<OnCable>,
    late: Option<Vec<u8>>,
    durable: Record,
    unstored: Option<(Seq, Record)>,
    /// The disk failed or hung, and took nothing since.
    trouble: bool,
    /// What nodes asked for and was not answered: number, node, message, whether the node waits.
    asked: Vec<(Id, u8, u8, bool)>,
    question: Option<Question>,
    /// The operator wanted a mark as low as the first, and repeated the second as the known place.
    confirmed: BTreeSet<(Hrs, Hrs)>,
    /// The owner lowered a mark on the device. Only then may a chain say that its mark was taken back.
    lowered: bool,
    lives: u8,
    /// The pin of this device is to be written.
    pinning: Option<u8>,
    ids: u64,
    spec: Spec,
}

/// Everything a world shares with all others of its search.
pub(super) struct Stage {
    pub(super) search: Search,
    pub(super) messages: Vec<Message>,
    pub(super) devices: Devices,
    pub(super) settings: Settings,
}

impl World {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let devices = [stage.devices.install(0, Hrs::ZERO), stage.devices.install(1, Hrs::ZERO)];
        let now = Moment::after(Duration::from_secs(10_000));
        let record = Record::new(Hrs::ZERO);
        let installation = stage.devices.get(devices[0]).installation;
        let guard = Guard::new(stage.settings.clone(), installation, record.clone(), now);
        let mut world = Self {
            guard,
            now,
            devices,
            plugged: Some(0),
            pinned: 0,
            epoch: 0,
            cable: None,
            late: None,
            durable: record,
            unstored: None,
            trouble: false,
            asked: Vec::new(),
            question: None,
            confirmed: BTreeSet::new(),
            lowered: false,
            lives: 0,
            pinning: None,
            ids: 0,
            spec: Spec::new(now),
        };
        world.look(stage);
        world
    }

    /// Every step that can come next.
    pub(super) fn steps(&self, stage: &Stage) -> Vec<Step> {
        let search = &stage.search;
        let mut steps = Vec::new();
        for node in 0..search.nodes {
            let waits = self.asked.iter().any(|asked| asked.1 == node && asked.3);
            if !waits && self.asked.len() < search.requests {
                steps.extend((0..stage.messages.len() as u8 - 1).map(|message| Step::Ask(node, message)));
            }
            if search.links {
                steps.extend([Step::Link(node, true), Step::Link(node, false), Step::Ping(node)]);
            }
        }
        if search.links {
            steps.extend((0..self.asked.len() as u8).map(Step::HangUp));
        }
        match &self.cable {
            Some(OnCable { reply: None, .. }) => {
                steps.push(Step::Execute);
                if search.losses {
                    steps.extend([Step::Lose(false), Step::Lose(true)]);
                }
            }
            Some(OnCable { reply: Some(_), .. }) => {
                steps.push(Step::Deliver);
                if search.losses {
                    steps.push(Step::Lose(true));
                }
                if search.wrong {
                    steps.push(Step::Spoil);
                }
            }
            None => {}
        }
        if self.cable.is_some() && search.losses && search.time {
            steps.push(Step::TimeOut(true));
        }
        if self.cable.is_some() && self.late.is_some() && search.wrong {
            steps.push(Step::Late);
        }
        if search.time && self.cable.is_none() {
            steps.push(Step::Pass);
        }
        if self.unstored.is_some() {
            steps.push(Step::Store(true));
            if search.failing {
                steps.push(Step::Store(false));
            }
        }
        if search.cuts {
            steps.push(Step::Cut(false));
            if self.unstored.is_some() {
                steps.push(Step::Cut(true));
            }
        }
        self.operator(stage, &mut steps);
        steps
    }

    /// What operator and owner may do.
    fn operator(&self, stage: &Stage, steps: &mut Vec<Step>) {
        let search = &stage.search;
        if search.cuts || search.owner || search.spare {
            steps.push(Step::Look);
        }
        if search.release && self.asked.is_empty() {
            steps.push(Step::ReleaseOwner);
        }
        let marks =
            (0..=search.heights).filter_map(|height| Hrs::new(height, 0, highwater_core::hrs::Step::None));
        if search.owner
            && let Some(plugged) = self.plugged
        {
            let mark = stage.devices.get(self.devices[usize::from(plugged)]).slot.mark;
            for to in marks {
                if to > mark {
                    steps.push(Step::RaiseBehind(to));
                } else if self.lives < search.lives {
                    steps.push(Step::LowerBehind(to));
                }
                if self.question.is_none() && (to > mark || self.lives < search.lives) {
                    steps.push(Step::Intend(to));
                }
            }
            if self.question.is_some_and(|question| question.needs.is_none()) {
                steps.extend([Step::Approve, Step::Deny]);
            }
        }
        if self.pinning.is_some() {
            steps.push(Step::Pin);
        }
        if search.spare {
            steps.extend(
                [None, Some(0), Some(1)].into_iter().filter(|to| *to != self.plugged).map(Step::Plug),
            );
            if self.plugged.is_some_and(|plugged| plugged != self.pinned) {
                steps.extend([Step::SetSpare, Step::Adopt]);
            }
        }
    }

    /// Goes one step. `false`: nothing can come of it here.
    pub(super) fn go(&mut self, step: Step, stage: &mut Stage) -> Result<bool, Violation> {
        let went = self.step(step, stage)?;
        self.send(stage)?;
        self.spec.floors(self.durable.floor(), self.guard.record().floor())?;
        Ok(went)
    }

    fn step(&mut self, step: Step, stage: &mut Stage) -> Result<bool, Violation> {
        match step {
            Step::Ask(node, message) => self.ask(node, message, stage)?,
            Step::HangUp(at) => {
                let (id, _, _, waits) = &mut self.asked[usize::from(at)];
                if !std::mem::take(waits) {
                    return Ok(false);
                }
                let id = *id;
                self.tell(Input::HungUp(id), stage)?;
            }
            Step::Link(node, up) => {
                self.spec.link(node, up, self.now);
                // A node whose link is down waits for nothing.
                let gone: Vec<Id> = self
                    .asked
                    .iter()
                    .filter(|asked| !up && asked.1 == node && asked.3)
                    .map(|asked| asked.0)
                    .collect();
                self.asked
                    .iter_mut()
                    .filter(|asked| !up && asked.1 == node)
                    .for_each(|asked| asked.3 = false);
                self.tell(Input::Link { node: NODES[usize::from(node)].into(), up }, stage)?;
                for id in gone {
                    self.tell(Input::HungUp(id), stage)?;
                }
            }
            Step::Ping(node) => {
                self.spec.heard(node, self.now);
                self.tell(Input::Heard(NODES[usize::from(node)].into()), stage)?;
            }
            Step::Pass => {
                self.pass();
                self.tell(Input::Tick, stage)?;
            }
            Step::Execute => self.execute(stage),
            Step::Deliver => {
                let Some(OnCable { id, reply: Some(reply), .. }) = self.cable.take() else {
                    return Ok(false);
                };
                self.reply(id, &reply, stage)?;
            }
            Step::Spoil => {
                let Some(OnCable { id, reply: Some(mut reply), .. }) = self.cable.take() else {
                    return Ok(false);
                };
                if reply.len() < 60 {
                    return Ok(false);
                }
                reply[0] ^= 1;
                self.reply(id, &reply, stage)?;
            }
            Step::Late => {
                let (Some(on), Some(late)) = (self.cable.take(), self.late.take()) else { return Ok(false) };
                self.reply(on.id, &late, stage)?;
            }
            Step::Lose(sent) => self.lose(sent, stage)?,
            Step::TimeOut(sent) => {
                self.pass();
                self.lose(sent, stage)?;
            }
            Step::Store(takes) => self.store(takes, stage)?,
            Step::Cut(written) => self.cut(written, stage)?,
            Step::Look => self.look(stage),
            Step::Plug(plugged) => self.plug(plugged, stage)?,
            Step::RaiseBehind(to) => {
                self.change(Act::SetMark(to), stage);
            }
            Step::LowerBehind(to) => {
                let plugged = self.plugged;
                self.plug(None, stage)?;
                self.plugged = plugged;
                self.begin_again(to, stage);
                self.look(stage);
            }
            Step::Intend(to) => return self.intend(to, stage),
            Step::Approve => self.approve(stage),
            Step::Deny => {
                // What the operator repeated stays said.
                self.question = None;
                self.guard.forget_intention();
            }
            Step::SetSpare => {
                let floor = self.durable.floor().max(self.guard.record().floor());
                let mark = self.plugged.map(|at| stage.devices.get(self.devices[usize::from(at)]).slot.mark);
                if mark.is_none_or(|mark| mark >= floor) {
                    return Ok(false);
                }
                self.change(Act::SetMark(floor), stage);
                self.look(stage);
            }
            Step::Adopt => return self.adopt(stage),
            Step::Pin => self.pin(stage)?,
            Step::ReleaseOwner => {
                self.guard.release_owner();
                self.spec.owner_released();
            }
        }
        self.take(stage)?;
        Ok(true)
    }

    fn pass(&mut self) {
        self.now = self.now + PASS;
        self.trouble |= self.unstored.is_some();
    }

    fn ask(&mut self, node: u8, message: u8, stage: &mut Stage) -> Result<(), Violation> {
        self.ids += 1;
        let id = Id(self.ids);
        self.asked.push((id, node, message, true));
        // Who asks is connected, and what is asked for is no ping.
        self.spec.link(node, true, self.now);
        self.spec.heard(node, self.now);
        let request = stage.messages[usize::from(message)].request.clone();
        let node = NODES[usize::from(node)];
        self.tell(Input::Link { node: node.into(), up: true }, stage)?;
        self.tell(Input::Request { id, node: node.into(), request }, stage)
    }

    /// The command that the guard has goes on the cable.
    fn send(&mut self, stage: &mut Stage) -> Result<(), Violation> {
        let soon = self.now + SOON;
        if self.cable.is_some() || self.plugged.is_none() || self.guard.next(soon).is_none() {
            return Ok(());
        }
        let Some(command) = self.guard.command(soon) else { return self.take(stage) };
        let asked = self.asked.iter().find(|asked| asked.0 == command.id);
        let (id, node, message, _) = *asked.expect("a command is for a request");
        let Message { said, apdu, .. } = &stage.messages[usize::from(message)];
        if *apdu != command.apdu {
            return Err(Violation::NotSigned(said.at));
        }
        let waiting = self.asked.iter().filter(|asked| asked.3).fold(0, |set, asked| set | 1 << asked.1);
        self.spec.sent(node, *said, waiting, self.now)?;
        self.cable = Some(OnCable { id, node, message, reply: None });
        self.take(stage)
    }

    fn execute(&mut self, stage: &mut Stage) {
        let (Some(plugged), Some(on)) = (self.plugged, self.cable.as_mut()) else { return };
        let device = &mut self.devices[usize::from(plugged)];
        let Message { said, apdu, .. } = &stage.messages[usize::from(on.message)];
        let (next, reply) = stage.devices.act(*device, Act::Sign(on.message), apdu);
        *device = next;
        if reply.ends_with(&[0x90, 0]) {
            self.spec.signed(on.node, *said);
        }
        on.reply = Some(reply);
    }

    fn lose(&mut self, sent: bool, stage: &mut Stage) -> Result<(), Violation> {
        let Some(on) = self.cable.take() else { return Ok(()) };
        if stage.search.wrong && on.reply.is_some() {
            self.late = on.reply;
        }
        self.tell(Input::NoReply { id: on.id, sent, fault: NoReply::Silent }, stage)
    }

    fn reply(&mut self, id: Id, reply: &[u8], stage: &mut Stage) -> Result<(), Violation> {
        let (data, word) = Reply::split(reply).expect("a status word");
        self.tell(Input::Reply { id, status: Status::from_word(word), data }, stage)
    }

    fn store(&mut self, takes: bool, stage: &mut Stage) -> Result<(), Violation> {
        match (takes, self.unstored.clone()) {
            (true, Some((seq, record))) => {
                (self.durable, self.unstored, self.trouble) = (record, None, false);
                self.tell(Input::Stored(seq), stage)?;
            }
            (false, Some((seq, _))) => {
                self.trouble = true;
                self.tell(Input::NotStored(seq), stage)?;
            }
            (_, None) => {}
        }
        if self.question.is_some_and(|question| question.needs.is_some())
            && self.unstored.is_none()
            && let Some(question) = &mut self.question
        {
            // The intention is on the disk, so the question is put.
            question.needs = None;
        }
        Ok(())
    }

    fn cut(&mut self, written: bool, stage: &mut Stage) -> Result<(), Violation> {
        if let (true, Some((_, record))) = (written, self.unstored.take()) {
            self.durable = record;
        }
        // The record is of the new device and the pin of the old one, whose mark looks as if taken back then: nothing is
        // signed that another device may have signed.
        self.lowered |= self.pinning.take().is_some();
        (self.unstored, self.trouble, self.cable, self.late) = (None, false, None, None);
        self.asked.clear();
        // A question that was not put is forgotten; one that stands on the device may still be approved.
        self.question = self.question.filter(|question| question.needs.is_none());
        let installation = stage.devices.get(self.devices[usize::from(self.pinned)]).installation;
        self.guard = Guard::new(stage.settings.clone(), installation, self.durable.clone(), self.now);
        self.spec.restarted(self.now);
        self.look(stage);
        self.take(stage)
    }

    fn look(&mut self, stage: &Stage) {
        let view = match self.plugged {
            None => View::Away(NoReply::Away),
            Some(plugged) => {
                let state = stage.devices.get(self.devices[usize::from(plugged)]);
                View::Here(Shown {
                    installation: state.installation,
                    slot: Some(state.slot),
                    epoch: self.epoch,
                })
            }
        };
        // In the order of the cable: not while a command is on it.
        if self.cable.is_none() {
            self.guard.handle(self.now, Input::Seen(view));
        }
    }

    fn plug(&mut self, plugged: Option<u8>, stage: &mut Stage) -> Result<(), Violation> {
        self.lose(true, stage)?;
        (self.plugged, self.late) = (plugged, None);
        self.epoch += 1;
        self.question = self.question.filter(|question| question.needs.is_some());
        self.look(stage);
        self.take(stage)
    }

    /// Something is done to the device that is plugged in, by its owner.
    fn change(&mut self, act: Act, stage: &mut Stage) {
        if let Some(plugged) = self.plugged {
            let device = &mut self.devices[usize::from(plugged)];
            *device = stage.devices.act(*device, act, &[]).0;
            self.epoch += 1;
        }
    }

    fn intend(&mut self, to: Hrs, stage: &mut Stage) -> Result<bool, Violation> {
        let known = self.guard.record().floor();
        let Ok(needs) = self.guard.intend(to, Some(known)) else { return Ok(false) };
        self.question = Some(Question { to, lowers: to < known, needs: Some(needs) });
        if to < known {
            self.confirmed.insert((to, known));
        }
        self.take(stage)?;
        if self.unstored.is_none()
            && let Some(question) = &mut self.question
        {
            question.needs = None;
        }
        Ok(true)
    }

    fn approve(&mut self, stage: &mut Stage) {
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

    fn begin_again(&mut self, to: Hrs, stage: &mut Stage) {
        (self.lowered, self.lives) = (true, self.lives + 1);
        self.change(Act::BeginAgain(to), stage);
    }

    /// The record may follow a device that stands at `to`, if the operator confirmed it, for all that nodes got.
    fn lowered_to(&mut self, to: Hrs, stage: &Stage) {
        if self.confirmed.iter().any(|(low, known)| to >= *low && self.spec.highest() <= *known) {
            let said: Vec<Said> = stage.messages.iter().map(|message| message.said).collect();
            self.spec.lowered(to, &said);
        }
    }

    fn adopt(&mut self, stage: &mut Stage) -> Result<bool, Violation> {
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

    fn pin(&mut self, stage: &mut Stage) -> Result<(), Violation> {
        let Some(pinned) = self.pinning.take() else { return Ok(()) };
        self.pinned = pinned;
        let installation = stage.devices.get(self.devices[usize::from(pinned)]).installation;
        self.tell(Input::Pinned(installation), stage)
    }

    fn tell(&mut self, input: Input<'_>, stage: &Stage) -> Result<(), Violation> {
        self.guard.handle(self.now, input);
        self.take(stage)
    }

    /// Takes what the guard gives out.
    fn take(&mut self, stage: &Stage) -> Result<(), Violation> {
        while let Some(output) = self.guard.output() {
            match output {
                // Where the host does not die, what may wait is as good as written.
                Output::Store { seq, record, when: When::Later }
                    if !stage.search.cuts && self.unstored.is_none() =>
                {
                    self.durable = *record;
                    self.guard.handle(self.now, Input::Stored(seq));
                }
                Output::Store { seq, record, .. } => self.unstored = Some((seq, *record)),
                // A fresh cable brings nothing of before.
                Output::Distrust => self.late = None,
                Output::Pin(installation) => {
                    let is = |at: &u8| {
                        stage.devices.get(self.devices[usize::from(*at)]).installation == installation
                    };
                    self.pinning = (0..2).find(is);
                }
                Output::Event(Event::Followed(Followed::Lowered { to, .. })) => self.lowered_to(to, stage),
                Output::Event(_) => {}
                Output::Answer(answer) => {
                    let at = self.asked.iter().position(|asked| asked.0 == answer.id).expect("asked once");
                    let (_, node, message, waits) = self.asked.remove(at);
                    match answer.outcome {
                        Outcome::Signed { release, .. } if waits => {
                            let Message { said, request, .. } = &stage.messages[usize::from(message)];
                            let genuine = release.signature() == toy_signature(0, &request.sign_bytes);
                            let excused = self.trouble && stage.settings.one_node;
                            self.spec.got(node, *said, genuine, excused)?;
                        }
                        Outcome::Refused(Refusal::Stopped(stopped)) => {
                            return Err(Violation::Stuck(format!("{stopped:?}, and no mark fell")));
                        }
                        Outcome::Refused(Refusal::TakenBack { .. }) if !self.lowered => {
                            return Err(Violation::Stuck("taken back, and nobody lowered a mark".to_owned()));
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the chain goes on if nothing more goes wrong: the pinned device comes back, the disk takes what it gets,
    /// and the node asks for something new above all that happened; where there is one node, also in the same height.
    pub(super) fn goes_on(&self, stage: &mut Stage) -> Result<(), Violation> {
        let above = stage.messages.len() as u8 - 1;
        let mut wanted = vec![above];
        let alone =
            stage.settings.one_node && stage.search.nodes == 1 && !stage.search.owner && !stage.search.spare;
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

/// The settings of a search.
pub(super) fn settings(search: &Search, key: std::sync::Arc<dyn highwater_guard::Verify>) -> Settings {
    let one_node = search.nodes == 1;
    let (chain, on_absent) = (super::CHAIN.to_owned(), OnAbsent::Wait);
    Settings { chain, key, on_absent, stop_height: None, one_node }
}
