//! Why a node gets an error or no answer, and why an operator's word took no effect.

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{Cause, NoReply, NotAdopted, OWNER_DOWN, OWNER_SILENT, Refusal, Stopped};

use super::{beyond_stop, other_chain, refused, status, wrong_extension, wrong_signature};
use crate::device::Fault;
use crate::signer::NotSaid;

/// A refusal, as the node's log will show it.
pub fn refusal(chain: &str, hrs: Hrs, node: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotCanonical => refused(chain, hrs, highwater_core::apdu::Status::NotCanonical, None),
        Refusal::OtherChain => other_chain(chain),
        Refusal::BeyondStop(stop) => beyond_stop(*stop),
        Refusal::Stopped(stopped) => self::stopped(chain, *stopped),
        Refusal::LongExtension(length) => format!(
            "{chain} {hrs}: a vote extension of {length} bytes is longer than any may be, so the precommit is refused. \
             Check the application of the node."
        ),
        Refusal::LongForDevice { length, longest } => format!(
            "{chain} {hrs}: a vote extension of {length} bytes is longer than this device signs (messages of {longest} bytes), \
             so the precommit is refused. A chain with such extensions wants a Ledger or a PKCS#11 token."
        ),
        Refusal::BelowReleased(last) => format!(
            "{chain} {hrs} is below {last}, which this bridge released already. Let the node catch up; check that no \
             second node signs."
        ),
        Refusal::BelowAdopted(mark) => format!(
            "{chain} {hrs} is not above {mark}, where this device took the chain over. Another device may have signed \
             there. The node goes on above {mark}."
        ),
        Refusal::ConflictWithReleased => format!(
            "{chain} {hrs}: another statement was released at this place. Check that no second node runs with this key; \
             the node goes on at the next step."
        ),
        Refusal::TakenBack { requested, mark } => taken_back_on_device(chain, *requested, *mark),
        Refusal::Lowering { requested, to, below } => lowering(chain, *requested, *to, *below),
        Refusal::Owned { owner } => format!(
            "Node {node} may not sign {hrs}: node {owner} was first at this height. Node {node} can sign from the next \
             height on, or once {owner} has sent nothing for {:.1} s, or its link has been down for {} s. If {owner} will \
             not come back, run `highwater chain release {chain}`.",
            OWNER_SILENT.as_secs_f64(),
            OWNER_DOWN.as_secs()
        ),
        Refusal::LockedBlock { owner } => {
            let whom = owner.as_ref().map_or_else(|| "two nodes".to_owned(), |owner| format!("node {owner}"));
            format!(
                "Node {node} may not sign {hrs}: a block is precommitted at this height for {whom}. Until the next \
                 height node {node} gets votes for that block or nil only."
            )
        }
        Refusal::LockUnknown { owner } => {
            let who = match owner {
                Some(owner) => format!(
                    "Only the node at {owner} knows it: start that node again at this address, with its own data."
                ),
                None => "No node is known to know it.".to_owned(),
            };
            format!(
                "Node {node} may not sign {hrs}: this bridge does not know which block was precommitted at this height. \
                 Until the next height node {node} gets votes for nil only. {who}"
            )
        }
        Refusal::Device { status, mark } => refused(chain, hrs, *status, *mark),
        Refusal::DeviceExtension(reason) => super::extension_refused(chain, hrs, *reason),
        Refusal::OtherInstallation { found, pinned } => {
            super::fault(&Fault::OtherInstallation { found: *found, pinned: *pinned })
        }
        Refusal::WrongSignature => wrong_signature(chain),
        Refusal::WrongExtension => wrong_extension(chain),
        Refusal::Absent { away, cause } => {
            format!("No signature for {} s: {}", away.as_secs(), silence(*cause))
        }
    }
}

/// Why nothing is known of a request, and the cure.
pub fn silence(cause: Cause) -> String {
    match cause {
        Cause::NoReply(NoReply::Away) => {
            "the device is away: `highwater status` says why and what to do".to_owned()
        }
        Cause::NoReply(NoReply::Silent) => "the device does not answer: replug it and open the app".to_owned(),
        Cause::NoReply(NoReply::Locked) => {
            "the device is locked: enter its PIN and open the Highwater app".to_owned()
        }
        Cause::NoReply(NoReply::OtherApp) => {
            "another app than Highwater is open on the device: quit it and open Highwater".to_owned()
        }
        Cause::NoReply(NoReply::Malformed) => {
            "the device's replies are malformed: replug it; if this goes on, install the app again".to_owned()
        }
        Cause::NoReply(NoReply::Ending) => "the bridge is shutting down: start it again".to_owned(),
        Cause::Status(None) => {
            "another app's word came from the device: open Highwater on the device".to_owned()
        }
        Cause::Status(Some(reason)) => format!("the device said {:04x}: {}", reason.word(), status(reason)),
        Cause::NotStored => {
            "the state file cannot be written, and with several nodes nothing is signed without it: free space on \
             its disk, and let the bridge's user own it"
                .to_owned()
        }
        Cause::OtherInstallation => {
            "another installation than the pinned one is plugged in: plug in the pinned device, or let this one take \
             over with `highwater mark adopt`"
                .to_owned()
        }
        Cause::TooMany => "the node has too many requests open: check that it is an unmodified CometBFT".to_owned(),
        Cause::OwnerGrace => format!(
            "the node that has this height is silent: within {} s others sign in its place",
            OWNER_DOWN.as_secs()
        ),
        Cause::HungUp => "the node did not wait for the answer: if this goes on, the device is too slow, or has too many \
             chains to sign for"
            .to_owned(),
    }
}

