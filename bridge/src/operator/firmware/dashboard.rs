//! A Ledger, whatever is open on it: the Highwater app, another one, or none, which is the system's dashboard.
//!
//! The dashboard tells its model and the version of its system to whoever asks. Its apps with their hashes it lists too; some
//! systems ask the owner first, and some do not tell.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, Reply};
use highwater_core::signer::APP_NAME;
use highwater_guard::encode;

use crate::advice::firmware as advice;
use crate::config::{self, Transport};
use crate::device::{self, DEADLINE, Fault};
use crate::failure::Failure;

/// What the dashboard calls itself.
const DASHBOARD: &str = "BOLOS";
/// The owner may be asked before apps are listed.
const CONSENT: Duration = Duration::from_secs(90);

const OK: u16 = 0x9000;
const LOCKED: u16 = 0x5515;

/// A Ledger, for this process alone while it lives.
pub(crate) struct Ledger(Box<dyn device::Transport>);

/// What is open on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Open {
    /// No app.
    Dashboard,
    /// Ours.
    Highwater,
    /// Another one.
    Other(String),
}

/// A model and its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct System {
    /// The number of the model.
    pub(crate) target: u32,
    /// The version of the system.
    pub(crate) version: String,
}

/// An app that the dashboard lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) name: String,
    /// The application full hash.
    pub(crate) hash: [u8; 32],
}

/// What came of asking for the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Apps {
    Listed(Vec<App>),
    /// The device does not tell, with this status word.
    Untold(u16),
}

impl Ledger {
    /// Opens the one that is plugged in, or that is played at this address.
    pub(crate) fn open(emulator: Option<SocketAddr>) -> Result<Self, Fault> {
        let transport = if emulator.is_some() { Transport::Speculos } else { Transport::Hid };
        let devices = [config::Device { address: emulator, ..config::Device::of(transport) }];
        let opened = device::opener(&devices[0], &devices, Path::new(""), Box::new(Vec::new)).open();
        Ok(Self(opened?))
    }

    fn exchange(&mut self, apdu: &[u8], patience: Duration) -> Result<(Vec<u8>, u16), Failure> {
        let told = |fault: &Fault| Failure::unavailable(advice::unreachable(fault));
        let reply = self.0.exchange(apdu, Instant::now() + patience);
        let reply = reply.map_err(|error| told(&error.into()))?;
        let (data, word) = Reply::split(&reply).ok_or_else(|| told(&Fault::Malformed("the system")))?;
        if word == LOCKED { Err(told(&Fault::Locked)) } else { Ok((data.to_vec(), word)) }
    }

    /// Asks which app answers.
    pub(crate) fn what_is_open(&mut self) -> Result<Open, Failure> {
        let (data, word) = self.exchange(&[0xb0, 0x01, 0, 0, 0], DEADLINE)?;
        let name = if word == OK { named(&data) } else { None };
        if let Some(name) = name {
            return Ok(match name.as_str() {
                DASHBOARD => Open::Dashboard,
                name if name.as_bytes() == APP_NAME => Open::Highwater,
                _ => Open::Other(name),
            });
        }
        // An app need not know that question. Ours, played by this host, answers its own.
        let ours = encode(&Command::GetAppName).unwrap_or_default();
        let (data, word) = self.exchange(&ours, DEADLINE)?;
        Ok(if word == OK && data == APP_NAME { Open::Highwater } else { Open::Other(String::new()) })
    }

    /// Asks the dashboard for model and system.
    pub(crate) fn system(&mut self) -> Result<System, Failure> {
        let (data, word) = self.exchange(&[0xe0, 0x01, 0, 0, 0], DEADLINE)?;
        let system = if word == OK { System::parse(&data) } else { None };
        system.ok_or_else(|| Failure::unavailable(advice::no_system(word)))
    }

