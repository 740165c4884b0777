//! The APDU: commands, replies and status words, both directions, for both ends of the cable.
//!
//! `E0 INS P1 00 Lc data` in, `data SW1 SW2` out. Numbers little endian but for the status word. An HRS is
//! 13 bytes (height 8, round 4, step 1). docs/protocol.md says what each command answers in each state.
//!
//! Rules of evolution: a number once given keeps its meaning; a reply may grow at its end, so a reader
//! ignores what follows the fields it knows; anything else raises [`PROTOCOL`], and a device says down to
//! which version ([`PROTOCOL_MIN`]) it can still be talked to.

mod command;
mod reply;
mod status;
mod wire;

pub use command::{Command, Kind, Named, Seed};
pub use reply::{
    ChainState, ChainStatus, EventList, HeldKey, KeyList, KeyState, MAX_REPLY, PromptState, PromptStatus,
    Reply, Signed, Version,
};
pub use status::Status;

/// Class byte of every command.
pub const CLA: u8 = 0xe0;
/// The protocol spoken here.
pub const PROTOCOL: u8 = 1;
/// The oldest protocol a host may speak to this device.
pub const PROTOCOL_MIN: u8 = 1;
/// The longest command: header and 255 bytes, the longest a short APDU may be.
pub const MAX_COMMAND: usize = 5 + 255;
/// The most bytes of an extension's content in one chunk.
pub const MAX_CHUNK: usize = MAX_COMMAND - 5 - 4;
/// Of the flags of GET_VERSION: vote extensions are signed.
pub const SIGNS_EXTENSIONS: u8 = 1;
/// Of the flags of GET_VERSION: nobody has published how often a page of this device may be erased, and the figure of
/// GET_STATUS is assumed.
pub const ERASES_ASSUMED: u8 = 2;

/// Of the flags of GET_VERSION: keys are imported, backed up and forgotten.
pub const IMPORTS_KEYS: u8 = 4;

/// Instruction bytes.
pub mod ins {
    /// App version, protocol, target, installation.
    pub const GET_VERSION: u8 = 0x03;
    /// The app's name.
    pub const GET_APP_NAME: u8 = 0x04;
    /// The key of a chain.
    pub const GET_PUBLIC_KEY: u8 = 0x05;
    /// A canonical vote or proposal.
    pub const SIGN: u8 = 0x06;
    /// A vote extension: P1 0 whole, 1 begin, 2 chunk.
    pub const SIGN_EXTENSION: u8 = 0x07;
    /// The state of a slot.
    pub const GET_STATUS: u8 = 0x10;
    /// The last refusals and faults.
    pub const GET_EVENTS: u8 = 0x11;
    /// Approve a chain.
    pub const ADD_CHAIN: u8 = 0x20;
    /// Move a mark.
    pub const SET_MARK: u8 = 0x21;
    /// Remove a chain.
    pub const REMOVE_CHAIN: u8 = 0x22;
    /// Show a key.
    pub const SHOW_KEY: u8 = 0x23;
    /// Free a tombstone or a damaged slot.
    pub const FORGET_CHAIN: u8 = 0x24;
    /// What became of a prompt.
    pub const PROMPT_STATUS: u8 = 0x2e;
    /// Take a prompt back.
    pub const PROMPT_CANCEL: u8 = 0x2f;
    /// Import a key, or restore its backup.
    pub const IMPORT_KEY: u8 = 0x30;
    /// The backup of an imported key.
    pub const BACKUP_KEY: u8 = 0x32;
    /// Free the place of an imported key.
    pub const FORGET_KEY: u8 = 0x33;
    /// The imported keys.
    pub const GET_KEYS: u8 = 0x34;
}
