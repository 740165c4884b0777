//! A device with a chain approved, and short words for what a host asks of it. Whatever should not happen panics: this
//! is for tests.

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_core::apdu::{
    ChainState, ChainStatus, Command, EventList, MAX_COMMAND, Named, PromptState, PromptStatus, Reply,
    Signed, Status, Version,
};
use highwater_core::canonical::ChainId;
use highwater_core::env::Diagnostics;
use highwater_core::hrs::{Hrs, Step};

use nanos_sdk::target::Device as Hardware;

use crate::device::{Device, Emulated, Simulated};
use crate::request::Request;

/// The chain that is approved from the start, in slot 0 with key 0.
pub const CHAIN: &str = "stage-1";

/// The device, its owner and its host.
pub struct Stage {
    /// The device in hand.
    pub device: Box<dyn Device>,
    /// The last prompt's.
    ticket: u32,
}

/// A slot's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// What it is.
    pub state: ChainState,
    /// The chain's life in it.
    pub incarnation: u16,
    /// The mark.
    pub mark: Hrs,
    /// The highest signed.
    pub highest_signed: Hrs,
    /// Records written: the serial of the newest.
    pub writes: u32,
    /// Status word of the last refusal.
    pub last_refusal: u16,
}

/// Height, round and step.
pub fn hrs(height: u64, round: u32, step: Step) -> Hrs {
    Hrs::new(height, round, step).expect("a test asks for what there is")
}

/// A chain's id.
pub fn chain(id: &str) -> ChainId<'_> {
    ChainId::new(id.as_bytes()).expect("a test names a chain as it may be named")
}

impl Stage {
    /// On the simulated device.
    pub fn simulated() -> Self {
        Self::on(Box::new(Simulated::new()))
    }

    /// On the firmware of this device, in its emulator.
    pub fn firmware(hardware: Hardware) -> Self {
        Self::on(Box::new(Emulated::new(hardware).expect("the emulator starts")))
    }

    /// On this device, which is new.
    pub fn on(device: Box<dyn Device>) -> Self {
        let mut stage = Self { device, ticket: 0 };
        stage.add(CHAIN, 0, hrs(1, 0, Step::None));
        stage
    }

    /// Whether this is the firmware in the emulator.
    pub fn is_firmware(&mut self) -> bool {
        self.device.emulated().is_some()
    }

    /// Ends what an earlier test may have left: a prompt, a pause of prompts.
    pub fn tidy(&mut self) {
        self.command(Command::PromptCancel(self.ticket));
        self.device.press_home().unwrap();
    }

    /// One command as raw bytes.
    pub fn send(&mut self, apdu: &[u8]) -> (Vec<u8>, u16) {
        let reply = self.device.exchange(apdu).unwrap();
        let (data, word) = Reply::split(&reply).expect("a reply has a status word");
        (data.to_vec(), word)
    }

    /// One command.
    pub fn command(&mut self, command: Command<'_>) -> (Vec<u8>, Status) {
        let mut apdu = [0; MAX_COMMAND];
        let length = command.encode(&mut apdu).expect("a test asks for what fits");
        let (data, word) = self.send(&apdu[..length]);
        (data, Status::from_word(word).unwrap_or_else(|| panic!("{command:?} answered {word:04x}")))
    }

    /// One command that succeeds; its data.
    #[track_caller]
    pub fn ask(&mut self, command: Command<'_>) -> Vec<u8> {
        let (data, status) = self.command(command);
        assert_eq!(status, Status::Ok, "{command:?}");
        data
    }

    /// GET_VERSION.
    pub fn version(&mut self) -> Version {
        Version::parse(&self.ask(Command::GetVersion)).unwrap()
    }

    /// GET_STATUS.
    pub fn slot(&mut self, slot: u8) -> Slot {
        let data = self.ask(Command::GetStatus { slot });
        let status = ChainStatus::parse(&data).unwrap();
        Slot {
            state: status.state,
            incarnation: status.incarnation,
            mark: status.mark,
            highest_signed: status.highest_signed,
            writes: status.writes,
            last_refusal: status.last_refusal,
        }
    }

    /// GET_EVENTS.
    pub fn events(&mut self) -> EventList {
        EventList::parse(&self.ask(Command::GetEvents)).unwrap()
    }

    /// The counters of GET_EVENTS.
    pub fn counters(&mut self) -> Diagnostics {
        self.events().diagnostics
    }

