use highwater_core::canonical::ChainId;
use highwater_core::hrs::Step;

use super::*;

const PIN: Pin = Pin { key: [7; 32], installation: [9; 16] };

fn hrs(height: u64, step: Step) -> Hrs {
    Hrs::new(height, 0, step).unwrap()
}

fn released(height: u64, incarnation: u16, seconds: i64) -> Released {
    let message = Message {
        hrs: hrs(height, Step::Prevote),
        pol_round: None,
        block: None,
        timestamp: Timestamp { seconds, nanos: 0 },
        chain: ChainId::new(b"alpha-1").unwrap(),
    };
    Released { installation: [9; 16], incarnation, bytes: encode(&message), signature: [5; 64] }
}

fn full() -> Memory {
    let mut memory = Memory::new("alpha-1", PIN.key, hrs(7, Step::Prevote));
    memory.released = Some(released(7, 1, 100));
    memory.fallen = Some("it fell".to_owned());
    memory
}

#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    for memory in [Memory::new("alpha-1", PIN.key, Hrs::default()), full()] {
        memory.save(dir.path()).unwrap();
        assert_eq!(Memory::load(dir.path(), "alpha-1", &PIN).unwrap(), memory);
    }
}

#[test]
fn its_outer_fields_are_those_of_a_nodes_own_file() {
    let dir = tempfile::tempdir().unwrap();
    let read = || -> serde_json::Value {
        serde_json::from_slice(&fs::read(path(dir.path(), "alpha-1")).unwrap()).unwrap()
    };
    let mut memory = full();
    memory.save(dir.path()).unwrap();
    let text = read();
    assert_eq!((&text["height"], &text["round"], &text["step"]), (&"7".into(), &0.into(), &2.into()));
    assert_eq!(text["signature"].as_str().unwrap().len(), 88, "base64 of 64 bytes");
    assert!(text["signbytes"].as_str().unwrap().ends_with("3207616C7068612D31"), "upper-case hex");
    // Asked for and maybe signed: a place without a signature, which a node refuses to sign again.
    memory.asked = hrs(7, Step::Precommit);
    memory.save(dir.path()).unwrap();
    assert_eq!(read()["step"], 3);
    assert!(read().get("signature").is_none() && read().get("signbytes").is_none());
}

#[test]
fn a_missing_empty_damaged_or_foreign_file_is_never_height_zero() {
    let dir = tempfile::tempdir().unwrap();
    let cause = |pin: &Pin| Memory::load(dir.path(), "alpha-1", pin).unwrap_err().to_string();
    assert!(cause(&PIN).contains("is missing") && cause(&PIN).contains("highwater mark adopt alpha-1"));
    full().save(dir.path()).unwrap();
    let file = path(dir.path(), "alpha-1");
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        "".to_owned(),
        "{}".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("7/0/prevote", "6/0/prevote"),
        good.replace("\"height\":\"7\"", "\"height\":\"6\""),
        good.replace("\"format\":1", "\"format\":2"),
    ] {
        assert_ne!(bad, good);
        fs::write(&file, bad).unwrap();
        assert!(
            cause(&PIN).contains("cannot be trusted") && cause(&PIN).contains("mark adopt"),
            "{}",
            cause(&PIN)
        );
    }
    fs::write(&file, &good).unwrap();
    assert!(cause(&Pin { key: [8; 32], ..PIN }).contains("of key 0707"));
    fs::rename(&file, path(dir.path(), "beta-1")).unwrap();
    let other = Memory::load(dir.path(), "beta-1", &PIN).unwrap_err().to_string();
    assert!(other.contains("of chain alpha-1"), "{other}");
}

#[test]
fn a_conflict_is_below_or_another_statement_in_the_same_life() {
    let last = released(7, 1, 100);
    assert_eq!(last.conflict(&released(6, 1, 100)), Some(hrs(7, Step::Prevote)));
    assert_eq!(last.conflict(&released(7, 1, 107)), None, "another time is no other statement");
    assert_eq!(last.conflict(&released(8, 1, 100)), None);
    assert_eq!(last.conflict(&released(6, 2, 100)), None, "the owner approved another life");
    let elsewhere = Released { installation: [3; 16], ..released(6, 1, 100) };
    assert_eq!(last.conflict(&elsewhere), None);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_counted_and_the_chain_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (counters, state) = (crate::admin::Counters::new(), dir.path().join("state"));
    // A file where the directory should be: it fails for root too.
    fs::write(&state, "").unwrap();
    let keeper = Keeper::start(full(), &state, counters.clone()).unwrap();
    keeper.change_now(|memory| memory.asked = hrs(8, Step::Prevote));
    keeper.durable().await;
    assert!(
        counters.page(true).unwrap().contains("highwater_state_file_unwritten_total{chain=\"alpha-1\"} 1")
    );
    fs::remove_file(&state).unwrap();
    keeper.change_now(|memory| memory.asked = hrs(9, Step::Prevote));
    keeper.durable().await;
    assert_eq!(Memory::load(&state, "alpha-1", &PIN).unwrap().asked, hrs(9, Step::Prevote));
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::start(full(), dir.path(), crate::admin::Counters::new()).unwrap();
    keeper.change(|memory| memory.released = Some(released(7, 1, 200)));
    drop(keeper);
    assert_eq!(Memory::load(dir.path(), "alpha-1", &PIN).unwrap().released, Some(released(7, 1, 200)));
}

/// The disk fails as the last signature goes out, and is mended before the end.
async fn written_in_the_end(change: impl FnOnce(&mut Memory)) -> Memory {
    let dir = tempfile::tempdir().unwrap();
    full().save(dir.path()).unwrap();
    let (folder, away) = (folder(dir.path()), dir.path().join("away"));
    let keeper = Keeper::start(full(), dir.path(), crate::admin::Counters::new()).unwrap();
    fs::rename(&folder, &away).unwrap();
    fs::write(&folder, "").unwrap();
    keeper.change_now(change);
    keeper.durable().await;
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    drop(keeper);
    Memory::load(dir.path(), "alpha-1", &PIN).unwrap()
}

#[tokio::test]
async fn what_a_disk_refused_is_written_in_the_end() {
    let asked = written_in_the_end(|memory| memory.asked = hrs(8, Step::Prevote)).await;
    assert_eq!(asked.asked, hrs(8, Step::Prevote));
    let fallen = written_in_the_end(|memory| memory.fallen = Some("again".to_owned())).await;
    assert_eq!(fallen.fallen.as_deref(), Some("again"));
}

#[tokio::test]
async fn what_a_disk_refused_is_written_by_itself_once_it_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    fs::write(&state, "").unwrap();
    let keeper = Keeper::start(full(), &state, crate::admin::Counters::new()).unwrap();
    keeper.change_now(|memory| memory.asked = hrs(8, Step::Prevote));
    keeper.durable().await;
    fs::remove_file(&state).unwrap();
    let written = async {
        while !path(&state, "alpha-1").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), written).await.expect("it is tried again");
    assert_eq!(Memory::load(&state, "alpha-1", &PIN).unwrap().asked, hrs(8, Step::Prevote));
    drop(keeper);
}
