//! A YubiHSM2 that this program plays, behind a connector on this host. For tests.
//!
//! The crate `yubihsm` plays one too (`MockHsm`). That one checks no capability, answers no log, and panics where a device
//! has an error to give. Here an object does what its capabilities say, an id that is taken is refused, what is logged is
//! logged, and each fault comes when a test wants it. What is modelled is Yubico's manual; **no device was compared**.
//!
//! | module | what |
//! | --- | --- |
//! | `channel` | the host's session: SCP03, as the manual has it |
//! | `commands` | what a session may ask, and the answers |
//! | `log` | the audit log: 62 entries, forced or not |
//! | `objects` | keys, with their domains and capabilities |
//! | `plug` | the connector: HTTP on loopback |

#![forbid(unsafe_code)]

mod channel;
mod commands;
mod log;
mod objects;
mod plug;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channel::Channel;
use log::Log;
use objects::Objects;
pub use plug::Plug;

/// The command that signs.
pub const SIGN_EDDSA: u8 = 0x6a;
/// The command that reads the log.
pub const GET_LOG_ENTRIES: u8 = 0x4d;
/// The command that opens a session.
pub const CREATE_SESSION: u8 = 0x03;
/// The command that reads a public key.
pub const GET_PUBLIC_KEY: u8 = 0x54;
/// The command that repeats what it is given.
pub const ECHO: u8 = 0x01;

/// The capability to sign by Ed25519.
pub const MAY_SIGN: u64 = 0x100;
/// The capability to leave the HSM, wrapped.
pub const MAY_LEAVE: u64 = 0x1_0000;

/// What happens at a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It never comes to the HSM, and the link ends.
    LosesCommand,
    /// It is done, and the link ends before its answer.
    LosesAnswer,
    /// It is done, and the answer never comes; the link stays.
    Hangs,
    /// It is not done; the HSM answers with this error.
    Error(u8),
    /// It is done with another message, or its answer is of another key.
    Lies,
    /// It takes so much longer.
    Slow(Duration),
}

/// An HSM as it comes from the factory: authentication key 1 may do everything, and its password is `password`.
#[derive(Clone)]
pub struct Hsm(Arc<Mutex<State>>);

pub(crate) struct State {
    pub(crate) objects: Objects,
    pub(crate) log: Log,
    channels: BTreeMap<u8, Channel>,
    /// Of this command, once.
    troubles: Vec<(u8, Trouble)>,
    /// What each signature takes.
    each: Duration,
    /// Signatures given, of any key.
    pub(crate) signed: u32,
}

/// What comes back from the HSM.
pub(crate) enum Answer {
    /// This, after a while.
    Bytes(Vec<u8>, Duration),
    /// Nothing, and the link ends.
    LinkEnds,
    /// Nothing ever.
    Never,
}

impl Hsm {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "it is bought, not defaulted")]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            objects: Objects::of_the_factory(),
            log: Log::of_the_factory(),
            channels: BTreeMap::new(),
            troubles: Vec::new(),
            each: Duration::ZERO,
            signed: 0,
        })))
    }

    /// The connector in front of it.
    ///
    /// # Errors
    /// No port of this host is free.
    pub fn plug(&self) -> std::io::Result<Plug> {
        Plug::new(self.clone(), 0)
    }

    /// The same connector again, at the port that it had.
    ///
    /// # Errors
    /// The port is taken.
    pub fn plug_at(&self, port: u16) -> std::io::Result<Plug> {
        Plug::new(self.clone(), port)
    }

    /// Puts a key of Ed25519 there, as its administrator does, with these capabilities in every domain.
    pub fn put_key(&self, id: u16, seed: [u8; 32], may: u64) {
        self.state().objects.put_key(id, seed, may);
    }

    /// Takes a key out.
    pub fn delete_key(&self, id: u16) {
        self.state().objects.delete(id, objects::ASYMMETRIC);
    }

    /// Whether a key stands there, and which capabilities it has.
    pub fn key(&self, id: u16) -> Option<u64> {
        self.state().objects.get(id, objects::ASYMMETRIC).map(|object| object.may)
    }

    /// Whether an authentication key stands there, with its capabilities and its domains.
    pub fn auth_key(&self, id: u16) -> Option<(u64, u16)> {
        self.state().objects.get(id, objects::AUTHENTICATION).map(|object| (object.may, object.domains))
    }

    /// Puts an authentication key there, as its administrator does.
    pub fn put_auth_key(&self, id: u16, password: &[u8], may: u64) {
        self.state().objects.put_auth_key(id, password, may);
    }

    /// Logs this command from now on.
    pub fn logs(&self, command: u8) {
        self.state().log.set(command, true);
    }

    /// Logs it no more.
    pub fn logs_no_more(&self, command: u8) {
        self.state().log.set(command, false);
    }

    /// Refuses what cannot be logged, or overwrites the oldest.
    pub fn force_audit(&self, forced: bool) {
        self.state().log.forced = forced;
    }

    /// Somebody else signs with this key, by this authentication key: the log has the entry.
    pub fn signs_elsewhere(&self, by: u16, key: u16) {
        self.state().log.note(SIGN_EDDSA, 10, [by, key, 0xffff], SIGN_EDDSA | 0x80);
    }

    /// The entries of the log that were not consumed.
    pub fn entries(&self) -> usize {
        self.state().log.entries.len()
    }

    /// Signatures that it gave.
    pub fn signed(&self) -> u32 {
        self.state().signed
    }

    /// What happens at the next command of this code.
    pub fn trouble(&self, command: u8, what: Trouble) {
        self.state().troubles.push((command, what));
    }

    /// Each signature takes so long from now on.
    pub fn takes(&self, each: Duration) {
        self.state().each = each;
    }

    /// All sessions die, as when its power goes.
    pub fn restart(&self) {
        self.state().channels.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One message of the connector, and what comes back.
    pub(crate) fn answer(&self, message: &[u8]) -> Answer {
        self.state().answer(message)
    }
}

