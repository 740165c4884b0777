//! A real node that signed with a key file, or by tmkms, moves here and goes on under the same key.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::{Hrs, Step};
use highwater_played_hsm::{Hsm, MAY_SIGN};
use highwater_tests::bridge::{Device, Setup};
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::device::{Emulated, approve};
use highwater_tests::harness::By;
use highwater_tests::stage::hrs;
use highwater_tests::store::Store;
use highwater_tests::tmkms::Tmkms;
use highwater_tests::tools;
use highwater_tests::validator::PATIENCE;
use nanos_sdk::target::{Device as Hardware, nanos, nanosplus};
use serde_json::Value;

/// Between two blocks: long enough to stop a node in it.
const PAUSE: Duration = Duration::from_millis(700);
const STATE: &str = "data/priv_validator_state.json";
const KEY: &str = "config/priv_validator_key.json";

/// What the node's own signer says that it signed last.
fn last_signed(home: &Home) -> Hrs {
    let state: Value = serde_json::from_slice(&fs::read(home.file(STATE)).unwrap()).unwrap();
    let step = Step::new(state["step"].as_u64().unwrap() as u8).unwrap();
    hrs(state["height"].as_str().unwrap().parse().unwrap(), state["round"].as_u64().unwrap() as u32, step)
}

/// Runs the node with its file until it has signed so many blocks and stands between two: nobody else votes on this chain, so a
/// height that was begun and given up would never be ended.
fn signs_by_itself(home: &Home, blocks: u64) -> u64 {
    for height in blocks.. {
        let mut node = home.start(PAUSE).unwrap();
        node.wait_for_height(height, PATIENCE).unwrap();
        node.stop().unwrap();
        let last = last_signed(home);
        if last.step == Step::Precommit {
            return last.height.value();
        }
    }
    unreachable!("a chain has no last height")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// As if the old signer had been stopped that long ago.
fn a_minute_ago(state: &Path) {
    let minute = SystemTime::now() - Duration::from_secs(60);
    File::options().write(true).open(state).unwrap().set_modified(minute).unwrap();
}

fn all_signed(node: &Node, from: u64, to: u64) {
    for height in from..=to {
        assert!(node.block(height).unwrap().signed, "block {height}");
        assert_eq!(node.evidence(height).unwrap(), 0, "block {height}");
    }
}

/// So many blocks more, signed by Highwater alone, and none of all with evidence of a second signature. Gives the highest.
fn goes_on(setup: &Setup, home: &Home, last: u64, blocks: u64) -> u64 {
    let mut bridge = setup.start().unwrap();
    let mut node = home.start(PAUSE).unwrap();
    node.wait_for_height(last + blocks, PATIENCE).unwrap();
    all_signed(&node, 1, last + blocks - 1);
    node.stop().unwrap();
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    let heights: Vec<_> = bridge.signatures().iter().map(|signature| signature.height).collect();
    assert!(heights.iter().all(|height| *height > last), "{}", bridge.output());
    assert_eq!(bridge.refusals(), 0, "{}", bridge.output());
    heights.into_iter().max().unwrap()
}

/// The node runs, and in five blocks' time the chain is no higher than it was.
fn signs_nothing(home: &Home, height: u64) {
    let mut node = home.start(PAUSE).unwrap();
    node.wait_for_height(1, PATIENCE).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let stands = node.height().unwrap().unwrap();
    assert!(stands <= height, "{stands}: the node signs");
    node.kill();
}

#[test]
fn a_node_that_signed_with_its_file_goes_on_under_the_same_key_and_its_file_signs_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::with_file_key(&tools::cometbft().unwrap(), &folder.path().join("node")).unwrap();
    let last = signs_by_itself(&home, 20);
    let (chain, key) = home.validator().unwrap();
    let setup =
        Setup::new(&folder.path().join("bridge"), &Device::Simulated, &chain, &home.socket()).unwrap();
    let [state, key_file, backup] = [home.file(STATE), home.file(KEY), folder.path().join("key.backup")];
    let old = ["--from", "cometbft", "--chain", &chain, "--state", text(&state), "--block-time", "1"];
    let key_of = ["--key", text(&key_file)];
    let migrate = [&["migrate"][..], &old, &key_of, &["--to", text(&backup)]].concat();

    // The node was stopped just now.
    let refused = setup.run(&migrate).unwrap_err().to_string();
    assert!(refused.contains("the old signer may still run"), "{refused}");
    a_minute_ago(&state);
    let said = setup.run(&migrate).unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(&format!("mark     {last}/0/precommit")), "{said}");
    assert_eq!(setup.public_key().unwrap(), key);

    // By a state that is retired the node signs nothing, though it has its key.
    setup.run(&[&["retire"][..], &old].concat()).unwrap();
    assert_eq!(last_signed(&home).height.value(), i64::MAX as u64);
    let retired = fs::read(&state).unwrap();
    signs_nothing(&home, last);
    assert_eq!(fs::read(&state).unwrap(), retired);

    setup.run(&[&["retire"][..], &old, &key_of].concat()).unwrap();
    assert!(home.file(&format!("{KEY}.moved-to-highwater")).exists());
    home.sign_elsewhere();
    let last = goes_on(&setup, &home, last, 10);

    // The node has loaded the key of no validator, and let its state stand. The key put back, that state still lets it sign
    // nothing, though the node has no other signer.
    let left: Value = serde_json::from_slice(&fs::read(&key_file).unwrap()).unwrap();
    assert_ne!(left["address"].as_str(), Some(home.address.as_str()));
    assert_eq!(fs::read(&state).unwrap(), retired);
    fs::rename(home.file(&format!("{KEY}.moved-to-highwater")), &key_file).unwrap();
    home.sign_itself();
    signs_nothing(&home, last);
    assert_eq!(fs::read(&state).unwrap(), retired);
}

