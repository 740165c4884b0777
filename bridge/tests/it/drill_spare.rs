//! The drill with the spare of the simulated device: same seed, other installation.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use crate::desk::{CHAIN, Desk, prevote};
use crate::harness::{refusal, signed_vote};
use crate::sentences::shown;

/// The desk's config on the simulated device, or on its spare.
fn take(desk: &Desk, spare: bool) {
    let node = desk.path("node.sock");
    let text = format!(
        "state_dir = {:?}\n[device]\ntransport = \"simulated\"\nspare = {spare}\n[[chain]]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\n",
        desk.path("state"),
        node.display()
    );
    fs::write(&desk.config, text).unwrap();
}

/// A state directory with a seed that is known, so that the transcript shows a key that is.
fn seeded(desk: &Desk) {
    let state = desk.path("state");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&state).unwrap();
    let mut seed = fs::OpenOptions::new();
    seed.write(true).create_new(true).mode(0o600);
    seed.open(state.join("simulated.seed")).unwrap().write_all(&[7; 32]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spare_of_the_simulated_device_takes_over_above_what_was_signed() {
    let desk = Desk::new("not in use");
    seeded(&desk);
    take(&desk, false);
    let yes = "--yes-simulated";
    let mut told = desk.says(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1", yes]);
    told += &desk.says(&["mark", "set", CHAIN, "--last-signed", "4/0/precommit", yes]);
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    drop(daemon);

    take(&desk, true);
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(6, 1)).await);
    assert!(text.contains("mark adopt"), "{text}");
    drop(daemon);
    told += "# spare = true\n";
    told += &desk.says(&["mark", "adopt", CHAIN, yes]);
    told += &desk.says(&["mark", "adopt", CHAIN, "--key-index", "0", yes]);
    told += &desk.says(&["mark", "show", CHAIN]);
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(5, 2)).await);
    assert!(text.contains("not above 5/0/precommit"), "the mark was carried over: {text}");
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    drop(daemon);

    // The first device, found again: it is refused, and its mark is where it was.
    take(&desk, false);
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(7, 1)).await);
    assert!(text.contains("mark adopt"), "{text}");
    drop(daemon);
    told += "# spare = false\n";
    told += &desk.says(&["mark", "show", CHAIN]);
    told += &desk.says(&["mark", "adopt", CHAIN, yes]);
    shown("drill-simulated-spare", &told);
}

#[test]
fn a_memory_that_was_cut_short_or_a_seed_that_is_lost_is_named_with_its_cure() {
    let desk = Desk::new("not in use");
    seeded(&desk);
    take(&desk, false);
    let (seed, memory) = (desk.path("state/simulated.seed"), desk.path("state/simulated.nvm"));
    desk.must(&["device", "info"]);
    let whole = fs::read(&memory).unwrap();
    fs::write(&memory, &whole[..4_096]).unwrap();
    let mut told = desk.says(&["device", "info"]);
    assert_eq!(fs::read(&memory).unwrap(), whole[..4_096], "what is left of it is left as it is");
    fs::write(&memory, &whole).unwrap();
    fs::rename(&seed, desk.path("moved")).unwrap();
    told += &desk.says(&["device", "info"]);
    assert!(!seed.exists(), "no other key takes the place of the lost one");
    shown("device-info-hosted-files", &told);
}
