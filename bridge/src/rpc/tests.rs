//! A signer whose chain is followed by way of a node that is played.

use std::time::{Duration, Instant};

use highwater_core::hrs::{Hrs, Step};
use highwater_moving::PublicKey;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::follow;
use super::played::{Mood, Played};
use crate::admin::Counters;
use crate::node::Service as _;
use crate::signer::rig::{CHAIN, NODE, Rig, chain, is_signed, node, vote};
use crate::signer::{Elsewhere, Fate, NodeSigner, OnChain, Signer, Word};
use std::sync::Arc;

/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    rig: Arc<Rig>,
    signer: Signer,
    node: NodeSigner,
    played: Played,
    key: PublicKey,
    following: JoinHandle<()>,
}

impl Stage {
    async fn new() -> Self {
        Self::on(Rig::new()).await
    }

    async fn on(rig: Arc<Rig>) -> Self {
        let signer = rig.signer(&[NODE], Counters::new()).await;
        let node = node(&signer, NODE);
        let key = PublicKey::new(signer.key(CHAIN).unwrap());
        let played = Played::start(CHAIN, &key.address()).await;
        let following = tokio::spawn(follow(played.rpc(), CHAIN.to_owned(), key, signer.clone()));
        let stage = Self { rig, signer, node, played, key, following };
        // The first look sets the place from which it is followed.
        stage.until(|_| !stage.played.said().asked.is_empty()).await;
        stage
    }

    async fn on_chain(&self) -> OnChain {
        self.signer.views().await.unwrap()[0].on_chain.clone().unwrap()
    }

