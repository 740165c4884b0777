//! The gap in which a chain changes its key in place, as docs/planned-moves.md has it.

use std::fs;

use super::old::{leave, migrate};
use crate::desk::{CHAIN, Desk, prevote};
use crate::harness::{refusal, signed_vote};

const NEXT: i64 = 361_403;

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_from_an_imported_key_to_one_that_was_made_on_the_device() {
    let desk = Desk::new("rotation");
    let args = leave(&desk, highwater_moving::Source::CometBft);
    desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    desk.must(&["chain", "add", "rotation-1", "--key-index", "1", "--next-height", "1"]);
    let tx = desk.must(&["pubkey", "rotation-1", "--tx"]);
    desk.must(&["chain", "remove", "rotation-1"]);
    desk.must(&["chain", "forget", "rotation-1"]);

    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(NEXT, 1)).await);
    drop(daemon);
    let config = fs::read_to_string(&desk.config).unwrap();
    fs::write(&desk.config, &config[..config.find("[[chain]]").unwrap()]).unwrap();
    desk.must(&["chain", "remove", CHAIN]);
    let said = desk.says(&["chain", "forget", CHAIN]);
    let place = said.split("--below-signed ").nth(1).unwrap().split('.').next().unwrap().to_owned();
    desk.must(&["chain", "forget", CHAIN, "--below-signed", &place]);
    desk.must(&["chain", "add", CHAIN, "--key-index", "1", "--next-height", "361404"]);
    let new = desk.must(&["pubkey", CHAIN, "--tx"]);
    assert_eq!(new.lines().nth(1), tx.lines().nth(1), "the key of the message");

    fs::write(&desk.config, config).unwrap();
    let mut daemon = desk.daemon().await;
    refusal(daemon.insists(&prevote(NEXT, 1)).await);
    signed_vote(daemon.insists(&prevote(NEXT + 1, 1)).await);
    let status = desk.must(&["status"]);
    assert!(status.contains("44'/118'/0'/0'/1'") && !status.contains("imported"), "{status}");
    drop(daemon);
    desk.must(&["key", "forget", "1"]);
}
