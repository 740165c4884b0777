//! Alerts about the daemon, its links, its disk and its log.

use std::fs::{self, OpenOptions};

use super::Watch;
use crate::desk::{Desk, prevote};
use crate::harness::signed_vote;

const TROUBLE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_died() {
    let desk = Desk::pinned("on-call");
    let Some(mut watch) = Watch::new(&desk) else { return };
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    drop(daemon);
    watch.sees(TROUBLE).await;
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterDown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down() {
    let desk = Desk::pinned("on-call");
    let Some(mut watch) = Watch::new(&desk) else { return };
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    daemon.node_leaves(&desk);
    let up = format!(
        "highwater_node_up{{chain=\"alpha-1\",node=\"unix://{}\"}}",
        desk.path("node.sock").display()
    );
    watch.until(&format!("{up} 0")).await;
    watch.sees(TROUBLE).await;
    daemon.node_returns(&desk).await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until(&format!("{up} 1")).await;
    watch.sees_cured().await;
    watch.raised("HighwaterNodeDown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_state_file() {
    let desk = Desk::pinned("on-call");
    let Some(mut watch) = Watch::new(&desk) else { return };
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    // No file can be made in what stands in the folder's place.
    let (folder, away) = (desk.path("state/chains"), desk.path("away"));
    fs::rename(&folder, &away).unwrap();
    fs::write(&folder, "").unwrap();
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    daemon.until("state.unwritten").await;
    watch.sees(TROUBLE).await;
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    daemon.until("state.written").await;
    watch.until("highwater_state_file_behind_seconds{chain=\"alpha-1\"} 0.0").await;
    watch.sees_cured().await;
    watch.raised("HighwaterStateFile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_disk_is_full() {
    let desk = Desk::pinned("on-call");
    let Some(mut watch) = Watch::new(&desk) else { return };
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut daemon = desk.daemon_with(|command| _ = command.stdout(full())).await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    watch.sees(TROUBLE).await;
    drop(daemon);
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(7, 1)).await);
    watch.until("highwater_log_lines_dropped_total 0").await;
    watch.sees_cured().await;
    watch.raised("HighwaterLogLinesDropped");
}
