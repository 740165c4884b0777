//! What stands in the HSM: keys, in domains, with capabilities.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use sha2::Sha256;

pub(crate) const AUTHENTICATION: u8 = 2;
pub(crate) const ASYMMETRIC: u8 = 3;
const YUBICO_AES: u8 = 0x26;
pub(crate) const ED25519: u8 = 0x2e;

pub(crate) struct Object {
    pub(crate) label: [u8; 40],
    pub(crate) domains: u16,
    pub(crate) may: u64,
    pub(crate) delegated: u64,
    pub(crate) algorithm: u8,
    pub(crate) secret: [u8; 32],
}

pub(crate) struct Objects(BTreeMap<(u16, u8), Object>);

impl Objects {
    pub(crate) fn of_the_factory() -> Self {
        let mut objects = Self(BTreeMap::new());
        objects.put_auth_key(1, b"password", u64::MAX);
        objects
    }

    pub(crate) fn put_auth_key(&mut self, id: u16, password: &[u8], may: u64) {
        let mut secret = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password, b"Yubico", 10_000, &mut secret);
        let object =
            Object { label: [0; 40], domains: u16::MAX, may, delegated: may, algorithm: YUBICO_AES, secret };
        self.0.insert((id, AUTHENTICATION), object);
    }

    pub(crate) fn put_key(&mut self, id: u16, secret: [u8; 32], may: u64) {
        let object =
            Object { label: [0; 40], domains: u16::MAX, may, delegated: 0, algorithm: ED25519, secret };
        self.0.insert((id, ASYMMETRIC), object);
    }

    /// Puts one where none is.
    pub(crate) fn put(&mut self, id: u16, kind: u8, object: Object) -> Result<u16, u8> {
        let free = (1..u16::MAX).find(|id| !self.0.contains_key(&(*id, kind))).ok_or(0x07)?;
        let id = if id == 0 { free } else { id };
        if self.0.contains_key(&(id, kind)) {
            return Err(0x11);
        }
        self.0.insert((id, kind), object);
        Ok(id)
    }

    pub(crate) fn get(&self, id: u16, kind: u8) -> Option<&Object> {
        self.0.get(&(id, kind))
    }

    pub(crate) fn delete(&mut self, id: u16, kind: u8) -> bool {
        self.0.remove(&(id, kind)).is_some()
    }

    /// Of an authentication key.
    pub(crate) fn secret(&self, id: u16) -> Option<[u8; 32]> {
        self.get(id, AUTHENTICATION).map(|object| object.secret)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (u16, u8, &Object)> {
        self.0.iter().map(|((id, kind), object)| (*id, *kind, object))
    }
}

impl Object {
    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.secret)
    }
}
