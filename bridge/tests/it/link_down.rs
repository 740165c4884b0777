//! A host has a network, and the link to its node is cut: an update restarted the network, and the VPN did not come back.
//! In a network of its own, which only root can make.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use cometbft_p2p::{AsyncReadMsg, AsyncSecretConnection, AsyncWriteMsg, IdentitySecret};
use highwater::privval::proto::{Empty, Envelope, Sum};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::desk::Desk;
use crate::on_call::{Watch, scrape};

const TEST: &str = "link_down::a_vpn_that_is_gone_is_told_apart_from_a_node_and_from_a_host_that_are_down";
/// Set in the network of its own.
const INSIDE: &str = "HIGHWATER_TEST_IN_A_NETWORK";
/// The node's address in the VPN, and what it is in this host's other network.
const NODE: &str = "10.77.0.1:26659";
const UPLINK: &str = "198.51.100.1/24";
/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(120);
/// Several tries to dial, each with its own error.
const SEVERAL_DIALS: Duration = Duration::from_secs(10);

fn skip(why: &str) {
    // This goes past what the harness holds back of a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: {why}");
}

#[test]
fn a_vpn_that_is_gone_is_told_apart_from_a_node_and_from_a_host_that_are_down() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(inside());
    }
    if !rustix::process::geteuid().is_root() {
        return skip("only root makes a network");
    }
    let script =
        "mount -t sysfs none /sys && ip link set lo up && ip link add t0 type veth peer name t1 && exit 42";
    let made = Command::new("unshare").args(["--net", "--mount", "sh", "-c", script]).output();
    match made {
        Err(error) => return skip(&format!("unshare cannot be run: {error}")),
        Ok(made) if made.status.code() != Some(42) => {
            return skip(&format!(
                "no network can be made: {}",
                String::from_utf8_lossy(&made.stderr).trim()
            ));
        }
        Ok(_) => {}
    }
    // Locks of ports are files of a folder, and the ports of another network are others.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.env("TMPDIR", folder.path());
    command.args(["--net", "--mount", "sh", "-c", "mount -t sysfs none /sys && exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1");
    let done = command.output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

fn ip(line: &str) {
    let done = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {line}: {}", String::from_utf8_lossy(&done.stderr));
}

/// An interface that is up, with this address.
fn interface(name: &str, address: &str) {
    ip(&format!("link add {name} type veth peer name {name}p"));
    ip(&format!("addr add {address} dev {name}"));
    ip(&format!("link set {name} up"));
    ip(&format!("link set {name}p up"));
}

/// A node that pings, as long as a link lives.
async fn node(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(pings(stream));
    }
}

