//! An application of a chain, in this process: nothing but vote extensions, of several lengths in turn.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use tendermint_abci::{Application as Abci, ServerBuilder};
use tendermint_proto::v0_38::abci::{
    RequestExtendVote, RequestPrepareProposal, ResponseExtendVote, ResponsePrepareProposal,
};

use crate::process::free_port;

/// The application.
#[derive(Debug, Clone)]
pub struct Application {
    address: SocketAddr,
    lengths: &'static [usize],
    extended: Arc<Mutex<Vec<Extended>>>,
}

/// An extension with its signature, as it came back to the proposer of the next block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// The precommit's.
    pub height: i64,
    /// The precommit's.
    pub round: i32,
    /// What was to be signed.
    pub content: Vec<u8>,
    /// By the validator.
    pub signature: Vec<u8>,
}

impl Application {
    /// Serves it on a port of its own until this process ends.
    pub fn start(lengths: &'static [usize]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let application = Self { address, lengths, extended: Arc::default() };
        let server = ServerBuilder::default().bind(address, application.clone())?;
        // A node that loses it stops, and says so.
        thread::spawn(move || drop(server.listen()));
        Ok(application)
    }

    /// Where the node finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that came back so far, by height.
    pub fn extended(&self) -> Vec<Extended> {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The extension of a height: bytes of which none is like the one at its place a height before.
    pub fn content(&self, height: i64) -> Vec<u8> {
        let length = self.lengths[height as usize % self.lengths.len()];
        (0..length).map(|at| (at as u64 * 31 / 7 + height as u64) as u8).collect()
    }
}

impl Abci for Application {
    fn extend_vote(&self, request: RequestExtendVote) -> ResponseExtendVote {
        ResponseExtendVote { vote_extension: self.content(request.height).into() }
    }

    fn prepare_proposal(&self, request: RequestPrepareProposal) -> ResponsePrepareProposal {
        let commit = request.local_last_commit.unwrap_or_default();
        let mut extended = self.extended.lock().unwrap_or_else(PoisonError::into_inner);
        // A round that failed is proposed anew, with the same commit.
        extended.retain(|known| known.height != request.height - 1);
        extended.extend(commit.votes.into_iter().map(|vote| Extended {
            height: request.height - 1,
            round: commit.round,
            content: vote.vote_extension.to_vec(),
            signature: vote.extension_signature.to_vec(),
        }));
        ResponsePrepareProposal { txs: request.txs }
    }
}
