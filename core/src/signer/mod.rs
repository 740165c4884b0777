//! The state machine: a command in, a reply out, always at once.
//!
//! It never blocks, owns no screen and holds no USB. What needs the owner gives a ticket; the app shows
//! [`Signer::prompt`] and reports the press by [`Signer::decide`], which checks everything again.
//! Whatever takes long is done by [`Signer::step`], a few pages or one key a turn, so that signing for other chains goes on
//! meanwhile: what was approved, the reading of a slot at fault, the key that the owner is shown.

mod ask;
mod extend;
mod keys;
mod load;
mod manage;
pub mod permit;
mod prompts;
mod serial;
mod sign;
mod slot;
mod work;

pub use ask::{Ask, ChainName, Prompt, What};
pub use slot::{LEAP_CREDIT, View};

use crate::apdu::{
    CLA, ChainState, Command, ERASES_ASSUMED, EventList, IMPORTS_KEYS, PROTOCOL, PROTOCOL_MIN, Reply,
    SIGNS_EXTENSIONS, Status, Version, ins,
};
use crate::canonical::ChainId;
use crate::chains;
use crate::env::{Env, Life};
use crate::events::{Events, NO_SLOT};
use crate::hrs::Hrs;
use crate::installation::{self, Standing};
use crate::layout::{Installation, KEYS, SLOTS};
use crate::vault;
use extend::Stream;
use load::Load;
use prompts::Prompts;
use slot::{Slot, Slots};

/// The name GET_APP_NAME gives.
pub const APP_NAME: &[u8] = b"Highwater";

/// The version of this crate: major, minor, patch.
pub const APP_VERSION: [u8; 3] = [
    number(env!("CARGO_PKG_VERSION_MAJOR")),
    number(env!("CARGO_PKG_VERSION_MINOR")),
    number(env!("CARGO_PKG_VERSION_PATCH")),
];

const fn number(text: &str) -> u8 {
    let (mut value, mut at) = (0, 0);
    while at < text.len() {
        value = value * 10 + (text.as_bytes()[at] - b'0');
        at += 1;
    }
    value
}

/// Ticks a second: how often [`Signer::tick`] is called.
pub const TICKS_PER_SECOND: u32 = 10;

/// Leap credit regained a second.
const CREDIT_PER_SECOND: u32 = 4;

/// The last signature, for repeats; valid only for its record: the life and the serial. None has serial 0.
#[derive(Debug, Clone, Copy)]
struct LastSignature {
    life: Life,
    serial: u32,
    signature: [u8; 64],
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

/// The signer's state in RAM. Everything that must survive stands in flash.
///
/// In the order of this text: what is near the beginning is reached with less code.
#[derive(Debug)]
#[repr(C)]
pub struct Signer {
    load: Load,
    slots: Slots,
    prompts: Prompts,
    stream: Stream,
    last: LastSignature,
    installation: Installation,
    events: Events,
    standing: Standing,
    /// Ticks of the second that is going by.
    ticks: u8,
}

impl Signer {
    /// Before anything was read: it answers with a storage fault until it was started. Nearly all zero, so that the
    /// firmware makes it in its place.
    pub const fn new() -> Self {
        Self {
            standing: Standing::Fault,
            installation: Installation { id: [0; 16], secret: [0; 32] },
            slots: Slots([Slot::EMPTY; SLOTS]),
            last: LastSignature { life: Life { slot: 0, incarnation: 0 }, serial: 0, signature: [0; 64] },
            stream: Stream::NONE,
            load: Load::NONE,
            prompts: Prompts::NONE,
            events: Events::NONE,
            ticks: 0,
        }
    }

    /// Reads and repairs everything, before anything is released.
    #[inline(never)]
    pub fn start<E: Env>(&mut self, env: &mut E) {
        self.standing = installation::boot(env, &mut self.installation);
        if self.standing == Standing::Sound {
            for key in 0..KEYS as u32 {
                vault::repair(env, &self.installation, key);
            }
            self.load.due = [load::Stage::Entry; SLOTS];
            while self.load(env) {}
        }
    }

    /// A signer that was started.
    pub fn boot<E: Env>(env: &mut E) -> Self {
        let mut signer = Self::new();
        signer.start(env);
        signer
    }

    /// Answers one command.
    #[inline(never)]
    pub fn handle<E: Env>(&mut self, env: &mut E, apdu: &[u8], reply: &mut Reply) {
        reply.clear();
        let answered = Command::parse(apdu).and_then(|command| self.answer(env, command, reply));
        // Whatever is wrong with a command of a stream, its form too, ends the stream. P1 is 0 of a whole extension.
        if answered.is_err() && matches!(apdu, [CLA, ins::SIGN_EXTENSION, p1, ..] if *p1 != 0) {
            self.drop_stream(env);
        }
        reply.finish(answered.err().unwrap_or(Status::Ok));
    }

