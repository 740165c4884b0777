//! What a node of the chain says of a block, as its RPC answers: whether the commit holds the validator's signature.
//!
//! A commit holds one entry for each validator of its height, in the order of the set, and of who is absent not even the
//! address. So who was absent is told from who was not in the set by the set itself, which is asked for beside the commit.

use std::time::{Duration, SystemTime};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Height, Hrs};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::json::Number;
use crate::key::PublicKey;
use crate::refusal::Refusal;
use crate::silence::{Commit, Ours};

/// The chain as its node sees it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// The last height that the chain has committed.
    pub height: u64,
    /// The time of that block since 1970, by the chain's clock; `None`: the node tells none.
    pub time: Option<Duration>,
}

impl Tip {
    /// An error if the node is behind the chain, as one is that lost its network for a while: what it takes for the newest block
    /// was committed long ago, and a signature above it may be known to all others. `catching_up` does not tell: a node that
    /// gets its blocks one by one from its peers has none set. A block's time is that of the votes before it, so the newest one
    /// is up to two blocks old. The same if the block is of the future: then this host's clock tells nothing.
    pub fn is_current(&self, now: SystemTime, block_time: Duration) -> Result<(), Refusal> {
        const CLOCKS: Duration = Duration::from_secs(30);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ahead = self.time.map(|time| time.saturating_sub(now)).filter(|ahead| *ahead > CLOCKS);
        if let Some(ahead) = ahead {
            return Err(Refusal::ClockBehind { height: self.height, seconds: ahead.as_secs() });
        }
        let age = self.time.map(|time| now.saturating_sub(time));
        match age {
            Some(age) if age <= block_time.saturating_mul(5).saturating_add(CLOCKS) => Ok(()),
            Some(age) => Err(Refusal::NodeBehind { height: self.height, seconds: age.as_secs() }),
            None => Err(unread("status", "its newest block has no time")),
        }
    }
}

/// A block that the chain has committed, as the next block tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub height: u64,
    /// The round in which it was committed.
    pub round: u32,
    /// The chain's time, since 1970.
    pub time: Duration,
    /// What its commit holds of the validator.
    pub ours: Ours,
}

#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

#[derive(Deserialize)]
struct StatusResult {
    node_info: NodeInfo,
    sync_info: SyncInfo,
}

#[derive(Deserialize)]
struct NodeInfo {
    network: String,
}

#[derive(Deserialize)]
struct SyncInfo {
    latest_block_height: Number,
    latest_block_time: Option<String>,
    catching_up: bool,
}

#[derive(Deserialize)]
struct CommitResult {
    signed_header: SignedHeader,
    canonical: bool,
}

#[derive(Deserialize)]
struct SignedHeader {
    header: Header,
    commit: Signatures,
}

#[derive(Deserialize)]
struct Header {
    chain_id: String,
    height: Number,
    time: Option<String>,
}

#[derive(Deserialize)]
struct Signatures {
    height: Number,
    round: Option<u32>,
    signatures: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    block_id_flag: u8,
    validator_address: String,
}

#[derive(Deserialize)]
struct ValidatorsResult {
    block_height: Number,
    validators: Vec<Validator>,
    total: Number,
}

#[derive(Deserialize)]
struct Validator {
    address: String,
}

/// Flags of an entry, as `types.BlockIDFlag` has them.
const ABSENT: u8 = 1;
const FOR_BLOCK: u8 = 2;
const FOR_NIL: u8 = 3;

/// Reads what `/status` answers.
pub fn tip(chain: ChainId<'_>, answer: &[u8]) -> Result<Tip, Refusal> {
    let StatusResult { node_info, sync_info } = parsed("status", answer)?;
    right_chain(chain, &node_info.network)?;
    if sync_info.catching_up {
        return Err(Refusal::CatchingUp);
    }
    let time = sync_info.latest_block_time.as_deref().and_then(since_1970);
    Ok(Tip { height: sync_info.latest_block_height.value, time })
}

/// The lowest place above all that the chain has committed: where that is higher than what the two-block rule gives, a
/// signature below would be for nothing.
pub fn above(tip: Tip) -> Option<Hrs> {
    let next = Height::new(tip.height.checked_add(1)?)?;
    Some(Hrs { height: next, ..Hrs::ZERO })
}

/// How many validators a set has, by the first page of `/validators`.
pub fn set_size(answer: &[u8]) -> Result<usize, Refusal> {
    let ValidatorsResult { total, .. } = parsed("validators", answer)?;
    usize::try_from(total.value).map_err(|_| unread("validators", "no set has so many"))
}

