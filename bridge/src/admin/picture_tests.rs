use super::*;
use crate::admin::tests::{chain_report, healthy, with_a_name};
use crate::admin::{ElsewhereReport, SignatureReport};
use crate::device::SlotState;

fn row(picture: &Picture, part: usize, name: &str) -> Said {
    let rows = &picture.parts[part].rows;
    rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} in {rows:?}")).value.clone()
}

fn signature(place: &str, took_seconds: f64, age_seconds: f64) -> SignatureReport {
    SignatureReport { place: place.parse().unwrap(), took_seconds, age_seconds }
}

#[test]
fn the_headline_is_bad_where_one_chain_does_not_sign_and_careful_where_one_is_warned_of() {
    let mut report = healthy();
    assert_eq!(Picture::of(&report).headline, Said::new(Tone::Good, "SIGNING"));
    assert_eq!(Picture::of(&report).verdict, "1 chain");
    report.chains.push(chain_report(Some(SlotState::Armed)));
    report.chains[1].warning = Some("the state file cannot be written".to_owned());
    report.verdict = "SIGNING: 2 chains; WARNING: the state file cannot be written".to_owned();
    let picture = Picture::of(&report);
    assert_eq!(picture.headline, Said::new(Tone::Care, "SIGNING, WITH A WARNING"));
    assert_eq!(picture.verdict, report.verdict);
    report.healthy = false;
    report.verdict = "NOT SIGNING: no Ledger is plugged in".to_owned();
    let picture = Picture::of(&report);
    assert_eq!(picture.headline, Said::new(Tone::Bad, "NOT SIGNING"));
    assert_eq!(picture.verdict, "no Ledger is plugged in");
}

#[test]
fn a_device_that_is_away_says_why_and_a_chain_does_not_repeat_that() {
    let fault = "the device is locked: enter its PIN".to_owned();
    let mut chain = chain_report(None);
    chain.problem = Some(fault.clone());
    let report =
        Report { healthy: false, device: None, fault: Some(fault.clone()), chains: vec![chain], ..healthy() };
    let picture = Picture::of(&report);
    let [device, chain] = &picture.parts[..] else { panic!("{picture:?}") };
    assert_eq!(
        (&device.name, &device.sentences),
        (&Said::new(Tone::Bad, "away"), &vec![Said::new(Tone::Bad, fault)])
    );
    assert_eq!((&chain.word, &chain.sentences), (&Some(Said::new(Tone::Bad, "does not sign")), &vec![]));
    assert_eq!(row(&picture, 1, "mark").text, "not known");
    assert_eq!(row(&picture, 1, "height").text, "none yet");
    let opening = Picture::of(&Report { fault: None, ..report });
    assert_eq!(opening.parts[0].name, Said::new(Tone::Plain, "being opened"));
    assert_eq!(opening.parts[1].sentences.len(), 1, "nobody else says it");
}

#[test]
fn of_several_devices_each_has_a_part_and_each_chain_says_which_is_its_own() {
    let mut report = with_a_name(healthy(), "ledger");
    let mut hsm = with_a_name(healthy(), "hsm");
    let fault = "the device is locked: enter its PIN".to_owned();
    (hsm.devices[0].device, hsm.devices[0].fault) = (None, Some(fault.clone()));
    (hsm.chains[0].chain, hsm.chains[0].state) = ("beta-1".to_owned(), None);
    hsm.chains[0].problem = Some(format!("device hsm: {fault}"));
    report.devices.append(&mut hsm.devices);
    report.chains.append(&mut hsm.chains);
    report.log_lines_dropped = 3;
    let picture = Picture::of(&report);
    let [ledger, hsm, alpha, beta] = &picture.parts[..] else { panic!("{picture:?}") };
    assert_eq!(ledger.name.text, "ledger: Nano S, Highwater 0.1.0, sound");
    assert_eq!(ledger.sentences, [Said::new(Tone::Care, "3 lines of the log were dropped")]);
    assert_eq!(hsm.name, Said::new(Tone::Bad, "hsm: away"));
    assert_eq!(hsm.sentences, [Said::new(Tone::Bad, fault)]);
    assert_eq!(
        (&alpha.word, row(&picture, 2, "device").text),
        (&Some(Said::new(Tone::Good, "signs")), "ledger".to_owned())
    );
    assert_eq!((&beta.sentences, row(&picture, 3, "device").text), (&vec![], "hsm".to_owned()));
    // The other device has a slot of this name too: what it says is not this chain's.
    assert_eq!(row(&picture, 3, "mark").text, "not known");
    assert!(Picture::of(&healthy()).parts[1].rows.iter().all(|row| row.name != "device"));
}

