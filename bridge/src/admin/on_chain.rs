//! What is measured of a chain, as a report has it: how long its messages take, and whether the chain has our signatures.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::ChainReport;
use super::status::Cause;
use crate::signer::{Elsewhere, Fate, Medians, OnChain};

/// The medians of the last 100 messages of each kind in the device, from command to reply.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceSeconds {
    /// Of a proposal; null while none was signed.
    pub proposal: Option<f64>,
    /// Of a prevote.
    pub prevote: Option<f64>,
    /// Of a precommit, without its extension.
    pub precommit: Option<f64>,
    /// Of the extension of a precommit.
    pub extension: Option<f64>,
}

impl DeviceSeconds {
    pub(super) fn of(medians: &Medians) -> Self {
        let [proposal, prevote, precommit, extension] =
            medians.device.map(|median| Some(median?.as_secs_f64()));
        Self { proposal, prevote, precommit, extension }
    }
}

/// What a node tells that the chain has: of the last blocks, 100 at most, since the daemon started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OnChainReport {
    /// Where its RPC listens, as the config has it.
    pub rpc: String,
    /// Why it tells nothing now, and the cure. Null: it tells.
    pub problem: Option<String>,
    /// The last block that it told; null before the first one.
    pub height: Option<String>,
    /// How many blocks are counted below.
    pub blocks: u64,
    /// Blocks with our precommit.
    pub present: u64,
    /// Blocks with our precommit for nil.
    pub nil: u64,
    /// Blocks without our precommit, which was signed here, and came too late.
    pub late: u64,
    /// Blocks without our precommit, for which only other votes were signed here: their node came to them too late.
    pub behind: u64,
    /// Blocks without our precommit, for which nothing of what was asked here was signed.
    pub unsigned: u64,
    /// Blocks without our precommit, for which nobody asked here.
    pub unasked: u64,
    /// Blocks at which the validator was not in the set.
    pub not_in_set: u64,
    /// Blocks with a precommit of our key, for the block or for nil, that was not made here: another signer runs.
    #[serde(default)]
    pub elsewhere: u64,
    /// All blocks of the last kind since the start, also those before the last 100. Null: there was none, or a mark that the owner
    /// approved since covers them.
    #[serde(default)]
    pub signed_elsewhere: Option<ElsewhereReport>,
    /// How old the newest block is, by the clocks of this host and of the chain. Null: the node does not tell.
    #[serde(default)]
    pub newest_block_age_seconds: Option<f64>,
    /// The median time between two blocks, by the chain's clock; null before ten of them.
    pub block_seconds: Option<f64>,
    /// Which part of that time our two votes take, as their node waits for them.
    pub signing_ratio: Option<f64>,
}

/// Blocks that another signer of our key signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ElsewhereReport {
    /// How many.
    pub blocks: u64,
    /// The first one.
    pub first_height: String,
    /// The last one.
    pub last_height: String,
}

impl ElsewhereReport {
    fn of(Elsewhere { blocks, first, last }: Elsewhere) -> Self {
        Self { blocks, first_height: first.to_string(), last_height: last.to_string() }
    }
}

impl OnChainReport {
    pub(super) fn of(found: &OnChain, timing: &Medians) -> Self {
        let OnChain { rpc, problem, last, counts, pace, elsewhere, newest } = found;
        Self {
            rpc: rpc.to_string(),
            problem: problem.clone(),
            height: last.map(|last| last.to_string()),
            blocks: counts.blocks(),
            present: counts.of(Fate::Present),
            nil: counts.of(Fate::Nil),
            late: counts.of(Fate::Late),
            behind: counts.of(Fate::Behind),
            unsigned: counts.of(Fate::Unsigned),
            unasked: counts.of(Fate::Unasked),
            not_in_set: counts.of(Fate::NotInSet),
            elsewhere: counts.of(Fate::Elsewhere),
            signed_elsewhere: elsewhere.map(ElsewhereReport::of),
            newest_block_age_seconds: newest.map(|newest| newest.age.as_secs_f64()),
            block_seconds: pace.map(|pace| pace.as_secs_f64()),
            signing_ratio: found.share(timing),
        }
    }

    /// Whether the chain has our signatures, in words.
    pub(crate) fn words(&self) -> String {
        if let Some(problem) = &self.problem {
            return problem.clone();
        }
        let Some(height) = self.height.as_ref().filter(|_| self.blocks > 0) else {
            return "no block since the start yet".to_owned();
        };
        let mut text =
            format!("{} of the last {} blocks up to {height} have our signature", self.present, self.blocks);
        for (count, words) in [
            (self.elsewhere, "SIGNED ELSEWHERE"),
            (self.late, "signed, but too late"),
            (self.behind, "node too late"),
            (self.unsigned, "not signed"),
            (self.unasked, "nobody asked"),
            (self.nil, "for nil"),
            (self.not_in_set, "not in the set of validators"),
        ] {
            if count > 0 {
                let _ = write!(text, "; {words}: {count}");
            }
        }
        text
    }

    /// Whether a block lacks our signature for which somebody should have asked here in time.
    pub(crate) fn lacks(&self) -> bool {
        self.late + self.behind + self.unsigned + self.unasked > 0
    }

    /// Blocks of this fate.
    pub(crate) fn of_fate(&self, fate: Fate) -> u64 {
        match fate {
            Fate::Present => self.present,
            Fate::Nil => self.nil,
            Fate::Late => self.late,
            Fate::Behind => self.behind,
            Fate::Unsigned => self.unsigned,
            Fate::Unasked => self.unasked,
            Fate::NotInSet => self.not_in_set,
            Fate::Elsewhere => self.elsewhere,
        }
    }
}

impl ChainReport {
    /// Whether another signer runs with the chain's key, as a node tells.
    pub(crate) fn is_signed_elsewhere(&self) -> bool {
        self.on_chain.as_ref().is_some_and(|found| found.signed_elsewhere.is_some())
    }

    /// Whether it is stopped, or its key signs elsewhere: DOUBLE-SIGN RISK.
    pub(crate) fn is_at_risk(&self) -> bool {
        let told = [self.problem_cause, self.warning_cause].contains(&Some(Cause::Elsewhere));
        self.stopped || told || self.is_signed_elsewhere()
    }

    /// What a block costs, and of what, in words.
    pub(crate) fn signing(&self) -> Option<String> {
        let signing = self.signing_seconds?;
        let pace =
            self.on_chain.as_ref().and_then(|found| Some((found.block_seconds?, found.signing_ratio?)));
        let pace = pace.map_or_else(String::new, |(block, ratio)| {
            format!(", {:.0} % of the {block:.1} s from block to block", ratio * 100.0)
        });
        let DeviceSeconds { proposal, prevote, precommit, extension } = &self.device_seconds;
        let kinds = [
            ("proposal", proposal),
            ("prevote", prevote),
            ("precommit", precommit),
            ("extension", extension),
        ];
        let kinds =
            kinds.into_iter().filter_map(|(kind, median)| Some(format!("{kind} {:.3} s", (*median)?)));
        let kinds: Vec<_> = kinds.collect();
        Some(format!("{signing:.3} s for both votes{pace}; in the device: {}", kinds.join(", ")))
    }
}
