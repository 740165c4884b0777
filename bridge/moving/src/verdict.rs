//! The verdict: whether state, key and chain belong together, and the mark that the chain begins with.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Height, Hrs, Step};

use crate::found::Found;
use crate::key::PublicKey;
use crate::refusal::Refusal;
use crate::signed::Belongs;
use crate::source::Source;
use crate::state::State;
use crate::warning::Warning;

/// What of the last place becomes the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarkRule {
    /// The precommit of its round. That costs a vote at most, and covers a state that is a step behind, or misread by one.
    /// Where a hook, a command or a person has set the height, the next height.
    #[default]
    RoundDone,
    /// The place itself.
    Exact,
}

/// What is asked of the files.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who wrote them.
    pub source: Source,
    /// Of which chain they are.
    pub chain: ChainId<'a>,
    /// The key that moves, or the one that the old signer keeps; `None` if nobody named it.
    pub key: Option<&'a PublicKey>,
    /// What becomes the mark.
    pub rule: MarkRule,
    /// How many cosigners of horcrux it takes to sign.
    pub threshold: Option<usize>,
    /// The time.
    pub now: SystemTime,
    /// How long the chain takes for a block: a signer of a slow one is quiet for long while it runs.
    pub block_time: Duration,
}

/// What the files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The mark that the chain begins with. Nothing at or below it is signed.
    pub mark: Hrs,
    /// The highest place in the files.
    pub highest: Hrs,
    /// What is not proven.
    pub warnings: Vec<Warning>,
}

/// Judges the state files of one validator, all of which belong together.
pub fn judge(question: &Question<'_>, files: &[Found<'_>]) -> Result<Verdict, Refusal> {
    let threshold = question.sound_threshold()?;
    let (mut states, mut warnings) = (Vec::new(), Vec::new());
    for file in files {
        let state = question.read(file)?;
        if file.is_share() && state.is_fresh() {
            return Err(Refusal::FreshShare { file: file.path.to_owned() });
        }
        warnings.extend(question.belongs(file, &state)?);
        states.push((file, state));
    }
    warnings.extend(threshold.map(|threshold| cosigners(threshold, &states)).transpose()?);
    let highest = states.iter().max_by_key(|(_, state)| state.place);
    let (file, highest) = highest.ok_or(Refusal::NoState(question.source))?;
    if highest.is_fresh() {
        return Err(Refusal::Fresh { file: file.path.to_owned() });
    }
    let highest = highest.place;
    // A height that is set in one file holds for all: in which of its rounds the key signed last is not known.
    let by_hand = |state: &State| state.by_hand && state.place.height == highest.height;
    let by_hand = states.iter().find(|(_, state)| by_hand(state));
    let by_hand = by_hand.map(|(file, state)| (file.path.to_owned(), state.place));
    let mark = question.mark(highest, by_hand.as_ref())?;
    warnings.extend(by_hand.map(|(file, place)| Warning::RaisedByHand { file, place }));
    warnings.push(Warning::MayLag { source: question.source });
    warnings.extend((question.rule == MarkRule::Exact).then_some(Warning::Exact { mark }));
    Ok(Verdict { mark, highest, warnings })
}

