//! Keys that were made elsewhere: what is asked about them, and which key a chain signs with.
//!
//! A plain key lives inside one command. It is sealed before the owner is asked, what the owner is shown comes out of what was
//! sealed, and sealed is what waits for the press.

use super::Signer;
use super::ask::{Ask, Stage, What};
use super::prompts::outcome;
use crate::apdu::{Command, PromptState, PromptStatus, Reply, Seed, Status};
use crate::backup;
use crate::chains::{self, Entry, Found};
use crate::env::{CryptoFailed, Env, Life, SECRET_INDEX};
use crate::installation;
use crate::key_index::KeyIndex;
use crate::layout::{Installation, KEYS, SLOTS, Sealed};
use crate::seal;
use crate::vault;

impl Signer {
    /// What is asked about a key, and its public key. Of a key that is to be held, `ask` gets it sealed.
    ///
    /// `reply` is where a backup is made for a moment.
    #[inline(never)]
    pub(super) fn ask_key<E: Env>(
        &mut self,
        env: &mut E,
        command: &Command<'_>,
        ask: &mut Ask,
        public: &mut [u8; 32],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        // Sealing and opening is work that only somebody may ask for who may ask the owner.
        self.prompts.free(env)?;
        let sealed = match command {
            Command::ImportKey(Seed(key)) => seal::seal(env, key)?,
            Command::RestoreKey(bytes) => *backup::sealed(bytes),
            Command::ForgetKey(key) => return self.ask_forget_key(env, *key, ask, public),
            _ => return Err(Status::Internal),
        };
        let opened = backup_of(env, &sealed, reply);
        let forged = match command {
            Command::RestoreKey(bytes) => reply.as_bytes() != *bytes,
            _ => false,
        };
        *public = *backup::public(reply.as_bytes());
        reply.clear();
        if forged && opened != Err(Status::StorageFault) {
            // Whoever guesses at the sealing key may do so as often as the owner may be asked in vain.
            self.prompts.pause();
            return Err(Status::BadBackup);
        }
        opened.map_err(|_| Status::StorageFault)?;
        ask.chain.keep(&sealed);
        ask.what = What::Import;
        ask.slot = self.place_for(env, &sealed, public)?;
        Ok(())
    }

    #[inline(never)]
    fn ask_forget_key<E: Env>(
        &mut self,
        env: &mut E,
        key: u8,
        ask: &mut Ask,
        public: &mut [u8; 32],
    ) -> Result<(), Status> {
        (ask.what, ask.slot) = (What::ForgetKey, key);
        match vault::open(env, &self.installation, key.into(), None, public) {
            Ok(()) => {}
            Err(Status::NoKey) => return Err(Status::NoKey),
            // Nothing is lost with it, and its place would be.
            Err(_) => ask.what = What::ForgetLostKey,
        }
        self.is_unused(env, key)
    }

    /// Where a key goes: where it is, else where a chain misses it, else a free place, else one that was lost.
    #[inline(never)]
    fn place_for<E: Env>(&self, env: &mut E, sealed: &Sealed, public: &[u8; 32]) -> Result<u8, Status> {
        let (mut free, mut lost) = (None, None);
        let mut entry = Entry::BLANK;
        for key in 0..KEYS as u8 {
            match vault::read(env, &self.installation, key.into(), &mut entry) {
                Ok(()) if entry.sealed() == Some(sealed) => return Ok(key),
                Ok(()) => {}
                Err(Status::NoKey) => free = free.or(Some(key)),
                Err(_) => match self.user(env, key) {
                    None => lost = lost.or(Some(key)),
                    // A chain names a place only by its number: no other key may come under it.
                    Some(slot) => {
                        chains::read(env, &self.installation, slot, &mut entry);
                        if *entry.key() == chains::fingerprint(env, public) {
                            return Ok(key);
                        }
                    }
                },
            }
        }
        free.or(lost).ok_or(Status::VaultFull)
    }

    /// A slot whose chain, or one that was removed, has an imported key.
    fn user<E: Env>(&self, env: &mut E, key: u8) -> Option<u8> {
        self.sharing(env, u8::MAX, KeyIndex::Imported(key).number())
    }

    fn is_unused<E: Env>(&self, env: &mut E, key: u8) -> Result<(), Status> {
        if self.user(env, key).is_some() {
            return Err(Status::KeyInUse);
        }
        // What a slot names whose entry is lost, nobody can tell; also where it was lost since the start.
        let mut entry = Entry::BLANK;
        let mut slots = 0..SLOTS as u8;
        match slots.any(|slot| chains::read(env, &self.installation, slot, &mut entry) == Found::Damaged) {
            true => Err(Status::StorageDamaged),
            false => Ok(()),
        }
    }