    /// Whether the app may quit without taking a validator down: no chain is armed.
    pub fn is_idle(&self) -> bool {
        !self
            .slots
            .0
            .iter()
            .any(|slot| matches!(slot.state, ChainState::Armed | ChainState::Unclear | ChainState::Fault))
    }

    /// What boot found.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Called ten times a second.
    pub fn tick(&mut self) {
        self.ticks += 1;
        if u32::from(self.ticks) == TICKS_PER_SECOND {
            self.ticks = 0;
            for slot in &mut self.slots.0 {
                slot.spent = slot.spent.saturating_sub(CREDIT_PER_SECOND);
            }
        }
        self.prompts.tick();
    }

    /// What was put into the reply stands also if the answer is a refusal.
    fn answer<E: Env>(&mut self, env: &mut E, command: Command<'_>, reply: &mut Reply) -> Result<(), Status> {
        match command {
            Command::Sign(bytes) => self.sign(env, bytes, reply)?,
            Command::SignExtension(bytes) => self.extension(env, bytes, reply)?,
            Command::BeginExtension(frame) => self.begin(env, &frame, reply)?,
            Command::ExtensionChunk { position, bytes } => self.chunk(env, position, bytes, reply)?,
            Command::GetVersion => self.version(env).put(reply),
            Command::GetAppName => reply.put(APP_NAME),
            Command::GetPublicKey(chain) => {
                self.sound()?;
                let slot = self.slot_of(env, chain)?;
                reply.put(&env.loaded_key(slot)?);
            }
            Command::GetStatus { slot } => self.status(env, slot, reply)?,
            Command::GetEvents => EventList::put(&env.diagnostics(), &self.events, reply),
            Command::PromptStatus(ticket) => self.prompts.status(ticket, reply)?,
            Command::PromptCancel(ticket) => self.prompts.cancel(ticket)?,
            Command::BackupKey(key) => self.backup(env, key, reply)?,
            Command::GetKeys => self.list_keys(env, reply)?,
            wanted => {
                let ticket = self.ask(env, &wanted, reply)?;
                reply.put(&ticket);
            }
        }
        Ok(())
    }

    fn version<E: Env>(&self, env: &E) -> Version {
        Version {
            app: APP_VERSION,
            protocol_min: PROTOCOL_MIN,
            protocol: PROTOCOL,
            target: env.target(),
            installation: self.installation.id,
            slots: SLOTS as u8,
            standing: match self.standing {
                Standing::Sound => 0,
                Standing::OtherSeed => 1,
                Standing::Damaged => 2,
                Standing::Fault => 3,
            },
            flags: SIGNS_EXTENSIONS | IMPORTS_KEYS | if env.erases().assumed { ERASES_ASSUMED } else { 0 },
        }
    }

    #[inline(never)]
    fn status<E: Env>(&mut self, env: &mut E, slot: u8, reply: &mut Reply) -> Result<(), Status> {
        if usize::from(slot) >= SLOTS {
            return Err(Status::Length);
        }
        self.sound()?;
        let view = self.view(env, slot);
        view.put(env.rings().pairs(slot), env.erases().rated, self.events.last_of(slot), reply);
        Ok(())
    }

    /// Refuses whatever touches chains while the installation is not sound.
    #[inline(never)]
    fn sound(&mut self) -> Result<(), Status> {
        let status = match self.standing {
            Standing::Sound => return Ok(()),
            Standing::OtherSeed => Status::OtherSeed,
            Standing::Damaged => Status::StorageDamaged,
            Standing::Fault => Status::StorageFault,
        };
        self.events.push(status, NO_SLOT, Hrs::default());
        Err(status)
    }

    /// Why a chain is in no slot: it was never approved, or its slot is damaged and nobody can tell.
    fn unknown(&self) -> Status {
        let damaged = self.slots.0.iter().any(|slot| slot.state == ChainState::Damaged);
        if damaged { Status::StorageDamaged } else { Status::UnknownChain }
    }

    /// The slot of a chain that is asked to sign, or why there is none.
    #[inline(never)]
    fn slot_of<E: Env>(&mut self, env: &mut E, chain: ChainId<'_>) -> Result<u8, Status> {
        self.find(env, chain).ok_or_else(|| self.unknown())
    }

    /// The slot in which a chain is approved, whether its mark is clear or not.
    fn find<E: Env>(&self, env: &mut E, chain: ChainId<'_>) -> Option<u8> {
        (0..SLOTS as u8).find(|slot| {
            let state = self.slots[*slot].state;
            matches!(state, ChainState::Armed | ChainState::Unclear | ChainState::Fault)
                && chains::names(env, &self.installation, *slot, chain)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn each_part_of_the_version_is_read_as_a_number() {
        assert_eq!(["0", "7", "10", "255"].map(number), [0, 7, 10, 255]);
    }
}
