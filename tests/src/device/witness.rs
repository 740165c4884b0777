//! Who reads along on a device's cable and takes every signature to the auditor.

use anyhow::{Result, ensure};
use highwater_core::apdu::{Command, Reply, Signed};
use highwater_core::canonical::{ChainId, Extension, Frame, MAX_MESSAGE, Message};
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
        let chain = ChainId::new(self.chain.as_bytes()).expect("it came in a frame that was parsed");
        let (content, height, round) = (&self.content[..], self.height, self.round);
        let mut bytes = Vec::new();
        Extension { content, height, round, chain }.encode_with(|part| bytes.extend_from_slice(part));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use highwater_core::hrs::{Hrs, Step};
    use highwater_sim::{Ask, Extend, SimDevice};

    use super::*;

    const CHAIN: &str = "witness-1";

    /// A device that knows the chain; another one of the same seed has the same key and knows of no mark.
    fn device(witness: &mut Witness) -> SimDevice {
        let mut device = SimDevice::in_memory(&crate::device::SEED);
        device.owner = highwater_sim::Owner::Approves;
        let chain = ChainId::new(CHAIN.as_bytes()).unwrap();
        let mark = Hrs::new(1, 0, Step::None).unwrap();
        ask(&mut device, witness, Command::AddChain { chain, key_index: 0, mark });
        let key = ask(&mut device, witness, Command::GetPublicKey(chain));
        witness.key(CHAIN, key.try_into().unwrap());
        device
    }

    fn ask(device: &mut SimDevice, witness: &mut Witness, command: Command<'_>) -> Vec<u8> {
        let mut apdu = [0; highwater_core::apdu::MAX_COMMAND];
        let length = command.encode(&mut apdu).unwrap();
        let reply = device.exchange(&apdu[..length]);
        witness.saw(&apdu[..length], &reply);
        Reply::split(&reply).unwrap().0.to_vec()
    }

    #[test]
    fn two_devices_of_one_seed_are_caught_with_two_votes_at_one_place() {
        let mut witness = Witness::default();
        let (mut one, mut other) = (device(&mut witness), device(&mut witness));
        let vote = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
        ask(&mut one, &mut witness, Command::Sign(&vote.bytes()));
        assert_eq!(witness.judge().unwrap(), 1);
        ask(&mut other, &mut witness, Command::Sign(&Ask { block: 2, ..vote }.bytes()));
        assert!(witness.judge().is_err_and(|error| error.to_string().contains("DoubleSign")));
    }

    #[test]
    fn an_extension_in_chunks_is_put_together_and_verified() {
        let mut witness = Witness::default();
        let mut device = device(&mut witness);
        let vote = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
        ask(&mut device, &mut witness, Command::Sign(&vote.bytes()));
        for content in [&[7; 600][..], b"short"] {
            let extend = Extend::of(&vote, content);
            for apdu in std::iter::once(extend.begin()).chain(extend.chunks(100)) {
                witness.saw(&apdu, &device.exchange(&apdu));
            }
        }
        assert_eq!(witness.judge().unwrap(), 3);
        // Of other bytes than were signed it is none.
        let extend = Extend::of(&vote, b"other");
        let mut apdus: Vec<_> = std::iter::once(extend.begin()).chain(extend.chunks(100)).collect();
        let last = apdus.pop().unwrap();
        assert!(apdus.iter().all(|apdu| !witness.saw(apdu, &device.exchange(apdu))));
        let mut reply = device.exchange(&last);
        reply[0] ^= 1;
        assert!(witness.saw(&last, &reply));
        assert!(witness.judge().is_err_and(|error| error.to_string().contains("BadSignature")));
    }
}
