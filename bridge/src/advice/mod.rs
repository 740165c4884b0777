//! One cause and one cure per fault: the only place with such sentences.

mod adopt;
#[cfg(test)]
mod bad_device;
mod config;
mod device;
mod extension;
mod files;
pub(crate) mod firmware;
mod health;
pub(crate) mod link;
mod log;
mod moving;
mod on_chain;
mod prompt;
mod refusal;
mod setup;
mod state;
mod trouble;
mod wear;
mod yubihsm;

use std::path::Path;

use highwater_core::apdu::Status;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::key_index::KeyIndex;

use crate::device::{KeyNumber, LockError, LockFile};
use crate::operator::Here;
use crate::users;

pub use adopt::*;
pub use config::*;
pub use device::*;
pub use extension::*;
pub use files::*;
pub use health::*;
pub(crate) use log::*;
pub use moving::*;
pub(crate) use on_chain::*;
pub use prompt::*;
pub use refusal::*;
pub(crate) use setup::*;
pub use state::*;
pub(crate) use trouble::*;
pub use wear::*;
pub use yubihsm::*;

/// What a chain id may be. The beginning is that of files which are swept away.
pub const CHAIN_ID: &str =
    "A chain id has 1 to 50 characters: letters, digits, `.`, `_`, `-`. It must not start with `.new-`.";

/// `1.2.3`.
pub fn version([major, minor, patch]: [u8; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

/// A key by the number that names it on the wire.
pub fn key(index: u32) -> String {
    match KeyIndex::new(index) {
        Ok(KeyIndex::Imported(key)) => format!("imported key {}", KeyNumber::of(key)),
        _ => format!("44'/118'/0'/0'/{index}'"),
    }
}

/// The same, in a sentence.
pub fn which_key(index: u32) -> String {
    let key = key(index);
    if key.starts_with("imported") { key } else { format!("key {key}") }
}

/// Of a key that was made elsewhere.
pub const WAS_OUTSIDE: &str = "copies may exist outside";

/// A step, as HRS are written.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::None => "none",
        Step::Proposal => "proposal",
        Step::Prevote => "prevote",
        Step::Precommit => "precommit",
    }
}

/// A refusal as the node's log will show it.
pub fn refused(chain: &str, asked: Hrs, reason: Status, mark: Option<Hrs>) -> String {
    let mark = mark.map_or_else(String::new, |mark| format!(" (mark {mark})"));
    format!("{chain} {asked} refused with {:04x}{mark}: {}", reason.word(), status(reason))
}

/// The request is beyond the planned halt.
pub fn beyond_stop(stop: u64) -> String {
    format!(
        "stop_height is {stop}: to sign beyond it, change or remove it in the config and restart the bridge"
    )
}

/// A signature that does not verify; nothing of it is shown.
pub fn wrong_signature(chain: &str) -> String {
    format!(
        "the device's signature for {chain} does not verify under the pinned key: it was thrown away; check with \
         `highwater device info` that the right device is plugged in, and replace it if it is"
    )
}

/// The device did not end what it was at.
pub fn unfinished(waited: std::time::Duration) -> String {
    format!(
        "The device did not end its last command within {} s. The daemon ends without it: replug the device before the \
         daemon is started again.",
        waited.as_secs()
    )
}

/// The request names another chain than the link.
pub fn other_chain(chain: &str) -> String {
    format!("this socket signs for {chain:?} only: check the node's genesis and priv_validator_laddr")
}

/// There is nothing to sign for.
pub fn no_chain() -> &'static str {
    "the config has no [[chain]]: add one, with its id and nodes"
}

/// No chain of that name is pinned here; others are, or none.
pub(crate) fn not_pinned(chain: &str, here: &Here) -> String {
    match here {
        Here::Others(known) => format!(
            "chain {chain:?} has no pinned key; pinned here: {}; is it a typing error? If not: run `highwater chain add {chain} \
             --key-index N --next-height H` first, where H is the next height of a chain for which this key never signed; else name \
             the last place by --last-signed; a validator that signs elsewhere moves here with its key by `highwater migrate`",
            known.join(", ")
        ),
        Here::Missing(state_dir) => nothing_known(chain, state_dir, "does not exist"),
        Here::Nothing(state_dir) => nothing_known(chain, state_dir, "knows no chain"),
    }
}

/// An empty directory: that of a disk that is not mounted, or of a host that never signed.
fn nothing_known(chain: &str, state_dir: &Path, why: &str) -> String {
    format!(
        "{} {why}, so chain {chain:?} has no pinned key, and nothing tells what was signed for it: is this the right state_dir, and \
         is its disk mounted? If this validator ran before: put the right directory back; if that is lost, run `highwater mark \
         adopt {chain} --key-index N --last-signed H/R/STEP`, with the last place that the chain has of this key. Only for a chain \
         for which this key never signed: `highwater chain add {chain} --key-index N --next-height H`. A validator that signs \
         elsewhere moves here with its key by `highwater migrate`",
        state_dir.display()
    )
}