/// The same on the firmware, whose owner approves key and chain by its buttons; then it loses its power, and then its flash.
fn what_has_moved_outlives_power_and_comes_back_after_the_flash_is_lost(hardware: Hardware) {
    const BLOCKS: u64 = 3;
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::with_file_key(&tools::cometbft().unwrap(), &folder.path().join("node")).unwrap();
    let last = signs_by_itself(&home, BLOCKS);
    let (chain, key) = home.validator().unwrap();
    let mut device = Emulated::new(hardware).unwrap();
    let socket = home.socket();
    let setup = |device: &Emulated| {
        let address = device.emulator().unwrap().apdu_address().to_string();
        let place = folder.path().join("bridge");
        Setup::new(&place, &Device::Speculos(address), &chain, &socket).unwrap()
    };
    let at_device = setup(&device);
    let [state, key_file, backup] = [home.file(STATE), home.file(KEY), folder.path().join("key.backup")];
    a_minute_ago(&state);
    let old = ["migrate", "--from", "cometbft", "--chain", &chain, "--block-time", "1", "--retire"];
    let files = ["--state", text(&state), "--key", text(&key_file), "--to", text(&backup)];
    let approved = |device: &Emulated, prompts: usize| {
        (0..prompts).try_for_each(|_| approve(device.emulator()?, |_| ()))
    };
    at_device.run_while(&[&old[..], &files].concat(), || approved(&device, 2)).unwrap();
    assert_eq!(at_device.public_key().unwrap(), key);
    assert_eq!(last_signed(&home).height.value(), i64::MAX as u64);
    home.sign_elsewhere();
    let last = goes_on(&at_device, &home, last, BLOCKS);

    // Its power goes.
    let image = device.pull_the_plug().unwrap();
    device.plug_in(image).unwrap();
    let last = goes_on(&setup(&device), &home, last, BLOCKS);

    // All that it knew goes, as when the app is loaded anew.
    drop(device);
    let device = Emulated::new(hardware).unwrap();
    let at_device = setup(&device);
    let restore = ["key", "restore", text(&backup)];
    let said = at_device.run_while(&restore, || approved(&device, 1)).unwrap().stdout;
    assert!(said.ends_with(b"imported key 1: on the device\n"), "{}", String::from_utf8_lossy(&said));
    let adopt = ["mark", "adopt", &chain, "--imported", "1"];
    at_device.run_while(&adopt, || approved(&device, 1)).unwrap();
    assert_eq!(at_device.public_key().unwrap(), key);
    goes_on(&at_device, &home, last, BLOCKS);
}

#[test]
fn what_has_moved_onto_a_nanos_outlives_power_and_comes_back_after_the_flash_is_lost() {
    what_has_moved_outlives_power_and_comes_back_after_the_flash_is_lost(nanos::DEVICE);
}

#[test]
fn what_has_moved_onto_a_nanosplus_outlives_power_and_comes_back_after_the_flash_is_lost() {
    what_has_moved_outlives_power_and_comes_back_after_the_flash_is_lost(nanosplus::DEVICE);
}

/// Runs the node with tmkms until so many blocks are signed and tmkms stands between two.
fn signs_by_tmkms(home: &Home, tmkms: &Tmkms, blocks: u64) -> u64 {
    for height in blocks.. {
        let (mut signer, mut node) = (tmkms.start().unwrap(), home.start(PAUSE).unwrap());
        node.wait_for_height(height, PATIENCE)
            .unwrap_or_else(|error| panic!("{error:#}\n{}", signer.output()));
        node.stop().unwrap();
        signer.stop(PATIENCE).unwrap();
        let state: Value = serde_json::from_slice(&fs::read(tmkms.state()).unwrap()).unwrap();
        // tmkms counts from 0: this is a precommit.
        if state["step"] == 2 {
            return state["height"].as_str().unwrap().parse().unwrap();
        }
    }
    unreachable!("a chain has no last height")
}

