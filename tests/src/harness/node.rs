//! A node towards its signer: `SignerListenerEndpoint`, `SignerClient` and `RetrySignerClient` of CometBFT in one.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ed25519_dalek::{Signature, VerifyingKey};

use super::message::{Answer, Ask, Ballot, Kind, Version};
use super::wire::{Address, Link, Listener, is_timeout};

/// What a node is given by its constants.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Waiting for a signer to dial.
    pub accept: Duration,
    /// Reading, and writing.
    pub deadline: Duration,
    /// Between two pings of a quiet link.
    pub ping: Duration,
    /// Tries of one request.
    pub tries: u32,
    /// Between two tries.
    pub pause: Duration,
}

impl Default for Timing {
    /// Those of every version from 0.34 to 1.0.
    fn default() -> Self {
        Self {
            accept: Duration::from_secs(3),
            deadline: Duration::from_secs(5),
            ping: Duration::from_millis(3_333),
            tries: 50,
            pause: Duration::from_millis(100),
        }
    }
}

/// Why a request got no answer. All but the first are tried again.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The signer's error reply, which no node asks about twice.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody dialled, or nothing came in time.
    #[error("the signer timed out: {0}")]
    Timeout(&'static str),
    /// The link broke.
    #[error("the link broke: {0}")]
    Broken(io::Error),
    /// Another member than the one asked for.
    #[error("empty response ({0})")]
    Unexpected(String),
}

/// A node. Dropped, it stops listening.
#[derive(Debug)]
pub struct Node {
    endpoint: Arc<Mutex<Endpoint>>,
    timing: Timing,
    version: Version,
    chain: String,
    stop: Arc<AtomicBool>,
    pinger: Option<JoinHandle<()>>,
}

struct Endpoint {
    listener: Listener,
    link: Option<Link>,
    timing: Timing,
    /// The last request that was answered, from which the next ping is counted.
    last: Instant,
    took: Duration,
    links: usize,
}

impl Node {
    /// Listens at `address`. `seed` is the node's own key, which on tcp is another at each start.
    pub fn start(
        version: Version,
        address: &Address,
        chain: &str,
        timing: Timing,
        seed: [u8; 32],
    ) -> Result<Self> {
        let listener =
            Listener::bind(address, seed).with_context(|| format!("cannot listen at {address:?}"))?;
        let (last, took) = (Instant::now(), Duration::ZERO);
        let endpoint = Endpoint { listener, link: None, timing, last, took, links: 0 };
        let endpoint = Arc::new(Mutex::new(endpoint));
        let stop = Arc::new(AtomicBool::new(false));
        let (pinged, stopped) = (endpoint.clone(), stop.clone());
        let pinger = thread::spawn(move || ping(&pinged, &stopped, version, timing.ping));
        let chain = chain.to_owned();
        Ok(Self { endpoint, timing, version, chain, stop, pinger: Some(pinger) })
    }

    /// As the signer's config names it.
    pub fn address(&self) -> Result<String> {
        Ok(self.endpoint().listener.address()?)
    }

    /// The chain's id.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// How many links there were.
    pub fn links(&self) -> usize {
        self.endpoint().links
    }

    /// How long the last answer took: from the request's first byte written to the reply's last byte read and, on
    /// links that are encrypted, opened.
    pub fn took(&self) -> Duration {
        self.endpoint().took
    }

    /// One try, without the retry wrapper: how a node asks for the key when it starts.
    pub fn once(&self, ask: &Ask) -> Result<Answer, Trouble> {
        self.endpoint().request(ask, self.version, &self.chain)
    }

    /// With the retry wrapper: how a node asks for everything else.
    pub fn ask(&self, ask: &Ask) -> Result<Answer, Trouble> {
        let mut trouble = Trouble::Timeout("no try");
        for attempt in 0..self.timing.tries {
            if attempt > 0 {
                thread::sleep(self.timing.pause);
            }
            match self.once(ask) {
                Err(Trouble::Refused(words)) => return Err(Trouble::Refused(words)),
                Err(error) => trouble = error,
                Ok(answer) => return Ok(answer),
            }
        }
        Err(trouble)
    }

    /// What a node does when it starts, or exits: one bare question for the key, then three more.
    pub fn wait_for_key(&self) -> Result<[u8; 32]> {
        let Answer::PublicKey(key) = self.once(&Ask::PublicKey)? else { bail!("not a key") };
        for _ in 0..3 {
            ensure!(self.ask(&Ask::PublicKey)? == Answer::PublicKey(key), "another key");
        }
        Ok(key)
    }

