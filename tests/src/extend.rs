//! Vote extensions of the precommit at the mark of the stage's chain.

use ed25519_dalek::{Signature, VerifyingKey};
use highwater_core::apdu::{MAX_CHUNK, Status};
use highwater_sim::Extend;
use highwater_sim::extend::signature;

use crate::request::{Request, precommit};
use crate::stage::{CHAIN, Stage};

/// Content of an extension: bytes of which no two neighbours tell where they are.
pub fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * at / 7 + at) as u8).collect()
}

/// The extension of a precommit.
pub fn extend<'a>(request: &'a Request, content: &'a [u8]) -> Extend<'a> {
    Extend { chain: &request.chain, height: request.height, round: request.round, content }
}

impl Stage {
    /// A precommit for a block, at which the mark stands from now on.
    #[track_caller]
    pub fn committed(&mut self) -> Request {
        let request = precommit(CHAIN, self.fresh_height(), 1);
        self.sign(&request);
        request
    }

    /// One raw command of an extension: what it was answered with.
    pub fn reply(&mut self, apdu: &[u8]) -> Vec<u8> {
        let (data, word) = self.send(apdu);
        [&data[..], &word.to_be_bytes()].concat()
    }

    /// Has an extension signed whole, and verifies it.
    #[track_caller]
    pub fn whole(&mut self, extend: &Extend<'_>) -> Result<[u8; 64], Status> {
        let reply = self.reply(&extend.whole().expect("a test asks for what fits"));
        self.extended(extend, &reply)
    }

    /// Has one signed in the longest chunks, and verifies it.
    #[track_caller]
    pub fn streamed(&mut self, extend: &Extend<'_>) -> Result<[u8; 64], Status> {
        let mut rest = self.opened(extend, MAX_CHUNK, 0)?;
        let last = rest.pop().expect("a stream has chunks");
        self.heard(&rest)?;
        let reply = self.reply(&last);
        self.extended(extend, &reply)
    }

    /// Opens a stream and sends so many chunks of this size; gives the others.
    pub fn opened(&mut self, extend: &Extend<'_>, size: usize, sent: usize) -> Result<Vec<Vec<u8>>, Status> {
        self.heard(&[extend.begin()])?;
        let mut chunks: Vec<Vec<u8>> = extend.chunks(size).collect();
        let rest = chunks.split_off(sent);
        self.heard(&chunks)?;
        Ok(rest)
    }

    /// Sends what is answered with nothing.
    fn heard(&mut self, apdus: &[Vec<u8>]) -> Result<(), Status> {
        for apdu in apdus {
            let (data, word) = self.send(apdu);
            let status = Status::from_word(word).expect("a status word of ours");
            assert_ne!(data.len(), 64, "a signature before the end");
            if status != Status::Ok {
                return Err(status);
            }
        }
        Ok(())
    }

    /// The signature in a reply, which holds for this extension.
    #[track_caller]
    pub fn extended(&mut self, extend: &Extend<'_>, reply: &[u8]) -> Result<[u8; 64], Status> {
        let signature = signature(reply)?;
        let key = VerifyingKey::from_bytes(&self.key(extend.chain)).expect("a key");
        key.verify_strict(&extend.bytes(), &Signature::from_bytes(&signature)).expect("the signature holds");
        Ok(signature)
    }

    /// The next chunk is refused so, no signature is in the answer, and what follows is out of order.
    #[track_caller]
    pub fn dropped(&mut self, rest: &[Vec<u8>], status: Status) {
        let (data, word) = self.send(&rest[0]);
        assert_eq!(Status::from_word(word), Some(status));
        assert_ne!(data.len(), 64);
        for chunk in rest {
            assert_eq!(self.send(chunk), (vec![], Status::ExtensionOrder.word()));
        }
    }
}
