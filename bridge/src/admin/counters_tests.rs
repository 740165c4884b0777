use super::*;
use crate::admin::status::tests::{chain_report, healthy, with_a_name};
use crate::admin::{DeviceState, Report};
use crate::device::Target;

fn hrs(height: u64, step: Step) -> Hrs {
    Hrs::new(height, 0, step).unwrap()
}

fn missing<'a>(page: &str, lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().copied().filter(|line| !page.lines().any(|known| known == *line)).collect()
}

#[test]
fn the_page_names_chain_and_numbers() {
    let counters = Counters::new();
    counters.serve("alpha-1", None);
    counters.signed("alpha-1", hrs(7, Step::Prevote), Duration::from_millis(3));
    counters.extended("alpha-1", Duration::from_millis(5));
    counters.device("alpha-1", MessageKind::Prevote, Duration::from_millis(2));
    counters.refused("alpha-1", Reason::Host(Kind::RefusedConflict));
    counters.refused("alpha-1", Reason::Device(Status::Conflict));
    counters.state_late("alpha-1");
    let page = counters.page(&healthy()).unwrap();
    let lines = [
        "highwater_build_info{version=\"0.1.0\"} 1",
        "highwater_signatures_total{chain=\"alpha-1\"} 1",
        "highwater_refusals_total{chain=\"alpha-1\",reason=\"conflict\"} 1",
        "highwater_refusals_total{chain=\"alpha-1\",reason=\"device_b006\"} 1",
        // Before it first comes.
        "highwater_refusals_total{chain=\"alpha-1\",reason=\"device_b008\"} 0",
        "highwater_refusals_total{chain=\"alpha-1\",reason=\"stopped\"} 0",
        "highwater_height{chain=\"alpha-1\"} 7",
        "highwater_heights_missed_total{chain=\"alpha-1\"} 0",
        "highwater_sign_seconds_count{chain=\"alpha-1\"} 1",
        "highwater_extension_seconds_count{chain=\"alpha-1\"} 1",
        "highwater_device_seconds_count{chain=\"alpha-1\",kind=\"prevote\"} 1",
        "highwater_device_seconds_count{chain=\"alpha-1\",kind=\"proposal\"} 0",
        "highwater_state_file_late_total{chain=\"alpha-1\"} 1",
        "highwater_log_lines_dropped_total 0",
    ];
    assert_eq!(missing(&page, &lines), [""; 0], "{page}");
    assert_eq!(counters.of("alpha-1"), [1, 2, 0]);
}

#[test]
fn the_last_signatures_of_each_chain_are_kept_newest_first_and_no_more_of_them() {
    let counters = Counters::new();
    assert_eq!(counters.recent("alpha-1"), []);
    for height in 1..=20 {
        counters.signed("alpha-1", hrs(height, Step::Precommit), Duration::from_millis(height));
    }
    counters.signed("beta-1", hrs(5, Step::Prevote), Duration::from_millis(3));
    let seen = |chain| -> Vec<(u64, u128)> {
        let recent = counters.recent(chain);
        assert!(recent.is_sorted_by(|newer, older| newer.at >= older.at), "{recent:?}");
        recent.iter().map(|one| (one.hrs.height.value(), one.took.as_millis())).collect()
    };
    assert_eq!(
        seen("alpha-1"),
        (13..=20).rev().map(|height| (height, u128::from(height))).collect::<Vec<_>>()
    );
    assert_eq!(seen("beta-1"), [(5, 3)]);
}

#[test]
fn what_is_so_now_is_as_the_report_has_it() {
    let counters = Counters::new();
    let mut report = healthy();
    report.chains[0].state_file_behind_seconds = 1.5;
    report.chains[0].signature_age_seconds = 2.5;
    let page = counters.page(&report).unwrap();
    let lines = [
        "highwater_device_up 1",
        "highwater_device_state{state=\"ready\"} 1",
        "highwater_device_state{state=\"locked\"} 0",
        "highwater_device_mark_on_host 0",
        "highwater_chain_key_imported{chain=\"alpha-1\"} 0",
        "highwater_chain_signing{chain=\"alpha-1\"} 1",
        "highwater_chain_stopped{chain=\"alpha-1\"} 0",
        "highwater_slot_state{chain=\"alpha-1\",state=\"armed\"} 1",
        "highwater_slot_state{chain=\"alpha-1\",state=\"unclear\"} 0",
        "highwater_node_up{chain=\"alpha-1\",node=\"unix:///run/node.sock\"} 1",
        "highwater_last_signature_age_seconds{chain=\"alpha-1\"} 2.5",
        "highwater_state_file_behind_seconds{chain=\"alpha-1\"} 1.5",
        "highwater_rpc_up{chain=\"alpha-1\"} 1",
        "highwater_last_blocks{chain=\"alpha-1\",ours=\"present\"} 97",
        "highwater_last_blocks{chain=\"alpha-1\",ours=\"late\"} 2",
        "highwater_last_blocks{chain=\"alpha-1\",ours=\"unasked\"} 1",
        "highwater_last_blocks{chain=\"alpha-1\",ours=\"not_in_set\"} 0",
        "highwater_block_seconds{chain=\"alpha-1\"} 6.0",
        "highwater_signing_ratio{chain=\"alpha-1\"} 0.155",
        "highwater_flash_left_years{chain=\"alpha-1\"} 12.0",
        "highwater_flash_wear_ratio{chain=\"alpha-1\"} 0.01",
    ];
    assert_eq!(missing(&page, &lines), [""; 0], "{page}");
    let session = report.device.as_mut().unwrap();
    (session.target, session.slots[0].key_index) = (Target::YubiHsm2, 1 << 31);
    let page = counters.page(&report).unwrap();
    let lines = ["highwater_device_mark_on_host 1", "highwater_chain_key_imported{chain=\"alpha-1\"} 1"];
    assert_eq!(missing(&page, &lines), [""; 0], "{page}");

    let away = Report {
        device: None,
        device_state: DeviceState::Locked,
        chains: vec![chain_report(None)],
        ..healthy()
    };
    let page = counters.page(&away).unwrap();
    let lines = [
        "highwater_device_up 0",
        "highwater_device_state{state=\"ready\"} 0",
        "highwater_device_state{state=\"locked\"} 1",
        "highwater_slot_state{chain=\"alpha-1\",state=\"armed\"} 0",
        "highwater_slot_state{chain=\"alpha-1\",state=\"unknown\"} 1",
    ];
    assert_eq!(missing(&page, &lines), [""; 0], "{page}");
    assert!(!page.contains("highwater_flash_left_years{"), "of a device that is away nothing is known");
}

