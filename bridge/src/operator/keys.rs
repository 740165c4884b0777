//! Keys that were made elsewhere: imported, listed, backed up, restored and forgotten. Neither daemon nor records are
//! needed: a computer that is never on a network is the best place for it.

use highwater_core::apdu::{Command, HeldKey, KeyList, KeyState, PromptStatus, Seed};
use highwater_core::backup::{self, Backup};
use highwater_moving::{Key, PublicKey, Source};

use super::backup_file::{self, Copy};
use super::prompt::{Question, Talk};
use super::reach::Reach;
use crate::advice;
use crate::device::{Fault, KeyNumber, Session, SlotState};
use crate::failure::Failure;
use crate::old_signer::OldFile;

/// A key file that was read, and what is to be said before the device asks.
pub(crate) struct Read {
    pub(crate) key: Key,
    /// Permission bits that let others read the file.
    pub(crate) open_to_others: Option<u32>,
    pub(crate) path: String,
}

/// Reads the key file of a signer. Nothing of it is changed.
pub(crate) fn read(source: Source, file: &OldFile) -> Result<Read, Failure> {
    if !file.exists() {
        return Err(Failure::usage(advice::no_key_file(file.path())));
    }
    let key = Key::read(source, file.path(), file.bytes())?;
    Ok(Read { key, open_to_others: file.open_to_others(), path: file.path().to_owned() })
}

/// A key that the device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) number: KeyNumber,
    pub(crate) public: PublicKey,
    /// It was there before this command.
    pub(crate) before: bool,
}

/// A place for a key that is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: KeyNumber,
    /// `None`: it is damaged.
    pub(crate) public: Option<PublicKey>,
    /// The chains that sign with it, also those that were removed.
    pub(crate) chains: Vec<String>,
}

/// Puts a key on the device; one that is there already is not asked for again.
pub(crate) async fn import(reach: &mut Reach, key: &Key, talk: &mut dyn Talk) -> Result<Held, Failure> {
    let session = able(reach).await?;
    if let Some(held) = find(reach, &key.public).await? {
        return Ok(held);
    }
    let command = Command::ImportKey(Seed(key.seed.expose()));
    let words = format!("import the key of the address {}.", advice::address(&key.public));
    asked(reach, &session, command, &words, &key.public, talk).await
}

/// The same, of a backup that was made with the same seed words.
pub(crate) async fn restore(reach: &mut Reach, copy: &Copy, talk: &mut dyn Talk) -> Result<Held, Failure> {
    let session = able(reach).await?;
    let public = PublicKey::new(copy.backup.public);
    if let Some(held) = find(reach, &public).await? {
        return Ok(held);
    }
    let command = Command::RestoreKey(&copy.bytes);
    let words = format!("import the key of the address {}.", advice::address(&public));
    asked(reach, &session, command, &words, &public, talk).await
}

/// What is believed is what stands on the device afterwards.
async fn asked(
    reach: &mut Reach,
    session: &Session,
    command: Command<'_>,
    words: &str,
    public: &PublicKey,
    talk: &mut dyn Talk,
) -> Result<Held, Failure> {
    let question = Question { command, words, target: session.target, talk };
    let PromptStatus { incarnation, .. } = question.ask(reach).await?;
    match find(reach, public).await? {
        Some(held) if u16::from(held.number.number()) == incarnation => Ok(Held { before: false, ..held }),
        _ => Err(Failure::unavailable(advice::imported_otherwise(&advice::address(public)))),
    }
}

