//! `yubihsm setup`, `import`, `delete-auth-key`, `accept`: what an administrator does in an HSM.

use std::path::Path;

use super::args::YubiHsmVerb;
use super::terminal::Terminal;
use crate::failure::Failure;

#[cfg(not(feature = "yubihsm"))]
pub(super) async fn act(_: &Path, _: YubiHsmVerb, _: &mut Terminal) -> Result<(), Failure> {
    Err(Failure::usage(crate::advice::built_without_yubihsm()))
}

#[cfg(feature = "yubihsm")]
pub(super) use built_in::act;

#[cfg(feature = "yubihsm")]
mod built_in {
    use super::{Failure, Path, Terminal, YubiHsmVerb};
    use std::fs;

    use highwater_hosted::audit::Accepted;
    use highwater_hosted::keys::{Admin, FACTORY, Login, Way, factory_key_opens};
    use highwater_hosted::{Fault as HostedFault, KeyFault, password};
    use highwater_moving::PublicKey;
    use rand::RngCore as _;
    use zeroize::Zeroizing;

    use super::super::args::AdminArgs;
    use super::super::key;
    use crate::advice;
    use crate::config::{Config, Transport};
    use crate::device::Fault;
    use crate::old_signer::OldFile;
    use crate::operator::{Chosen, Talk as _, keys, yubihsm as operator};
    use crate::state_dir::{self, Purpose};
    use crate::store::durable;

    /// As Aiakos has it.
    const AIAKOS_PASSWORD: &str = "AIAKOS_AUTH_KEY_PASSWORD";

    /// Does what the command line says.
    pub(in crate::cli) async fn act(
        config: &Path,
        verb: YubiHsmVerb,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        match verb {
            YubiHsmVerb::Setup { admin, object, auth_key, password_file, audit, domain } => {
                // The configuration takes it from anywhere.
                let password_file = std::path::absolute(&password_file)
                    .map_err(|error| Failure::io(password_file.display(), &error))?;
                let new =
                    New { object, auth_key, password_file: &password_file, audit, domains: bit(domain) };
                setup(&admin, &new, terminal)
            }
            YubiHsmVerb::Import { admin, from, source, object, domain, exportable, .. } => {
                let file = from.as_deref().map_or_else(OldFile::of_stdin, OldFile::read)?;
                let read = keys::read(source, &file)?;
                key::tell_read(&read);
                let hsm = open(&admin, terminal)?;
                import(&hsm, &read, object, bit(domain), exportable, terminal)
            }
            YubiHsmVerb::DeleteAuthKey { id, admin } => delete(config, id, &admin, terminal),
            YubiHsmVerb::Accept { on } => {
                let config = Config::load(config)?;
                let chosen = Chosen::near(&config, None, on.name())?;
                if chosen.device.transport != Transport::Yubihsm || !chosen.device.audit {
                    return Err(Failure::usage(advice::nothing_to_accept()));
                }
                state_dir::prepare(&config.state_dir, Purpose::Writes)?;
                let _locks = crate::operator::lock(&config)?;
                approved(terminal, advice::ACCEPTS, "accept")?;
                let accepted = operator::accept(&chosen);
                let told = |fault: Fault| Failure::unavailable(advice::fault(&fault));
                match accepted.map_err(told)? {
                    Accepted::Found(found) => say!("accepted: {found}"),
                    Accepted::Sound => say!("accepted: the log is as it should be"),
                    Accepted::Begun => {
                        say!("accepted: there was no audit file, and one begins with the log as it is")
                    }
                }
                remark!("{}", advice::set_each_mark());
                Ok(())
            }
        }
    }

    const fn bit(domain: u16) -> u16 {
        1 << (domain - 1)
    }

    fn of(fault: HostedFault) -> Failure {
        Failure::unavailable(advice::fault(&Fault::Hosted(fault)))
    }

    fn of_keys(fault: KeyFault) -> Failure {
        of(fault.into())
    }

    fn way(admin: &AdminArgs) -> Way {
        match &admin.usb {
            Some(serial) => Way::Usb { serial: Some(serial.clone()).filter(|serial| serial != "any") },
            None => Way::Http { address: admin.address.ip(), port: admin.address.port() },
        }
    }

    fn open(admin: &AdminArgs, terminal: &mut Terminal) -> Result<Admin, Failure> {
        let password = match (&admin.admin_password_file, std::env::var(AIAKOS_PASSWORD)) {
            (Some(file), _) => password(file).map_err(|fault| match fault {
                HostedFault::Missing(path) => Failure::usage(advice::no_password_file(&path)),
                fault => of(fault),
            })?,
            (None, Ok(password)) => Zeroizing::new(password.into_bytes()),
            (None, Err(_)) => terminal.secret(&advice::ask_password(admin.admin_key))?,
        };
        Admin::open(&way(admin), &Login { key: admin.admin_key, password }).map_err(|fault| match fault {
            KeyFault::Absent(why) => {
                let at = admin.usb.is_none().then_some(admin.address);
                Failure::unavailable(advice::hsm_unreached(at, &why))
            }
            fault => of_keys(fault),
        })
    }

    fn approved(terminal: &mut Terminal, question: &str, word: &str) -> Result<(), Failure> {
        if !terminal.can_answer(Some(word)) {
            return Err(Failure::unavailable(advice::no_terminal()));
        }
        match terminal.answers(question, Some(word))? {
            true => Ok(()),
            false => Err(Failure::unavailable(advice::denied())),
        }
    }

