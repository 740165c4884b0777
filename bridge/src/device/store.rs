//! The signer in this process, with its keys in a store beside this host: the marks are a file here.

use std::path::{Path, PathBuf};

use highwater_hosted::{Device, Fault, KeyFault, KeyStore};

use super::hosted::Hosted;
use super::{Transport, TransportError};
use crate::config;

/// Opens a store, with the marks that a state directory holds for it.
struct Opener<O> {
    marks: PathBuf,
    open: O,
    /// Why the store did not let us in. A token locks itself after a few wrong PINs, so it is not asked a second time.
    denied: Option<KeyFault>,
}

impl<O: FnMut(&Path) -> Result<Box<dyn KeyStore>, Fault> + Send> super::Opener for Opener<O> {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        if let Some(denied) = &self.denied {
            return Err(Fault::Keys(denied.clone()).into());
        }
        let opened = (self.open)(&self.marks).inspect_err(|fault| {
            if let Fault::Keys(denied @ KeyFault::Denied(_)) = fault {
                self.denied = Some(denied.clone());
            }
        });
        Ok(Box::new(Hosted::new(Device::open(&self.marks, opened?)?)))
    }
}

/// The opener of the store that the configuration names. Opens nothing yet.
pub(super) fn opener(config: &config::Device, state_dir: &Path) -> Box<dyn super::Opener> {
    let marks = state_dir.join(format!("{}.nvm", config.transport.name()));
    let config = config.clone();
    Box::new(Opener { marks, open: move |marks: &Path| store(&config, marks), denied: None })
}

/// A program without the features knows no such configuration: it was refused when it was read.
#[cfg(not(any(feature = "pkcs11", feature = "yubihsm")))]
fn store(config: &config::Device, _marks: &Path) -> Result<Box<dyn KeyStore>, Fault> {
    Err(KeyFault::Absent(format!("this program was built without {}", config.transport.name())).into())
}

#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
use with_features::store;

#[cfg(any(feature = "pkcs11", feature = "yubihsm"))]
mod with_features {
    use std::path::Path;

    use highwater_hosted::keys::Beside;
    use highwater_hosted::{Fault, KeyFault, KeyStore, password};

    use crate::config::{self, Transport};

    /// Opens the store. Its secret is made beside the first marks, and never again: other ones would not read them.
    pub(super) fn store(config: &config::Device, marks: &Path) -> Result<Box<dyn KeyStore>, Fault> {
        let secret = marks.with_extension("secret");
        let known = marks.symlink_metadata().is_ok();
        let beside = if known { Beside::open(&secret)? } else { Beside::open_or_make(&secret)? };
        match config.transport {
            #[cfg(feature = "yubihsm")]
            Transport::Yubihsm => yubihsm(config, beside),
            #[cfg(feature = "pkcs11")]
            Transport::Pkcs11 => pkcs11(config, beside),
            // Refused when the configuration was read.
            other => Err(KeyFault::Absent(format!("this program was built without {}", other.name())).into()),
        }
    }

    #[cfg(feature = "yubihsm")]
    fn yubihsm(config: &config::Device, beside: Beside) -> Result<Box<dyn KeyStore>, Fault> {
        use highwater_hosted::keys::{Login, Way, YubiHsm};
        let way = match config.address {
            Some(address) => Way::Http { address: address.ip(), port: address.port() },
            None => Way::Usb { serial: config.serial.clone() },
        };
        let password = password(&file(config.password_file.as_deref(), "password_file")?)?;
        let login = Login { key: config.auth_key.unwrap_or_default(), password };
        let objects = config.keys.iter().filter_map(|key| Some((key.number, key.object?))).collect();
        Ok(Box::new(YubiHsm::open(&way, &login, objects, beside)?))
    }

    #[cfg(feature = "pkcs11")]
    fn pkcs11(config: &config::Device, beside: Beside) -> Result<Box<dyn KeyStore>, Fault> {
        use highwater_hosted::keys::{Named, Pkcs11, Token};
        let token = match (&config.token_label, config.slot) {
            (Some(label), _) => Token::Label(label.clone()),
            (None, slot) => Token::Slot(slot.unwrap_or_default()),
        };
        let pin = password(&file(config.pin_file.as_deref(), "pin_file")?)?;
        let names = config.keys.iter().filter_map(|key| {
            let id = || Some(Named::Id(hex::decode(key.id.as_ref()?).ok()?));
            Some((key.number, key.label.clone().map(Named::Label).or_else(id)?))
        });
        let module = file(config.module.as_deref(), "module")?;
        Ok(Box::new(Pkcs11::open(&module, &token, &pin, names.collect(), beside)?))
    }

    /// A path that the check of the configuration has seen.
    fn file(path: Option<&Path>, name: &str) -> Result<std::path::PathBuf, Fault> {
        path.map(Path::to_owned).ok_or_else(|| Fault::Missing(name.into()))
    }
}
