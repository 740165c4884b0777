//! What was set up, and what its nodes need to be told.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use serde::Serialize;

use super::margin::Margin;
use crate::device::Target;
use crate::hrs_text::HrsText;
use crate::node::{Address, PeerId};

/// A chain that is set up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SetUp {
    /// The configuration file.
    pub(crate) config: String,
    /// The state directory.
    pub(crate) state_dir: String,
    /// What kind of device it is.
    pub(crate) device: Target,
    /// Whether stake may stand behind it; false: the device is simulated or emulated, and no hardware holds the key.
    pub(crate) for_stake: bool,
    /// Chain id.
    pub(crate) chain: String,
    /// The validator's public key in hex.
    pub(crate) key: String,
    /// The validator's address, as explorers and `/validators` show it.
    pub(crate) address: String,
    /// The mark on the device, as height/round/step.
    pub(crate) mark: HrsText,
    /// Which part of the chain's pace signing takes; null: no node told the pace.
    pub(crate) margin: Option<Margin>,
    /// What each node needs.
    pub(crate) nodes: Vec<NodeLines>,
    /// The commands that are left, in their order.
    pub(crate) next: Vec<String>,
}

/// What a node needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NodeLines {
    /// Its address, as the config has it.
    pub(crate) address: String,
    /// What its config.toml has as `priv_validator_laddr`.
    pub(crate) priv_validator_laddr: String,
    /// Files on the node's host; none where the node is reached over a network.
    pub(crate) files: Vec<NodeFile>,
}

/// A file on the node's host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NodeFile {
    /// Where; NODE is the node's unit.
    pub(crate) path: String,
    /// Its lines; USER is the node's user.
    pub(crate) lines: Vec<String>,
}

/// Below it nodes of this host make their sockets, each in a folder of its own.
const SOCKETS: &str = "/run/privval";

impl NodeLines {
    /// Of a node at this address. `us`: who the bridge is to nodes on noise://.
    pub(crate) fn of(address: &str, us: Option<&PeerId>) -> Self {
        let mut lines =
            Self { address: address.to_owned(), priv_validator_laddr: address.to_owned(), files: Vec::new() };
        match (address.parse::<Address>(), us) {
            (Ok(Address::Unix(socket)), _) => lines.files = of_socket(&socket),
            (Ok(Address::Noise { host, .. }), Some(us)) => {
                // The node's side takes no name.
                let name = host.name.parse::<IpAddr>().map_or_else(|_| "IP".to_owned(), bracketed);
                lines.priv_validator_laddr = format!("noise://{us}@{name}:{}", host.port);
            }
            _ => {}
        }
        lines
    }
}

fn bracketed(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

fn of_socket(socket: &Path) -> Vec<NodeFile> {
    // In a unit a percent sign begins a specifier, and a space ends a word.
    let path = socket.display().to_string().replace('%', "%%");
    let path = if path.contains(' ') { format!("\"{path}\"") } else { path };
    let unit = NodeFile {
        path: "/etc/systemd/system/NODE.service.d/highwater.conf".to_owned(),
        lines: vec![
            "[Service]".to_owned(),
            // The group may write to the socket.
            "UMask=0007".to_owned(),
            // A node does not remove the socket of its last run.
            format!("ExecStartPre=rm -f {path}"),
        ],
    };
    let folder = socket.parent().filter(|folder| folder.parent() == Some(Path::new(SOCKETS)));
    let folder = folder.map(|folder| NodeFile {
        path: "/etc/tmpfiles.d/privval-nodes.conf".to_owned(),
        lines: vec![format!("d {} 2750 USER privval -", folder.display())],
    });
    folder.into_iter().chain([unit]).collect()
}

/// The commands that are left when all is set up.
pub(super) fn next(config: &Path) -> Vec<String> {
    vec![match config == Path::new("/etc/highwater/highwater.toml") {
        true => "systemctl enable --now highwater".to_owned(),
        false => format!("highwater run --config {}", config.display()),
    }]
}

impl fmt::Display for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, node) in self.nodes.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "# config.toml of the node at {}", node.address)?;
            writeln!(f, "priv_validator_laddr = \"{}\"", node.priv_validator_laddr)?;
            for NodeFile { path, lines } in &node.files {
                writeln!(f, "\n# {path}\n{}", lines.join("\n"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Identity;

    #[test]
    fn a_node_is_told_where_to_listen_and_what_its_unit_needs() {
        let of = |address: &str| NodeLines::of(address, None);
        let here = of("unix:///run/privval/alpha-1/privval.sock");
        assert_eq!(here.files[0].lines, ["d /run/privval/alpha-1 2750 USER privval -"]);
        assert_eq!(here.files[1].lines[2], "ExecStartPre=rm -f /run/privval/alpha-1/privval.sock");
        assert_eq!(
            of("unix:///srv/50 % off/p.sock").files[0].lines[2],
            "ExecStartPre=rm -f \"/srv/50 %% off/p.sock\""
        );
        let there = of("tcp://sentry:26659");
        assert_eq!((there.priv_validator_laddr.as_str(), there.files.len()), ("tcp://sentry:26659", 0));
        let us = Identity::generate().peer_id();
        let node = Identity::generate().peer_id();
        for (host, laddr) in [("10.0.0.1", "10.0.0.1"), ("sentry", "IP"), ("[::1]", "[::1]")] {
            let lines = NodeLines::of(&format!("noise://{node}@{host}:26659"), Some(&us));
            assert_eq!(lines.priv_validator_laddr, format!("noise://{us}@{laddr}:26659"));
        }
    }
}