/// A chain that signs no more.
pub fn stopped(chain: &str, stopped: Stopped) -> String {
    let what = match stopped {
        Stopped::MarkRegressed { before, shown, .. } => {
            format!("the device shows the mark {shown}, below {before} that it showed or signed before")
        }
        Stopped::Conflict { released, signed, .. } => {
            format!("the device signed {signed}, which conflicts with {released} that was signed before")
        }
    };
    format!(
        "DOUBLE-SIGN RISK on {chain}: {what}. Signing for {chain} has stopped and stays stopped after a restart. Unplug \
         this device, keep the state directory, and run `highwater mark adopt {chain}` with a spare."
    )
}

/// The owner lowered the mark, and the host was not told.
pub fn taken_back_on_device(chain: &str, requested: Hrs, mark: Hrs) -> String {
    format!(
        "The mark of {chain} was lowered on the device to {mark}, but this bridge knows {requested} as requested. \
         Nothing up to {requested} is signed. Run `highwater mark set {chain} {}` to raise the mark again.",
        as_option(requested)
    )
}

/// The owner was asked to lower the mark, and nobody told what the owner said.
pub fn lowering(chain: &str, requested: Hrs, to: Hrs, below: Option<Hrs>) -> String {
    let below = below.map(|below| format!(" --below-signed {below}")).unwrap_or_default();
    format!(
        "The owner of {chain} was asked to lower the mark to {to}, and the answer is not known. Nothing up to {requested} \
         is signed meanwhile. Answer the question on the device. If the device shows none, run `highwater mark set \
         {chain} {}` again, and approve or reject it.",
        as_option(to) + &below
    )
}

/// A mark as a command takes it: a place without a step is nothing that was signed.
pub(super) fn as_option(mark: Hrs) -> String {
    match mark.step {
        Step::None => format!("--next-height {}", mark.height.value()),
        _ => format!("--last-signed {mark}"),
    }
}

/// A mark below what is known was asked for.
pub fn below_known(chain: &str, to: Hrs, known: Hrs) -> String {
    format!(
        "{chain} may already be signed up to {known}, so its mark cannot be {to}. Choose a mark at or above {known}. \
         Only if you are certain that nothing above {to} was ever signed with this key, repeat the place: \
         --below-signed {known}."
    )
}

/// Why a word about a chain took no effect.
pub fn not_said(chain: &str, not_said: NotSaid) -> String {
    match not_said {
        NotSaid::NotServed => super::not_served(chain),
        NotSaid::Below(below) => format!(
            "{chain} may already be signed up to {known}. Choose a mark at or above {known}, or repeat the place: \
             --below-signed {known}.",
            known = below.known
        ),
        NotSaid::NotAdopted(why) => not_adopted(chain, why),
        NotSaid::NotWritten => super::not_written(chain),
        NotSaid::Ending => "The daemon is ending. Start it again, then run the command again.".to_owned(),
    }
}

/// A device was adopted, and its pin is not on the disk.
pub fn pinning(chain: &str) -> String {
    format!(
        "Another device takes {chain} over, and its pin cannot be written to pins.toml yet. Nothing is signed for {chain} \
         meanwhile. Look at the disk of state_dir: the daemon tries again every 5 s, and goes on by itself. \
         If the daemon ends before, run `highwater mark adopt {chain}` again."
    )
}

/// Why a device cannot take a chain over.
pub fn not_adopted(chain: &str, why: NotAdopted) -> String {
    match why {
        NotAdopted::NotThere | NotAdopted::NotArmed => super::adopt_changed(chain),
        NotAdopted::Pinning => pinning(chain),
        NotAdopted::Low(below) => format!(
            "The mark of {chain} on this device is below {}, which may be signed. Run `highwater mark adopt {chain}` \
             again and approve the mark.",
            below.known
        ),
        NotAdopted::UnderWay => format!(
            "A signature of {chain} is under way. Wait a few seconds, then run `highwater mark adopt {chain}` again."
        ),
        NotAdopted::SameDevice(stopped) => super::adopt_fallen(&self::stopped(chain, stopped)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_is_free_after_the_times_that_the_machine_takes() {
        let hrs = Hrs::new(7, 1, Step::Prevote).unwrap();
        let text = refusal("alpha-1", hrs, "unix:///b", &Refusal::Owned { owner: "unix:///a".into() });
        let (silent, down) = (OWNER_SILENT.as_secs_f64(), OWNER_DOWN.as_secs_f64());
        assert!(text.contains(&format!("unix:///a has sent nothing for {silent:.1} s")), "{text}");
        assert!(text.contains(&format!("its link has been down for {down} s")), "{text}");
        assert!(text.contains("11.7 s") && !text.contains("silent for 5 s"), "{text}");
    }
}
