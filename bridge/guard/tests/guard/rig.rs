//! A guard before a simulated device, on a cable, a disk and a clock that the test holds.

use std::sync::Arc;
use std::time::Duration;

use highwater_core::apdu::{ChainState, ChainStatus, Command, Named, Reply, Status, Version, ins};
use highwater_core::canonical::{ChainId, Timestamp};
use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{
    Answer, Ed25519, Event, Followed, Guard, Id, Input, Moment, NoReply, Node, NotAdopted, OnAbsent, Outcome,
    Output, Record, Refusal, Seq, Settings, Shown, SignRequest, Slot, View, When, encode,
};
use highwater_sim::{Owner, SimDevice, sign_bytes};

pub(crate) const CHAIN: &str = "alpha-1";

/// What the disk does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Stores,
    Fails,
    Hangs,
}

/// What becomes of the replies to commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cable {
    Sound,
    /// Nothing is there.
    Out,
    /// The command arrives, its reply does not.
    LosesReplies,
    /// One bit of each signature is wrong.
    Spoils,
    /// The word of a locked device.
    Locked,
    /// The command stays on the cable until [`Rig::deliver`].
    Slow,
}

pub(crate) struct Rig {
    pub(crate) guard: Guard,
    pub(crate) settings: Settings,
    pub(crate) now: Moment,
    pub(crate) device: SimDevice,
    pub(crate) cable: Cable,
    pub(crate) disk: Disk,
    /// What a restart finds.
    pub(crate) durable: Record,
    /// Every record that was given out.
    pub(crate) stores: Vec<(When, Record)>,
    unstored: Vec<(Seq, Record)>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) followed: Vec<Followed>,
    pub(crate) distrusted: usize,
    /// Commands that reached the device: to sign, and of extensions.
    pub(crate) signs: usize,
    pub(crate) extends: usize,
    held: Option<(Id, Vec<u8>)>,
    epoch: u64,
    /// The longest message that the device says it signs.
    pub(crate) longest: usize,
    ids: u64,
}

impl Rig {
    /// A chain with one node.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A chain with two nodes, `A` and `B`, whose links are up.
    pub(crate) fn of_two_nodes() -> Self {
        let mut rig = Self::with(|settings| settings.one_node = false);
        for node in ["A", "B"] {
            rig.link(node, true);
            rig.hear(node);
        }
        rig
    }

    pub(crate) fn with(twist: impl FnOnce(&mut Settings)) -> Self {
        let mut device = installed(Hrs::ZERO);
        let key = say(&mut device, Command::GetPublicKey(chain())).0;
        let key = Arc::new(Ed25519::new(&key.try_into().unwrap()));
        let on_absent = OnAbsent::Error;
        let mut settings =
            Settings { chain: CHAIN.to_owned(), key, on_absent, stop_height: None, one_node: true };
        twist(&mut settings);
        let (record, installation) = (Record::new(Hrs::ZERO), installation(&mut device));
        let now = Moment::after(Duration::from_secs(1_000));
        let mut rig = Self {
            guard: Guard::new(settings.clone(), installation, record.clone(), now),
            settings,
            now,
            device,
            cable: Cable::Sound,
            disk: Disk::Stores,
            durable: record,
            stores: Vec::new(),
            unstored: Vec::new(),
            answers: Vec::new(),
            followed: Vec::new(),
            distrusted: 0,
            signs: 0,
            extends: 0,
            held: None,
            epoch: 0,
            longest: usize::MAX,
            ids: 0,
        };
        rig.look();
        rig
    }

    /// The bridge dies and starts again with what is on the disk.
    pub(crate) fn restart(&mut self) {
        let installation = self.guard.installation();
        self.guard = Guard::new(self.settings.clone(), installation, self.durable.clone(), self.now);
        (self.held, self.unstored) = (None, Vec::new());
        self.look();
    }

    /// The device describes itself, or is away.
    pub(crate) fn look(&mut self) {
        let view = match self.cable {
            Cable::Out => View::Away(NoReply::Away),
            _ => View::Here(self.shown()),
        };
        self.tell(Input::Seen(view));
        self.run();
    }

    fn shown(&mut self) -> Shown {
        let slot = (0..3).find_map(|slot| {
            let (data, _) = say(&mut self.device, Command::GetStatus { slot });
            let status = ChainStatus::parse(&data)?;
            let ChainStatus { state, incarnation, mark, .. } = status;
            let armed = state == ChainState::Armed;
            (status.chain == Some(chain())).then_some(Slot { armed, incarnation, mark })
        });
        Shown { installation: installation(&mut self.device), slot, epoch: self.epoch, longest: self.longest }
    }

