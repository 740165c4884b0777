//! `[device]`, or each `[[device]]`: the kind of device, and what belongs to each kind. `devices` has what holds between several.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::places::{self, Place, Wrong};
use crate::device::Target;

/// How the device is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What chains and commands call it; only one that is alone may have none.
    pub name: Option<String>,
    /// The kind of device.
    pub transport: Transport,
    /// Of `speculos`: where its APDU port listens. Of `yubihsm`: where its connector listens; without it, USB.
    pub address: Option<SocketAddr>,
    /// Of `hid` and `yubihsm`: the USB serial number, if several are plugged in.
    pub serial: Option<String>,
    /// Of `hid`: the device file, as `/dev/hidraw3`.
    pub path: Option<PathBuf>,
    /// Of `simulated`: the spare, which has the same seed and a memory of its own. For drills.
    #[serde(default)]
    pub spare: bool,
    /// Of `yubihsm`: the object id of its authentication key.
    pub auth_key: Option<u16>,
    /// Of `yubihsm`: the file of that key's password.
    pub password_file: Option<PathBuf>,
    /// Of `yubihsm`: its log is held against what was signed here.
    #[serde(default)]
    pub audit: bool,
    /// Of `pkcs11`: the library of the token's vendor.
    pub module: Option<PathBuf>,
    /// Of `pkcs11`: the token, by its label.
    pub token_label: Option<String>,
    /// Of `pkcs11`: the token, by the number of its slot.
    pub slot: Option<u64>,
    /// Of `pkcs11`: the file of the token's PIN.
    pub pin_file: Option<PathBuf>,
    /// Of `yubihsm` and `pkcs11`: the keys that chains may sign with.
    #[serde(rename = "key", default)]
    pub keys: Vec<Key>,
}

/// A key of a store, and the number by which `--key-index` names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The number.
    pub number: u32,
    /// Of `yubihsm`: its object id.
    pub object: Option<u16>,
    /// Of `pkcs11`: its label.
    pub label: Option<String>,
    /// Of `pkcs11`: its id, in hexadecimal.
    pub id: Option<String>,
}

/// The kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// The signer in this process, with a seed in a file. Not a hardware key.
    Simulated,
    /// The firmware in the emulator.
    Speculos,
    /// A Ledger on USB.
    Hid,
    /// The signer in this process, with its keys in a YubiHSM2.
    Yubihsm,
    /// The signer in this process, with its keys in a PKCS#11 token.
    Pkcs11,
}

impl Transport {
    /// In the order in which a person is offered them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Hid, Self::Yubihsm, Self::Pkcs11, Self::Simulated, Self::Speculos];

    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Speculos => "speculos",
            Self::Hid => "hid",
            Self::Yubihsm => "yubihsm",
            Self::Pkcs11 => "pkcs11",
        }
    }

    /// Of a signer in this process: what it will say that it is. The others are asked.
    pub fn target(self) -> Option<Target> {
        match self {
            Self::Simulated => Some(Target::Simulated),
            Self::Yubihsm => Some(Target::YubiHsm2),
            Self::Pkcs11 => Some(Target::Pkcs11),
            Self::Speculos | Self::Hid => None,
        }
    }

    /// Whether this program was built with it.
    pub(crate) fn is_built_in(self) -> bool {
        match self {
            Self::Simulated | Self::Speculos | Self::Hid => true,
            Self::Yubihsm => cfg!(feature = "yubihsm"),
            Self::Pkcs11 => cfg!(feature = "pkcs11"),
        }
    }
}

/// The file of a secret is named by its whole path, or is a credential of the service manager.
fn check_secret(name: &str, file: Option<&Path>, place: Option<&Place>, fail: Fail<'_>) -> Result<(), Wrong> {
    let Some(file) = file else { return Ok(()) };
    let is_name =
        file.components().count() == 1 && matches!(file.components().next(), Some(Component::Normal(_)));
    if file.is_absolute() || is_name {
        return Ok(());
    }
    let cause = format!("{name} {file:?} depends on where the program is started");
    fail(place, cause, "name the file by its whole path, or a credential of systemd by its name alone")
}

