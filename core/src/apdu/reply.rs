//! What the device answers.

use super::Status;
use super::wire::{Reader, Writer};
use crate::canonical::{ChainId, MAX_CHAIN_ID, Timestamp};
use crate::env::Diagnostics;
use crate::events::{Event, Events, KEPT};
use crate::hrs::Hrs;
use crate::layout::KEYS;

/// The longest reply, status word included: the event list.
pub const MAX_REPLY: usize = 10 + KEPT * EVENT + 2;
const EVENT: usize = 2 + 1 + 2 + Hrs::SIZE;
const _: () = assert!(MAX_REPLY <= 255);
const _: () = assert!(ChainStatus::MAX + 2 <= MAX_REPLY);
const _: () = assert!(KeyList::MAX + 2 <= MAX_REPLY);
const _: () = assert!(crate::backup::SIZE + 2 <= MAX_REPLY);

/// A reply under construction: data, then one status word.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: [u8; MAX_REPLY],
    len: usize,
}

impl Reply {
    /// An empty one.
    pub const fn new() -> Self {
        Self { bytes: [0; MAX_REPLY], len: 0 }
    }

    /// The bytes so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Starts again.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends data.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8]) {
        let mut writer = Writer { out: &mut self.bytes, len: self.len };
        writer.put(bytes);
        self.len = writer.len;
    }

    /// Appends the lowest `size` bytes of a number, little endian.
    #[inline(never)]
    pub(crate) fn put_number(&mut self, number: u32, size: usize) {
        self.put(&number.to_le_bytes()[..size]);
    }

    #[inline(never)]
    pub(crate) fn put_hrs(&mut self, hrs: Hrs) {
        self.put(&hrs.to_bytes());
    }

    /// Ends the reply.
    pub fn finish(&mut self, status: Status) {
        self.put(&status.word().to_be_bytes());
    }

    /// Splits a reply as it came over the wire. `None`: too short for a status word.
    pub fn split(bytes: &[u8]) -> Option<(&[u8], u16)> {
        let (data, word) = bytes.split_last_chunk::<2>()?;
        Some((data, u16::from_be_bytes(*word)))
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::new()
    }
}

/// Reply to GET_VERSION: app version 3, protocol min and current 2, target 1, installation 16, slots 1,
/// standing 1, flags 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Major, minor, patch.
    pub app: [u8; 3],
    /// Oldest protocol a host may speak.
    pub protocol_min: u8,
    /// Protocol spoken.
    pub protocol: u8,
    /// 0 simulated, 1 Nano S, 2 Nano S Plus.
    pub target: u8,
    /// The installation; zeros if its record is damaged.
    pub installation: [u8; 16],
    /// Chain slots.
    pub slots: u8,
    /// 0 sound, 1 other seed, 2 storage damaged, 3 storage fault.
    pub standing: u8,
    /// [`super::SIGNS_EXTENSIONS`], [`super::ERASES_ASSUMED`], [`super::IMPORTS_KEYS`]. 0 if the reply ends before.
    pub flags: u8,
}

impl Version {
    pub(crate) fn put(&self, reply: &mut Reply) {
        reply.put(&self.app);
        reply.put(&[self.protocol_min, self.protocol, self.target]);
        reply.put(&self.installation);
        reply.put(&[self.slots, self.standing, self.flags]);
    }

    /// Reads the data of the reply.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let mut parsed = Self {
            app: reader.array(),
            protocol_min: reader.u8(),
            protocol: reader.u8(),
            target: reader.u8(),
            installation: reader.array(),
            slots: reader.u8(),
            standing: reader.u8(),
            flags: 0,
        };
        let sound = reader.is_sound();
        parsed.flags = reader.rest().first().copied().unwrap_or(0);
        sound.then_some(parsed)
    }
}

/// Reply to SIGN: signature 64, seconds 8, nanoseconds 4.
///
/// The timestamp is the one signed: for a vote repeated with another timestamp it is the recorded one, and
/// the signature is over that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// RFC 8032 Ed25519.
    pub signature: [u8; 64],
    /// The timestamp the signature is over.
    pub timestamp: Timestamp,
}

impl Signed {
    pub(crate) fn put(signature: &[u8; 64], timestamp: Timestamp, reply: &mut Reply) {
        reply.put(signature);
        reply.put(&timestamp.seconds.to_le_bytes());
        reply.put_number(timestamp.nanos, 4);
    }

