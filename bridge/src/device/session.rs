//! What is at the other end: asked after every opening, before anything is signed.

use std::cmp::Reverse;
use std::fmt;

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, ERASES_ASSUMED, IMPORTS_KEYS, PROTOCOL, Reply, SIGNS_EXTENSIONS,
    Status, Version,
};
use highwater_core::hrs::Hrs;
use highwater_core::key_index::KeyIndex;
use highwater_core::signer::APP_NAME;
use highwater_guard::encode;
use serde::{Deserialize, Serialize};

use super::{Fault, Ring, told};
use crate::hrs_text::HrsText;

/// What kind of device answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The signer in this process, or in another one: no hardware key.
    Simulated,
    /// A Nano S.
    NanoS,
    /// A Nano S Plus.
    NanoSPlus,
    /// The signer in this process, with its keys in a YubiHSM2.
    #[serde(rename = "yubihsm")]
    YubiHsm2,
    /// The signer in this process, with its keys in a PKCS#11 token.
    Pkcs11,
    /// A model that this version does not know.
    Unknown,
}

impl Target {
    const fn of(target: u8) -> Self {
        match target {
            0 => Self::Simulated,
            1 => Self::NanoS,
            2 => Self::NanoSPlus,
            16 => Self::YubiHsm2,
            17 => Self::Pkcs11,
            _ => Self::Unknown,
        }
    }

    /// Whether the owner presses buttons on the device; else the owner answers at a terminal.
    pub const fn has_buttons(self) -> bool {
        !matches!(self, Self::Simulated | Self::YubiHsm2 | Self::Pkcs11)
    }

    /// Bytes of the longest message that it signs.
    pub(crate) const fn longest(self) -> usize {
        match self {
            Self::YubiHsm2 => highwater_hosted::keys::YUBIHSM_LONGEST,
            _ => usize::MAX,
        }
    }

    /// Whether its keys are in a store beside this host. The owner types the chain there, since it signs for real.
    pub const fn is_store(self) -> bool {
        matches!(self, Self::YubiHsm2 | Self::Pkcs11)
    }
}

/// How the installation of the app is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// All is well.
    Sound,
    /// The device runs on another seed than at the app's first start.
    OtherSeed,
    /// The app's memory is damaged beyond repair.
    StorageDamaged,
    /// The device's flash failed at the app's start.
    StorageFault,
}

impl Standing {
    const fn of(standing: u8) -> Self {
        match standing {
            0 => Self::Sound,
            1 => Self::OtherSeed,
            2 => Self::StorageDamaged,
            _ => Self::StorageFault,
        }
    }
}

/// What a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// No chain.
    #[default]
    Free,
    /// Signing.
    Armed,
    /// The mark cannot be told; the owner must set it.
    Unclear,
    /// Removed; the mark is the final one.
    Removed,
    /// Removed while unclear; the mark is a floor.
    RemovedUnclear,
    /// The entry is lost; only forgetting the slot helps.
    Damaged,
    /// Flash failed; the next decision tries to mend it.
    Fault,
}

impl SlotState {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Free,
        Self::Armed,
        Self::Unclear,
        Self::Removed,
        Self::RemovedUnclear,
        Self::Damaged,
        Self::Fault,
    ];

    /// One word, as JSON and metrics have it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Armed => "armed",
            Self::Unclear => "unclear",
            Self::Removed => "removed",
            Self::RemovedUnclear => "removed_unclear",
            Self::Damaged => "damaged",
            Self::Fault => "fault",
        }
    }

    const fn of(state: ChainState) -> Self {
        match state {
            ChainState::Free => Self::Free,
            ChainState::Armed => Self::Armed,
            ChainState::Unclear => Self::Unclear,
            ChainState::Tombstone => Self::Removed,
            ChainState::UnclearTombstone => Self::RemovedUnclear,
            ChainState::Damaged => Self::Damaged,
            ChainState::Fault => Self::Fault,
        }
    }

    /// Whether the chain was removed: the slot is a tombstone.
    pub const fn is_removed(self) -> bool {
        matches!(self, Self::Removed | Self::RemovedUnclear)
    }

    /// Whether the slot's mark is only a floor.
    pub const fn is_unclear(self) -> bool {
        matches!(self, Self::Unclear | Self::RemovedUnclear)
    }
}

impl fmt::Display for SlotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Armed => "armed",
            Self::Unclear => "unclear",
            Self::Removed => "removed",
            Self::RemovedUnclear => "removed, unclear",
            Self::Damaged => "damaged",
            Self::Fault => "fault",
        })
    }
}