    /// What is made.
    struct New<'a> {
        object: u16,
        auth_key: u16,
        password_file: &'a Path,
        audit: bool,
        domains: u16,
    }

    fn setup(admin: &AdminArgs, new: &New<'_>, terminal: &mut Terminal) -> Result<(), Failure> {
        let New { object, auth_key, password_file, audit, domains } = *new;
        if password_file.symlink_metadata().is_ok() {
            return Err(Failure::usage(advice::password_file_exists(password_file)));
        }
        let hsm = open(admin, terminal)?;
        if auth_key == admin.admin_key || hsm.has_auth_key(auth_key).map_err(of_keys)? {
            return Err(Failure::usage(advice::auth_key_exists(auth_key)));
        }
        let standing = hsm.key(object).map_err(of_keys)?;
        if standing.is_some_and(|standing| !standing.signs) {
            return Err(Failure::usage(advice::key_may_not_sign(object)));
        }
        // The file first: a key whose password is lost would be of no use, a file without its key is removed again.
        let password = fresh_password();
        write_private(password_file, &password)?;
        let domains = standing.map_or(domains, |standing| standing.domains);
        let made = audit
            .then(|| hsm.log_signatures())
            .transpose()
            .and_then(|_| hsm.allow(auth_key, &password, domains, audit));
        if let Err(fault) = made {
            let _ = fs::remove_file(password_file);
            return Err(of_keys(fault));
        }
        let way = way(admin);
        // What the daemon will do.
        Admin::open(&way, &Login { key: auth_key, password }).map_err(of_keys)?;
        say!("[device]\ntransport = \"yubihsm\"");
        match &way {
            Way::Http { .. } => say!("address = \"{}\"", admin.address),
            Way::Usb { serial: Some(serial) } => say!("serial = \"{serial}\""),
            Way::Usb { serial: None } => {}
        }
        say!("auth_key = {auth_key}\npassword_file = {password_file:?}");
        if audit {
            say!("audit = true");
        }
        say!("\n[[device.key]]\nnumber = 0\nobject = {object}");
        match standing {
            Some(standing) => {
                let public = PublicKey::new(standing.public);
                remark!("{}", advice::key_in_hsm(object, &advice::address(&public), standing.leaves));
            }
            None => remark!("{}", advice::key_not_in_hsm(object)),
        }
        remark!("{}", advice::password_for_the_signer(password_file));
        match factory_key_opens(&way) {
            Ok(true) => remark!("{}", advice::factory_key(FACTORY.0)),
            Ok(false) => {}
            Err(fault) => remark!("{}", advice::factory_key_unseen(FACTORY.0, &fault.to_string())),
        }
        Ok(())
    }

    /// 32 random bytes, in hexadecimal.
    fn fresh_password() -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *bytes);
        Zeroizing::new(hex::encode(*bytes).into_bytes())
    }

    /// The line of a password in a file of its own.
    fn write_private(path: &Path, password: &[u8]) -> Result<(), Failure> {
        let line = Zeroizing::new([password, b"\n"].concat());
        durable::write_new(path, &line).map_err(|error| Failure::io(path.display(), &error))
    }

    fn import(
        hsm: &Admin,
        read: &keys::Read,
        object: u16,
        domains: u16,
        exportable: bool,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let public = read.key.public;
        match hsm.key(object).map_err(of_keys)? {
            Some(standing) if standing.public == *public.as_bytes() => {
                say!("object {object}: in the HSM, since before");
                return Ok(());
            }
            Some(_) => return Err(Failure::usage(advice::object_taken(object))),
            None => {}
        }
        let question = advice::ask_import(&advice::address(&public), object);
        approved(terminal, &question, "import")?;
        let standing = hsm.import(object, read.key.seed.expose(), domains, exportable).map_err(of_keys)?;
        if standing.is_none_or(|standing| standing.public != *public.as_bytes()) {
            return Err(Failure::unavailable(advice::imported_otherwise(&advice::address(&public))));
        }
        say!("object {object}: in the HSM");
        remark!("{}", advice::imported_into_hsm(exportable));
        Ok(())
    }

    /// An error where there is a configuration and it cannot be read: its key is not known then.
    fn is_configured(config: &Path, auth_key: u16) -> Result<bool, Failure> {
        if durable::is_gone(config) {
            return Ok(false);
        }
        let config = Config::load(config)?;
        Ok(config.devices.iter().any(|device| device.auth_key == Some(auth_key)))
    }

    fn delete(config: &Path, id: u16, admin: &AdminArgs, terminal: &mut Terminal) -> Result<(), Failure> {
        if id == admin.admin_key {
            return Err(Failure::usage(advice::own_auth_key(id)));
        }
        // Where there is a configuration, its own key is not taken away from under the daemon.
        if is_configured(config, id)? {
            return Err(Failure::usage(advice::own_auth_key(id)));
        }
        let hsm = open(admin, terminal)?;
        if !hsm.has_auth_key(id).map_err(of_keys)? {
            say!("authentication key {id}: not in the HSM");
            return Ok(());
        }
        approved(terminal, &advice::ask_delete_auth_key(id), &id.to_string())?;
        hsm.delete_auth_key(id).map_err(of_keys)?;
        say!("authentication key {id}: deleted");
        Ok(())
    }
}
