//! The verdict: whether state, key and chain belong together, and the mark that the chain begins with.

use std::collections::BTreeSet;
use std::time::SystemTime;

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
    /// Where a hook or a person has set the height, the next height.
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
    let cosigners = question.cosigners(files)?;
    let (mut highest, mut warnings) = (None::<(&Found<'_>, State)>, Vec::new());
    for file in files {
        let state = question.read(file)?;
        warnings.extend(question.belongs(file, &state)?);
        if highest.as_ref().is_none_or(|(_, highest)| state.place > highest.place) {
            highest = Some((file, state));
        }
    }
    let (file, highest) = highest.ok_or(Refusal::NoState(question.source))?;
    if highest.is_fresh() {
        return Err(Refusal::Fresh { file: file.path.to_owned() });
    }
    let mark = question.mark(file, &highest)?;
    warnings.extend(cosigners.map(|read| Warning::OtherCosigners { read }));
    warnings.extend(question.source.may_lag().then_some(Warning::MayLag { source: question.source }));
    warnings.extend((question.rule == MarkRule::Exact).then_some(Warning::Exact { mark }));
    Ok(Verdict { mark, highest: highest.place, warnings })
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
            Err(Refusal::Empty { .. }) => file.settled(question.now)?,
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
        file.settled(self.now)?;
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
                share: file.is_share(self.source),
            })?,
        };
        warnings.extend(state.pasted.then(|| Warning::PastedStep { file: path() }));
        warnings.extend(state.by_hand.then(|| Warning::RaisedByHand { file: path(), place: state.place }));
        Ok(warnings)
    }

    fn mark(&self, file: &Found<'_>, highest: &State) -> Result<Hrs, Refusal> {
        match (self.rule, highest.by_hand) {
            (MarkRule::RoundDone, false) => Ok(Hrs { step: Step::Precommit, ..highest.place }),
            // In which round of this height the key signed last is not known.
            (MarkRule::RoundDone, true) => Ok(next_height(highest.place.height)),
            (MarkRule::Exact, false) => Ok(highest.place),
            (MarkRule::Exact, true) => {
                Err(Refusal::NotExact { file: file.path.to_owned(), place: highest.place })
            }
        }
    }

    /// How many cosigners have shown their state. More than half of all sign together, so among as many as that there is
    /// one that took part in the last signature.
    fn cosigners(&self, files: &[Found<'_>]) -> Result<Option<usize>, Refusal> {
        if self.source != Source::Horcrux {
            return Ok(None);
        }
        let threshold = self.threshold.ok_or(Refusal::NoThreshold)?;
        if threshold < 2 {
            return Err(Refusal::NotAThreshold(threshold));
        }
        let shares: BTreeSet<&str> =
            files.iter().filter(|file| file.is_share(self.source)).map(|file| file.path).collect();
        let found = shares.len();
        if found < threshold { Err(Refusal::FewCosigners { found, threshold }) } else { Ok(Some(found)) }
    }
}
