//! Another device or installation takes over a chain, once its mark is at or above everything that may be signed.

use highwater_core::apdu::{Command, Named};
use highwater_core::hrs::Hrs;
use highwater_core::key_index::KeyIndex;
use highwater_guard::Stopped;

use super::known::{Known, chain_id, right_key};
use super::prompt::{Question, Talk};
use super::seen::not_above;
use super::{Access, Chosen, keys, not_exported};
use crate::advice;
use crate::device::{KeyNumber, Session, SlotState};
use crate::failure::Failure;
use crate::store::{ChainFile, ChainFileError, Pin, Pins};

/// What is to be adopted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The chain.
    pub(crate) id: &'a str,
    /// The number of its key, if the chain is not approved on the device.
    pub(crate) key_index: Option<u32>,
    /// The last place signed, as the operator says.
    pub(crate) last_signed: Option<Hrs>,
    /// The place known that this is below, repeated by the operator.
    pub(crate) below: Option<Hrs>,
}

/// A chain that was adopted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adopted {
    /// By this installation.
    pub(crate) installation: [u8; 16],
    /// Its key.
    pub(crate) key: [u8; 32],
    /// The mark it goes on from.
    pub(crate) mark: Hrs,
    /// Whether another installation had it before.
    pub(crate) replaced: bool,
}

pub(crate) async fn adopt(
    config: &Chosen<'_>,
    wanted: Wanted<'_>,
    talk: &mut dyn Talk,
) -> Result<Adopted, Failure> {
    let Wanted { id, key_index, .. } = wanted;
    not_exported(config)?;
    let chain = chain_id(id)?;
    let mut access = Access::open(config).await?;
    access.is_not_elsewhere(id).await?;
    let session = access.session().await?;
    let mut pins = Pins::load(&config.state_dir)?;
    let pin = pins.get(id);
    let (file, mut floor, confirmed) = remembered(config, &wanted, pin, &session, &mut access).await?;

    let approved = session.chain(id);
    let known = match approved {
        Some(_) => Some(access.key_of(chain).await?),
        None => pin.map(|pin| pin.key).or(file.as_ref().map(|file| file.key)),
    };
    // Where an armed device goes on, its mark stays as it is.
    let armed = approved.filter(|slot| slot.state == SlotState::Armed).map(|slot| slot.mark.0);
    let begins = floor.max(armed.unwrap_or_default());
    if let Some(key) = known {
        not_above(config, id, key, begins, talk, advice::signed_above).await?;
    }
    let command = match approved {
        None => {
            let key_index = right_number(&mut access, id, key_index, pin).await?;
            Some(Command::AddChain { chain, key_index, mark: floor })
        }
        Some(slot) => {
            let key = access.key_of(chain).await?;
            right_key(config, id, key, pin, file.as_ref(), advice::adopt_other_key)?;
            let named = Named { chain, incarnation: slot.incarnation };
            // The device takes no mark below what it knows itself, and its screen and the state file are to agree.
            if slot.state != SlotState::Armed && confirmed.is_none() {
                floor = floor.max(slot.floor());
            }
            let low = slot.state != SlotState::Armed || slot.mark.0 < floor;
            low.then_some(Command::SetMark { named, to: floor })
        }
    };
    if let Some(command) = command {
        let words = match approved {
            None => {
                let key = advice::which_key(key_index.unwrap_or_default());
                format!("add chain {id}, {key}, mark {floor}.")
            }
            Some(slot) => format!("move the mark of {id} from {} to {floor}.", slot.mark),
        };
        let target = session.target;
        let question = Question { command, words: &words, target, talk };
        match file {
            Some(_) => question.ask_for_mark(&mut access, id, floor, confirmed).await?,
            // There is nothing in which the intention could stand.
            None => question.ask(&mut access.reach).await?,
        };
    }

    // What counts is what stands now, on the device that was asked.
    let now = access.session().await?;
    let key = access.key_of(chain).await?;
    let slot = now
        .chain(id)
        .filter(|slot| slot.state == SlotState::Armed && now.installation == session.installation)
        .ok_or_else(|| Failure::unavailable(advice::adopt_changed(id)))?;
    if let Err(failure) = right_key(config, id, key, pin, file.as_ref(), advice::adopt_other_key) {
        // What the owner approved is the mark of another key.
        if file.is_some() {
            access.forget_intention(id).await?;
        }
        return Err(failure);
    }
    if known.is_none() {
        not_above(config, id, key, floor, talk, advice::approved_below_signed).await?;
    }
    // The state file first: cut in between, the old installation is pinned still, and the command can be run again.
    // A daemon that serves the chain writes the file alone: what we read may be older than its last signature.
    let to = Pin { key, installation: now.installation, imported: slot.is_imported() };
    access.adopt(id, &now, ChainFile::new(id, key, floor), || pins.adopt(id, to)).await?;
    let replaced = pin.is_some_and(|pin| pin.installation != now.installation);
    Ok(Adopted { installation: now.installation, key, mark: slot.mark.0, replaced })
}

