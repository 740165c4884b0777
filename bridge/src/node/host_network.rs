//! Whether this host has a network, by what the kernel tells of interfaces and routes: so that a link that is cut is told
//! apart from a host that is.
//!
//! [`Told`] is the only part with I/O; what it means is judged from its texts.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// A route is in use.
const UP: u32 = 0x1;
/// A route that refuses what it is given.
const REJECT: u32 = 0x200;

/// What the kernel tells, as its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Each interface, and its `operstate`.
    pub(crate) interfaces: Vec<(String, String)>,
    /// `/proc/self/net/route`.
    pub(crate) routes: String,
    /// `/proc/self/net/ipv6_route`.
    pub(crate) routes6: String,
}

impl Told {
    /// Of this host.
    pub(crate) fn of_this_host() -> Self {
        Self::read(Path::new("/sys"), Path::new("/proc"))
    }

    /// What cannot be read tells nothing. Below `self`, since a unit may see nothing of /proc but its own processes.
    pub(crate) fn read(sys: &Path, proc: &Path) -> Self {
        let text = |path: &Path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let entries = fs::read_dir(sys.join("class/net")).into_iter().flatten().flatten();
        let mut interfaces: Vec<_> = entries
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), text(&entry.path().join("operstate")))
            })
            .collect();
        interfaces.sort();
        let [routes, routes6] = ["route", "ipv6_route"].map(|name| text(&proc.join("self/net").join(name)));
        Self { interfaces, routes, routes6 }
    }
}

/// A route in use, that leads off this host.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    interface: String,
    to: IpAddr,
    /// Bits of the address that count; 0 of the default route.
    prefix: u32,
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

/// Whether the host has a network: its default route, or where it has none any route, leads over an interface that is up.
pub(crate) fn is_up(told: &Told) -> bool {
    let routes = routes(told);
    let is_default = |route: &&Route| route.prefix == 0;
    let has_default = routes.iter().any(|route| is_default(&route));
    routes
        .iter()
        .filter(|route| !has_default || is_default(route))
        .any(|route| carries(told, &route.interface))
}

/// Which way leads to an address.
pub(crate) fn way(told: &Told, to: IpAddr) -> Way {
    let mut routes = routes(told);
    routes.retain(|route| route.leads_to(to));
    let Some(best) = routes.into_iter().max_by_key(|route| route.prefix) else { return Way::None };
    match best {
        Route { interface, .. } if !carries(told, &interface) => Way::Down(interface),
        Route { interface, prefix: 0, .. } if is_private(to) => Way::Default(interface),
        Route { interface, .. } => Way::Over(interface),
    }
}

/// A tunnel's interface does not know whether anybody is at its other end.
fn carries(told: &Told, interface: &str) -> bool {
    told.interfaces.iter().any(|(name, state)| name == interface && (state == "up" || state == "unknown"))
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

fn routes(told: &Told) -> Vec<Route> {
    let off_this_host =
        |(route, flags): &(Route, u32)| flags & UP != 0 && flags & REJECT == 0 && route.interface != "lo";
    let v4 = told.routes.lines().filter_map(route4);
    let v6 = told.routes6.lines().filter_map(route6);
    v4.chain(v6).filter(off_this_host).map(|(route, _)| route).collect()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses in hex as they lie in memory.
fn route4(line: &str) -> Option<(Route, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |field: usize| u32::from_str_radix(fields.get(field)?, 16).ok();
    let (to, flags, mask) = (number(1)?, number(3)?, number(7)?);
    let to = IpAddr::V4(Ipv4Addr::from(to.to_ne_bytes()));
    let interface = (*fields.first()?).to_owned();
    Some((Route { interface, to, prefix: mask.count_ones() }, flags))
}

/// `destination length source length next_hop metric references use flags interface`, all in hex.
fn route6(line: &str) -> Option<(Route, u32)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let to = Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
    let number = |field: usize| u32::from_str_radix(fields.get(field)?, 16).ok();
    let (prefix, flags, interface) = (number(1)?, number(8)?, (*fields.get(9)?).to_owned());
    // Multicast leads to no node, and a link's own addresses to no other network.
    let is_far = !to.is_multicast() && !to.is_unicast_link_local();
    (is_far && prefix <= 128).then(|| (Route { interface, to: to.into(), prefix }, flags))
}

#[cfg(test)]
#[path = "host_network_tests.rs"]
mod tests;
