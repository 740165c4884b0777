//! Of what a watcher is told: why a chain does not sign although device and links are up.

use std::time::Duration;

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

/// How long a node has sent nothing.
pub fn silent_for(silent: Duration) -> String {
    format!("silent for {} s", silent.as_secs())
}
