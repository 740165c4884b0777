//! Key stores beside this host: an HSM that this program plays behind the connector's protocol, and a token in software.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use highwater_played_hsm::{Hsm, MAY_SIGN, Plug, SIGN_EDDSA};
use tempfile::TempDir;

use crate::bridge;

/// The authentication key of ours in a played HSM.
pub const OURS: u16 = 5;
/// The seed of the only key.
pub const SEED: [u8; 32] = [11; 32];
/// Where Debian's package puts the module of SoftHSM.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Of a key of Ed25519 in PKCS#8, what stands in front of the seed (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A store with one key, as a device of the bridge.
pub struct Store {
    device: bridge::Device,
    _folder: TempDir,
    _plug: Option<Plug>,
}

impl Store {
    /// A YubiHSM2 that a program plays, behind a connector on this host; each signature takes `each` longer.
    pub fn yubihsm(each: Duration) -> Result<Self> {
        let hsm = Hsm::new();
        hsm.put_key(1, SEED, MAY_SIGN);
        hsm.takes(each);
        let plug = hsm.plug()?;
        let store = Self::played(&hsm, plug.port(), true)?;
        Ok(Self { _plug: Some(plug), ..store })
    }

    /// A YubiHSM2 that `highwater-played-hsm` plays, with this key as object 1 and an authentication key of ours; `audit`: its
    /// log is held against what is signed.
    pub fn played(hsm: &Hsm, port: u16, audit: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        hsm.put_auth_key(OURS, b"ours", 0x104_0100);
        hsm.logs(SIGN_EDDSA);
        let password = folder.path().join("password");
        private(&password, b"ours\n")?;
        let lines = format!(
            "transport = \"yubihsm\"\naddress = \"127.0.0.1:{port}\"\nauth_key = {OURS}\npassword_file = {password:?}\naudit = {audit}\n\n[[device.key]]\nnumber = 0\nobject = 1"
        );
        Ok(Self { device: bridge::Device::Store { lines, env: Vec::new() }, _folder: folder, _plug: None })
    }

    /// A token of SoftHSM.
    pub fn softhsm() -> Result<Self> {
        ensure!(Path::new(MODULE).exists(), "{MODULE} is not there: apt-get install softhsm2");
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("tokens"))?;
        fs::write(at("conf"), format!("directories.tokendir = {}\n", at("tokens").display()))?;
        let pem = STANDARD.encode([&PKCS8[..], &SEED].concat());
        private(
            &at("key"),
            format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n").as_bytes(),
        )?;
        private(&at("pin"), b"1234\n")?;
        let key = at("key").display().to_string();
        for arguments in [
            &["--init-token", "--free", "--label", "validators", "--pin", "1234", "--so-pin", "1234"][..],
            &[
                "--import",
                &key,
                "--token",
                "validators",
                "--pin",
                "1234",
                "--label",
                "validator",
                "--id",
                "a1",
            ],
        ] {
            let done =
                Command::new("softhsm2-util").args(arguments).env("SOFTHSM2_CONF", at("conf")).output()?;
            ensure!(done.status.success(), "softhsm2-util: {}", String::from_utf8_lossy(&done.stderr));
        }
        let lines = format!(
            "transport = \"pkcs11\"\nmodule = {MODULE:?}\ntoken_label = \"validators\"\npin_file = {pin:?}\n\n[[device.key]]\nnumber = 0\nlabel = \"validator\"",
            pin = at("pin")
        );
        let env = vec![("SOFTHSM2_CONF".to_owned(), at("conf").display().to_string())];
        Ok(Self { device: bridge::Device::Store { lines, env }, _folder: folder, _plug: None })
    }

    /// What the bridge is told of it.
    pub fn device(&self) -> &bridge::Device {
        &self.device
    }
}

fn private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    Ok(options.write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)?)
}
