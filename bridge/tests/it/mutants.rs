//! A hostile node: honest messages with something wrong in them, in front of a real validator, the signer and an auditor.
//!
//! 100,000 of them, 1,000,000 with `HIGHWATER_FULL=1`. None ends the bridge, none gets a signature that the rules
//! forbid, and memory stays flat.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::StreamExt;
use highwater::node::{Node, Outcome, Service};
use highwater::privval::proto::{
    BlockId, Empty, Envelope, PartSetHeader, Proposal, PubKeyRequest, SignProposalRequest, SignVoteRequest,
    Sum, Timestamp, Vote,
};
use highwater::privval::{Codec, SignRequest};
use highwater_core::canonical::{self, MAX_MESSAGE, Message};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::Extend;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio_util::codec::Encoder;

use crate::harness::{CHAIN, Link, Stage, ping};
use crate::signer::{Signer, Timed};

/// A validator on a device, and what it let go.
#[derive(Clone)]
struct Audited {
    validator: Timed,
    key: [u8; 32],
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The one statement of each of the last places.
    statements: BTreeMap<Hrs, Vec<u8>>,
    highest: Hrs,
    signed: u64,
    /// Extensions with content.
    extended: u64,
    refused: u64,
}

impl Service for Audited {
    fn public_key(&self) -> [u8; 32] {
        self.validator.public_key()
    }

    async fn sign(&self, request: SignRequest) -> Outcome {
        let outcome = self.validator.sign(request.clone()).await;
        let mut seen = self.seen.lock().unwrap();
        match &outcome {
            Outcome::Signed { signature, timestamp, extension } => {
                seen.audit(&request.sign_bytes, signature, *timestamp, &self.key);
                seen.audit_extension(&request, extension.as_ref(), &self.key);
            }
            Outcome::Refused(_) => seen.refused += 1,
            Outcome::Silent => panic!("the device is there"),
        }
        outcome
    }

    fn link(&self, node: &Node, up: bool) {
        self.validator.link(node, up);
    }
}

impl Seen {
    /// The rules once more, by a reader of their own.
    fn audit(&mut self, bytes: &[u8], signature: &[u8; 64], at: canonical::Timestamp, key: &[u8; 32]) {
        let message = Message::parse(bytes).expect("only canonical messages are signed");
        assert_eq!(message.chain.as_str(), CHAIN);
        let mut over = [0; MAX_MESSAGE];
        let len = message.at(at).encode(&mut over);
        let key = VerifyingKey::from_bytes(key).unwrap();
        key.verify_strict(&over[..len], &Signature::from_bytes(signature)).unwrap();
        let len = message.at(canonical::Timestamp::default()).encode(&mut over);
        let known = self.statements.entry(message.hrs).or_insert_with(|| {
            assert!(message.hrs > self.highest, "{} after {}", message.hrs, self.highest);
            over[..len].to_vec()
        });
        assert_eq!(known[..], over[..len], "two statements at {}", message.hrs);
        self.highest = self.highest.max(message.hrs);
        self.signed += 1;
        // What is forgotten is below the highest: signed again it would be found above.
        if self.statements.len() > 1_000 {
            self.statements.pop_first();
        }
    }
}

impl Seen {
    /// An extension's signature is there if and only if it is wanted, and over what came with its own precommit.
    fn audit_extension(&mut self, request: &SignRequest, signature: Option<&[u8; 64]>, key: &[u8; 32]) {
        let (Some(extension), Some(signature)) = (&request.extension, signature) else {
            assert_eq!(request.extension.is_some(), signature.is_some(), "{request:?}");
            return;
        };
        let (height, round) = (request.hrs.height.value(), request.hrs.round.value());
        let bytes = Extend { chain: CHAIN, height, round, content: extension }.bytes();
        let key = VerifyingKey::from_bytes(key).unwrap();
        key.verify_strict(&bytes, &Signature::from_bytes(signature)).unwrap();
        let message = Message::parse(&request.sign_bytes).unwrap();
        assert!(message.hrs.step == Step::Precommit && message.block.is_some(), "{message:?}");
        self.extended += u64::from(!extension.is_empty());
    }
}

/// What an honest node would send, a little above or below where the chain is.
fn honest(random: &mut StdRng, height: i64) -> Sum {
    let height = height + random.random_range(-1..=1);
    let block = random.random_range(0..3u8);
    let hash = if block == 0 { vec![] } else { vec![block; 32] };
    let part_set_header = Some(PartSetHeader { total: block.into(), hash: hash.clone() });
    let block_id = Some(BlockId { hash, part_set_header });
    let timestamp = Some(Timestamp { seconds: 1_700_000_000 + height, nanos: random.random_range(0..3) });
    let (round, chain_id) = (random.random_range(0..3), CHAIN.to_owned());
    let long = random.random_range(0..10) * 60;
    match random.random_range(0..10) {
        0 => Sum::PubKeyRequest(PubKeyRequest { chain_id }),
        1 => Sum::PingRequest(Empty {}),
        2 | 3 => Sum::SignProposalRequest(SignProposalRequest {
            proposal: Some(Proposal {
                r#type: 32,
                height,
                round,
                pol_round: round - 1,
                block_id,
                timestamp,
                signature: vec![],
            }),
            chain_id,
        }),
        r#type => Sum::SignVoteRequest(SignVoteRequest {
            vote: Some(Vote {
                r#type: r#type % 2 + 1,
                height,
                round,
                block_id,
                timestamp,
                validator_address: vec![6; 20],
                extension: if r#type % 2 == 1 && block > 0 { vec![block; long] } else { vec![] },
                ..Default::default()
            }),
            chain_id,
            skip_extension_signing: random.random_bool(0.1),
        }),
    }
}

