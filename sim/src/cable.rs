//! The USB cable between a host and a device, report by report.

use highwater_core::apdu::{Reply, Status};
use highwater_core::hid::{Assembler, FromDevice, HostReader, REPORT, Received, ReportWriter, split};

use crate::SimDevice;

/// Joins the host's and the device's framing, and counts reports.
#[derive(Debug)]
pub struct Cable {
    /// The device at the far end.
    pub device: SimDevice,
    assembler: Assembler,
    channel: u16,
    /// Reports of the last exchange, both directions.
    pub reports: usize,
}

impl Cable {
    /// A device on a cable.
    pub fn new(device: SimDevice) -> Self {
        Self { device, assembler: Assembler::new(), channel: 0, reports: 0 }
    }

    /// One exchange on a fresh channel. `None` if the device did not answer or its answer broke the framing.
    pub fn exchange(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        self.channel = self.channel.wrapping_add(1);
        let channel = self.channel;
        let mut out = Vec::new();
        split(channel, apdu, |report| out.push(*report));
        let mut answer = Vec::new();
        for report in &out {
            answer.extend(self.to_device(report));
        }
        self.reports = out.len() + answer.len();
        let mut reader = HostReader::new(channel);
        for report in &answer {
            match reader.report(report) {
                FromDevice::Done => return Some(reader.reply().to_vec()),
                FromDevice::More | FromDevice::Foreign => {}
                FromDevice::Broken => return None,
            }
        }
        None
    }

    /// One report to the device, whatever it holds; the reports that come back.
    pub fn to_device(&mut self, report: &[u8]) -> Vec<[u8; REPORT]> {
        let reply = match self.assembler.report(report) {
            Received::Nothing => return Vec::new(),
            Received::Command => self.device.exchange(self.assembler.command()),
            Received::Oversized => {
                let mut reply = Reply::new();
                reply.finish(Status::Length);
                reply.as_bytes().to_vec()
            }
        };
        let mut writer = ReportWriter::new(self.assembler.channel());
        let mut report = [0; REPORT];
        let mut reports = Vec::new();
        while writer.next(&reply, &mut report) {
            reports.push(report);
        }
        reports
    }
}