/// A store whose memory is blank, and a chain that nothing here knows.
pub(crate) fn nothing_of_this_key(chain: &str, mark: Hrs, state_dir: &Path) -> String {
    format!(
        "This host knows nothing of what this key signed: the mark of {chain} begins at {mark}. If the key signed for {chain} before, \
         approve nothing: is {} the right state_dir, and is its disk mounted?",
        state_dir.display()
    )
}

/// The new name is the old one.
pub fn renamed_to_itself(chain: &str) -> String {
    format!(
        "{chain} is called so already: name the chain as it is called now, and then what it will be called"
    )
}

/// A chain was added, and its pin is lost.
pub fn pin_lost(chain: &str) -> String {
    format!(
        "chain {chain:?} has no pinned key, but its state file tells that it was signed for: run `highwater mark \
         adopt {chain}`"
    )
}

/// The key is not the pinned one.
pub fn other_key(chain: &str) -> String {
    format!(
        "{chain} is pinned with another key: it belongs to another device; plug that in, or use another state_dir"
    )
}

/// Another daemon holds the state directory.
pub fn second_daemon(path: &str) -> String {
    format!("{path}: another highwater process owns this device; stop it first")
}

/// A device cannot be locked.
pub fn not_locked(file: &LockFile, error: &LockError) -> String {
    match (file, error) {
        (_, LockError::Held(path)) => second_daemon(&path.display().to_string()),
        (_, LockError::Stranger { path, owner }) => lock_of_a_stranger(path, *owner),
        (LockFile::Lasting(_), LockError::Io(path, error)) => self::file(path, error),
        // The folder is everybody's: nothing about it is to be changed.
        (LockFile::Passing(_), LockError::Io(path, error)) => named(path, error, MAKE_TMPDIR),
    }
}

/// Somebody else made the lock's file.
pub fn lock_of_a_stranger(path: &Path, owner: u32) -> String {
    format!(
        "{} was made by {}, who could keep Highwater off the device with it: run `sudo rm {}`, or set TMPDIR to a folder of \
         Highwater's own",
        path.display(),
        users::name(owner),
        path.display()
    )
}

/// Somebody wanted a signature past the nodes.
pub fn not_by_socket() -> String {
    "nothing is signed by way of the admin socket: votes are signed for the nodes of the config".to_owned()
}

/// A private key would stand in the daemon's memory.
pub fn no_key_by_socket() -> String {
    "A private key does not go through a running daemon, whose memory would hold it. Stop the daemon (`systemctl stop \
     highwater`), or import the key on another machine, with this device."
        .to_owned()
}

/// A chain that the daemon does not serve.
pub fn not_served(chain: &str) -> String {
    format!("the daemon does not serve {chain}: add its [[chain]] to the config, and start the daemon again")
}

/// The daemon could not write what it was told.
pub fn not_written(chain: &str) -> String {
    format!(
        "The daemon could not write the state file of {chain}. Free space on its disk, then run the command again."
    )
}

/// It cannot be told whether a daemon runs.
pub fn admin_unreachable(path: &Path, error: &std::io::Error) -> String {
    let cure = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "Run the command as the daemon's user, as in `sudo -u highwater highwater status`."
        }
        _ => "Fix the file's permissions or stop the daemon, then run the command again.",
    };
    format!(
        "Cannot open {} ({error}), so this command cannot tell whether the daemon is running. {cure}",
        path.display()
    )
}

/// The daemon's socket broke.
pub fn admin_broken(error: &std::io::Error) -> String {
    format!("the daemon stopped answering ({error}): see its log, then run the command again")
}

/// Metrics would be read by more than this host.
pub(crate) const METRICS_ON_LOOPBACK: &str = "use 127.0.0.1 and put a proxy before it; in a container, whose port the host \
     forwards, add `metrics_exposed = true`";

/// Metrics are read by more than this host, as the config says.
pub(crate) fn metrics_exposed(listen: std::net::SocketAddr) -> String {
    format!(
        "metrics are served on {listen}, so whoever reaches that address reads chains, heights, marks and the addresses of \
         nodes, and can change nothing: let only a forwarded port of this host, or a network that you trust, lead there"
    )
}

/// The metrics' address cannot be had.
pub fn metrics_listen(listen: std::net::SocketAddr, error: &std::io::Error) -> String {
    format!(
        "metrics cannot be served on {listen} ({error}): signing goes on, and it tries again every 5 s; end what listens \
         there, or name another address in [admin] metrics and restart the bridge"
    )
}

/// A browser asks by a name that others can give out.
pub(crate) fn page_host() -> String {
    "This page is shown only to who asks by 127.0.0.1, [::1] or localhost, since any other name may be a stranger's that was \
     pointed here. Open it by one of these, from elsewhere by `ssh -L`; let a proxy ask by one of these."
        .to_owned()
}

/// The daemon's socket takes no client just now.
pub fn admin_accept(error: &std::io::Error) -> String {
    format!(
        "no command can reach the daemon ({error}): signing goes on, and it tries again every second; if this lasts, \
         end what holds files or memory, or raise LimitNOFILE of the service"
    )
}
