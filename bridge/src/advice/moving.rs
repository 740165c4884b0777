//! Of keys and files of other signers.

use std::io;
use std::path::Path;
use std::time::Duration;

use highwater_core::hrs::Hrs;
use highwater_moving::PublicKey;
use rustix::io::Errno;

use super::refusal::as_option;
use super::version;
use crate::device::KeyNumber;

/// A file of the old signer cannot be read.
pub fn old_file(path: &Path, error: &io::Error) -> String {
    let cure = match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => {
            "Run the command as root, as in `sudo highwater migrate`, or let the user that runs the command read it."
        }
        _ => "Name the file that the old signer itself uses.",
    };
    format!("{} cannot be read ({error}). {cure}", path.display())
}

/// A file whose name is no text.
pub fn old_file_name(path: &Path) -> String {
    format!("{} has a name that is not UTF-8. Give the file another name, or a link to it.", path.display())
}

/// An act of the plan that retires the old signer failed.
pub fn not_retired(path: &Path, error: &io::Error) -> String {
    let cure = match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => "Run the command as root: the file keeps its owner.",
        Some(Errno::NOSPC | Errno::DQUOT) => "Free space on its disk, and run the command again.",
        _ if error.kind() == io::ErrorKind::AlreadyExists => {
            "It is never written over: see what it is, move it away, and run the command again."
        }
        _ => "See that the old signer is stopped, mend that, and run the command again.",
    };
    format!(
        "{}: {error}. The old signer is not wholly retired, and can sign. {cure} What is done already is not done twice.",
        path.display()
    )
}

/// The node of the two-block rule does not answer.
pub fn old_node(address: &str, error: &io::Error) -> String {
    format!(
        "The node at {address} does not answer ({error}). Name the RPC address of a node of the chain that runs, with \
         --rpc http://HOST:PORT."
    )
}

/// What the chain calls a validator: as explorers and `/validators` show it.
pub fn address(key: &PublicKey) -> String {
    hex::encode_upper(key.address())
}

/// There is no key file.
pub fn no_key_file(path: &str) -> String {
    format!("{path} does not exist. Name the key file that the old signer itself uses.")
}

/// A device whose keys are in a store.
pub fn keys_of_a_store() -> String {
    "The keys of this device are in its store, and none is kept beside them. Put the key into the store: a \
     YubiHSM2's by `highwater yubihsm import`, a token's by the tool of its vendor. Then name it in a [[device.key]] of the config."
        .to_owned()
}

/// The app is older than the import of keys.
pub fn imports_no_keys(app: [u8; 3]) -> String {
    format!("The app {} imports no keys. Install the newest app.", version(app))
}

/// The device holds another key than the one that was sent.
pub fn imported_otherwise(address: &str) -> String {
    format!(
        "The device does not hold the key of {address} after the import. See `highwater key list`; sign nothing with a key that \
         you do not know, and run the command again."
    )
}

/// No imported key has this number.
pub fn no_imported_key(number: KeyNumber) -> String {
    format!("The device holds no imported key {number}: see `highwater key list`.")
}

/// A chain signs with the key, or a tombstone names it.
pub fn key_in_use(number: KeyNumber, chain: &str) -> String {
    format!(
        "The chain {chain} has imported key {number}, and keeps it after it was removed. Run `highwater chain remove {chain}` and \
         `highwater chain forget {chain}` first."
    )
}

/// The place of a key is damaged.
pub fn damaged_key(number: KeyNumber) -> String {
    format!(
        "Imported key {number} is damaged on the device. Restore its backup: `highwater key restore FILE`."
    )
}

/// The app tells the key of an index through a chain alone.
pub fn index_without_chain(index: u32) -> String {
    format!(
        "The app shows the key 44'/118'/0'/0'/{index}' only once a chain has it, and none has it on this device. Run `highwater \
         chain add ID --key-index {index} --next-height H`, H the chain's next height, and then `highwater pubkey ID --tx`."
    )
}

/// A backup of another key is there, or of one that is not known yet.
pub fn backup_exists(path: &Path, key: &PublicKey) -> String {
    format!(
        "{} exists and is a whole backup of the key of {}, and a backup is never written over. Name another file.",
        path.display(),
        address(key)
    )
}

/// Something else is there.
pub fn not_a_whole_backup(path: &Path) -> String {
    format!(
        "{} exists and is no whole backup, as a command leaves it that was killed, and a backup is never written over. Delete it if \
         it is empty or torn, or name another file.",
        path.display()
    )
}

