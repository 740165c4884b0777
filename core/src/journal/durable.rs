//! What may be signed, and on the strength of which record.

use super::Record;
use crate::canonical::{Extension, MAX_MESSAGE, Whole};
use crate::env::{Crypto, Life};
use crate::hrs::Hrs;
use crate::judge::Signed;
use crate::statement::{self, Said};

/// One record of one slot that stands in flash twice, each copy read back.
///
/// Only the journal makes one: after an append, and after it has read both copies of the newest record. Nothing can be
/// signed but what this very record names, with the key of the life it is of: each way to a signing call consumes it.
///
/// Nobody else can make one, not even of a record that stands:
///
/// ```compile_fail
/// use highwater_core::journal::{Durable, Record};
/// let forged = Durable { slot: 0, record: &Record::NONE };
/// ```
///
/// ```compile_fail
/// use highwater_core::journal::{Durable, Record};
/// let forged = Durable::new(0, &Record::NONE);
/// ```
///
/// And one permits one signature:
///
/// ```compile_fail
/// use highwater_core::{canonical::MAX_MESSAGE, env::Crypto, journal::Durable, statement::Said};
/// fn twice(crypto: &mut impl Crypto, durable: Durable<'_>, said: &Said<'_>, other: &Said<'_>) {
///     let mut bytes = [0; MAX_MESSAGE];
///     durable.statement(crypto, said, &mut bytes);
///     durable.statement(crypto, other, &mut bytes);
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Durable<'r> {
    slot: u8,
    record: &'r Record,
}

impl<'r> Durable<'r> {
    pub(super) fn new(slot: u8, record: &'r Record) -> Self {
        Self { slot, record }
    }

    /// The record.
    pub fn record(&self) -> &'r Record {
        self.record
    }

    /// The life that the record is of.
    pub fn life(&self) -> Life {
        Life { slot: self.slot, incarnation: self.record.incarnation }
    }

    /// The statement that the record names, at the record's time; of any other statement nothing. One hash: many
    /// milliseconds have gone by since the message was hashed, and a bit of the command may have fallen over.
    #[inline(never)]
    pub fn statement<'b>(
        self,
        crypto: &mut impl Crypto,
        said: &Said<'_>,
        bytes: &'b mut [u8; MAX_MESSAGE],
    ) -> Option<Signable<'b>> {
        let Signed::Statement(named, at) = self.record.statement() else { return None };
        let length = said.message().at(at).encode(bytes);
        // In this order: what falls over before the bytes were written is seen, and what does after changes them no more.
        let still = statement::digest(crypto, said.message());
        (named == said.asked().statement && named == still)
            .then_some(Signable { life: self.life(), bytes: &bytes[..length] })
    }

    /// An extension of the precommit that the record is, signed and for a block; of any other place nothing.
    pub fn extension<'b>(self, whole: &Whole<'b>) -> Option<Signable<'b>> {
        let Extension { height, round, .. } = *whole.extension();
        let life = self.precommitted(&Hrs::precommit(height, round))?.life;
        Some(Signable { life, bytes: whole.bytes() })
    }

    /// The permit for extensions of `precommit`, if the record is that: signed, and for a block.
    pub fn precommitted(self, precommit: &Hrs) -> Option<Precommitted> {
        self.record
            .is_precommit(precommit)
            .then(|| Precommitted { life: self.life(), serial: self.record.serial })
    }
}

/// What a signing call takes: the bytes, and the life whose key signs them.
///
/// ```compile_fail
/// use highwater_core::{env::Life, journal::Signable};
/// let forged = Signable { life: Life { slot: 0, incarnation: 1 }, bytes: b"anything" };
/// ```
#[derive(Debug)]
#[must_use]
pub struct Signable<'a> {
    life: Life,
    bytes: &'a [u8],
}

impl<'a> Signable<'a> {
    /// Whose key signs.
    pub fn life(&self) -> Life {
        self.life
    }

    /// What is signed.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// The permit for extensions that come in chunks: the record of their precommit.
///
/// ```compile_fail
/// use highwater_core::{env::Life, journal::Precommitted};
/// let forged = Precommitted { life: Life { slot: 0, incarnation: 1 }, serial: 1 };
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Precommitted {
    life: Life,
    serial: u32,
}

impl Precommitted {
    /// The life that the precommit is of.
    pub fn life(&self) -> Life {
        self.life
    }

    /// The serial of its record.
    pub fn serial(&self) -> u32 {
        self.serial
    }
}
