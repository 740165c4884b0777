//! Follows a chain: asks a node of it, block by block, whether our signature is there, and tells the signer's task.
//!
//! It runs beside signing and is waited for by nobody. Whatever the node does, one question at a time is under way, within the
//! limits of the client, and what it says ends in numbers.

use std::ops::RangeInclusive;
use std::time::Duration;

use highwater_core::canonical::ChainId;
use highwater_moving::PublicKey;
use tokio::time::sleep;

use super::{Rpc, RpcError};
use crate::advice;
use crate::log::Kind;
use crate::signer::{OfNode, Signer, WINDOW};

/// Between two questions how high the chain is.
const POLL: Duration = Duration::from_secs(1);
/// The same of a node that tells nothing.
const AGAIN: Duration = Duration::from_secs(5);
/// Blocks after the first look that are passed over: they may have been signed before the start.
const BEFORE: u64 = 2;

/// Follows until it is dropped.
pub(crate) async fn follow(rpc: Rpc, chain: String, key: PublicKey, signer: Signer) {
    let Some(id) = ChainId::new(chain.as_bytes()) else { return };
    let (mut place, mut known, mut newest) = (Place::default(), None, None);
    loop {
        let mut told = OfNode::default();
        let problem = look(&rpc, id, &key, &mut place, &mut told).await.err();
        let problem = problem.map(|error| advice::rpc(&chain, &error));
        let pause = if problem.is_none() { POLL } else { AGAIN };
        match (&known, &problem) {
            (before, Some(text)) if before.as_ref() != Some(text) => {
                tracing::warn!(kind = %Kind::RpcUnanswered, chain, "{text}");
            }
            (Some(_), None) => {
                tracing::info!(kind = %Kind::RpcAnswers, chain, "the node tells again what the chain has");
            }
            _ => {}
        }
        if !told.blocks.is_empty() || known != problem || newest != told.newest {
            newest = told.newest;
            signer.on_chain(&chain, OfNode { problem: problem.clone(), ..told });
        }
        known = problem;
        sleep(pause).await;
    }
}

/// Asks for what is new. What was told before an error stays.
async fn look(
    rpc: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    place: &mut Place,
    told: &mut OfNode,
) -> Result<(), RpcError> {
    let tip = rpc.tip(chain).await?;
    told.newest = tip.time;
    for height in place.due(tip.height) {
        match rpc.block(chain, key, height).await {
            Ok(block) => {
                told.blocks.push(block);
                place.told(height);
            }
            Err(error) => {
                place.untold(height);
                return Err(error);
            }
        }
    }
    Ok(())
}

/// How far the chain was followed.
#[derive(Debug, Default)]
struct Place {
    /// The next block to ask for; none before the first look.
    next: Option<u64>,
    /// A block that could not be told.
    failed: Option<u64>,
}

impl Place {
    /// The blocks to ask for, when the chain is so high. That of the last one no block holds the commit yet.
    fn due(&mut self, tip: u64) -> RangeInclusive<u64> {
        let begin = tip.saturating_add(BEFORE);
        let window = WINDOW as u64;
        // Far below what it was: another chain, or a node that lied.
        let next = self.next.filter(|next| *next <= begin.saturating_add(window)).unwrap_or(begin);
        // Of a chain that ran away only the last blocks are counted.
        let first = next.max(tip.saturating_sub(window));
        self.next = Some(first);
        first..=tip.saturating_sub(1)
    }

    fn told(&mut self, height: u64) {
        self.next = Some(height.saturating_add(1));
    }

    /// A block that a node does not tell twice is passed over: it may keep none so old.
    fn untold(&mut self, height: u64) {
        if self.failed.replace(height) == Some(height) {
            self.told(height);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place that was told everything up to this tip.
    fn at(tip: u64) -> Place {
        Place { next: Some(tip), failed: None }
    }

    #[test]
    fn the_first_blocks_after_the_start_are_passed_over() {
        let mut place = Place::default();
        for tip in [50, 51, 52] {
            assert!(place.due(tip).is_empty(), "{tip}");
        }
        assert_eq!(place.due(53), 52..=52);
    }

    #[test]
    fn each_block_is_due_once_when_the_next_one_holds_its_commit() {
        let mut place = at(50);
        assert!(place.due(50).is_empty());
        assert_eq!(place.due(53), 50..=52);
        place.told(50);
        place.told(51);
        assert_eq!(place.due(53), 52..=52);
        place.told(52);
        assert!(place.due(53).is_empty());
    }

    #[test]
    fn no_more_blocks_than_the_window_are_due_however_far_the_chain_is() {
        for tip in [1_000, u64::MAX] {
            let due = at(50).due(tip);
            assert_eq!(due.end() - due.start() + 1, WINDOW as u64);
            assert_eq!(*due.end(), tip - 1);
        }
        assert!(at(50).due(0).is_empty());
        assert!(Place::default().due(u64::MAX).is_empty());
    }

    #[test]
    fn a_chain_far_below_begins_anew_and_one_a_little_below_is_waited_for() {
        let mut place = at(500);
        assert!(place.due(480).is_empty());
        assert_eq!(place.next, Some(500));
        assert!(place.due(7).is_empty());
        assert_eq!(place.next, Some(9));
        // A node that lied about its height once.
        let mut place = at(500);
        let _ = place.due(u64::MAX);
        let _ = place.due(501);
        assert_eq!(place.due(504), 503..=503);
    }

    #[test]
    fn a_block_that_is_not_told_twice_is_passed_over() {
        let mut place = at(50);
        place.untold(50);
        assert_eq!(place.due(53), 50..=52);
        place.untold(50);
        assert_eq!(place.due(53), 51..=52);
        place.untold(51);
        assert_eq!(place.due(53), 51..=52);
    }
}
