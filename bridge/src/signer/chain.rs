//! One chain: its guard, who waits for its answers, what is counted and said.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::Hrs;
use highwater_guard::{
    Answer, Cause, Ed25519, Event, Followed, Guard, Id, Moment, NODE_PATIENCE, NotAdopted, Refusal, Release,
    Seq, Settings,
};
use tokio::sync::oneshot;

use super::Fate;
use super::disk::Disk;
use super::measured::{Measured, OfNode};
use super::of_late::OfLate;
use super::refused::{kind_of, reason_of};
use super::timing::Message;
use super::unsigned::Requests;
use super::view::{ChainView, NodeView};
use super::{NotSaid, Said, Served};
use crate::admin::{Counters, Reason};
use crate::advice;
use crate::device::{Seen, Session, SlotState, Standing};
use crate::log::Kind;
use crate::node::Outcome;
use crate::repeats::Repeats;

/// Signatures of which it is known that they were delivered, so that each is counted once.
const DELIVERED: usize = 32;

/// Somebody who waits until a word is on the disk.
pub(super) struct WaitsForDisk {
    pub(super) seq: Seq,
    pub(super) said: Said,
    /// A device is being adopted: its pin is waited for too.
    pub(super) adopts: bool,
    pub(super) answer: oneshot::Sender<Result<Said, NotSaid>>,
}

/// What a node got.
struct Told {
    /// The node was there.
    delivered: bool,
    /// Why there is no signature, in words; empty if there is one.
    text: String,
    /// How long the device was at each message of it.
    device: Vec<(Message, Duration)>,
}

pub(super) struct Chain {
    pub(super) id: String,
    /// The name of its device.
    device: Option<Arc<str>>,
    pub(super) key: [u8; 32],
    pub(super) guard: Guard,
    askers: HashMap<Id, oneshot::Sender<Outcome>>,
    /// Answers of which nothing is said yet, with what their nodes got in words, if they were there.
    untold: Vec<(Answer, Told)>,
    /// Who waits for a record.
    pub(super) waiting: Vec<WaitsForDisk>,
    nodes: Vec<NodeView>,
    delivered: VecDeque<[u8; 64]>,
    last_signed: Option<Hrs>,
    /// Of the last new signature; at first, of the start.
    signed_at: Moment,
    requests: Requests,
    /// As the pinned device last showed it since the last signature, which moves the mark too.
    slot: Option<(SlotState, u16, Hrs)>,
    last_refusal: Option<String>,
    refused: OfLate,
    disk: Disk,
    measured: Measured,
    said: Repeats,
    counters: Counters,
}

impl Chain {
    pub(super) fn new(served: Served, device: Option<Arc<str>>, counters: Counters, now: Moment) -> Self {
        let Served { id, pin, file, on_absent, stop_height, nodes, rpc } = served;
        counters.serve(&id, file.record.released_at());
        let settings = Settings {
            chain: id.clone(),
            key: Arc::new(Ed25519::new(&pin.key)),
            on_absent,
            stop_height,
            one_node: nodes.len() <= 1,
        };
        Self {
            id,
            device,
            key: pin.key,
            guard: Guard::new(settings, pin.installation, file.record, now),
            askers: HashMap::new(),
            untold: Vec::new(),
            waiting: Vec::new(),
            nodes: nodes.into_iter().map(NodeView::new).collect(),
            delivered: VecDeque::new(),
            last_signed: None,
            signed_at: now,
            requests: Requests::default(),
            slot: None,
            last_refusal: None,
            refused: OfLate::default(),
            disk: Disk::default(),
            measured: Measured::new(rpc),
            said: Repeats::default(),
            counters,
        }
    }

    pub(super) fn asks(&mut self, id: Id, hrs: Hrs, answer: oneshot::Sender<Outcome>, now: Moment) {
        self.measured.asked(hrs, now);
        self.askers.insert(id, answer);
    }

    /// A command of a request goes out.
    pub(super) fn sent(&mut self, id: Id, apdu: &[u8], now: Moment) {
        self.measured.sent(id, apdu, now);
    }

    /// Its reply came.
    pub(super) fn replied(&mut self, id: Id, now: Moment) {
        self.measured.replied(id, now);
    }