/// How a complaint is made: its place, cause and cure.
pub(super) type Fail<'a> = &'a dyn Fn(Option<&Place>, String, &str) -> Result<(), Wrong>;

impl Device {
    /// Of this kind, with nothing else said.
    pub fn of(transport: Transport) -> Self {
        Self {
            name: None,
            transport,
            address: None,
            serial: None,
            path: None,
            spare: false,
            auth_key: None,
            password_file: None,
            audit: false,
            module: None,
            token_label: None,
            slot: None,
            pin_file: None,
            keys: Vec::new(),
        }
    }

    /// Whether each key belongs to the transport, and none is missing.
    pub(super) fn check(&self, places: &places::Device, fail: Fail<'_>) -> Result<(), Wrong> {
        let transport = self.transport;
        if !transport.is_built_in() {
            let cause = format!("this program was built without transport \"{}\"", transport.name());
            let cure = format!("build it with `--features {}`, or take the released one", transport.name());
            return fail(places.transport.as_ref(), cause, &cure);
        }
        self.check_belonging(places, fail)?;
        if self.serial.is_some() && self.path.is_some() {
            let cause = "serial and path both name the device".to_owned();
            let cure = "keep serial, or path where several Ledgers have one serial number";
            return fail(places.path.as_ref(), cause, cure);
        }
        match transport {
            Transport::Speculos if self.address.is_none() => {
                let cause = "transport \"speculos\" has no address".to_owned();
                fail(places.transport.as_ref(), cause, "add address = \"127.0.0.1:9999\" to [device]")
            }
            Transport::Yubihsm => self.check_yubihsm(places, fail),
            Transport::Pkcs11 => self.check_pkcs11(places, fail),
            Transport::Simulated | Transport::Speculos | Transport::Hid => Ok(()),
        }
    }

    fn check_belonging(&self, places: &places::Device, fail: Fail<'_>) -> Result<(), Wrong> {
        use Transport::{Hid, Pkcs11, Simulated, Speculos, Yubihsm};
        let key = places.keys.first().and_then(|key| key.number.as_ref());
        let belongs: [(&str, bool, Option<&Place>, &[Transport]); 12] = [
            ("address", self.address.is_some(), places.address.as_ref(), &[Speculos, Yubihsm]),
            ("serial", self.serial.is_some(), places.serial.as_ref(), &[Hid, Yubihsm]),
            ("path", self.path.is_some(), places.path.as_ref(), &[Hid]),
            ("spare", self.spare, places.spare.as_ref(), &[Simulated]),
            ("auth_key", self.auth_key.is_some(), places.auth_key.as_ref(), &[Yubihsm]),
            ("password_file", self.password_file.is_some(), places.password_file.as_ref(), &[Yubihsm]),
            ("audit", self.audit, places.audit.as_ref(), &[Yubihsm]),
            ("module", self.module.is_some(), places.module.as_ref(), &[Pkcs11]),
            ("token_label", self.token_label.is_some(), places.token_label.as_ref(), &[Pkcs11]),
            ("slot", self.slot.is_some(), places.slot.as_ref(), &[Pkcs11]),
            ("pin_file", self.pin_file.is_some(), places.pin_file.as_ref(), &[Pkcs11]),
            ("[[device.key]]", !self.keys.is_empty(), key, &[Yubihsm, Pkcs11]),
        ];
        for (name, given, place, to) in belongs {
            if given && !to.contains(&self.transport) {
                let to = to.iter().map(|to| format!("\"{}\"", to.name())).collect::<Vec<_>>().join(" and ");
                let cause = format!("{name} belongs to transport {to} alone");
                return fail(place, cause, "remove the line, or choose that transport");
            }
        }
        Ok(())
    }

