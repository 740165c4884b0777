//! Of chains and their devices: adding, adopting, removing, forgetting.

use std::path::Path;

use highwater_core::hrs::Hrs;

use crate::device::{KeyNumber, SlotNumber};

/// The chain is not approved on this device.
pub fn not_on_device(chain: &str) -> String {
    format!(
        "{chain} is not approved on this device: run `highwater chain add {chain} --key-index N --next-height H`, or, if it signed \
         before, with --last-signed; if another signer has its key, `highwater migrate`; if Highwater has signed for it, \
         `highwater mark adopt {chain}`"
    )
}

/// The device has no chain; of these there is a pin here.
pub fn no_chain_approved(pinned: &[&str]) -> String {
    match pinned {
        [] => "no chain is approved: run `highwater chain add`".to_owned(),
        pinned => {
            let adopt = pinned.iter().map(|chain| format!("`highwater mark adopt {chain} --key-index N`"));
            format!(
                "no chain is approved, and pinned here: {}. If this device is to take over: {}",
                pinned.join(", "),
                adopt.collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// A chain of that name is not on the device; these are.
pub fn unknown_on_device(chain: &str, known: &[String]) -> String {
    match known {
        [] => format!("{}; no chain is approved on it", not_on_device(chain)),
        known => format!("{}; approved on it: {}", not_on_device(chain), known.join(", ")),
    }
}

/// The first mark of a chain of which nothing is known.
pub fn first_mark(chain: &str, mark: highwater_core::hrs::Hrs) -> String {
    format!(
        "{chain} begins at {mark}. A device signs no more than 100,000 heights above its mark: if the chain is higher \
         already, everything is refused with b008. Then name the chain's height: --next-height H, one above the last \
         height that this key may have signed."
    )
}

/// The chain was removed on this device.
pub fn was_removed(chain: &str) -> String {
    format!(
        "{chain} was removed on this device: to sign for it again, run `highwater chain add {chain} --key-index N \
         --last-signed H/R/STEP`, at or above its final mark"
    )
}

/// The chain's mark cannot be told.
pub fn is_unclear(chain: &str) -> String {
    format!(
        "the mark of {chain} is unclear after damage to flash: run `highwater mark adopt {chain}`, which asks the owner \
         for the highest place this bridge knows"
    )
}

/// The chain's flash failed, or is read again since it did.
pub fn slot_fault(chain: &str) -> String {
    format!(
        "the device's flash failed for {chain}; the mark is safe: it reads the flash again, which takes seconds; if it stays, restart the app; if it stays then, replace the device"
    )
}

/// No node of the chain is there: each with what the last dialling met.
pub fn no_node(chain: &str, nodes: &[(&str, Option<&str>)]) -> String {
    let met: Vec<_> =
        nodes.iter().filter_map(|(node, met)| Some(format!("{node}: {}", met.as_ref()?))).collect();
    match nodes {
        [] => format!("{chain} has no node in the config: add nodes = [\"unix:///…\"] to its [[chain]]"),
        _ if !met.is_empty() => format!("no node of {chain} is connected: {}", met.join("; ")),
        nodes => format!(
            "no node of {chain} is connected ({}): start the node, and check its priv_validator_laddr",
            nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The chain to adopt is not approved on this device yet.
pub fn adopt_needs_index(chain: &str) -> String {
    format!(
        "{chain} is not approved on this device: run the command again with --key-index N, the number its key had \
         when it was added, or --imported N of an imported key; the device will ask for the chain and its mark together"
    )
}

/// The chain to adopt has a key that was made elsewhere, and is not approved on this device yet.
pub fn adopt_imported(chain: &str) -> String {
    format!(
        "{chain} has a key that was made elsewhere, and is not approved on this device: see with `highwater key list` whether the \
         device holds that key, and if not, run `highwater key restore BACKUP`; then run the command again with --imported N, the \
         number that the key has there"
    )
}

/// The imported key is not the pinned one.
pub fn adopt_other_number(chain: &str, number: KeyNumber) -> String {
    format!(
        "imported key {number} is not the pinned key of {chain}: compare `highwater key list` with `highwater pubkey {chain}`, and \
         name the right number; if the key is not there, run `highwater key restore BACKUP` first"
    )
}

/// The device's key of the chain is not the pinned one.
pub fn adopt_other_key(chain: &str) -> String {
    format!(
        "this device's key of {chain} is not the pinned one, so it is no spare of the same seed, or the chain was \
         added with another --key-index: remove and forget the chain on it, or plug in the right device"
    )
}

/// The device's key of the chain is not the one that the state file is of.
pub fn other_key_in_file(chain: &str, path: &Path) -> String {
    format!(
        "{} is of another key than this device's of {chain}: plug in the right device; if the chain was added here with \
         another --key-index, remove and forget it on the device, and run the command again with the number its key \
         had; only if the other key is to sign no more, move the file away",
        path.display()
    )
}

/// The device's key of the chain to add is not the pinned one.
pub fn add_other_key(chain: &str) -> String {
    format!(
        "this device's key of {chain} is not the pinned one, and nothing was changed here: remove and forget the chain \
         on the device, and add it with the --key-index its key had, or plug in the right device"
    )
}

/// Another device's mark fell, and its pin is lost.
pub fn add_after_fall(chain: &str, why: &str) -> String {
    format!("{why} To put this device in its place, run `highwater mark adopt {chain}`.")
}

/// The chain has a signature of the key above the mark; the owner was not asked.
pub fn signed_above(chain: &str, height: u64, mark: Hrs) -> String {
    let (risk, cure) = (below_signed(chain, height, mark), above_the_last(chain));
    format!("{risk} Nothing was asked, and nothing was changed here. {cure}")
}

/// The same, and the owner approved before it was known.
pub fn approved_below_signed(chain: &str, height: u64, mark: Hrs) -> String {
    let (risk, cure) = (below_signed(chain, height, mark), above_the_last(chain));
    format!("{risk} Nothing is pinned, so Highwater does not sign for {chain}. {cure}")
}

fn below_signed(chain: &str, height: u64, mark: Hrs) -> String {
    let block = crate::advice::block_has_signature(height);
    format!("DOUBLE-SIGN RISK on {chain}: {block} The mark {mark} is below that.")
}

fn above_the_last(chain: &str) -> String {
    format!(
        "Stop every other signer of the key. Look on the chain for the last place that has its signature, and run `highwater mark \
         adopt {chain} --last-signed H/R/STEP`, at or above that place and all that the logs of its signers name."
    )
}

/// Nothing tells how high the mark must be.
pub fn adopt_needs_mark(chain: &str, why: &str) -> String {
    format!(
        "{why}; nothing here tells what was signed last for {chain}: run the command again with --last-signed H/R/STEP, \
         the highest place any device may have signed, from the chain itself and the logs of every bridge"
    )
}

/// A device whose mark fell is not adopted again.
pub fn adopt_fallen(why: &str) -> String {
    format!("{why} This is the device whose mark fell: another device can be adopted, this one cannot.")
}

/// Something changed while the question stood.
pub fn adopt_changed(chain: &str) -> String {
    format!(
        "the device is not as it was when the question was asked: plug one in, leave it, and run `highwater mark adopt {chain}` again"
    )
}

/// The device is ready to take over, and its pin cannot be written.
pub fn unpinned(chain: &str, error: &crate::store::PinsError) -> String {
    format!(
        "{error}. What was approved stays approved, and {chain} is not pinned to this device yet: mend that first, then the \
         same command goes on from there"
    )
}

/// The chain is pinned to another installation.
pub fn pinned_elsewhere(chain: &str) -> String {
    format!(
        "{chain} is pinned to another device or installation: to move it to this one, with its mark, run \
         `highwater mark adopt {chain}`"
    )
}

/// Nothing is buried under that name.
pub fn not_removed(chain: &str) -> String {
    format!("{chain} has no tombstone on this device: run `highwater chain remove {chain}` first")
}

/// Neither device nor host know it.
pub fn nothing_to_forget(chain: &str) -> String {
    format!("{chain} is not on this device and not pinned here: there is nothing to forget")
}

/// Another device has the chain.
pub fn forget_elsewhere(chain: &str) -> String {
    format!(
        "{chain} is pinned to another device or installation, and is not on this one: plug in the pinned device, or, if that \
         is lost, run `highwater mark adopt {chain}` first"
    )
}

/// Nothing tells whose the damaged slot is.
pub fn perhaps_damaged(chain: &str, slot: SlotNumber) -> String {
    format!(
        "slot {slot} of this device is damaged, and may be that of {chain}: run `highwater chain forget --slot {slot}` first, \
         and write down the mark that the device shows"
    )
}

/// The device has forgotten the chain, and the host has not: the command was cut.
pub fn forget_the_rest(chain: &str, known: Hrs) -> String {
    format!(
        "{chain} is not on its device any more, as after a command that was cut. What is left is its pin and its state file, by \
         which {chain} may be signed up to {known}. To forget them too, write {known} down, and repeat the place: \
         --below-signed {known}."
    )
}

/// The stop goes with the state file.
pub fn forget_stopped(why: &str) -> String {
    format!("{why} Nothing is forgotten until then: the state file tells how high a spare must begin.")
}

/// The host knows of a place above the mark that the owner would see.
pub fn forget_below_known(chain: &str, mark: Hrs, known: Hrs) -> String {
    format!(
        "{chain} may already be signed up to {known}, and its mark on this device is {mark}. To forget both, write {known} \
         down, and repeat the place: --below-signed {known}."
    )
}

/// The slot is not damaged.
pub fn not_damaged(slot: SlotNumber) -> String {
    format!("slot {slot} is not damaged: see `highwater device info`, and name its chain instead")
}

/// The chain stands in the config.
pub fn still_configured(chain: &str) -> String {
    format!(
        "{chain} still has its [[chain]] in the config: take it out and start the daemon again before the chain is forgotten"
    )
}

/// A chain was removed from a device; `goes_on` says that it is pinned to another installation.
pub fn removed(chain: &str, goes_on: bool, device: Option<&str>) -> String {
    let of = device.map(|name| format!(" --device {name}")).unwrap_or_default();
    let forget = format!("`highwater chain forget {chain}{of}` frees the slot");
    if goes_on {
        return format!(
            "next: {forget}; the chain is pinned to another installation, and its [[chain]] stays"
        );
    }
    format!("next: take its [[chain]] out of the config; {forget}")
}

/// The owner compared the key on the screen.
pub fn key_shown(pinned: Option<bool>) -> &'static str {
    match pinned {
        Some(true) => "the owner confirmed it; it is the pinned key",
        Some(false) => "the owner confirmed it, but another key is pinned here: plug in the pinned device",
        None => "the owner confirmed it; it is not pinned here",
    }
}