    /// The owner approves a command; the bridge does not know yet.
    pub(crate) fn approve(&mut self, command: Command<'_>) {
        assert_eq!(say(&mut self.device, command).1, Status::Ok, "{command:?}");
        self.epoch += 1;
    }

    /// The owner sets the mark.
    pub(crate) fn set_mark(&mut self, to: Hrs) {
        let named = self.named();
        self.approve(Command::SetMark { named, to });
    }

    /// The owner removes the chain and adds it again with this mark.
    pub(crate) fn begin_again(&mut self, mark: Hrs) {
        let named = self.named();
        self.approve(Command::RemoveChain(named));
        self.approve(Command::AddChain { chain: chain(), key_index: 0, mark });
    }

    /// The owner removes the chain.
    pub(crate) fn remove(&mut self) {
        let named = self.named();
        self.approve(Command::RemoveChain(named));
    }

    /// The operator adopts what is plugged in.
    pub(crate) fn adopt(&mut self, installation: [u8; 16]) -> Result<(), NotAdopted> {
        let adopted = self.guard.adopt(installation).map(|_| ());
        self.run();
        adopted
    }

    fn named(&mut self) -> Named<'static> {
        Named { chain: chain(), incarnation: self.shown().slot.unwrap().incarnation }
    }

    /// Another device comes in place of this one.
    pub(crate) fn replug(&mut self, device: SimDevice) -> SimDevice {
        self.epoch += 1;
        std::mem::replace(&mut self.device, device)
    }

    /// The device signs, and its flash is then what it was before.
    pub(crate) fn sign_and_forget(&mut self, request: SignRequest) {
        self.forgetting(|rig| assert!(is_signed(&rig.sign(request))));
    }

    /// The memory is put back to what it was before.
    pub(crate) fn forgetting(&mut self, what: impl FnOnce(&mut Self)) {
        let before = self.device.world.medium.pages().to_vec();
        what(self);
        self.device.world.medium.restore(&before);
        let device = self.replug(SimDevice::in_memory(b"none")).restart();
        self.replug(device);
    }

    pub(crate) fn link(&mut self, node: &str, up: bool) {
        self.tell(Input::Link { node: node.into(), up });
    }

    pub(crate) fn hear(&mut self, node: &str) {
        self.tell(Input::Heard(node.into()));
    }

    /// Time passes; the guard is woken when it wants to be.
    pub(crate) fn pass(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.guard.timeout().filter(|at| *at > self.now && *at <= end) {
            self.now = at;
            self.tell(Input::Tick);
            self.run();
        }
        self.now = end;
        self.tell(Input::Tick);
        self.run();
    }

    /// A node asks; does whatever can be done now.
    pub(crate) fn submit(&mut self, node: &str, request: SignRequest) -> Id {
        self.ids += 1;
        let id = Id(self.ids);
        self.tell(Input::Request { id, node: node.into(), request });
        self.run();
        id
    }

    /// A node asks and waits.
    pub(crate) fn ask(&mut self, node: &str, request: SignRequest) -> Outcome {
        let id = self.submit(node, request);
        for _ in 0..100 {
            if let Some(outcome) = self.outcome(id) {
                return outcome;
            }
            let wake = self.guard.timeout().expect("nobody would ever answer");
            assert!(wake > self.now, "woken in vain");
            self.pass(wake.since(self.now));
        }
        panic!("no answer to {id:?}");
    }

    /// One node's question.
    pub(crate) fn sign(&mut self, request: SignRequest) -> Outcome {
        self.ask("A", request)
    }

    pub(crate) fn outcome(&self, id: Id) -> Option<Outcome> {
        self.answers.iter().find(|answer| answer.id == id).map(|answer| answer.outcome.clone())
    }

    /// The reply to the command that [`Cable::Slow`] keeps.
    pub(crate) fn deliver(&mut self) {
        let (id, apdu) = self.held.take().expect("a command on the cable");
        let reply = self.device.exchange(&apdu);
        self.replied(id, &reply);
        self.run();
    }

    /// The command that [`Cable::Slow`] keeps reaches the device, and its reply nobody.
    pub(crate) fn deliver_nothing(&mut self) {
        if let Some((_, apdu)) = self.held.take() {
            self.device.exchange(&apdu);
        }
    }

    /// What the bridge itself tells.
    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.guard.handle(self.now, input);
        self.drain();
    }

    /// Takes what the guard gives out.
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.guard.output() {
            match output {
                Output::Store { seq, record, when } => {
                    self.stores.push((when, (*record).clone()));
                    self.unstored.push((seq, *record));
                    self.write();
                }
                Output::Pin(installation) => {
                    // On this disk pins are written at once.
                    self.guard.handle(self.now, Input::Pinned(installation));
                }
                Output::Answer(answer) => self.answers.push(*answer),
                Output::Distrust => self.distrusted += 1,
                Output::Event(Event::Followed(followed)) => self.followed.push(followed),
            }
        }
    }

    /// The disk does what it does with the newest record.
    pub(crate) fn write(&mut self) {
        let Some((seq, record)) = self.unstored.last().cloned() else { return };
        match self.disk {
            Disk::Hangs => return,
            Disk::Fails => self.guard.handle(self.now, Input::NotStored(seq)),
            Disk::Stores => {
                (self.durable, self.unstored) = (record, Vec::new());
                self.guard.handle(self.now, Input::Stored(seq));
            }
        }
        self.drain();
    }

    /// Commands go out as long as there are any.
    pub(crate) fn run(&mut self) {
        self.drain();
        while self.held.is_none()
            && self.guard.next(self.now).is_some()
            && let Some(command) = self.guard.command(self.now)
        {
            self.drain();
            if self.cable == Cable::Out {
                let (id, fault) = (command.id, NoReply::Away);
                self.tell(Input::NoReply { id, sent: false, fault });
                continue;
            }
            self.signs += usize::from(command.apdu[1] == ins::SIGN);
            self.extends += usize::from(command.apdu[1] == ins::SIGN_EXTENSION);
            match self.cable {
                Cable::Slow => self.held = Some((command.id, command.apdu)),
                Cable::LosesReplies => {
                    self.device.exchange(&command.apdu);
                    let (id, fault) = (command.id, NoReply::Silent);
                    self.tell(Input::NoReply { id, sent: true, fault });
                }
                Cable::Locked => self.replied(command.id, &[0x55, 0x15]),
                _ => {
                    let mut reply = self.device.exchange(&command.apdu);
                    if self.cable == Cable::Spoils && reply.len() > 2 {
                        reply[0] ^= 1;
                    }
                    self.replied(command.id, &reply);
                }
            }
        }
        self.drain();
    }

    fn replied(&mut self, id: Id, reply: &[u8]) {
        let (data, word) = Reply::split(reply).unwrap();
        self.tell(Input::Reply { id, status: Status::from_word(word), data });
    }

    /// The mark on the device.
    pub(crate) fn mark(&mut self) -> Hrs {
        self.shown().slot.unwrap().mark
    }

    /// The highest requested place, as a spare would begin with it.
    pub(crate) fn floor(&self) -> Hrs {
        self.guard.record().floor()
    }

    pub(crate) fn node(name: &str) -> Node {
        name.into()
    }
}

