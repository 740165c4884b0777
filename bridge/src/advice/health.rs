//! Of what a watcher is told: why a chain does not sign although device and links are up.

use std::time::Duration;

use highwater_core::hrs::Hrs;
use highwater_guard::Cause;

use super::silence;
use crate::signer::Last;

/// The last request is undecided.
pub fn undecided(chain: &str, hrs: Hrs, cause: Cause) -> String {
    format!("{chain} {hrs} has no signature: {}", silence(cause))
}

/// No request of a node is signed.
pub fn unsigned(chain: &str, requests: u64, last: &Last) -> String {
    let last = match last {
        Last::Refused(words) => format!(", last refusal: {words}"),
        Last::Undecided(hrs, cause) => format!(", last cause: {hrs}: {}", silence(*cause)),
        Last::Over => {
            ". By what the device and the disk show since, what held them up is over, and nothing was asked since: wait \
             10 s for the node to ask again"
                .to_owned()
        }
    };
    format!("{chain}: no signature since {requests} requests{last}")
}

/// The last height to sign is behind.
pub fn above_stop(chain: &str, stop: u64) -> String {
    format!(
        "{chain} is above its stop_height {stop}, so nothing is signed for it any more, as the config says. To sign on, \
         change or remove it in the config and restart the bridge"
    )
}

/// The device's task is held up, so nothing is known of the device.
pub fn cable_hangs(age: Duration) -> String {
    format!(
        "the cable to the device hangs: no look at it came to an end for {} s, so nothing is signed. Replug the device; if \
         this goes on, restart the daemon",
        age.as_secs()
    )
}

/// Nodes are connected, and none of them says anything.
pub fn nodes_silent(chain: &str, nodes: &[(&str, Duration)]) -> String {
    let nodes = nodes.iter().map(|(node, silent)| format!("{node} {}", silent_for(*silent)));
    format!(
        "{chain} is connected but silent: {}, although a node pings every 3 s. Check that the node is not hung or stopped, \
         and that no other signer is connected to it; start it again",
        nodes.collect::<Vec<_>>().join(", ")
    )
}

/// A time that has passed, by its largest unit.
pub(crate) fn duration(passed: Duration) -> String {
    match passed.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// `status --watch` has no terminal to draw on.
pub(crate) fn watch_no_terminal() -> &'static str {
    "`--watch` draws on a terminal, and there is none: for a program use `highwater status --json`"
}

/// How long a node has sent nothing.
pub fn silent_for(silent: Duration) -> String {
    format!("silent for {} s", silent.as_secs())
}

/// Of a chain with one node whose state file is not written.
const GOES_ON: &str = "signing does not wait for it, since the device has the mark, but a crash now would leave an old place in the file";

/// The state file cannot be written.
pub fn disk_fails(chain: &str, why: &str, several: bool) -> String {
    let what = match several {
        true => "with several nodes nothing is signed without it",
        false => GOES_ON,
    };
    format!(
        "the state file of {chain} cannot be written: {what}. {why}. It is tried again every 5 s, so mend it while the daemon runs, \
         and restart nothing. If it has to stop, as for `umount` or `fsck`: docs/alerts.md#highwaterstatefile says how, and until the file is \
         written no spare takes its mark from it"
    )
}

/// A write of the state file does not come to its end.
pub fn disk_hangs(chain: &str, behind: Duration, several: bool) -> String {
    let what = match several {
        true => "with several nodes nothing is signed before it is done",
        false => GOES_ON,
    };
    format!(
        "a write of the state file of {chain} has taken {} s and goes on: {what}. Its disk hangs: look at the disk of \
         state_dir and at the kernel's log",
        behind.as_secs()
    )
}
