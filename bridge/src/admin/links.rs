//! What is known of the links to nodes on other machines, beside whether this host has a network.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Cause, Problem};
use crate::advice;
use crate::node::Address;
use crate::node::host_network::HostNetwork;
use crate::node::this_host::THIS_HOST;
use crate::signer::{ChainView, NodeView};

/// The network of this host, and whether nodes can be reached by it.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    network: Arc<HostNetwork>,
    is_up: bool,
}

impl Host {
    /// As these nodes need it.
    pub(crate) fn of<'a>(network: Arc<HostNetwork>, nodes: impl IntoIterator<Item = &'a Address>) -> Self {
        let nodes: Vec<IpAddr> = nodes.into_iter().filter_map(ip).collect();
        Self { is_up: network.is_up(&nodes), network }
    }

    /// Whether it has a network.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up
    }
}

/// The nodes that are on other machines.
pub(super) fn far<'a>(views: impl Iterator<Item = &'a ChainView>) -> Vec<Address> {
    views.flat_map(|view| &view.nodes).filter_map(remote).collect()
}

/// What this host tells of its network; `None`: no node needs one, or the host does not tell.
pub(super) async fn look(far: &[Address]) -> Option<Host> {
    if far.is_empty() {
        return None;
    }
    Some(Host::of(THIS_HOST.look().await?, far))
}

fn remote(node: &NodeView) -> Option<Address> {
    node.address.parse::<Address>().ok().filter(Address::is_remote)
}

fn ip(address: &Address) -> Option<IpAddr> {
    address.host()?.name.parse().ok()
}

/// Why the link to a node is cut although this host has a network, and the cure; `None`: it is not.
pub(super) fn cut(chain: &str, node: &NodeView, host: Option<&Host>) -> Option<String> {
    let host = host.filter(|host| host.is_up)?;
    (!node.connected && node.cut).then(|| {
        let complaint = node.complaint.as_deref().unwrap_or_default();
        why_cut(chain, &node.address, host, complaint)
    })
}

/// The words for a node at this address.
pub(crate) fn why_cut(chain: &str, address: &str, host: &Host, complaint: &str) -> String {
    let ip = address.parse::<Address>().ok().as_ref().and_then(ip);
    let way = ip.map(|ip| host.network.way(ip));
    advice::link::cut(chain, address, way.as_ref(), complaint)
}

/// Why no node of a chain is connected, where that is the network's fault.
pub(super) fn problem(view: &ChainView, host: Option<&Host>) -> Option<Problem> {
    if let Some(host) = host
        && !host.is_up
        && view.nodes.iter().all(|node| remote(node).is_some())
        && !view.nodes.is_empty()
    {
        return Some(Problem { cause: Cause::Network, text: advice::link::no_network().to_owned() });
    }
    let text = view.nodes.iter().find_map(|node| cut(&view.chain, node, host))?;
    Some(Problem { cause: Cause::Link, text })
}