    /// What a node says that the chain has committed. Nothing of it comes near the guard.
    pub(super) fn on_chain(&mut self, told: OfNode) {
        let record = self.guard.record();
        for place in
            [Some(record.highest_requested), record.released_at(), self.last_signed].into_iter().flatten()
        {
            self.measured.knows(place);
        }
        let fates = self.measured.on_chain(told);
        let elsewhere = || fates.iter().filter(|(_, fate)| *fate == Fate::Elsewhere);
        if let Some((height, _)) = elsewhere().next_back() {
            let blocks = elsewhere().count();
            let text = self.measured.elsewhere().map(|found| advice::signed_elsewhere(&self.id, found));
            let text = text.unwrap_or_default();
            tracing::error!(kind = %Kind::BlockElsewhere, chain = %self.id, height, blocks, "{text}");
        }
        let missed: Vec<_> = fates.iter().copied().filter(|(_, fate)| fate.is_missed()).collect();
        if let Some((height, _)) = missed.last() {
            let (blocks, text) = (missed.len(), advice::missed(&missed));
            tracing::warn!(kind = %Kind::BlockMissed, chain = %self.id, height, blocks, "{text}");
        }
    }

    pub(super) fn hung_up(&mut self, id: Id) {
        self.askers.remove(&id);
    }

    pub(super) fn link(&mut self, node: &str, up: bool, now: Moment) {
        if let Some(known) = self.node(node) {
            known.link(up, now);
        }
    }

    /// A node could not be dialled.
    pub(super) fn unreachable(&mut self, node: &str, text: String, cut: bool) {
        if let Some(known) = self.node(node) {
            known.unreachable(text, cut);
        }
    }

    fn node(&mut self, node: &str) -> Option<&mut NodeView> {
        self.nodes.iter_mut().find(|known| *known.address == *node)
    }

    /// Gives an answer to its node.
    pub(super) fn answer(&mut self, answer: Answer, now: Moment) {
        let asker = self.askers.remove(&answer.id);
        let text = match &answer.outcome {
            highwater_guard::Outcome::Refused(refusal) => {
                advice::refusal(&self.id, answer.hrs, &answer.node, refusal)
            }
            _ => String::new(),
        };
        self.requests.answered(&answer, &text, now);
        let device = self.measured.answered(&answer);
        let outcome = match &answer.outcome {
            highwater_guard::Outcome::Signed { release, extension, again } => {
                if !again {
                    self.signed_at = now;
                }
                self.last_signed = self.last_signed.max(Some(answer.hrs));
                self.slot = None;
                Outcome::Signed {
                    signature: release.signature(),
                    timestamp: release.timestamp(),
                    extension: extension.as_ref().map(|extension| extension.signature()),
                }
            }
            highwater_guard::Outcome::Refused(_) => {
                self.last_refusal = Some(format!("{}: {text}", answer.hrs));
                Outcome::Refused(text.clone())
            }
            highwater_guard::Outcome::Silent(_) => Outcome::Silent,
        };
        let delivered = asker.is_some_and(|asker| asker.send(outcome).is_ok());
        self.untold.push((answer, Told { delivered, text, device }));
    }

    /// Says and counts what was answered.
    pub(super) fn tell(&mut self) {
        for (answer, Told { delivered, text, device }) in std::mem::take(&mut self.untold) {
            let (hrs, took) = (answer.hrs, answer.took);
            for (message, took) in device {
                self.counters.device(&self.id, message, took);
            }
            match &answer.outcome {
                highwater_guard::Outcome::Signed { release, again, .. } => {
                    self.tell_signed(&answer, release, delivered, *again);
                }
                highwater_guard::Outcome::Refused(refusal) => {
                    self.tell_refused(&answer, refusal, &text);
                }
                highwater_guard::Outcome::Silent(cause) => {
                    self.counters.silent(&self.id);
                    self.tell_silent(hrs, *cause);
                }
            }
            if let Some((length, _)) = answer.extension
                && took > NODE_PATIENCE
            {
                let text = advice::slow_extension(&self.id, length, took);
                tracing::warn!(kind = %Kind::ExtensionSlow, "{text}");
            }
        }
    }

