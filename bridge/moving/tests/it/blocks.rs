//! What a node says of blocks.

use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_moving::{Block, Commit, Ours, Refusal, Tip, above, block, commit, set_size, tip};

use crate::files::{ADDRESS, CHAIN, at, public};

fn chain() -> ChainId<'static> {
    ChainId::new(CHAIN.as_bytes()).unwrap()
}

const OTHERS: [&str; 2] =
    ["0000000000000000000000000000000000000001", "0000000000000000000000000000000000000002"];

fn entry(flag: u8, address: &str) -> String {
    let address = if flag == 1 { "" } else { address };
    format!(r#"{{"block_id_flag":{flag},"validator_address":"{address}","timestamp":"x","signature":null}}"#)
}

fn answer(chain: &str, height: &str, canonical: bool, entries: &[String]) -> Vec<u8> {
    format!(
        r#"{{"jsonrpc":"2.0","id":-1,"result":{{"signed_header":{{"header":{{"version":{{"block":"11"}},"chain_id":"{chain}","height":"{height}","time":"2026-11-28T12:00:01.5Z"}},
        "commit":{{"height":"{height}","round":3,"signatures":[{}]}}}},"canonical":{canonical}}}}}"#,
        entries.join(",")
    )
    .into_bytes()
}

fn page(height: u64, total: usize, addresses: &[&str]) -> Vec<u8> {
    let validators: Vec<String> =
        addresses.iter().map(|address| format!(r#"{{"address":"{address}","voting_power":"1"}}"#)).collect();
    format!(
        r#"{{"jsonrpc":"2.0","id":-1,"result":{{"block_height":"{height}","validators":[{}],"count":"1","total":"{total}"}}}}"#,
        validators.join(",")
    )
    .into_bytes()
}

fn read(height: u64, flag: u8) -> Result<Commit, Refusal> {
    let entries = [entry(2, OTHERS[0]), entry(flag, ADDRESS), entry(1, OTHERS[1])];
    let pages = [page(height, 3, &[OTHERS[0], ADDRESS, OTHERS[1]])];
    commit(chain(), &public(), height, &answer(CHAIN, &height.to_string(), true, &entries), &pages)
}

#[test]
fn the_entry_at_the_validators_place_in_the_set_tells() {
    for (flag, ours) in [(1, Ours::Absent), (2, Ours::Block), (3, Ours::Nil)] {
        assert_eq!(read(7, flag), Ok(Commit { height: 7, ours }));
    }
}

#[test]
fn who_is_not_in_the_set_is_told_from_who_is_absent() {
    let entries = [entry(2, OTHERS[0]), entry(1, OTHERS[1])];
    let answer = answer(CHAIN, "7", true, &entries);
    let found = commit(chain(), &public(), 7, &answer, &[page(7, 2, &OTHERS)]);
    assert_eq!(found, Ok(Commit { height: 7, ours: Ours::NotInSet }));
}

#[test]
fn a_set_in_pages_is_put_together_and_a_part_of_it_is_refused() {
    let entries = [entry(2, OTHERS[0]), entry(2, OTHERS[1]), entry(1, ADDRESS)];
    let answer = answer(CHAIN, "7", true, &entries);
    let pages = [page(7, 3, &OTHERS), page(7, 3, &[ADDRESS])];
    assert_eq!(set_size(&pages[0]), Ok(3));
    let found = commit(chain(), &public(), 7, &answer, &pages);
    assert_eq!(found, Ok(Commit { height: 7, ours: Ours::Absent }));
    for part in [&pages[..1], &[page(7, 3, &OTHERS), page(8, 3, &[ADDRESS])], &[]] {
        assert!(matches!(
            commit(chain(), &public(), 7, &answer, part),
            Err(Refusal::NodeAnswer { what: "validators", .. })
        ));
    }
}

#[test]
fn an_answer_of_another_chain_or_height_or_before_its_time_is_refused() {
    let entries = [entry(1, ADDRESS)];
    let pages = [page(7, 1, &[ADDRESS])];
    let of = |answer: &[u8]| commit(chain(), &public(), 7, answer, &pages);
    let other = Refusal::NodeOfOtherChain { found: "other-1".to_owned(), chain: CHAIN.to_owned() };
    assert_eq!(of(&answer("other-1", "7", true, &entries)), Err(other));
    let unread =
        |found| assert!(matches!(found, Err(Refusal::NodeAnswer { what: "commit", .. })), "{found:?}");
    unread(of(&answer(CHAIN, "8", true, &entries)));
    // The node's own commit of the last block may lack what the next block holds.
    unread(of(&answer(CHAIN, "7", false, &entries)));
    unread(of(&answer(CHAIN, "7", true, &[])));
    unread(of(b"{}"));
    unread(of(b"<html>"));
}

#[test]
fn entries_that_are_not_those_of_the_set_are_refused() {
    let pages = [page(7, 2, &[OTHERS[0], ADDRESS])];
    for entries in [
        // Our signature stands at another's place, and ours is absent.
        [entry(2, ADDRESS), entry(1, "")],
        [entry(2, OTHERS[1]), entry(1, "")],
        [entry(4, OTHERS[0]), entry(1, "")],
        [entry(2, OTHERS[0]), entry(2, OTHERS[0])],
    ] {
        let found = commit(chain(), &public(), 7, &answer(CHAIN, "7", true, &entries), &pages);
        assert!(matches!(found, Err(Refusal::NodeAnswer { .. })), "{found:?}");
    }
    let twice = [page(7, 2, &[ADDRESS, ADDRESS])];
    let entries = [entry(1, ""), entry(1, "")];
    let found = commit(chain(), &public(), 7, &answer(CHAIN, "7", true, &entries), &twice);
    assert!(matches!(found, Err(Refusal::NodeAnswer { what: "validators", .. })));
}

#[test]
fn the_node_tells_how_high_its_chain_is_once_it_has_caught_up() {
    let status = |chain: &str, catching_up| {
        format!(
            r#"{{"result":{{"node_info":{{"network":"{chain}"}},"sync_info":{{"latest_block_height":"9","latest_block_time":"2026-11-29T16:00:00.5Z","catching_up":{catching_up}}}}}}}"#
        )
    };
    let status = |chain, catching_up| tip(self::chain(), status(chain, catching_up).as_bytes());
    let time = Some(Duration::from_millis(1_795_968_000_500));
    assert_eq!(status(CHAIN, false), Ok(Tip { height: 9, time }));
    assert_eq!(status(CHAIN, true), Err(Refusal::CatchingUp));
    assert!(matches!(status("other-1", false), Err(Refusal::NodeOfOtherChain { .. })));
    assert_eq!(above(Tip { height: 9, time }), Some(at(10, 0, highwater_core::hrs::Step::None)));
    assert_eq!(above(Tip { height: i64::MAX as u64, time }), None);
}

/// It lost its network, and takes its blocks one by one since: two old blocks without our signature show nothing.
#[test]
fn trap_a_node_that_is_behind_the_chain_tells_nothing() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let tip = Tip { height: 9, time: Some(Duration::from_secs(1_000)) };
    let block_time = Duration::from_secs(6);
    for now in [970, 1_000, 1_060] {
        assert_eq!(tip.is_current(at(now), block_time), Ok(()), "{now}");
    }
    let behind = Refusal::NodeBehind { height: 9, seconds: 61 };
    assert_eq!(tip.is_current(at(1_061), block_time), Err(behind));
    assert_eq!(tip.is_current(at(1_061), Duration::from_secs(60)), Ok(()), "a slow chain");
    // A host that was asleep, or has no time of the network.
    let clock = Refusal::ClockBehind { height: 9, seconds: 31 };
    assert_eq!(tip.is_current(at(969), block_time), Err(clock));
    let none = Tip { time: None, ..tip }.is_current(at(1_000), block_time);
    assert!(matches!(none, Err(Refusal::NodeAnswer { what: "status", .. })));
}

fn looked(entries: &[String]) -> Result<Block, Refusal> {
    block(chain(), &public(), 7, &answer(CHAIN, "7", true, entries))
}

#[test]
fn a_block_is_told_by_its_commit_alone_with_round_and_time() {
    for (flag, ours) in [(1, Ours::Absent), (2, Ours::Block), (3, Ours::Nil)] {
        let found = looked(&[entry(2, OTHERS[0]), entry(flag, ADDRESS)]);
        let time = Duration::from_millis(1_795_867_201_500);
        assert_eq!(found, Ok(Block { height: 7, round: 3, time, ours }));
    }
}

#[test]
fn a_block_that_contradicts_itself_or_is_another_or_has_no_time_is_refused() {
    let unread =
        |found| assert!(matches!(found, Err(Refusal::NodeAnswer { what: "commit", .. })), "{found:?}");
    unread(looked(&[entry(2, ADDRESS), entry(3, ADDRESS)]));
    unread(looked(&[entry(4, ADDRESS)]));
    let of = |answer: &[u8]| block(chain(), &public(), 7, answer);
    let good = answer(CHAIN, "7", true, &[entry(2, ADDRESS)]);
    assert!(of(&good).is_ok());
    let text = String::from_utf8(good).unwrap();
    for (from, to) in [
        ("2026-11-28T12:00:01.5Z", "1969-11-28T12:00:01.5Z"),
        ("2026-11-28T12:00:01.5Z", "yesterday"),
        ("\"round\":3", "\"round\":-1"),
        ("\"round\":3", "\"trip\":3"),
        ("\"canonical\":true", "\"canonical\":false"),
        ("\"height\":\"7\",\"round\"", "\"height\":\"8\",\"round\""),
    ] {
        assert!(text.contains(from));
        unread(of(text.replace(from, to).as_bytes()));
    }
    assert!(matches!(of(&answer("other-1", "7", true, &[])), Err(Refusal::NodeOfOtherChain { .. })));
}