/// How many cosigners have shown a share of a signature. More than half of all sign together, so among as many as that
/// there is one that took part in the last signature.
///
/// No two cosigners make the same share, and one file has many paths: shares count, and paths do not.
fn cosigners(threshold: usize, states: &[(&Found<'_>, State)]) -> Result<Warning, Refusal> {
    let shares = states.iter().filter(|(file, _)| file.is_share());
    let shares: BTreeSet<_> =
        shares.filter_map(|(_, state)| state.signed.as_ref()).map(|signed| &signed.signature).collect();
    let found = shares.len();
    if found < threshold {
        return Err(Refusal::FewCosigners { found, threshold });
    }
    Ok(Warning::OtherCosigners { read: found })
}

/// The verdict on a key that never signed for the chain, says the operator, who has typed the chain id for it.
pub fn never_signed(question: &Question<'_>, typed: &str, files: &[Found<'_>]) -> Result<Verdict, Refusal> {
    if typed != question.chain.as_str() {
        let (typed, chain) = (typed.to_owned(), question.chain.as_str().to_owned());
        return Err(Refusal::NotTyped { typed, chain });
    }
    for file in files {
        match question.read(file) {
            Ok(state) if state.is_fresh() => {}
            Ok(State { place, .. }) => return Err(Refusal::WasSigned { file: file.path.to_owned(), place }),
            Err(Refusal::Missing { .. }) => {}
            // A signer makes its file with something in it: an empty one was cut.
            Err(Refusal::Empty { file }) => return Err(Refusal::EmptyNeverSigned { file }),
            Err(other) => return Err(other),
        }
    }
    let mark = Hrs::new(1, 0, Step::None).unwrap_or_default();
    Ok(Verdict { mark, highest: Hrs::ZERO, warnings: vec![Warning::NeverSigned] })
}

/// Above every round of a height. There is one: a state at the highest is a retired one.
fn next_height(height: Height) -> Hrs {
    let next = Height::new(height.value().saturating_add(1)).unwrap_or(Height::MAX);
    Hrs { height: next, ..Hrs::ZERO }
}

impl Question<'_> {
    /// The state of a file that nobody writes any more, and that may be the right one by its name.
    pub(crate) fn read(&self, file: &Found<'_>) -> Result<State, Refusal> {
        let bytes = file.bytes.ok_or_else(|| Refusal::Missing { file: file.path.to_owned() })?;
        file.named_for(self.source, self.chain)?;
        let state = State::read(self.source, file.path, bytes)?;
        if state.place.height == Height::MAX {
            return Err(Refusal::Retired { file: file.path.to_owned() });
        }
        file.settled(self.now, self.block_time)?;
        Ok(state)
    }

    /// The file is of this chain and key, as far as it can tell.
    pub(crate) fn belongs(&self, file: &Found<'_>, state: &State) -> Result<Vec<Warning>, Refusal> {
        let path = || file.path.to_owned();
        if state.is_fresh() {
            return Ok(vec![Warning::FreshAmongOthers { file: path() }]);
        }
        if self.key.zip(state.key.as_ref()).is_some_and(|(moving, own)| moving != own) {
            return Err(Refusal::OtherKey { file: path() });
        }
        let mut warnings = match &state.signed {
            None => vec![Warning::NotSigned { file: path() }],
            Some(signed) => signed.belongs(Belongs {
                file: file.path,
                chain: self.chain,
                place: state.place,
                key: self.key.or(state.key.as_ref()),
                share: file.is_share(),
            })?,
        };
        warnings.extend(state.pasted.then(|| Warning::PastedStep { file: path() }));
        Ok(warnings)
    }

    fn mark(&self, highest: Hrs, by_hand: Option<&(String, Hrs)>) -> Result<Hrs, Refusal> {
        match (self.rule, by_hand) {
            (MarkRule::RoundDone, None) => Ok(Hrs { step: Step::Precommit, ..highest }),
            (MarkRule::RoundDone, Some(_)) => Ok(next_height(highest.height)),
            (MarkRule::Exact, None) => Ok(highest),
            (MarkRule::Exact, Some((file, place))) => {
                Err(Refusal::NotExact { file: file.to_owned(), place: *place })
            }
        }
    }

    /// How many cosigners of horcrux it takes to sign; `None` of any other signer.
    fn sound_threshold(&self) -> Result<Option<usize>, Refusal> {
        if self.source != Source::Horcrux {
            return Ok(None);
        }
        match self.threshold.ok_or(Refusal::NoThreshold)? {
            none @ (0 | 1) => Err(Refusal::NotAThreshold(none)),
            threshold => Ok(Some(threshold)),
        }
    }
}