/// Reads what `/commit` and the pages of `/validators` answer for one height: what the commit holds of this key.
pub fn commit(
    chain: ChainId<'_>,
    key: &PublicKey,
    height: u64,
    answer: &[u8],
    pages: &[Vec<u8>],
) -> Result<Commit, Refusal> {
    let SignedHeader { commit, .. } = signed_header(chain, height, answer)?;
    let set = set(height, pages)?;
    if set.len() != commit.signatures.len() {
        return Err(unread("commit", "it has not one entry for each validator of its height"));
    }
    let address = hex::encode(key.address());
    let is_ours = |text: &String| text.eq_ignore_ascii_case(&address);
    let mut places =
        set.iter().enumerate().filter(|(_, validator)| is_ours(validator)).map(|(place, _)| place);
    let (place, more) = (places.next(), places.next());
    if more.is_some() {
        return Err(unread("validators", "the validator stands twice in the set"));
    }
    for (number, (entry, validator)) in commit.signatures.iter().zip(&set).enumerate() {
        let empty = entry.validator_address.is_empty();
        let sound = match entry.block_id_flag {
            ABSENT => empty,
            FOR_BLOCK | FOR_NIL => entry.validator_address.eq_ignore_ascii_case(validator),
            _ => false,
        };
        if !sound || is_ours(&entry.validator_address) && place != Some(number) {
            return Err(unread("commit", "its entries are not those of the set"));
        }
    }
    let ours = match place.and_then(|place| commit.signatures.get(place)).map(|entry| entry.block_id_flag) {
        None => Ours::NotInSet,
        Some(ABSENT) => Ours::Absent,
        Some(FOR_NIL) => Ours::Nil,
        Some(_) => Ours::Block,
    };
    Ok(Commit { height, ours })
}

/// Reads what `/commit` answers for one height: the block, and whether a signature of this key is in its commit. Who is
/// absent here may be outside the set too: [`commit`] tells that.
pub fn block(chain: ChainId<'_>, key: &PublicKey, height: u64, answer: &[u8]) -> Result<Block, Refusal> {
    let SignedHeader { header, commit } = signed_header(chain, height, answer)?;
    let time = header.time.as_deref().and_then(since_1970);
    let time = time.ok_or_else(|| unread("commit", "its block has no time"))?;
    let round = commit.round.ok_or_else(|| unread("commit", "it has no round"))?;
    let address = hex::encode(key.address());
    let is_ours = |entry: &&Entry| entry.validator_address.eq_ignore_ascii_case(&address);
    let mut entries = commit.signatures.iter().filter(is_ours).map(|entry| entry.block_id_flag);
    let ours = match (entries.next(), entries.next()) {
        (None, _) => Ours::Absent,
        (Some(FOR_BLOCK), None) => Ours::Block,
        (Some(FOR_NIL), None) => Ours::Nil,
        _ => return Err(unread("commit", "its entries are not those of the set")),
    };
    Ok(Block { height, round, time, ours })
}

fn signed_header(chain: ChainId<'_>, height: u64, answer: &[u8]) -> Result<SignedHeader, Refusal> {
    let CommitResult { signed_header, canonical } = parsed("commit", answer)?;
    let SignedHeader { header, commit } = &signed_header;
    right_chain(chain, &header.chain_id)?;
    if header.height.value != height || commit.height.value != height {
        return Err(unread("commit", "it is of another height"));
    }
    // What the node itself has seen may lack what the next block holds.
    if !canonical {
        return Err(unread("commit", "the next block does not hold it yet"));
    }
    Ok(signed_header)
}

fn since_1970(text: &str) -> Option<Duration> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Duration::try_from(time - OffsetDateTime::UNIX_EPOCH).ok()
}

/// The addresses of a whole set, in its order.
fn set(height: u64, pages: &[Vec<u8>]) -> Result<Vec<String>, Refusal> {
    let (mut set, mut size) = (Vec::new(), None);
    for page in pages {
        let ValidatorsResult { block_height, validators, total } = parsed("validators", page)?;
        if block_height.value != height || size.is_some_and(|size| size != total.value) {
            return Err(unread("validators", "it is of another height"));
        }
        size = Some(total.value);
        set.extend(validators.into_iter().map(|validator| validator.address));
    }
    if size != u64::try_from(set.len()).ok() || set.is_empty() {
        return Err(unread("validators", "it is not the whole set"));
    }
    Ok(set)
}

fn right_chain(chain: ChainId<'_>, found: &str) -> Result<(), Refusal> {
    if found == chain.as_str() {
        return Ok(());
    }
    // The name is the node's: not all of one that floods a terminal.
    let found = found.chars().take(50).collect();
    Err(Refusal::NodeOfOtherChain { found, chain: chain.as_str().to_owned() })
}

fn parsed<T: DeserializeOwned>(what: &'static str, answer: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(answer)
        .map(|Answer { result }| result)
        .map_err(|_| unread(what, "it is not the JSON of CometBFT 0.34 or later"))
}

fn unread(what: &'static str, why: &'static str) -> Refusal {
    Refusal::NodeAnswer { what, why }
}
