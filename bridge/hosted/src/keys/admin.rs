//! What an administrator does in a YubiHSM2, once: an authentication key that may sign, a key of a validator, the log.

use yubihsm::audit::AuditOption;
use yubihsm::authentication;
use yubihsm::client::Error;
use yubihsm::{Capability, Client, Domain, asymmetric, command, device, object};
use zeroize::Zeroizing;

use super::KeyFault;
use super::yubihsm::{Login, Way, fault};

/// As objects of ours are called in the HSM.
const LABEL: &str = "highwater";
/// The authentication key of the factory, and its password.
pub const FACTORY: (u16, &[u8]) = (1, b"password");

/// An HSM, with the session of an administrator.
pub struct Admin {
    client: Client,
}

/// A key of Ed25519 that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its public key.
    pub public: [u8; 32],
    /// The domains that it is in, a bit each.
    pub domains: u16,
    /// Whether it may sign.
    pub signs: bool,
    /// Whether it may leave the HSM, wrapped under a key of it.
    pub leaves: bool,
}

impl Admin {
    /// Opens a session.
    ///
    /// # Errors
    /// As of [`super::YubiHsm::open`].
    pub fn open(way: &Way, login: &Login) -> Result<Self, KeyFault> {
        Ok(Self { client: super::yubihsm::client(way, login)? })
    }

    /// Whether an authentication key stands there.
    ///
    /// # Errors
    /// Those of the HSM.
    pub fn has_auth_key(&self, id: u16) -> Result<bool, KeyFault> {
        self.info(id, object::Type::AuthenticationKey).map(|info| info.is_some())
    }

    /// The key of Ed25519 that stands there; `None`: nothing does.
    ///
    /// # Errors
    /// *Broken* if it is a key of another kind; those of the HSM.
    pub fn key(&self, id: u16) -> Result<Option<Standing>, KeyFault> {
        let Some(info) = self.info(id, object::Type::AsymmetricKey)? else { return Ok(None) };
        let key = self.client.get_public_key(id).map_err(said)?;
        let key = key.ed25519().ok_or_else(|| KeyFault::Broken(format!("object {id} is no Ed25519 key")))?;
        Ok(Some(Standing {
            public: *key.as_bytes(),
            domains: info.domains.bits(),
            signs: info.capabilities.contains(Capability::SIGN_EDDSA),
            leaves: info.capabilities.contains(Capability::EXPORTABLE_UNDER_WRAP),
        }))
    }

    /// Makes an authentication key that may sign and, if `audit`, read the log and the options. Nothing can be given on by it.
    ///
    /// # Errors
    /// Those of the HSM: the administrator may not do that, or the id is taken.
    pub fn allow(&self, id: u16, password: &[u8], domains: u16, audit: bool) -> Result<(), KeyFault> {
        let mut may = Capability::SIGN_EDDSA;
        if audit {
            may |= Capability::GET_LOG_ENTRIES | Capability::GET_OPTION;
        }
        let key = authentication::Key::derive_from_password(password);
        let put = self.client.put_authentication_key(
            id,
            LABEL.into(),
            Domain::from_bits_truncate(domains),
            may,
            Capability::empty(),
            authentication::Algorithm::YubicoAes,
            key,
        );
        put.map(drop).map_err(said)
    }

    /// Has the HSM log its signatures from now on.
    ///
    /// # Errors
    /// Those of the HSM.
    pub fn log_signatures(&self) -> Result<(), KeyFault> {
        let signs = command::Code::SignEddsa;
        if self.client.get_command_audit_option(signs).map_err(said)? == AuditOption::Off {
            self.client.set_command_audit_option(signs, AuditOption::On).map_err(said)?;
        }
        Ok(())
    }

    /// Puts the key of a seed there, to sign and nothing else; `leaves`: also to be wrapped under a key of the HSM. What the HSM
    /// says that it has afterwards.
    ///
    /// # Errors
    /// Those of the HSM: the administrator may not do that, or the id is taken.
    pub fn import(
        &self,
        id: u16,
        seed: &[u8; 32],
        domains: u16,
        leaves: bool,
    ) -> Result<Option<Standing>, KeyFault> {
        let mut may = Capability::SIGN_EDDSA;
        if leaves {
            may |= Capability::EXPORTABLE_UNDER_WRAP;
        }
        let domains = Domain::from_bits_truncate(domains);
        let kind = asymmetric::Algorithm::Ed25519;
        // The crate keeps no copy that it wipes: what it makes of these bytes is its own.
        let seed = Zeroizing::new(seed.to_vec());
        let put = self.client.put_asymmetric_key(id, LABEL.into(), domains, may, kind, &**seed);
        put.map_err(said)?;
        self.key(id)
    }

    /// Deletes an authentication key: whoever signs by it signs no more, and no restored disk undoes that.
    ///
    /// # Errors
    /// Those of the HSM.
    pub fn delete_auth_key(&self, id: u16) -> Result<(), KeyFault> {
        self.client.delete_object(id, object::Type::AuthenticationKey).map_err(said)
    }

    fn info(&self, id: u16, kind: object::Type) -> Result<Option<object::Info>, KeyFault> {
        match self.client.get_object_info(id, kind) {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.device_error() == Some(device::ErrorKind::ObjectNotFound) => Ok(None),
            Err(error) => Err(said(error)),
        }
    }
}

/// Whether the factory's authentication key still lets everybody in.
///
/// # Errors
/// Those of the HSM: then nobody knows.
pub fn factory_key_opens(way: &Way) -> Result<bool, KeyFault> {
    let login = Login { key: FACTORY.0, password: Zeroizing::new(FACTORY.1.to_vec()) };
    match super::yubihsm::client(way, &login) {
        Ok(_) => Ok(true),
        Err(KeyFault::Denied(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn said(error: Error) -> KeyFault {
    match error.device_error() {
        Some(device::ErrorKind::ObjectExists) => KeyFault::Broken("that object id is taken".to_owned()),
        _ => fault(&error).of(0),
    }
}

impl std::fmt::Debug for Admin {
    /// Never the session.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
