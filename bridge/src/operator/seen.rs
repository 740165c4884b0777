//! What the chain itself shows of a key: the blocks whose commits hold a signature of it. Whoever takes a key over by a mark
//! asks here whether the key signed above it.

use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Block, Ours, PublicKey, Tip};

use super::known::chain_id;
use super::prompt::Talk;
use crate::advice;
use crate::config::Config;
use crate::failure::Failure;
use crate::rpc::{Rpc, RpcError};

/// So many blocks are looked at of the newest, and so many right above the mark: a signer that runs is in the newest, and one
/// that went on after its state was copied is right above the copy.
const MOST: u64 = 100;
/// These are looked at whatever the mark is: one block can miss the precommit of a signer that is late.
const NEWEST: u64 = 2;

/// The blocks that were looked at.
pub(crate) struct Seen {
    /// How high the chain is.
    pub(crate) tip: Tip,
    /// From the lowest to the highest.
    pub(crate) blocks: Vec<Block>,
    /// Right above the mark, and the node did not tell them: it keeps no blocks that old.
    pub(crate) not_told: Option<(u64, u64)>,
}

impl Seen {
    /// The lowest and the highest block with a signature above the mark.
    pub(crate) fn signed_above(&self, mark: Hrs) -> Option<(u64, u64)> {
        let above = |block: &&Block| signed(block) && place(block).is_none_or(|place| place > mark);
        let mut heights = self.blocks.iter().filter(above).map(|block| block.height);
        let lowest = heights.next()?;
        Some((lowest, heights.next_back().unwrap_or(lowest)))
    }

    /// Says which blocks the node did not tell: a signer that stopped a while ago is in them alone.
    pub(crate) fn tell_gap(&self, talk: &mut dyn Talk) {
        if let Some((first, last)) = self.not_told {
            talk.hint(&advice::blocks_not_told(first, last));
        }
    }

    /// The newest blocks, in which a signer that runs has signed.
    pub(crate) fn newest(&self) -> &[Block] {
        let older = self.blocks.len().saturating_sub(NEWEST as usize);
        &self.blocks[older..]
    }

    /// The heights that were looked at, if the key was in the set of validators at none of them.
    pub(crate) fn unknown(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.blocks.first()?, self.blocks.last()?);
        let known = self.blocks.iter().any(|block| block.ours != Ours::NotInSet);
        (!known).then_some((first.height, last.height))
    }
}

/// Whether the block holds a signature of the key, whatever it is for.
fn signed(block: &Block) -> bool {
    matches!(block.ours, Ours::Block | Ours::Nil)
}

/// What was signed for a block: at least this.
fn place(block: &Block) -> Option<Hrs> {
    Hrs::new(block.height, block.round, Step::Precommit)
}

/// Looks at the newest blocks and at those right above the mark.
pub(crate) async fn above(
    node: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    mark: Hrs,
) -> Result<Seen, RpcError> {
    let tip = node.tip(chain).await?;
    // A block holds the commit of the one before.
    let held = tip.height.saturating_sub(1);
    let from = mark.height.value().max(1);
    let newest = from.max(held.saturating_sub(MOST - 1)).min(held.saturating_sub(NEWEST - 1)).max(1);
    let mut blocks = look(node, chain, key, newest..=held).await?;
    let right_above = from..newest.min(from.saturating_add(MOST));
    let mut not_told = None;
    match look(node, chain, key, right_above.clone()).await {
        Ok(mut lower) => {
            lower.append(&mut blocks);
            blocks = lower;
        }
        // A node may have dropped them, and is asked for the newest all the same.
        Err(_) => not_told = Some((right_above.start, right_above.end - 1)),
    }
    Ok(Seen { tip, blocks, not_told })
}

/// An error, in the words of `told`, if the node at `rpc` of the configuration tells of a block above the mark with a signature
/// of the key. A node that does not answer keeps nobody from anything.
pub(super) async fn not_above(
    config: &Config,
    id: &str,
    key: [u8; 32],
    mark: Hrs,
    talk: &mut dyn Talk,
    told: fn(&str, u64, Hrs) -> String,
) -> Result<(), Failure> {
    let rpc = config.chain(id).and_then(|chain| chain.rpc.as_deref()?.parse::<Rpc>().ok());
    let Some(rpc) = rpc else { return Ok(()) };
    match above(&rpc, chain_id(id)?, &PublicKey::new(key), mark).await {
        Ok(seen) => match seen.signed_above(mark) {
            Some((_, highest)) => Err(Failure::unavailable(told(id, highest, mark))),
            None => {
                seen.tell_gap(talk);
                Ok(())
            }
        },
        Err(error) => {
            talk.hint(&advice::not_looked_whether_it_signs(&advice::setup_rpc(&error)));
            Ok(())
        }
    }
}

/// The blocks of these heights.
pub(crate) async fn look(
    node: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    heights: impl IntoIterator<Item = u64>,
) -> Result<Vec<Block>, RpcError> {
    let mut blocks = Vec::new();
    for height in heights {
        blocks.push(node.block(chain, key, height).await?);
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(blocks: &[(u64, u32, Ours)]) -> Seen {
        let block = |&(height, round, ours)| Block { height, round, time: Duration::ZERO, ours };
        let blocks = blocks.iter().map(block).collect();
        Seen { tip: Tip { height: 9, time: None }, blocks, not_told: None }
    }

    #[test]
    fn a_signature_counts_if_its_round_is_above_the_mark() {
        let mark = Hrs::new(7, 1, Step::Precommit).unwrap();
        for (blocks, above) in [
            (&[(6, 9, Ours::Block), (7, 1, Ours::Block), (8, 0, Ours::Absent)][..], None),
            (&[(7, 2, Ours::Nil)], Some((7, 7))),
            (&[(8, 0, Ours::Block), (9, 0, Ours::Absent), (10, 0, Ours::Nil)], Some((8, 10))),
            (&[(8, 0, Ours::NotInSet)], None),
        ] {
            assert_eq!(seen(blocks).signed_above(mark), above);
        }
        let exact = Hrs::new(7, 1, Step::Prevote).unwrap();
        assert_eq!(seen(&[(7, 1, Ours::Block)]).signed_above(exact), Some((7, 7)));
    }

    #[test]
    fn a_key_is_unknown_if_no_set_has_it() {
        assert_eq!(seen(&[]).unknown(), None);
        assert_eq!(seen(&[(7, 0, Ours::NotInSet), (9, 0, Ours::NotInSet)]).unknown(), Some((7, 9)));
        assert_eq!(seen(&[(7, 0, Ours::NotInSet), (9, 0, Ours::Absent)]).unknown(), None);
    }
}
