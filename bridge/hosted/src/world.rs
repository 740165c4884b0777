//! What the signer stands on: the file, the key store, the stream, all of `core::env`.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use highwater_core::env::{
    Cell, Crypto, CryptoFailed, Device, Diagnostics, Erases, Flash, Life, Streaming, WriteFailed,
};
use highwater_core::journal::{Precommitted, Signable};
use highwater_core::layout::SLOTS;
use highwater_core::rings::Rings;
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::keys::signature;
use crate::streaming::Stream;
use crate::{Fault, FlashFile, KeyFault, KeyStore, RINGS};

/// A key that a chain signs with.
struct Loaded {
    life: Life,
    from: Source,
    public: [u8; 32],
}

/// Where it is.
enum Source {
    /// In the store, by this index.
    Store(u32),
    /// Here: it was imported. It is wiped when it is dropped.
    Vault(Box<SigningKey>),
}

pub(crate) struct World {
    flash: FlashFile,
    store: Box<dyn KeyStore>,
    /// The key of each slot.
    loaded: [Option<Loaded>; SLOTS],
    stream: Stream,
    derivations: u16,
    /// The first fault of the store.
    failed: Option<KeyFault>,
}

impl World {
    pub(crate) fn new(flash: FlashFile, store: Box<dyn KeyStore>) -> Self {
        Self {
            flash,
            store,
            loaded: [const { None }; SLOTS],
            stream: Stream::default(),
            derivations: 0,
            failed: None,
        }
    }

    /// Why nothing of this world may be believed any more, if so. The memory's name is looked at.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.flash.look_at_name();
        self.flash.fault().or_else(|| self.failed.clone().map(Fault::Keys))
    }

    /// Whether the store is there.
    pub(crate) fn ping(&mut self) {
        let _ = self.ask(|store| store.ping());
    }

    /// One call of the store; its fault is kept. A store that failed is not asked again: it is to be opened anew.
    fn ask<T>(
        &mut self,
        call: impl FnOnce(&mut dyn KeyStore) -> Result<T, KeyFault>,
    ) -> Result<T, CryptoFailed> {
        if self.failed.is_some() {
            return Err(CryptoFailed);
        }
        call(&mut *self.store).map_err(|fault| {
            self.failed = Some(fault).filter(|fault| !matches!(fault, KeyFault::NoKey(_)));
            CryptoFailed
        })
    }

    /// A key that was loaded for another life signs nothing.
    fn key(&self, life: Life) -> Result<&Loaded, CryptoFailed> {
        self.held(life.slot).and_then(|key| if key.life == life { Ok(key) } else { Err(CryptoFailed) })
    }

    fn held(&self, slot: u8) -> Result<&Loaded, CryptoFailed> {
        self.loaded.get(usize::from(slot)).and_then(Option::as_ref).ok_or(CryptoFailed)
    }

    /// A store may be wrong, or another one than it was: its signature is verified before it leaves.
    fn signed(&mut self, life: Life, message: &[u8]) -> Result<[u8; 64], CryptoFailed> {
        let Loaded { from, public, .. } = self.key(life)?;
        let (index, public) = match from {
            Source::Store(index) => (*index, *public),
            Source::Vault(key) => return Ok(signature(key, message)),
        };
        self.ask(|store| {
            let signature = store.sign(index, message)?;
            VerifyingKey::from_bytes(&public)
                .and_then(|key| key.verify_strict(message, &Signature::from_bytes(&signature)))
                .map_err(|_| KeyFault::Broken(format!("a signature of key {index} does not verify")))?;
            Ok(signature)
        })
    }
}

impl Flash for World {
    fn rings(&self) -> Rings {
        RINGS
    }

    /// A file does not wear; the figure is that of a Nano S, as the rings are.
    fn erases(&self) -> Erases {
        Erases { rated: 500_000, assumed: false }
    }

    fn read(&self, page: u16, cell: &mut Cell) {
        self.flash.read(page, cell);
    }

    fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        self.flash.write(page, cell)
    }
}

impl Crypto for World {
    fn sha256(&mut self, data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }

    fn random(&mut self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }

    fn identity(&mut self) -> Result<[u8; 32], CryptoFailed> {
        self.derivations = self.derivations.wrapping_add(1);
        self.ask(|store| store.identity())
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        self.derivations = self.derivations.wrapping_add(1);
        self.ask(|store| store.secret(message))
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], CryptoFailed> {
        self.derivations = self.derivations.wrapping_add(1);
        self.ask(|store| store.public_key(index))
    }

    fn load_key(&mut self, life: Life, index: u32) -> Result<(), CryptoFailed> {
        let public = self.public_key(index)?;
        self.loaded[usize::from(life.slot)] = Some(Loaded { life, from: Source::Store(index), public });
        Ok(())
    }

    fn take_key(
        &mut self,
        key: &[u8; 32],
        life: Option<Life>,
        public: &mut [u8; 32],
    ) -> Result<(), CryptoFailed> {
        if !self.store.takes_keys() {
            return Err(CryptoFailed);
        }
        let key = Box::new(SigningKey::from_bytes(key));
        *public = key.verifying_key().to_bytes();
        if let Some(life) = life {
            let key = Loaded { life, from: Source::Vault(key), public: *public };
            self.loaded[usize::from(life.slot)] = Some(key);
        }
        Ok(())
    }

    fn loaded_key(&self, slot: u8) -> Result<[u8; 32], CryptoFailed> {
        self.held(slot).map(|key| key.public)
    }

    fn unload_key(&mut self, slot: u8) {
        let Some(Loaded { from: Source::Store(index), .. }) = self.loaded[usize::from(slot)].take() else {
            return;
        };
        // Two chains may sign with one key.
        if !self
            .loaded
            .iter()
            .flatten()
            .any(|other| matches!(other.from, Source::Store(used) if used == index))
        {
            self.store.forget(index);
        }
    }

    fn sign(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        *signature = self.signed(what.life(), what.bytes())?;
        Ok(())
    }

    /// Of a store the nonce is its own business.
    fn sign_extension(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        self.sign(what, signature)
    }
}

impl Streaming for World {
    fn stream_begin(&mut self, life: Life) -> Result<(), CryptoFailed> {
        self.stream.wipe();
        self.key(life)?;
        self.stream.begin(self.store.longest());
        Ok(())
    }

    fn stream_feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed> {
        self.stream.feed(bytes)
    }

    fn stream_digest(&mut self, digest: &mut [u8; 32]) -> Result<(), CryptoFailed> {
        *digest = self.stream.digest()?;
        Ok(())
    }

    fn stream_turn(&mut self, _life: Life) -> Result<(), CryptoFailed> {
        self.stream.turn()
    }

    fn stream_sign(&mut self, permit: Precommitted, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        let message = self.stream.end()?;
        *signature = self.signed(permit.life(), &message)?;
        Ok(())
    }

    fn stream_wipe(&mut self) {
        self.stream.wipe();
    }
}

impl Device for World {
    fn unlocked(&self) -> bool {
        true
    }

    fn stack_intact(&self) -> bool {
        true
    }

    fn target(&self) -> u8 {
        self.store.target()
    }

    fn diagnostics(&self) -> Diagnostics {
        Diagnostics { stack: 0, page_writes: self.flash.writes(), derivations: self.derivations }
    }
}
