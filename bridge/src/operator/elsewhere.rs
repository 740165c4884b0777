//! What the chain has of a key above the mark that is to be set: a mark below it would have that signed a second time.

use std::collections::BTreeSet;

use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Commit, Ours, PublicKey};

use super::known::chain_id;
use super::prompt::Talk;
use crate::advice;
use crate::config::Config;
use crate::failure::Failure;
use crate::rpc::{Rpc, RpcError};

/// So many blocks are looked at from the mark on, and so many between there and the last ones.
const BLOCKS: u64 = 4;

/// A block above the mark that has a signature of the key, if the node at `rpc` of the configuration tells of one. A node that
/// does not answer keeps nobody from anything.
pub(super) async fn signed_above(
    config: &Config,
    id: &str,
    key: [u8; 32],
    mark: Hrs,
    talk: &mut dyn Talk,
) -> Result<Option<u64>, Failure> {
    let rpc = config.chain(id).and_then(|chain| chain.rpc.as_deref()?.parse::<Rpc>().ok());
    let Some(rpc) = rpc else { return Ok(None) };
    match commits(&rpc, chain_id(id)?, &PublicKey::new(key), mark).await {
        Ok(commits) => {
            let signed = |commit: &Commit| matches!(commit.ours, Ours::Block | Ours::Nil);
            let above = commits.into_iter().filter(|commit| commit.height >= begin(mark));
            Ok(above.filter(signed).map(|commit| commit.height).max())
        }
        Err(error) => {
            talk.hint(&advice::not_looked_whether_it_signs(&advice::setup_rpc(&error)));
            Ok(None)
        }
    }
}

/// What the last blocks hold of the key, and some of those above the mark: a signer that is silent now has signed there.
async fn commits(rpc: &Rpc, chain: ChainId<'_>, key: &PublicKey, mark: Hrs) -> Result<Vec<Commit>, RpcError> {
    let tip = rpc.tip(chain).await?.height;
    let mut commits = Vec::new();
    for height in above(begin(mark), tip) {
        // A node may have thrown old blocks away.
        commits.extend(rpc.commit(chain, key, height).await.ok());
    }
    // One block can miss the precommit of a signer that is late.
    for height in tip.saturating_sub(2).max(1)..tip {
        commits.push(rpc.commit(chain, key, height).await?);
    }
    Ok(commits)
}

/// The first height whose precommit is above the mark.
fn begin(mark: Hrs) -> u64 {
    let height = mark.height.value();
    let precommit = Hrs { step: Step::Precommit, ..mark };
    // A later round of that height is not told from an earlier one.
    if mark.round.value() == 0 && mark < precommit { height.max(1) } else { height + 1 }
}

/// Heights from `begin` to below the last blocks: the first ones, and some as far from each other as the chain is long.
fn above(begin: u64, tip: u64) -> BTreeSet<u64> {
    let end = tip.saturating_sub(2);
    let stride = end.saturating_sub(begin) / BLOCKS;
    let (first, spread) = (0..BLOCKS, (1..BLOCKS).map(|number| number * stride));
    first.chain(spread).map(|step| begin + step).filter(|height| *height < end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(height: u64, round: u32, step: Step) -> Hrs {
        Hrs::new(height, round, step).unwrap()
    }

    #[test]
    fn the_first_height_is_that_of_the_first_precommit_above_the_mark() {
        assert_eq!(begin(mark(600, 0, Step::None)), 600);
        assert_eq!(begin(mark(600, 0, Step::Prevote)), 600);
        assert_eq!(begin(mark(600, 0, Step::Precommit)), 601);
        assert_eq!(begin(mark(600, 1, Step::None)), 601);
        assert_eq!(begin(Hrs::default()), 1);
    }

    #[test]
    fn the_blocks_above_the_mark_are_looked_at_near_and_far_and_none_that_is_not_there() {
        let heights = |begin, tip| above(begin, tip).into_iter().collect::<Vec<u64>>();
        assert_eq!(heights(600, 1_002), [600, 601, 602, 603, 700, 800, 900]);
        assert_eq!(heights(600, 604), [600, 601]);
        assert!(heights(600, 602).is_empty());
        assert!(heights(600, 5).is_empty());
        assert!(heights(1, 0).is_empty());
    }
}