/// The signer as it described itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Session {
    /// The version of the app.
    #[serde(with = "told::version")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub app: [u8; 3],
    /// What kind of device it is.
    pub target: Target,
    /// The installation of the app, in hex.
    #[serde(with = "told::hex_bytes")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub installation: [u8; 16],
    /// How the installation is.
    pub standing: Standing,
    /// Bytes of the longest extension that it signs while its node waits; unknown until it is measured.
    pub extension_fits: Option<u32>,
    /// Nobody has published how often its flash may be erased: what its rings say is assumed.
    pub erases_assumed: bool,
    /// It imports keys, backs them up and forgets them.
    #[serde(default)]
    pub imports_keys: bool,
    /// The ring of each slot, also of those that are free; none where it is not sound.
    pub rings: Vec<Ring>,
    /// The slots that are not free.
    pub slots: Vec<Slot>,
}

/// A slot as it described itself; GET_STATUS of docs/protocol.md says what each part means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slot {
    /// Its number, from 1 as on the device's screen.
    #[serde(with = "told::from_one")]
    #[cfg_attr(test, schemars(with = "u16"))]
    pub slot: u8,
    /// What it is.
    pub state: SlotState,
    /// The chain; empty for a damaged slot.
    pub chain: String,
    /// The number of its key: N of `--key-index N`; of an imported key 2147483647 more than the number on the screen.
    pub key_index: u32,
    /// The chain's life in this slot.
    pub incarnation: u16,
    /// The mark, as height/round/step; of an unclear chain a floor.
    pub mark: HrsText,
    /// The highest signed, as height/round/step.
    pub highest_signed: HrsText,
    /// Records written, ever.
    pub writes: u32,
    /// Erases of the most worn page, in millionths of its rated life.
    pub wear_ppm: u32,
    /// The last refusal of this slot, as its status word in hex; null if there was none.
    #[serde(with = "told::word")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub last_refusal: u16,
    /// The place it was asked for.
    pub refused: HrsText,
}

/// The questions that a device is asked after every opening, one by one, without the cable.
///
/// Any error means that nothing may be signed yet.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: Option<Question>,
    named: bool,
    session: Option<Session>,
    slots: std::ops::Range<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Question {
    Name,
    Version,
    Status(u8),
}

impl Questions {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The next question; `None`: all were answered.
    pub(super) fn next(&mut self) -> Option<Command<'static>> {
        let (question, command) = match (self.named, &self.session) {
            (false, _) => (Question::Name, Command::GetAppName),
            (true, None) => (Question::Version, Command::GetVersion),
            (true, Some(_)) => {
                let slot = self.slots.next()?;
                (Question::Status(slot), Command::GetStatus { slot })
            }
        };
        self.asked = Some(question);
        Some(command)
    }

    /// The reply to the last question, with its status word.
    pub(super) fn answer(&mut self, reply: &[u8]) -> Result<(), Fault> {
        match self.asked {
            None => Ok(()),
            Some(Question::Name) => {
                named(reply)?;
                self.named = true;
                Ok(())
            }
            Some(Question::Version) => {
                let version = versioned(reply)?;
                let session = Session::new(&version);
                // An installation that is not sound answers for no slot.
                if session.standing == Standing::Sound {
                    self.slots = 0..version.slots;
                }
                self.session = Some(session);
                Ok(())
            }
            Some(Question::Status(slot)) => {
                let status =
                    ChainStatus::parse(data(reply, "GET_STATUS")?).ok_or(Fault::Malformed("GET_STATUS"))?;
                if let Some(session) = &mut self.session {
                    session.rings.push(Ring::of(&status));
                    if status.state != ChainState::Free {
                        session.slots.push(Slot::new(slot, &status));
                    }
                }
                Ok(())
            }
        }
    }

    /// What the device said of itself.
    pub(super) fn session(self) -> Result<Session, Fault> {
        self.session.ok_or(Fault::Malformed("GET_VERSION"))
    }
}

impl Session {
    fn new(version: &Version) -> Self {
        Self {
            app: version.app,
            target: Target::of(version.target),
            installation: version.installation,
            standing: Standing::of(version.standing),
            extension_fits: None,
            erases_assumed: version.flags & ERASES_ASSUMED != 0,
            imports_keys: version.flags & IMPORTS_KEYS != 0,
            rings: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// The slot in which `chain` is approved.
    pub fn chain(&self, chain: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.chain == chain && !slot.state.is_removed())
    }

    /// The chains that are approved, by their ids.
    pub(crate) fn chains(&self) -> Vec<String> {
        let approved = self.slots.iter().filter(|slot| !slot.state.is_removed() && !slot.chain.is_empty());
        approved.map(|slot| slot.chain.clone()).collect()
    }

    /// The lowest slot that is free: a chain without a tombstone takes it.
    pub(crate) fn free(&self) -> Option<u8> {
        (0..self.rings.len() as u8).find(|free| self.slots.iter().all(|slot| slot.slot != *free))
    }

    /// The ring of a slot.
    pub(crate) fn ring(&self, slot: u8) -> Option<Ring> {
        self.rings.get(usize::from(slot)).copied()
    }

    /// The slot that lasts longest, the lowest of several, and its ring.
    pub(crate) fn longest(&self) -> Option<(u8, Ring)> {
        let rings = (0..).zip(self.rings.iter().copied());
        rings.max_by_key(|(slot, ring)| (ring.pairs, Reverse(*slot)))
    }

    /// A damaged slot, whose entry is lost, that may be that of `chain`: no other slot has it.
    pub(crate) fn perhaps(&self, chain: &str) -> Option<&Slot> {
        let is_known = self.slots.iter().any(|slot| slot.chain == chain);
        let damaged =
            self.slots.iter().find(|slot| slot.chain.is_empty() && slot.state == SlotState::Damaged);
        damaged.filter(|_| !is_known)
    }

    /// The tombstone of `chain`.
    pub fn tombstone(&self, chain: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.chain == chain && slot.state.is_removed())
    }
}

