use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use highwater_core::hid::ReportWriter;
use highwater_sim::{Cable, SimDevice};

use super::*;

/// A cable with the simulated signer, and what else comes along it.
struct Fake {
    cable: RefCell<Cable>,
    incoming: RefCell<VecDeque<Vec<u8>>>,
    mute: bool,
}

impl Fake {
    fn new(before: Vec<Vec<u8>>, mute: bool) -> Self {
        let cable = RefCell::new(Cable::new(SimDevice::in_memory(b"hid")));
        Self { cable, incoming: RefCell::new(before.into()), mute }
    }
}

impl Reports for Fake {
    fn write(&self, report: &[u8; 1 + REPORT]) -> Result<(), TransportError> {
        assert_eq!(report[0], 0, "the report id");
        if !self.mute {
            let replies = self.cable.borrow_mut().to_device(&report[1..]);
            self.incoming.borrow_mut().extend(replies.iter().map(|report| report.to_vec()));
        }
        Ok(())
    }

    fn read(&self, report: &mut [u8; REPORT], millis: i32) -> Result<usize, TransportError> {
        let Some(next) = self.incoming.borrow_mut().pop_front() else {
            std::thread::sleep(Duration::from_millis(millis as u64));
            return Ok(0);
        };
        report[..next.len()].copy_from_slice(&next);
        Ok(next.len())
    }
}

fn stale(channel: u16, reply: &[u8]) -> Vec<u8> {
    let mut report = [0; REPORT];
    assert!(ReportWriter::new(channel).next(reply, &mut report));
    report.to_vec()
}

fn name(fake: &Fake, millis: u64) -> Result<Vec<u8>, TransportError> {
    exchange(fake, 7, &[0xe0, 4, 0, 0, 0], Instant::now() + Duration::from_millis(millis))
}

#[test]
fn a_late_reply_to_another_request_is_dropped() {
    let fake = Fake::new(vec![stale(6, b"old\x90\x00"), vec![1, 2, 3]], false);
    assert_eq!(name(&fake, 1_000).unwrap(), b"Highwater\x90\x00");
}

#[test]
fn a_mute_device_meets_the_deadline() {
    let start = Instant::now();
    assert!(matches!(name(&Fake::new(vec![], true), 50), Err(TransportError::Deadline)));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_report_out_of_order_spoils_the_link() {
    let mut second = stale(7, b"Highwater\x90\x00");
    second[4] = 1;
    assert!(matches!(name(&Fake::new(vec![second], true), 1_000), Err(TransportError::Framing(_))));
}
