//! Numbers that are what they are at the moment of a look: taken from the report whenever the metrics are read.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{ChainReport, DeviceState, NodeReport, OnChainReport, Report, Shown};
use crate::device::SlotState;
use crate::signer::Fate;

type Of<const LABELS: usize> = [(&'static str, String); LABELS];
type Real<const LABELS: usize> = Family<Of<LABELS>, Gauge<f64, AtomicU64>>;
type Whole<const LABELS: usize> = Family<Of<LABELS>, Gauge>;

/// With a label `device` where devices have names. The line of one without a name is what it always was: a family has
/// brackets without labels there.
#[derive(Debug, Clone, Default)]
struct OfDevice {
    nameless: Gauge,
    named: Whole<1>,
}

impl OfDevice {
    fn set(&self, name: Option<&str>, value: i64) {
        match name {
            None => self.nameless.set(value),
            Some(name) => self.named.get_or_create(&[("device", name.to_owned())]).set(value),
        };
    }
}

impl EncodeMetric for OfDevice {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match self.named.is_empty() {
            true => self.nameless.encode(encoder),
            false => self.named.encode(encoder),
        }
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// All of them.
pub(super) struct Gauges {
    device_up: OfDevice,
    /// One of the states is 1. With the label of [`OfDevice`].
    device_state: Family<Vec<(&'static str, String)>, Gauge>,
    mark_on_host: OfDevice,
    /// 1, for chains of devices that have names.
    chain_device: Whole<2>,
    signing: Whole<1>,
    stopped: Whole<1>,
    /// One of the states is 1.
    slot_state: Whole<2>,
    node_up: Whole<2>,
    node_down: Real<2>,
    node_cut: Whole<2>,
    /// There only where a node is on another machine.
    host_network: Whole<0>,
    key_imported: Whole<1>,
    age: Real<1>,
    behind: Real<1>,
    /// 1 while the node at `rpc` tells what the chain has.
    rpc_up: Whole<1>,
    /// By what became of our signature.
    blocks: Whole<2>,
    elsewhere: Whole<1>,
    block_seconds: Real<1>,
    share: Real<1>,
    years_left: Real<1>,
    wear: Real<1>,
}

impl Gauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self {
            device_up: OfDevice::default(),
            device_state: Family::default(),
            mark_on_host: OfDevice::default(),
            chain_device: Family::default(),
            signing: Family::default(),
            stopped: Family::default(),
            slot_state: Family::default(),
            node_up: Family::default(),
            node_down: Family::default(),
            node_cut: Family::default(),
            host_network: Family::default(),
            key_imported: Family::default(),
            age: Family::default(),
            behind: Family::default(),
            rpc_up: Family::default(),
            blocks: Family::default(),
            elsewhere: Family::default(),
            block_seconds: Family::default(),
            share: Family::default(),
            years_left: Family::default(),
            wear: Family::default(),
        };
        registry.register(
            "device_up",
            "1 while the device answers; 0 too when no look at it came to an end for 25 s",
            gauges.device_up.clone(),
        );
        registry.register(
            "device_state",
            "1 for the state that the device is in, by the words of device_state in the JSON of status; 0 for all others",
            gauges.device_state.clone(),
        );
        registry.register(
            "device_mark_on_host",
            "1 if what the device remembers is a file of this host: a key in a store, or the simulated device. Whoever can write that \
             file can take the mark back",
            gauges.mark_on_host.clone(),
        );
        registry.register(
            "chain_device",
            "1 for the chain's device, where devices have names: only there is it, and the label device of the three above",
            gauges.chain_device.clone(),
        );
        registry.register(
            "chain_signing",
            "1 while the chain signs, as /health judges it",
            gauges.signing.clone(),
        );
        registry.register(
            "chain_stopped",
            "1 while the chain is stopped: DOUBLE-SIGN RISK, its device contradicted what it signed",
            gauges.stopped.clone(),
        );
        registry.register(
            "slot_state",
            "1 for the state of the chain's slot on the pinned device, by the words of state in the JSON of status; 0 for all others. \
             unknown: it is not there to tell",
            gauges.slot_state.clone(),
        );
        registry.register(
            "node_up",
            "1 while the link to this node of the config is up",
            gauges.node_up.clone(),
        );
        registry.register_with_unit(
            "node_down",
            "How long the link to this node has been down; 0 while it is up",
            Unit::Seconds,
            gauges.node_down.clone(),
        );
        registry.register(
            "node_link_cut",
            "1 while nothing comes from this node's machine although this host has a network",
            gauges.node_cut.clone(),
        );
        registry.register(
            "host_network_up",
            "1 while a route leads off this host over an interface that is up: the default route, or the one to a node. Only where a \
             node is on another machine; gone while the system does not tell",
            gauges.host_network.clone(),
        );
        registry.register(
            "chain_key_imported",
            "1 if the chain's key was made elsewhere: copies may exist outside. Not there before the device was seen",
            gauges.key_imported.clone(),
        );
        registry.register_with_unit(
            "last_signature_age",
            "Since the last new signature; before the first one, since the start",
            Unit::Seconds,
            gauges.age.clone(),
        );
        registry.register_with_unit(
            "state_file_behind",
            "How long the state file has been behind what a reply waits for, whether its disk fails or hangs; 0 while it is not",
            Unit::Seconds,
            gauges.behind.clone(),
        );
        registry.register(
            "rpc_up",
            "1 while the node at rpc of the config tells what the chain has. Only where rpc is, as the next four",
            gauges.rpc_up.clone(),
        );
        registry.register(
            "last_blocks",
            "Of the last 100 blocks since the start, by what became of our signature: present, nil, late, behind, unsigned, unasked, \
             not_in_set, elsewhere",
            gauges.blocks.clone(),
        );
        registry.register(
            "blocks_signed_elsewhere",
            "Blocks since the start with a signature of our key that was not made here: DOUBLE-SIGN RISK. 0 again after a restart, and \
             when the owner approved a mark above them",
            gauges.elsewhere.clone(),
        );
        registry.register_with_unit(
            "block",
            "The median time between two of these blocks, by the chain's clock; from ten blocks on",
            Unit::Seconds,
            gauges.block_seconds.clone(),
        );
        registry.register_with_unit(
            "signing",
            "Which part of that time our prevote and our precommit take, as their node waits for them",
            Unit::Other("ratio".to_owned()),
            gauges.share.clone(),
        );
        registry.register_with_unit(
            "flash_left",
            "Until the chain's flash is at its rated life, at its own pace, in the first hour at an assumed one. Gone while the \
             device is; not there of a device in this process, which has no flash",
            Unit::Other("years".to_owned()),
            gauges.years_left.clone(),
        );
        registry.register_with_unit(
            "flash_wear",
            "Part of its rated life that the chain's flash has endured since the app was installed. Gone while the device is; not there of a \
             device in this process",
            Unit::Other("ratio".to_owned()),
            gauges.wear.clone(),
        );
        gauges
    }

    /// Takes everything from a report.
    pub(super) fn show(&self, report: &Report) {
        for device in report.each() {
            self.device(device);
        }
        match report.host_network {
            Some(up) => {
                self.host_network.get_or_create(&[]).set(i64::from(up));
            }
            // What is not known is not what it was.
            None => {
                self.host_network.remove(&[]);
            }
        }
        for chain in &report.chains {
            self.chain(report, chain);
        }
    }

    fn device(&self, device: Shown<'_>) {
        self.device_up.set(device.name, i64::from(device.session.is_some()));
        for state in DeviceState::ALL {
            let name = device.name.map(|name| ("device", name.to_owned()));
            let labels = name.into_iter().chain([("state", state.word())]).collect();
            self.device_state.get_or_create(&labels).set(i64::from(device.state == state));
        }
        // A device that is away is what it was.
        if let Some(session) = device.session {
            self.mark_on_host.set(device.name, i64::from(!session.target.has_buttons()));
        }
    }

    fn chain(&self, report: &Report, chain: &ChainReport) {
        let of = || [("chain", chain.chain.clone())];
        if let Some(device) = &chain.device {
            let labels = [("chain", chain.chain.clone()), ("device", device.clone())];
            self.chain_device.get_or_create(&labels).set(1);
        }
        self.signing.get_or_create(&of()).set(i64::from(chain.problem.is_none()));
        self.stopped.get_or_create(&of()).set(i64::from(chain.stopped));
        self.age.get_or_create(&of()).set(chain.signature_age_seconds);
        self.behind.get_or_create(&of()).set(chain.state_file_behind_seconds);
        for state in SlotState::ALL.map(Some).into_iter().chain([None]) {
            let word = state.map_or("unknown", SlotState::word);
            let labels = [("chain", chain.chain.clone()), ("state", word.to_owned())];
            self.slot_state.get_or_create(&labels).set(i64::from(chain.state == state));
        }
        for NodeReport { address, connected, down_seconds, link_cut, .. } in &chain.nodes {
            let labels = [("chain", chain.chain.clone()), ("node", address.clone())];
            self.node_up.get_or_create(&labels).set(i64::from(*connected));
            self.node_down.get_or_create(&labels).set(down_seconds.unwrap_or_default());
            self.node_cut.get_or_create(&labels).set(i64::from(*link_cut));
        }
        if let Some(found) = &chain.on_chain {
            self.on_chain(&chain.chain, found);
        }
        let slot = report.session_of(chain).and_then(|session| session.chain(&chain.chain));
        if let Some(slot) = slot {
            self.key_imported.get_or_create(&of()).set(i64::from(slot.is_imported()));
        }
        match (chain.years_left, slot) {
            (Some(years), Some(slot)) => {
                self.years_left.get_or_create(&of()).set(years);
                self.wear.get_or_create(&of()).set(f64::from(slot.wear_ppm) / 1e6);
            }
            // Of a device that is away nothing is known, and the last value would be told for ever.
            _ => {
                self.years_left.remove(&of());
                self.wear.remove(&of());
            }
        }
    }

    fn on_chain(&self, chain: &str, found: &OnChainReport) {
        let of = || [("chain", chain.to_owned())];
        self.rpc_up.get_or_create(&of()).set(i64::from(found.problem.is_none()));
        for fate in Fate::ALL {
            let labels = [("chain", chain.to_owned()), ("ours", fate.word().to_owned())];
            let blocks = i64::try_from(found.of_fate(fate)).unwrap_or(i64::MAX);
            self.blocks.get_or_create(&labels).set(blocks);
        }
        let elsewhere = found.signed_elsewhere.as_ref().map_or(0, |elsewhere| elsewhere.blocks);
        self.elsewhere.get_or_create(&of()).set(i64::try_from(elsewhere).unwrap_or(i64::MAX));
        if let Some(seconds) = found.block_seconds {
            self.block_seconds.get_or_create(&of()).set(seconds);
        }
        if let Some(ratio) = found.signing_ratio {
            self.share.get_or_create(&of()).set(ratio);
        }
    }
}
