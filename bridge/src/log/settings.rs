//! What the environment says of the log. What is not understood is refused: a daemon that logs nothing, because of one
//! wrong letter, is noticed when its log is needed.

use std::env;
use std::ffi::OsString;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::advice;

/// What is logged.
const FILTER: &str = "HIGHWATER_LOG";
/// How it is written.
const FORMAT: &str = "HIGHWATER_LOG_FORMAT";

/// A variable has a value that is not known. The text names cause and cure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) filter: EnvFilter,
    pub(super) format: Format,
}

/// What is wrong in the environment, if anything is.
pub(crate) fn error() -> Option<SettingError> {
    Settings::of_environment("info").err()
}

impl Settings {
    /// As the environment has them; `level` where it says nothing.
    pub(super) fn of_environment(level: &str) -> Result<Self, SettingError> {
        Self::read(level, |name| env::var_os(name))
    }

    fn read(level: &str, value: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingError> {
        // Set to nothing is not set, as everywhere.
        let text =
            |name| value(name).map(|value| value.to_string_lossy().into_owned()).filter(|v| !v.is_empty());
        let filter = text(FILTER).unwrap_or_else(|| level.to_owned());
        let format = match text(FORMAT).as_deref() {
            None | Some("text") => Format::Text,
            Some("json") => Format::Json,
            Some(other) => return Err(SettingError(advice::log_format(FORMAT, other))),
        };
        let refuse = |cause: &str| SettingError(advice::log_filter(FILTER, &filter, cause));
        // A word alone would count as the name of a part of the program, of which everything is logged, and else nothing.
        let is_known = |word: &str| word.contains(['=', '[']) || word.parse::<LevelFilter>().is_ok();
        if let Some(word) = filter.split(',').map(str::trim).find(|word| !is_known(word)) {
            return Err(refuse(&format!("{word:?} is no level")));
        }
        let parsed = EnvFilter::builder().parse(&filter).map_err(|error| refuse(&error.to_string()))?;
        Ok(Self { filter: parsed, format })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str, format: &str) -> Result<Settings, String> {
        let value = |name: &str| Some(OsString::from(if name == FILTER { filter } else { format }));
        Settings::read("info", value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_known_is_taken() {
        for filter in ["", "debug", "WARN", "off", "info,highwater::node=debug", "highwater=trace"] {
            assert!(read(filter, "").is_ok(), "{filter}");
        }
        assert_eq!(read("", "json").unwrap().format, Format::Json);
        assert_eq!(read("", "").unwrap().format, Format::Text);
        assert_eq!(read("", "").unwrap().filter.to_string(), "info");
    }

    #[test]
    fn what_is_not_known_is_refused_with_cause_and_cure() {
        for filter in ["inof", "info,verbose", "highwater=loud", "[", "a=b=c"] {
            let text = read(filter, "").unwrap_err();
            assert!(text.contains(FILTER) && text.contains(filter) && text.contains("debug"), "{text}");
        }
        let text = read("", "jsn").unwrap_err();
        assert!(text.contains(FORMAT) && text.contains("jsn") && text.contains("json"), "{text}");
    }
}
