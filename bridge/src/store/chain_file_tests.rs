use highwater_core::canonical::{ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::Step;
use highwater_guard::{Block, Intention, Lock, Ownership, Released, Stopped};

use super::*;

const PIN: Pin = Pin { key: [7; 32], installation: [9; 16], imported: false };

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
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    Released { installation: [9; 16], incarnation, bytes: bytes[..len].to_vec(), signature: [5; 64] }
}

fn full() -> ChainFile {
    let mut file = ChainFile::new("alpha-1", PIN.key, hrs(7, Step::Prevote));
    file.record.released = Some(released(7, 1, 100));
    file.record.stopped = Some(Stopped::Conflict {
        installation: [9; 16],
        released: hrs(7, Step::Prevote),
        signed: hrs(6, Step::Prevote),
    });
    file.record.intention = Some(Intention {
        to: hrs(9, Step::Precommit),
        below: None,
        raises: true,
        earlier: Some(hrs(8, Step::Prevote)),
    });
    (file.record.incarnation, file.record.written_ahead) = (Some(3), true);
    file.record.ownership = Ownership {
        height: 7,
        owner: Some("unix:///run/node.sock".into()),
        lock: Lock::Block(Block { hash: [1; 32], total: 2, parts_hash: [3; 32] }),
        below: Some(Box::new(Ownership { height: 6, lock: Lock::Unknown, ..Ownership::default() })),
    };
    file
}

#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    for file in [ChainFile::new("alpha-1", PIN.key, Hrs::default()), full()] {
        file.save(dir.path()).unwrap();
        assert_eq!(ChainFile::load(dir.path(), "alpha-1", &PIN).unwrap(), file);
    }
}

#[test]
fn its_outer_fields_are_those_of_a_nodes_own_file() {
    let dir = tempfile::tempdir().unwrap();
    let read = || -> serde_json::Value {
        serde_json::from_slice(&fs::read(path(dir.path(), "alpha-1")).unwrap()).unwrap()
    };
    let mut file = full();
    file.save(dir.path()).unwrap();
    let text = read();
    assert_eq!((&text["height"], &text["round"], &text["step"]), (&"7".into(), &0.into(), &2.into()));
    assert_eq!(text["signature"].as_str().unwrap().len(), 88, "base64 of 64 bytes");
    assert!(text["signbytes"].as_str().unwrap().ends_with("3207616C7068612D31"), "upper-case hex");
    // Asked for and maybe signed: a place without a signature, which a node refuses to sign again.
    file.record.highest_requested = hrs(7, Step::Precommit);
    file.save(dir.path()).unwrap();
    assert_eq!(read()["step"], 3);
    assert!(read().get("signature").is_none() && read().get("signbytes").is_none());
}

#[test]
fn a_missing_empty_damaged_or_foreign_file_is_never_height_zero() {
    let dir = tempfile::tempdir().unwrap();
    let cause = |pin: &Pin| ChainFile::load(dir.path(), "alpha-1", pin).unwrap_err().to_string();
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
        good.replace("\"format\":2", "\"format\":1"),
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
    let other = ChainFile::load(dir.path(), "beta-1", &PIN).unwrap_err().to_string();
    assert!(other.contains("of chain alpha-1"), "{other}");
}
