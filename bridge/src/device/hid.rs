//! A Ledger on USB, through the kernel's hidraw. `choice` says which.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hidapi::{DeviceInfo, HidApi, HidDevice, HidError};
use highwater_core::hid::{FromDevice, HostReader, REPORT, split};
use zeroize::Zeroizing;

use super::choice::{Bus, Interface};
use super::{Absence, Lock, LockError, Transport, TransportError};

/// All that is plugged in.
pub(super) struct Usb {
    /// As the last enumeration found it.
    api: Option<HidApi>,
    channel: u16,
}

impl Usb {
    pub(super) fn new() -> Self {
        Self { api: None, channel: rand::random() }
    }
}

impl Bus for Usb {
    fn interfaces(&mut self) -> Result<Vec<Interface>, TransportError> {
        let api = self.api.insert(HidApi::new().map_err(usb)?);
        Ok(api.device_list().map(Interface::of).collect())
    }

    fn open(&mut self, path: &Path) -> Result<Box<dyn Transport>, TransportError> {
        let api = self.api.as_ref().ok_or(Absence::Closed)?;
        let info = api.device_list().find(|info| file(info) == path).ok_or(Absence::NoLedger)?;
        let lock = Lock::take_existing(path).map_err(|error| match error {
            LockError::Held(_) => TransportError::InUse(path.display().to_string()),
            LockError::Io(_, io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
                TransportError::Permission(path.display().to_string())
            }
            error => Absence::Usb(error.to_string()).into(),
        })?;
        let reports = info.open_device(api).map_err(usb)?;
        // A fresh range of channels, so that a late reply to the last link's request is foreign here.
        self.channel = self.channel.wrapping_add(0x1001);
        Ok(Box::new(Hid { reports, channel: self.channel, _lock: lock }))
    }
}

fn usb(error: HidError) -> TransportError {
    Absence::Usb(error.to_string()).into()
}

/// The device file of an interface.
fn file(info: &DeviceInfo) -> PathBuf {
    PathBuf::from(info.path().to_string_lossy().into_owned())
}

impl Interface {
    fn of(info: &DeviceInfo) -> Self {
        Self {
            vendor: info.vendor_id(),
            product: info.product_id(),
            usage_page: info.usage_page(),
            serial: info.serial_number().map(str::to_owned),
            path: file(info),
        }
    }
}

/// Where reports go and come from; the device file, or a fake.
trait Reports {
    fn write(&self, report: &[u8; 1 + REPORT]) -> Result<(), TransportError>;
    /// Bytes read; 0 when the time ran out.
    fn read(&self, report: &mut [u8; REPORT], millis: i32) -> Result<usize, TransportError>;
}

impl Reports for HidDevice {
    fn write(&self, report: &[u8; 1 + REPORT]) -> Result<(), TransportError> {
        Self::write(self, report).map(|_| ()).map_err(io)
    }

    fn read(&self, report: &mut [u8; REPORT], millis: i32) -> Result<usize, TransportError> {
        self.read_timeout(report, millis).map_err(io)
    }
}

fn io(error: HidError) -> TransportError {
    TransportError::Io(std::io::Error::other(error.to_string()))
}

struct Hid<R> {
    reports: R,
    channel: u16,
    _lock: Lock,
}

impl<R: Reports + Send> Transport for Hid<R> {
    fn exchange(&mut self, apdu: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.channel = self.channel.wrapping_add(1);
        exchange(&self.reports, self.channel, apdu, deadline)
    }
}

fn exchange(
    reports: &impl Reports,
    channel: u16,
    apdu: &[u8],
    deadline: Instant,
) -> Result<Vec<u8>, TransportError> {
    let mut sent = Ok(());
    split(channel, apdu, |report| {
        // hidraw wants the report id first; this interface has none, which is 0.
        let mut numbered = Zeroizing::new([0; 1 + REPORT]);
        numbered[1..].copy_from_slice(report);
        if sent.is_ok() {
            sent = reports.write(&numbered);
        }
    });
    sent?;
    let mut reader = HostReader::new(channel);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TransportError::Deadline);
        }
        let mut report = [0; REPORT];
        let read = reports.read(&mut report, left.as_millis().clamp(1, 1_000) as i32)?;
        match reader.report(&report[..read]) {
            FromDevice::Done => return Ok(reader.reply().to_vec()),
            FromDevice::More | FromDevice::Foreign => {}
            FromDevice::Broken => return Err(TransportError::Framing("a report out of order")),
        }
    }
}

#[cfg(test)]
#[path = "hid_tests.rs"]
mod tests;