#[test]
fn the_last_signature_is_told_with_what_it_took_and_the_height_before_the_start_with_none() {
    let mut report = healthy();
    report.device.as_mut().unwrap().slots[0].highest_signed = "41/0/precommit".parse().unwrap();
    report.chains[0].signature_age_seconds = 200.0;
    let picture = Picture::of(&report);
    assert_eq!(row(&picture, 1, "height").text, "41");
    assert_eq!(row(&picture, 1, "last").text, "nothing signed since the start, 3 min ago");
    report.chains[0].last = Some("42/0/prevote".parse().unwrap());
    report.chains[0].signature_age_seconds = 1.0;
    report.chains[0].recent =
        vec![signature("42/0/prevote", 0.004_26, 1.0), signature("41/1/precommit", 0.2, 7.0)];
    let picture = Picture::of(&report);
    assert_eq!(row(&picture, 1, "height").text, "42");
    assert_eq!(row(&picture, 1, "last").text, "42/0/prevote, 1 s ago, took 4.3 ms");
    let recent = |place: &str, took: &str, ago: &str| Recent {
        place: place.into(),
        took: took.into(),
        ago: ago.into(),
    };
    assert_eq!(
        picture.parts[1].recent,
        [recent("42/0/prevote", "4.3 ms", "1 s ago"), recent("41/1/precommit", "200 ms", "7 s ago")]
    );
    // A repeat for an older place is not what the last one took.
    report.chains[0].recent.remove(0);
    assert_eq!(row(&Picture::of(&report), 1, "last").text, "42/0/prevote, 1 s ago");
}

#[test]
fn what_an_operator_must_look_at_is_meant_so() {
    let mut report = healthy();
    assert_eq!(row(&Picture::of(&report), 1, "missed"), Said::new(Tone::Plain, "0 heights since the start"));
    assert_eq!(row(&Picture::of(&report), 1, "node").tone, Tone::Good);
    assert_eq!(row(&Picture::of(&report), 1, "flash").text, "12.0 years left, 1.00 % of rated life");
    report.chains[0].heights_missed = 1;
    report.chains[0].nodes[0].silent_seconds = Some(14);
    report.chains[0].stopped = true;
    report.log_lines_dropped = 3;
    let picture = Picture::of(&report);
    assert_eq!(row(&picture, 1, "missed"), Said::new(Tone::Care, "1 height since the start"));
    assert_eq!(row(&picture, 1, "node"), Said::new(Tone::Care, "unix:///run/node.sock silent for 14 s"));
    assert_eq!(picture.parts[1].word, Some(Said::new(Tone::Bad, "STOPPED: DOUBLE-SIGN RISK")));
    assert_eq!(picture.parts[0].sentences, [Said::new(Tone::Care, "3 lines of the log were dropped")]);
    report.chains[0].nodes[0].connected = false;
    assert_eq!(row(&Picture::of(&report), 1, "node").tone, Tone::Bad);
}

#[test]
fn another_signer_of_the_key_is_drawn_as_the_worst_that_there_is() {
    let mut report = healthy();
    let found = report.chains[0].on_chain.as_mut().unwrap();
    found.signed_elsewhere =
        Some(ElsewhereReport { blocks: 15, first_height: "199".to_owned(), last_height: "213".to_owned() });
    (found.elsewhere, found.present) = (15, 82);
    report.chains[0].warning = Some("DOUBLE-SIGN RISK on alpha-1".to_owned());
    let picture = Picture::of(&report);
    assert_eq!(picture.headline, Said::new(Tone::Bad, "SIGNING, DOUBLE-SIGN RISK"));
    assert_eq!(picture.parts[1].word, Some(Said::new(Tone::Bad, "signs: DOUBLE-SIGN RISK")));
    assert_eq!(picture.parts[1].sentences, [Said::new(Tone::Bad, "DOUBLE-SIGN RISK on alpha-1")]);
    let on_chain = row(&picture, 1, "on chain");
    assert_eq!(on_chain.tone, Tone::Bad);
    assert!(
        on_chain.text.contains("82 of the last 100") && on_chain.text.contains("SIGNED ELSEWHERE: 15"),
        "{on_chain:?}"
    );
    (report.healthy, report.chains[0].problem) = (false, report.chains[0].warning.take());
    let picture = Picture::of(&report);
    assert_eq!(picture.headline, Said::new(Tone::Bad, "NOT SIGNING, DOUBLE-SIGN RISK"));
    assert_eq!(picture.parts[1].word, Some(Said::new(Tone::Bad, "does not sign: DOUBLE-SIGN RISK")));
}

#[test]
fn a_time_that_is_none_is_drawn_all_the_same() {
    let mut report = healthy();
    for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        report.chains[0].signature_age_seconds = wrong;
        report.chains[0].recent = vec![signature("1/0/prevote", wrong, wrong)];
        assert_eq!(Picture::of(&report).parts[1].recent[0].took, "0.0 ms");
    }
}
