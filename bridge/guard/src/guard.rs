//! The machine of one chain: requests, replies, records and what the device shows go in; commands, records and answers
//! come out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use highwater_core::hrs::Hrs;

use crate::absence::Absence;
use crate::claims::Claims;
use crate::extension::{Digest, Stream};
use crate::io::{Answer, Command, Event, Input, Next, Outcome, Output, Seq, View, When};
use crate::moment::Moment;
use crate::owner::Adopting;
use crate::ownership::Block;
use crate::pending::{Pending, Phase};
use crate::presence::Presence;
use crate::record::{Followed, Record};
use crate::refusal::{Cause, NoReply};
use crate::release::Claimed;
use crate::replies::Replies;
use crate::request::{Id, Node, SignRequest};
use crate::verify::Verify;

/// Shorter than a node's patience of 5 s: if the device is back by then, the node need not ask again.
pub(crate) const TRY: Duration = Duration::from_secs(4);
/// Between two tries of one request.
pub(crate) const RETRY: Duration = Duration::from_millis(200);
/// A reply waits no longer than this for a disk that hangs.
pub const DISK: Duration = Duration::from_secs(1);
/// Requests of one node that are not answered. A node has one under way, and leaves a few behind while the device is
/// slow; each may hold an extension of a mebibyte.
const WAITING: usize = 8;

/// What nodes get while the device is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnAbsent {
    /// Silence for 20 s, then errors.
    #[default]
    Error,
    /// Silence, always. For a chain of one validator, which one error would halt.
    Wait,
}

/// What does not change while a chain is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The chain id.
    pub chain: String,
    /// The pinned key.
    pub key: Arc<dyn Verify>,
    /// What nodes get while the device is away.
    pub on_absent: OnAbsent,
    /// The last height to sign.
    pub stop_height: Option<u64>,
    /// Whether the chain has no more than one node. Its record is then written once a round.
    pub one_node: bool,
}

/// The guard of one chain.
///
/// After each [`Guard::handle`] the outputs are taken with [`Guard::output`] until there is none. When the cable is free,
/// [`Guard::next`] tells whether there is a command, and [`Guard::command`] gives it: the rules are asked right before
/// each sending. [`Guard::timeout`] says when to come with [`Input::Tick`] if nothing else happens.
#[derive(Debug, Clone)]
pub struct Guard {
    pub(crate) settings: Settings,
    /// The only installation that is asked.
    pub(crate) installation: [u8; 16],
    pub(crate) record: Record,
    pub(crate) claims: Claims,
    /// The record as it was last given out to be stored.
    pub(crate) file: Record,
    pub(crate) given: Seq,
    /// The last record that something waits for.
    pub(crate) urgent: Seq,
    /// A record that may wait was given out since, and says otherwise.
    pub(crate) loosened: bool,
    /// Records up to this one are on the disk.
    pub(crate) durable: Seq,
    /// Records up to this one could not be written, or are on the disk.
    pub(crate) tried: Seq,
    pub(crate) view: View,
    /// When the device last said who it is.
    pub(crate) answered: Option<Moment>,
    pub(crate) adopting: Option<Adopting>,
    /// The mark that the owner took back behind the host's back.
    pub(crate) taken_back: Option<Hrs>,
    /// In the order in which they came; the first one may be at the device.
    pub(crate) queue: VecDeque<Pending>,
    /// The request whose command is on the cable.
    pub(crate) at_device: Option<Id>,
    /// Of the device, when `replies` were kept.
    pub(crate) epoch: Option<u64>,
    pub(crate) replies: Replies,
    pub(crate) presence: Presence,
    pub(crate) absence: Option<Absence>,
    /// What each node asked for last: sign bytes, and what its extension is known by.
    pub(crate) wanted: BTreeMap<Node, (Vec<u8>, Option<Digest>)>,
    pub(crate) draining: bool,
    pub(crate) outputs: VecDeque<Output>,
}

