//! Numbers for the operator, in the OpenMetrics text form.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Report;
use super::gauges::Gauges;
use crate::log::{Kind, Lost};
use crate::signer::MessageKind;

/// Signatures of each chain that a status shows.
const RECENT: usize = 8;

type Labels = [(&'static str, String); 1];

/// All numbers; clones share them.
#[derive(Clone)]
pub struct Counters(Arc<Inner>);

/// A signature that a node got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// What was signed.
    pub hrs: Hrs,
    /// From the request to the verified signature.
    pub took: Duration,
    /// When it was given out.
    pub at: Instant,
}

struct Inner {
    registry: Registry,
    signatures: Family<Labels, Counter>,
    /// By reason.
    refusals: Family<[(&'static str, String); 2], Counter>,
    missed: Family<Labels, Counter>,
    /// The last height of each chain for which a precommit was signed.
    precommitted: Mutex<BTreeMap<String, u64>>,
    /// The last signatures of each chain, the newest first.
    recent: Mutex<BTreeMap<String, VecDeque<Signature>>>,
    silences: Family<Labels, Counter>,
    unwritten: Family<Labels, Counter>,
    late: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
    extensions: Family<Labels, Histogram>,
    /// By kind of message.
    device: Family<[(&'static str, String); 2], Histogram>,
    height: Family<Labels, Gauge<u64, AtomicU64>>,
    /// What is so at the moment of a look.
    gauges: Gauges,
    /// Lines of the log that were dropped.
    lost: Lost,
}

impl Counters {
    /// All at zero.
    pub fn new() -> Self {
        Self::beside(&Lost::default())
    }

    /// All at zero, but for the lines that this log has dropped.
    pub fn beside(log: &Lost) -> Self {
        let mut registry = Registry::with_prefix("highwater");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The version that runs", Info::new(version));
        let signatures = Family::<Labels, Counter>::default();
        registry.register(
            "signatures",
            "Signatures delivered to a node, each counted once",
            signatures.clone(),
        );
        let refusals = Family::<_, Counter>::default();
        registry.register(
            "refusals",
            "Requests refused: the node got an error. The reason is the word behind refused. of the log, or device_ and the status word of \
             the device",
            refusals.clone(),
        );
        let missed = Family::<Labels, Counter>::default();
        registry.register(
            "heights_missed",
            "Heights without a precommit signed here, below one with it: as many blocks were missed, or the node was synced forward",
            missed.clone(),
        );
        let silences = Family::<Labels, Counter>::default();
        registry.register(
            "silences",
            "Requests without an answer, or signed when the node had left: the node asks again",
            silences.clone(),
        );
        let unwritten = Family::<Labels, Counter>::default();
        registry.register(
            "state_file_unwritten",
            "Times the state file could not be written: one node is signed for meanwhile, several are not",
            unwritten.clone(),
        );
        let late = Family::<Labels, Counter>::default();
        registry.register(
            "state_file_late",
            "Writes of the state file that took over a second, counted when the second is over: a disk that hangs. One node is \
             signed for meanwhile, several are not",
            late.clone(),
        );
        // 0.5 ms to 8 s.
        let seconds: Family<Labels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 15)));
        registry.register_with_unit(
            "sign",
            "From request to verified signature, of a precommit with that of its extension",
            Unit::Seconds,
            seconds.clone(),
        );
        // 0.5 ms to 262 s: a node that asks again and again waits so long.
        let extensions: Family<Labels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 20)));
        registry.register_with_unit(
            "extension",
            "From the precommit's signature to that of its vote extension; the count is the number of extensions signed",
            Unit::Seconds,
            extensions.clone(),
        );
        let device: Family<_, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 15)));
        registry.register_with_unit(
            "device",
            "The device's part of a signature, from command to reply, by kind of message: proposal, prevote, precommit without its \
             extension, extension",
            Unit::Seconds,
            device.clone(),
        );
        let height = Family::<Labels, Gauge<u64, AtomicU64>>::default();
        registry.register(
            "height",
            "Height of the last signature, also from before the start",
            height.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Lines of the log that its reader did not take; signing does not wait for it",
            log.counter().clone(),
        );
        let gauges = Gauges::register(&mut registry);
        let inner = Inner {
            registry,
            signatures,
            refusals,
            missed,
            precommitted: Mutex::default(),
            recent: Mutex::default(),
            silences,
            unwritten,
            late,
            seconds,
            extensions,
            device,
            height,
            gauges,
            lost: log.clone(),
        };
        Self(Arc::new(inner))
    }

    /// A chain is served: every series of it exists from now on. Its last place, from before the start, is shown.
    pub(crate) fn serve(&self, chain: &str, last: Option<Hrs>) {
        let labels = labels(chain);
        let Inner { signatures, missed, silences, unwritten, late, .. } = &*self.0;
        for family in [signatures, missed, silences, unwritten, late] {
            let _ = family.get_or_create(&labels);
        }
        for reason in reasons() {
            let _ = self.0.refusals.get_or_create(&refusal(chain, reason));
        }
        let _ = self.0.seconds.get_or_create(&labels);
        let _ = self.0.extensions.get_or_create(&labels);
        for message in MessageKind::ALL {
            let _ = self.0.device.get_or_create(&of_kind(chain, message));
        }
        self.0.height.get_or_create(&labels).set(last.map_or(0, |hrs| hrs.height.value()));
        if let Some(last) = last {
            let is_precommit = u64::from(last.step == Step::Precommit);
            self.precommitted()
                .insert(chain.to_owned(), (last.height.value() + is_precommit).saturating_sub(1));
        }
    }

    pub(crate) fn signed(&self, chain: &str, hrs: Hrs, elapsed: Duration) {
        self.remember(chain, Signature { hrs, took: elapsed, at: Instant::now() });
        self.0.signatures.get_or_create(&labels(chain)).inc();
        self.0.seconds.get_or_create(&labels(chain)).observe(elapsed.as_secs_f64());
        self.0.height.get_or_create(&labels(chain)).set(hrs.height.value());
        if hrs.step == Step::Precommit {
            let height = hrs.height.value();
            let before = self.precommitted().insert(chain.to_owned(), height);
            let missed = before.map_or(0, |before| height.saturating_sub(before + 1));
            self.0.missed.get_or_create(&labels(chain)).inc_by(missed);
        }
    }

    fn remember(&self, chain: &str, signature: Signature) {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.entry(chain.to_owned()).or_default();
        recent.truncate(RECENT - 1);
        recent.push_front(signature);
    }

    /// The last signatures of a chain since the start, the newest first.
    pub(crate) fn recent(&self, chain: &str) -> Vec<Signature> {
        let recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(chain).map(|recent| recent.iter().copied().collect()).unwrap_or_default()
    }

    /// Heights without a precommit signed here, below one with it.
    pub(crate) fn missed(&self, chain: &str) -> u64 {
        self.0.missed.get_or_create(&labels(chain)).get()
    }

    fn precommitted(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.precommitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn extended(&self, chain: &str, elapsed: Duration) {
        self.0.extensions.get_or_create(&labels(chain)).observe(elapsed.as_secs_f64());
    }

    pub(crate) fn device(&self, chain: &str, message: MessageKind, elapsed: Duration) {
        self.0.device.get_or_create(&of_kind(chain, message)).observe(elapsed.as_secs_f64());
    }

    /// For a reason of [`reasons`].
    pub(crate) fn refused(&self, chain: &str, reason: Reason) {
        self.0.refusals.get_or_create(&refusal(chain, reason)).inc();
    }

    pub(crate) fn silent(&self, chain: &str) {
        self.0.silences.get_or_create(&labels(chain)).inc();
    }

    pub(crate) fn state_unwritten(&self, chain: &str) {
        self.0.unwritten.get_or_create(&labels(chain)).inc();
    }

    pub(crate) fn state_late(&self, chain: &str) {
        self.0.late.get_or_create(&labels(chain)).inc();
    }

    /// Lines of the log that its reader did not take.
    pub(crate) fn lines_dropped(&self) -> u64 {
        self.0.lost.counter().get()
    }

    /// Signatures, refusals, silences of a chain.
    pub(crate) fn of(&self, chain: &str) -> [u64; 3] {
        let refused =
            reasons().map(|reason| self.0.refusals.get_or_create(&refusal(chain, reason)).get()).sum();
        let [signed, silent] =
            [&self.0.signatures, &self.0.silences].map(|family| family.get_or_create(&labels(chain)).get());
        [signed, refused, silent]
    }

    /// The page, with everything as this report has it.
    pub(crate) fn page(&self, report: &Report) -> Result<String, fmt::Error> {
        self.0.gauges.show(report);
        let mut page = String::new();
        encode(&mut page, &self.0.registry)?;
        Ok(page)
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}

/// Why a request was refused, as the label says it: by the word of the log behind its dot, or by the device's status word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A rule of the host.
    Host(Kind),
    /// A rule of the device.
    Device(Status),
}

