//! One daemon, two devices, a real node on each: what becomes of one is nothing to the other.

use std::path::Path;
use std::time::{Duration, Instant};

use highwater_tests::bridge::{Bridge, Device as Transport, Setup};
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::device::{Distant, Emulated, approve};
use highwater_tests::process::wait_for;
use highwater_tests::store::Store;
use highwater_tests::tools;
use highwater_tests::validator::PATIENCE;
use nanos_sdk::target::nanos;
use tempfile::TempDir;

use super::main_job::all_signed;

const ONE: (&str, &str) = ("one", "one-1");
const OTHER: (&str, &str) = ("other", "other-1");
/// Between two blocks.
const PAUSE: Duration = Duration::from_millis(100);

/// The bridge's configuration, and the nodes' homes; nothing runs yet.
struct Both {
    setup: Setup,
    homes: [Home; 2],
    _folder: TempDir,
}

impl Both {
    /// `add` has the owner of the first device approve its chain; that of the other one is at the terminal.
    fn new(devices: [&Transport; 2], add: impl FnOnce(&Setup)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bridge = folder.path().join("bridge");
        let configured = |nodes: [Vec<String>; 2]| {
            let [one, other] = nodes;
            let devices = [(ONE.0, devices[0], ONE.1, one), (OTHER.0, devices[1], OTHER.1, other)];
            Setup::several(&bridge, &devices).unwrap()
        };
        let setup = configured([Vec::new(), Vec::new()]);
        add(&setup);
        setup.about(OTHER.1).add_chain(|| Ok(())).unwrap();
        let homes = [ONE.1, OTHER.1].map(|chain| home(&folder.path().join(chain), &setup, chain));
        let nodes = [&homes[0], &homes[1]].map(|home| vec![format!("unix://{}", home.socket().display())]);
        let setup = configured(nodes);
        Self { setup, homes, _folder: folder }
    }

    fn start(&self) -> (Bridge, [Node; 2]) {
        let bridge = self.setup.start().unwrap();
        (bridge, [&self.homes[0], &self.homes[1]].map(|home| home.start(PAUSE).unwrap()))
    }

    /// The first line of `status`.
    fn verdict(&self) -> String {
        self.setup.status().unwrap()["verdict"].as_str().unwrap().to_owned()
    }

    fn until_verdict(&self, what: &str) {
        let is_so = || Ok(Some(self.verdict()).filter(|verdict| verdict.contains(what)));
        wait_for(what, PATIENCE, is_so).unwrap_or_else(|error| panic!("{error}: {}", self.verdict()));
    }
}

fn home(folder: &Path, setup: &Setup, chain: &str) -> Home {
    let key = setup.about(chain).public_key().unwrap();
    Home::init(&tools::cometbft().unwrap(), folder, chain, &key).unwrap()
}

/// Each signature was made by the device of its chain.
fn each_by_its_own(bridge: &Bridge) {
    let signatures = bridge.signatures();
    for (device, chain) in [ONE, OTHER] {
        let of = signatures.iter().filter(|signature| signature.chain == chain);
        let devices: Vec<_> = of.map(|signature| signature.device.as_deref()).collect();
        assert!(devices.len() >= 9 && devices.iter().all(|by| *by == Some(device)), "{chain}: {devices:?}");
    }
}

fn grows(node: &mut Node, blocks: u64) -> Duration {
    let (height, began) = (node.height().unwrap().unwrap_or_default(), Instant::now());
    node.wait_for_height(height + blocks, PATIENCE).unwrap();
    began.elapsed()
}

#[test]
fn an_hsm_and_a_simulated_device_sign_side_by_side_and_a_slow_hsm_slows_only_its_own_chain() {
    let slow = Store::yubihsm(Duration::from_millis(400)).unwrap();
    let both = Both::new([slow.device(), &Transport::Simulated], |setup| setup.add_chain(|| Ok(())).unwrap());
    let (mut bridge, [mut slow, mut fast]) = both.start();
    grows(&mut slow, 3);
    let (of_fast, of_slow) = (grows(&mut fast, 10), grows(&mut slow, 2));
    println!("10 blocks beside a slow HSM: {of_fast:?}; 2 blocks of the slow one: {of_slow:?}");
    assert!(of_fast < of_slow * 5, "a block takes {:?} and {:?}", of_fast / 10, of_slow / 2);
    assert!(both.verdict().starts_with("SIGNING: 2 chains"), "{}", both.verdict());
    for node in [&mut slow, &mut fast] {
        all_signed(node, 3);
        node.stop().unwrap();
    }
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    each_by_its_own(&bridge);
    assert!(bridge.output().contains("device.mark_on_host"), "{}", bridge.output());
}

#[test]
fn a_device_that_is_unplugged_stops_its_own_chain_and_no_other_and_goes_on_once_it_is_there_again() {
    let mut distant = Distant::new().unwrap();
    let at = Transport::Speculos(distant.address().to_string());
    let both = Both::new([&at, &Transport::Simulated], |setup| distant.approving(setup, ONE.1).unwrap());
    let (mut bridge, [mut one, mut other]) = both.start();
    grows(&mut one, 3);
    grows(&mut other, 3);
    for _ in 0..2 {
        distant.unplug();
        both.until_verdict("NOT SIGNING one-1 (1 chain signing): device one: ");
        let height = one.height().unwrap();
        grows(&mut other, 10);
        assert!(one.height().unwrap() <= height.map(|height| height + 1), "no block without a signature");
        distant.plug().unwrap();
        grows(&mut one, 3);
    }
    // Killed with both at work: each goes on above its own mark.
    bridge.kill();
    let mut bridge = both.setup.start().unwrap();
    grows(&mut one, 3);
    grows(&mut other, 3);
    both.until_verdict("SIGNING: 2 chains");
    for node in [&mut one, &mut other] {
        all_signed(node, 2);
        node.stop().unwrap();
    }
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    each_by_its_own(&bridge);
    distant.audit().unwrap();
}

#[test]
fn the_firmware_and_a_simulated_device_sign_side_by_side() {
    let mut emulated = Emulated::new(nanos::DEVICE).unwrap();
    let at = Transport::Speculos(emulated.emulator().unwrap().apdu_address().to_string());
    let both = Both::new([&at, &Transport::Simulated], |setup| {
        setup.add_chain(|| approve(emulated.emulator()?, |_| ())).unwrap();
    });
    let (mut bridge, [mut firmware, mut simulated]) = both.start();
    firmware.wait_for_height(4, PATIENCE).unwrap();
    simulated.wait_for_height(4, PATIENCE).unwrap();
    assert!(both.verdict().starts_with("SIGNING: 2 chains"), "{}", both.verdict());
    all_signed(&firmware, 3);
    drop(emulated.pull_the_plug().unwrap());
    both.until_verdict("NOT SIGNING one-1 (1 chain signing): device one: ");
    grows(&mut simulated, 10);
    // A node that waits for its signer does not stop when it is told.
    firmware.kill();
    simulated.stop().unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    each_by_its_own(&bridge);
}
