//! What is known of the links to nodes on other machines, beside whether this host has a network.

use std::net::IpAddr;

use crate::advice;
use crate::node::Address;
use crate::node::host_network::{self, Told};
use crate::signer::{ChainView, NodeView};

/// What this host tells of its network; `None`: no node needs one.
pub(super) fn look<'a>(views: impl Iterator<Item = &'a ChainView>) -> Option<Told> {
    let remote = views.flat_map(|view| &view.nodes).any(is_remote);
    remote.then(Told::of_this_host)
}

fn is_remote(node: &NodeView) -> bool {
    node.address.parse::<Address>().is_ok_and(|address| address.is_remote())
}

/// Why the link to a node is cut although this host has a network, and the cure; `None`: it is not.
pub(super) fn cut(chain: &str, node: &NodeView, host: Option<&Told>) -> Option<String> {
    let host = host.filter(|host| host_network::is_up(host))?;
    (!node.connected && node.cut).then(|| {
        let complaint = node.complaint.as_deref().unwrap_or_default();
        why_cut(chain, &node.address, host, complaint)
    })
}

/// The words for a node at this address.
pub(crate) fn why_cut(chain: &str, address: &str, host: &Told, complaint: &str) -> String {
    let parsed = address.parse::<Address>().ok();
    let ip = parsed.as_ref().and_then(Address::host).and_then(|host| host.name.parse::<IpAddr>().ok());
    let way = ip.map(|ip| host_network::way(host, ip));
    advice::link::cut(chain, address, way.as_ref(), complaint)
}

/// Why no node of a chain is connected, where that is the network's fault.
pub(super) fn problem(view: &ChainView, host: Option<&Told>) -> Option<String> {
    if let Some(host) = host
        && !host_network::is_up(host)
        && view.nodes.iter().all(is_remote)
        && !view.nodes.is_empty()
    {
        return Some(advice::link::no_network().to_owned());
    }
    view.nodes.iter().find_map(|node| cut(&view.chain, node, host))
}
