//! Images of the non-volatile memory.
//!
//! Speculos fills an app's NVM with zeros at the start, copies the file over it if it is told to load one, and then
//! writes every `nvm_write` through to that file. At each start it moves the file away before it writes a new one, so
//! images are kept here, in memory, and every instance gets its own copy.

use std::io::ErrorKind;
use std::path::Path;

use crate::Error;

/// Bytes of a cell: what an app keeps on one page, from its beginning on.
pub const CELL: usize = 64;

/// The file of the main app, in the current folder of Speculos.
pub(crate) const FILE: &str = "main_nvram.bin";

/// The content of an app's NVM. Whatever lies behind its last byte is zero, so two images are equal if they differ only
/// in zeros at their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    bytes: Vec<u8>,
    page: usize,
}

impl Image {
    /// An image of these bytes, from the first page on, of flash with pages of so many bytes.
    pub fn new(bytes: &[u8], page: usize) -> Self {
        assert!(page >= CELL, "a page holds a cell");
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut bytes = bytes[..used].to_vec();
        bytes.resize(used.next_multiple_of(page), 0);
        Self { bytes, page }
    }

    /// An image on which nothing was ever written.
    pub fn blank(page: usize) -> Self {
        Self::new(&[], page)
    }

    /// Reads an image from a file. One that does not exist is blank: nothing was ever written.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn load(file: &Path, page: usize) -> Result<Self, Error> {
        match std::fs::read(file) {
            Ok(bytes) => Ok(Self::new(&bytes, page)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::blank(page)),
            Err(error) => Err(Error::file("read the NVM image", file)(error)),
        }
    }

    /// Writes the image to a file.
    ///
    /// # Errors
    /// [`Error::Io`]; the file may then hold a part of it.
    pub fn save(&self, file: &Path) -> Result<(), Error> {
        std::fs::write(file, &self.bytes).map_err(Error::file("write the NVM image", file))
    }

    /// Whether it is all zero.
    pub fn is_blank(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes up to the end of the last page that is not zero.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The cell of a page.
    pub fn page(&self, index: usize) -> [u8; CELL] {
        let page = self.bytes.chunks_exact(self.page).nth(index);
        page.and_then(<[u8]>::first_chunk).copied().unwrap_or([0; CELL])
    }

    /// The same image with another content of one page: a tear, or rot. Where a page is larger than its cell, the whole page
    /// is spoilt: behind the cell stands what nobody wrote.
    #[must_use]
    pub fn with_page(&self, index: usize, content: &[u8; CELL]) -> Self {
        const SPOILT: u8 = 0xa5;
        if self.page(index) == *content {
            return self.clone();
        }
        let mut bytes = self.bytes.clone();
        let end = (index + 1) * self.page;
        bytes.resize(bytes.len().max(end), 0);
        let page = &mut bytes[end - self.page..end];
        page[..CELL].copy_from_slice(content);
        page[CELL..].fill(SPOILT);
        Self::new(&bytes, self.page)
    }

    /// The indices of the pages whose cells differ, ascending.
    pub fn changed_pages(&self, other: &Self) -> Vec<usize> {
        let pages = self.bytes.len().max(other.bytes.len()) / self.page;
        (0..pages).filter(|&index| self.page(index) != other.page(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 64;

    fn image(bytes: &[u8]) -> Image {
        Image::new(bytes, PAGE)
    }

    #[test]
    fn zeros_at_the_end_make_no_difference() {
        assert_eq!(image(&[7, 0, 0]), image(&[&[7], &[0; 200][..]].concat()));
        assert_eq!(image(&[7]).bytes().len(), PAGE);
        assert_ne!(image(&[7]), image(&[0, 7]));
        assert!(image(&[0; 4096]).is_blank() && Image::blank(PAGE).is_blank());
    }

    #[test]
    fn a_large_page_holds_one_cell_and_is_spoilt_whole() {
        let before = Image::new(&[1; 1024], 512);
        assert_eq!((before.page(1), before.page(2)), ([1; CELL], [0; CELL]));
        let after = before.with_page(1, &[2; CELL]);
        assert_eq!((after.page(0), after.page(1)), ([1; CELL], [2; CELL]));
        assert_eq!(after.bytes()[512 + CELL..], [0xa5; 512 - CELL]);
        assert_eq!(before.changed_pages(&after), [1]);
        assert_eq!(after.with_page(1, &[2; CELL]), after, "what stands there already spoils nothing");
    }

    #[test]
    fn changed_pages_are_named_from_both_sides() {
        let before = image(&[1; 3 * PAGE]);
        let after = before.with_page(1, &[2; PAGE]).with_page(5, &[3; PAGE]);
        assert_eq!(before.changed_pages(&after), [1, 5]);
        assert_eq!(after.changed_pages(&before), [1, 5]);
        assert_eq!(after.changed_pages(&after), [0_usize; 0]);
        assert_eq!(after.page(4), [0; PAGE], "between the old end and the new page");
        assert_eq!(after.page(99), [0; PAGE]);
    }

    #[test]
    fn a_page_set_to_zero_shortens_the_image() {
        let image = Image::blank(PAGE).with_page(2, &[9; PAGE]);
        assert!(image.with_page(2, &[0; PAGE]).is_blank());
        assert_eq!(image.with_page(0, &[1; PAGE]).changed_pages(&image), [0]);
    }

    #[test]
    fn files_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image");
        assert!(Image::load(&file, PAGE).unwrap().is_blank(), "no file yet");
        let image = image(&[5; 100]);
        image.save(&file).unwrap();
        assert_eq!(Image::load(&file, PAGE).unwrap(), image);
        let error = Image::load(folder.path(), PAGE).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the NVM image"), "{error}");
    }
}
