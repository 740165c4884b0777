//! A node of the chain that is asked for its blocks, played: it commits one every 200 ms.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use super::files::ADDRESS;
use super::old::migrate;
use super::refusals::nothing_changed;
use crate::desk::{CHAIN, Desk};

/// As `flag`: nobody is absent, and the node has not heard of the chain for long.
const BEHIND: u64 = 9;
const OTHER: &str = "0000000000000000000000000000000000000001";

/// What CometBFT says of a block that it has pruned.
const GONE: &str = r#"{"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"Internal error","data":"height 9 is not available, lowest height is 361000"}}"#;

/// The height at which it begins.
pub(crate) const FIRST: u64 = 361_402;

/// How the validator's entry is flagged at each height, from the first one on that is asked for.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    flag: Arc<AtomicU64>,
    /// The one height at which the validator has signed, whatever the flag says.
    once: Arc<AtomicU64>,
    /// Below it there are no blocks any more.
    lowest: Arc<AtomicU64>,
    began: Instant,
}

impl Node {
    /// `flag`: 1 absent, 2 for the block, 3 for nil, 0 not in the set.
    pub(super) fn start(chain: &'static str, flag: u64) -> Self {
        Self::knowing(ADDRESS, chain, flag)
    }

    /// The same, with the address of the validator.
    pub(crate) fn knowing(validator: &str, chain: &'static str, flag: u64) -> Self {
        let validator = validator.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(AtomicU64::new(flag));
        let flag = shared.clone();
        let once = Arc::new(AtomicU64::new(0));
        let signed = once.clone();
        let lowest = Arc::new(AtomicU64::new(0));
        let kept = lowest.clone();
        let began = Instant::now();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let flag = match asked(&request) == signed.load(Ordering::SeqCst) {
                    true => 2,
                    false => shared.load(Ordering::SeqCst),
                };
                let body = match asked(&request) < kept.load(Ordering::SeqCst) {
                    true => GONE.to_owned(),
                    false => answer(chain, &validator, &request, tip(began), flag),
                };
                let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
            }
        });
        Self { address, flag, once, lowest, began }
    }

    /// The validator signs the block that is being made, and no other. Gives its height.
    pub(crate) fn signs_once(&self) -> u64 {
        let height = tip(self.began) + 1;
        self.once.store(height, Ordering::SeqCst);
        height
    }

    /// The validator has signed this block, and no other.
    pub(super) fn signed_at(&self, height: u64) {
        self.once.store(height, Ordering::SeqCst);
    }

    /// The node has no block below this one.
    pub(super) fn keeps_from(&self, height: u64) {
        self.lowest.store(height, Ordering::SeqCst);
    }

    /// How high the chain is.
    pub(crate) fn tip(&self) -> u64 {
        tip(self.began)
    }

    pub(crate) fn signs(&self, flag: u64) {
        self.flag.store(flag, Ordering::SeqCst);
    }

    pub(crate) fn rpc(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn tip(began: Instant) -> u64 {
    FIRST + began.elapsed().as_millis() as u64 / 200
}

/// The height that a request names.
fn asked(request: &str) -> u64 {
    let asked = request.split("height=").nth(1).and_then(|rest| rest.split(['&', ' ']).next());
    asked.and_then(|height| height.parse().ok()).unwrap_or(u64::MAX)
}

/// The clock of the chain.
fn now() -> String {
    let date = std::process::Command::new("date").args(["-u", "+%FT%T.%NZ"]).output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

fn answer(chain: &str, validator: &str, request: &str, tip: u64, flag: u64) -> String {
    let height = asked(request);
    let result = if request.starts_with("GET /status") {
        format!(
            r#"{{"node_info":{{"network":"{chain}"}},"sync_info":{{"latest_block_height":"{tip}","latest_block_time":"{}","catching_up":false}}}}"#,
            if flag == BEHIND { "2026-01-01T00:00:00Z".to_owned() } else { now() }
        )
    } else if request.starts_with("GET /commit") {
        let ours = match flag {
            0 => String::new(),
            1 => r#",{"block_id_flag":1,"validator_address":""}"#.to_owned(),
            _ => format!(r#",{{"block_id_flag":{flag},"validator_address":"{validator}"}}"#),
        };
        let (minutes, millis) = (height / 300 % 60, height % 300 * 200);
        let time = format!("2026-11-28T12:{minutes:02}:{:02}.{:03}Z", millis / 1_000, millis % 1_000);
        format!(
            r#"{{"signed_header":{{"header":{{"chain_id":"{chain}","height":"{height}","time":"{time}"}},"commit":{{"height":"{height}","round":0,"signatures":[{{"block_id_flag":2,"validator_address":"{OTHER}"}}{ours}]}}}},"canonical":{}}}"#,
            height < tip
        )
    } else {
        let ours = if flag == 0 { String::new() } else { format!(r#",{{"address":"{validator}"}}"#) };
        let total = if flag == 0 { 1 } else { 2 };
        format!(
            r#"{{"block_height":"{height}","validators":[{{"address":"{OTHER}"}}{ours}],"count":"{total}","total":"{total}"}}"#
        )
    };
    format!(r#"{{"jsonrpc":"2.0","id":-1,"result":{result}}}"#)
}

/// The key file, and the command that asks this node.
fn asks(desk: &Desk, rpc: &str) -> String {
    let key = super::old::put(desk, "config/key", &super::files::key_file());
    let args = ["--key".to_owned(), key, "--rpc".to_owned(), rpc.to_owned()];
    desk.says(&migrate("nothing", &args, &["--to", "key.backup"]))
}

#[test]
fn two_blocks_that_are_not_silent_give_no_mark() {
    let desk = Desk::new("moving");
    for (chain, flag, says, code) in [
        (CHAIN, BEHIND, "the node is behind the chain", 64),
        (CHAIN, 2, "holds this key's signature, so the old signer ran then", 64),
        (CHAIN, 3, "holds this key's signature, so the old signer ran then", 64),
        (CHAIN, 0, "The validator was not in the set", 64),
        ("other-1", 1, "is of the chain \"other-1\", and --chain names", 64),
    ] {
        let node = Node::start(chain, flag);
        let said = asks(&desk, &node.rpc());
        assert!(said.contains(says) && said.ends_with(&format!("exit {code}\n")), "{said}");
        nothing_changed(&desk, &said);
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = asks(&desk, &format!("http://{free}"));
    assert!(said.contains("does not answer") && said.ends_with("exit 69\n"), "{said}");
    nothing_changed(&desk, &said);
}
