use super::*;

const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

/// A line of `/proc/self/net/route`, as the kernel writes it.
fn line(interface: &str, to: [u8; 4], prefix: u32, flags: u32) -> String {
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0).to_be_bytes();
    let hex = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    format!("{interface}\t{}\t00000000\t{flags:04X}\t0\t0\t0\t{}\t0\t0\t0\n", hex(to), hex(mask))
}

/// A host with a default route over eth0 and a VPN over wg0.
fn host() -> Told {
    let routes = [
        line("eth0", [0, 0, 0, 0], 0, 3),
        line("eth0", [192, 168, 1, 0], 24, 1),
        line("wg0", [10, 77, 0, 0], 24, 1),
    ];
    Told { routes: Some(HEAD.to_owned() + &routes.concat()), ..told(&[("eth0", "up"), ("wg0", "unknown")]) }
}

/// A host with these interfaces, and no route.
fn told(interfaces: &[(&str, &str)]) -> Told {
    let all = interfaces.iter().chain(&[("lo", "unknown")]);
    Told {
        interfaces: Some(all.map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()),
        routes: Some(String::new()),
        routes6: Some(String::new()),
    }
}

/// As a host with the node on the other side of its VPN.
fn is_up(told: &Told) -> bool {
    HostNetwork::of(told).unwrap().is_up(&[NODE.into()])
}

fn way(told: &Told, to: IpAddr) -> Way {
    HostNetwork::of(told).unwrap().way(to)
}

fn without(told: &Told, interface: &str) -> Told {
    let keep = |line: &&str| !line.starts_with(interface);
    let interfaces = told.interfaces.iter().flatten().filter(|(name, _)| name != interface);
    let routes = told.routes.as_deref().unwrap().lines().filter(keep);
    Told {
        interfaces: Some(interfaces.cloned().collect()),
        routes: Some(routes.collect::<Vec<_>>().join("\n")),
        routes6: Some(String::new()),
    }
}

fn state(mut told: Told, interface: &str, state: &str) -> Told {
    for (name, now) in told.interfaces.iter_mut().flatten() {
        if name == interface {
            state.clone_into(now);
        }
    }
    told
}

const NODE: [u8; 4] = [10, 77, 0, 2];

#[test]
fn a_host_whose_vpn_is_gone_has_a_network_and_no_way_of_its_own_to_the_node() {
    let host = host();
    assert!(is_up(&host));
    assert_eq!(way(&host, NODE.into()), Way::Over("wg0".to_owned()));
    let cut = without(&host, "wg0");
    assert!(is_up(&cut));
    assert_eq!(way(&cut, NODE.into()), Way::Default("eth0".to_owned()));
    assert_eq!(
        way(&cut, [203, 0, 113, 7].into()),
        Way::Over("eth0".to_owned()),
        "the default is the way there"
    );
    let down = state(host, "wg0", "down");
    assert!(is_up(&down));
    assert_eq!(way(&down, NODE.into()), Way::Down("wg0".to_owned()));
}

#[test]
fn a_host_without_its_default_interface_has_no_network_whatever_tunnels_say() {
    let host = host();
    assert!(!is_up(&state(host.clone(), "eth0", "down")));
    assert!(!is_up(&state(host.clone(), "eth0", "lowerlayerdown")));
    assert_eq!(
        way(&state(host.clone(), "eth0", "down"), [203, 0, 113, 7].into()),
        Way::Down("eth0".to_owned())
    );
    let gone = without(&without(&host, "eth0"), "wg0");
    assert!(!is_up(&gone));
    assert_eq!(way(&gone, NODE.into()), Way::None);
}

#[test]
fn a_host_without_a_default_route_has_the_network_that_it_has() {
    let mut host = host();
    host.routes = Some(HEAD.to_owned() + &line("eth0", [192, 168, 1, 0], 24, 1));
    assert!(is_up(&host));
    assert_eq!(way(&host, NODE.into()), Way::None);
    assert!(!is_up(&state(host, "eth0", "down")));
}

#[test]
fn a_route_that_is_not_used_or_refuses_leads_nowhere() {
    let mut host = host();
    host.routes = Some(line("eth0", [0, 0, 0, 0], 0, 0) + &line("eth0", [0, 0, 0, 0], 0, UP | REJECT));
    assert!(!is_up(&host));
    assert_eq!(way(&host, NODE.into()), Way::None);
    // What is no line of a route.
    for routes in ["", "\n\n", "eth0", "eth0 zz 0 0003 0 0 0 00000000", "\u{fffd} 00000000"] {
        assert!(!is_up(&Told { routes: Some(routes.to_owned()), ..host.clone() }), "{routes:?}");
    }
}