/// Asks who is there: an app of this name, and a version that speaks as we do.
pub(super) fn introduce(
    exchange: &mut impl FnMut(&[u8]) -> Result<Vec<u8>, Fault>,
) -> Result<Version, Fault> {
    let mut ask = |command: Command<'_>| exchange(&encode(&command).unwrap_or_default());
    named(&ask(Command::GetAppName)?)?;
    versioned(&ask(Command::GetVersion)?)
}

/// The reply to GET_APP_NAME is this app's.
fn named(reply: &[u8]) -> Result<(), Fault> {
    let name = data(reply, "GET_APP_NAME")?;
    if name == APP_NAME { Ok(()) } else { Err(Fault::OtherApp(app_name(name))) }
}

/// The reply to GET_VERSION is of a version that speaks as we do.
fn versioned(reply: &[u8]) -> Result<Version, Fault> {
    let version = Version::parse(data(reply, "GET_VERSION")?).ok_or(Fault::Malformed("GET_VERSION"))?;
    if !(version.protocol_min..=version.protocol).contains(&PROTOCOL) {
        return Err(Fault::Protocol { min: version.protocol_min, current: version.protocol });
    }
    // Nodes stop for good at a precommit without the signature of its extension.
    if version.flags & SIGNS_EXTENSIONS == 0 {
        return Err(Fault::NoExtensions(version.app));
    }
    Ok(version)
}

impl Slot {
    /// Whether its key was imported: copies may exist outside.
    pub fn is_imported(&self) -> bool {
        matches!(KeyIndex::new(self.key_index), Ok(KeyIndex::Imported(_)))
    }

    /// The highest place that the slot knows of: another mark of the chain begins no lower.
    pub(crate) fn floor(&self) -> Hrs {
        self.mark.0.max(self.highest_signed.0)
    }

    fn new(slot: u8, status: &ChainStatus<'_>) -> Self {
        Self {
            slot,
            state: SlotState::of(status.state),
            chain: status.chain.map_or_else(String::new, |chain| chain.as_str().to_owned()),
            key_index: status.key_index,
            incarnation: status.incarnation,
            mark: HrsText(status.mark),
            highest_signed: HrsText(status.highest_signed),
            writes: status.writes,
            wear_ppm: Ring::of(status).wear_ppm(status.writes),
            last_refusal: status.last_refusal,
            refused: HrsText(status.refused),
        }
    }
}

/// A name as apps have them. Anything else is never shown: it may be the late reply to something secret.
fn app_name(name: &[u8]) -> String {
    let plain = name.len() <= 32 && name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { String::from_utf8_lossy(name).into_owned() } else { "one without a name".to_owned() }
}

fn data<'a>(reply: &'a [u8], name: &'static str) -> Result<&'a [u8], Fault> {
    let (data, word) = Reply::split(reply).ok_or(Fault::Malformed(name))?;
    match Status::from_word(word) {
        Some(Status::Ok) => Ok(data),
        Some(Status::Locked) => Err(Fault::Locked),
        // An app that does not know a command every Highwater knows is none.
        _ if name == "GET_APP_NAME" => Err(Fault::OtherApp(format!("status {word:04x}"))),
        _ => Err(Fault::Malformed(name)),
    }
}

/// Sessions and slots for the tests of whoever reads them.
#[cfg(test)]
mod played {
    use super::{HrsText, Ring, Session, Slot, SlotState, Standing, Target};

    impl Session {
        /// A sound Nano S with these slots.
        pub(crate) fn played(slots: Vec<Slot>) -> Self {
            Self {
                app: [0, 1, 0],
                target: Target::NanoS,
                installation: [1; 16],
                standing: Standing::Sound,
                extension_fits: None,
                erases_assumed: false,
                imports_keys: true,
                rings: vec![Ring { pairs: 256, rated_erases: 500_000 }; 3],
                slots,
            }
        }
    }

    impl Slot {
        /// The first slot, with a chain at this mark.
        pub(crate) fn played(chain: &str, state: SlotState, mark: HrsText) -> Self {
            Self {
                slot: 0,
                state,
                chain: chain.to_owned(),
                key_index: 0,
                incarnation: 1,
                mark,
                highest_signed: mark,
                writes: 1,
                wear_ppm: 0,
                last_refusal: 0,
                refused: mark,
            }
        }
    }
}
