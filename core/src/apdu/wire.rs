//! Reading and writing the fields of commands and replies.

use super::Status;
use crate::canonical::ChainId;
use crate::hrs::{Hrs, Step};

/// Reads fields in order, and remembers if there were too few or one was malformed.
///
/// After that it reads zeros, so what was read means nothing until [`Reader::end`] or [`Reader::is_sound`] says so.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    sound: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data, sound: true }
    }

    #[inline(never)]
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, tail) = self.rest.split_at_checked(len).unwrap_or_else(|| {
            self.sound = false;
            (&[], &[])
        });
        self.rest = tail;
        head
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).first_chunk().map_or([0; N], |bytes| *bytes)
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.take(1).first().map_or(0, |byte| *byte)
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(super) fn hrs(&mut self) -> Hrs {
        let bytes = self.array();
        self.checked(&bytes)
    }

    /// Height and round of a precommit.
    pub(super) fn precommit(&mut self) -> Hrs {
        let mut bytes = [Step::Precommit as u8; Hrs::SIZE];
        bytes[..12].copy_from_slice(&self.array::<12>());
        self.checked(&bytes)
    }

    #[inline(never)]
    fn checked(&mut self, bytes: &[u8; Hrs::SIZE]) -> Hrs {
        let hrs = Hrs::from_bytes(bytes);
        self.demand(hrs.is_some());
        hrs.unwrap_or_default()
    }

    /// A length byte and that many bytes of a chain id.
    #[inline(never)]
    pub(super) fn chain(&mut self) -> ChainId<'a> {
        let len = self.u8();
        let chain = ChainId::new(self.take(usize::from(len)));
        self.demand(chain.is_some());
        chain.unwrap_or(ChainId::NONE)
    }

    pub(super) fn demand(&mut self, holds: bool) {
        self.sound &= holds;
    }

    /// Whether every field was there and well formed.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// The same, and that nothing is left.
    pub(super) fn end(self) -> Result<(), Status> {
        if self.sound && self.rest.is_empty() { Ok(()) } else { Err(Status::Length) }
    }
}

/// Appends to a buffer whose size the caller has proved.
pub(super) struct Writer<'a> {
    pub(super) out: &'a mut [u8],
    pub(super) len: usize,
}

impl Writer<'_> {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.out[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    pub(super) fn chain(&mut self, chain: ChainId<'_>) {
        self.put(&[chain.as_bytes().len() as u8]);
        self.put(chain.as_bytes());
    }
}