/// The backup of a key, proved to be of that key as far as a host can.
pub(crate) async fn backup(reach: &mut Reach, number: KeyNumber) -> Result<Copy, Failure> {
    able(reach).await?;
    let places = list(reach).await?;
    let malformed = || Failure::unavailable(advice::fault(&Fault::Malformed("BACKUP_KEY")));
    let data = reach.ask(Command::BackupKey(number.number())).await?;
    let bytes: [u8; backup::SIZE] = data.try_into().map_err(|_| malformed())?;
    let backup = Backup::parse(&bytes, backup_file::sha256).map_err(|_| malformed())?;
    let of = |place: &&Place| place.number == number;
    let public = places.iter().find(of).and_then(|place| place.public);
    match public {
        Some(public) if *public.as_bytes() == backup.public => Ok(Copy { bytes, backup }),
        _ => Err(malformed()),
    }
}

/// Frees the place of a key.
pub(crate) async fn forget(reach: &mut Reach, number: KeyNumber, talk: &mut dyn Talk) -> Result<(), Failure> {
    let session = able(reach).await?;
    let places = list(reach).await?;
    let place = places.iter().find(|place| place.number == number);
    let place = place.ok_or_else(|| Failure::usage(advice::no_imported_key(number)))?;
    if let Some(chain) = place.chains.first() {
        return Err(Failure::usage(advice::key_in_use(number, chain)));
    }
    let what = place.public.map_or_else(|| "a damaged key".to_owned(), |public| advice::address(&public));
    let words = format!("forget imported key {number}, {what}.");
    let command = Command::ForgetKey(number.number());
    Question { command, words: &words, target: session.target, talk }.ask(reach).await?;
    Ok(())
}

/// All places that are not free.
pub(crate) async fn list(reach: &mut Reach) -> Result<Vec<Place>, Failure> {
    let session = able(reach).await?;
    let data = reach.ask(Command::GetKeys).await?;
    let keys = KeyList::parse(&data)
        .ok_or_else(|| Failure::unavailable(advice::fault(&Fault::Malformed("GET_KEYS"))))?;
    let place = |HeldKey { number, state, public }: HeldKey| {
        let number = KeyNumber::of(number);
        let named = session.slots.iter().filter(|slot| slot.key_index == number.index());
        let named = named.filter(|slot| !matches!(slot.state, SlotState::Free | SlotState::Damaged));
        let chains = named.map(|slot| slot.chain.clone()).collect();
        Place { number, public: (state == KeyState::Held).then(|| PublicKey::new(public)), chains }
    };
    Ok(keys.keys.into_iter().flatten().map(place).collect())
}

/// The key with this number.
pub(crate) async fn public(reach: &mut Reach, number: KeyNumber) -> Result<PublicKey, Failure> {
    let places = list(reach).await?;
    let place = places.iter().find(|place| place.number == number);
    let place = place.ok_or_else(|| Failure::usage(advice::no_imported_key(number)))?;
    place.public.ok_or_else(|| Failure::unavailable(advice::damaged_key(number)))
}

/// The key at an index of the seed: the app tells it of a chain alone.
pub(crate) async fn derived(reach: &mut Reach, index: u32) -> Result<PublicKey, Failure> {
    let session = reach.session().await?;
    let known = session.slots.iter().find(|slot| slot.key_index == index && !slot.state.is_removed());
    let known = known.ok_or_else(|| Failure::usage(advice::index_without_chain(index)))?;
    let chain = super::chain_id(&known.chain)?;
    Ok(PublicKey::new(reach.key_of(chain).await?))
}

async fn find(reach: &mut Reach, public: &PublicKey) -> Result<Option<Held>, Failure> {
    let places = list(reach).await?;
    let place = places.iter().find(|place| place.public.as_ref() == Some(public));
    Ok(place.map(|place| Held { number: place.number, public: *public, before: true }))
}

/// A device that is sound, and imports keys.
async fn able(reach: &mut Reach) -> Result<Session, Failure> {
    let session = reach.session().await?;
    if session.target.is_store() {
        return Err(Failure::usage(advice::keys_of_a_store()));
    }
    match session.imports_keys {
        true => Ok(session),
        false => Err(Failure::unavailable(advice::imports_no_keys(session.app))),
    }
}