    /// Does what was approved about a key, if it may still be done.
    #[inline(never)]
    pub(super) fn commit_key<E: Env>(&mut self, env: &mut E, ask: &Ask) -> Result<Stage, Status> {
        let approved = self.prompts.work.approved.take().ok_or(Status::Internal)?;
        let key = ask.slot;
        let Some(Ok(public)) = self.prompts.key() else { return Err(Status::Internal) };
        let mut sealed = None;
        if ask.what == What::Import {
            sealed = Some(ask.chain.key());
            if self.place_for(env, ask.chain.key(), public)? != key {
                return Err(Status::Internal);
            }
            // A chain that missed the key is read again in the turns that follow, and before the prompt ends: whoever is told
            // that the key is back may have it sign.
            (0..SLOTS as u8).for_each(|slot| self.load.again(slot, self.slots[slot].state));
        } else {
            self.is_unused(env, key)?;
        }
        vault::commit(env, &self.installation, key.into(), sealed, public, approved).map(|()| Stage::Conclude)
    }

    /// Ends a prompt about a key: the outcome tells its number.
    pub(super) fn conclude_key(&mut self, ask: &Ask) {
        let told = match self.prompts.work.refused {
            0 => outcome(PromptState::Approved),
            status => PromptStatus { status, ..outcome(PromptState::Failed) },
        };
        self.prompts.finish(PromptStatus { incarnation: ask.slot.into(), ..told });
    }

    /// Answers BACKUP_KEY.
    #[inline(never)]
    pub(super) fn backup<E: Env>(&mut self, env: &mut E, key: u8, reply: &mut Reply) -> Result<(), Status> {
        self.sound()?;
        let mut entry = Entry::BLANK;
        vault::read(env, &self.installation, key.into(), &mut entry)?;
        // What passes its check was sealed here.
        backup_of(env, entry.sealed().ok_or(Status::NoKey)?, reply).map_err(|_| Status::StorageFault)
    }

    /// Answers GET_KEYS, which [`crate::apdu::KeyList::parse`] reads.
    #[inline(never)]
    pub(super) fn list_keys<E: Env>(&mut self, env: &mut E, reply: &mut Reply) -> Result<(), Status> {
        self.sound()?;
        reply.put(&[KEYS as u8]);
        for key in 0..KEYS as u32 {
            let mut public = [0; 32];
            let state = match vault::open(env, &self.installation, key, None, &mut public) {
                Ok(()) => 2,
                Err(Status::NoKey) => 1,
                Err(_) => 3,
            };
            reply.put(&[state]);
            reply.put(&public);
        }
        Ok(())
    }
}

/// Whether a chain may sign with the key of this number: of an imported one, that it is there.
#[inline(never)]
pub(super) fn exists<E: Env>(env: &mut E, installation: &Installation, key_index: u32) -> Result<(), Status> {
    match KeyIndex::imported(key_index) {
        Some(key) => {
            let mut entry = Entry::BLANK;
            vault::read(env, installation, key, &mut entry)
        }
        // What it is for is the seal.
        None if key_index == SECRET_INDEX => Err(Status::Length),
        None => Ok(()),
    }
}

/// The public key of a number. Keeps nothing.
pub(super) fn public<E: Env>(
    env: &mut E,
    installation: &Installation,
    key_index: u32,
    public: &mut [u8; 32],
) -> Result<(), CryptoFailed> {
    match KeyIndex::imported(key_index) {
        Some(key) => return vault::open(env, installation, key, None, public).map_err(|_| CryptoFailed),
        None => *public = env.public_key(key_index)?,
    }
    Ok(())
}

/// Has the key of a number in RAM for a life.
#[inline(never)]
pub(super) fn load<E: Env>(
    env: &mut E,
    installation: &Installation,
    life: Life,
    key_index: u32,
) -> Result<(), CryptoFailed> {
    let Some(key) = KeyIndex::imported(key_index) else {
        return env.load_key(life, key_index);
    };
    vault::open(env, installation, key, Some(life), &mut [0; 32]).map_err(|_| CryptoFailed)
}

/// Opens a sealed key and writes the one backup of it that this seed makes, and takes back. Nothing, if it does not open.
#[inline(never)]
fn backup_of<E: Env>(env: &mut E, sealed: &Sealed, made: &mut Reply) -> Result<(), Status> {
    let mut public = [0; 32];
    seal::open(env, sealed, None, &mut public)?;
    let fingerprint = installation::recorded_fingerprint(env)?;
    backup::put(env, &fingerprint, &public, sealed, made);
    Ok(())
}
