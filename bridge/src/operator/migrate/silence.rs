//! The mark of a validator without any state: the next two blocks that the chain commits hold no signature of its key.

use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_moving::{Ours, PublicKey, Refusal, Tip, above, next_height};
use tokio::time::{Instant, sleep};

use crate::advice;
use crate::failure::Failure;
use crate::operator::{Talk, seen};
use crate::rpc::Rpc;

/// How often the node is asked how high its chain is.
const POLL: Duration = Duration::from_millis(500);
/// More blocks than are looked through: more than a chain of a second a block commits while an owner is asked.
const MOST: u64 = 1_000;
/// A chain that has committed nothing for so long stands.
const STANDS: Duration = Duration::from_secs(600);

/// Waits for two blocks after now, and for the one that holds the commit of the second.
pub(super) async fn mark(
    node: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    block_time: Duration,
    talk: &mut dyn Talk,
) -> Result<Hrs, Failure> {
    let from = current(node, chain, block_time).await?.height;
    let silent = from.checked_add(1).zip(from.checked_add(2)).zip(from.checked_add(3));
    let ((first, second), held) = silent.ok_or(Refusal::NoHeight(from))?;
    talk.hint(&advice::two_blocks(first, second));
    let mut tip = node.tip(chain).await?;
    let mut moved = Instant::now();
    while tip.height < held {
        if moved.elapsed() > STANDS {
            return Err(Failure::unavailable(advice::chain_stands(tip.height, STANDS)));
        }
        sleep(POLL).await;
        let now = node.tip(chain).await?;
        if now.height > tip.height {
            moved = Instant::now();
        }
        tip = now;
    }
    tip.is_current(SystemTime::now(), block_time)?;
    let commits = [node.commit(chain, key, first).await?, node.commit(chain, key, second).await?];
    let next = next_height(&commits)?;
    // What the chain has committed meanwhile nobody needs a signature for.
    Ok(above(tip).map_or(next, |above| next.max(above)))
}

/// An error if a commit that a block holds has a signature of the key, of the newest or of any from the mark on: whoever signs
/// may have missed the newest.
pub(super) async fn broken(
    node: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    mark: Hrs,
    block_time: Duration,
) -> Result<(), Failure> {
    let held = current(node, chain, block_time).await?.height.saturating_sub(1);
    let from = mark.height.value().min(held);
    if held - from > MOST {
        return Err(Refusal::TooLate(held - from).into());
    }
    for block in seen::look(node, chain, key, from..=held).await? {
        match block.ours {
            Ours::Block | Ours::Nil => return Err(Refusal::NotSilent(block.height).into()),
            Ours::NotInSet => return Err(Refusal::NotInSet(block.height).into()),
            Ours::Absent => {}
        }
    }
    Ok(())
}

/// How high the chain is, by a node that is not behind it.
async fn current(node: &Rpc, chain: ChainId<'_>, block_time: Duration) -> Result<Tip, Failure> {
    let tip = node.tip(chain).await?;
    tip.is_current(SystemTime::now(), block_time)?;
    Ok(tip)
}
