//! What each signer means by a step. tmkms counts from 0 and all others from 1: misread, a precommit is a prevote, and the
//! next precommit at that place is a double signature.

use highwater_core::hrs::Step;

use crate::source::Source;

/// A step as we have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) step: Step,
    /// tmkms takes a 3 without a word, and never writes one: a person has put the file of CometBFT there.
    pub(crate) pasted: bool,
}

/// What `number` means to `source`; `None` if it means nothing.
pub(crate) fn meant(source: Source, number: u64) -> Option<Meant> {
    let number = u8::try_from(number).ok()?;
    if source != Source::Tmkms {
        return Step::new(number).map(|step| Meant { step, pasted: false });
    }
    match number {
        0 => Some(Meant { step: Step::Proposal, pasted: false }),
        1 => Some(Meant { step: Step::Prevote, pasted: false }),
        2 => Some(Meant { step: Step::Precommit, pasted: false }),
        3 => Some(Meant { step: Step::Precommit, pasted: true }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_every_signer_means_what_its_code_says() {
        use Step::{None as Nothing, Precommit, Prevote, Proposal};
        for number in (0..1000).chain([u64::MAX, 256, 257, 258, 259, 1 << 32]) {
            for source in Source::ALL {
                let expected = match (source, number) {
                    (Source::Tmkms, 0) => Some((Proposal, false)),
                    (Source::Tmkms, 1) => Some((Prevote, false)),
                    (Source::Tmkms, 2) => Some((Precommit, false)),
                    (Source::Tmkms, 3) => Some((Precommit, true)),
                    (Source::Tmkms, _) => None,
                    (_, 0) => Some((Nothing, false)),
                    (_, 1) => Some((Proposal, false)),
                    (_, 2) => Some((Prevote, false)),
                    (_, 3) => Some((Precommit, false)),
                    _ => None,
                };
                let found = meant(source, number).map(|meant| (meant.step, meant.pasted));
                assert_eq!(found, expected, "{source} {number}");
            }
        }
    }

    #[test]
    fn a_step_pasted_from_cometbft_is_never_read_below_what_it_was() {
        for number in 0..=3 {
            let there = meant(Source::CometBft, number).unwrap().step;
            assert!(meant(Source::Tmkms, number).unwrap().step >= there, "{number}");
        }
    }
}
