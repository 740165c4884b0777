//! What is at the other end: asked after every opening, before anything is signed.

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, PROTOCOL, Reply, SIGNS_EXTENSIONS, Status, Version,
};
use highwater_core::signer::APP_NAME;
use serde::{Deserialize, Serialize};

use super::{Fault, encode};
use crate::place::Place;

/// The signer as it described itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Major, minor, patch.
    pub app: [u8; 3],
    /// 0 simulated, 1 Nano S.
    pub target: u8,
    /// The installation, as its bytes in order.
    pub installation: [u8; 16],
    /// 0 sound, 1 other seed, 2 storage damaged, 3 storage fault.
    pub standing: u8,
    /// Bytes of the longest extension that it signs while its node waits; unknown until it is measured.
    pub extension_fits: Option<u32>,
    /// The slots that are not free.
    pub slots: Vec<Slot>,
}

/// A slot as it described itself; GET_STATUS of docs/protocol.md says what each part means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its number.
    pub slot: u8,
    /// The state, in a word.
    pub state: String,
    /// The chain; empty for a damaged slot.
    pub chain: String,
    /// The key: `44'/118'/0'/0'/index'`.
    pub key_index: u32,
    /// The chain's life in this slot.
    pub incarnation: u16,
    /// The mark, as height/round/step; of an unclear chain a floor.
    pub mark: Place,
    /// The highest signed, as height/round/step.
    pub highest_signed: Place,
    /// Records written, ever.
    pub writes: u32,
    /// Erases of the most worn page, in millionths of its rated life.
    pub wear_ppm: u32,
    /// The last refusal of this slot, as its status word; 0 if there was none.
    pub last_refusal: u16,
    /// The place it was asked for.
    pub refused: Place,
}

impl Session {
    /// Asks name, version and the state of every slot.
    ///
    /// `exchange` gives the reply with its status word. Any error means that nothing may be signed yet.
    pub fn open(mut exchange: impl FnMut(&[u8]) -> Result<Vec<u8>, Fault>) -> Result<Self, Fault> {
        let name = ask(&mut exchange, Command::GetAppName, "GET_APP_NAME")?;
        if name != APP_NAME {
            return Err(Fault::OtherApp(app_name(&name)));
        }
        let data = ask(&mut exchange, Command::GetVersion, "GET_VERSION")?;
        let version = Version::parse(&data).ok_or(Fault::Malformed("GET_VERSION"))?;
        if !(version.protocol_min..=version.protocol).contains(&PROTOCOL) {
            return Err(Fault::Protocol { min: version.protocol_min, current: version.protocol });
        }
        // Nodes stop for good at a precommit without the signature of its extension.
        if version.flags & SIGNS_EXTENSIONS == 0 {
            return Err(Fault::NoExtensions(version.app));
        }
        let mut session = Self {
            app: version.app,
            target: version.target,
            installation: version.installation,
            standing: version.standing,
            extension_fits: None,
            slots: Vec::new(),
        };
        // An installation that is not sound answers for no slot.
        if version.standing == 0 {
            for slot in 0..version.slots {
                let data = ask(&mut exchange, Command::GetStatus { slot }, "GET_STATUS")?;
                let status = ChainStatus::parse(&data).ok_or(Fault::Malformed("GET_STATUS"))?;
                if status.state != ChainState::Free {
                    session.slots.push(Slot::new(slot, &status));
                }
            }
        }
        Ok(session)
    }

    /// The slot in which `chain` is approved.
    pub fn chain(&self, chain: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.chain == chain && !slot.state.contains("removed"))
    }
}

impl Slot {
    fn new(slot: u8, status: &ChainStatus<'_>) -> Self {
        let state = match status.state {
            ChainState::Free => "free",
            ChainState::Armed => "armed",
            ChainState::Unclear => "unclear",
            ChainState::Tombstone => "removed",
            ChainState::UnclearTombstone => "removed, unclear",
            ChainState::Damaged => "damaged",
            ChainState::Fault => "fault",
        };
        Self {
            slot,
            state: state.to_owned(),
            chain: status.chain.map_or_else(String::new, |chain| chain.as_str().to_owned()),
            key_index: status.key_index,
            incarnation: status.incarnation,
            mark: Place(status.mark),
            highest_signed: Place(status.highest_signed),
            writes: status.writes,
            wear_ppm: status.wear_ppm,
            last_refusal: status.last_refusal,
            refused: Place(status.refused),
        }
    }
}

/// A name as apps have them. Anything else is never shown: it may be the late reply to something secret.
fn app_name(name: &[u8]) -> String {
    let plain = name.len() <= 32 && name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { String::from_utf8_lossy(name).into_owned() } else { "one without a name".to_owned() }
}

fn ask(
    exchange: &mut impl FnMut(&[u8]) -> Result<Vec<u8>, Fault>,
    command: Command<'_>,
    name: &'static str,
) -> Result<Vec<u8>, Fault> {
    let reply = exchange(&encode(&command).ok_or(Fault::Malformed(name))?)?;
    let (data, word) = Reply::split(&reply).ok_or(Fault::Malformed(name))?;
    match Status::from_word(word) {
        Some(Status::Ok) => Ok(data.to_vec()),
        Some(Status::Locked) => Err(Fault::Locked),
        // An app that does not know a command every Highwater knows is none.
        _ if name == "GET_APP_NAME" => Err(Fault::OtherApp(format!("status {word:04x}"))),
        _ => Err(Fault::Malformed(name)),
    }
}