    fn tell_signed(&mut self, answer: &Answer, release: &Release, delivered: bool, again: bool) {
        let (hrs, took) = (answer.hrs, answer.took);
        if !delivered {
            // The node left: the signature is kept for its next question.
            self.counters.silent(&self.id);
            tracing::debug!(kind = %Kind::SignedLate, chain = %self.id, %hrs, "signed, and its node had left");
            return;
        }
        let first = !self.delivered.contains(&release.signature());
        if !first {
            tracing::debug!(kind = %Kind::SignedAgain, chain = %self.id, %hrs, again, "repeated");
            return;
        }
        if self.delivered.len() == DELIVERED {
            self.delivered.pop_front();
        }
        self.delivered.push_back(release.signature());
        self.counters.signed(&self.id, hrs, took);
        if let Some((_, took)) = answer.extension {
            self.counters.extended(&self.id, took);
        }
        // The empty one, which chains without extensions have too, is no news.
        let length = answer.extension.map(|(length, _)| length).filter(|length| *length > 0);
        tracing::info!(
            kind = %Kind::Signed,
            chain = %self.id,
            device = self.device.as_deref(),
            height = hrs.height.value(),
            round = hrs.round.value(),
            step = advice::step(hrs.step),
            extension = length,
            ms = (took.as_micros() as f64) / 1_000.0,
            "signed"
        );
    }

    /// A node was told no before any rule of the chain: what it asked is nothing that the chain signs.
    pub(super) fn refused_on_link(&mut self, node: Arc<str>, kind: Kind, text: String) {
        self.refused.add(Reason::Host(kind).word(), None, node, text);
    }

    fn tell_refused(&mut self, answer: &Answer, refusal: &Refusal, text: &str) {
        let (hrs, reason) = (answer.hrs, reason_of(refusal));
        self.counters.refused(&self.id, reason);
        self.refused.add(reason.word(), Some(hrs), answer.node.clone(), text.to_owned());
        if let Some(held) = self.said.due(text, std::time::Instant::now()) {
            let repeated = (held > 0).then_some(held);
            tracing::error!(kind = %kind_of(refusal), chain = %self.id, device = self.device.as_deref(), %hrs, reason = %text, repeated, "refused");
        }
    }

    fn tell_silent(&mut self, hrs: Hrs, cause: Cause) {
        let text = advice::silence(cause);
        match cause {
            Cause::HungUp | Cause::TooMany | Cause::OwnerGrace | Cause::NoReply(_) => {
                tracing::debug!(kind = %Kind::Silent, chain = %self.id, %hrs, "no signature yet: {text}");
            }
            Cause::Status(_) | Cause::NotStored | Cause::OtherInstallation => {
                if let Some(held) = self.said.due(&text, std::time::Instant::now()) {
                    let repeated = (held > 0).then_some(held);
                    tracing::warn!(kind = %Kind::Silent, chain = %self.id, device = self.device.as_deref(), %hrs, repeated, "no signature yet: {text}");
                }
            }
        }
    }

    pub(super) fn event(&self, event: &Event) {
        let Event::Followed(followed) = event;
        let chain = &self.id;
        match followed {
            Followed::Same => {}
            Followed::Raised { from, to } => {
                tracing::info!(kind = %Kind::MarkFollowed, %chain, %from, %to, "the highest place follows the device's mark");
            }
            Followed::Lowered { from, to } => {
                tracing::warn!(kind = %Kind::MarkLowered, %chain, %from, %to, "the owner lowered the mark, as confirmed here");
            }
            Followed::TakenBack => {
                let mark = self.guard.taken_back().unwrap_or_default();
                let requested = self.guard.record().highest_requested;
                let text = advice::taken_back_on_device(chain, requested, mark);
                tracing::error!(kind = %Kind::MarkTakenBack, %chain, "{text}");
            }
            Followed::Regressed(stopped) => {
                tracing::error!(kind = %Kind::MarkRegressed, %chain, "{}", advice::stopped(chain, *stopped));
            }
        }
    }

    /// The device described itself, or went away.
    pub(super) fn seen(&mut self, seen: &Seen) {
        let pinned = |session: &&Session| session.installation == self.guard.installation();
        let Some(session) = seen.session.as_ref().filter(pinned) else { return };
        if session.standing != Standing::Sound {
            return;
        }
        self.requests.device_is_here();
        let slot = session.chain(&self.id);
        if let Some(slot) = slot {
            self.measured.shows(slot.mark.0);
        }
        let slot = slot.map_or_else(Default::default, |slot| (slot.state, slot.incarnation, slot.mark.0));
        if self.slot.replace(slot).is_some_and(|before| before != slot) {
            self.requests.rules_changed();
        }
    }

