use std::sync::atomic::Ordering;
use std::time::Duration;

use highwater_core::hrs::Step;

use super::*;
use crate::admin::{Counters, ElsewhereReport};
use crate::device::Ring;
use crate::node::Outcome;
use crate::node::Service as _;
use crate::signer::rig::{CHAIN, NODE, OTHER_NODE, Rig, is_signed, node, vote};

/// Of the device that is alone.
async fn report(signer: &Signer) -> Report {
    super::report(&signer.clone().into()).await
}

/// The first line of `status`.
async fn verdict_of(signer: &Signer) -> String {
    report(signer).await.verdict
}

#[tokio::test]
async fn a_signer_that_has_ended_is_not_called_signing() {
    let signer = Rig::new().signer(&[NODE], Counters::new()).await;
    signer.finish().await;
    let report = report(&signer).await;
    assert!(
        !report.healthy && report.verdict.starts_with("NOT SIGNING: the signer's task"),
        "{}",
        report.verdict
    );
}

/// A signature that was just given out does not count as fresh any more.
async fn later() {
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(5)).await;
    tokio::time::resume();
}

async fn refused(node: &crate::signer::NodeSigner, block: u8) {
    let outcome = node.sign(vote(5, Step::Prevote, block)).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_chain_whose_every_request_is_refused_does_not_sign_and_one_lone_refusal_says_nothing() {
    let signer = Rig::new().signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    refused(&node, 2).await;
    later().await;
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    refused(&node, 3).await;
    refused(&node, 4).await;
    let text = verdict_of(&signer).await;
    assert!(
        text.starts_with("NOT SIGNING: alpha-1: no signature since 3 requests, last refusal: "),
        "{text}"
    );
    assert!(text.contains("another statement was released") && text.contains("no second node"), "{text}");
    assert!(is_signed(&node.sign(vote(6, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}

/// A copied memory has the same installation, so the pin alone would let a chain go over to it.
#[tokio::test]
async fn two_devices_of_one_installation_are_warned_of_by_name() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    let (seen, mut views) = (signer.device().seen(), signer.views().await.unwrap());
    views[0].device = Some("a".into());
    let mut other = seen.clone();
    let both = |other: &Seen| {
        let each = [("a", seen.clone(), views.clone()), ("b", other.clone(), Vec::new())];
        of(&each.map(|(name, seen, views)| (Some(name.to_owned()), seen, views)), None, Instant::now())
    };
    let report = both(&other);
    let warning = report.chains[0].warning.clone().unwrap();
    assert!(
        warning.contains("a and b show the same installation") && warning.contains("move the file"),
        "{warning}"
    );
    assert!(report.healthy && report.verdict.contains("WARNING: the devices a and b"), "{}", report.verdict);
    other.session.as_mut().unwrap().installation[0] ^= 1;
    assert_eq!(both(&other).chains[0].warning, None);
}

#[tokio::test]
async fn a_report_has_the_last_signatures_with_what_they_took_and_the_heights_between() {
    let signer = Rig::new().signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(report(&signer).await.chains[0].recent.is_empty());
    for height in [5, 6, 9] {
        assert!(is_signed(&node.sign(vote(height, Step::Precommit, 1)).await));
    }
    let chain = report(&signer).await.chains.remove(0);
    let places: Vec<String> = chain.recent.iter().map(|signature| signature.place.to_string()).collect();
    assert_eq!(places, ["9/0/precommit", "6/0/precommit", "5/0/precommit"]);
    let [newest, .., oldest] = &chain.recent[..] else { panic!("{chain:?}") };
    assert!(newest.age_seconds <= oldest.age_seconds && oldest.age_seconds < 60.0, "{chain:?}");
    assert!(newest.took_seconds > 0.0 && newest.took_seconds < 60.0, "{chain:?}");
    assert_eq!(chain.heights_missed, 2, "7 and 8");
}

#[tokio::test]
async fn a_standby_whose_requests_are_refused_turns_nothing_while_the_chain_is_signed() {
    let signer = Rig::new().signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let (owner, standby) = (node(&signer, NODE), node(&signer, OTHER_NODE));
    for height in 5..9 {
        assert!(is_signed(&owner.sign(vote(height, Step::Prevote, 1)).await));
        let outcome = standby.sign(vote(height, Step::Prevote, 2)).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        later().await;
        assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    }
    // The node that has the height lives and asks for nothing: nothing is signed.
    for block in 3..5 {
        let _ = standby.sign(vote(8, Step::Precommit, block)).await;
    }
    let text = verdict_of(&signer).await;
    assert!(text.contains("no signature since 3 requests") && text.contains("chain release"), "{text}");
}

#[tokio::test]
async fn a_cause_that_a_later_look_disproves_is_none_any_more() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    rig.absent.store(true, Ordering::SeqCst);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, Outcome::Silent);
    assert!(verdict_of(&signer).await.starts_with("NOT SIGNING: "));
    rig.absent.store(false, Ordering::SeqCst);
    while signer.device().seen().session.is_none() {
        signer.device().look().await;
    }
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain", "nothing was asked since");
}

#[tokio::test]
async fn a_device_that_is_there_and_fails_each_request_is_told_until_one_is_signed() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.word.lock().unwrap() = Some(0xb011);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, Outcome::Silent);
    signer.device().look().await;
    let text = verdict_of(&signer).await;
    assert!(text.contains("5/0/prevote has no signature: the device said b011"), "{text}");
    for _ in 0..2 {
        let _ = node.sign(vote(5, Step::Prevote, 1)).await;
    }
    signer.device().look().await;
    let text = verdict_of(&signer).await;
    assert!(
        text.contains("no signature since 3 requests, last cause: 5/0/prevote: the device said"),
        "{text}"
    );
    *rig.word.lock().unwrap() = None;
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}

