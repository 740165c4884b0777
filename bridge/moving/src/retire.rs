//! How the old signer is retired, as a plan: what is copied, written and moved, in which order, and what a person has to
//! do beside it. Nothing is done here.

use std::fmt;

use crate::decoy::Decoy;
use crate::found::{Found, MOVED, SHARE, STATE, SUPERSEDED};
use crate::key::Key;
use crate::poison::{Poison, poison};
use crate::refusal::Refusal;
use crate::source::Source;
use crate::verdict::Question;

/// One thing to do to the files. Each is done whole, and is on the disk, before the next begins; one that fails ends the
/// plan. A plan that is made anew of the files as they are then does what is left.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// `from` is copied with its owner and mode, and the copy is synced, and its folder. A copy that is there already is
    /// never written over: it holds the same bytes, or the plan ends.
    Copy {
        /// What is copied.
        from: String,
        /// Where to.
        to: String,
    },
    /// These bytes take the place of what is in the file: written beside it, synced, renamed over it, its folder synced.
    /// Owner and mode stay.
    Write {
        /// The file.
        to: String,
        /// What it is to hold.
        what: Poison,
    },
    /// The file gets another name and is for its owner to read only; its folder is synced. A file that has the other name
    /// already is never written over: the plan ends.
    Move {
        /// Its name.
        from: String,
        /// The other.
        to: String,
        /// What is to be found under its name from then on, of its owner; there is no moment without a file.
        leaves: Option<Decoy>,
    },
}

/// What a plan does, and what it leaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is done, in this order.
    pub acts: Vec<Act>,
    /// What can still sign, or begin to.
    pub remains: Vec<Remains>,
}

/// What can still sign after the files are retired, or bring the old signer back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remains {
    /// The states from before.
    Copies,
    /// Whoever starts the old signer again by itself.
    Restarts,
    /// A node whose key file is gone.
    NewKey,
    /// Other nodes that the old signer dials, or that dial it.
    OtherNodes,
    /// Keys in a YubiHSM.
    YubiHsm,
    /// Shards and the other cosigners.
    Shards,
    /// Keys in a token or in a cloud.
    Hsm,
    /// Copies of the key.
    KeyCopies,
    /// A key file that nobody named.
    KeyFile,
    /// A key file that is not where it was said to be.
    KeyAway {
        /// Its name.
        file: String,
    },
}

impl fmt::Display for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyAway { file } => {
                return write!(
                    f,
                    "{file} is not there, so no key is moved away. See that it is at {file}{MOVED}, as an earlier plan leaves \
                     it; if not, the old signer has its key elsewhere, and can sign."
                );
            }
            Self::Hsm => {
                "A key in a PKCS#11 token or in AWS KMS can still sign. Change the token's PIN, or take the old signer's \
                 rights to the key away."
            }
            Self::Copies => {
                "A restored snapshot or backup of this host has the old state and can sign twice. Restore none where the \
                 old signer can start."
            }
            Self::Restarts => {
                "A service manager or a container's restart policy starts the old signer again. Mask its unit (`systemctl \
                 mask`; move a unit's file away that lies in /etc/systemd/system), remove its container, and take it out of \
                 what deploys it."
            }
            Self::NewKey => {
                "A node whose key file is gone makes a new key at its start, and a new state at height 0 in place of the \
                 retired one, also where it has a signer: then nothing keeps the validator's key from signing twice. Leave \
                 the key file and the state that stand there now. Never put the moved key back, and reset nothing: a node's \
                 command that resets its state would. Set priv_validator_laddr in its config.toml, and in \
                 whatever deploys the node, before the node is started: the address at which the node itself listens for its \
                 signer."
            }
            Self::OtherNodes => {
                "The old signer dials nodes by itself. Let priv_validator_laddr of every node, sentries too, take Highwater \
                 alone, and close its port to the old signer's host."
            }
            Self::YubiHsm => {
                "A key in a YubiHSM can still sign. Delete the old signer's auth key there (tmkms: 0x0004), and change the \
                 admin's if its configuration held that: no restored disk undoes this."
            }
            Self::Shards => {
                "The shards of any cosigners that are as many as the threshold can sign. Retire the states on the host of \
                 every cosigner, and keep the shards away for ever."
            }
            Self::KeyFile => {
                "No key file was named. Where one of this validator lies on this host, it can sign: a node has \
                 config/priv_validator_key.json. Name it too, with --key FILE, and it is moved away."
            }
            Self::KeyCopies => {
                "Every copy and backup of the key file can sign. Destroy them, or keep one offline on purpose."
            }
        })
    }
}

