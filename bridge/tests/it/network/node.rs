//! A node in the simulated network, by the rules of CometBFT (`privval/`): one link at a time, 3 s to be dialled, 5 s for
//! a reply, 50 tries of one request. It is its chain's only validator, and an auditor sees what it gets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cometbft_p2p::{AsyncReadMsg, AsyncSecretConnection, AsyncWriteMsg, IdentitySecret};
use highwater::privval::proto::{
    BlockId, Envelope, PartSetHeader, Proposal, SignProposalRequest, SignVoteRequest, Sum, Timestamp, Vote,
};
use highwater_core::canonical;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::audit::Auditor;
use tokio::time::{Instant, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

pub(crate) const PORT: u16 = 26_659;
const ACCEPT: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(5);
const TRIES: u32 = 50;

type Link = AsyncSecretConnection<TcpStream>;

/// What is known of a node outside of its world.
#[derive(Default)]
pub(crate) struct Seen {
    /// Blocks committed.
    pub(crate) height: u64,
    /// Links taken.
    pub(crate) links: u32,
    /// The longest that one signature took, with all tries of it.
    pub(crate) slowest: Duration,
    /// Attempts to get a second statement signed, each refused.
    pub(crate) refused: u32,
    /// Set from outside: the process ends and starts again.
    pub(crate) restart: bool,
    /// Seconds added to its clock at each restart.
    later: i64,
}

pub(crate) struct Node {
    chain: String,
    listener: TcpListener,
    link: Option<Link>,
    auditor: Arc<Mutex<Auditor>>,
    seen: Arc<Mutex<Seen>>,
}

impl Node {
    /// Makes one block after the other, for ever. Ends with the first thing that no signer may do.
    pub(crate) async fn run(
        chain: String,
        auditor: Arc<Mutex<Auditor>>,
        seen: Arc<Mutex<Seen>>,
    ) -> turmoil::Result {
        loop {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
            let (chain, auditor, seen) = (chain.clone(), auditor.clone(), seen.clone());
            let mut node = Self { chain, listener, link: None, auditor, seen };
            while !std::mem::take(&mut node.seen.lock().unwrap().restart) {
                node.block().await?;
            }
            // What was voted for is in its journal; what time it was is not.
            node.seen.lock().unwrap().later += 1;
        }
    }

    async fn block(&mut self) -> turmoil::Result {
        let height = self.seen.lock().unwrap().height + 1;
        for step in [Step::Proposal, Step::Prevote, Step::Precommit] {
            let begin = Instant::now();
            if !self.sign(Hrs::new(height, 0, step).unwrap(), 1).await? {
                return Err(format!("{height} {step:?}: refused").into());
            }
            let mut seen = self.seen.lock().unwrap();
            seen.slowest = seen.slowest.max(begin.elapsed());
            // One that is to end does so in the middle of a block too.
            if seen.restart {
                return Ok(());
            }
        }
        // A fork of this node wants the other block.
        if self.sign(Hrs::new(height, 0, Step::Precommit).unwrap(), 2).await? {
            return Err(format!("{height}: the other block's precommit was signed").into());
        }
        let mut seen = self.seen.lock().unwrap();
        seen.refused += 1;
        seen.height = height;
        Ok(())
    }

    /// Whether it was signed; what was is the auditor's.
    async fn sign(&mut self, hrs: Hrs, block: u8) -> Result<bool, String> {
        let later = self.seen.lock().unwrap().later;
        let at = canonical::Timestamp {
            // A proposal is taken from the journal as it was.
            seconds: 1_700_000_000 + if hrs.step == Step::Proposal { 0 } else { later },
            nanos: 7,
        };
        let request = request(&self.chain, hrs, block, at);
        let (signature, at) = match self.ask(&request).await? {
            Sum::SignedProposalResponse(reply) => match reply.error {
                Some(_) => return Ok(false),
                None => (reply.proposal.unwrap_or_default().signature, at),
            },
            Sum::SignedVoteResponse(reply) => match reply.error {
                Some(_) => return Ok(false),
                None => {
                    let vote = reply.vote.unwrap_or_default();
                    let time = vote.timestamp.unwrap_or_default();
                    (vote.signature, canonical::Timestamp { seconds: time.seconds, nanos: time.nanos as u32 })
                }
            },
            other => return Err(format!("not a reply to {request:?}: {other:?}")),
        };
        let signature = signature[..].try_into().map_err(|_| "a signature of another length")?;
        let bytes = highwater_sim::sign_bytes(hrs, None, [block; 2], 1, at, &self.chain);
        let audited = self.auditor.lock().unwrap().released(&bytes, &signature);
        audited.map(|()| true).map_err(|finding| format!("{finding:?}"))
    }

    async fn ask(&mut self, request: &Sum) -> Result<Sum, String> {
        for _ in 0..TRIES {
            if let Some(reply) = self.once(request).await {
                return Ok(reply);
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(format!("no reply in {TRIES} tries to {request:?}"))
    }

    async fn once(&mut self, request: &Sum) -> Option<Sum> {
        // Taken out: kept only if all goes well.
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.accept().await?,
        };
        let exchange = async {
            link.write_msg(Envelope { sum: Some(request.clone()) }).await.ok()?;
            link.read_msg::<Envelope>().await.ok()?.sum
        };
        let reply = timeout(DEADLINE, exchange).await.ok()??;
        self.link = Some(link);
        Some(reply)
    }

    async fn accept(&mut self) -> Option<Link> {
        let (stream, _) = timeout(ACCEPT, self.listener.accept()).await.ok()?.ok()?;
        let key = IdentitySecret::from_bytes(&[5; 32]);
        let link = timeout(DEADLINE, AsyncSecretConnection::new(stream, &key)).await.ok()?.ok()?;
        self.seen.lock().unwrap().links += 1;
        Some(link)
    }
}

fn request(chain: &str, hrs: Hrs, block: u8, at: canonical::Timestamp) -> Sum {
    let part_set_header = Some(PartSetHeader { total: 1, hash: vec![block; 32] });
    let block_id = Some(BlockId { hash: vec![block; 32], part_set_header });
    let timestamp = Some(Timestamp { seconds: at.seconds, nanos: at.nanos as i32 });
    let (height, chain_id) = (hrs.height.value() as i64, chain.to_owned());
    match hrs.step {
        Step::Proposal => {
            let proposal =
                Proposal { r#type: 32, height, pol_round: -1, block_id, timestamp, ..Default::default() };
            Sum::SignProposalRequest(SignProposalRequest { proposal: Some(proposal), chain_id })
        }
        step => {
            let r#type = if step == Step::Prevote { 1 } else { 2 };
            let vote = Some(Vote { r#type, height, block_id, timestamp, ..Default::default() });
            Sum::SignVoteRequest(SignVoteRequest { vote, chain_id, skip_extension_signing: false })
        }
    }
}