/// The key has no backup by this command.
pub fn no_backup_made(number: KeyNumber) -> String {
    format!(
        "No backup of imported key {number} was made by this command. If there is none, run `highwater key backup {number} --to FILE` \
         before a copy of the key is destroyed."
    )
}

/// The chain has signatures above what the state file says.
pub fn older_than_the_chain(chain: &str, mark: Hrs, (lowest, highest): (u64, u64)) -> String {
    let blocks = match lowest == highest {
        true => format!("block {lowest} of {chain} holds"),
        false => format!("blocks of {chain} from block {lowest} up to block {highest} hold"),
    };
    format!(
        "DOUBLE-SIGN RISK on {chain}: the mark would be {mark}, and {blocks} a signature of this key above it. So the state file is \
         older than what the key signed, or another signer has the key. Nothing was asked. Stop every signer of the key, and name \
         the file that the old signer writes now. If that file is lost, use --from nothing with --rpc instead of --state: the mark \
         comes from the chain."
    )
}

/// The chain was not asked whether the key signed above the mark.
pub fn not_looked_above(mark: Hrs, why: &str) -> String {
    format!(
        "Whether the key signed above {mark} was not looked at in the newest blocks of the chain: {}.",
        why.trim_end_matches('.')
    )
}

/// No set of validators has the key.
pub fn key_not_in_set(chain: &str, (first, last): (u64, u64)) -> String {
    format!(
        "{chain} does not know this key: no set of validators has it at the blocks that were looked at, {first} to {last}. Is it the \
         right key file? A jailed validator is in no set, too."
    )
}

/// The owner approved a mark that nobody pinned, and more was signed since.
pub fn approved_for_another_mark(chain: &str, approved: Hrs, wanted: Hrs) -> String {
    format!(
        "{chain} is on the device with the mark {approved} and is not pinned here, so Highwater does not sign for {chain}: the command \
         that added it stopped. The mark has to be {wanted} now. {}",
        begin_again(chain)
    )
}

/// The one cure of a chain that was approved with a mark that is no more right.
fn begin_again(chain: &str) -> String {
    format!(
        "Stop the old signer for certain. Then run `highwater chain remove {chain}` as the daemon's user, as in `sudo -u highwater \
         highwater chain remove {chain}`, and this command again: the chain begins above all that was signed."
    )
}

/// The file is no backup.
pub fn no_backup(path: &Path, why: &str) -> String {
    format!(
        "{} is no backup of a key: {why}. Name the file that `highwater key backup` wrote, or another copy of it.",
        path.display()
    )
}

/// The key is on the device, and its backup is not in the file.
pub fn imported_without_backup(number: KeyNumber, why: &str) -> String {
    format!(
        "{why}. The key is on the device as imported key {number}, and has no backup. Run `highwater key backup {number} \
         --to FILE`, another file."
    )
}

/// Others may read the key file.
pub fn key_open_to_others(path: &str, mode: u32) -> String {
    format!(
        "{path} has mode {mode:o}: others than its owner may have read the key, and with it can sign. Run `chmod 600` on it, and \
         find out who did."
    )
}

/// What the owner compares, and with what.
pub const COMPARE: &str = "Compare the address with the validator's on the chain, at an explorer or another node's \
     /validators, before you approve: this computer may be wrong.";

/// States beside `--from nothing`.
pub fn nothing_and_states() -> String {
    "A state file is named, and --from nothing says that there is none. Name with --from the signer that wrote the file, or leave \
     --state away."
        .to_owned()
}

/// The two-block rule needs a node.
pub fn rpc_needed() -> String {
    "--from nothing asks the chain for the mark, and no node is named. Name the RPC of a node of the chain that runs, with \
     --rpc http://HOST:PORT."
        .to_owned()
}

/// An option that says nothing of the signer that is named.
pub fn option_of_another_signer(option: &str, whose: &str) -> String {
    format!("--{option} is of --from {whose} alone. Leave it away, or correct --from.")
}

/// What the two-block rule waits for.
pub fn two_blocks(first: u64, second: u64) -> String {
    format!(
        "waiting until the chain has committed the blocks {first} and {second}, which must hold no signature of the key"
    )
}

/// The chain of the two-block rule does not go on.
pub fn chain_stands(height: u64, waited: Duration) -> String {
    format!(
        "The chain has committed nothing above {height} for {} min. Wait until the chain goes on, and run the command again.",
        waited.as_secs() / 60
    )
}

