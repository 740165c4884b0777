//! What may be typed of a YubiHSM2.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use highwater_moving::Source;

use crate::typed::{domain, object_id};

/// What of a YubiHSM2.
#[derive(Debug, Subcommand)]
pub enum YubiHsmVerb {
    /// Make an authentication key that may sign and nothing else, with a random password in a file, and print the lines of the
    /// configuration. Needs no configuration and no daemon.
    Setup {
        /// The administrator, and where the HSM is.
        #[command(flatten)]
        admin: AdminArgs,
        /// The validator's key: its object id. It need not be there yet.
        #[arg(long, value_name = "ID", env = "AIAKOS_SIGNING_KEY", hide_env = true, allow_negative_numbers = true, value_parser = object_id, default_value_t = 1)]
        object: u16,
        /// The object id of the authentication key that is made.
        #[arg(long, value_name = "ID", default_value_t = 5, allow_negative_numbers = true, value_parser = object_id)]
        auth_key: u16,
        /// Where its password goes, of mode 0600; the file must not exist.
        #[arg(long, value_name = "FILE", default_value = "/etc/highwater/yubihsm.password")]
        password_file: PathBuf,
        /// Let it read the log too, and have the HSM log its signatures: for `audit = true`.
        #[arg(long)]
        audit: bool,
        /// The domain of a validator's key that is not there yet, 1 to 16.
        #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = domain)]
        domain: u16,
    },
    /// Put the key of a file into the HSM. It signs there and cannot leave, unless you say so. The file is left as it is.
    #[command(group = clap::ArgGroup::new("where").required(true).multiple(false).args(["from", "stdin"]))]
    Import {
        /// The administrator, and where the HSM is.
        #[command(flatten)]
        admin: AdminArgs,
        /// The key file of the old signer.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Read the key file from standard input.
        #[arg(long)]
        stdin: bool,
        /// Which signer the file is of: cometbft, tendermint-0.27, tmkms, kms or horcrux.
        #[arg(long, value_name = "SIGNER", default_value = "cometbft")]
        source: Source,
        /// The object id that the key gets.
        #[arg(long, value_name = "ID", env = "AIAKOS_SIGNING_KEY", hide_env = true, allow_negative_numbers = true, value_parser = object_id)]
        object: u16,
        /// The domain that the key gets, 1 to 16.
        #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = domain)]
        domain: u16,
        /// Let it leave the HSM, wrapped under a wrap key of the HSM, as for a backup in a second one.
        #[arg(long)]
        exportable: bool,
    },
    /// Delete an authentication key: the signer that has its password signs no more, and no restored disk undoes that.
    DeleteAuthKey {
        /// Its object id.
        #[arg(allow_negative_numbers = true, value_parser = object_id)]
        id: u16,
        /// The administrator, and where the HSM is.
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// After a look at a signature that was not made here: the HSM's log counts from now on. The daemon must be stopped.
    Accept {
        /// Which HSM.
        #[command(flatten)]
        on: super::On,
    },
}

/// Who does it, and where.
#[derive(Debug, ClapArgs)]
pub struct AdminArgs {
    /// The object id of an authentication key that may do this; 1 is the factory's.
    #[arg(long, value_name = "ID", env = "AIAKOS_AUTH_KEY", hide_env = true, allow_negative_numbers = true, value_parser = object_id, default_value_t = 1)]
    pub(in crate::cli) admin_key: u16,
    /// The file of its password; without it, the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) admin_password_file: Option<PathBuf>,
    /// Where the connector listens, on this host.
    #[arg(long, value_name = "HOST:PORT", env = "AIAKOS_URL", hide_env = true, default_value = "127.0.0.1:12345", value_parser = connector)]
    pub(in crate::cli) address: SocketAddr,
    /// By USB and no connector; if several are plugged in, the one with this serial number (any: `any`).
    #[arg(long, value_name = "SERIAL", conflicts_with = "address")]
    pub(in crate::cli) usb: Option<String>,
}

/// An address as Aiakos has it too: with a name, and perhaps with `http://` before it.
fn connector(text: &str) -> Result<SocketAddr, String> {
    let plain = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let plain = plain.replace("localhost:", "127.0.0.1:");
    let address: SocketAddr = plain
        .parse()
        .map_err(|_| format!("{text:?} is not HOST:PORT of this host: name it as 127.0.0.1:12345"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{text} is another machine's, and a connector is not authenticated: run one on this host"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::connector;

    #[test]
    fn an_address_of_aiakos_is_understood_and_another_machine_s_is_not() {
        for text in
            ["127.0.0.1:12345", "localhost:12345", "http://localhost:12345/", "http://127.0.0.1:12345"]
        {
            assert_eq!(connector(text).unwrap().to_string(), "127.0.0.1:12345", "{text}");
        }
        for text in ["192.0.2.1:12345", "hsm:12345", "127.0.0.1", ""] {
            assert!(connector(text).is_err(), "{text}");
        }
    }
}