    /// A height of [`CHAIN`] at which nothing was signed yet, by whichever test.
    pub fn fresh_height(&mut self) -> u64 {
        self.slot(0).mark.height.value() + 10
    }

    /// Asks for a signature that is given, and verifies it.
    #[track_caller]
    pub fn sign(&mut self, request: &Request) -> Signed {
        let signed = Signed::parse(&self.ask(Command::Sign(&request.bytes()))).unwrap();
        self.verify(request, &signed);
        signed
    }

    /// Asks for a signature that is refused: the status, and the mark if one comes with it.
    #[track_caller]
    pub fn refused(&mut self, request: &Request) -> (Status, Option<Hrs>) {
        let (data, status) = self.command(Command::Sign(&request.bytes()));
        assert_ne!(status, Status::Ok, "{request:?} was signed");
        let mark = data.try_into().ok().map(|mark: [u8; Hrs::SIZE]| Hrs::from_bytes(&mark).expect("a mark"));
        (status, mark)
    }

    /// Verifies a signature with the chain's key, over the timestamp that the device says it signed.
    #[track_caller]
    pub fn verify(&mut self, request: &Request, signed: &Signed) {
        let bytes = Request { timestamp: signed.timestamp, ..request.clone() }.bytes();
        let key = VerifyingKey::from_bytes(&self.key(&request.chain)).expect("a key");
        key.verify_strict(&bytes, &Signature::from_bytes(&signed.signature)).expect("the signature holds");
    }

    /// GET_PUBLIC_KEY.
    pub fn key(&mut self, id: &str) -> [u8; 32] {
        self.ask(Command::GetPublicKey(chain(id))).try_into().expect("a key has 32 bytes")
    }

    /// Raises a prompt.
    #[track_caller]
    pub fn raise(&mut self, command: Command<'_>) -> u32 {
        self.ticket = u32::from_le_bytes(self.ask(command).try_into().expect("a ticket has 4 bytes"));
        self.ticket
    }

    /// The owner reads and decides. On a device with a screen these pages are read before.
    #[track_caller]
    pub fn decide(&mut self, approved: bool, pages: &[&str]) {
        if let Some(read) = self.device.decide(approved).unwrap() {
            assert_eq!(read, pages);
        }
    }

    /// PROMPT_STATUS.
    #[track_caller]
    pub fn prompt_state(&mut self, ticket: u32) -> PromptState {
        PromptStatus::parse(&self.ask(Command::PromptStatus(ticket))).unwrap().state
    }

    /// What became of a prompt that was decided; waits while it is being done.
    pub fn outcome(&mut self, ticket: u32) -> PromptStatus {
        // As many turns as the longest work takes, and more.
        for _ in 0..100 {
            let status = PromptStatus::parse(&self.ask(Command::PromptStatus(ticket))).unwrap();
            if status.state != PromptState::Pending {
                return status;
            }
            self.device.pass(20).unwrap();
        }
        panic!("the prompt was decided and is pending still");
    }

    /// Raises a prompt that the owner approves and that is done, whatever its pages are.
    #[track_caller]
    pub fn approved(&mut self, command: Command<'_>) -> PromptStatus {
        let ticket = self.raise(command);
        self.device.decide(true).unwrap();
        let outcome = self.outcome(ticket);
        assert_eq!(outcome.state, PromptState::Approved, "{command:?}: {outcome:?}");
        outcome
    }

    /// Approves a chain.
    pub fn add(&mut self, id: &str, key_index: u32, mark: Hrs) {
        self.approved(Command::AddChain { chain: chain(id), key_index, mark });
    }

    /// The life that a chain is in.
    pub fn named<'a>(&mut self, id: &'a str, slot: u8) -> Named<'a> {
        Named { chain: chain(id), incarnation: self.slot(slot).incarnation }
    }

    /// Moves the mark of [`CHAIN`].
    #[track_caller]
    pub fn set_mark(&mut self, to: Hrs) -> PromptStatus {
        let named = self.named(CHAIN, 0);
        self.approved(Command::SetMark { named, to })
    }

    /// Removes a chain and forgets it, so that its slot is free again.
    pub fn drop_chain(&mut self, id: &str, slot: u8) {
        let named = self.named(id, slot);
        self.approved(Command::RemoveChain(named));
        self.approved(Command::ForgetChain(named));
    }
}