    /// Asks the dashboard for its apps.
    pub(crate) fn apps(&mut self) -> Result<Apps, Failure> {
        /// Begins the list, and goes on with it.
        const LIST: [u8; 2] = [0xde, 0xdf];
        /// More than any device has room for.
        const MOST: usize = 100;
        let mut apps = Vec::new();
        let mut ins = LIST[0];
        while apps.len() < MOST {
            let (data, word) = self.exchange(&[0xe0, ins, 0, 0, 0], CONSENT)?;
            let listed = if word == OK { listed(&data) } else { None };
            match listed {
                Some(more) if more.is_empty() => break,
                Some(more) => apps.extend(more),
                None => return Ok(Apps::Untold(word)),
            }
            ins = LIST[1];
        }
        Ok(Apps::Listed(apps))
    }
}

/// Format 1, the name and the version, each with its length in front.
fn named(data: &[u8]) -> Option<String> {
    let (1, rest) = data.split_first().map(|(format, rest)| (*format, rest))? else { return None };
    text(rest).map(|(name, _)| name)
}

/// A text with its length in front, and what follows. Nothing that could move a terminal's cursor.
fn text(data: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = data.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    let plain = text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    plain.then(|| (String::from_utf8_lossy(text).into_owned(), rest))
}

/// Format 1, then entries: length, flags, hash of code and data, full hash, name.
fn listed(data: &[u8]) -> Option<Vec<App>> {
    let Some((format, mut rest)) = data.split_first() else { return Some(Vec::new()) };
    if *format != 1 {
        return None;
    }
    let mut apps = Vec::new();
    while let Some((_length, entry)) = rest.split_first() {
        let (_flags, entry) = entry.split_first_chunk::<4>()?;
        let (_code_and_data, entry) = entry.split_first_chunk::<32>()?;
        let (hash, entry) = entry.split_first_chunk::<32>()?;
        let (name, entry) = text(entry)?;
        apps.push(App { name, hash: *hash });
        rest = entry;
    }
    Some(apps)
}

impl System {
    /// The model's number, then the version with its length in front; what follows is of the MCU.
    fn parse(data: &[u8]) -> Option<Self> {
        let (target, rest) = data.split_first_chunk::<4>()?;
        let (version, _) = text(rest)?;
        Some(Self { target: u32::from_be_bytes(*target), version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_tells_its_model_and_version() {
        let mut reply = vec![0x33, 0x10, 0x00, 0x04, 5];
        reply.extend_from_slice(b"1.6.1\x04\xa6\x00\x00\x00\x056.0.0");
        let system = System::parse(&reply).unwrap();
        assert_eq!(system, System { target: 0x3310_0004, version: "1.6.1".to_owned() });
        for cut in 0..10 {
            assert_eq!(System::parse(&reply[..cut]), None, "{cut}");
        }
        let mut hostile = reply;
        hostile[6] = 0x1b;
        assert_eq!(System::parse(&hostile), None, "a byte that steers a terminal");
    }

    #[test]
    fn the_list_of_apps_is_read_entry_by_entry() {
        let entry = |name: &str, byte: u8| {
            let mut entry = vec![0; 4];
            entry.extend([7; 32]);
            entry.extend([byte; 32]);
            entry.push(name.len() as u8);
            entry.extend_from_slice(name.as_bytes());
            entry.insert(0, entry.len() as u8);
            entry
        };
        let reply = [vec![1], entry("Bitcoin", 1), entry("Highwater", 2)].concat();
        let apps = listed(&reply).unwrap();
        assert_eq!(apps.iter().map(|app| app.name.as_str()).collect::<Vec<_>>(), ["Bitcoin", "Highwater"]);
        assert_eq!(apps[1].hash, [2; 32]);
        assert_eq!(listed(&[]), Some(Vec::new()), "the end");
        assert_eq!(listed(&reply[..reply.len() - 1]), None, "cut off");
        assert_eq!(listed(&[2, 0]), None, "another format");
    }

    #[test]
    fn the_dashboard_is_known_by_its_name() {
        assert_eq!(named(b"\x01\x05BOLOS\x051.6.1").as_deref(), Some("BOLOS"));
        for other in [&b""[..], b"\x02\x05BOLOS", b"\x01\x06BOLOS", b"\x01\x05BO\nOS"] {
            assert_eq!(named(other), None, "{other:?}");
        }
    }
}