#[test]
#[ignore = "cargo xtask test --full"]
fn a_validator_of_tmkms_goes_on_under_the_same_key_and_tmkms_signs_nothing_more() {
    const CHAIN: &str = "moving-1";
    let seed = [6; 32];
    let key = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::init(&tools::cometbft().unwrap(), &folder.path().join("node"), CHAIN, &key).unwrap();
    let node_at = home.listen(By::Tcp, "").unwrap();
    fs::create_dir(folder.path().join("tmkms")).unwrap();
    let tmkms =
        Tmkms::new(&tools::tmkms().unwrap(), &folder.path().join("tmkms"), CHAIN, &node_at, &seed).unwrap();
    let last = signs_by_tmkms(&home, &tmkms, 20);

    let place = folder.path().join("bridge");
    let setup = Setup::for_nodes(&place, &Device::Simulated, CHAIN, std::slice::from_ref(&node_at)).unwrap();
    let [state, key_file, backup] = [tmkms.state(), tmkms.key(), folder.path().join("key.backup")];
    a_minute_ago(&state);
    let old = ["migrate", "--from", "tmkms", "--chain", CHAIN, "--block-time", "1", "--retire"];
    let files = ["--state", text(&state), "--key", text(&key_file), "--to", text(&backup)];
    let said = setup.run(&[&old[..], &files].concat()).unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    // A step that is misread is a double sign: of tmkms the precommit is 2.
    for place in ["highest", "mark   "] {
        let line = said.lines().find(|line| line.starts_with(place)).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(&format!("  {last}/")) && line.ends_with("/precommit"), "{said}");
    }
    assert_eq!(setup.public_key().unwrap(), key);
    let last = goes_on(&setup, &home, last, 10);

    // Its key is moved; put back, its state still lets it sign nothing.
    let moved = key_file.with_file_name("consensus.key.moved-to-highwater");
    fs::rename(&moved, &key_file).unwrap();
    let retired = fs::read(&state).unwrap();
    let mut signer = tmkms.start().unwrap();
    signs_nothing(&home, last);
    assert_eq!(fs::read(&state).unwrap(), retired);
    signer.kill();
}

/// The key stays where it is: the same object, another authentication key, the mark of tmkms's state; then the HSM itself locks
/// tmkms out.
#[test]
#[ignore = "cargo xtask test --full"]
fn a_validator_of_tmkms_whose_key_is_in_a_yubihsm_goes_on_without_moving_it_and_tmkms_is_locked_out() {
    const CHAIN: &str = "moving-2";
    let hsm = Hsm::new();
    hsm.put_key(1, [8; 32], MAY_SIGN);
    hsm.put_auth_key(4, b"tmkms", MAY_SIGN);
    let plug = hsm.plug().unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::init(&tools::cometbft().unwrap(), &folder.path().join("node"), CHAIN, &key).unwrap();
    let node_at = home.listen(By::Tcp, "").unwrap();
    let place = folder.path().join("tmkms");
    fs::create_dir(&place).unwrap();
    let tmkms = Tmkms::with_hsm(&tools::tmkms().unwrap(), &place, CHAIN, &node_at, plug.port()).unwrap();
    let last = signs_by_tmkms(&home, &tmkms, 20);
    let by_tmkms = hsm.signed();
    assert!(by_tmkms >= 60, "{by_tmkms}");

    let store = Store::played(&hsm, plug.port(), true).unwrap();
    let place = folder.path().join("bridge");
    let setup = Setup::for_nodes(&place, store.device(), CHAIN, std::slice::from_ref(&node_at)).unwrap();
    let (state, config) = (tmkms.state(), tmkms.config());
    a_minute_ago(&state);
    let old = ["migrate", "--from", "tmkms", "--chain", CHAIN, "--block-time", "1", "--retire"];
    let said = setup.run(&[&old[..], &["--tmkms", text(&config), "--key-index", "0"]].concat()).unwrap();
    let (out, err) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(out.contains(&format!("mark     {last}/")) && out.contains("/precommit"), "{out}");
    assert!(err.contains("highwater yubihsm delete-auth-key 4"), "{err}");
    assert_eq!(setup.public_key().unwrap(), key);
    // It was asked for its public key, and for no signature.
    assert_eq!(hsm.signed(), by_tmkms);
    let last = goes_on(&setup, &home, last, 10);

    // By its state tmkms signs nothing; and with its state put back, by the HSM's own word.
    let retired = fs::read(&state).unwrap();
    let mut signer = tmkms.start().unwrap();
    signs_nothing(&home, last);
    assert_eq!(fs::read(&state).unwrap(), retired);
    signer.kill();
    let admin = folder.path().join("admin");
    fs::write(&admin, "password").unwrap();
    fs::set_permissions(&admin, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let address = format!("127.0.0.1:{}", plug.port());
    let delete =
        ["yubihsm", "delete-auth-key", "4", "--admin-password-file", text(&admin), "--address", &address];
    setup.about("4").run(&delete).unwrap();
    assert!(hsm.auth_key(4).is_none());
    let before = hsm.signed();
    fs::copy(state.with_file_name("state.json.before-highwater"), &state).unwrap();
    // It cannot log in, so it serves no node, and a node without a signer does not even start.
    let mut signer = tmkms.start().unwrap();
    let mut node = home.start(PAUSE).unwrap();
    assert!(node.wait_for_height(last + 1, Duration::from_secs(10)).is_err());
    assert_eq!(hsm.signed(), before, "{}", signer.output());
    node.kill();
    signer.kill();
    goes_on(&setup, &home, last, 5);
}
