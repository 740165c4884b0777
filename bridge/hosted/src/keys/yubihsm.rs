//! The keys of a YubiHSM2. They stay in it: it is given the message and gives the signature.
//!
//! One session, which the crate opens anew when it has died of idleness (the HSM ends one after 30 s).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use yubihsm::audit::AuditOption;
use yubihsm::client::{Error, ErrorKind};
use yubihsm::connector::{HttpConfig, UsbConfig};
use yubihsm::{Client, Connector, Credentials, command, connector, device, object, response};
use zeroize::Zeroizing;

use super::{Beside, KeyFault, KeyStore};
use crate::audit::{Entry, Place, Signed};

/// USB is told to give up as soon as its caller does. The crate's HTTP waits 20 s, whatever it is told.
const TIMEOUT: Duration = super::PATIENCE;

/// What GET_VERSION says.
const TARGET: u8 = 16;

/// How the HSM is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By a yubihsm-connector on this host: the session is authenticated, the connector is not.
    Http {
        /// A loopback address.
        address: IpAddr,
        /// Its port, 12345 unless it was told another.
        port: u16,
    },
    /// By USB; if several are there, the one with this serial number.
    Usb {
        /// Ten digits.
        serial: Option<String>,
    },
}

/// With what the HSM lets us in: an authentication key, best one that may sign and nothing else.
pub struct Login {
    /// Its object id.
    pub key: u16,
    /// Its password.
    pub password: Zeroizing<Vec<u8>>,
}

/// A YubiHSM2, with a session.
pub struct YubiHsm {
    client: Client,
    /// The object that each key number is.
    objects: BTreeMap<u32, u16>,
    beside: Beside,
    /// Whether its log is read, and forced: then it signs nothing once the log is full of what nobody read.
    forced: Option<bool>,
}

impl YubiHsm {
    /// Opens a session. `objects` says which object each number of a key is.
    ///
    /// # Errors
    /// *Absent* if nothing answers there, *denied* if the password is wrong or there is no such authentication key, and
    /// *broken* for a serial number that is none. Nothing is left open.
    pub fn open(
        way: &Way,
        login: &Login,
        objects: BTreeMap<u32, u16>,
        beside: Beside,
    ) -> Result<Self, KeyFault> {
        Ok(Self { client: client(way, login)?, objects, beside, forced: None })
    }

    /// Whether its signatures are in its log, and whether the log has to be read.
    ///
    /// # Errors
    /// [`KeyFault::NotLogged`]; those of the HSM.
    pub fn audited(mut self) -> Result<Self, KeyFault> {
        let may_not = |error: Error| match fault(&error).of(0) {
            KeyFault::Denied(_) => KeyFault::Denied("the authentication key may not read the log".to_owned()),
            fault => fault,
        };
        let option = self.client.get_command_audit_option(command::Code::SignEddsa).map_err(may_not)?;
        if option == AuditOption::Off {
            return Err(KeyFault::NotLogged);
        }
        self.client.get_log_entries().map_err(may_not)?;
        let forced = self.client.get_force_audit_option().map_err(may_not)?;
        self.forced = Some(forced != AuditOption::Off);
        Ok(self)
    }

    fn object(&self, index: u32) -> Result<object::Id, KeyFault> {
        self.objects.get(&index).copied().ok_or(KeyFault::NoKey(index))
    }
}

/// Opens a session, which is opened anew when it dies.
pub(super) fn client(way: &Way, login: &Login) -> Result<Client, KeyFault> {
    let credentials = Credentials::from_password(login.key, &login.password);
    Client::open(way.connector()?, credentials, true).map_err(|error| {
        match fault(&error) {
            // Of a session that is being opened, it is the authentication key that is not found.
            Found::NoObject => KeyFault::Denied(format!("no authentication key {}", login.key)),
            // The crate has no kind of its own for it, and is pinned.
            Found::Fault(KeyFault::Denied(_)) if error.to_string().contains("auth key not found") => {
                KeyFault::Denied(format!("no authentication key {}", login.key))
            }
            Found::Fault(KeyFault::Denied(why)) => {
                KeyFault::Denied(format!("authentication key {}: {why}", login.key))
            }
            Found::Fault(fault) => fault,
        }
    })
}

