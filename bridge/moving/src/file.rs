//! The file that is read, for what is said of it.

use crate::refusal::Refusal;
use crate::source::Source;

/// Whose it is, and where it was found.
pub(crate) struct File<'a> {
    pub(crate) source: Source,
    pub(crate) path: &'a str,
}

impl File<'_> {
    pub(crate) fn name(&self) -> String {
        self.path.to_owned()
    }

    /// Its text, if it is one of fewer than `most` bytes; `none` if it is none.
    pub(crate) fn text<'b>(
        &self,
        most: usize,
        bytes: &'b [u8],
        none: impl FnOnce(&'static str) -> Refusal,
    ) -> Result<&'b str, Refusal> {
        if bytes.len() >= most {
            return Err(Refusal::TooLong { file: self.name(), bytes: bytes.len(), most });
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(Refusal::ByteOrderMark { file: self.name() });
        }
        std::str::from_utf8(bytes).map_err(|_| none("it is not text"))
    }
}
