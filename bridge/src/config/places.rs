//! Where in the file each value stands, so that a complaint about one names its line and its key.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::Transport;
use super::devices::one_or_several;
use crate::advice;

/// A value with its place.
pub(super) type Place = Spanned<Value>;

/// The values of a file that was read, each with its place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Places {
    pub(super) state_dir: Option<Place>,
    #[serde(rename = "device", default, deserialize_with = "one_or_several")]
    pub(super) devices: Vec<Device>,
    #[serde(rename = "chain", default)]
    pub(super) chains: Vec<Chain>,
    #[serde(default)]
    pub(super) admin: Admin,
}

impl Places {
    /// What stands in the place of a transport and is none, and where.
    pub(super) fn unknown_transport(&self) -> Option<(&Place, &str)> {
        self.devices.iter().filter_map(|device| device.transport.as_ref()).find_map(|place| {
            let known = place.get_ref().clone().try_into::<Transport>().is_ok();
            Some((place, place.get_ref().as_str()?)).filter(|_| !known)
        })
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Device {
    pub(super) name: Option<Place>,
    pub(super) transport: Option<Place>,
    pub(super) address: Option<Place>,
    pub(super) serial: Option<Place>,
    pub(super) path: Option<Place>,
    pub(super) spare: Option<Place>,
    pub(super) auth_key: Option<Place>,
    pub(super) password_file: Option<Place>,
    pub(super) audit: Option<Place>,
    pub(super) module: Option<Place>,
    pub(super) token_label: Option<Place>,
    pub(super) slot: Option<Place>,
    pub(super) pin_file: Option<Place>,
    #[serde(rename = "key", default)]
    pub(super) keys: Vec<Key>,
}

/// A key of a store.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Key {
    pub(super) number: Option<Place>,
    pub(super) id: Option<Place>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Chain {
    pub(super) id: Option<Place>,
    pub(super) device: Option<Place>,
    pub(super) stop_height: Option<Place>,
    #[serde(default)]
    pub(super) nodes: Vec<Place>,
    pub(super) rpc: Option<Place>,
    /// A key of earlier versions.
    pub(super) vote_extensions: Option<Place>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Admin {
    pub(super) metrics: Option<Place>,
    pub(super) metrics_exposed: Option<Place>,
}

/// What is wrong in the file, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Wrong {
    /// Of the value at this place of the text.
    pub(super) fn at(text: &str, place: Option<&Place>, wrong: impl fmt::Display) -> Self {
        Self { line: line(text, place.map(Spanned::span)), text: wrong.to_string() }
    }

    /// What the reader of the file complains of: the line itself stands beside its words, and so does the key.
    pub(super) fn of(text: &str, error: &toml::de::Error) -> Self {
        let line = line(text, error.span());
        let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
        Self { line, text: advice::config_syntax(shown, error.message().trim_end()) }
    }
}

/// The number of the line in which this begins.
fn line(text: &str, place: Option<Range<usize>>) -> usize {
    let before = place.and_then(|place| text.get(..place.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}
