//! tmkms with a key in a file or in a YubiHSM2, as whoever comes from it runs it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::process::Process;

/// Its folder: a configuration, a key, a state.
#[derive(Debug)]
pub struct Tmkms {
    folder: PathBuf,
    program: PathBuf,
}

impl Tmkms {
    /// Writes what it needs to sign for `chain` by the key of this seed, and to dial the node there.
    pub fn new(program: &Path, folder: &Path, chain: &str, node: &str, seed: &[u8; 32]) -> Result<Self> {
        let tmkms = Self { folder: folder.to_owned(), program: program.to_owned() };
        let identity = folder.join("identity.key");
        for (place, key) in [(&identity, &[7; 32]), (&tmkms.key(), seed)] {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(place)?;
            file.write_all(STANDARD.encode(key).as_bytes())?;
        }
        let text = format!(
            r#"[[chain]]
id = "{chain}"
key_format = {{ type = "hex" }}
state_file = {state:?}

[[validator]]
chain_id = "{chain}"
addr = "{node}"
secret_key = {identity:?}
protocol_version = "v0.38"

[[providers.softsign]]
chain_ids = ["{chain}"]
key_type = "consensus"
path = {key:?}
"#,
            state = tmkms.state(),
            key = tmkms.key(),
        );
        std::fs::write(tmkms.config(), text)?;
        Ok(tmkms)
    }

    /// The same with its key in a YubiHSM2 behind the connector at this port, as object 1, by authentication key 4.
    pub fn with_hsm(program: &Path, folder: &Path, chain: &str, node: &str, port: u16) -> Result<Self> {
        let tmkms = Self::new(program, folder, chain, node, &[0; 32])?;
        std::fs::remove_file(tmkms.key())?;
        let text = std::fs::read_to_string(tmkms.config())?;
        let (common, _) = text.split_once("[[providers.softsign]]").context("a provider")?;
        let hsm = format!(
            r#"[[providers.yubihsm]]
adapter = {{ type = "http", addr = "tcp://127.0.0.1:{port}" }}
auth = {{ key = 4, password = "tmkms" }}
keys = [{{ chain_ids = ["{chain}"], key = 1 }}]
"#
        );
        std::fs::write(tmkms.config(), common.to_owned() + &hsm)?;
        Ok(tmkms)
    }

    /// Starts it.
    pub fn start(&self) -> Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(["start", "-c"]).arg(self.config());
        Process::start("tmkms", &command, &self.folder.join("tmkms.log"))
    }

    /// The file of its key: 32 bytes in base64.
    pub fn key(&self) -> PathBuf {
        self.folder.join("consensus.key")
    }

    /// The file of what it signed last.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("tmkms.toml")
    }
}
