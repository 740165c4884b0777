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
    Told {
        interfaces: [("eth0", "up"), ("lo", "unknown"), ("wg0", "unknown")]
            .map(|(name, state)| (name.to_owned(), state.to_owned()))
            .to_vec(),
        routes: HEAD.to_owned() + &routes.concat(),
        routes6: String::new(),
    }
}

fn without(told: &Told, interface: &str) -> Told {
    let keep = |line: &&str| !line.starts_with(interface);
    Told {
        interfaces: told.interfaces.iter().filter(|(name, _)| name != interface).cloned().collect(),
        routes: told.routes.lines().filter(keep).collect::<Vec<_>>().join("\n"),
        routes6: String::new(),
    }
}

fn state(mut told: Told, interface: &str, state: &str) -> Told {
    for (name, now) in &mut told.interfaces {
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
    assert!(!is_up(&Told::default()));
}

#[test]
fn a_host_without_a_default_route_has_the_network_that_it_has() {
    let mut host = host();
    host.routes = HEAD.to_owned() + &line("eth0", [192, 168, 1, 0], 24, 1);
    assert!(is_up(&host));
    assert_eq!(way(&host, NODE.into()), Way::None);
    assert!(!is_up(&state(host, "eth0", "down")));
}

#[test]
fn a_route_that_is_not_used_or_refuses_leads_nowhere() {
    let mut host = host();
    host.routes = line("eth0", [0, 0, 0, 0], 0, 0) + &line("eth0", [0, 0, 0, 0], 0, UP | REJECT);
    assert!(!is_up(&host));
    assert_eq!(way(&host, NODE.into()), Way::None);
    // What is no line of a route.
    for routes in ["", "\n\n", "eth0", "eth0 zz 0 0003 0 0 0 00000000", "\u{fffd} 00000000"] {
        assert!(!is_up(&Told { routes: routes.to_owned(), ..host.clone() }), "{routes:?}");
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
    let told = Told { routes: String::new(), routes6: V6.to_owned(), ..host() };
    assert!(is_up(&told));
    assert_eq!(way(&told, "fd00::2".parse().unwrap()), Way::Over("eth0".to_owned()));
    assert_eq!(way(&told, "2001:db8::1".parse().unwrap()), Way::None, "its default is one that refuses");
    assert_eq!(way(&told, NODE.into()), Way::None);
}

#[test]
fn what_the_kernel_tells_is_read_where_it_stands_and_what_is_not_there_is_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (sys, proc) = (dir.path().join("sys"), dir.path().join("proc"));
    assert_eq!(Told::read(&sys, &proc), Told::default());
    std::fs::create_dir_all(sys.join("class/net/eth0")).unwrap();
    std::fs::write(sys.join("class/net/eth0/operstate"), "up\n").unwrap();
    std::fs::create_dir_all(proc.join("self/net")).unwrap();
    std::fs::write(proc.join("self/net/route"), host().routes).unwrap();
    let told = Told::read(&sys, &proc);
    assert_eq!(told.interfaces, [("eth0".to_owned(), "up".to_owned())]);
    assert!(is_up(&told));
}