/// The label is there only where devices have names: what watches one without a name sees what it always saw.
#[test]
fn each_device_that_has_a_name_has_its_own_lines_and_its_chains_are_told() {
    let counters = Counters::new();
    let mut report = with_a_name(healthy(), "ledger");
    let mut hsm = with_a_name(healthy(), "hsm");
    hsm.chains[0].chain = "beta-1".to_owned();
    hsm.devices[0].device_state = DeviceState::Locked;
    hsm.devices[0].device = None;
    report.devices.append(&mut hsm.devices);
    report.chains.append(&mut hsm.chains);
    let page = counters.page(&report).unwrap();
    let lines = [
        "highwater_device_up{device=\"ledger\"} 1",
        "highwater_device_up{device=\"hsm\"} 0",
        "highwater_device_state{device=\"ledger\",state=\"ready\"} 1",
        "highwater_device_state{device=\"ledger\",state=\"locked\"} 0",
        "highwater_device_state{device=\"hsm\",state=\"ready\"} 0",
        "highwater_device_state{device=\"hsm\",state=\"locked\"} 1",
        "highwater_device_mark_on_host{device=\"ledger\"} 0",
        "highwater_chain_device{chain=\"alpha-1\",device=\"ledger\"} 1",
        "highwater_chain_device{chain=\"beta-1\",device=\"hsm\"} 1",
        // As it was, for rules and graphs.
        "highwater_chain_signing{chain=\"alpha-1\"} 1",
        "highwater_flash_left_years{chain=\"alpha-1\"} 12.0",
    ];
    assert_eq!(missing(&page, &lines), [""; 0], "{page}");
    assert!(!page.lines().any(|line| line.starts_with("highwater_device_up ")), "{page}");
    // Of the chain whose device is away the other one's slot tells nothing.
    assert!(!page.contains("highwater_flash_left_years{chain=\"beta-1\"}"), "{page}");
    let page = Counters::new().page(&healthy()).unwrap();
    assert!(!page.contains("device=\"") && !page.contains("highwater_chain_device"), "{page}");
}

#[test]
fn a_height_without_a_precommit_is_missed_and_rounds_and_restarts_are_not() {
    let missed = |before: Option<Hrs>, signed: &[Hrs]| {
        let counters = Counters::new();
        counters.serve("alpha-1", before);
        signed.iter().for_each(|hrs| counters.signed("alpha-1", *hrs, Duration::ZERO));
        counters.0.missed.get_or_create(&labels("alpha-1")).get()
    };
    let precommit = |height| hrs(height, Step::Precommit);
    assert_eq!(missed(None, &[precommit(1_000)]), 0, "where it begins nothing is missed");
    assert_eq!(missed(None, &[precommit(5), hrs(6, Step::Prevote), precommit(6), precommit(7)]), 0);
    assert_eq!(missed(None, &[precommit(5), Hrs::new(5, 1, Step::Precommit).unwrap(), precommit(6)]), 0);
    assert_eq!(missed(None, &[precommit(5), hrs(6, Step::Prevote), precommit(9)]), 3);
    assert_eq!(missed(Some(precommit(5)), &[precommit(6)]), 0, "a restart between two heights");
    assert_eq!(missed(Some(hrs(6, Step::Prevote)), &[precommit(6)]), 0, "a restart within a height");
    assert_eq!(missed(Some(hrs(6, Step::Prevote)), &[precommit(7)]), 1);
    assert_eq!(missed(Some(precommit(5)), &[precommit(8)]), 2, "while it was down");
}
