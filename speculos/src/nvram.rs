//! Images of the non-volatile memory.
//!
//! Speculos fills an app's NVM with zeros at the start, copies the file over it if it is told to load one, and then
//! writes every `nvm_write` through to that file. At each start it moves the file away before it writes a new one, so
//! images are kept here, in memory, and every instance gets its own copy.

use std::io::ErrorKind;
use std::path::Path;

use crate::Error;

/// Bytes of a flash page of the Nano S.
pub const PAGE: usize = 64;

/// The file of the main app, in the current folder of Speculos.
pub(crate) const FILE: &str = "main_nvram.bin";

/// The content of an app's NVM. Whatever lies behind its last byte is zero, so two images are equal if they differ only
/// in zeros at their end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image(Vec<u8>);

impl Image {
    /// An image of these bytes, from the first page on.
    pub fn new(bytes: &[u8]) -> Self {
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut bytes = bytes[..used].to_vec();
        bytes.resize(used.next_multiple_of(PAGE), 0);
        Self(bytes)
    }

    /// Reads an image from a file. One that does not exist is blank: nothing was ever written.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn load(file: &Path) -> Result<Self, Error> {
        match std::fs::read(file) {
            Ok(bytes) => Ok(Self::new(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file("read the NVM image", file)(error)),
        }
    }

    /// Writes the image to a file.
    ///
    /// # Errors
    /// [`Error::Io`]; the file may then hold a part of it.
    pub fn save(&self, file: &Path) -> Result<(), Error> {
        std::fs::write(file, &self.0).map_err(Error::file("write the NVM image", file))
    }

    /// Whether it is all zero.
    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes up to the end of the last page that is not zero.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// One page.
    pub fn page(&self, index: usize) -> [u8; PAGE] {
        self.0.chunks_exact(PAGE).nth(index).map_or([0; PAGE], |page| page.try_into().expect("a whole page"))
    }

    /// The same image with another content of one page: a tear, or rot.
    #[must_use]
    pub fn with_page(&self, index: usize, content: &[u8; PAGE]) -> Self {
        let mut bytes = self.0.clone();
        let end = (index + 1) * PAGE;
        bytes.resize(bytes.len().max(end), 0);
        bytes[end - PAGE..end].copy_from_slice(content);
        Self::new(&bytes)
    }

    /// The indices of the pages that differ, ascending.
    pub fn changed_pages(&self, other: &Self) -> Vec<usize> {
        let pages = self.0.len().max(other.0.len()) / PAGE;
        (0..pages).filter(|&index| self.page(index) != other.page(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_make_no_difference() {
        assert_eq!(Image::new(&[7, 0, 0]), Image::new(&[&[7], &[0; 200][..]].concat()));
        assert_eq!(Image::new(&[7]).bytes().len(), PAGE);
        assert_ne!(Image::new(&[7]), Image::new(&[0, 7]));
        assert!(Image::new(&[0; 4096]).is_blank() && Image::default().is_blank());
    }

    #[test]
    fn changed_pages_are_named_from_both_sides() {
        let before = Image::new(&[1; 3 * PAGE]);
        let after = before.with_page(1, &[2; PAGE]).with_page(5, &[3; PAGE]);
        assert_eq!(before.changed_pages(&after), [1, 5]);
        assert_eq!(after.changed_pages(&before), [1, 5]);
        assert_eq!(after.changed_pages(&after), [0_usize; 0]);
        assert_eq!(after.page(4), [0; PAGE], "between the old end and the new page");
        assert_eq!(after.page(99), [0; PAGE]);
    }

    #[test]
    fn a_page_set_to_zero_shortens_the_image() {
        let image = Image::default().with_page(2, &[9; PAGE]);
        assert!(image.with_page(2, &[0; PAGE]).is_blank());
        assert_eq!(image.with_page(0, &[1; PAGE]).changed_pages(&image), [0]);
    }

    #[test]
    fn files_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image");
        assert!(Image::load(&file).unwrap().is_blank(), "no file yet");
        let image = Image::new(&[5; 100]);
        image.save(&file).unwrap();
        assert_eq!(Image::load(&file).unwrap(), image);
        let error = Image::load(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the NVM image"), "{error}");
    }
}
