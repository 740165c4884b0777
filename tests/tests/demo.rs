//! The demo, and that nothing of it outlives it.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use highwater_tests::process::wait_for;
use highwater_tests::tools;
use highwater_tests::validator::PATIENCE;
use nanos_sdk::target::DEVICES;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// By this variable, which all that it starts inherits, the demo's processes are known.
const MARK: &str = "HIGHWATER_DEMO_UNDER_TEST";

#[test]
fn a_demo_on_the_simulated_device_ends_with_every_block_signed() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = start("simulated", 3, folder.path());
    let ended = demo.wait().unwrap();
    let said = output(folder.path());
    assert!(ended.success(), "{said}");
    let last =
        "demo: 3 blocks, 9 signatures by the simulated device (not a hardware key), 0 missed, 0 refused";
    assert_eq!(said.lines().last(), Some(last), "{said}");
    assert_eq!(processes(folder.path()), [0; 0]);
}

#[test]
fn a_demo_on_the_built_in_node_ends_with_every_block_signed_and_runs_no_node_program() {
    for device in ["simulated", "nanos", "nanosplus"] {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = start_with(Node::Builtin, device, 3, folder.path());
        let ended = demo.wait().unwrap();
        let said = output(folder.path());
        assert!(ended.success(), "{said}");
        let name = match device {
            "simulated" => "the simulated device (not a hardware key)",
            "nanos" => "the firmware of a Nano S in the emulator",
            _ => "the firmware of a Nano S Plus in the emulator",
        };
        let last = format!("demo: 3 blocks, 9 signatures by {name}, 0 missed, 0 refused");
        assert_eq!(said.lines().last(), Some(&last[..]), "{said}");
        for height in 1..=3 {
            let block = said.lines().find(|line| line.starts_with(&format!("block {height}/0  "))).unwrap();
            let steps = ["proposal", "prevote", "precommit"];
            assert!(steps.iter().all(|step| block.contains(&format!("{step} "))), "{block}");
        }
        assert_eq!(processes(folder.path()), [0; 0]);
        assert_eq!(left_behind(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn ctrl_c_ends_the_demo_on_the_built_in_node_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = start_with(Node::Builtin, "simulated", 1_000, folder.path());
    in_its_blocks(&mut demo, folder.path());
    let begin = Instant::now();
    kill_process_group(Pid::from_child(&demo), Signal::INT).unwrap();
    let code = demo.wait().unwrap().code();
    // The node it plays would wait for its signer for minutes.
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let said = output(folder.path());
    assert_eq!((code, said.lines().last()), (Some(1), Some("demo: interrupted")), "{said}");
    assert_eq!(left_behind(folder.path()), Vec::<String>::new());
}

#[test]
fn ctrl_c_ends_the_demo_and_all_it_started() {
    // As a terminal does: everyone in the foreground gets the signal.
    interrupted(|demo| kill_process_group(demo, Signal::INT).unwrap());
}

#[test]
fn sigterm_ends_the_demo_and_all_it_started() {
    interrupted(|demo| kill_process(demo, Signal::TERM).unwrap());
}

/// Interrupts a demo on the firmware in the middle of its blocks.
fn interrupted(signal: impl FnOnce(Pid)) {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = start("nanos", 1_000, folder.path());
    in_its_blocks(&mut demo, folder.path());
    // The demo, the bridge, the node, Speculos and its launched qemu.
    let before = processes(folder.path());
    assert!(before.len() >= 5, "{before:?}");
    signal(Pid::from_child(&demo));
    let code = demo.wait().unwrap().code();
    let said = output(folder.path());
    assert_eq!((code, said.lines().last()), (Some(1), Some("demo: interrupted")), "{said}");
    // Killed processes need a moment of the kernel's to be gone.
    let gone = wait_for("the end of all", PATIENCE, || Ok(processes(folder.path()).is_empty().then_some(())));
    assert!(gone.is_ok(), "{:?} of {before:?} are left", processes(folder.path()));
    assert_eq!(left_behind(folder.path()), Vec::<String>::new());
}

fn in_its_blocks(demo: &mut Child, folder: &Path) {
    let begun = wait_for("the second block", PATIENCE, || {
        anyhow::ensure!(demo.try_wait()?.is_none(), "the demo has ended");
        Ok(output(folder).contains("block 2/").then_some(()))
    });
    begun.unwrap_or_else(|error| panic!("{error}: {}", output(folder)));
}

enum Node {
    Cometbft,
    Builtin,
}

fn start(device: &str, blocks: u64, folder: &Path) -> Child {
    start_with(Node::Cometbft, device, blocks, folder)
}

fn start_with(node: Node, device: &str, blocks: u64, folder: &Path) -> Child {
    let out = File::create(folder.join("output")).unwrap();
    let temporary = folder.join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_highwater-demo"));
    demo.args(["--device", device, "--blocks", &blocks.to_string()]);
    match node {
        Node::Cometbft => demo.arg("--cometbft").arg(tools::cometbft().unwrap()),
        // It is not even told where one is.
        Node::Builtin => demo.args(["--node", "builtin"]).env_remove("HIGHWATER_COMETBFT"),
    };
    if let Some(hardware) = DEVICES.iter().find(|hardware| hardware.name == device) {
        demo.arg("--firmware").arg(tools::firmware(hardware).unwrap());
        demo.arg("--emulator").arg(tools::emulator(hardware).unwrap());
    }
    demo.env(MARK, folder).env("TMPDIR", temporary).process_group(0);
    demo.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap()
}

fn output(folder: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(folder.join("output")).unwrap()).into_owned()
}

/// What the demo left in the folder for temporary files.
fn left_behind(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The processes that carry the mark of this demo.
fn processes(folder: &Path) -> Vec<u32> {
    let mark = format!("{MARK}={}", folder.display());
    let entries = std::fs::read_dir("/proc").unwrap();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let carries = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    numbers.filter(carries).collect()
}
