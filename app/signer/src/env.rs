//! BOLOS behind the signer's view of the world.

use highwater_core::env::{
    Cell, Crypto, CryptoFailed, Device, Diagnostics, Erases, Flash, Life, SECRET_INDEX, Streaming,
    WriteFailed,
};
use highwater_core::journal::{Precommitted, Signable};
use highwater_core::layout::SLOTS;
use highwater_core::rings::Rings;
use nanos_sdk::{Key, Nonce, Nvm, Os, hardened, stack, target};

// The runtime declares the pages, the signer maps them; neither knows the other.
const RINGS: Rings = Rings::new(target::PAIRS);
const _: () = assert!(RINGS.pages() == target::PAGES);

/// `44'/118'/0'/0'`: the app is installed for what lies below it, and the system refuses every other path.
pub const PATH: [u32; 4] = [hardened(44), hardened(118), hardened(0), hardened(0)];

/// `44'/118'/0'/0'/index'`.
const fn path(index: u32) -> [u32; 5] {
    let [purpose, coin, account, change] = PATH;
    [purpose, coin, account, change, hardened(index)]
}

/// The keys of the slots, in RAM, so that a signature derives nothing.
pub(crate) type Keys = [Key; SLOTS];

/// What a key signs for: one life of a chain in a slot.
pub(crate) fn purpose(life: Life) -> u32 {
    u32::from(life.slot) << 16 | u32::from(life.incarnation)
}

/// What a key signs for of which only the public half is wanted. No slot has this number.
const NOTHING: u32 = u32::MAX;

/// The parts of the system the signer works with.
pub(crate) struct World<'a> {
    pub(crate) nvm: &'a mut Nvm,
    pub(crate) crypto: &'a mut nanos_sdk::Crypto,
    pub(crate) os: &'a Os,
    pub(crate) keys: &'a mut Keys,
    pub(crate) stream: &'a mut nanos_sdk::Stream,
}

impl Flash for World<'_> {
    #[inline(always)]
    fn rings(&self) -> Rings {
        RINGS
    }

    #[inline(always)]
    fn erases(&self) -> Erases {
        let target::Erases { rated, assumed, .. } = target::THIS.erases;
        Erases { rated, assumed }
    }

    fn read(&self, page: u16, cell: &mut Cell) {
        self.nvm.read(page, cell);
    }

    fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        self.nvm.write(page, cell).map_err(|_| WriteFailed)
    }
}

impl World<'_> {
    /// Derives a key that signs.
    fn derive(
        crypto: &mut nanos_sdk::Crypto,
        index: u32,
        purpose: u32,
        key: &mut Key,
    ) -> Result<(), CryptoFailed> {
        if index >= SECRET_INDEX {
            return Err(CryptoFailed);
        }
        crypto.derive(&path(index), purpose, key).map_err(|_| CryptoFailed)
    }
}

impl Crypto for World<'_> {
    fn sha256(&mut self, data: &[u8]) -> [u8; 32] {
        self.crypto.sha256(data)
    }

    fn random(&mut self, out: &mut [u8]) {
        self.crypto.random(out);
    }

    #[inline(never)]
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        let mut secret = [0; 32];
        self.crypto.secret(&path(SECRET_INDEX), message, &mut secret).map_err(|_| CryptoFailed)?;
        Ok(secret)
    }

    #[inline(never)]
    fn public_key(&mut self, index: u32) -> Result<[u8; 32], CryptoFailed> {
        let mut key = Key::empty();
        Self::derive(self.crypto, index, NOTHING, &mut key)?;
        Ok(*key.public())
    }

    fn load_key(&mut self, life: Life, index: u32) -> Result<(), CryptoFailed> {
        let key = self.keys.get_mut(usize::from(life.slot)).ok_or(CryptoFailed)?;
        Self::derive(self.crypto, index, purpose(life), key)
    }

    #[inline(never)]
    fn take_key(
        &mut self,
        key: &[u8; 32],
        life: Option<Life>,
        public: &mut [u8; 32],
    ) -> Result<(), CryptoFailed> {
        match life {
            Some(life) => {
                let room = self.keys.get_mut(usize::from(life.slot)).ok_or(CryptoFailed)?;
                take(key, purpose(life), room, public)
            }
            None => take_for_nothing(key, public),
        }
    }

    fn loaded_key(&self, slot: u8) -> Result<[u8; 32], CryptoFailed> {
        match self.keys.get(usize::from(slot)) {
            Some(key) if key.is_loaded() => Ok(*key.public()),
            _ => Err(CryptoFailed),
        }
    }

    fn unload_key(&mut self, slot: u8) {
        if let Some(key) = self.keys.get_mut(usize::from(slot)) {
            key.wipe();
        }
    }

    fn refuse_key(&mut self, slot: u8) {
        if let Some(key) = self.keys.get_mut(usize::from(slot)) {
            key.refuse();
        }
    }

    fn sign(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        self.sign_with(what, Nonce::OfMessage, signature)
    }

    fn sign_extension(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        self.sign_with(what, Nonce::Fresh, signature)
    }
}

