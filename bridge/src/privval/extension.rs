//! When a precommit's reply must carry the signature of its vote extension.
//!
//! A node stops for good if that signature is missing where it wants one, and also if it stands where none belongs
//! (CometBFT `types/vote.go`, `SignAndCheckVote`: "extensions must be present IFF …"). So this is decided in one place, for
//! all versions, and never by what an operator believes about a node:
//!
//! | version | what it wants | what its request says |
//! | --- | --- | --- |
//! | 0.34, 0.37 | none; an unknown field in the reply is skipped | nothing |
//! | 0.38.0 to 0.38.10 | one with each precommit for a block, whether the chain enabled extensions or not | the extension; an empty one looks like none |
//! | 0.38.11 and later, 0.39, 0.40 | one where the chain enabled extensions; elsewhere it is dropped unread | the same |
//! | 1.0 | one where the chain enabled extensions, and nowhere else | `skip_extension_signing` unless it wants one |

use highwater_core::hrs::Step;

/// Whether a vote's reply must carry the signature of its extension. `skip`: the request says that none is needed.
pub fn wants_extension(step: Step, for_block: bool, skip: bool) -> bool {
    step == Step::Precommit && for_block && !skip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_precommit_for_a_block_has_one_unless_its_node_says_that_it_needs_none() {
        for step in [Step::None, Step::Proposal, Step::Prevote, Step::Precommit] {
            for (for_block, skip) in [(false, false), (false, true), (true, false), (true, true)] {
                let wanted = matches!((step, for_block, skip), (Step::Precommit, true, false));
                assert_eq!(wants_extension(step, for_block, skip), wanted, "{step:?} {for_block} {skip}");
            }
        }
    }
}
