//! Who reads along on a device's cable and takes every signature to the auditor.

use anyhow::{Result, ensure};
use highwater_core::apdu::{Command, Reply, Signed};
use highwater_core::canonical::{Extension, Frame, MAX_MESSAGE, Message};
use highwater_core::hrs::{Height, Round};
use highwater_sim::audit::{Auditor, Finding, Place};

/// Keeps what left the device over all restarts.
#[derive(Default)]
pub(super) struct Witness {
    auditor: Auditor,
    objections: Vec<Finding>,
    stream: Option<Stream>,
}

/// A long extension, whose content comes in pieces.
struct Stream {
    length: usize,
    height: Height,
    round: Round,
    chain: String,
    content: Vec<u8>,
}

impl Witness {
    /// The key of a chain, without which it objects to every signature.
    pub(super) fn key(&mut self, chain: &str, key: [u8; 32]) {
        self.auditor.key(chain, key);
    }

    /// A command and its reply; whether a signature left.
    pub(super) fn saw(&mut self, apdu: &[u8], reply: &[u8]) -> bool {
        let Some((bytes, signature)) = self.released(apdu, reply) else { return false };
        self.objections.extend(self.auditor.released(&bytes, &signature).err());
        true
    }

    /// It objects to this.
    pub(super) fn object(&mut self, finding: Option<Finding>) {
        self.objections.extend(finding);
    }

    /// How many signatures left, if it objects to none.
    pub(super) fn judge(&self) -> Result<u64> {
        ensure!(self.objections.is_empty(), "the auditor objects: {:?}", self.objections);
        Ok(self.auditor.signatures())
    }

    /// The highest place of a chain that ever left the device.
    pub(super) fn highest(&self, chain: &str) -> Option<Place> {
        self.auditor.highest(chain)
    }

    /// The bytes that a reply signs, at the time that it names, and their signature.
    fn released(&mut self, apdu: &[u8], reply: &[u8]) -> Option<(Vec<u8>, [u8; 64])> {
        let (data, word) = Reply::split(reply)?;
        if word != 0x9000 {
            return None;
        }
        match Command::parse(apdu).ok()? {
            Command::Sign(asked) => {
                let signed = Signed::parse(data)?;
                let mut bytes = [0; MAX_MESSAGE];
                let message = Message { timestamp: signed.timestamp, ..Message::parse(asked).ok()? };
                let length = message.encode(&mut bytes);
                Some((bytes[..length].to_vec(), signed.signature))
            }
            Command::SignExtension(asked) => Some((asked.to_vec(), *data.first_chunk()?)),
            Command::BeginExtension(Frame { length, height, round, chain }) => {
                let (length, chain) = (length as usize, chain.as_str().to_owned());
                self.stream = Some(Stream { length, height, round, chain, content: Vec::new() });
                None
            }
            Command::ExtensionChunk { position, bytes } => {
                let stream = self.stream.as_mut()?;
                // The first of two passes is enough to know it; the second must not differ, or the signature is wrong.
                if stream.content.len() == position as usize && stream.content.len() < stream.length {
                    stream.content.extend_from_slice(bytes);
                }
                Some((stream.bytes(), *data.first_chunk()?))
            }
            _ => None,
        }
    }
}

impl Stream {
    fn bytes(&self) -> Vec<u8> {
        let chain = highwater_core::canonical::ChainId::new(self.chain.as_bytes());
        let Ok(chain) = chain.ok_or(()) else { return Vec::new() };
        let (content, height, round) = (&self.content[..], self.height, self.round);
        let mut bytes = Vec::new();
        Extension { content, height, round, chain }.encode_with(|part| bytes.extend_from_slice(part));
        bytes
    }
}