/// Does one to four things to the bytes behind the length, and rarely to the length.
fn mutated(random: &mut StdRng, message: Sum) -> BytesMut {
    let mut wire = BytesMut::new();
    Codec.encode(Envelope { sum: Some(message) }, &mut wire).unwrap();
    // Below 128 bytes the length is one byte, else two.
    let prefix = if wire[0] < 0x80 { 1 } else { 2 };
    let mut body = wire[prefix..].to_vec();
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=body.len());
        let to = random.random_range(at..=body.len().min(at + 8));
        match random.random_range(0..6) {
            0 if at < body.len() => body[at] ^= 1 << random.random_range(0..8),
            1 if at < body.len() => {
                body[at] = *[0, 1, 0x7f, 0x80, 0xff, 0x12, 0x1a, 0x22, 0x2a].choose(random).unwrap();
            }
            2 => drop(body.drain(at..to)),
            3 => drop(body.splice(at..at, body[at..to].to_vec())),
            4 => drop(body.splice(at..at, (0..4).map(|_| random.random()).collect::<Vec<u8>>())),
            _ => {}
        }
    }
    let mut wire = BytesMut::new();
    let length = match random.random_range(0..2_000) {
        0 => random.random(),
        1 => body.len() as u64 + random.random_range(1..4),
        _ => body.len() as u64,
    };
    prost::encoding::encode_varint(length, &mut wire);
    wire.extend_from_slice(&body);
    wire
}

/// Kilobytes in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line of this name");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Whether the link lives on: a reply came, or the bridge closed it. A message that announces more than it brings is
/// neither, and then the node gives up.
async fn lives(link: &mut Link) -> bool {
    let patience = Duration::from_secs(1);
    matches!(tokio::time::timeout(patience, link.next()).await, Ok(Some(Ok(_))))
}

/// Set in the process that attacks.
const ALONE: &str = "HIGHWATER_TEST_ALONE";

/// Memory is measured, so the attack has a process in which no other test runs.
#[test]
fn no_mutant_ends_the_bridge_or_gets_an_unlawful_signature() {
    if std::env::var_os(ALONE).is_none() {
        let this = "mutants::no_mutant_ends_the_bridge_or_gets_an_unlawful_signature";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let done = alone.args(["--exact", this, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
        said.lines().filter(|line| line.contains(" messages, ")).for_each(|line| println!("{line}"));
        return;
    }
    let count = if std::env::var_os("HIGHWATER_FULL").is_some() { 1_000_000 } else { 100_000 };
    let signer = Signer::new();
    let (validator, key) = signer.chain(CHAIN, 0, Duration::ZERO);
    let service = Audited { validator, key, seen: Arc::default() };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(attack(&service, count));
}

async fn attack(service: &Audited, count: u32) {
    let stage = Stage::new(service);
    let mut random = StdRng::seed_from_u64(0x4857);
    let mut link = stage.accept().await;
    let (mut before, mut links) = (0, 1);
    for number in 0..count {
        if number == count / 10 {
            before = resident();
        }
        let highest = service.seen.lock().unwrap().highest.height.value() as i64;
        let message = honest(&mut random, highest + 1);
        // Every tenth is honest, so that the chain goes on and there is something to conflict with.
        let mut wire = BytesMut::new();
        if number % 10 == 0 {
            Codec.encode(Envelope { sum: Some(message) }, &mut wire).unwrap();
        } else {
            wire = mutated(&mut random, message);
        }
        let written = link.get_mut().write_all(&wire).await.is_ok();
        if !(written && lives(&mut link).await) {
            link = stage.accept().await;
            links += 1;
        }
    }
    drop(link);
    ping(&mut stage.accept().await).await;
    let grown = resident().saturating_sub(before);
    stage.finish().await;
    let seen = service.seen.lock().unwrap();
    println!(
        "{count} messages, {links} links, {} signed, {} with an extension, {} refused, +{grown} KiB",
        seen.signed, seen.extended, seen.refused
    );
    assert!(
        seen.signed > u64::from(count / 50) && seen.refused > u64::from(count / 50),
        "the signer was reached"
    );
    assert!(seen.extended > u64::from(count / 1_000), "so were extensions");
    assert!(grown < 16 << 10, "memory grew by {grown} KiB");
}