impl Way {
    pub(super) fn connector(&self) -> Result<Connector, KeyFault> {
        let timeout_ms = TIMEOUT.as_millis() as u64;
        Ok(match self {
            Self::Http { address, .. } if !address.is_loopback() => {
                return Err(KeyFault::Denied(format!(
                    "{address} is not this host, and plain HTTP is for this host alone"
                )));
            }
            Self::Http { address, port } => {
                let addr = match address {
                    IpAddr::V4(address) => address.to_string(),
                    IpAddr::V6(address) => format!("[{address}]"),
                };
                Connector::http(&HttpConfig { addr, port: *port, timeout_ms })
            }
            Self::Usb { serial } => {
                let serial = serial.as_deref().map(str::parse).transpose();
                let serial =
                    serial.map_err(|_| KeyFault::Broken("a serial number has ten digits".to_owned()))?;
                Connector::usb(&UsbConfig { serial, timeout_ms })
            }
        })
    }
}

impl KeyStore for YubiHsm {
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        Ok(self.beside.secret(message))
    }

    fn ping(&mut self) -> Result<(), KeyFault> {
        self.client.ping().map(drop).map_err(|error| fault(&error).of(0))
    }

    fn longest(&self) -> usize {
        super::YUBIHSM_LONGEST
    }

    fn target(&self) -> u8 {
        TARGET
    }

    fn log(&mut self) -> Result<Vec<Entry>, KeyFault> {
        let log = self.client.get_log_entries().map_err(|error| fault(&error).of(0))?;
        let entries = log.entries.into_iter().map(|entry| Entry {
            place: Place { item: entry.item, digest: entry.digest.0 },
            signed: (entry.result == response::Code::Success(command::Code::SignEddsa))
                .then_some(Signed { object: entry.target_key, by: entry.session_key }),
        });
        Ok(entries.collect())
    }

    fn log_was_read(&mut self, item: u16) -> Result<(), KeyFault> {
        match self.forced {
            Some(true) => self.client.set_log_index(item).map_err(|error| fault(&error).of(0)),
            _ => Ok(()),
        }
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        let object = self.object(index)?;
        let key = self.client.get_public_key(object).map_err(|error| fault(&error).of(index))?;
        key.ed25519()
            .map(|key| *key.as_bytes())
            .ok_or_else(|| KeyFault::Broken(format!("object {object} is no Ed25519 key")))
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let object = self.object(index)?;
        let signature = self.client.sign_ed25519(object, message).map_err(|error| fault(&error).of(index))?;
        Ok(signature.to_bytes())
    }
}

impl fmt::Debug for YubiHsm {
    /// Never the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YubiHsm").field("objects", &self.objects).finish_non_exhaustive()
    }
}

impl fmt::Debug for Login {
    /// Never the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What an error of the crate is.
pub(super) enum Found {
    /// There is no such object: which one that is, the caller knows.
    NoObject,
    Fault(KeyFault),
}

impl Found {
    pub(super) fn of(self, index: u32) -> KeyFault {
        match self {
            Self::NoObject => KeyFault::NoKey(index),
            Self::Fault(fault) => fault,
        }
    }
}

pub(super) fn fault(error: &Error) -> Found {
    let said = error.to_string();
    Found::Fault(match (error.kind(), error.device_error()) {
        (_, Some(device::ErrorKind::ObjectNotFound)) => return Found::NoObject,
        (_, Some(device::ErrorKind::LogFull)) => KeyFault::LogFull,
        (_, Some(device::ErrorKind::InsufficientPermissions)) => {
            KeyFault::Denied("the authentication key may not do that".to_owned())
        }
        (_, Some(device::ErrorKind::AuthenticationFailed)) | (ErrorKind::AuthenticationError, _) => {
            KeyFault::Denied("the password is wrong".to_owned())
        }
        _ if is_of_the_link(error) => KeyFault::Absent(innermost(error)),
        _ => KeyFault::Broken(said),
    })
}

/// The crate names each of its layers on the way to what the link says.
fn innermost(error: &Error) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).last().unwrap_or(first).to_string()
}

/// Whether nothing came of the HSM at all. The crate says so at whatever step of a session it happens, with the fault of the
/// link as the innermost cause.
fn is_of_the_link(error: &Error) -> bool {
    let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
    std::iter::successors(first, |error| error.source())
        .any(|cause| cause.is::<connector::Error>() || cause.is::<std::io::Error>())
}
