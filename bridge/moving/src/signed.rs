//! The recorded signature: it tells of which chain, place and key a state is.

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_core::canonical::{ChainId, Message};
use highwater_core::hrs::Hrs;

use crate::key::PublicKey;
use crate::refusal::Refusal;
use crate::warning::Warning;

/// What a state holds of the last signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub(crate) bytes: Vec<u8>,
    /// 64 bytes; of a cosigner 32 too.
    pub(crate) signature: Vec<u8>,
}

/// What it has to belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Belongs<'a> {
    pub(crate) file: &'a str,
    pub(crate) chain: ChainId<'a>,
    pub(crate) place: Hrs,
    pub(crate) key: Option<&'a PublicKey>,
    /// A share of a signature, which no key verifies alone.
    pub(crate) share: bool,
}

impl Signed {
    /// Every part that can be compared agrees. What cannot is given back.
    pub(crate) fn belongs(&self, to: Belongs<'_>) -> Result<Vec<Warning>, Refusal> {
        let (file, mut warnings) = (|| to.file.to_owned(), Vec::new());
        match Message::parse(&self.bytes) {
            Ok(message) if message.chain != to.chain => {
                let [found, chain] = [message.chain, to.chain].map(|chain| chain.as_str().to_owned());
                return Err(Refusal::OtherChain { file: file(), found, chain });
            }
            Ok(message) if message.hrs != to.place => {
                return Err(Refusal::OtherPlace { file: file(), place: to.place, signed: message.hrs });
            }
            Ok(_) => {}
            Err(_) => warnings.push(Warning::NotRead { file: file() }),
        }
        match to.key {
            _ if to.share => warnings.push(Warning::Share { file: file() }),
            None => warnings.push(Warning::NotVerified { file: file() }),
            Some(key) if !self.verifies(key) => return Err(Refusal::OtherKey { file: file() }),
            Some(_) => {}
        }
        Ok(warnings)
    }

    fn verifies(&self, key: &PublicKey) -> bool {
        let Ok(signature) = Signature::from_slice(&self.signature) else { return false };
        VerifyingKey::from_bytes(key.as_bytes())
            .is_ok_and(|key| key.verify_strict(&self.bytes, &signature).is_ok())
    }
}