/// The number of the key with which the chain is to be added. One that is certain to be of another key than the pinned one is
/// refused before the owner is asked.
async fn right_number(
    access: &mut Access,
    id: &str,
    key_index: Option<u32>,
    pin: Option<Pin>,
) -> Result<u32, Failure> {
    let imported = pin.is_some_and(|pin| pin.imported);
    let needed = if imported { advice::adopt_imported(id) } else { advice::adopt_needs_index(id) };
    let key_index = key_index.ok_or_else(|| Failure::usage(needed.clone()))?;
    match KeyIndex::new(key_index) {
        Ok(KeyIndex::Imported(number)) => {
            let number = KeyNumber::of(number);
            let key = keys::public(&mut access.reach, number).await?;
            if pin.is_some_and(|pin| pin.key != *key.as_bytes()) {
                return Err(Failure::usage(advice::adopt_other_number(id, number)));
            }
        }
        _ if imported => return Err(Failure::usage(needed)),
        _ => {}
    }
    Ok(key_index)
}

/// What the host remembers, the mark that a device must have at least, and the place that the operator repeated to go
/// below.
async fn remembered(
    config: &Chosen<'_>,
    wanted: &Wanted<'_>,
    pin: Option<Pin>,
    session: &Session,
    access: &mut Access,
) -> Result<(Option<ChainFile>, Hrs, Option<Hrs>), Failure> {
    let Wanted { id, last_signed, below, .. } = *wanted;
    let same = pin.is_some_and(|pin| pin.installation == session.installation);
    let found = match pin {
        Some(pin) => ChainFile::load(&config.state_dir, id, &pin).map(Some),
        // The pin is lost; what was requested need not be.
        None => ChainFile::found(&config.state_dir, id),
    };
    let (file, host) = match found {
        Ok(Some(file)) => {
            let fell = |stopped: &Stopped| stopped.installation() == session.installation;
            if let Some(stopped) = file.record.stopped.filter(fell) {
                return Err(Failure::unavailable(advice::adopt_fallen(&advice::stopped(id, stopped))));
            }
            let floor = access.floor(id).await?.unwrap_or_else(|| file.record.floor());
            (Some(file), Some(floor))
        }
        Ok(None) => (None, None),
        Err(ChainFileError::Io(path, error)) => return Err(ChainFileError::Io(path, error).into()),
        // The pinned installation's own mark is the truth, so a lost file can be made from it.
        Err(_) if same && session.chain(id).is_some_and(|slot| slot.state == SlotState::Armed) => {
            return Ok((None, last_signed.unwrap_or_default(), None));
        }
        Err(error) if last_signed.is_none() => {
            return Err(Failure::usage(advice::adopt_needs_mark(id, &error.cause())));
        }
        Err(_) => (None, None),
    };
    let known = Known::new(host, session, id);
    let Some(said) = last_signed else {
        if file.is_none() {
            let why = format!("{id} has no pin in this state directory");
            return Err(Failure::usage(advice::adopt_needs_mark(id, &why)));
        }
        return Ok((file, known.floor(), None));
    };
    // What the operator says is a lower bound of what was signed, unless the place known is repeated.
    if said >= known.floor() || below.is_none() && file.is_some() {
        return Ok((file, said.max(known.floor()), None));
    }
    let confirmed = known.allows(id, said, below)?;
    Ok((file, said, confirmed))
}