    /// Asks for a signature, which must verify under `key` with the time that came back; so must that of its extension,
    /// and it must be there if and only if this version wants it, or the node stops for good (`consensus/state.go`).
    /// Returns signature and time.
    pub fn sign(&self, ballot: &Ballot, key: &[u8; 32]) -> Result<(Vec<u8>, (i64, i32))> {
        let (signature, time) = match self.ask(&Ask::Sign(ballot.clone()))? {
            Answer::Proposal(signature) if ballot.kind == Kind::Proposal => (signature, ballot.time),
            Answer::Vote { signature, time, extension_signature } if ballot.kind != Kind::Proposal => {
                self.check_extension(ballot, &extension_signature, key)?;
                (signature, time.context("a vote without time, which a node takes for the year 1")?)
            }
            other => bail!("not the answer to {ballot:?}: {other:?}"),
        };
        let parsed = Signature::from_slice(&signature)?;
        VerifyingKey::from_bytes(key)?
            .verify_strict(&ballot.sign_bytes(&self.chain, time), &parsed)
            .context("the signature does not verify")?;
        Ok((signature, time))
    }

    fn check_extension(&self, ballot: &Ballot, signature: &[u8], key: &[u8; 32]) -> Result<()> {
        let may = ballot.kind == Kind::Precommit && ballot.block.is_some();
        let must = may && ballot.extensions_enabled;
        // Before 0.38 the field is unknown.
        let (must, may) = if self.version == Version::V034 { (false, true) } else { (must, may) };
        ensure!(may || signature.is_empty(), "CONSENSUS FAILURE: an extension's signature where none may be");
        ensure!(!must || !signature.is_empty(), "CONSENSUS FAILURE: no signature of the extension");
        if must {
            VerifyingKey::from_bytes(key)?
                .verify_strict(&ballot.extension_bytes(&self.chain), &Signature::from_slice(signature)?)
                .context("CONSENSUS FAILURE: the extension's signature does not verify")?;
        }
        Ok(())
    }

    /// The link as it is, to do with it what no node does. Waits for a signer if there is none.
    pub fn spoil<T>(&self, act: impl FnOnce(&mut Link) -> T) -> Result<T, Trouble> {
        let mut endpoint = self.endpoint();
        endpoint.connect()?;
        let link = endpoint.link.as_mut().ok_or(Trouble::Timeout("no link"))?;
        Ok(act(link))
    }

    /// Cuts the link.
    pub fn cut(&self) {
        self.endpoint().link = None;
    }

    fn endpoint(&self) -> MutexGuard<'_, Endpoint> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(pinger) = self.pinger.take() {
            // A panic there was told already.
            let _ = pinger.join();
        }
    }
}

impl Endpoint {
    fn request(&mut self, ask: &Ask, version: Version, chain: &str) -> Result<Answer, Trouble> {
        self.connect()?;
        let bytes = ask.encode(version, chain);
        let link = self.link.as_mut().ok_or(Trouble::Timeout("no link"))?;
        let begin = Instant::now();
        let reply = match link.write(&bytes).and_then(|()| link.read()) {
            Ok(reply) => reply,
            Err(error) => {
                self.link = None;
                return Err(match is_timeout(&error) {
                    true => Trouble::Timeout("no reply in time"),
                    false => Trouble::Broken(error),
                });
            }
        };
        let took = begin.elapsed();
        // Of 0.34 to 0.39 and 1.0.
        if reply.len() > 10_240 {
            return Err(Trouble::Unexpected(format!("message exceeds max size ({} > 10240)", reply.len())));
        }
        let answer =
            Answer::decode(version, ask, &reply).map_err(|error| Trouble::Unexpected(error.to_string()))?;
        match answer {
            Answer::Refused(words) => Err(Trouble::Refused(words)),
            Answer::Unexpected(what) => Err(Trouble::Unexpected(what)),
            answer => {
                (self.last, self.took) = (Instant::now(), took);
                Ok(answer)
            }
        }
    }

    fn connect(&mut self) -> Result<(), Trouble> {
        if self.link.is_none() {
            let link = self.listener.accept(self.timing.accept, self.timing.deadline).map_err(|error| {
                if is_timeout(&error) { Trouble::Timeout("nobody dialled") } else { Trouble::Broken(error) }
            })?;
            self.link = Some(link);
            self.links += 1;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("listener", &self.listener).field("links", &self.links).finish()
    }
}

/// Pings a quiet link until told to stop. A ping that fails costs the link.
fn ping(endpoint: &Mutex<Endpoint>, stop: &AtomicBool, version: Version, every: Duration) {
    while !stop.load(Ordering::SeqCst) {
        thread::sleep(every.min(Duration::from_millis(20)));
        let mut endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        if endpoint.link.is_some() && endpoint.last.elapsed() >= every {
            endpoint.last = Instant::now();
            if endpoint.request(&Ask::Ping, version, "").is_err() {
                endpoint.link = None;
            }
        }
    }
}
