//! The margin: which part of the time from block to block signing takes. Before anything was signed here the device's part is
//! a guide, and is said to be one.

use highwater_core::canonical::ChainId;
use highwater_moving::PublicKey;
use serde::Serialize;

use crate::device::Target;
use crate::rpc::{Rpc, RpcError};
use crate::signer::{PACE, pace};

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Margin {
    /// The median time between two blocks, by the chain's clock.
    pub(crate) block_seconds: f64,
    /// What both votes of a block take.
    pub(crate) signing_seconds: f64,
    /// Which part of that time it is.
    pub(crate) signing_ratio: f64,
    /// A running daemon measured it. Else it is a guide: docs/chains.md says of what.
    pub(crate) measured: bool,
}

/// Above this part of a block's time precommits begin to come too late, as docs/chains.md computes.
const THIN: f64 = 0.5;

impl Margin {
    fn new(block_seconds: f64, signing_seconds: f64, measured: bool) -> Self {
        Self { block_seconds, signing_seconds, signing_ratio: signing_seconds / block_seconds, measured }
    }

    pub(crate) fn is_thin(&self) -> bool {
        self.signing_ratio > THIN
    }
}

/// Seconds for one signature, as docs/chains.md has them. Of a Ledger those of another app.
const fn guide(target: Target) -> Option<f64> {
    match target {
        Target::NanoSPlus => Some(0.465),
        Target::NanoS => Some(0.67),
        // The slower end.
        Target::YubiHsm2 | Target::Pkcs11 => Some(0.16),
        Target::Simulated => Some(0.002),
        Target::Unknown => None,
    }
}

/// The margin by the chain's last blocks. `measured`: what both votes of a block took, if a daemon has measured it.
pub(crate) async fn look(
    node: &Rpc,
    chain: ChainId<'_>,
    key: &PublicKey,
    target: Target,
    measured: Option<f64>,
) -> Result<Option<Margin>, RpcError> {
    let tip = node.tip(chain).await?.height;
    // That of the last one no block holds the commit yet.
    let first = tip.saturating_sub(PACE as u64 + 1).max(1);
    let mut blocks = Vec::new();
    for height in first..tip {
        blocks.push(node.block(chain, key, height).await?);
    }
    let seconds = pace(blocks.iter()).map(|pace| pace.as_secs_f64()).filter(|seconds| *seconds > 0.0);
    let signing = measured.or_else(|| guide(target).map(|one| 2.0 * one));
    Ok(seconds.zip(signing).map(|(block, signing)| Margin::new(block, signing, measured.is_some())))
}

#[cfg(test)]
mod tests {
    use highwater_core::canonical::ChainId;

    use super::*;
    use crate::rpc::played::Played;

    #[test]
    fn the_guide_is_that_of_the_page() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/chains.md");
        let page = std::fs::read_to_string(page).unwrap();
        for target in [Target::NanoSPlus, Target::NanoS, Target::YubiHsm2, Target::Simulated] {
            let seconds = guide(target).unwrap();
            let stands =
                [format!("| {seconds} s |"), format!("to {seconds:.2} s |"), format!("below {seconds} s |")];
            assert!(stands.iter().any(|row| page.contains(row)), "{target:?}");
        }
    }

    #[tokio::test]
    async fn the_margin_is_the_part_of_the_last_blocks_that_both_votes_take() {
        let key = PublicKey::new([7; 32]);
        let node = Played::start("alpha-1", &key.address()).await;
        let chain = ChainId::new(b"alpha-1").unwrap();
        let look = |target, measured| {
            let (node, key) = (node.rpc(), key);
            async move { look(&node, chain, &key, target, measured).await.unwrap() }
        };
        let margin = look(Target::NanoS, None).await.unwrap();
        assert!(
            (margin.block_seconds - 6.0).abs() < 0.001 && !margin.measured && !margin.is_thin(),
            "{margin:?}"
        );
        assert!((margin.signing_ratio - 1.34 / 6.0).abs() < 0.001, "{margin:?}");
        let margin = look(Target::NanoS, Some(4.5)).await.unwrap();
        assert!(margin.measured && margin.is_thin(), "{margin:?}");
        assert_eq!(look(Target::Unknown, None).await, None);
        node.said().tip = 5;
        assert_eq!(look(Target::NanoS, None).await, None, "of a few blocks no pace is told");
    }
}
