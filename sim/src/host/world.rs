//! A host and all that is around it: devices, cable, disk, nodes, operator and owner.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::time::Duration;

use highwater_core::apdu::{Reply, Status};
use highwater_core::hrs::Hrs;
use highwater_guard::{
    Event, Followed, Guard, Id, Input, Moment, NoReply, OnAbsent, Outcome, Output, Record, Refusal, Seq,
    Settings, Shown, View, When,
};

use super::device::{Act, Devices, Index};
use super::spec::{Spec, Violation};
use super::steps::Step;
use super::{Message, NODES, Search};
use crate::keys::toy_signature;

/// A coarse step of time: longer than two ping intervals, than an owner's grace, than a request's patience.
pub(super) const PASS: Duration = Duration::from_secs(7);
/// A retry comes after this.
const SOON: Duration = Duration::from_millis(200);

/// A command on the cable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OnCable {
    pub(super) id: Id,
    pub(super) node: u8,
    pub(super) message: u8,
    pub(super) reply: Option<Vec<u8>>,
}

/// A mark that the owner is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) to: Hrs,
    pub(super) lowers: bool,
    /// The record that must be on the disk before it is put. `None`: the question stands on the device.
    pub(super) needs: Option<Seq>,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) guard: Guard,
    pub(super) now: Moment,
    pub(super) devices: [Index; 2],
    /// Which of them is plugged in.
    pub(super) plugged: Option<u8>,
    /// Which of them the pins name.
    pub(super) pinned: u8,
    pub(super) epoch: u64,
    pub(super) cable: Option<OnCable>,
    pub(super) late: Option<Vec<u8>>,
    pub(super) durable: Record,
    pub(super) unstored: Option<(Seq, Record)>,
    /// The disk failed or hung, and took nothing since.
    pub(super) trouble: bool,
    /// What nodes asked for and was not answered: number, node, message, whether the node waits.
    pub(super) asked: Vec<(Id, u8, u8, bool)>,
    pub(super) question: Option<Question>,
    /// The operator wanted a mark as low as the first, and repeated the second as the known place.
    pub(super) confirmed: BTreeSet<(Hrs, Hrs)>,
    /// The owner lowered a mark on the device, or is asked to. Only then may a chain say that its mark was taken back.
    pub(super) lowered: bool,
    pub(super) lives: u8,
    /// The pin of this device is to be written.
    pub(super) pinning: Option<u8>,
    pub(super) ids: u64,
    pub(super) spec: Spec,
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

    /// Goes one step. `false`: nothing can come of it here.
    pub(super) fn go(&mut self, step: Step, stage: &mut Stage) -> Result<bool, Violation> {
        let went = self.step(step, stage)?;
        self.send(stage)?;
        self.spec.floors(self.durable.floor(), self.guard.record().floor())?;
        Ok(went)
    }

    pub(super) fn step(&mut self, step: Step, stage: &mut Stage) -> Result<bool, Violation> {
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

    pub(super) fn pass(&mut self) {
        self.now = self.now + PASS;
        self.trouble |= self.unstored.is_some();
    }

    pub(super) fn ask(&mut self, node: u8, message: u8, stage: &mut Stage) -> Result<(), Violation> {
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
    pub(super) fn send(&mut self, stage: &mut Stage) -> Result<(), Violation> {
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

    pub(super) fn execute(&mut self, stage: &mut Stage) {
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

    pub(super) fn lose(&mut self, sent: bool, stage: &mut Stage) -> Result<(), Violation> {
        let Some(on) = self.cable.take() else { return Ok(()) };
        if stage.search.wrong && on.reply.is_some() {
            self.late = on.reply;
        }
        self.tell(Input::NoReply { id: on.id, sent, fault: NoReply::Silent }, stage)
    }

    pub(super) fn reply(&mut self, id: Id, reply: &[u8], stage: &mut Stage) -> Result<(), Violation> {
        let (data, word) = Reply::split(reply).expect("a status word");
        self.tell(Input::Reply { id, status: Status::from_word(word), data }, stage)
    }

    pub(super) fn store(&mut self, takes: bool, stage: &mut Stage) -> Result<(), Violation> {
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

    pub(super) fn cut(&mut self, written: bool, stage: &mut Stage) -> Result<(), Violation> {
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

    pub(super) fn look(&mut self, stage: &Stage) {
        let view = match self.plugged {
            None => View::Away(NoReply::Away),
            Some(plugged) => {
                let state = stage.devices.get(self.devices[usize::from(plugged)]);
                View::Here(Shown {
                    installation: state.installation,
                    slot: Some(state.slot),
                    epoch: self.epoch,
                    longest: usize::MAX,
                })
            }
        };
        // In the order of the cable: not while a command is on it.
        if self.cable.is_none() {
            self.guard.handle(self.now, Input::Seen(view));
        }
    }

    pub(super) fn tell(&mut self, input: Input<'_>, stage: &Stage) -> Result<(), Violation> {
        self.guard.handle(self.now, input);
        self.take(stage)
    }

    /// Takes what the guard gives out.
    pub(super) fn take(&mut self, stage: &Stage) -> Result<(), Violation> {
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
}

/// The settings of a search.
pub(super) fn settings(search: &Search, key: std::sync::Arc<dyn highwater_guard::Verify>) -> Settings {
    let one_node = search.nodes == 1;
    let (chain, on_absent) = (super::CHAIN.to_owned(), OnAbsent::Wait);
    Settings { chain, key, on_absent, stop_height: None, one_node }
}