async fn pings(stream: TcpStream) -> Option<()> {
    let key = IdentitySecret::from_bytes(&[3; 32]);
    let mut link = AsyncSecretConnection::new(stream, &key).await.ok()?;
    loop {
        link.write_msg(Envelope { sum: Some(Sum::PingRequest(Empty {})) }).await.ok()?;
        let _: Envelope = link.read_msg().await.ok()?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn status(desk: &Desk) -> Value {
    let done = desk.command(&["status", "--json"]).output().unwrap();
    serde_json::from_slice(&done.stdout).unwrap_or(Value::Null)
}

async fn until(desk: &Desk, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let report = status(desk);
        if so(&report) {
            return report;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: {report:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn words(desk: &Desk) -> Result<Vec<String>, String> {
    let done = desk.command(&["doctor", "--json"]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let found: Value = serde_json::from_str(&told).map_err(|_| told.clone())?;
    let findings = found["findings"].as_array().ok_or(told)?;
    Ok(findings.iter().map(|one| one["finding"].as_str().unwrap_or_default().to_owned()).collect())
}

/// Waits until `doctor` finds this and nothing else: on a slow machine a device or a signer may be waited for too long, once.
async fn until_words(desk: &Desk, wanted: &[&str]) {
    let begun = Instant::now();
    loop {
        let found = words(desk);
        if found.as_ref().is_ok_and(|found| found == wanted) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{wanted:?}: {found:?}: {}", desk.says(&["doctor"]));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until the metrics have this line.
async fn until_line(metrics: SocketAddr, line: &str) {
    let begun = Instant::now();
    loop {
        let page = scrape(metrics).await.unwrap_or_default();
        if page.lines().any(|found| found == line) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{line} never comes:\n{page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn inside() {
    ip("link set lo up");
    interface("uplink", UPLINK);
    ip("route add default via 198.51.100.2 dev uplink");
    interface("vpn", "10.77.0.1/24");
    let desk = Desk::pinned("link-down");
    let text = std::fs::read_to_string(&desk.config).unwrap();
    let unix = format!("unix://{}", desk.path("node.sock").display());
    std::fs::write(&desk.config, text.replace(&unix, &format!("tcp://{NODE}"))).unwrap();
    let metrics = desk.serve_metrics();

    // Nobody listens, and the machine answers: that is the node's fault.
    until_words(&desk, &["node"]).await;
    let listening = tokio::spawn(node(TcpListener::bind(NODE).await.unwrap()));
    until_words(&desk, &[]).await;
    let daemon = desk.daemon_alone();
    let of_node = |report: &Value, what: &str| report["chains"][0]["nodes"][0][what].clone();
    // An interface tells some time after it is up that it is.
    let well = |report: &Value| {
        of_node(report, "connected") == true
            && of_node(report, "link_cut") == false
            && report["host_network"] == true
    };
    until(&desk, "connected", well).await;
    until_line(metrics, "highwater_host_network_up{} 1").await;
    let mut watch = Watch::at(metrics);
    if let Some(watch) = &mut watch {
        watch.sees_well().await;
    }

    // The VPN goes. The node listens on, at an address that is gone, and both ends of the link are half open.
    ip("link del vpn");
    let cut = |report: &Value| {
        let verdict = report["verdict"].as_str().unwrap_or_default();
        of_node(report, "link_cut") == true
            && report["chains"][0]["problem_cause"] == "link"
            && verdict
                .starts_with("NOT SIGNING: the link to the node tcp://10.77.0.1:26659 of alpha-1 is cut")
            && verdict.contains("only the default route over uplink leads there")
            && verdict.contains("the node cannot be reached (")
    };
    until(&desk, "cut", cut).await;
    // That stays, whatever each try to dial tells: an alert that comes and goes wakes nobody, or wakes somebody twice.
    let begun = Instant::now();
    while begun.elapsed() < SEVERAL_DIALS {
        let report = status(&desk);
        let is_told = report["signer_silent"] == false;
        assert!(!is_told || of_node(&report, "link_cut") == true, "{report:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Once, and by that word.
    until_words(&desk, &["node.link"]).await;
    until_line(metrics, "highwater_node_link_cut{chain=\"alpha-1\",node=\"tcp://10.77.0.1:26659\"} 1").await;
    let begun = Instant::now();
    while !desk.says(&["status"]).contains("the link is cut") {
        assert!(begun.elapsed() < PATIENCE, "{}", desk.says(&["status"]));
    }

    if let Some(watch) = &mut watch {
        watch.sees(8).await;
    }

    // The whole host goes: nothing tells of the link then.
    ip("link set uplink down");
    let no_network = |report: &Value| {
        report["host_network"] == false
            && report["verdict"].as_str().is_some_and(|verdict| verdict.contains("this host has no network"))
            && report["chains"][0]["problem_cause"] == "network"
            && of_node(report, "link_cut") == false
    };
    until(&desk, "no network", no_network).await;
    until_words(&desk, &["network"]).await;
    ip("link set uplink up");
    ip("route replace default via 198.51.100.2 dev uplink");
    until(&desk, "cut again", cut).await;

    // Somebody starts the VPN, and nothing else.
    interface("vpn", "10.77.0.1/24");
    until(&desk, "connected again", well).await;
    until_words(&desk, &[]).await;

    if let Some(mut watch) = watch {
        watch.until_well().await;
        watch.sees_cured().await;
        watch.raised("HighwaterNodeLinkDown");
    }

    // Without a daemon the look is the same.
    drop(daemon);
    ip("link del vpn");
    until_words(&desk, &["node.link"]).await;
    listening.abort();
}
