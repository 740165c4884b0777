//! The signer in this process, with its keys in a store beside this host: the marks are a file here.

use std::path::Path;
use std::time::Duration;

use highwater_hosted::keys::Logins;
#[cfg(not(any(feature = "pkcs11", feature = "yubihsm")))]
use highwater_hosted::{Device, FileKeys};
use highwater_hosted::{KeyFault, KeyStore as _};

use super::hosted::Hosted;
use super::memory::Memory;
use super::{Fault, Transport, TransportError};
use crate::config;

/// A token that did not answer a login may still refuse it: so long no other one is begun. After that the module hangs.
const UNANSWERED: Duration = Duration::from_secs(60);

/// Opens the store that the configuration names, with the marks that a state directory holds for it.
pub(super) struct Opener {
    config: config::Device,
    marks: Memory,
    /// A token locks itself after a few wrong PINs, so it is not asked a second time.
    logins: Logins,
}

impl Opener {
    /// Opens nothing yet. `all` are the devices of the config.
    pub(super) fn new(config: &config::Device, all: &[config::Device], state_dir: &Path) -> Self {
        let marks = Memory::of(config, all, state_dir, kind(config));
        // A YubiHSM2 counts no wrong passwords, and a session of it that hangs is opened anew at once.
        let logins = match config.transport {
            config::Transport::Pkcs11 => Logins::one_in(UNANSWERED),
            _ => Logins::default(),
        };
        Self { config: config.clone(), marks, logins }
    }
}

impl super::Opener for Opener {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        if let Some(denied) = self.logins.denied() {
            return Err(store_fault(denied));
        }
        let open = || device(&self.config, &self.marks, &self.logins);
        let opened = self.marks.open(open).inspect_err(|fault| {
            if let TransportError::Hosted(highwater_hosted::Fault::Keys(denied @ KeyFault::Denied(_))) = fault
            {
                self.logins.deny(denied);
            }
        });
        Ok(Box::new(Hosted::new(opened?)))
    }
}

/// What the file of the marks is called, by the kind of store; what belongs to them stands beside them.
fn kind(config: &config::Device) -> String {
    format!("{}.nvm", config.transport.name())
}

fn store_fault(fault: KeyFault) -> TransportError {
    highwater_hosted::Fault::Keys(fault).into()
}

/// A program without a store's feature knows no such configuration: it was refused when it was read.
fn not_built_in(transport: config::Transport) -> TransportError {
    store_fault(KeyFault::Absent(format!("this program was built without {}", transport.name())))
}

#[cfg(not(any(feature = "pkcs11", feature = "yubihsm")))]
fn device(config: &config::Device, _: &Memory, _: &Logins) -> Result<Device, TransportError> {
    Err(not_built_in(config.transport))
}

/// The key that a number means, as its store says: a device tells the keys of its chains alone. `all` are the devices of the
/// config.
pub(crate) fn key_of_store(
    config: &config::Device,
    all: &[config::Device],
    state_dir: &Path,
    index: u32,
) -> Result<[u8; 32], Fault> {
    let marks = Memory::of(config, all, state_dir, kind(config));
    Ok(store(config, &marks)?.public_key(index).map_err(store_fault)?)
}

#[cfg(not(any(feature = "pkcs11", feature = "yubihsm")))]
fn store(config: &config::Device, _: &Memory) -> Result<FileKeys, TransportError> {
    Err(not_built_in(config.transport))
}

#[cfg(feature = "yubihsm")]
pub(crate) use with_features::accept_log;
#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
use with_features::device;
#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
use with_features::store;

#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
mod with_features {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[cfg(feature = "yubihsm")]
    use highwater_hosted::audit::{Accepted, Audited, Missing, Ours};
    use highwater_hosted::keys::{Beside, Logins, Timely};
    #[cfg(feature = "yubihsm")]
    use highwater_hosted::keys::{Login, Way, YubiHsm};
    #[cfg(feature = "pkcs11")]
    use highwater_hosted::keys::{Named, Pkcs11, Token};
    use highwater_hosted::{Device, Fault, password};

    use super::{Memory, TransportError, not_built_in};
    use crate::config::{self, Transport};

    /// The secret beside the marks, and whether those are there. It is made beside the first marks, and never again: another one
    /// would not read them. Whatever opens a store comes by here.
    fn beside(marks: &Memory) -> Result<(Beside, bool), TransportError> {
        let (secret, known) = (marks.path.with_extension("secret"), marks.is_known()?);
        let beside = if known { Beside::open(&secret)? } else { Beside::open_or_make(&secret)? };
        Ok((beside, known))
    }

    /// Opens store and marks.
    pub(super) fn device(
        config: &config::Device,
        marks: &Memory,
        logins: &Logins,
    ) -> Result<Device, TransportError> {
        let (beside, known) = beside(marks)?;
        let marks = &marks.path;
        match config.transport {
            #[cfg(feature = "yubihsm")]
            Transport::Yubihsm => {
                let (ours, secret) = (ours(config), beside.of_the_ledger());
                let (of, audit) = (config.clone(), config.audit);
                let store = Timely::open(logins, move || {
                    let hsm = yubihsm(&of, beside)?;
                    Ok(if audit { hsm.audited()? } else { hsm })
                })?;
                if !audit {
                    return Ok(Device::open(marks, store)?);
                }
                // The ledger stands before the first marks do.
                let missing = if known { Missing::Lost } else { Missing::Begins };
                let ledger = marks.with_extension("audit");
                Ok(Device::open(marks, Audited::open(store, &ledger, ours, secret, missing)?)?)
            }
            #[cfg(feature = "pkcs11")]
            Transport::Pkcs11 => {
                let config = config.clone();
                Ok(Device::open(marks, Timely::open(logins, move || pkcs11(&config, beside))?)?)
            }
            other => Err(not_built_in(other)),
        }
    }

