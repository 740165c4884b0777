use std::sync::atomic::Ordering;
use std::time::Duration;

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::NotAdopted;
use tokio::time::timeout;

use super::rig::{CHAIN, NODE, OTHER_NODE, Rig, is_signed, node, vote};
use super::{NotSaid, Word};
use crate::admin::Counters;
use crate::node::{Outcome, Service as _};
use crate::store::Pins;

fn hrs(height: u64, step: Step) -> Hrs {
    Hrs::new(height, 0, step).unwrap()
}

#[tokio::test]
async fn a_vote_is_signed_once_and_given_again_without_the_device() {
    let (rig, counters) = (Rig::new(), Counters::new());
    let signer = rig.signer(&[NODE], counters.clone()).await;
    let node = node(&signer, NODE);
    let first = node.sign(vote(5, Step::Prevote, 1)).await;
    assert!(is_signed(&first), "{first:?}");
    rig.absent.store(true, Ordering::SeqCst);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, first);
    assert_eq!((rig.asked.load(Ordering::SeqCst), counters.of(CHAIN)), (1, [1, 0, 0]));
}

#[tokio::test]
async fn the_record_of_the_whole_round_is_on_the_disk_before_its_first_reply() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    for height in 5..8 {
        assert!(is_signed(&node.sign(vote(height, Step::Prevote, 1)).await));
        assert_eq!(rig.file().record.highest_requested, hrs(height, Step::Precommit));
        assert!(is_signed(&node.sign(vote(height, Step::Precommit, 1)).await));
    }
    signer.finish().await;
    let record = rig.file().record;
    assert_eq!((record.released_at(), record.written_ahead), (Some(hrs(7, Step::Precommit)), false));
}

#[tokio::test]
async fn a_signature_is_counted_when_it_is_delivered_and_a_node_that_left_is_a_silence() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.delay.lock().unwrap() = Duration::from_millis(300);
    let left = timeout(Duration::from_millis(100), node.sign(vote(5, Step::Prevote, 1))).await;
    assert!(left.is_err());
    let late = node.sign(vote(5, Step::Prevote, 1)).await;
    assert!(is_signed(&late));
    assert_eq!(rig.asked.load(Ordering::SeqCst), 1, "the late result answers the same question");
    assert_eq!(signer.views().await.unwrap()[0].counts, [1, 0, 1]);
}

#[tokio::test]
async fn the_hosts_highest_place_follows_a_mark_that_the_owner_set_without_the_host() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    rig.owner_sets(hrs(1_000, Step::None));
    assert_eq!(signer.say(CHAIN, Word::Settle).await, Ok(super::Said::default()));
    assert_eq!(rig.file().record.highest_requested, hrs(1_000, Step::None));
}

#[tokio::test]
async fn a_mark_that_is_about_to_be_asked_for_counts_before_the_question_and_also_if_the_daemon_dies() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let intend = |to, below| Word::Intend { to, below };
    signer.say(CHAIN, intend(hrs(1_000, Step::None), None)).await.unwrap();
    // The daemon dies here: the file is all that is left.
    assert_eq!(rig.file().record.floor(), hrs(1_000, Step::None));
    let below = signer.say(CHAIN, intend(hrs(5, Step::None), None)).await;
    assert!(
        matches!(below, Err(NotSaid::Below(below)) if below.known == hrs(1_000, Step::None)),
        "{below:?}"
    );
    signer.say(CHAIN, Word::ForgetIntention).await.unwrap();
    assert_eq!(rig.file().record.floor(), Hrs::default());
    let unknown = signer.say("beta-1", Word::Settle).await;
    assert_eq!(unknown, Err(NotSaid::NotServed));
}