#[tokio::test]
async fn a_chain_beyond_its_stop_height_does_not_sign_in_words_of_its_own() {
    let rig = Rig::new();
    let signer = rig.signer_until(&[NODE], Counters::new(), Some(5)).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    let outcome = node.sign(vote(6, Step::Prevote, 1)).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    let text = verdict_of(&signer).await;
    assert!(text.contains("alpha-1 is above its stop_height 5"), "{text}");
    assert!(text.contains("change or remove it in the config"), "{text}");
}

#[tokio::test]
async fn what_the_owner_or_the_operator_changed_since_is_no_cause_any_more() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let (owner, standby) = (node(&signer, NODE), node(&signer, OTHER_NODE));
    assert!(is_signed(&owner.sign(vote(5, Step::Prevote, 1)).await));
    later().await;
    for block in 2..5 {
        let _ = standby.sign(vote(5, Step::Precommit, block)).await;
    }
    assert!(verdict_of(&signer).await.contains("chain release"));
    signer.say(CHAIN, crate::signer::Word::ReleaseOwner).await.unwrap();
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
    for block in 2..5 {
        refused(&owner, block).await;
    }
    assert!(verdict_of(&signer).await.contains("another statement"));
    rig.owner_sets(highwater_core::hrs::Hrs::new(1_000, 0, Step::None).unwrap());
    signer.device().look().await;
    assert_eq!(verdict_of(&signer).await, "SIGNING: 1 chain");
}

/// The folder of the state files, for as long as a file stands in its place: nothing can be written to it.
struct Broken(std::path::PathBuf, std::path::PathBuf);

impl Broken {
    fn of(rig: &Rig) -> Self {
        let (folder, away) = (rig.dir.path().join("chains"), rig.dir.path().join("away"));
        std::fs::rename(&folder, &away).unwrap();
        std::fs::write(&folder, "").unwrap();
        Self(folder, away)
    }

    fn mend(self) {
        std::fs::remove_file(&self.0).unwrap();
        std::fs::rename(&self.1, &self.0).unwrap();
    }
}

/// A pipe in the place of a file: whoever opens it for writing waits, until this is dropped.
struct Hanging(std::path::PathBuf);

impl Hanging {
    fn at(path: std::path::PathBuf) -> Self {
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        Self(path)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // Open for both it waits for nobody, and the writer goes on.
        let reader = std::fs::File::options().read(true).write(true).open(&self.0);
        let _ = std::fs::remove_file(&self.0);
        drop(reader);
    }
}