    /// Reads the data of the reply.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let signature = reader.array();
        let seconds = i64::from_le_bytes(reader.array());
        let timestamp = Timestamp::new(seconds, reader.u32())?;
        reader.is_sound().then_some(Self { signature, timestamp })
    }
}

/// What a slot is, as GET_STATUS reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ChainState {
    /// No chain.
    Free = 0,
    /// Signing.
    Armed = 1,
    /// The mark cannot be told; the owner must set it.
    Unclear = 2,
    /// Removed; the mark is the final one.
    Tombstone = 3,
    /// Removed while unclear; the mark is a floor.
    UnclearTombstone = 4,
    /// The entry is lost; only FORGET helps.
    Damaged = 5,
    /// Flash failed; the next decision tries to mend it.
    Fault = 6,
}

impl ChainState {
    const ALL: [Self; 7] = [
        Self::Free,
        Self::Armed,
        Self::Unclear,
        Self::Tombstone,
        Self::UnclearTombstone,
        Self::Damaged,
        Self::Fault,
    ];
}

/// Reply to GET_STATUS: state 1, id length and id, key index 4, incarnation 2, mark 13, highest signed 13,
/// kind of the newest record 1, writes 4, pairs of the ring 2, erases a page is rated for 4, last
/// refusal: status word 2, HRS asked 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainStatus<'a> {
    /// What the slot is.
    pub state: ChainState,
    /// The chain, unless free or damaged.
    pub chain: Option<ChainId<'a>>,
    /// The key: a [`KeyIndex`](crate::key_index::KeyIndex) as it is written.
    pub key_index: u32,
    /// The chain's life in this slot.
    pub incarnation: u16,
    /// The mark; of an unclear chain a floor.
    pub mark: Hrs,
    /// The highest HRS signed.
    pub highest_signed: Hrs,
    /// What stands at the mark: 0 nothing, 1 a block, 2 nil, 3 a mark set by the owner.
    pub kind: u8,
    /// Records written to the ring, ever.
    pub writes: u32,
    /// Pairs of pages in the ring: the page that is worn most was erased `writes / pairs` times.
    pub pairs: u16,
    /// Erases that a page is rated for.
    pub rated_erases: u32,
    /// The last refusal or fault of this slot, as its status word; 0 if there was none.
    pub last_refusal: u16,
    /// The HRS it was asked for.
    pub refused: Hrs,
}

impl<'a> ChainStatus<'a> {
    const MAX: usize = 1 + 1 + MAX_CHAIN_ID + 4 + 2 + 13 + 13 + 1 + 4 + 2 + 4 + 2 + 13;

    /// Reads the data of the reply.
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let state = reader.u8();
        let state = ChainState::ALL.into_iter().find(|known| *known as u8 == state)?;
        let len = reader.u8();
        let id = reader.take(usize::from(len));
        let parsed = Self {
            state,
            chain: if id.is_empty() { None } else { Some(ChainId::new(id)?) },
            key_index: reader.u32(),
            incarnation: reader.u16(),
            mark: reader.hrs(),
            highest_signed: reader.hrs(),
            kind: reader.u8(),
            writes: reader.u32(),
            pairs: reader.u16(),
            rated_erases: reader.u32(),
            last_refusal: reader.u16(),
            refused: reader.hrs(),
        };
        reader.is_sound().then_some(parsed)
    }
}

/// Reply to GET_EVENTS: stack 2, page writes 4, derivations 2, zero 1, count 1, then per event, newest
/// first: status word 2, slot 1, count 2, HRS asked 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventList {
    /// Counters since the app started.
    pub diagnostics: Diagnostics,
    /// Newest first.
    pub events: [Option<Event>; KEPT],
}

impl EventList {
    pub(crate) fn put(diagnostics: &Diagnostics, events: &Events, reply: &mut Reply) {
        reply.put_number(diagnostics.stack.into(), 2);
        reply.put_number(diagnostics.page_writes, 4);
        reply.put_number(diagnostics.derivations.into(), 2);
        reply.put(&[0, events.iter().count() as u8]);
        for event in events.iter() {
            reply.put_number(event.word.into(), 2);
            reply.put(&[event.slot]);
            reply.put_number(event.count.into(), 2);
            reply.put(&event.asked);
        }
    }

