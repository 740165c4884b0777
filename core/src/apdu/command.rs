//! What the host asks.

use super::wire::{Reader, Writer};
use super::{CLA, MAX_CHUNK, MAX_COMMAND, Status, ins};
use crate::backup;
use crate::canonical::{ChainId, Frame};
use crate::hrs::Hrs;

/// A chain in one of its lives: state changes name both, never a slot number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// The chain.
    pub chain: ChainId<'a>,
    /// Its incarnation, as GET_STATUS reports it.
    pub incarnation: u16,
}

/// The private key that is to be imported: a seed of Ed25519, as RFC 8032 has it. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed<'a>(pub &'a [u8; 32]);

impl core::fmt::Debug for Seed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed")
    }
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// -> [`super::Version`].
    GetVersion,
    /// -> the name, ASCII.
    GetAppName,
    /// -> 32 bytes.
    GetPublicKey(ChainId<'a>),
    /// Sign bytes, length prefix included -> [`super::Signed`].
    Sign(&'a [u8]),
    /// The sign bytes of a short vote extension, length prefix included -> 64-byte signature.
    SignExtension(&'a [u8]),
    /// A vote extension that comes in chunks, twice -> nothing.
    BeginExtension(Frame<'a>),
    /// A chunk of its content -> nothing, or after the last byte of the second pass a 64-byte signature.
    ExtensionChunk {
        /// Where it begins: from 0 to twice the content's length, the second pass behind the first.
        position: u32,
        /// At least one byte, none of them of the other pass.
        bytes: &'a [u8],
    },
    /// -> [`super::ChainStatus`].
    GetStatus {
        /// 0, 1 or 2.
        slot: u8,
    },
    /// -> [`super::EventList`].
    GetEvents,
    /// -> ticket.
    AddChain {
        /// The chain.
        chain: ChainId<'a>,
        /// The key: a [`KeyIndex`](crate::key_index::KeyIndex) as it is written.
        key_index: u32,
        /// The first mark: nothing at or below it will be signed.
        mark: Hrs,
    },
    /// -> ticket.
    SetMark {
        /// Which chain.
        named: Named<'a>,
        /// The mark wanted.
        to: Hrs,
    },
    /// -> ticket.
    RemoveChain(Named<'a>),
    /// -> ticket.
    ShowKey(ChainId<'a>),
    /// A tombstone -> ticket.
    ForgetChain(Named<'a>),
    /// A damaged slot, which has no other name -> ticket.
    ForgetSlot(u8),
    /// Ticket -> [`super::PromptStatus`].
    PromptStatus(u32),
    /// Ticket -> nothing.
    PromptCancel(u32),
    /// A private key -> ticket.
    ImportKey(Seed<'a>),
    /// The [backup](crate::backup) of a key -> ticket.
    RestoreKey(&'a [u8; backup::SIZE]),
    /// The number of an imported key -> its backup.
    BackupKey(u8),
    /// The number of an imported key -> ticket.
    ForgetKey(u8),
    /// -> [`super::KeyList`].
    GetKeys,
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Asks for a signature, of a vote or proposal or of an extension.
    Signs,
    /// Tells something, and changes nothing.
    Reads,
    /// The same of imported keys, each of which is opened for it: keys are derived before the answer.
    Opens,
    /// Puts a question to the owner; what the owner approves may change marks and chains.
    Asks,
    /// Follows such a question, or takes it back.
    Watches,
}

impl<'a> Command<'a> {
    /// What the command is for.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Sign(_)
            | Self::SignExtension(_)
            | Self::BeginExtension(_)
            | Self::ExtensionChunk { .. } => Kind::Signs,
            Self::GetVersion
            | Self::GetAppName
            | Self::GetPublicKey(_)
            | Self::GetStatus { .. }
            | Self::GetEvents => Kind::Reads,
            Self::BackupKey(_) | Self::GetKeys => Kind::Opens,
            Self::AddChain { .. }
            | Self::SetMark { .. }
            | Self::RemoveChain(_)
            | Self::ShowKey(_)
            | Self::ForgetChain(_)
            | Self::ForgetSlot(_)
            | Self::ImportKey(_)
            | Self::RestoreKey(_)
            | Self::ForgetKey(_) => Kind::Asks,
            Self::PromptStatus(_) | Self::PromptCancel(_) => Kind::Watches,
        }
    }

    /// Reads a command; an error is the status word to answer.
    pub fn parse(apdu: &'a [u8]) -> Result<Self, Status> {
        // Four bytes are a command without data and without a length.
        let (header, length, data) = match apdu {
            [cla, instruction, p1, p2] => ([cla, instruction, p1, p2], 0, &[][..]),
            [cla, instruction, p1, p2, length, data @ ..] => {
                ([cla, instruction, p1, p2], usize::from(*length), data)
            }
            _ => return Err(Status::Length),
        };
        let [cla, instruction, p1, p2] = header;
        if *cla != CLA {
            return Err(Status::Class);
        }
        if length != data.len() {
            return Err(Status::Length);
        }
        let mut reader = Reader::new(data);
        let command = match *instruction {
            ins::GET_VERSION => Self::GetVersion,
            ins::GET_APP_NAME => Self::GetAppName,
            ins::GET_PUBLIC_KEY => Self::GetPublicKey(reader.chain()),
            ins::SIGN => Self::Sign(reader.rest()),
            ins::SIGN_EXTENSION => match *p1 {
                WHOLE => Self::SignExtension(reader.rest()),
                BEGIN => Self::BeginExtension(frame(&mut reader)),
                CHUNK => Self::ExtensionChunk { position: reader.u32(), bytes: reader.rest() },
                _ => return Err(Status::Parameters),
            },
            ins::GET_STATUS => Self::GetStatus { slot: reader.u8() },
            ins::GET_EVENTS => Self::GetEvents,
            ins::ADD_CHAIN => {
                Self::AddChain { chain: reader.chain(), key_index: reader.u32(), mark: reader.hrs() }
            }
            ins::SET_MARK => Self::SetMark { named: named(&mut reader), to: reader.hrs() },
            ins::REMOVE_CHAIN => Self::RemoveChain(named(&mut reader)),
            ins::SHOW_KEY => Self::ShowKey(reader.chain()),
            // An empty name and a slot number: a damaged slot has no chain to name.
            ins::FORGET_CHAIN if data.first() == Some(&0) => {
                let [_, slot] = reader.array();
                Self::ForgetSlot(slot)
            }
            ins::FORGET_CHAIN => Self::ForgetChain(named(&mut reader)),
            ins::PROMPT_STATUS => Self::PromptStatus(reader.u32()),
            ins::PROMPT_CANCEL => Self::PromptCancel(reader.u32()),
            ins::IMPORT_KEY => imported(reader.rest())?,
            ins::BACKUP_KEY => Self::BackupKey(reader.u8()),
            ins::FORGET_KEY => Self::ForgetKey(reader.u8()),
            ins::GET_KEYS => Self::GetKeys,
            _ => return Err(Status::Instruction),
        };
        if (*p1, *p2) != (command.p1(), 0) {
            return Err(Status::Parameters);
        }
        reader.end()?;
        Ok(command)
    }

    /// The instruction byte.
    pub const fn ins(&self) -> u8 {
        match self {
            Self::GetVersion => ins::GET_VERSION,
            Self::GetAppName => ins::GET_APP_NAME,
            Self::GetPublicKey(_) => ins::GET_PUBLIC_KEY,
            Self::Sign(_) => ins::SIGN,
            Self::SignExtension(_) | Self::BeginExtension(_) | Self::ExtensionChunk { .. } => {
                ins::SIGN_EXTENSION
            }
            Self::GetStatus { .. } => ins::GET_STATUS,
            Self::GetEvents => ins::GET_EVENTS,
            Self::AddChain { .. } => ins::ADD_CHAIN,
            Self::SetMark { .. } => ins::SET_MARK,
            Self::RemoveChain(_) => ins::REMOVE_CHAIN,
            Self::ShowKey(_) => ins::SHOW_KEY,
            Self::ForgetChain(_) | Self::ForgetSlot(_) => ins::FORGET_CHAIN,
            Self::PromptStatus(_) => ins::PROMPT_STATUS,
            Self::PromptCancel(_) => ins::PROMPT_CANCEL,
            Self::ImportKey(_) | Self::RestoreKey(_) => ins::IMPORT_KEY,
            Self::BackupKey(_) => ins::BACKUP_KEY,
            Self::ForgetKey(_) => ins::FORGET_KEY,
            Self::GetKeys => ins::GET_KEYS,
        }
    }

    /// The first parameter: which of the forms of one instruction this is.
    pub const fn p1(&self) -> u8 {
        match self {
            Self::BeginExtension(_) => BEGIN,
            Self::ExtensionChunk { .. } => CHUNK,
            _ => WHOLE,
        }
    }

    /// The bytes of the command; returns their length, or `None` if a message is longer than a device takes.
    pub fn encode(&self, out: &mut [u8; MAX_COMMAND]) -> Option<usize> {
        out[..5].copy_from_slice(&[CLA, self.ins(), self.p1(), 0, 0]);
        let mut writer = Writer { out: &mut out[5..], len: 0 };
        match self {
            Self::GetVersion | Self::GetAppName | Self::GetEvents | Self::GetKeys => {}
            Self::GetPublicKey(chain) | Self::ShowKey(chain) => writer.chain(*chain),
            Self::Sign(bytes) | Self::SignExtension(bytes) => {
                if bytes.len() > MAX_COMMAND - 5 {
                    return None;
                }
                writer.put(bytes);
            }
            Self::BeginExtension(frame) => {
                writer.put(&frame.height.value().to_le_bytes());
                writer.put(&frame.round.value().to_le_bytes());
                writer.put(&frame.length.to_le_bytes());
                writer.chain(frame.chain);
            }
            Self::ExtensionChunk { position, bytes } => {
                if bytes.len() > MAX_CHUNK {
                    return None;
                }
                writer.put(&position.to_le_bytes());
                writer.put(bytes);
            }
            Self::GetStatus { slot: number } | Self::BackupKey(number) | Self::ForgetKey(number) => {
                writer.put(&[*number]);
            }
            Self::AddChain { chain, key_index, mark } => {
                writer.chain(*chain);
                writer.put(&key_index.to_le_bytes());
                writer.put(&mark.to_bytes());
            }
            Self::SetMark { named, to } => {
                put_named(&mut writer, named);
                writer.put(&to.to_bytes());
            }
            Self::RemoveChain(named) | Self::ForgetChain(named) => put_named(&mut writer, named),
            Self::ForgetSlot(slot) => writer.put(&[0, *slot]),
            Self::PromptStatus(ticket) | Self::PromptCancel(ticket) => writer.put(&ticket.to_le_bytes()),
            Self::ImportKey(Seed(seed)) => writer.put(*seed),
            Self::RestoreKey(backup) => writer.put(*backup),
        }
        let len = writer.len;
        out[4] = len as u8;
        Some(5 + len)
    }
}

/// The forms of SIGN_EXTENSION, by P1; every other instruction has the first only.
const WHOLE: u8 = 0;
const BEGIN: u8 = 1;
const CHUNK: u8 = 2;

fn frame<'a>(reader: &mut Reader<'a>) -> Frame<'a> {
    let Hrs { height, round, .. } = reader.precommit();
    Frame { length: reader.u32(), height, round, chain: reader.chain() }
}

/// A key by its length: a backup is longer.
fn imported(bytes: &[u8]) -> Result<Command<'_>, Status> {
    if let Ok(seed) = bytes.try_into() {
        return Ok(Command::ImportKey(Seed(seed)));
    }
    bytes.try_into().map(Command::RestoreKey).map_err(|_| Status::Length)
}

fn named<'a>(reader: &mut Reader<'a>) -> Named<'a> {
    Named { chain: reader.chain(), incarnation: reader.u16() }
}

fn put_named(writer: &mut Writer<'_>, named: &Named<'_>) {
    writer.chain(named.chain);
    writer.put(&named.incarnation.to_le_bytes());
}
