//! Somebody on call: each alert is raised by its cause, on a daemon with a simulated device, and ends by what its page says.
//!
//! What the real `/metrics` shows before, in trouble and after the cure becomes the input of promtool, which evaluates the real
//! rules: time runs there, so that an alert with `for: 1h` needs no hour here. `cargo xtask test --only alerts` brings promtool.

mod device;
mod links;
mod requests;
mod watch;

pub(crate) use watch::{Watch, promtool, scrape};

use std::collections::BTreeSet;

/// Alerts that no test here provokes, and why.
const NOT_HERE: [(&str, &str); 0] = [];

/// Every alert has a test that is called by its name, or a reason.
#[test]
fn each_alert_is_raised_and_cured_here() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = std::fs::read_to_string(root.join("../packaging/prometheus/highwater.rules.yml")).unwrap();
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: BTreeSet<String> = alerts.map(str::to_owned).collect();
    let mut raised = BTreeSet::new();
    for file in ["on_call/device.rs", "on_call/links.rs", "on_call/requests.rs", "hsm.rs", "link_down.rs"] {
        let text = std::fs::read_to_string(root.join("tests/it").join(file)).unwrap();
        let named = text.split(".raised").skip(1).filter_map(|rest| rest.split('"').nth(1));
        raised.extend(named.map(str::to_owned));
    }
    raised.extend(NOT_HERE.iter().map(|(alert, _)| (*alert).to_owned()));
    assert_eq!(raised, alerts);
}