/// A second look comes.
pub fn second_look(pause: Duration) -> String {
    format!("looking again in {} s whether the old signer writes its state", pause.as_secs())
}

/// The old signer signed while the owner was asked.
pub fn signed_meanwhile(chain: &str, mark: Hrs, why: &str) -> String {
    format!(
        "DOUBLE-SIGN RISK on {chain}: the old signer signed while the owner was asked for the mark {mark}. {why} Nothing is pinned, \
         so Highwater does not sign for {chain}. {}",
        begin_again(chain)
    )
}

/// A daemon has the chain in memory, and would sign before the last look for another signer.
pub fn served_still(chain: &str) -> String {
    format!(
        "The daemon that runs was started with {chain} and its pin, and would sign as soon as the owner approves, before this command \
         has looked for the last time whether the old signer signs. Nothing was asked. Take the [[chain]] of {chain} out of the \
         config and start the daemon again, or stop the daemon where {chain} is its only chain. Then run this command again, and put \
         the [[chain]] back once the command has succeeded."
    )
}

/// The device's key is not the one that moves.
pub fn moved_other_key(chain: &str) -> String {
    format!(
        "{chain} is on the device with another key than the one that moves. If that key never signed for {chain}, run `highwater \
         chain remove {chain}` and `highwater chain forget {chain}`, look at `highwater key list`, and run the command again."
    )
}

/// The chain has moved, and the command is typed again.
pub fn moved_before(chain: &str) -> String {
    format!(
        "{chain} signs with this key here already, at or above all that the files say. Nothing was asked again."
    )
}

/// The old signer has signed since the chain moved.
pub fn signed_since_the_move(chain: &str, highest: Hrs, known: Hrs) -> String {
    format!(
        "DOUBLE-SIGN RISK on {chain}: it signs with this key here already, up to {known}, and the files say that {highest} was \
         signed. Stop the old signer, look on chain for two votes at one height and round, and raise the mark: `highwater mark \
         set {chain} --last-signed {highest}`."
    )
}

/// The chain was not added; its key was imported.
pub fn key_stays(number: KeyNumber, why: &str) -> String {
    format!(
        "{}. Imported key {number} stays on the device, and its backup in its file if one was made; the same command goes on from there",
        why.trim_end_matches('.')
    )
}

/// A key that was moved away moves a second time.
pub fn key_moved_before(path: &Path) -> String {
    format!(
        "{} was moved away when Highwater took the key over, so Highwater has the key and knows its mark. If the device is lost: \
         `highwater key restore BACKUP`, or without a backup `highwater key import --from` this file; then `highwater mark adopt \
         ID --imported N`, which takes the mark from Highwater's own records.",
        path.display()
    )
}

/// The owner was asked for a mark, and has not approved it.
pub fn not_approved_yet(chain: &str, to: Hrs) -> String {
    format!(
        "The mark {to} of {chain} was asked for, and whether the owner approved it is not known. Run `highwater mark set {chain} \
         {}` again, approve it, and run this command again.",
        as_option(to)
    )
}

/// Highwater does not know yet what the old signer's file says.
pub fn retired_too_early(chain: &str, file: &str, place: Hrs, known: Hrs) -> String {
    format!(
        "{file} says that {place} of {chain} was signed, and Highwater knows of {known}. Were the file retired now, nothing \
         would tell of the rest. Run `highwater migrate` with this file first; if the chain is added already, `highwater mark set \
         {chain} {}`.",
        as_option(place)
    )
}

/// The file is retired, and may be the wrong one.
pub fn far_below(file: &str, place: Hrs, known: Hrs) -> String {
    format!(
        "{file} says that {place} was signed last, which is far below the {known} that Highwater knows of. Unless Highwater itself \
         signed what is between, this is an old copy, and the old signer still signs by its own file: see in its configuration \
         where that is, and retire it too."
    )
}

/// How the files of the old signer are retired, once the new one signs.
pub fn retire_next(command: &str) -> String {
    format!("next: retire the old signer, with `{command}`")
}

/// What else can sign.
pub fn see_to(remains: &impl std::fmt::Display) -> String {
    format!("see to it: {remains}")
}

/// A signer without files is retired by a person.
pub fn nothing_is_retired() -> &'static str {
    "next: see to it that the old signer cannot start again: no file of it is known here, so none is retired"
}
