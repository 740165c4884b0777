//! Reading and writing the fields of commands and replies.

use super::Status;
use crate::canonical::ChainId;
use crate::hrs::Hrs;

/// Reads fields in order; every shortage is the same error.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Status> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(Status::Length)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Status> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Status> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Status> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Status> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn hrs(&mut self) -> Result<Hrs, Status> {
        Hrs::from_bytes(&self.array()?).ok_or(Status::Length)
    }

    /// A length byte and that many bytes of a chain id.
    pub(super) fn chain(&mut self) -> Result<ChainId<'a>, Status> {
        let len = self.u8()?;
        ChainId::new(self.take(usize::from(len))?).ok_or(Status::Length)
    }

    pub(super) fn end(self) -> Result<(), Status> {
        if self.0.is_empty() { Ok(()) } else { Err(Status::Length) }
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