impl Reason {
    /// As the label says it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Host(kind) => kind.word().rsplit('.').next().unwrap_or_default().to_owned(),
            Self::Device(status) => format!("device_{:04x}", status.word()),
        }
    }
}

/// All of them: few, so that each has its series before it first comes.
pub(crate) fn reasons() -> impl Iterator<Item = Reason> {
    // Those of the device have words of their own; the others are of links, which belong to no chain.
    let other =
        [Kind::RefusedDevice, Kind::RefusedWrongChain, Kind::RefusedRawSigning, Kind::RefusedMalformed];
    let kinds = Kind::ALL.iter().copied();
    let host = kinds.filter(move |kind| kind.word().starts_with("refused.") && !other.contains(kind));
    let device = Status::ALL.into_iter().filter(|status| status.is_decided());
    host.map(Reason::Host).chain(device.map(Reason::Device))
}

fn refusal(chain: &str, reason: Reason) -> [(&'static str, String); 2] {
    [("chain", chain.to_owned()), ("reason", reason.word())]
}

fn of_kind(chain: &str, message: MessageKind) -> [(&'static str, String); 2] {
    [("chain", chain.to_owned()), ("kind", message.word().to_owned())]
}

fn labels(chain: &str) -> Labels {
    [("chain", chain.to_owned())]
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