/// Apart, so that the way down to a signature has no room for a key on the stack.
#[inline(never)]
fn take_for_nothing(key: &[u8; 32], public: &mut [u8; 32]) -> Result<(), CryptoFailed> {
    take(key, NOTHING, &mut Key::empty(), public)
}

#[inline(never)]
fn take(key: &[u8; 32], purpose: u32, room: &mut Key, public: &mut [u8; 32]) -> Result<(), CryptoFailed> {
    nanos_sdk::Crypto::import(key, purpose, room).map_err(|_| CryptoFailed)?;
    *public = *room.public();
    Ok(())
}

impl World<'_> {
    #[inline(never)]
    fn sign_with(
        &mut self,
        what: Signable<'_>,
        nonce: Nonce,
        signature: &mut [u8; 64],
    ) -> Result<(), CryptoFailed> {
        let life = what.life();
        let key = self.keys.get_mut(usize::from(life.slot)).ok_or(CryptoFailed)?;
        key.sign(purpose(life), what.bytes(), nonce, signature).map_err(|_| CryptoFailed)
    }

    /// The stream, and the key of a slot; of one that is none, no key.
    fn stream(&mut self, slot: u8) -> Result<(&mut nanos_sdk::Stream, &mut Key), CryptoFailed> {
        let key = self.keys.get_mut(usize::from(slot)).ok_or(CryptoFailed)?;
        Ok((self.stream, key))
    }
}

impl Streaming for World<'_> {
    fn stream_begin(&mut self, life: Life) -> Result<(), CryptoFailed> {
        let (stream, key) = self.stream(life.slot)?;
        stream.begin(key, purpose(life)).map_err(|_| CryptoFailed)
    }

    fn stream_feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed> {
        self.stream.feed(bytes).map_err(|_| CryptoFailed)
    }

    fn stream_digest(&mut self, digest: &mut [u8; 32]) -> Result<(), CryptoFailed> {
        self.stream.digest(digest).map_err(|_| CryptoFailed)
    }

    fn stream_turn(&mut self, life: Life) -> Result<(), CryptoFailed> {
        let (stream, key) = self.stream(life.slot)?;
        stream.turn(key, purpose(life)).map_err(|_| CryptoFailed)
    }

    fn stream_sign(&mut self, permit: Precommitted, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        let life = permit.life();
        let (stream, key) = self.stream(life.slot)?;
        stream.sign(key, purpose(life), signature).map_err(|_| CryptoFailed)
    }

    fn stream_wipe(&mut self) {
        self.stream.wipe();
    }
}

impl Device for World<'_> {
    fn unlocked(&self) -> bool {
        self.os.unlocked()
    }

    fn stack_intact(&self) -> bool {
        stack::intact()
    }

    fn target(&self) -> u8 {
        target::THIS.number
    }

    fn diagnostics(&self) -> Diagnostics {
        Diagnostics {
            stack: stack::high_water(),
            page_writes: self.nvm.writes(),
            derivations: self.crypto.derivations(),
        }
    }
}