    async fn until(&self, what: impl Fn(&OnChain) -> bool) -> OnChain {
        let began = Instant::now();
        loop {
            let found = self.on_chain().await;
            if what(&found) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{found:?} {:?}", self.played.said());
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn signs(&self, height: u64, step: Step) {
        let began = Instant::now();
        assert!(is_signed(&self.node.sign(vote(height, step, 1)).await), "{height}");
        assert!(began.elapsed() < Duration::from_secs(2), "it waited for {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_was_signed_too_late_is_told_from_what_was_not_signed_or_not_asked_for() {
    let stage = Stage::new().await;
    stage.signs(102, Step::Precommit).await;
    stage.signs(103, Step::Precommit).await;
    stage.signs(104, Step::Prevote).await;
    stage.signs(106, Step::Precommit).await;
    {
        let mut said = stage.played.said();
        said.absent = vec![103, 104, 105];
        said.outside = vec![107];
        said.tip = 108;
    }
    let found = stage.until(|found| found.last == Some(107)).await;
    let counts = Fate::ALL.map(|fate| found.counts.of(fate));
    // 101 was before the first look.
    assert_eq!(counts, [2, 0, 1, 1, 0, 1, 1, 0], "{found:?}");
    assert_eq!((found.problem, found.pace), (None, None), "six blocks tell no pace");
    stage.played.said().tip = 130;
    let found = stage.until(|found| found.last == Some(129)).await;
    assert_eq!(found.pace, Some(Duration::from_secs(6)));
    assert!(!stage.following.is_finished());
}

#[tokio::test]
async fn the_blocks_of_another_signer_are_told_until_the_owner_approves_a_mark_above_them() {
    let stage = Stage::new().await;
    stage.signs(102, Step::Precommit).await;
    stage.played.said().tip = 106;
    let found = stage.until(|found| found.last == Some(105)).await;
    let elsewhere = Elsewhere { blocks: 3, first: 103, last: 105 };
    assert_eq!((found.elsewhere, found.counts.of(Fate::Elsewhere)), (Some(elsewhere), 3), "{found:?}");
    // The other one is stopped, and this one signs on, which explains nothing. Of its own blocks none is another's.
    for height in 107..110 {
        stage.signs(height, Step::Prevote).await;
        stage.signs(height, Step::Precommit).await;
    }
    {
        let mut said = stage.played.said();
        said.absent = vec![106];
        said.tip = 110;
    }
    let found = stage.until(|found| found.last == Some(109)).await;
    assert_eq!((found.elsewhere, found.counts.of(Fate::Present)), (Some(elsewhere), 4), "{found:?}");
    stage.signer.say(CHAIN, Word::Settle).await.unwrap();
    assert_eq!(stage.on_chain().await.elsewhere, Some(elsewhere), "the mark that this signer raised");
    stage.rig.owner_sets(Hrs::new(120, 0, Step::Precommit).unwrap());
    stage.signer.say(CHAIN, Word::Settle).await.unwrap();
    let found = stage.until(|found| found.elsewhere.is_none()).await;
    assert_eq!(found.counts.of(Fate::Elsewhere), 0, "{found:?}");
    // Up to the new mark whoever signed was approved.
    stage.played.said().tip = 122;
    let found = stage.until(|found| found.elsewhere.is_some()).await;
    assert_eq!(found.elsewhere, Some(Elsewhere { blocks: 1, first: 121, last: 121 }), "{found:?}");
}

#[tokio::test]
async fn what_was_signed_before_a_restart_is_not_of_another_signer() {
    let stage = Stage::new().await;
    stage.signs(140, Step::Precommit).await;
    let Stage { rig, signer, following, .. } = stage;
    following.abort();
    drop(signer);
    // Also while its device is away: the state file knows.
    rig.absent.store(true, std::sync::atomic::Ordering::SeqCst);
    let stage = Stage::on(rig).await;
    stage.played.said().tip = 141;
    let found = stage.until(|found| found.last == Some(140)).await;
    assert_eq!((found.elsewhere, found.counts.of(Fate::Elsewhere)), (None, 0), "{found:?}");
    stage.played.said().tip = 142;
    stage.until(|found| found.elsewhere == Some(Elsewhere { blocks: 1, first: 141, last: 141 })).await;
}

#[tokio::test]
async fn whatever_the_node_does_is_told_and_signing_goes_on() {
    let stage = Stage::new().await;
    let mut height = 200;
    for (mood, words) in [
        (Mood::Nonsense, "not 200 of HTTP"),
        (Mood::Floods, "longer than 1048576 bytes"),
        (Mood::Hangs, "does not answer"),
        (Mood::Drips, "does not answer"),
    ] {
        stage.played.said().mood = mood;
        let told = async {
            let problem = |found: &OnChain| found.problem.as_ref().is_some_and(|text| text.contains(words));
            stage.until(problem).await
        };
        let signing = async {
            for _ in 0..20 {
                height += 1;
                stage.signs(height, Step::Prevote).await;
                stage.signs(height, Step::Precommit).await;
            }
        };
        let (found, ()) = tokio::join!(told, signing);
        assert!(found.problem.unwrap().contains("no signature waits for it"), "{mood:?}");
        stage.played.said().mood = Mood::Well;
        stage.until(|found| found.problem.is_none()).await;
    }
    // Beside what the kernel holds for a reader, and for several floods.
    assert!(stage.played.said().taken < 64 << 20);
}

#[tokio::test]
async fn a_node_of_another_chain_or_one_that_catches_up_tells_nothing() {
    let stage = Stage::new().await;
    stage.played.said().chain = "other-1".to_owned();
    let found = stage.until(|found| found.problem.is_some()).await;
    assert!(found.problem.unwrap().contains("is of the chain \"other-1\""));
    {
        let mut said = stage.played.said();
        said.chain = CHAIN.to_owned();
        said.catching_up = true;
    }
    stage.until(|found| found.problem.as_ref().is_some_and(|text| text.contains("catching up"))).await;
    stage.played.said().catching_up = false;
    let found = stage.until(|found| found.problem.is_none()).await;
    assert_eq!((found.last, found.counts.blocks()), (None, 0));
}

#[tokio::test]
async fn a_node_that_lies_makes_a_wrong_number_and_no_more() {
    let stage = Stage::new().await;
    // It never stops: of each turn the last blocks are looked at.
    stage.played.said().tip = u64::MAX;
    stage.until(|found| found.last == Some(u64::MAX - 1)).await;
    stage.signs(300, Step::Prevote).await;
    // Then it says the truth again.
    stage.played.said().tip = 300;
    sleep(Duration::from_millis(1_500)).await;
    stage.signs(302, Step::Precommit).await;
    {
        let mut said = stage.played.said();
        said.tip = 304;
        said.absent = vec![302, 303];
    }
    let found = stage.until(|found| found.last == Some(303)).await;
    assert_eq!((found.counts.of(Fate::Late), found.counts.of(Fate::Unasked)), (1, 1), "{found:?}");
    assert_eq!(found.counts.blocks(), 2);
}

#[tokio::test]
async fn a_block_that_the_node_does_not_keep_is_passed_over() {
    let stage = Stage::new().await;
    {
        let mut said = stage.played.said();
        (said.mood, said.tip) = (Mood::Pruned, 104);
    }
    stage.until(|found| found.problem.is_some()).await;
    let asked = |height: u64| {
        let said = stage.played.said();
        said.asked.iter().filter(|asked| asked.contains(&format!("height={height} "))).count()
    };
    stage.until(|_| asked(103) > 0).await;
    assert_eq!(asked(102), 2);
    stage.played.said().mood = Mood::Well;
    assert_eq!(stage.until(|found| found.last.is_some()).await.last, Some(103));
}

#[tokio::test]
async fn of_a_set_without_end_no_more_is_read_than_there_is_room_for() {
    let stage = Stage::new().await;
    stage.following.abort();
    {
        let mut said = stage.played.said();
        (said.mood, said.absent) = (Mood::Crowded, vec![50]);
    }
    let before = stage.played.said().asked.len();
    let error = stage.played.rpc().block(chain(), &stage.key, 50).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    let asked = stage.played.said().asked.len() - before;
    assert!((5..30).contains(&asked), "{asked} answers");
}