/// As a Linux 6 wrote it.
const V6: &str = "\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000003 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo";

#[test]
fn routes_of_ipv6_count_but_those_of_this_host_and_its_link() {
    let told = Told { routes: Some(String::new()), routes6: Some(V6.to_owned()), ..host() };
    assert!(is_up(&told));
    assert_eq!(way(&told, "fd00::2".parse().unwrap()), Way::Over("eth0".to_owned()));
    assert_eq!(way(&told, "2001:db8::1".parse().unwrap()), Way::None, "its default is one that refuses");
    assert_eq!(way(&told, NODE.into()), Way::None);
}

#[test]
fn a_host_whose_nodes_are_reached_beside_its_default_route_has_a_network_while_they_are() {
    let lan = |state| Told {
        routes: Some(line("eth0", [0; 4], 0, 3) + &line("eth1", [10, 77, 0, 0], 24, 1)),
        ..told(&[("eth0", "down"), ("eth1", state)])
    };
    assert!(is_up(&lan("up")), "its default route is down, and the node's is not");
    assert!(!is_up(&lan("down")));
    // The same over a VPN, which rides on another interface than the default route's; or on that one.
    let vpn = |state| Told {
        routes: Some(
            line("eth0", [0; 4], 0, 3)
                + &line("eth1", [192, 168, 1, 0], 24, 1)
                + &line("wg0", [10, 77, 0, 0], 24, 1),
        ),
        ..told(&[("eth0", "down"), ("eth1", state), ("wg0", "unknown")])
    };
    assert!(is_up(&vpn("up")));
    assert!(!is_up(&vpn("down")));
    // What leads to no node does not count beside a default route: a bridge of containers is always up.
    let bridge = Told {
        routes: Some(line("eth0", [0; 4], 0, 3) + &line("docker0", [172, 17, 0, 0], 16, 1)),
        ..told(&[("eth0", "down"), ("docker0", "up")])
    };
    assert!(!is_up(&bridge));
}

#[test]
fn of_two_routes_to_one_place_the_kernel_takes_the_one_with_the_lower_metric() {
    let metric = |line: String, metric: u32| line.replacen("\t0\t0\t0\t", &format!("\t0\t0\t{metric}\t"), 1);
    let net = |interface| line(interface, [10, 77, 0, 0], 24, 1);
    for (first, second) in [(100, 600), (600, 100)] {
        let told = Told {
            routes: Some(metric(net("eth0"), first) + &metric(net("eth1"), second)),
            ..told(&[("eth0", "up"), ("eth1", "up")])
        };
        let best = if first < second { "eth0" } else { "eth1" };
        assert_eq!(way(&told, NODE.into()), Way::Over(best.to_owned()));
        // And nothing goes over the other one while the best is down.
        assert_eq!(way(&state(told, best, "down"), NODE.into()), Way::Down(best.to_owned()));
    }
    let v6 = |metric: &str, interface: &str| {
        format!("fd00{:028} 40 {:032} 00 {:032} {metric} 00000001 00000000 00000001 {interface}\n", 0, 0, 0)
    };
    let told = Told {
        routes6: Some(v6("00000400", "eth0") + &v6("00000100", "eth1")),
        ..told(&[("eth0", "up"), ("eth1", "up")])
    };
    assert_eq!(way(&told, "fd00::2".parse().unwrap()), Way::Over("eth1".to_owned()));
}

#[test]
fn what_cannot_be_read_is_not_known_and_is_no_network_that_is_down() {
    let dir = tempfile::tempdir().unwrap();
    let (sys, proc) = (dir.path().join("sys"), dir.path().join("proc"));
    let known = || HostNetwork::of(&Told::read(&sys, &proc));
    assert_eq!(known(), None);
    std::fs::create_dir_all(sys.join("class/net/eth0")).unwrap();
    // What is no interface, and one that goes while it is read.
    std::fs::write(sys.join("class/net/bonding_masters"), "\n").unwrap();
    std::fs::create_dir(sys.join("class/net/gone0")).unwrap();
    std::fs::write(sys.join("class/net/eth0/operstate"), "up\n").unwrap();
    assert_eq!(known(), None, "its routes are not known");
    std::fs::create_dir_all(proc.join("self/net")).unwrap();
    std::fs::write(proc.join("self/net/route"), host().routes.unwrap()).unwrap();
    // Without IPv6 there is no file of its routes.
    assert!(known().unwrap().is_up(&[]));
    assert_eq!(known().unwrap().way([203, 0, 113, 7].into()), Way::Over("eth0".to_owned()));
    std::fs::create_dir(proc.join("self/net/ipv6_route")).unwrap();
    assert_eq!(known(), None, "its routes of IPv6 are not known");
}
