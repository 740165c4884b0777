//! When a precommit's reply must carry the signature of its vote extension.
//!
//! A node stops for good if that signature is missing where extensions are enabled, and also if it stands where none
//! belongs (CometBFT 0.38 and later, `consensus/state.go`: "extensions must be present IFF …"). So this is decided
//! in one place, for all versions:
//!
//! | version | what its request says |
//! | --- | --- |
//! | 0.34, 0.37 | nothing: there are no extensions, and an unknown field in the reply is skipped |
//! | 0.38, 0.39, 0.40 | the extension; an empty one looks like none |
//! | 1.0 | `skip_extension_signing` unless extensions are enabled and it is a precommit |

use highwater_core::hrs::Step;

use super::proto::{Envelope, Sum};

/// Whether the signature of the extension is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// None belongs there.
    No,
    /// The node did not tell. With extensions enabled it is needed, without it is dropped unread.
    Perhaps,
    /// Without it the node would stop for good.
    Yes,
}

/// A vote extension that is or may be to be signed, with the precommit it came along with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What the application wants to say. Empty also where extensions are not enabled.
    pub content: Vec<u8>,
    /// Never [`Due::No`].
    pub due: Due,
}

/// What a node showed of its version on its links so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaks {
    /// Nothing: all versions look alike at first.
    #[default]
    Unknown,
    /// It set `skip_extension_signing` once, so it is 1.0 or later, which always says when it needs none.
    Skips,
}

impl Speaks {
    /// Learns from a message. A node of 1.0 sets the flag on each prevote, so it is known before its first precommit.
    pub fn learn(&mut self, envelope: &Envelope) {
        if let Some(Sum::SignVoteRequest(request)) = &envelope.sum
            && request.skip_extension_signing
        {
            *self = Self::Skips;
        }
    }
}

/// Whether a vote's reply must carry the signature of its extension.
pub fn due(step: Step, for_block: bool, skip: bool, extension: &[u8], node: Speaks) -> Due {
    match (step, for_block, skip) {
        (Step::Precommit, true, false) => match node {
            Speaks::Skips => Due::Yes,
            Speaks::Unknown if !extension.is_empty() => Due::Yes,
            Speaks::Unknown => Due::Perhaps,
        },
        _ => Due::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privval::proto::SignVoteRequest;

    /// Step, for a block, skip, extension, what is known of the node.
    type Row = (Step, bool, bool, &'static [u8], Speaks, Due);

    #[test]
    fn the_whole_truth_table() {
        use Due::{No, Perhaps, Yes};
        use Speaks::{Skips, Unknown};
        use Step::{Precommit, Prevote};
        let table: [Row; 32] = [
            (Prevote, false, false, b"", Unknown, No),
            (Prevote, false, false, b"", Skips, No),
            (Prevote, false, false, b"x", Unknown, No),
            (Prevote, false, false, b"x", Skips, No),
            (Prevote, false, true, b"", Unknown, No),
            (Prevote, false, true, b"", Skips, No),
            (Prevote, false, true, b"x", Unknown, No),
            (Prevote, false, true, b"x", Skips, No),
            (Prevote, true, false, b"", Unknown, No),
            (Prevote, true, false, b"", Skips, No),
            (Prevote, true, false, b"x", Unknown, No),
            (Prevote, true, false, b"x", Skips, No),
            (Prevote, true, true, b"", Unknown, No),
            (Prevote, true, true, b"", Skips, No),
            (Prevote, true, true, b"x", Unknown, No),
            (Prevote, true, true, b"x", Skips, No),
            (Precommit, false, false, b"", Unknown, No),
            (Precommit, false, false, b"", Skips, No),
            (Precommit, false, false, b"x", Unknown, No),
            (Precommit, false, false, b"x", Skips, No),
            (Precommit, false, true, b"", Unknown, No),
            (Precommit, false, true, b"", Skips, No),
            (Precommit, false, true, b"x", Unknown, No),
            (Precommit, false, true, b"x", Skips, No),
            (Precommit, true, false, b"", Unknown, Perhaps),
            (Precommit, true, false, b"", Skips, Yes),
            (Precommit, true, false, b"x", Unknown, Yes),
            (Precommit, true, false, b"x", Skips, Yes),
            (Precommit, true, true, b"", Unknown, No),
            (Precommit, true, true, b"", Skips, No),
            (Precommit, true, true, b"x", Unknown, No),
            (Precommit, true, true, b"x", Skips, No),
        ];
        for (step, for_block, skip, extension, node, expected) in table {
            let row = (step, for_block, skip, extension, node);
            assert_eq!(due(step, for_block, skip, extension, node), expected, "{row:?}");
        }
    }

    #[test]
    fn a_flag_once_set_tells_the_version() {
        let vote = |skip_extension_signing| Envelope {
            sum: Some(Sum::SignVoteRequest(SignVoteRequest { skip_extension_signing, ..Default::default() })),
        };
        let mut speaks = Speaks::default();
        speaks.learn(&vote(false));
        assert_eq!(speaks, Speaks::Unknown);
        speaks.learn(&vote(true));
        speaks.learn(&vote(false));
        assert_eq!(speaks, Speaks::Skips);
    }
}
