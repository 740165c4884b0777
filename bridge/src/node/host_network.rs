//! Whether this host has a network, by what the kernel tells of interfaces and routes: so that a link that is cut is told
//! apart from a host that is.
//!
//! [`Told`] is the only part with I/O; what it means is judged from its texts.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// A route is in use.
const UP: u32 = 0x1;
/// A route that refuses what it is given.
const REJECT: u32 = 0x200;

/// What the kernel tells, as its texts; `None`: it cannot be read, so nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Each interface, and its `operstate`.
    pub(crate) interfaces: Option<Vec<(String, String)>>,
    /// `/proc/self/net/route`.
    pub(crate) routes: Option<String>,
    /// `/proc/self/net/ipv6_route`; empty on a host without IPv6.
    pub(crate) routes6: Option<String>,
}

impl Told {
    /// Of this host.
    pub(crate) fn of_this_host() -> Self {
        Self::read(Path::new("/sys"), Path::new("/proc"))
    }

    /// Below `self`, since a unit may see nothing of /proc but its own processes.
    pub(crate) fn read(sys: &Path, proc: &Path) -> Self {
        let net = proc.join("self/net");
        let routes6 = match fs::read_to_string(net.join("ipv6_route")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(String::new()),
            read => read.ok(),
        };
        Self {
            interfaces: interfaces(&sys.join("class/net")).ok(),
            routes: fs::read_to_string(net.join("route")).ok(),
            routes6,
        }
    }
}

fn interfaces(class: &Path) -> io::Result<Vec<(String, String)>> {
    let mut interfaces = Vec::new();
    for entry in fs::read_dir(class)? {
        let entry = entry?;
        match fs::read_to_string(entry.path().join("operstate")) {
            Ok(state) => {
                interfaces.push((entry.file_name().to_string_lossy().into_owned(), state.trim().to_owned()));
            }
            // It went while they were read; or it is no interface, like the file of the kernel's bonds.
            Err(error) if gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(interfaces)
}

fn gone(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::INVAL))
}

/// A route in use, that leads off this host.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    interface: String,
    to: IpAddr,
    /// Bits of the address that count; 0 of the default route.
    prefix: u32,
    /// Of two routes to one place the kernel takes the lower.
    metric: u32,
}

/// Which way a packet to an address would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// None: it is not sent.
    None,
    /// Over an interface that is down.
    Down(String),
    /// By the default route, though the address is private: what had a route of its own there may be gone.
    Default(String),
    /// Over this interface.
    Over(String),
}

/// Interfaces and routes of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostNetwork {
    /// Each interface, and its `operstate`.
    interfaces: BTreeMap<String, String>,
    routes: Vec<Route>,
}

impl HostNetwork {
    /// `None`: the kernel's texts cannot be read, so whether there is a network is not known.
    pub(crate) fn of(told: &Told) -> Option<Self> {
        let Told { interfaces: Some(interfaces), routes: Some(routes4), routes6: Some(routes6) } = told
        else {
            return None;
        };
        Some(Self { interfaces: interfaces.iter().cloned().collect(), routes: routes(routes4, routes6) })
    }

    /// Whether the host has a network, as far as these nodes need one: its default route leads over an interface that is up,
    /// or the way to one of them does; or where it has no default route, any route does.
    pub(crate) fn is_up(&self, nodes: &[IpAddr]) -> bool {
        let mut defaults = self.routes.iter().filter(|route| route.prefix == 0).peekable();
        let has_default = defaults.peek().is_some();
        let leads =
            |to: &IpAddr| self.best(*to).is_some_and(|route| self.carries_by_itself(&route.interface));
        defaults.any(|route| self.carries(&route.interface))
            || nodes.iter().any(leads)
            || !has_default && self.routes.iter().any(|route| self.carries(&route.interface))
    }

    /// Which way leads to an address.
    pub(crate) fn way(&self, to: IpAddr) -> Way {
        match self.best(to).cloned() {
            None => Way::None,
            Some(Route { interface, .. }) if !self.carries(&interface) => Way::Down(interface),
            Some(Route { interface, prefix: 0, .. }) if is_private(to) => Way::Default(interface),
            Some(Route { interface, .. }) => Way::Over(interface),
        }
    }

    /// The route that the kernel takes, whether or not its interface is up.
    fn best(&self, to: IpAddr) -> Option<&Route> {
        let leading = self.routes.iter().filter(|route| route.leads_to(to));
        leading.min_by_key(|route| (Reverse(route.prefix), route.metric))
    }

    /// A tunnel's interface does not know whether anybody is at its other end.
    fn carries(&self, interface: &str) -> bool {
        self.interfaces.get(interface).is_some_and(|state| state == "up" || state == "unknown")
    }

    /// The same of an interface whose way is not the default route's: a tunnel rides on another one, which has to be up.
    fn carries_by_itself(&self, interface: &str) -> bool {
        let is_up = |interface: &str| self.interfaces.get(interface).is_some_and(|state| state == "up");
        is_up(interface) || self.carries(interface) && self.routes.iter().any(|route| is_up(&route.interface))
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        // 100.64.0.0/10 is what some VPNs number their machines from.
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.octets()[0] & 0xfe == 0xfc,
    }
}

impl Route {
    fn leads_to(&self, address: IpAddr) -> bool {
        match (self.to, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                u32::from(net) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                u128::from(net) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

fn routes(routes4: &str, routes6: &str) -> Vec<Route> {
    let off_this_host =
        |(route, flags): &(Route, u32)| flags & UP != 0 && flags & REJECT == 0 && route.interface != "lo";
    let v4 = routes4.lines().filter_map(route4);
    let v6 = routes6.lines().filter_map(route6);
    v4.chain(v6).filter(off_this_host).map(|(route, _)| route).collect()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses in hex as they lie in memory.
fn route4(line: &str) -> Option<(Route, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |field: usize| u32::from_str_radix(fields.get(field)?, 16).ok();
    let (to, flags, mask) = (number(1)?, number(3)?, number(7)?);
    let metric = fields.get(6)?.parse().ok()?;
    let to = IpAddr::V4(Ipv4Addr::from(to.to_ne_bytes()));
    let interface = (*fields.first()?).to_owned();
    Some((Route { interface, to, prefix: mask.count_ones(), metric }, flags))
}

/// `destination length source length next_hop metric references use flags interface`, all in hex.
fn route6(line: &str) -> Option<(Route, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let to = Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
    let number = |field: usize| u32::from_str_radix(fields.get(field)?, 16).ok();
    let (prefix, metric, flags) = (number(1)?, number(5)?, number(8)?);
    let interface = (*fields.get(9)?).to_owned();
    // Multicast leads to no node, and a link's own addresses to no other network.
    let is_far = !to.is_multicast() && !to.is_unicast_link_local();
    (is_far && prefix <= 128).then(|| (Route { interface, to: to.into(), prefix, metric }, flags))
}

#[cfg(test)]
#[path = "host_network_tests.rs"]
mod tests;