/// Until the first line of `status` says this.
async fn until(signer: &Signer, what: &str) -> String {
    let began = std::time::Instant::now();
    loop {
        let text = verdict_of(signer).await;
        if text.contains(what) {
            return text;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_disk_that_fails_is_a_warning_where_signing_goes_on() {
    let (rig, counters) = (Rig::new(), Counters::new());
    let signer = rig.signer(&[NODE], counters.clone()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    let broken = Broken::of(&rig);
    assert!(is_signed(&node.sign(vote(6, Step::Prevote, 1)).await));
    let text = until(&signer, "WARNING").await;
    assert!(
        text.starts_with("SIGNING: 1 chain; WARNING: the state file of alpha-1 cannot be written"),
        "{text}"
    );
    assert!(text.contains("(File exists (os error 17))") && text.contains("restart nothing"), "{text}");
    let behind = report(&signer).await.chains[0].state_file_behind_seconds;
    assert!(behind > 0.0, "{behind}");
    broken.mend();
    let began = std::time::Instant::now();
    while verdict_of(&signer).await != "SIGNING: 1 chain" {
        assert!(began.elapsed() < Duration::from_secs(20), "it is written again by itself");
        node.heard();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(report(&signer).await.chains[0].state_file_behind_seconds, 0.0);
}

#[tokio::test]
async fn a_disk_that_fails_is_a_problem_where_nothing_is_signed_without_it() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    let _broken = Broken::of(&rig);
    assert_eq!(node.sign(vote(6, Step::Prevote, 1)).await, Outcome::Silent);
    let text = until(&signer, "NOT SIGNING").await;
    assert!(text.contains("the state file of alpha-1 cannot be written: with several nodes"), "{text}");
    assert!(text.contains("(File exists (os error 17))"), "{text}");
}

#[tokio::test]
async fn a_disk_that_hangs_is_told_while_it_does_and_counted() {
    let (rig, counters) = (Rig::new(), Counters::new());
    // The second file of the pair: whoever opens a pipe waits for its reader.
    let pipe = rig.dir.path().join("chains").join(format!(".new-{CHAIN}.json"));
    let signer = rig.signer(&[NODE], counters.clone()).await;
    let node = node(&signer, NODE);
    let hanging = Hanging::at(pipe);
    let page = counters.page(&report(&signer).await).unwrap();
    let late = "highwater_state_file_late_total{chain=\"alpha-1\"} 1";
    assert!(!page.contains(late), "{page}");
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await), "its device has the mark");
    let text = until(&signer, "WARNING").await;
    assert!(text.starts_with("SIGNING: 1 chain; WARNING: a write of the state file of alpha-1"), "{text}");
    assert!(text.contains("has taken 1 s") && text.contains("look at the disk"), "{text}");
    assert!(counters.page(&report(&signer).await).unwrap().contains(late));
    assert!(report(&signer).await.chains[0].state_file_behind_seconds >= 1.0);
    drop(hanging);
    let began = std::time::Instant::now();
    while verdict_of(&signer).await != "SIGNING: 1 chain" {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(counters.page(&report(&signer).await).unwrap().contains(late), "once");
}

#[test]
fn signatures_a_day_are_told_after_an_hour_and_never_as_too_few() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert_eq!([a_day(1_200, hours(1) - Duration::from_secs(1)), a_day(0, hours(9))], [None; 2]);
    assert_eq!([a_day(1_200, hours(1)), a_day(28_800, hours(24))], [Some(28_800); 2]);
    assert_eq!(a_day(1, hours(48)), Some(1), "half a one a day");
}

/// A chain as a report has it that is all well, or whose device is away.
pub(crate) fn chain_report(state: Option<SlotState>) -> ChainReport {
    ChainReport {
        chain: CHAIN.to_owned(),
        device: None,
        problem: None,
        problem_cause: None,
        warning: None,
        warning_cause: None,
        state_file_behind_seconds: 0.0,
        installation: hex::encode([9; 16]),
        highest_requested: HrsText::default(),
        intention: None,
        last: None,
        stopped: false,
        state,
        years_left: state.map(|_| 12.0),
        signature_age_seconds: 0.0,
        nodes: vec![NodeReport {
            address: "unix:///run/node.sock".to_owned(),
            connected: true,
            silent_seconds: None,
            has_height: false,
            down_seconds: None,
            complaint: None,
            link_cut: false,
        }],
        last_refusal: None,
        refused: Vec::new(),
        signatures: 0,
        signatures_a_day: None,
        refusals: 0,
        silences: 0,
        heights_missed: 0,
        recent: Vec::new(),
        device_seconds: DeviceSeconds { prevote: Some(0.46), precommit: Some(0.47), ..Default::default() },
        signing_seconds: Some(0.93),
        on_chain: Some(OnChainReport {
            rpc: "http://127.0.0.1:26657".to_owned(),
            problem: None,
            height: Some("1234".to_owned()),
            blocks: 100,
            present: 97,
            nil: 0,
            late: 2,
            behind: 0,
            unsigned: 0,
            unasked: 1,
            not_in_set: 0,
            elsewhere: 0,
            signed_elsewhere: None,
            newest_block_age_seconds: Some(4.0),
            block_seconds: Some(6.0),
            signing_ratio: Some(0.155),
        }),
    }
}

/// The same report of a device that has a name.
pub(crate) fn with_a_name(mut report: Report, name: &str) -> Report {
    let Report { device, device_state, fault, .. } = report.clone();
    report.devices = vec![DeviceReport { name: name.to_owned(), device, device_state, fault }];
    for chain in &mut report.chains {
        chain.device = Some(name.to_owned());
    }
    report
}

/// One that signed blocks; its mark is the last place signed.
pub(crate) fn signing() -> Report {
    let mut report = healthy();
    let place: HrsText = "20000001/0/precommit".parse().unwrap();
    for slot in report.device.iter_mut().flat_map(|device| &mut device.slots) {
        (slot.mark, slot.highest_signed) = (place, place);
    }
    let chain = &mut report.chains[0];
    (chain.last, chain.highest_requested, chain.signatures) = (Some(place), place, 212);
    chain.signature_age_seconds = 3.4;
    if let Some(on_chain) = &mut chain.on_chain {
        on_chain.height = "20000000".parse().ok();
    }
    chain.recent = vec![SignatureReport { place, took_seconds: 0.1124, age_seconds: 3.4 }];
    report
}

/// A report that is all well.
pub(crate) fn healthy() -> Report {
    let slot = Slot { wear_ppm: 10_000, ..Slot::played(CHAIN, SlotState::Armed, HrsText::default()) };
    let rings = vec![Ring { pairs: 256, rated_erases: 500_000 }];
    let session = Session { installation: [9; 16], rings, ..Session::played(vec![slot]) };
    Report {
        healthy: true,
        verdict: "SIGNING: 1 chain".to_owned(),
        device_state: DeviceState::Ready,
        device: Some(session),
        fault: None,
        devices: Vec::new(),
        signer_silent: false,
        log_lines_dropped: 0,
        host_network: Some(true),
        chains: vec![chain_report(Some(SlotState::Armed))],
    }
}

#[test]
fn the_verdict_tells_of_another_signer_before_all_other_chains() {
    let chain = |name: &str, problem: Option<&str>, warning: Option<&str>, elsewhere: bool| {
        let mut report = chain_report(Some(SlotState::Armed));
        report.chain = name.to_owned();
        report.problem = problem.map(str::to_owned);
        report.warning = warning.map(str::to_owned);
        report.on_chain.as_mut().unwrap().signed_elsewhere = elsewhere.then(|| ElsewhereReport {
            blocks: 1,
            first_height: "199".to_owned(),
            last_height: "199".to_owned(),
        });
        report
    };
    let (disk, locked) = (chain("a", None, Some("the disk"), false), chain("a", Some("locked"), None, false));
    let risk = chain("b", None, Some("RISK"), true);
    assert_eq!(verdict(&[disk, risk.clone()], &[]), (true, "SIGNING: 2 chains; WARNING: RISK".to_owned()));
    let both = "NOT SIGNING a (1 chain signing): locked; WARNING: RISK";
    assert_eq!(verdict(&[locked.clone(), risk], &[]), (false, both.to_owned()));
    // A chain whose device fell behind is at risk, whatever else is wrong.
    let stopped = ChainReport { stopped: true, ..chain("b", Some("FELL"), None, false) };
    assert_eq!(verdict(&[locked.clone(), stopped], &[]), (false, "NOT SIGNING: FELL".to_owned()));
    let accused =
        ChainReport { problem_cause: Some(Cause::Elsewhere), ..chain("b", Some("LOG"), None, false) };
    assert_eq!(verdict(&[locked.clone(), accused], &[]), (false, "NOT SIGNING: LOG".to_owned()));
    let risk = chain("b", Some("RISK. Besides: no node"), None, true);
    assert_eq!(verdict(&[locked, risk], &[]), (false, "NOT SIGNING: RISK. Besides: no node".to_owned()));
}
