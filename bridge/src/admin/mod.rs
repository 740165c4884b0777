//! What an operator may see and do while the daemon runs: admin socket, metrics, health, the page in a browser.

mod accept;
mod clients;
mod counters;
mod device_state;
mod gauges;
mod health;
mod host;
mod http;
pub(crate) mod links;
mod on_chain;
mod page;
mod patience;
pub(crate) mod picture;
mod socket;
mod status;
#[cfg(test)]
pub(crate) use status::tests;
#[cfg(test)]
mod watching_tests;

pub(crate) use counters::Reason;
#[cfg(test)]
pub(crate) use counters::reasons;
pub use counters::{Counters, Signature};
pub use device_state::DeviceState;
pub use http::serve as serve_http;
pub use on_chain::{DeviceSeconds, ElsewhereReport, OnChainReport};
pub use patience::Unanswered;
pub use socket::{Client, Listener, path as socket_path};
pub use status::{
    Cause, ChainReport, DeviceReport, NodeReport, RefusedReport, Report, SignatureReport, report,
};
pub(crate) use status::{Problem, Shown};
