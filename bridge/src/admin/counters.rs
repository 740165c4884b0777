//! Numbers for the operator, in the OpenMetrics text form.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use highwater_core::hrs::Hrs;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::log::Lost;

type Labels = [(&'static str, String); 1];

/// All numbers; clones share them.
#[derive(Clone)]
pub struct Counters(Arc<Inner>);

struct Inner {
    registry: Registry,
    signatures: Family<Labels, Counter>,
    refusals: Family<Labels, Counter>,
    silences: Family<Labels, Counter>,
    unwritten: Family<Labels, Counter>,
    late: Family<Labels, Counter>,
    /// How long the state file has been behind.
    behind: Family<Labels, Gauge<f64, AtomicU64>>,
    seconds: Family<Labels, Histogram>,
    extensions: Family<Labels, Histogram>,
    height: Family<Labels, Gauge<u64, AtomicU64>>,
    /// Whether a chain signs, as `/health` judges it.
    signing: Family<Labels, Gauge>,
    device: Gauge,
}

impl Counters {
    /// All at zero.
    pub fn new() -> Self {
        Self::beside(&Lost::default())
    }

    /// All at zero, but for the lines that this log has dropped.
    pub fn beside(log: &Lost) -> Self {
        let mut registry = Registry::with_prefix("highwater");
        let signatures = Family::<Labels, Counter>::default();
        registry.register("signatures", "Signatures delivered to a node", signatures.clone());
        let refusals = Family::<Labels, Counter>::default();
        registry.register("refusals", "Requests refused", refusals.clone());
        let silences = Family::<Labels, Counter>::default();
        registry.register(
            "silences",
            "Requests met with silence, so that the node asks again",
            silences.clone(),
        );
        let unwritten = Family::<Labels, Counter>::default();
        registry.register(
            "state_file_unwritten",
            "Times the state file could not be written; signing goes on",
            unwritten.clone(),
        );
        let late = Family::<Labels, Counter>::default();
        registry.register(
            "state_file_late",
            "Writes of the state file that took over a second, under way or done; one node is signed for meanwhile, several \
             are not",
            late.clone(),
        );
        let behind = Family::<Labels, Gauge<f64, AtomicU64>>::default();
        registry.register_with_unit(
            "state_file_behind",
            "How long the state file has been behind what a reply waits for; 0 while it is not",
            Unit::Seconds,
            behind.clone(),
        );
        // 0.5 ms to 8 s.
        let seconds: Family<Labels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 15)));
        registry.register_with_unit(
            "sign",
            "From request to verified signature",
            Unit::Seconds,
            seconds.clone(),
        );
        // 0.5 ms to 262 s: a node that asks again and again waits so long.
        let extensions: Family<Labels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 20)));
        registry.register_with_unit(
            "extension",
            "From the precommit's signature to that of its vote extension",
            Unit::Seconds,
            extensions.clone(),
        );
        let height = Family::<Labels, Gauge<u64, AtomicU64>>::default();
        registry.register("height", "Height of the last signature", height.clone());
        let signing = Family::<Labels, Gauge>::default();
        registry.register("chain_signing", "1 while the chain signs, as /health judges it", signing.clone());
        let device = Gauge::<i64>::default();
        registry.register("device_up", "1 while the device answers", device.clone());
        registry.register(
            "log_lines_dropped",
            "Lines of the log that its reader did not take; signing does not wait for it",
            log.counter().clone(),
        );
        let inner = Inner {
            registry,
            signatures,
            refusals,
            silences,
            unwritten,
            late,
            behind,
            seconds,
            extensions,
            height,
            signing,
            device,
        };
        Self(Arc::new(inner))
    }

    /// A chain is served: every series of it exists from now on. Its last place, from before the start, is shown.
    pub(crate) fn serve(&self, chain: &str, last: Option<Hrs>) {
        let labels = labels(chain);
        for family in
            [&self.0.signatures, &self.0.refusals, &self.0.silences, &self.0.unwritten, &self.0.late]
        {
            let _ = family.get_or_create(&labels);
        }
        let _ = self.0.behind.get_or_create(&labels);
        let _ = self.0.seconds.get_or_create(&labels);
        let _ = self.0.extensions.get_or_create(&labels);
        self.0.height.get_or_create(&labels).set(last.map_or(0, |hrs| hrs.height.value()));
        self.0.signing.get_or_create(&labels).set(0);
    }

    /// Whether a chain signs.
    pub(crate) fn signing(&self, chain: &str, signs: bool) {
        self.0.signing.get_or_create(&labels(chain)).set(i64::from(signs));
    }

    pub(crate) fn signed(&self, chain: &str, hrs: Hrs, elapsed: Duration) {
        self.0.signatures.get_or_create(&labels(chain)).inc();
        self.0.seconds.get_or_create(&labels(chain)).observe(elapsed.as_secs_f64());
        self.0.height.get_or_create(&labels(chain)).set(hrs.height.value());
    }

    pub(crate) fn extended(&self, chain: &str, elapsed: Duration) {
        self.0.extensions.get_or_create(&labels(chain)).observe(elapsed.as_secs_f64());
    }

    pub(crate) fn refused(&self, chain: &str) {
        self.0.refusals.get_or_create(&labels(chain)).inc();
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

    /// How long the state file of a chain has been behind.
    pub(crate) fn state_behind(&self, chain: &str, seconds: f64) {
        self.0.behind.get_or_create(&labels(chain)).set(seconds);
    }

    /// Signatures, refusals, silences of a chain.
    pub(crate) fn of(&self, chain: &str) -> [u64; 3] {
        [&self.0.signatures, &self.0.refusals, &self.0.silences]
            .map(|family| family.get_or_create(&labels(chain)).get())
    }

    /// The page, with the device as it is now.
    pub(crate) fn page(&self, device_up: bool) -> Result<String, fmt::Error> {
        self.0.device.set(i64::from(device_up));
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

fn labels(chain: &str) -> Labels {
    [("chain", chain.to_owned())]
}

#[cfg(test)]
mod tests {
    use highwater_core::hrs::Step;

    use super::*;

    #[test]
    fn the_page_names_chain_and_numbers() {
        let counters = Counters::new();
        let hrs = Hrs::new(7, 0, Step::Prevote).unwrap();
        counters.signed("alpha-1", hrs, Duration::from_millis(3));
        counters.extended("alpha-1", Duration::from_millis(5));
        counters.refused("alpha-1");
        counters.state_late("alpha-1");
        counters.state_behind("alpha-1", 1.5);
        let page = counters.page(true).unwrap();
        for line in [
            "highwater_signatures_total{chain=\"alpha-1\"} 1",
            "highwater_refusals_total{chain=\"alpha-1\"} 1",
            "highwater_height{chain=\"alpha-1\"} 7",
            "highwater_sign_seconds_count{chain=\"alpha-1\"} 1",
            "highwater_extension_seconds_count{chain=\"alpha-1\"} 1",
            "highwater_state_file_late_total{chain=\"alpha-1\"} 1",
            "highwater_state_file_behind_seconds{chain=\"alpha-1\"} 1.5",
            "highwater_device_up 1",
            "highwater_log_lines_dropped_total 0",
        ] {
            assert!(page.contains(line), "{line} is missing from\n{page}");
        }
        assert_eq!(counters.of("alpha-1"), [1, 1, 0]);
    }
}
