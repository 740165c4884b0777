//! Why a key does not move: each with its cause and its cure.

use highwater_core::hrs::Hrs;

use crate::found::MOVED;
use crate::source::Source;

/// What is wrong, and what to do. Text of a key file is never in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence says what the variant is, and the fields what stands in it")]
pub enum Refusal {
    // Of any file.
    #[error(
        "No state file is named, and without one nothing tells what {0} has signed. Name it with --state, or use --from nothing and the two-block rule."
    )]
    NoState(Source),
    #[error("{file} does not exist. Name the file that the old signer writes; its configuration says where.")]
    Missing { file: String },
    #[error(
        "{file} is empty, as after a crash in the middle of a write: what was signed is not in it. Use --from nothing and the two-block rule."
    )]
    Empty { file: String },
    #[error("{file} has {bytes} bytes, and a file of a signer has less than {most}. Name the right file.")]
    TooLong { file: String, bytes: usize, most: usize },
    #[error(
        "{file} begins with a byte order mark, so an editor has saved it and no signer. Name the file that the old signer itself uses."
    )]
    ByteOrderMark { file: String },
    #[error(
        "{file} is not a file that {named} writes ({why}). Name the file that the old signer itself uses, unchanged."
    )]
    Form { file: String, named: Source, why: String },
    #[error(
        "{file} is {found}, and --from names {named}. Name the signer that wrote the file: each counts in its own way, so Highwater does not guess."
    )]
    OtherShape { file: String, named: Source, found: &'static str },
    #[error(
        "{file} is the state of one cosigner of horcrux, and --from names {named}: one cosigner alone does not tell what was signed. Use --from horcrux with --threshold, and name the CHAIN_share_sign_state.json of as many cosigners."
    )]
    OfHorcrux { file: String, named: Source },
    #[error(
        "{file} has the form that people write by hand when a key moves to horcrux, and horcrux has signed nothing by it since. Name the states that horcrux has written; if there are none, use --from nothing and the two-block rule."
    )]
    HandWritten { file: String },
    #[error(
        "{file} has neither of the names that horcrux gives to its states, so whether it holds a share is not certain. Name CHAIN_share_sign_state.json and CHAIN_priv_validator_state.json as horcrux has them."
    )]
    NoHorcruxName { file: String },
    #[error(
        "{file} is a copy by its name, and may be older than the last signature. Name the file that the old signer itself writes; if that is lost, use --from nothing and the two-block rule."
    )]
    Copy { file: String },
    #[error(
        "{file} does not tell which key of a YubiHSM signs for {chain}: {why}. Name the tmkms.toml that tmkms runs with, or leave it away and name --state and --key-index."
    )]
    TmkmsConfig { file: String, chain: String, why: String },
    #[error(
        "{file} changed {seconds} s ago, so the old signer may still run, and two signers of one key sign twice. Stop the old signer, see that nothing starts it again, and run the command {wait} s later."
    )]
    StillRuns { file: String, seconds: u64, wait: u64 },
    #[error(
        "{file} changed while this command ran, so the old signer runs, and two signers of one key sign twice. Stop the old signer, see that nothing starts it again, and run the command again."
    )]
    Changed { file: String },
    #[error(
        "{file} was changed in the future, by this host's clock, so its age says nothing of the old signer. Set the clock, and run the command again."
    )]
    FromTheFuture { file: String },
    #[error(
        "{file} was retired: its height is the highest there is, and what was signed is not in it. Highwater has the mark if the chain was moved before: use `highwater mark adopt`. Otherwise use --from nothing and the two-block rule."
    )]
    Retired { file: String },

    // Of a state file.
    #[error(
        "{file} is of the chain {found:?} by its name, and --chain names {chain:?}. Name the state file of {chain:?}; or, if the file is the right one, correct --chain or --from."
    )]
    NamedForOtherChain { file: String, found: String, chain: String },
    #[error(
        "{file} holds a signature for the chain {found:?}, and --chain names {chain:?}. Name the state file of {chain:?}; or, if the file is the right one, correct --chain."
    )]
    OtherChain { file: String, found: String, chain: String },
    #[error(
        "{file} says that {place} was signed last, and the signature in it is for {signed}: somebody has changed the file. Restore the file that the old signer wrote, or use --from nothing and the two-block rule."
    )]
    OtherPlace { file: String, place: Hrs, signed: Hrs },
    #[error(
        "{file} holds a signature that is not of this key. Name key and state of one validator; of horcrux, keep the names of the files, since shares are told by theirs."
    )]
    OtherKey { file: String },
    #[error(
        "{file} holds only one of signature and signed bytes: somebody has changed the file. Restore the file that the old signer wrote, or use --from nothing and the two-block rule."
    )]
    HalfSigned { file: String },
    #[error(
        "{file} is at height 0, which is what a signer makes by itself when its file is not where it looks. Name the file that the old signer wrote. If this key never signed for the chain, say --never-signed."
    )]
    Fresh { file: String },
    #[error(
        "{file} is at height 0 and holds more than a new file does: somebody has changed it. Restore the file that the old signer wrote, or use --from nothing and the two-block rule."
    )]
    ZeroHeight { file: String },
    #[error(
        "{file} records no signature at {place}: a hook, a command or a person has set its height. Leave --exact away, and the mark is the next height."
    )]
    NotExact { file: String, place: Hrs },
    #[error(
        "horcrux signs with some of its cosigners, and how many it takes is not known. Say it with --threshold, as thresholdMode in the configuration of horcrux does."
    )]
    NoThreshold,
    #[error(
        "{found} cosigners have shown a share of a signature, and it takes {threshold} to sign: those that are missing may have signed higher. Name the CHAIN_share_sign_state.json of {threshold} cosigners or more, each in a folder of its own; a file without a signature counts for none, nor does one cosigner's file under two names."
    )]
    FewCosigners { found: usize, threshold: usize },
    #[error(
        "{file} is a cosigner's state at height 0, which is what horcrux makes by itself when its file is not where it looks. Name the file by which this cosigner signed, or leave it away and name those of others."
    )]
    FreshShare { file: String },
    #[error(
        "A threshold of {0} is none that horcrux has. Say with --threshold what thresholdMode in the configuration of horcrux says."
    )]
    NotAThreshold(usize),

    #[error("{file} is one of the two states of a cosigner, which signs by either. Name {other} too.")]
    OneOfTwo { file: String, other: String },

    #[error(
        "{file} holds another key than the one that moves, and the old signer would go on with that. Name the key file of the key that has moved."
    )]
    OtherKeyFile { file: String },
    #[error(
        "{file} is to be moved away, and which key has moved is not known. Name the key that Highwater has now, so that the two are compared."
    )]
    KeyNotNamed { file: String },

    // Of a chain that was never signed for.
    #[error("{file} says that {place} was signed. Leave --never-signed away.")]
    WasSigned { file: String, place: Hrs },
    #[error(
        "{file} is empty, as a signer leaves it that crashed in the middle of a write, so this key may have signed. Use --from nothing and the two-block rule; if this key is certain never to have signed, leave --state away."
    )]
    EmptyNeverSigned { file: String },
    #[error(
        "{typed:?} is not {chain:?}, so it is not certain which chain was never signed for. Type the chain id as it is."
    )]
    NotTyped { typed: String, chain: String },

    // Of a key file.
    #[error(
        "{file} is not a key file of {named} ({why}). Name the key file that the old signer itself uses; if it is this one, name its signer: --from, or `highwater key import --source`."
    )]
    NotAKey { file: String, named: Source, why: &'static str },
    #[error(
        "{file} holds a key of another type ({found}), and a Ledger signs with Ed25519. Leave this key where it is, or rotate the validator to a key of the Ledger if the chain can."
    )]
    KeyType { file: String, found: &'static str },
    #[error(
        "{file} holds an expanded key, and its seed is not in it. Import the original key file, or leave the key in the HSM it came from."
    )]
    Expanded { file: String },
    #[error(
        "{file} is the export of a YubiHSM, which holds an expanded key without its seed. Leave the key in the HSM, or import the original key file if it still exists."
    )]
    YubiHsmExport { file: String },
    #[error(
        "{file} is a key shard of horcrux, and no number of shards gives the seed back. Import the original priv_validator_key.json, from before horcrux split it."
    )]
    Shard { file: String },
    #[error(
        "{file} disagrees with itself: its {part} is not of its private key. Restore the file from a copy, and compare the address with the validator's on the chain."
    )]
    KeyDisagrees { file: String, part: &'static str },

    #[error(
        "{file} holds a key of no validator, which `highwater retire` left where it moved the validator's key away, to {file}{MOVED}. Highwater has had that key since then. Use `highwater key restore BACKUP` and `highwater mark adopt` if its device is lost."
    )]
    Decoy { file: String },

    // Of the two-block rule.
    #[error(
        "The two-block rule takes the last two blocks of the chain, and {0} are known. Wait until the chain has committed two blocks after the old signer was stopped."
    )]
    FewBlocks(usize),
    #[error(
        "The newest block that the node has, {height}, is {seconds} s old by the chain's clock: the node is behind the chain, or the chain stands, or this host's clock is wrong. Wait until the node is at the height that explorers show, or name another node; on a slow chain, say --block-time SECONDS."
    )]
    NodeBehind { height: u64, seconds: u64 },
    #[error(
        "The newest block that the node has, {height}, is {seconds} s ahead of this host's clock, so how old it is cannot be told. Set this host's clock, and run the command again."
    )]
    ClockBehind { height: u64, seconds: u64 },
    #[error(
        "The chain has committed {0} blocks since the mark was taken, and each may hold a signature of the key. Stop the old signer, and run the command again."
    )]
    TooLate(u64),
    #[error("The blocks {0} and {1} do not follow each other. Take two blocks that do.")]
    NotInARow(u64, u64),
    #[error(
        "The block {0} holds this key's signature, so the old signer ran then. Stop the old signer, and wait for two more blocks."
    )]
    NotSilent(u64),
    #[error(
        "The validator was not in the set at the block {0}, so nobody asked its signer and the silence shows nothing. Make certain that the old signer is stopped, and name a height with `highwater chain add --next-height`: one above the chain's now."
    )]
    NotInSet(u64),
    #[error("No block has the height {0}. Take heights from the chain.")]
    NoHeight(u64),
    #[error(
        "The node of --rpc is of the chain {found:?}, and --chain names {chain:?}. Name a node of {chain:?}."
    )]
    NodeOfOtherChain { found: String, chain: String },
    #[error(
        "The node of --rpc is catching up with its chain, so its last blocks are old ones. Wait until the node has caught up, or name another one."
    )]
    CatchingUp,
    #[error(
        "What the node of --rpc answers to /{what} cannot be used: {why}. Name a node of CometBFT 0.34 or later that keeps its blocks, and run the command again."
    )]
    NodeAnswer { what: &'static str, why: &'static str },
}
