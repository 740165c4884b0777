//! Height, round and step as people read and write them.

use std::fmt;
use std::str::FromStr;

use highwater_core::hrs::{Hrs, Step};
use serde::{Deserialize, Serialize};

/// An [`Hrs`] whose text form is `1234/0/precommit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(test, schemars(with = "String"))]
pub struct HrsText(pub Hrs);

/// Not a height, round and step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not height/round/step, as 1234/0/precommit")]
pub struct NotAnHrs(String);

impl FromStr for HrsText {
    type Err = NotAnHrs;

    fn from_str(text: &str) -> Result<Self, NotAnHrs> {
        let parse = || {
            let mut parts = text.split('/');
            let (height, round, step) = (parts.next()?, parts.next()?, parts.next()?);
            let step = match step {
                "none" => Step::None,
                "proposal" => Step::Proposal,
                "prevote" => Step::Prevote,
                "precommit" => Step::Precommit,
                _ => return None,
            };
            if parts.next().is_some() {
                return None;
            }
            Hrs::new(height.parse().ok()?, round.parse().ok()?, step).map(Self)
        };
        parse().ok_or_else(|| NotAnHrs(text.to_owned()))
    }
}

impl fmt::Display for HrsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<HrsText> for String {
    fn from(place: HrsText) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for HrsText {
    type Error = NotAnHrs;

    fn try_from(text: String) -> Result<Self, NotAnHrs> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["0/0/none", "7/2/prevote", "9223372036854775807/2147483647/precommit"] {
            assert_eq!(text.parse::<HrsText>().unwrap().to_string(), text);
        }
        for bad in
            ["", "7", "7/0", "7/0/commit", "7/-1/prevote", "7/0/prevote/1", "9223372036854775808/0/none"]
        {
            assert!(bad.parse::<HrsText>().is_err(), "{bad}");
        }
    }
}
