//! Of what a node tells that the chain has: which blocks lack our signature, and why nothing is told.

use std::time::Duration;

use highwater_moving::Refusal;

use crate::rpc::RpcError;
use crate::signer::{ChainView, Elsewhere, Fate};

/// Blocks that the chain has without our signature, in one line.
pub(crate) fn missed(blocks: &[(u64, Fate)]) -> String {
    let heights = match blocks {
        [(only, _)] => format!("block {only} has no signature of ours"),
        [(first, _), .., (last, _)] => {
            format!("{} blocks from {first} to {last} have no signature of ours", blocks.len())
        }
        [] => "no block is missed".to_owned(),
    };
    let of = |fate: Fate| blocks.iter().filter(|(_, known)| *known == fate).count();
    let why = [
        (Fate::Late, "signed, and too late for the block"),
        (Fate::Behind, "its node came to it too late for a precommit"),
        (Fate::Unsigned, "asked for, and nothing was signed"),
        (Fate::Unasked, "nobody asked here"),
    ];
    let why = why.map(|(fate, words)| (of(fate), words)).into_iter().filter(|(count, _)| *count > 0);
    let why: Vec<_> = match blocks.len() {
        1 => why.map(|(_, words)| words.to_owned()).collect(),
        _ => why.map(|(count, words)| format!("{count} {words}")).collect(),
    };
    format!("{heights}: {}", why.join(", "))
}

/// Many blocks lack our signature although it was made.
pub(crate) fn blocks_late(view: &ChainView, late: u64, blocks: u64) -> String {
    format!(
        "for {late} of the last {blocks} blocks of {} votes were signed here, and they came too late for the chain. Compare \
         `signing` in `highwater status` with the chain's pace (docs/chains.md), and look at the node's \
         peers",
        view.chain
    )
}

/// Many blocks lack our signature, and nobody asked for it.
pub(crate) fn blocks_unasked(view: &ChainView, unasked: u64, blocks: u64) -> String {
    format!(
        "{unasked} of the last {blocks} blocks of {} have no signature of ours, and no node asked here for one: look at the \
         node's log, and whether its priv_validator_laddr is this bridge's",
        view.chain
    )
}

/// Blocks have a signature of our key that was not made here.
pub(crate) fn signed_elsewhere(chain: &str, found: Elsewhere) -> String {
    let Elsewhere { blocks, first, last } = found;
    let heights = match blocks {
        1 => format!("block {last} has"),
        _ => format!("{blocks} blocks from {first} to {last} have"),
    };
    format!(
        "DOUBLE-SIGN RISK on {chain}: {heights} a signature of our key that was not made here, as the node at rpc says, so another \
         signer runs with this key. Stop it now, and see that nothing starts it again. Look on chain for two votes of this key \
         at one height and round. Then, with Highwater's mark below {last}, run `highwater mark set {chain} --last-signed \
         H/R/STEP` with the highest place that the other signer signed; with its mark above, restart the daemon. Do not \
         start both again"
    )
}

/// No block comes, and nobody asks.
pub(crate) fn nobody_asks(chain: &str, quiet: Duration, age: Duration, asked: bool) -> String {
    let since = if asked { "" } else { ", since the start" };
    format!(
        "nobody has asked for a vote of {chain} for {}{since}, and the newest block is {} old: the chain stands, or its node gave up on \
         its signer while that was away (its log says *exhausted all attempts to connect*): restart the node",
        super::duration(quiet),
        super::duration(age)
    )
}

/// Nobody asks, and no node is asked how the chain is.
pub(crate) fn nothing_signed(chain: &str, age: Duration, ever: bool) -> String {
    let since = if ever { "" } else { ", since the start" };
    format!(
        "nothing was signed for {chain} for {}{since}, since no node has asked for a vote: the validator is not in the set, the chain \
         stands, or its node gave up on its signer while that was away (its log says *exhausted all attempts to connect*): then restart \
         the node. `rpc` in its [[chain]] tells which of them it is",
        super::duration(age)
    )
}

/// The validator was not in the set of the last block.
pub(crate) fn not_in_set(chain: &str, height: u64, address: &str) -> String {
    format!(
        "the validator {address} of {chain} was not in the set at block {height}: it is jailed, has too little stake, or the \
         chain has another key. Compare `highwater pubkey {chain}` with the chain's validator, and unjail it"
    )
}

/// A node tells nothing that can be used.
pub(crate) fn rpc(chain: &str, error: &RpcError) -> String {
    let (what, cure) = match error {
        RpcError::Unanswered { address, error } => (
            format!("the node at {address} does not answer ({error})"),
            "check that the node runs and that rpc is its `laddr` of [rpc]",
        ),
        RpcError::Refused(Refusal::NodeOfOtherChain { found, .. }) => (
            format!("the node at rpc is of the chain {found:?}"),
            "name a node of this chain, and restart the bridge",
        ),
        RpcError::Refused(Refusal::CatchingUp) => {
            ("the node at rpc is catching up with its chain".to_owned(), "wait for it")
        }
        RpcError::Refused(Refusal::NodeAnswer { what, why }) => (
            format!("what the node at rpc answers to /{what} cannot be used: {why}"),
            "name a node of CometBFT 0.34 or later",
        ),
        RpcError::Refused(other) => (other.to_string(), "name another node"),
    };
    format!(
        "{chain}: which blocks have our signature is not known: {what}; no signature waits for it; {cure}"
    )
}
