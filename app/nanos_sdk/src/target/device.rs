//! What there is to know of a device by which it differs from the others.

/// The facts of one device. `cargo xtask`, the gate, the loaders' files and the tests read them here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// As the command line and the names of files have it.
    pub name: &'static str,
    /// As its maker has it.
    pub title: &'static str,
    /// Its number in GET_VERSION (docs/protocol.md).
    pub number: u8,
    /// What the system and the loaders call it (`TARGET_ID` of the SDK).
    pub id: &'static str,
    /// The firmware that a loader names, if it has to name one.
    pub firmware: &'static str,
    /// What the section `ledger.target` calls it.
    pub target: &'static str,
    /// Which of Ledger's graphics the section `ledger.sdk_graphics` names: the emulator tells texts by it.
    pub graphics: &'static str,
    /// The emulator's `--model`.
    pub model: &'static str,
    /// API levels of the systems on which the image was tried, ascending; none on a device whose system has no level.
    pub levels: &'static [Level],
    /// Flash of an app, as it is linked. It runs somewhere else.
    pub flash: Memory,
    /// Statics and stack, as they are linked.
    pub ram: Memory,
    /// Whether RAM, too, lies somewhere else at run time: then it is reached by r9 alone.
    pub ram_moves: bool,
    /// Whether the image carries its own install parameters, behind the NVM.
    pub parameters: bool,
    /// Bytes of one flash page: an erase costs a whole one, and the loader wants code and NVM to end on one.
    pub page: usize,
    /// Pairs of pages in the ring of each of the three slots, unless the build says otherwise.
    pub pairs: [u16; 3],
    /// Erases that a page is rated for.
    pub erases: Erases,
    /// Width and height of the screen in pixels.
    pub screen: (u8, u8),
    /// The icon beside the app's name, as the system keeps it, in hexadecimal.
    pub icon: &'static str,
    /// The same as a picture: a file in `app/signer`.
    pub icon_file: &'static str,
}

/// A level of the system's interface, which a loader has to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Its number.
    pub number: u8,
    /// The same, as the section `ledger.api_level` has it.
    pub text: &'static str,
    /// Versions of the system that have it.
    pub systems: &'static str,
}

/// A region of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Its first address.
    pub start: u32,
    /// Its bytes.
    pub length: u32,
}

/// How often a page may be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erases {
    /// The figure.
    pub rated: u32,
    /// Nobody has published one, so this is a guess.
    pub assumed: bool,
    /// Where it comes from.
    pub source: &'static str,
}

impl Memory {
    /// The first address behind it.
    pub const fn end(&self) -> u32 {
        self.start + self.length
    }
}

impl Device {
    /// The newest level.
    pub fn newest(&self) -> Option<u8> {
        self.levels.last().map(|level| level.number)
    }

    /// Pages of an app whose rings have so many pairs: two of the installation record, twenty-four of the chain
    /// table, three rings.
    pub const fn pages(pairs: [u16; 3]) -> u16 {
        2 + 24 + 2 * (pairs[0] + pairs[1] + pairs[2])
    }

    /// Flash of an app with so many pages, one more included: it is declared to the system and never written, since the
    /// emulator refuses a write that ends where the area does.
    pub const fn nvm(&self, pages: u16) -> usize {
        (pages as usize + 1) * self.page
    }

    /// Whether an app with so many pages fits beside the most code that it may have, and its install parameters.
    pub const fn has_room(&self, pages: u16) -> bool {
        self.nvm(pages) + CODE + self.page <= self.flash.length as usize
    }
}

/// Bytes of code for which the rings leave room. `xtask/budget.toml` says how many an image may have.
const CODE: usize = 75 * 512;