/// The plan for these state files, and for the key file if its key has moved. The device has to have answered before:
/// what was signed stands in the copies only, afterwards.
///
/// All copies are made before the first state is written, and the key is moved last: a plan that is cut leaves a signer
/// that has its state, or one that signs nothing. States that are retired already are passed over, so is the key file that
/// a plan left, and a key file that is not there is told of. `fresh` are random bytes, for the key that is left.
pub fn retire(
    question: &Question<'_>,
    states: &[Found<'_>],
    key: Option<Found<'_>>,
    fresh: &[u8; 32],
) -> Result<Plan, Refusal> {
    // A key that moves away from a state that lets it sign could be put back.
    if states.is_empty() {
        return Err(Refusal::NoState(question.source));
    }
    let (mut copies, mut writes) = (Vec::new(), Vec::new());
    for file in states {
        both(question.source, file, states)?;
        match question.read(file) {
            Err(Refusal::Retired { .. }) => continue,
            read => question.belongs(file, &read?)?,
        };
        let what = poison(question.source, file.path, file.bytes.unwrap_or_default())?;
        let path = || file.path.to_owned();
        copies.push(Act::Copy { from: path(), to: format!("{}{SUPERSEDED}", file.path) });
        writes.push(Act::Write { to: path(), what });
    }
    // The one file of Tendermint 0.27 is state and key, and stays where it is: without it a new key is made.
    let key = key.filter(|_| question.source != Source::Tendermint027);
    let mut remains = remains(question.source, key.is_some());
    let moved = match key {
        Some(Found { bytes: None, path, .. }) => {
            remains.push(Remains::KeyAway { file: path.to_owned() });
            None
        }
        Some(key) => moved(question, &key, fresh)?,
        None => None,
    };
    let acts = copies.into_iter().chain(writes).chain(moved).collect();
    Ok(Plan { acts, remains })
}

/// The key file is moved away if it holds the key that has moved.
fn moved(question: &Question<'_>, file: &Found<'_>, fresh: &[u8; 32]) -> Result<Option<Act>, Refusal> {
    let Key { public, .. } = match Key::read(question.source, file.path, file.bytes.unwrap_or_default()) {
        Err(Refusal::Decoy { .. }) => return Ok(None),
        read => read?,
    };
    let path = || file.path.to_owned();
    match question.key {
        None => Err(Refusal::KeyNotNamed { file: path() }),
        Some(key) if *key != public => Err(Refusal::OtherKeyFile { file: path() }),
        Some(_) => {
            // What horcrux has of a key file is a node's, too.
            let node = matches!(question.source, Source::CometBft | Source::Horcrux);
            let leaves = node.then(|| Decoy::new(fresh));
            Ok(Some(Act::Move { from: path(), to: format!("{}{MOVED}", file.path), leaves }))
        }
    }
}

/// A cosigner of horcrux has two states, and signs by either.
fn both(source: Source, file: &Found<'_>, states: &[Found<'_>]) -> Result<(), Refusal> {
    if source != Source::Horcrux {
        return Ok(());
    }
    for (this, other) in [(SHARE, STATE), (STATE, SHARE)] {
        let Some(stem) = file.path.strip_suffix(this) else { continue };
        let other = format!("{stem}{other}");
        if !states.iter().any(|state| state.path == other) {
            return Err(Refusal::OneOfTwo { file: file.path.to_owned(), other });
        }
    }
    Ok(())
}

/// What files cannot prevent, whatever is done to them. A signer that has a key file has no HSM for this key.
pub fn remains(source: Source, has_key_file: bool) -> Vec<Remains> {
    use Remains::{Copies, Hsm, KeyCopies, KeyFile, NewKey, OtherNodes, Restarts, Shards, YubiHsm};
    let mut remains = match source {
        // The node itself goes on.
        Source::CometBft | Source::Tendermint027 => vec![Copies, NewKey, KeyCopies],
        Source::Tmkms => vec![Restarts, Copies, OtherNodes, YubiHsm, KeyCopies],
        Source::Kms => vec![Restarts, Copies, OtherNodes, Hsm, KeyCopies],
        Source::Horcrux => vec![Restarts, Copies, OtherNodes, Shards, KeyCopies],
    };
    if has_key_file {
        remains.retain(|remains| !matches!(remains, YubiHsm | Hsm));
    } else {
        remains.push(KeyFile);
    }
    remains
}