    /// Reads the data of the reply.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let mut list = Self {
            diagnostics: Diagnostics {
                stack: reader.u16(),
                page_writes: reader.u32(),
                derivations: reader.u16(),
            },
            events: [None; KEPT],
        };
        reader.u8();
        let count = reader.u8();
        for event in list.events.iter_mut().take(usize::from(count)) {
            *event = Some(Event {
                status: Status::from_word(reader.u16())?,
                slot: reader.u8(),
                count: reader.u16(),
                asked: reader.array(),
            });
        }
        reader.is_sound().then_some(list)
    }
}

/// What a place for an imported key is that is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyState {
    /// It holds a key.
    Held = 2,
    /// It held one, and both copies are lost; a backup restores it.
    Damaged = 3,
}

/// An imported key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldKey {
    /// 0, 1 or 2; the screen counts from 1.
    pub number: u8,
    /// What its place is.
    pub state: KeyState,
    /// The public key; zeros of one that is damaged.
    pub public: [u8; 32],
}

/// Reply to GET_KEYS: places 1, then per place, in the order of their numbers: state 1 (1 free, 2 held, 3 damaged), public key
/// 32 (zeros unless it is held).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyList {
    /// Places for keys, free ones too.
    pub places: u8,
    /// The keys, by number; `None` at a place that is free.
    pub keys: [Option<HeldKey>; KEYS],
}

impl KeyList {
    const MAX: usize = 1 + KEYS * 33;

    /// Reads the data of the reply. A device with more places than are known here is not read.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let mut list = Self { places: reader.u8(), keys: [None; KEYS] };
        for number in 0..list.places {
            let state = reader.u8();
            let public = reader.array();
            let state = match state {
                1 => None,
                2 => Some(KeyState::Held),
                3 => Some(KeyState::Damaged),
                _ => return None,
            };
            let key = list.keys.get_mut(usize::from(number))?;
            *key = state.map(|state| HeldKey { number, state, public });
        }
        reader.is_sound().then_some(list)
    }
}

/// What became of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PromptState {
    /// It stands, or what was approved is still being done.
    Pending = 1,
    /// Approved and done.
    Approved = 2,
    /// Refused by the owner, or taken back.
    Denied = 3,
    /// Nobody pressed a button in time.
    Expired = 4,
    /// The mark moved past what the prompt asked for.
    Moved = 5,
    /// Approved, but it could not be done; the status word says why.
    Failed = 6,
}

/// Reply to PROMPT_STATUS: state 1, status word 2, incarnation 2 (of IMPORT_KEY and FORGET_KEY the number of the key), mark 13,
/// highest signed 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptStatus {
    /// What became of it.
    pub state: PromptState,
    /// Of a failed one, the reason; else 9000.
    pub status: u16,
    /// The incarnation after it; of IMPORT_KEY and FORGET_KEY the number of the key.
    pub incarnation: u16,
    /// The mark after it: of REMOVE the final one.
    pub mark: Hrs,
    /// The highest signed after it.
    pub highest_signed: Hrs,
}

impl PromptStatus {
    /// Bytes of the reply's data.
    pub(crate) const SIZE: usize = 5 + 2 * Hrs::SIZE;

    #[inline(never)]
    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[0] = self.state as u8;
        bytes[1..3].copy_from_slice(&self.status.to_le_bytes());
        bytes[3..5].copy_from_slice(&self.incarnation.to_le_bytes());
        bytes[5..5 + Hrs::SIZE].copy_from_slice(&self.mark.to_bytes());
        bytes[5 + Hrs::SIZE..].copy_from_slice(&self.highest_signed.to_bytes());
        bytes
    }

    /// Reads the data of the reply.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let parsed = Self {
            state: match reader.u8() {
                1 => PromptState::Pending,
                2 => PromptState::Approved,
                3 => PromptState::Denied,
                4 => PromptState::Expired,
                5 => PromptState::Moved,
                6 => PromptState::Failed,
                _ => return None,
            },
            status: reader.u16(),
            incarnation: reader.u16(),
            mark: reader.hrs(),
            highest_signed: reader.hrs(),
        };
        reader.is_sound().then_some(parsed)
    }
}
