//! Drills: what an operator does on a bad day, from the fault to the next signature. The transcripts stand in
//! `tests/cmd/drill-*`.

use std::fs;
use std::thread;
use std::time::Duration;

use highwater_sim::{Owner, SimDevice};

use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::emulator::{Fault, owned};
use crate::harness::{refusal, signed_vote};
use crate::sentences::shown;

/// A chain that was signed for up to height 5.
pub(crate) async fn in_service(seed: &str) -> Desk {
    let desk = Desk::pinned(seed);
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    drop(daemon);
    desk
}

/// What a command says whose question stands while height 6 is signed, and is `ended` then.
pub(crate) fn said_while_signing(
    desk: &Desk,
    daemon: &mut Daemon,
    command: &[&str],
    ended: impl FnOnce(&mut SimDevice),
) -> String {
    desk.emulator.bench().device.owner = Owner::Away;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| desk.says(command));
        while desk.emulator.bench().device.prompt().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            signed_vote(runtime.block_on(daemon.insists(&prevote(6, 1))));
        });
        ended(&mut desk.emulator.bench().device);
        waiting.join().unwrap()
    })
}

/// The owner approves what stands on the screen.
pub(crate) fn approve(device: &mut SimDevice) {
    let ticket = device.prompt().unwrap().ticket;
    device.decide(ticket, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_reinstalled_and_the_mark_carried_over_by_finger() {
    let desk = in_service("drill").await;
    // The same device and seed; the app's memory is blank.
    desk.emulator.swap(owned("drill"));
    let mut told = desk.says(&["mark", "adopt", CHAIN]);
    told += &desk.says(&["mark", "adopt", CHAIN, "--key-index", "1"]);
    told += &desk.says(&["chain", "remove", CHAIN]);
    told += &desk.says(&["mark", "adopt", CHAIN, "--key-index", "0"]);
    told += &desk.says(&["mark", "show", CHAIN]);
    shown("drill-reinstalled-app", &told);
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(5, 2)).await);
    assert!(text.contains("not above 5/0/precommit"), "the mark was carried over: {text}");
    signed_vote(daemon.insists(&prevote(6, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spare_of_the_same_seed_is_refused_until_its_stale_mark_was_raised() {
    let desk = in_service("drill").await;
    // It was prepared long ago, at height 2.
    let spare = Desk::new("drill");
    spare.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "2"]);
    let mut old = desk.emulator.swap(spare.emulator.swap(owned("none")));
    let mut daemon = desk.daemon().await;
    let text = refusal(daemon.insists(&prevote(6, 2)).await);
    assert!(text.contains("mark adopt"), "{text}");
    assert_eq!(desk.emulator.bench().asked, 1, "the spare was asked for nothing");
    desk.emulator.bench().device.owner = Owner::Refuses;
    let mut told = desk.says(&["mark", "adopt", CHAIN]);
    assert!(refusal(daemon.insists(&prevote(6, 2)).await).contains("mark adopt"), "nothing was pinned");
    desk.emulator.bench().device.signer().0.home_touched();
    desk.emulator.bench().device.owner = Owner::Approves;
    told += &desk.says(&["mark", "adopt", CHAIN]);
    shown("drill-spare", &told);
    // The daemon was told; it need not be started again.
    assert!(refusal(daemon.insists(&prevote(3, 2)).await).contains("took the chain over"));
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    // The old device, found again: now it is the one that is refused.
    std::mem::swap(&mut desk.emulator.bench().device, &mut old);
    desk.emulator.fault(Fault::Gone);
    daemon.until("did not answer").await;
    desk.emulator.fault(Fault::None);
    assert!(refusal(daemon.insists(&prevote(7, 1)).await).contains("mark adopt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_moves_to_another_host_and_signs_at_one_only() {
    let here = in_service("drill").await;
    let there = Desk::with("", here.emulator.clone());
    let file = here.path("moving.json").display().to_string();
    let id = here.must(&["node-id"]);
    let mut told = here.says(&["state", "export", &file]);
    told += &here.says(&["run"]);
    told += &here.says(&["mark", "adopt", CHAIN]);
    let name = here.path("").display().to_string();
    let told_there = there.says(&["state", "import", &file]) + &there.says(&["state", "import", &file]);
    told += &told_there.replace(&name, "[old host]/");
    shown("drill-move-host", &told);
    assert_eq!(there.must(&["node-id"]), id, "nodes on noise:// know the bridge again");
    let mut daemon = there.daemon().await;
    // Whose height it was came along: the node of the old host may have voted otherwise.
    let text = refusal(daemon.insists(&prevote(5, 2)).await);
    // What it is told depends on what the daemon wrote down before it was killed.
    assert!(
        text.contains("does not know which block was precommitted") || text.contains("was released"),
        "{text}"
    );
    signed_vote(daemon.insists(&prevote(6, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_gets_another_id_and_keeps_its_key() {
    let desk = in_service("drill").await;
    let mut told = desk.says(&["chain", "rename", CHAIN, "alpha-2", "--next-height", "6"]);
    let text = fs::read_to_string(&desk.config).unwrap();
    let more = "stop_height = 5\n[[chain]]\nid = \"alpha-2\"\n";
    fs::write(&desk.config, format!("{text}{more}")).unwrap();
    told += &desk.says(&["chain", "list"]);
    let mut daemon = desk.daemon().await;
    assert!(refusal(daemon.insists(&prevote(6, 1)).await).contains("stop_height"), "the old id ends at 5");
    daemon.until("kind=daemon.started chains=2").await;
    told += &desk.says(&["chain", "remove", CHAIN]);
    shown("drill-rename", &told);
    let key = |id: &str| desk.must(&["pubkey", id]).replace(id, "");
    assert_eq!(key(CHAIN), key("alpha-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_to_the_prompt_and_signing_goes_on() {
    let desk = in_service("drill").await;
    let mut daemon = desk.daemon().await;
    let set = &["mark", "set", CHAIN, "--next-height", "9"];
    let waited = said_while_signing(&desk, &mut daemon, set, |device| device.tick(700));
    let mut told = waited + &desk.says(set);
    // Somebody is there after all, and presses a button on the home screen.
    desk.emulator.bench().device.signer().0.home_touched();
    desk.emulator.bench().device.owner = Owner::Approves;
    told += &desk.says(set);
    shown("drill-nobody-comes", &told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_signs_past_the_mark_while_it_is_asked_for_is_told_so() {
    let desk = in_service("drill").await;
    let mut daemon = desk.daemon().await;
    let set = &["mark", "set", CHAIN, "--next-height", "6"];
    let told = said_while_signing(&desk, &mut daemon, set, approve);
    shown("mark-set-moved", &told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_file_is_made_again_from_the_pinned_device_or_from_the_owners_word() {
    let desk = in_service("drill").await;
    let file = desk.path("state/chains/alpha-1.json");
    fs::remove_file(&file).unwrap();
    let mut told = desk.says(&["mark", "adopt", CHAIN]);
    assert!(fs::read_to_string(&file).unwrap().contains("\"highest_requested\":\"5/0/prevote\""));
    // Lost together with the device: only the owner can say what was signed.
    fs::write(&file, "{}").unwrap();
    desk.emulator.swap(owned("drill"));
    told += &desk.says(&["mark", "adopt", CHAIN, "--key-index", "0"]);
    told += &desk.says(&["mark", "adopt", CHAIN, "--key-index", "0", "--last-signed", "8/1/precommit"]);
    shown("drill-lost-state", &told);
    // And a state directory that never knew the chain.
    fs::remove_dir_all(desk.path("state")).unwrap();
    fs::create_dir(desk.path("state")).unwrap();
    let mut told = desk.says(&["mark", "adopt", CHAIN]);
    told += &desk.says(&["mark", "adopt", CHAIN, "--last-signed", "8/1/precommit"]);
    shown("drill-lost-directory", &told);
}
