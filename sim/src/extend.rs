//! A vote extension to be signed, in short words, and its raw APDUs.

use highwater_core::apdu::{Command, MAX_CHUNK, MAX_COMMAND, Reply, Status};
use highwater_core::canonical::{ChainId, Extension, Frame};
use highwater_core::hrs::{Hrs, Step};

use crate::{Ask, SimDevice};

/// An extension of the precommit for a block at this height and round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extend<'a> {
    /// The chain.
    pub chain: &'a str,
    /// Above 0.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// What the application says.
    pub content: &'a [u8],
}

impl<'a> Extend<'a> {
    /// Of the precommit `ask`.
    pub const fn of(ask: &Ask, content: &'a [u8]) -> Self {
        Self { chain: ask.chain, height: ask.height, round: ask.round, content }
    }

    /// Its precommit's place.
    ///
    /// # Panics
    /// On values no precommit can hold; as do all that follow.
    pub fn at(&self) -> Hrs {
        Hrs::new(self.height, self.round, Step::Precommit).expect("heights and rounds within range")
    }

    /// All but the content.
    pub fn frame(&self) -> Frame<'a> {
        let Hrs { height, round, .. } = self.at();
        let chain = ChainId::new(self.chain.as_bytes()).expect("a chain id");
        Frame { length: self.content.len() as u32, height, round, chain }
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let Frame { height, round, chain, .. } = self.frame();
        let mut bytes = Vec::new();
        let extension = Extension { content: self.content, height, round, chain };
        extension.encode_with(|part| bytes.extend_from_slice(part));
        bytes
    }

    /// The command that has it whole. `None`: it is too long for one.
    pub fn whole(&self) -> Option<Vec<u8>> {
        raw(&Command::SignExtension(&self.bytes()))
    }

    /// The command that begins its stream.
    pub fn begin(&self) -> Vec<u8> {
        raw(&Command::BeginExtension(self.frame())).expect("a frame fits a command")
    }

    /// The chunks of both passes, `size` bytes of content in each but the last of a pass.
    pub fn chunks(&self, size: usize) -> impl Iterator<Item = Vec<u8>> + use<'a> {
        let content = self.content;
        let pass = move |from: usize| {
            content.chunks(size).enumerate().map(move |(at, bytes)| {
                let position = (from + at * size) as u32;
                raw(&Command::ExtensionChunk { position, bytes }).expect("a chunk fits a command")
            })
        };
        pass(0).chain(pass(content.len()))
    }

    /// Has it signed: whole if it fits, else in the longest chunks.
    pub fn sign(&self, device: &mut SimDevice) -> Result<[u8; 64], Status> {
        match self.whole() {
            Some(apdu) => signature(&device.exchange(&apdu)),
            None => self.stream(device, MAX_CHUNK),
        }
    }

    /// Has it signed in chunks. It is not empty.
    pub fn stream(&self, device: &mut SimDevice, size: usize) -> Result<[u8; 64], Status> {
        signature(&self.carried(size, |apdu| device.exchange(apdu)))
    }

    /// The same over any link, which carries a command and gives its reply: the last one, or the first that refuses.
    pub fn carried(&self, size: usize, mut link: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut reply = link(&self.begin());
        for chunk in self.chunks(size) {
            if reply != Status::Ok.word().to_be_bytes() {
                break;
            }
            reply = link(&chunk);
        }
        reply
    }
}

/// What a reply of a whole extension or a last chunk says.
pub fn signature(reply: &[u8]) -> Result<[u8; 64], Status> {
    match Reply::split(reply).map(|(data, word)| (data.first_chunk(), word)) {
        Some((Some(signature), 0x9000)) => Ok(*signature),
        Some((_, word)) => {
            Err(Status::from_word(word).filter(|s| *s != Status::Ok).unwrap_or(Status::Internal))
        }
        None => Err(Status::Internal),
    }
}

fn raw(command: &Command<'_>) -> Option<Vec<u8>> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu)?;
    Some(apdu[..len].to_vec())
}