impl std::fmt::Debug for Hsm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hsm").finish_non_exhaustive()
    }
}

impl State {
    fn answer(&mut self, message: &[u8]) -> Answer {
        let plain = |bytes| Answer::Bytes(bytes, Duration::ZERO);
        let Some((&command, body)) = message.split_first().filter(|(_, body)| body.len() >= 2) else {
            return plain(commands::error(0x08));
        };
        let data = &body[2..];
        match command {
            0x03 => match self.trouble(command) {
                Some(Trouble::LosesCommand | Trouble::LosesAnswer) => Answer::LinkEnds,
                Some(Trouble::Hangs) => Answer::Never,
                Some(Trouble::Error(code)) => plain(commands::error(code)),
                _ => plain(self.create(data)),
            },
            0x04 => plain(self.authenticate(data)),
            0x05 => self.session(data),
            _ => plain(commands::error(0x01)),
        }
    }

    fn trouble(&mut self, command: u8) -> Option<Trouble> {
        let at = self.troubles.iter().position(|(of, _)| *of == command)?;
        Some(self.troubles.remove(at).1)
    }

    fn create(&mut self, data: &[u8]) -> Vec<u8> {
        let Some((id, challenge)) = data.split_first_chunk::<2>() else { return commands::error(0x08) };
        let id = u16::from_be_bytes(*id);
        let Some(secret) = self.objects.secret(id) else { return commands::error(0x0b) };
        let Ok(challenge) = challenge.try_into() else { return commands::error(0x08) };
        let Some(number) = (0..16).find(|number| !self.channels.contains_key(number)) else {
            // The oldest is idle for longest: it would be dead on a device by now.
            self.channels.clear();
            return commands::error(0x05);
        };
        self.log.note_session(0x03, id);
        let (channel, reply) = Channel::open(number, id, &secret, challenge);
        self.channels.insert(number, channel);
        reply
    }

    fn authenticate(&mut self, data: &[u8]) -> Vec<u8> {
        let Some(channel) = data.first().and_then(|number| self.channels.get_mut(number)) else {
            return commands::error(0x03);
        };
        let reply = channel.authenticate(data);
        let by = channel.by;
        self.log.note_session(0x04, by);
        match reply {
            Some(reply) => reply,
            None => {
                self.channels.remove(&data[0]);
                commands::error(0x04)
            }
        }
    }

    fn session(&mut self, data: &[u8]) -> Answer {
        let dead = || Answer::Bytes(commands::error(0x03), Duration::ZERO);
        let Some(&number) = data.first() else { return dead() };
        let Some(channel) = self.channels.get_mut(&number) else { return dead() };
        let (by, Some(inner)) = (channel.by, channel.decrypt(data)) else { return dead() };
        let Some((&command, body)) = inner.split_first().filter(|(_, body)| body.len() >= 2) else {
            return dead();
        };
        let trouble = self.trouble(command);
        if trouble == Some(Trouble::LosesCommand) {
            return Answer::LinkEnds;
        }
        let reply = match trouble {
            Some(Trouble::Error(code)) => Err(code),
            _ => self.command(by, command, &body[2..], trouble == Some(Trouble::Lies)),
        };
        let inner = match reply {
            Ok(data) => commands::frame(command | 0x80, &data),
            Err(code) => commands::error(code),
        };
        let Some(channel) = self.channels.get_mut(&number) else { return dead() };
        let sealed = channel.encrypt(&inner);
        if command == 0x40 {
            self.channels.remove(&number);
        }
        let each = if command == SIGN_EDDSA { self.each } else { Duration::ZERO };
        match trouble {
            Some(Trouble::LosesAnswer) => Answer::LinkEnds,
            Some(Trouble::Hangs) => Answer::Never,
            Some(Trouble::Slow(by)) => Answer::Bytes(sealed, each + by),
            _ => Answer::Bytes(sealed, each),
        }
    }
}