impl Guard {
    /// The guard of a chain that is pinned to `installation`, with the record that its file holds.
    pub fn new(settings: Settings, installation: [u8; 16], file: Record, now: Moment) -> Self {
        Self {
            settings,
            installation,
            record: file.clone().after_restart(),
            claims: Claims::default(),
            file,
            given: Seq(0),
            urgent: Seq(0),
            loosened: false,
            durable: Seq(0),
            tried: Seq(0),
            view: View::Away(NoReply::Away),
            answered: None,
            adopting: None,
            taken_back: None,
            queue: VecDeque::new(),
            at_device: None,
            epoch: None,
            replies: Replies::default(),
            presence: Presence::new(now),
            absence: None,
            wanted: BTreeMap::new(),
            draining: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Moment, input: Input<'_>) {
        match input {
            Input::Request { id, node, request } => self.request(id, node, request, now),
            Input::HungUp(id) => self.hung_up(id),
            Input::Link { node, up } => self.presence.link(&node, up, now),
            Input::Heard(node) => self.presence.heard(&node, now),
            Input::Reply { id, status, data } => self.reply(id, status, data, now),
            Input::NoReply { id, sent, fault } => self.no_reply(id, sent, fault, now),
            Input::Seen(view) => self.seen(view, now),
            Input::Stored(seq) => {
                self.durable = self.durable.max(seq);
                self.tried = self.tried.max(seq);
                self.pin();
            }
            Input::Pinned(installation) => self.pinned(installation),
            Input::NotStored(seq) => self.tried = self.tried.max(seq),
            Input::Drain => self.draining = true,
            Input::Tick => {}
        }
        self.review(now);
    }

    /// What is to be done next.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What the next command will be, if there is one now.
    pub fn next(&self, now: Moment) -> Option<Next> {
        let View::Here(shown) = self.view else { return None };
        let first = self.queue.front()?;
        let pinned = shown.installation == self.installation && self.adopting.is_none();
        let free = self.at_device.is_none() && pinned;
        let due =
            first.not_before.is_none_or(|at| at <= now) && !matches!(first.phase, Phase::Joining { .. });
        // Others of the chain wait behind one that nobody waits for, and so it is waited for.
        let awaited = self.queue.iter().any(|pending| pending.awaited);
        (free && due).then_some(Next { stream: first.stream(), awaited })
    }

    /// The next command. Its record, if one must be written, is among the outputs then: it is written beside the
    /// device's work.
    pub fn command(&mut self, now: Moment) -> Option<Command> {
        self.next(now)?;
        let (id, apdu) = match &self.queue.front()?.phase {
            Phase::Signing => self.claim()?,
            Phase::Extending { extending, .. } => (self.queue.front()?.id, extending.apdu()?),
            Phase::Joining { .. } => return None,
        };
        self.at_device = Some(id);
        Some(Command { id, apdu })
    }

    /// Claims the place of the first request, and gives the command to sign, which is made from the claim alone.
    fn claim(&mut self) -> Option<(Id, Vec<u8>)> {
        let first = self.queue.front()?;
        let message = first.request.message().ok()?;
        let id = first.id;
        let claimed = first.claimed.clone().unwrap_or_else(|| Claimed::alone(&first.request.sign_bytes));
        let apdu = crate::apdu::encode(&highwater_core::apdu::Command::Sign(claimed.bytes()))?;
        self.claims.make(&first.node, message.hrs, message.block.as_ref().map(Block::from));
        self.claims.sent();
        let needs = self.store(When::BeforeReply);
        let first = self.queue.front_mut()?;
        (first.claimed, first.needs) = (Some(claimed), needs);
        Some((id, apdu))
    }

    /// The device's stream gives way to another chain's.
    pub fn give_way(&mut self) {
        if let Some(first) = self.queue.front_mut() {
            first.lose_stream();
        }
    }

    /// When to come with [`Input::Tick`], if nothing happens before.
    pub fn timeout(&self) -> Option<Moment> {
        let away = matches!(self.view, View::Away(_)) || self.other_installation().is_some();
        // Of what is at the device the cable tells.
        let waiting = self.queue.iter().filter(|pending| self.at_device != Some(pending.id));
        let each = waiting.filter_map(|pending| match &pending.phase {
            Phase::Joining { until, .. } => Some(*until),
            _ if away => Some(pending.started + TRY),
            _ => pending.not_before,
        });
        each.min()
    }

    fn request(&mut self, id: Id, node: Node, request: SignRequest, now: Moment) {
        self.presence.heard(&node, now);
        let pending = Pending::new(id, node, request, now);
        self.wanted.insert(pending.node.clone(), (pending.request.sign_bytes.clone(), pending.digest));
        if self.queue.iter().filter(|known| known.node == pending.node).count() >= WAITING {
            return self.answer(pending, Outcome::Silent(Cause::TooMany), None, now);
        }
        self.queue.push_back(pending);
        self.note_waiting();
    }

    fn hung_up(&mut self, id: Id) {
        if let Some(pending) = self.queue.iter_mut().find(|pending| pending.id == id) {
            pending.awaited = false;
        }
        self.note_waiting();
    }

    fn seen(&mut self, view: View, now: Moment) {
        self.view = view;
        let View::Here(shown) = view else { return };
        self.answered = Some(now);
        // Replies do not outlive a change of marks by command, or another device.
        if self.epoch.replace(shown.epoch).is_some_and(|before| before != shown.epoch) {
            self.replies.clear();
        }
        let pinned = shown.installation == self.installation && self.adopting.is_none();
        let (true, Some(slot)) = (pinned, shown.slot) else { return };
        // The device stands at what it was asked for, so it signed that, whatever became of the reply.
        if let Some(claim) = self.claims.open()
            && slot.armed
            && self.record.incarnation == Some(slot.incarnation)
            && claim.place > self.record.highest_requested
            && slot.mark >= claim.place
        {
            self.claims.count_as_signed(&mut self.record);
        }
        let owner = self.record.ownership.owner.clone();
        let followed = self.record.follow(shown.installation, slot);
        let before = self.taken_back;
        if slot.armed {
            self.taken_back = (followed == Followed::TakenBack).then_some(slot.mark);
        }
        if matches!(followed, Followed::Raised { .. })
            && self.settings.one_node
            && self.record.ownership.owner.is_none()
        {
            // What this bridge asked for above its record, it asked for its one node.
            self.record.ownership.owner = owner;
        }
        match followed {
            Followed::Same => {
                self.store(When::Later);
            }
            Followed::TakenBack => {}
            Followed::Lowered { .. } => {
                self.claims.forget();
                self.replies.clear();
                self.store(When::BeforeReply);
            }
            Followed::Raised { .. } | Followed::Regressed(_) => {
                self.store(When::BeforeReply);
            }
        }
        let told = followed == Followed::TakenBack && self.taken_back == before;
        if followed != Followed::Same && !told {
            self.outputs.push_back(Output::Event(Event::Followed(followed)));
        }
    }

    /// Ends a request with this outcome.
    pub(crate) fn end(
        &mut self,
        at: usize,
        outcome: Outcome,
        extension: Option<(usize, Duration)>,
        now: Moment,
    ) {
        let Some(pending) = self.queue.remove(at) else { return };
        if pending.claimed.is_some() {
            self.claims.close(&mut self.record);
            self.store(When::Later);
        }
        self.answer(pending, outcome, extension, now);
        self.note_waiting();
    }

    fn answer(
        &mut self,
        pending: Pending,
        outcome: Outcome,
        extension: Option<(usize, Duration)>,
        now: Moment,
    ) {
        let Pending { id, node, request, started, awaited, .. } = pending;
        let for_block = request.message().is_ok_and(|message| message.block.is_some());
        let (hrs, took) = (request.hrs, now.since(started));
        let answer = Answer { id, node, hrs, for_block, outcome, awaited, took, extension };
        self.outputs.push_back(Output::Answer(Box::new(answer)));
    }

    /// A node that waits for an answer sends nothing else, and is alive.
    fn note_waiting(&mut self) {
        let nodes: Vec<Node> = self.wanted.keys().cloned().collect();
        for node in nodes {
            let waiting = self.queue.iter().filter(|pending| pending.awaited && pending.node == node);
            let since = waiting.map(|pending| pending.started).min();
            self.presence.waits(&node, since);
        }
    }

    /// How the stream of the device would be used by the first request.
    pub fn stream(&self) -> Stream {
        self.queue.front().map_or(Stream::Idle, Pending::stream)
    }

    /// The installation that the chain is pinned to.
    pub fn installation(&self) -> [u8; 16] {
        self.installation
    }

    /// What is known of the device.
    pub fn view(&self) -> View {
        self.view
    }

    /// How long `node` has sent nothing. `None`: its link is down, or it waits for an answer and so sends nothing.
    pub fn silence(&self, node: &Node, now: Moment) -> Option<Duration> {
        self.presence.silence(node, now)
    }

    /// The mark that the owner took back behind the host's back, while it is below what was requested.
    pub fn taken_back(&self) -> Option<Hrs> {
        self.taken_back
    }

    /// Whether a device is being adopted: its record or its pin is not on the disk yet.
    pub fn is_adopting(&self) -> bool {
        self.adopting.is_some()
    }

    /// Whether a command of this chain is on the cable.
    pub fn is_at_device(&self) -> bool {
        self.at_device.is_some()
    }
}