    /// The height has no owner any more, by the operator's word.
    pub(super) fn owner_released(&mut self) {
        self.requests.rules_changed();
    }

    /// Another device serves the chain.
    pub(super) fn adopted(&mut self, installation: [u8; 16]) {
        let installation = hex::encode(installation);
        tracing::info!(kind = %Kind::ChainAdopted, chain = self.id, installation, "adopted");
        self.requests.device_changed();
    }

    /// A record was written, or could not be.
    pub(super) fn disk(&mut self, seq: Seq, written: &Result<(), Arc<str>>, now: Moment) {
        if let Some(took) = self.disk.done(seq, written, now) {
            let seconds = took.as_secs_f64();
            tracing::info!(kind = %Kind::StateWritten, chain = %self.id, seconds, "the state file is written again");
        }
        if written.is_ok() {
            self.requests.disk_writes();
        } else {
            self.counters.state_unwritten(&self.id);
        }
    }

    /// A record is given to be written, and a reply waits for it.
    pub(super) fn writes(&mut self, seq: Seq, now: Moment) {
        self.disk.given(seq, now);
    }

    /// When to come with a tick.
    pub(super) fn timeout(&self) -> Option<Moment> {
        self.guard.timeout().into_iter().chain(self.disk.late_at()).min()
    }

    /// Says of a write that is late that it is, once.
    pub(super) fn watch_disk(&mut self, now: Moment) {
        if self.disk.is_late(now) {
            self.counters.state_late(&self.id);
            let text = advice::disk_hangs(&self.id, self.disk.behind(now), self.nodes.len() > 1);
            tracing::warn!(kind = %Kind::StateLate, chain = %self.id, "{text}");
        }
    }

    /// Answers whoever waited for a record.
    pub(super) fn answer_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for waits in waiting {
            // What is written after the pin is waited for too: the end of a stop.
            let seq = if waits.adopts { self.guard.urgent() } else { waits.seq };
            let settled = match self.guard.is_settled(seq) {
                Some(true) if waits.adopts && self.guard.is_adopting() => None,
                settled => settled,
            };
            match settled {
                None => self.waiting.push(waits),
                Some(true) => drop(waits.answer.send(Ok(waits.said))),
                Some(false) => drop(waits.answer.send(Err(NotSaid::NotWritten))),
            }
        }
    }

    /// The pin of a device that is being adopted could not be written. Who waits for it is told: it may take long.
    pub(super) fn unpinned(&mut self) {
        let (adopts, others): (Vec<_>, _) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waits| waits.adopts);
        self.waiting = others;
        for WaitsForDisk { answer, .. } in adopts {
            let _ = answer.send(Err(NotSaid::NotAdopted(NotAdopted::Pinning)));
        }
    }

    pub(super) fn last_signed(&self) -> Option<Hrs> {
        self.last_signed
    }

    pub(super) fn view(&self, now: Moment) -> ChainView {
        let record = self.guard.record();
        let seen = |node: &NodeView| node.at(now, self.guard.silence(&node.address, now));
        ChainView {
            chain: self.id.clone(),
            device: self.device.clone(),
            installation: self.guard.installation(),
            stopped: record.stopped,
            taken_back: self.guard.taken_back(),
            pinning: self.guard.is_adopting(),
            highest_requested: record.highest_requested,
            intention: record.intention,
            owner: record.ownership.owner.as_deref().map(str::to_owned),
            last_signed: self.last_signed,
            signature_age: now.since(self.signed_at),
            unsigned: self.requests.verdict(now),
            last_refusal: self.last_refusal.clone(),
            refused: self.refused.all(),
            nodes: self.nodes.iter().map(seen).collect(),
            disk: self.disk.state(now),
            disk_behind: self.disk.behind(now),
            counts: self.counters.of(&self.id),
            counted: now.since(Moment::BEGIN),
            missed: self.counters.missed(&self.id),
            recent: self.counters.recent(&self.id),
            timing: self.measured.medians(),
            on_chain: self.measured.view(now, SystemTime::now()),
        }
    }
}