/// A new device of the validator's seed, with the chain approved at this mark.
pub(crate) fn installed(mark: Hrs) -> SimDevice {
    let mut device = SimDevice::in_memory(b"validator");
    device.owner = Owner::Approves;
    let add = Command::AddChain { chain: chain(), key_index: 0, mark };
    assert_eq!(say(&mut device, add).1, Status::Ok);
    device
}

pub(crate) fn installation(device: &mut SimDevice) -> [u8; 16] {
    Version::parse(&say(device, Command::GetVersion).0).unwrap().installation
}

pub(crate) fn chain() -> ChainId<'static> {
    ChainId::new(CHAIN.as_bytes()).unwrap()
}

fn say(device: &mut SimDevice, command: Command<'_>) -> (Vec<u8>, Status) {
    let reply = device.exchange(&encode(&command).unwrap());
    let (data, word) = Reply::split(&reply).unwrap();
    (data.to_vec(), Status::from_word(word).unwrap())
}

pub(crate) fn hrs(height: u64, round: u32, step: Step) -> Hrs {
    Hrs::new(height, round, step).unwrap()
}

/// For this block, 0 is nil, at these seconds.
pub(crate) fn at(place: Hrs, block: u8, seconds: i64) -> SignRequest {
    let timestamp = Timestamp { seconds, nanos: 0 };
    let sign_bytes = sign_bytes(place, None, [block, block], 1, timestamp, CHAIN);
    SignRequest { hrs: place, sign_bytes, extension: None }
}

pub(crate) fn prevote(height: u64, round: u32, block: u8) -> SignRequest {
    at(hrs(height, round, Step::Prevote), block, 100)
}

pub(crate) fn precommit(height: u64, round: u32, block: u8) -> SignRequest {
    at(hrs(height, round, Step::Precommit), block, 100)
}

pub(crate) fn proposal(height: u64, round: u32, block: u8) -> SignRequest {
    at(hrs(height, round, Step::Proposal), block, 100)
}

pub(crate) fn with_extension(height: u64, content: &[u8]) -> SignRequest {
    SignRequest { extension: Some(content.to_vec()), ..precommit(height, 0, 1) }
}

pub(crate) fn is_signed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Signed { .. })
}

pub(crate) fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("not refused but {other:?}"),
    }
}