    /// The store alone.
    pub(super) fn store(config: &config::Device, marks: &Memory) -> Result<Timely, TransportError> {
        let (beside, _) = beside(marks)?;
        let (of, logins) = (config.clone(), Logins::default());
        Ok(match config.transport {
            #[cfg(feature = "yubihsm")]
            Transport::Yubihsm => Timely::open(&logins, move || yubihsm(&of, beside))?,
            #[cfg(feature = "pkcs11")]
            Transport::Pkcs11 => Timely::open(&logins, move || pkcs11(&of, beside))?,
            other => return Err(not_built_in(other)),
        })
    }

    /// The owner has looked at what the HSM's log shows: it counts from now on.
    #[cfg(feature = "yubihsm")]
    pub(crate) fn accept_log(
        config: &config::Device,
        all: &[config::Device],
        state_dir: &Path,
    ) -> Result<Accepted, super::Fault> {
        accepted(config, &Memory::of(config, all, state_dir, super::kind(config))).map_err(Into::into)
    }

    #[cfg(feature = "yubihsm")]
    fn accepted(config: &config::Device, marks: &Memory) -> Result<Accepted, TransportError> {
        let (beside, _) = beside(marks)?;
        let (secret, of) = (beside.of_the_ledger(), config.clone());
        let mut store = Timely::open(&Logins::default(), move || Ok(yubihsm(&of, beside)?.audited()?))?;
        Ok(highwater_hosted::audit::accept(
            &mut store,
            &marks.path.with_extension("audit"),
            &ours(config),
            secret,
        )?)
    }

    /// What of an HSM's log is this signer's.
    #[cfg(feature = "yubihsm")]
    pub(super) fn ours(config: &config::Device) -> Ours {
        let objects = config.keys.iter().filter_map(|key| key.object).collect();
        Ours { by: config.auth_key.unwrap_or_default(), objects }
    }

    #[cfg(feature = "yubihsm")]
    fn yubihsm(config: &config::Device, beside: Beside) -> Result<YubiHsm, Fault> {
        let way = match config.address {
            Some(address) => Way::Http { address: address.ip(), port: address.port() },
            None => Way::Usb { serial: config.serial.clone() },
        };
        let password = password(&secret(config.password_file.as_deref(), "password_file")?)?;
        let login = Login { key: config.auth_key.unwrap_or_default(), password };
        let objects = config.keys.iter().filter_map(|key| Some((key.number, key.object?))).collect();
        Ok(YubiHsm::open(&way, &login, objects, beside)?)
    }

    #[cfg(feature = "pkcs11")]
    fn pkcs11(config: &config::Device, beside: Beside) -> Result<Pkcs11, Fault> {
        let token = match (&config.token_label, config.slot) {
            (Some(label), _) => Token::Label(label.clone()),
            (None, slot) => Token::Slot(slot.unwrap_or_default()),
        };
        let pin = password(&secret(config.pin_file.as_deref(), "pin_file")?)?;
        let names = config.keys.iter().filter_map(|key| {
            let id = || Some(Named::Id(hex::decode(key.id.as_ref()?).ok()?));
            Some((key.number, key.label.clone().map(Named::Label).or_else(id)?))
        });
        let module = file(config.module.as_deref(), "module")?;
        Ok(Pkcs11::open(&module, &token, &pin, names.collect(), beside)?)
    }

    /// A path that the check of the configuration has seen.
    fn file(path: Option<&Path>, name: &str) -> Result<PathBuf, Fault> {
        path.map(Path::to_owned).ok_or_else(|| Fault::Missing(name.into()))
    }

    /// The file of a secret: a name without a folder is that of a credential, which the service manager gives.
    fn secret(path: Option<&Path>, name: &str) -> Result<PathBuf, Fault> {
        credential(file(path, name)?, std::env::var_os("CREDENTIALS_DIRECTORY"))
    }

    fn credential(path: PathBuf, given: Option<OsString>) -> Result<PathBuf, Fault> {
        match given {
            _ if path.is_absolute() => Ok(path),
            Some(folder) if !folder.is_empty() => Ok(Path::new(&folder).join(path)),
            _ => Err(Fault::Missing(path)),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_without_a_folder_is_a_credential_of_the_service_manager() {
            let given = || Some(OsString::from("/run/credentials/highwater.service"));
            assert_eq!(credential("/etc/pin".into(), given()), Ok("/etc/pin".into()));
            let path = "/run/credentials/highwater.service/pin";
            assert_eq!(credential("pin".into(), given()), Ok(path.into()));
            for nothing in [None, Some(OsString::new())] {
                assert_eq!(credential("pin".into(), nothing), Err(Fault::Missing("pin".into())));
            }
        }
    }
}
