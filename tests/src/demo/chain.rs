//! The chain of the demo: a real node's, or one that this program plays.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use highwater_tests::bridge::Bridge;
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::harness::{self, Address, Timing, Version};
use highwater_tests::process::wait_for;

use highwater_tests::interrupt::Interrupt;

/// Between two blocks.
const PAUSE: Duration = Duration::from_millis(200);
/// For one block, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the interrupt and at the bridge.
const GLANCE: Duration = Duration::from_millis(50);
/// The key of the played node, which a unix socket never shows to anybody.
const SEED: [u8; 32] = [1; 32];

/// What grows when the device signs.
pub(crate) enum Chain {
    /// A CometBFT node.
    Cometbft(Node),
    /// A node played here, in a thread of its own: it waits for its signer as long as a node does, and nobody must wait
    /// for it. It gives the round of each block, and ends with the first that is not committed.
    Builtin(Receiver<Result<u64>>),
}

/// A block that stands, or one that was missed.
pub(crate) struct Block {
    pub(crate) round: u64,
    /// Why not, if it was not signed.
    pub(crate) missed: Option<String>,
}

impl Chain {
    /// A node that listens for its signer at the socket that `home` names.
    pub(crate) fn cometbft(home: &Home) -> Result<Self> {
        home.start(PAUSE).map(Self::Cometbft)
    }

    /// A node that is played here and listens at `socket`. Every signature must verify under `key` and pass the auditor.
    pub(crate) fn builtin(socket: &Path, chain: &str, key: [u8; 32], blocks: u64) -> Result<Self> {
        let address = Address::Unix(socket.to_owned());
        let node = harness::Node::start(Version::V038, &address, chain, Timing::default(), SEED)?;
        let (send, lines) = channel();
        thread::spawn(move || {
            // Whoever listened has gone: so has the reason to go on.
            let _ = play(node, key, blocks, |round| send.send(Ok(round)).is_ok())
                .or_else(|error| send.send(Err(error)));
        });
        Ok(Self::Builtin(lines))
    }

    /// Waits for a block, as long as everything runs.
    pub(crate) fn reach(&mut self, height: u64, bridge: &mut Bridge, interrupt: &Interrupt) -> Result<Block> {
        match self {
            Self::Cometbft(node) => {
                wait_for(&format!("block {height}"), PATIENCE, || {
                    interrupt.check()?;
                    bridge.check()?;
                    Ok(node.height()?.filter(|reached| *reached >= height).map(drop))
                })
                .with_context(|| format!("the bridge says:\n{}", bridge.output()))?;
                let block = node.block(height)?;
                let missed = (!block.signed).then(|| "not in the commit".to_owned());
                Ok(Block { round: block.round, missed })
            }
            Self::Builtin(lines) => {
                let until = Instant::now() + PATIENCE;
                loop {
                    interrupt.check()?;
                    bridge.check()?;
                    match lines.recv_timeout(GLANCE) {
                        Ok(Ok(round)) => return Ok(Block { round, missed: None }),
                        Ok(Err(error)) => return Ok(Block { round: 0, missed: Some(format!("{error:#}")) }),
                        Err(RecvTimeoutError::Disconnected) => bail!("the chain has halted"),
                        Err(RecvTimeoutError::Timeout) if Instant::now() > until => {
                            bail!("waited for block {height} in vain; the bridge says:\n{}", bridge.output())
                        }
                        Err(RecvTimeoutError::Timeout) => {}
                    }
                }
            }
        }
    }

    /// Whether it goes on after a block that was missed: alone, the validator that this program plays does not.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::Cometbft(_))
    }

    /// Stops it.
    pub(crate) fn stop(self) -> Result<()> {
        match self {
            Self::Cometbft(mut node) => node.stop(),
            Self::Builtin(_) => Ok(()),
        }
    }
}

/// Commits block after block; each goes to `told`, until nobody wants more.
fn play(node: harness::Node, key: [u8; 32], blocks: u64, mut told: impl FnMut(u64) -> bool) -> Result<()> {
    // The bridge may take longer to start than a node waits for it.
    wait_for("the key", PATIENCE, || Ok(node.wait_for_key().ok()))?;
    let mut chain = harness::Chain::start(node, 0)?;
    anyhow::ensure!(chain.key() == key, "the bridge gives another key than the device showed");
    for _ in 0..blocks {
        thread::sleep(PAUSE);
        chain.commit()?;
        // A chain of one that is played has no second round.
        if !told(0) {
            break;
        }
    }
    Ok(())
}
