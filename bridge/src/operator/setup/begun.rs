//! What a run that was interrupted leaves: its answers, and what it asked the owner for. Without the latter a chain on the
//! device could be one that signed for years beside another host, and nothing would tell.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::plan::Wanted;
use crate::advice;
use crate::failure::Failure;
use crate::store::durable;

/// The file in the state directory; it is gone when all is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begun {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<Asked>,
    /// Another signer was found after the owner had approved: its chain, and what was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) risk: Option<Risk>,
    #[serde(default)]
    pub(crate) answers: Answers,
}

/// A signer beside this one. It is not forgotten when it falls silent: the mark that was approved is below what it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Risk {
    pub(crate) chain: String,
    pub(crate) why: String,
}

/// What the owner was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) chain: String,
    pub(crate) wanted: Wanted,
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("setup.toml")
}

impl Begun {
    /// What an earlier run left, if it did.
    pub(crate) fn found(state_dir: &Path) -> Result<Option<Self>, Failure> {
        let path = path(state_dir);
        let text = match durable::read_text(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::state_file(&path, &error)),
            Ok(text) => text,
        };
        let begun: Self = toml::from_str(&text)
            .map_err(|error| Failure::usage(advice::begun_unusable(&path, &error.to_string())))?;
        begun
            .answers
            .check()
            .map_err(|wrong| Failure::usage(advice::begun_unusable(&path, &advice::answer_wrong(&wrong))))?;
        Ok(Some(begun))
    }

    /// It is on the disk when this returns; the same once more is not written.
    pub(crate) fn keep(&self, state_dir: &Path) -> Result<(), Failure> {
        let path = path(state_dir);
        let text = toml::to_string(self).map_err(|error| Failure::software(error.to_string()))?;
        if durable::read_text(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        durable::replace(&path, text.as_bytes()).map_err(|error| Failure::state_file(&path, &error))
    }

    /// All is done.
    pub(crate) fn end(state_dir: &Path) -> Result<(), Failure> {
        let path = path(state_dir);
        match path.exists() {
            true => durable::remove(&path).map_err(|error| Failure::state_file(&path, &error)),
            // Nothing is changed, the folder's time neither.
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_again_and_one_that_is_damaged_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Begun::found(dir.path()).unwrap(), None);
        Begun::end(dir.path()).unwrap();
        let wanted = Wanted { key_index: 3, mark: "7/0/none".parse().unwrap(), never_signed: true };
        let mut begun =
            Begun { asked: Some(Asked { chain: "alpha-1".to_owned(), wanted }), ..Begun::default() };
        begun.answers.chain.id = Some("alpha-1".to_owned());
        begun.keep(dir.path()).unwrap();
        assert_eq!(Begun::found(dir.path()).unwrap(), Some(begun));
        std::fs::write(path(dir.path()), "asked = 1").unwrap();
        let said = Begun::found(dir.path()).unwrap_err();
        assert!(said.to_string().contains("setup.toml") && said.code() == 64, "{said}");
        Begun::end(dir.path()).unwrap();
        assert_eq!(Begun::found(dir.path()).unwrap(), None);
    }
}
