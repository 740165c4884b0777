//! Each trouble that needs no device, provoked. Those of device and nodes are in `bridge/tests/it/doctor.rs`.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::Stopped;
use tempfile::TempDir;

use super::*;
use crate::admin::tests::healthy;
use crate::admin::{Cause, Report};
use crate::config::Config;
use crate::device::Lock;
use crate::node::host_network::{HostNetwork, Told};
use crate::node::{Address, DialError};
use crate::store::{ChainFile, Pin, Pins, chain_file_path};
use crate::users::{acting_as, as_root};

const CHAIN: &str = "alpha-1";
const PIN: Pin = Pin { key: [7; 32], installation: [9; 16], imported: false };
const NOBODY: u32 = 65_534;

/// A host on which all is well: a pinned chain, a state file, a node that has made its socket, a machine of its own.
struct Host {
    dir: TempDir,
    ground: Ground,
    _node: std::os::unix::net::UnixListener,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["state", "sys/class/hidraw", "dev", "proc"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let node = std::os::unix::net::UnixListener::bind(dir.path().join("node.sock")).unwrap();
        let [sys, dev, proc] = ["sys", "dev", "proc"].map(|name| dir.path().join(name));
        let host = Self { dir, ground: Ground { sys, dev, proc }, _node: node };
        host.configure("");
        Pins::load(&host.state()).unwrap().pin(CHAIN, PIN).unwrap();
        host.remember(Hrs::new(5, 0, Step::Precommit).unwrap());
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// `more` goes into the chain's section.
    fn configure(&self, more: &str) {
        let (state, node) = (self.state(), self.path("node.sock"));
        let text = format!(
            "state_dir = {state:?}\n[device]\ntransport = \"hid\"\n[[chain]]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\n{more}",
            node.display()
        );
        fs::write(self.path("highwater.toml"), text).unwrap();
    }

    fn write(&self, text: &str) {
        fs::write(self.path("highwater.toml"), text).unwrap();
    }

    fn remember(&self, highest: Hrs) -> ChainFile {
        let file = ChainFile::new(CHAIN, PIN.key, highest);
        file.save(&self.state()).unwrap();
        file
    }

    /// A Ledger is plugged in, with a device file of this mode.
    fn plug(&self, mode: u32) -> PathBuf {
        let hid = self.path("sys/class/hidraw/hidraw3/device");
        fs::create_dir_all(&hid).unwrap();
        fs::write(hid.join("uevent"), "DRIVER=hid-generic\nHID_ID=0003:00002C97:00001001\nHID_NAME=Ledger\n")
            .unwrap();
        let file = self.path("dev/hidraw3");
        File::create(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    fn found(&self) -> Findings {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&self.path("highwater.toml"), &self.ground))
    }

    /// The one trouble that is found.
    fn only(&self, word: &str, weight: Weight) -> String {
        let found = self.found();
        let [one] = &found.findings[..] else { panic!("{word}: {:#?}", found.findings) };
        assert_eq!((one.finding.as_str(), one.weight), (word, weight), "{}", one.text);
        assert_eq!(found.sound, weight == Weight::Warning);
        one.text.clone()
    }

    fn error(&self, word: &str, cause: &str, cure: &str) {
        let text = self.only(word, Weight::Error);
        assert!(text.contains(cause) && text.contains(cure), "{cause}, {cure}: {text}");
    }

    fn warning(&self, word: &str, cause: &str, cure: &str) {
        let text = self.only(word, Weight::Warning);
        assert!(text.contains(cause) && text.contains(cure), "{cause}, {cure}: {text}");
    }
}

#[test]
fn where_all_is_well_nothing_is_found_and_nothing_is_made() {
    let host = Host::new();
    host.plug(0o600);
    let before: Vec<_> =
        fs::read_dir(host.state()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let found = host.found();
    assert!(found.sound && found.findings.is_empty(), "{found:#?}");
    assert_eq!(found.to_string(), "nothing was found\n");
    let after: Vec<_> = fs::read_dir(host.state()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(before, after, "no lock, no key of the links");
}

#[test]
fn a_configuration_that_is_none_is_told_with_its_cure() {
    let host = Host::new();
    fs::remove_file(host.path("highwater.toml")).unwrap();
    host.error("config.wrong", "does not exist", "--config");
    host.write("state_dir = \"/var/lib/highwater\"\n[device]\ntransport = \"usb\"\n");
    host.error("config.wrong", "highwater.toml:3: transport \"usb\" is not known", "transport = \"hid\"");
    host.write("state_dir = \"/var/lib/highwater\"\n[device]\ntransport = \"bluetooth\"\n");
    host.error("config.wrong", "transport \"bluetooth\" is not known", "the emulator \"speculos\"");
    host.write("state_dir = \"/var/lib/highwater\"\n[device]\ntransprt = \"hid\"\n");
    host.error("config.wrong", "transprt", "docs/reference/configuration.md");
}

#[test]
fn a_configuration_that_this_user_may_not_read_names_the_user() {
    if !as_root("a_configuration_that_this_user_may_not_read_names_the_user") {
        return;
    }
    let host = Host::new();
    fs::set_permissions(host.path("highwater.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    acting_as(NOBODY, NOBODY, || {
        host.error("config.unreadable", "may not be read by nobody", "sudo chgrp highwater")
    });
}

#[test]
fn a_config_without_chains_nodes_or_reach_is_told() {
    let host = Host::new();
    host.write(&format!("state_dir = {:?}\n[device]\ntransport = \"hid\"\n", host.state()));
    host.error("config.no_chain", "no [[chain]]", "add one");
    host.write(&format!(
        "state_dir = {:?}\n[device]\ntransport = \"hid\"\n[[chain]]\nid = \"{CHAIN}\"\n",
        host.state()
    ));
    host.warning("config.no_node", "has no node", "nodes = ");
}

#[test]
fn a_state_directory_that_others_may_write_to_is_told() {
    let host = Host::new();
    fs::set_permissions(host.state(), fs::Permissions::from_mode(0o777)).unwrap();
    host.error("state_dir", "mode 777", "chmod go-w");
}

#[test]
fn what_the_state_directory_holds_is_judged() {
    let host = Host::new();
    fs::write(host.path("state/exported"), "exported to /x\n").unwrap();
    host.error("state_dir.exported", "exported to /x", "delete");
    fs::remove_file(host.path("state/exported")).unwrap();

    let file = chain_file_path(&host.state(), CHAIN);
    fs::write(&file, "").unwrap();
    host.error("state_file", "it is empty", "mark adopt");
    fs::remove_file(&file).unwrap();
    host.error("state_file", "missing", "mark adopt");
    // An older copy has an older mark.
    let text = host.only("state_file", Weight::Error);
    assert!(text.contains("--last-signed") && text.contains("Restore no copy"), "{text}");

    let pins = host.path("state/pins.toml");
    let good = fs::read_to_string(&pins).unwrap();
    fs::write(&pins, "alpha-1 = 7\n").unwrap();
    host.error("pins", "pins.toml", "remove it, and run `highwater mark adopt` for each chain");
    fs::remove_file(&pins).unwrap();
    let text = host.only("pins.not_pinned", Weight::Error);
    assert!(text.contains("--key-index N --next-height H") && text.contains("--last-signed"), "{text}");
    host.remember(Hrs::default());
    host.error("pins.lost", "no pinned key", "mark adopt");
    assert!(!host.only("pins.lost", Weight::Error).contains("copy"));
    fs::write(&pins, good).unwrap();

    let identity = host.path("state/node_identity.key");
    fs::write(&identity, "ff").unwrap();
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o644)).unwrap();
    host.error("identity", "others may read it", "node_identity.key");
}

/// An empty folder may be that of a disk that is not mounted: begun anew in it, the key signs below what it signed.
#[test]
fn a_state_directory_that_knows_no_chain_is_questioned_before_a_chain_is_added() {
    let host = Host::new();
    let questioned = |text: &str| {
        let first = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
        assert!(text.starts_with(&host.state().display().to_string()), "{text}");
        assert!(first("is its disk mounted?") < first("mark adopt alpha-1"), "{text}");
        assert!(first("mark adopt alpha-1") < first("chain add alpha-1"), "{text}");
        assert!(text.contains("put the right directory back") && text.contains("--last-signed"), "{text}");
    };
    let pins = host.path("state/pins.toml");
    fs::write(&pins, "").unwrap();
    fs::remove_file(chain_file_path(&host.state(), CHAIN)).unwrap();
    questioned(&host.only("pins.not_pinned", Weight::Error));
    fs::remove_file(&pins).unwrap();
    questioned(&host.only("pins.not_pinned", Weight::Error));
    fs::remove_dir_all(host.state()).unwrap();
    match crate::users::ours() {
        0 => host.error("state_dir", "does not exist", "is its disk mounted?"),
        _ => questioned(&host.only("pins.not_pinned", Weight::Error)),
    }
}

#[test]
fn of_a_chain_that_is_not_pinned_the_pinned_ones_are_named_first() {
    let host = Host::new();
    let text = fs::read_to_string(host.path("highwater.toml")).unwrap();
    host.write(&text.replace("\"alpha-1\"", "\"Alpha-1\""));
    let text = host.only("pins.not_pinned", Weight::Error);
    let first = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(first("pinned here: alpha-1; is it a typing error?") < first("chain add Alpha-1"), "{text}");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_told() {
    if !as_root("a_state_directory_that_cannot_be_written_is_told") {
        return;
    }
    let host = Host::new();
    let state = host.state();
    for path in [state.clone(), state.join("chains"), state.join("pins.toml"), chain_file_path(&state, CHAIN)]
    {
        std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    acting_as(NOBODY, NOBODY, || assert!(host.found().findings.is_empty(), "{:?}", host.found()));
    for folder in [state.join("chains"), state] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        acting_as(NOBODY, NOBODY, || {
            host.error("state_dir", &format!("{} cannot be written", folder.display()), "mount");
        });
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// Nobody knows whether the state was carried away.
#[test]
fn a_mark_of_an_export_that_cannot_be_read_is_told() {
    let host = Host::new();
    fs::create_dir(host.path("state/exported")).unwrap();
    host.error("state_dir.exported", "state/exported", "move what is there away");
}

/// Two cures, of which one puts the fallen device back to work, are one too many.
#[test]
fn a_chain_that_is_stopped_has_no_cure_that_signs_on() {
    let host = Host::new();
    let config = Config::load(&host.path("highwater.toml")).unwrap();
    let mut file = host.remember(Hrs::new(9, 0, Step::Precommit).unwrap());
    let mut report = healthy();
    let words = |report: &Report| {
        let mut troubles = Vec::new();
        device::of_daemon(&config, report, &mut troubles);
        troubles.iter().map(Trouble::word).collect::<Vec<_>>()
    };
    assert_eq!(words(&report), ["state_file.ahead"]);
    // The daemon knows of it before the file.
    report.chains[0].stopped = true;
    assert_eq!(words(&report), [""; 0]);
    report.chains[0].stopped = false;
    file.record.stopped = Some(Stopped::MarkRegressed {
        installation: PIN.installation,
        before: Hrs::new(9, 0, Step::Precommit).unwrap(),
        shown: Hrs::default(),
    });
    file.save(&host.state()).unwrap();
    assert_eq!(words(&report), [""; 0]);
}

#[test]
fn a_chain_that_is_stopped_or_beyond_its_stop_is_told() {
    let host = Host::new();
    let mut file = host.remember(Hrs::new(5, 0, Step::Precommit).unwrap());
    host.configure("stop_height = 5");
    host.warning("chain.beyond_stop", "stop_height of alpha-1 is 5, and 5/0/precommit", "change or remove");
    // Below what was signed it is no planned halt.
    host.configure("stop_height = 4");
    host.error("chain.beyond_stop", "stop_height of alpha-1 is 4, and 5/0/precommit", "change or remove");
    host.configure("stop_height = 6");
    assert!(host.found().findings.is_empty());
    let at = Hrs::new(5, 0, Step::Prevote).unwrap();
    file.record.stopped = Some(Stopped::Conflict { installation: [9; 16], released: at, signed: at });
    file.save(&host.state()).unwrap();
    host.error("chain.stopped", "DOUBLE-SIGN RISK", "mark adopt");
}

#[test]
fn a_node_that_has_not_made_its_socket_is_told_and_one_that_a_stranger_could_have_made() {
    let host = Host::new();
    fs::remove_file(host.path("node.sock")).unwrap();
    host.warning("node", "no node has made this socket", "priv_validator_laddr");
    File::create(host.path("node.sock")).unwrap();
    host.warning("node", "is not a socket", "remove this one");
}

#[test]
fn a_metrics_address_that_is_taken_and_a_device_that_is_held_are_told() {
    let host = Host::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    host.configure(&format!("[admin]\nmetrics = \"{listen}\""));
    host.warning("metrics", &listen.to_string(), "another address");
    host.configure("");
    let path = host.path("state/device.lock");
    File::create(&path).unwrap();
    let lock = Lock::take_existing(&path).unwrap();
    host.error("device.held", "device.lock is locked", "end the daemon");
    drop(lock);
    assert!(host.found().findings.is_empty());
}

#[test]
fn a_device_file_that_this_user_may_not_open_names_user_owner_and_rule() {
    if !as_root("a_device_file_that_this_user_may_not_open_names_user_owner_and_rule") {
        return;
    }
    let host = Host::new();
    let file = host.plug(0o600);
    let look = || host::device_file(&host.ground, &file);
    let told = |troubles: &[Trouble]| troubles.iter().map(advice::trouble).collect::<Vec<_>>().join("\n");
    assert_eq!(told(&look()), "", "root may");
    let text = acting_as(NOBODY, NOBODY, || told(&look()));
    assert!(
        text.starts_with("nobody may not open ") && text.contains("belongs to root and group root, mode 600"),
        "{text}"
    );
    assert!(text.contains("70-highwater.rules") && text.contains("replug"), "{text}");
    // The rule is there, and the user is no member of its group.
    std::os::unix::fs::chown(&file, Some(0), Some(4_242)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
    let text = acting_as(NOBODY, NOBODY, || told(&look()));
    assert!(text.contains("as a member of group 4242"), "{text}");
    assert_eq!(acting_as(NOBODY, 4_242, || told(&look())), "");
}

#[test]
fn two_programs_on_one_device_are_told() {
    let host = Host::new();
    let file = host.plug(0o600);
    for (process, name) in [(17, "ledger-live"), (18, "highwater"), (19, "idle")] {
        let folder = host.path(&format!("proc/{process}/fd"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("../comm"), format!("{name}\n")).unwrap();
        let open = if process == 19 { Path::new("/dev/null") } else { &file };
        symlink(open, folder.join("3")).unwrap();
    }
    host.warning("device.shared", "ledger-live (process 17)", "end it");
    assert!(!host.found().findings[0].text.contains("process 18"), "Highwater's own lock tells of it");
}

/// Not only in a played `/proc`.
#[test]
fn whoever_holds_a_file_open_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("file");
    assert_eq!(host::holders(&Ground::default(), &path), []);
    let _open = File::create(&path).unwrap();
    let holders = host::holders(&Ground::default(), &path);
    assert_eq!(holders.iter().map(|holder| holder.process).collect::<Vec<_>>(), [std::process::id()]);
}

#[test]
fn a_clock_that_is_behind_what_was_written_is_told() {
    let host = Host::new();
    let pins = host.path("state/pins.toml");
    let later = SystemTime::now() + Duration::from_secs(90_000);
    File::options().write(true).open(&pins).unwrap().set_modified(later).unwrap();
    host.warning("clock", "s behind the last change of", "timedatectl");
    File::options()
        .write(true)
        .open(&pins)
        .unwrap()
        .set_modified(SystemTime::now() + Duration::from_secs(30))
        .unwrap();
    assert!(host.found().findings.is_empty(), "seconds are of no matter");
}

#[test]
fn only_what_is_ledgers_is_looked_at() {
    let host = Host::new();
    let other = host.path("sys/class/hidraw/hidraw0/device");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("uevent"), "HID_ID=0003:0000046D:0000C52B\n").unwrap();
    assert_eq!(host::ledgers(&host.ground), [] as [PathBuf; 0]);
    assert_eq!(
        host::ledgers(&{
            host.plug(0o600);
            host.ground.clone()
        }),
        [host.path("dev/hidraw3")]
    );
}

/// The chain is on a simulated device, and has this node and more.
fn far_away(host: &Host, node: &str, more: &str) {
    let state = host.state();
    host.write(&format!(
        "state_dir = {state:?}\n[device]\ntransport = \"simulated\"\n[[chain]]\nid = \"{CHAIN}\"\nnodes = [\"{node}\"{more}]\n"
    ));
}

/// What `doctor` finds of this node, on a host with this network.
fn of_a_node(host: &Host, node: &str, more: &str) -> Vec<Finding> {
    far_away(host, node, more);
    // The device of this host is not the matter.
    doctored(host)
        .into_iter()
        .filter(|one| one.finding.starts_with("node") || one.finding == "network")
        .collect()
}

fn doctored(host: &Host) -> Vec<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(doctor(&host.path("highwater.toml"), &host.ground)).findings
}

/// A node whose name no name server is asked for: no label may be so long.
fn unnamed() -> String {
    format!("tcp://{}.invalid:26659", "x".repeat(64))
}

/// The host has a network over eth0, up or down.
fn network(host: &Host, state: &str) {
    fs::create_dir_all(host.path("sys/class/net/eth0")).unwrap();
    fs::write(host.path("sys/class/net/eth0/operstate"), state).unwrap();
    fs::create_dir_all(host.path("proc/self/net")).unwrap();
    let route = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
    fs::write(host.path("proc/self/net/route"), route).unwrap();
}

#[test]
fn a_name_that_is_not_found_is_no_link_that_is_cut_but_for_a_host_without_a_network() {
    let host = Host::new();
    network(&host, "down\n");
    let found = of_a_node(&host, &unnamed(), "");
    assert_eq!((found.len(), found[0].finding.as_str(), found[0].weight), (1, "network", Weight::Error));
    assert!(found[0].text.contains("no network") && found[0].text.contains("ip route"), "{}", found[0].text);
    // Of two nodes the network is one cause.
    let other = format!(", \"{}\"", unnamed().replace("26659", "26660"));
    assert_eq!(of_a_node(&host, &unnamed(), &other).len(), 1);
    network(&host, "up\n");
    let found = of_a_node(&host, &unnamed(), "");
    assert_eq!((found.len(), found[0].finding.as_str()), (1, "node"), "{found:?}");
    assert!(found[0].text.contains("has no address") && !found[0].text.contains("VPN"), "{}", found[0].text);
    // What this machine refuses is no network's fault.
    let refused = ", \"tcp://127.0.0.1:1\"";
    assert!(of_a_node(&host, &unnamed(), refused).iter().all(|one| one.finding == "node"));
}

#[test]
fn a_host_that_does_not_tell_of_its_network_is_not_blamed() {
    let host = Host::new();
    let found = of_a_node(&host, &unnamed(), "");
    assert_eq!((found.len(), found[0].finding.as_str()), (1, "node"), "{found:?}");
}

#[test]
fn a_link_is_cut_where_the_way_fails_and_not_where_this_host_does() {
    use rustix::io::Errno;
    let host = Host::new();
    network(&host, "up\n");
    let config = |nodes: &str| {
        far_away(&host, "tcp://10.77.0.1:26659", nodes);
        Config::load(&host.path("highwater.toml")).unwrap()
    };
    let known = Told::read(&host.ground.sys, &host.ground.proc);
    let known = Arc::new(HostNetwork::of(&known).unwrap());
    let of = |errno: Errno, nodes: &str| {
        let config = config(nodes);
        let error = DialError::Io(errno.into());
        let address: Address = "tcp://10.77.0.1:26659".parse().unwrap();
        let trouble = device::unreachable(&config.chains[0], address, error, &config, Some(&known));
        Findings::of(&[trouble], None).findings.remove(0)
    };
    for errno in [Errno::TIMEDOUT, Errno::HOSTUNREACH, Errno::NETUNREACH, Errno::NETDOWN] {
        let found = of(errno, "");
        assert_eq!((found.finding.as_str(), found.weight), ("node.link", Weight::Error), "{errno}");
        let error = std::io::Error::from(errno).to_string();
        assert!(
            found.text.contains("while this host has a network") && found.text.contains(&error),
            "{found:?}"
        );
        // Another node of the chain may be served.
        let other = format!(", \"unix://{}\"", host.path("node.sock").display());
        assert_eq!(of(errno, &other).weight, Weight::Warning);
    }
    for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::PERM, Errno::NOBUFS] {
        let found = of(errno, "");
        assert_eq!(found.finding, "node", "{errno}");
        assert!(found.text.contains("this host cannot dial") && !found.text.contains("VPN"), "{found:?}");
    }
    for errno in [Errno::CONNREFUSED, Errno::CONNRESET] {
        assert_eq!(of(errno, "").finding, "node", "{errno}");
    }
}

#[test]
fn a_lock_that_cannot_be_had_is_told() {
    let host = Host::new();
    let state = host.state();
    host.write(&format!("state_dir = {state:?}\n[device]\ntransport = \"simulated\"\n"));
    let locks = || doctored(&host).into_iter().filter(|one| one.finding == "device.lock").collect::<Vec<_>>();
    assert!(locks().is_empty());
    let lock = host.path("state/device.lock");
    let _ = fs::remove_file(&lock);
    fs::create_dir(&lock).unwrap();
    let told = locks();
    assert_eq!((told.len(), told[0].weight), (1, Weight::Error));
    assert!(told[0].text.contains("device.lock") && told[0].text.contains("directory"), "{}", told[0].text);
}

/// A report of two chains that do not sign.
fn of_two(causes: [(Option<&str>, Option<Cause>, &str); 2]) -> Vec<(String, String)> {
    let mut report = healthy();
    report.chains = causes
        .map(|(device, cause, text)| {
            let mut chain = report.chains[0].clone();
            chain.device = device.map(str::to_owned);
            (chain.problem, chain.problem_cause) = (Some(text.to_owned()), cause);
            chain
        })
        .to_vec();
    let host = Host::new();
    let config = Config::load(&host.path("highwater.toml")).unwrap();
    // What the device says of the chain is not the matter.
    report.device = None;
    let mut troubles = Vec::new();
    device::of_daemon(&config, &report, &mut troubles);
    troubles.iter().map(|one| (one.word().to_owned(), advice::trouble(one))).collect()
}

/// No chain of it is in the report, so no chain of it has a problem.
#[test]
fn a_signer_that_does_not_answer_is_told_though_no_chain_is() {
    let host = Host::new();
    let config = Config::load(&host.path("highwater.toml")).unwrap();
    let report = Report { device: None, chains: Vec::new(), signer_silent: true, ..healthy() };
    let mut troubles = Vec::new();
    device::of_daemon(&config, &report, &mut troubles);
    assert_eq!(troubles.iter().map(Trouble::word).collect::<Vec<_>>(), ["daemon"]);
}

#[test]
fn what_two_chains_have_in_common_is_told_once_by_its_cause_and_not_by_its_sentence() {
    let device = Some(Cause::Device);
    let told = of_two([(None, device, "locked for 3 s"), (None, device, "locked for 4 s")]);
    assert_eq!(told, [("chain.not_signing".to_owned(), "locked for 3 s".to_owned())]);
    let told = of_two([(Some("a"), device, "locked"), (Some("b"), device, "locked")]);
    assert_eq!(told.len(), 2, "two devices: {told:?}");
    // A sentence that is the same by chance.
    let told =
        of_two([(None, Some(Cause::Other), "a node hangs"), (None, Some(Cause::Other), "a node hangs")]);
    assert_eq!(told.len(), 2, "{told:?}");
    // A daemon of before names no cause.
    assert_eq!(of_two([(None, None, "locked"), (None, None, "stopped")]).len(), 2);
}

#[test]
fn the_manual_lists_each_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/operator/check/trouble.rs")).unwrap();
    let table = fs::read_to_string(root.join("../docs/reference/findings.md")).unwrap();
    let words = source.lines().filter_map(|line| line.split_once("=> \"")?.1.split('"').next());
    let missing: Vec<_> = words.clone().filter(|word| !table.contains(&format!("`{word}`"))).collect();
    assert!(words.count() > 25 && missing.is_empty(), "{missing:?}");
}