#[tokio::test]
async fn a_device_that_shows_a_mark_below_what_it_signed_is_caught_at_the_look() {
    let rig = Rig::new();
    let before = rig.device.lock().unwrap().world.medium.pages().to_vec();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
    {
        let mut device = rig.device.lock().unwrap();
        let mut old = std::mem::replace(&mut *device, highwater_sim::SimDevice::in_memory(b"none"));
        old.world.medium.restore(&before);
        *device = old.restart();
    }
    signer.say(CHAIN, Word::Settle).await.unwrap();
    assert!(rig.file().record.stopped.is_some(), "before any request");
    let Outcome::Refused(text) = node.sign(vote(6, Step::Prevote, 1)).await else { panic!("not refused") };
    assert!(text.contains("DOUBLE-SIGN RISK") && text.contains("mark adopt"), "{text}");
}

#[tokio::test]
async fn a_pin_that_cannot_be_written_is_told_at_once_and_the_daemon_goes_on_by_itself_when_it_can() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.device.lock().unwrap() = super::rig::device();
    signer.device().look().await;
    let pins = rig.dir.path().join("pins.toml");
    std::fs::create_dir(&pins).unwrap();
    let spare = signer.device().seen().session.unwrap().installation;
    let pinning = Err(NotSaid::NotAdopted(NotAdopted::Pinning));
    let adopt = || timeout(Duration::from_secs(4), signer.say(CHAIN, Word::Adopt(spare)));
    assert_eq!(adopt().await.expect("an answer before it is tried again"), pinning);
    assert_eq!(adopt().await.expect("an answer at once"), pinning);
    assert!(signer.views().await.unwrap()[0].pinning);
    assert!(!is_signed(&node.sign(vote(5, Step::Prevote, 1)).await), "nothing is signed meanwhile");
    assert_eq!(rig.asked.load(Ordering::SeqCst), 0);
    std::fs::remove_dir(&pins).unwrap();
    while signer.views().await.unwrap()[0].pinning {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(Pins::load(rig.dir.path()).unwrap().get(CHAIN).unwrap().installation, spare);
    assert!(is_signed(&node.sign(vote(5, Step::Prevote, 1)).await));
}

#[tokio::test]
async fn what_the_device_says_is_the_cause_that_is_told() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.word.lock().unwrap() = Some(0xb011);
    assert_eq!(node.sign(vote(5, Step::Prevote, 1)).await, Outcome::Silent);
    let Some(super::Unsigned::Undecided(_, cause)) = signer.views().await.unwrap()[0].unsigned else {
        panic!("none")
    };
    assert!(crate::advice::silence(cause).contains("b011"));
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let node = node(&signer, NODE);
    *rig.delay.lock().unwrap() = Duration::from_millis(200);
    let signing = tokio::spawn(async move { node.sign(vote(5, Step::Prevote, 1)).await });
    while rig.asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signer.finish().await;
    assert!(is_signed(&signing.await.unwrap()));
    assert_eq!(rig.file().record.released_at(), Some(hrs(5, Step::Prevote)));
    assert_eq!(rig.mark(), hrs(5, Step::Prevote));
}

#[tokio::test]
async fn a_node_that_accepts_and_says_nothing_is_told_apart_from_one_that_speaks() {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE, OTHER_NODE], Counters::new()).await;
    let (hangs, speaks) = (node(&signer, NODE), node(&signer, OTHER_NODE));
    hangs.heard();
    tokio::time::pause();
    tokio::time::sleep(crate::node::IDLE).await;
    speaks.heard();
    let nodes = &signer.views().await.unwrap()[0].nodes;
    assert_eq!([nodes[0].is_silent(), nodes[1].is_silent()], [true, false], "{nodes:?}");
    // A link that is dialled anew is no word of a node that hangs.
    super::rig::link(&hangs, NODE, false);
    super::rig::link(&hangs, NODE, true);
    assert!(signer.views().await.unwrap()[0].nodes[0].is_silent());
    hangs.heard();
    assert!(!signer.views().await.unwrap()[0].nodes[0].is_silent());
}
