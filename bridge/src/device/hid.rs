//! A Ledger on USB, through the kernel's hidraw.
//!
//! The product id's high byte is the model, its low byte the set of interfaces (Ledger's numbering). Of its
//! interfaces the one of usage page 0xFFA0 carries APDUs; 0xF1D0 is U2F.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hidapi::{DeviceInfo, HidApi, HidDevice, HidError};
use highwater_core::hid::{FromDevice, HostReader, REPORT, split};

use super::{Lock, LockError, Transport, TransportError};

const VENDOR: u16 = 0x2c97;
/// Nano S, Nano S Plus.
const MODELS: [u8; 2] = [0x10, 0x50];
const USAGE_PAGE: u16 = 0xffa0;

/// Picks a Ledger and opens it.
pub(super) struct Opener {
    serial: Option<String>,
    path: Option<PathBuf>,
    channel: u16,
}

impl Opener {
    pub(super) fn new(serial: Option<String>, path: Option<PathBuf>) -> Self {
        Self { serial, path, channel: rand::random() }
    }
}

impl super::Opener for Opener {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        // Enumerated anew each time: a replugged device has another number.
        let api = HidApi::new().map_err(|error| TransportError::Absent(error.to_string()))?;
        let mut found = api.device_list().filter(|info| {
            let seen = Candidate::of(info);
            seen.is_ledger() && seen.is_wanted(self.serial.as_deref(), self.path.as_deref())
        });
        let info = found.next().ok_or_else(|| TransportError::Absent("no Ledger on USB".to_owned()))?;
        if found.next().is_some() {
            let text = "several Ledgers are plugged in and neither serial nor path says which";
            return Err(TransportError::Absent(text.to_owned()));
        }
        let path = PathBuf::from(info.path().to_string_lossy().into_owned());
        let lock = Lock::take_existing(&path).map_err(|error| match error {
            LockError::Held(_) => TransportError::InUse(path.display().to_string()),
            LockError::Io(_, io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
                TransportError::Permission(path.display().to_string())
            }
            LockError::Io(..) => TransportError::Absent(error.to_string()),
        })?;
        let reports = info.open_device(&api).map_err(|error| TransportError::Absent(error.to_string()))?;
        // A fresh range of channels, so that a late reply to the last link's request is foreign here.
        self.channel = self.channel.wrapping_add(0x1001);
        Ok(Box::new(Hid { reports, channel: self.channel, _lock: lock }))
    }
}

/// What the enumeration tells of an interface.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    vendor: u16,
    product: u16,
    usage_page: u16,
    serial: Option<&'a str>,
    path: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    fn of(info: &'a DeviceInfo) -> Self {
        Self {
            vendor: info.vendor_id(),
            product: info.product_id(),
            usage_page: info.usage_page(),
            serial: info.serial_number(),
            path: info.path().to_str().ok(),
        }
    }

    fn is_ledger(&self) -> bool {
        self.vendor == VENDOR
            && MODELS.contains(&((self.product >> 8) as u8))
            && self.usage_page == USAGE_PAGE
    }

    fn is_wanted(&self, serial: Option<&str>, path: Option<&Path>) -> bool {
        serial.is_none_or(|serial| self.serial == Some(serial))
            && path.is_none_or(|path| self.path.map(Path::new) == Some(path))
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
        let mut numbered = [0; 1 + REPORT];
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