    fn check_yubihsm(&self, places: &places::Device, fail: Fail<'_>) -> Result<(), Wrong> {
        let missing = |what: &str, line: &str| {
            let cause = format!("transport \"yubihsm\" has no {what}");
            fail(places.transport.as_ref(), cause, &format!("add {line} to [device]"))
        };
        check_secret("password_file", self.password_file.as_deref(), places.password_file.as_ref(), fail)?;
        if self.auth_key.is_none() {
            return missing("auth_key", "auth_key = 5, the object id of an authentication key that may sign");
        }
        if self.password_file.is_none() {
            return missing("password_file", "password_file, the path of a file of mode 0600");
        }
        if let Some(address) = self.address
            && !address.ip().is_loopback()
        {
            let cause =
                format!("address {address} is another machine's, and a connector is not authenticated");
            let cure = "run the connector on this host, or leave address out for USB";
            return fail(places.address.as_ref(), cause, cure);
        }
        if self.address.is_some() && self.serial.is_some() {
            let cause = "serial is of USB, and address of a connector".to_owned();
            return fail(places.serial.as_ref(), cause, "keep one of them");
        }
        self.check_keys(places, fail, "object", &|key| {
            key.object.is_some() && key.label.is_none() && key.id.is_none()
        })
    }

    fn check_pkcs11(&self, places: &places::Device, fail: Fail<'_>) -> Result<(), Wrong> {
        let missing = |what: &str, line: &str| {
            let cause = format!("transport \"pkcs11\" has no {what}");
            fail(places.transport.as_ref(), cause, &format!("add {line} to [device]"))
        };
        if self.module.as_ref().is_none_or(|module| module.is_relative()) {
            return missing("module", "module, the absolute path of the library of the token's vendor");
        }
        check_secret("pin_file", self.pin_file.as_deref(), places.pin_file.as_ref(), fail)?;
        if self.pin_file.is_none() {
            return missing("pin_file", "pin_file, the path of a file of mode 0600");
        }
        if self.token_label.is_some() == self.slot.is_some() {
            return missing("token, or two of them", "token_label or slot, one of the two,");
        }
        for (key, place) in self.keys_in(places) {
            if key.id.as_ref().is_some_and(|id| id.is_empty() || hex::decode(id).is_err()) {
                let cause = "id of a key is not hexadecimal".to_owned();
                return fail(place.id.as_ref(), cause, "write its bytes as digits 0-9 and a-f");
            }
        }
        self.check_keys(places, fail, "label or id", &|key| {
            key.object.is_none() && (key.label.is_some() != key.id.is_some())
        })
    }

    /// Each key with its place; without one a key is checked all the same.
    fn keys_in<'a>(&'a self, places: &'a places::Device) -> impl Iterator<Item = (&'a Key, &'a places::Key)> {
        static NOWHERE: places::Key = places::Key { number: None, id: None };
        self.keys.iter().enumerate().map(|(number, key)| (key, places.keys.get(number).unwrap_or(&NOWHERE)))
    }

    /// The keys of a store: each has a number of its own, and is named as the store names it. Number 0 tells this store from
    /// any other.
    fn check_keys(
        &self,
        places: &places::Device,
        fail: Fail<'_>,
        by: &str,
        is_named: &dyn Fn(&Key) -> bool,
    ) -> Result<(), Wrong> {
        let mut numbers = BTreeSet::new();
        for (key, place) in self.keys_in(places) {
            let number = place.number.as_ref();
            if !numbers.insert(key.number) {
                return fail(
                    number,
                    format!("key number {} stands twice", key.number),
                    "give each key a number of its own",
                );
            }
            if !is_named(key) {
                let cause = format!("key number {} is not named by its {by} alone", key.number);
                return fail(number, cause, &format!("name it by {by} in [[device.key]]"));
            }
        }
        if !numbers.contains(&0) {
            let cause = "no key has number 0, by which the store is known again".to_owned();
            let cure = format!("add a [[device.key]] with number = 0 and its {by}");
            return fail(places.transport.as_ref(), cause, &cure);
        }
        Ok(())
    }
}
