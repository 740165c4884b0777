//! A real one-validator chain: a CometBFT node whose only validator's key is the device's.

mod testnet;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::application::Application;
use crate::harness::By;
use crate::process::{Process, free_port, wait_for};

pub use testnet::testnet;

/// In a home folder.
const GENESIS: &str = "config/genesis.json";
/// The application that comes with the node.
const KVSTORE: &str = "kvstore";
/// In a home folder too: where the node waits for its signer, if it is on this machine.
const SOCKET: &str = "privval.sock";

/// A node's home folder, with a genesis of one validator.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    program: PathBuf,
    /// Where the node waits for a signer; none if it signs with the key in its own file.
    signer: Option<String>,
    /// Where other nodes find it, and where it finds them, if it is not alone.
    peers: Option<Peers>,
    /// The application.
    application: String,
    /// The validator's address, upper-case hex.
    pub address: String,
}

#[derive(Debug)]
struct Peers {
    port: u16,
    all: String,
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    process: Process,
    rpc: String,
    address: String,
}

/// One committed block, as the node's RPC tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Height.
    pub height: u64,
    /// The round it was committed in.
    pub round: u64,
    /// Whether our validator's signature for the block stands in the commit.
    pub signed: bool,
}

impl Home {
    /// Makes a home in `folder` for `chain` whose validator is `key`.
    pub fn init(program: &Path, folder: &Path, chain: &str, key: &[u8; 32]) -> Result<Self> {
        let mut genesis = new(program, folder)?;
        genesis["chain_id"] = json!(chain);
        genesis["validators"] = json!([validator(key)]);
        std::fs::write(folder.join(GENESIS), serde_json::to_vec_pretty(&genesis)?)?;
        let signer = Some(format!("unix://{}", folder.join(SOCKET).display()));
        let (folder, program) = (folder.to_owned(), program.to_owned());
        Ok(Self {
            folder,
            program,
            signer,
            peers: None,
            application: KVSTORE.to_owned(),
            address: address(key),
        })
    }

    /// Has the node wait for its signer over another kind of link than a socket file. `signer` is the signer's id, for
    /// noise. Gives the address that the signer dials.
    pub fn listen(&mut self, by: By, signer: &str) -> Result<String> {
        let place = format!("127.0.0.1:{}", free_port()?);
        let (at, dialled) = match by {
            By::Unix => return Ok(format!("unix://{}", self.socket().display())),
            By::Tcp => (format!("tcp://{place}"), format!("tcp://{place}")),
            By::Noise => {
                let id = self.ask(&["show-node-id", "--libp2p"])?;
                (format!("noise://{signer}@{place}"), format!("noise://{id}@{place}"))
            }
        };
        self.signer = Some(at);
        Ok(dialled)
    }

    /// Makes a home whose node signs with a key in a file of its own, as a node does without any signer.
    pub fn with_file_key(program: &Path, folder: &Path) -> Result<Self> {
        let genesis = new(program, folder)?;
        let address = genesis["validators"][0]["address"].as_str().context("a genesis without validator")?;
        let (folder, program) = (folder.to_owned(), program.to_owned());
        Ok(Self {
            folder,
            program,
            signer: None,
            peers: None,
            application: KVSTORE.to_owned(),
            address: address.to_owned(),
        })
    }

    /// Has a node that signed with its own file wait for a signer from its next start on.
    pub fn sign_elsewhere(&mut self) {
        self.signer = Some(format!("unix://{}", self.socket().display()));
    }

    /// Has a node sign with its own file from its next start on.
    pub fn sign_itself(&mut self) {
        self.signer = None;
    }

    /// A file of this home.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Enables vote extensions from the first height, in the genesis; this node's application leaves them empty.
    pub fn enable_extensions(&self) -> Result<()> {
        let path = self.folder.join(GENESIS);
        let mut genesis: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        // Where 0.38 to 0.40 look, and where 1.0 does.
        let section = if genesis["consensus_params"]["feature"].is_object() { "feature" } else { "abci" };
        genesis["consensus_params"][section]["vote_extensions_enable_height"] = json!("1");
        Ok(std::fs::write(path, serde_json::to_vec_pretty(&genesis)?)?)
    }

    /// Has the chain run this application, with vote extensions from the first height.
    pub fn run(&mut self, application: &Application) -> Result<()> {
        self.application = format!("tcp://{}", application.address());
        self.enable_extensions()
    }

    /// The chain's id and the key of its first validator.
    pub fn validator(&self) -> Result<(String, [u8; 32])> {
        let genesis: Value = serde_json::from_slice(&std::fs::read(self.folder.join(GENESIS))?)?;
        let text =
            |value: &Value| value.as_str().map(str::to_owned).context("a genesis that lacks something");
        let key = STANDARD.decode(text(&genesis["validators"][0]["pub_key"]["value"])?)?;
        Ok((text(&genesis["chain_id"])?, key.try_into().ok().context("a key of another length")?))
    }

    /// The socket at which the node waits for its signer.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(SOCKET)
    }

    /// Forgets every block and vote, as `unsafe-reset-all` does; the stopped node starts again at height 1.
    pub fn reset(&self) -> Result<()> {
        self.ask(&["unsafe-reset-all"]).map(drop)
    }

    /// A command of the node's program about this home; what it prints.
    fn ask(&self, arguments: &[&str]) -> Result<String> {
        ask(&self.program, arguments, &self.folder)
    }

    /// Starts the node; `commit` is its pause between blocks.
    pub fn start(&self, commit: Duration) -> Result<Node> {
        // A node does not remove the socket it left behind, and then cannot listen.
        if self.socket().exists() {
            std::fs::remove_file(self.socket())?;
        }
        let rpc = free_port()?;
        let p2p = self.peers.as_ref().map_or_else(free_port, |peers| Ok(peers.port))?;
        let mut command = Command::new(&self.program);
        command
            .arg("node")
            .arg("--home")
            .arg(&self.folder)
            .arg(format!("--proxy_app={}", self.application))
            .arg(format!("--p2p.laddr=tcp://127.0.0.1:{p2p}"))
            .arg(format!("--rpc.laddr=tcp://127.0.0.1:{rpc}"))
            .arg("--p2p.pex=false")
            .env("CMT_CONSENSUS_TIMEOUT_COMMIT", format!("{}ms", commit.as_millis()));
        match &self.peers {
            Some(peers) => command.arg(format!("--p2p.persistent_peers={}", peers.all)),
            // On a busy machine the emulator takes longer than a proposer is given, and a second round is no fault.
            None => command.env("CMT_CONSENSUS_TIMEOUT_PROPOSE", "30s"),
        };
        if let Some(signer) = &self.signer {
            command.arg(format!("--priv_validator_laddr={signer}"));
        }
        let process = Process::start("cometbft", &command, &self.folder.join("node.log"))?;
        Ok(Node { process, rpc: format!("http://127.0.0.1:{rpc}"), address: self.address.clone() })
    }
}

impl Node {
    /// The highest committed block, or `None` before the first and while the RPC is not up.
    pub fn height(&mut self) -> Result<Option<u64>> {
        self.process.check()?;
        let Ok(status) = self.get("/status") else {
            return Ok(None);
        };
        let height = number(&status["result"]["sync_info"]["latest_block_height"])?;
        Ok(Some(height).filter(|height| *height > 0))
    }

    /// Waits until `height` is committed.
    pub fn wait_for_height(&mut self, height: u64, patience: Duration) -> Result<()> {
        wait_for(&format!("block {height}"), patience, || {
            Ok(self.height()?.filter(|reached| *reached >= height).map(|_| ()))
        })
        .with_context(|| format!("the node says:\n{}", crate::process::tail(&self.process.output())))
    }

    /// Where its RPC listens.
    pub fn rpc(&self) -> &str {
        &self.rpc
    }

    /// The commit of a block, and whether our validator's signature stands in it.
    pub fn block(&self, height: u64) -> Result<Block> {
        self.block_with(height, &self.address)
    }

    /// The same of the validator with this address.
    pub fn block_with(&self, height: u64, address: &str) -> Result<Block> {
        let commit = &self.get(&format!("/commit?height={height}"))?["result"]["signed_header"]["commit"];
        let signatures = commit["signatures"].as_array().context("a commit without signatures")?;
        // Flag 2 is a vote for the block; 1 is absent, 3 nil.
        let signed = signatures.iter().any(|s| s["block_id_flag"] == 2 && s["validator_address"] == address);
        Ok(Block { height, round: commit["round"].as_u64().context("a commit without round")?, signed })
    }

    /// How many pieces of evidence against a validator stand in a block.
    pub fn evidence(&self, height: u64) -> Result<usize> {
        let block = self.get(&format!("/block?height={height}"))?;
        let evidence = &block["result"]["block"]["evidence"];
        ensure!(evidence.is_object(), "a block without evidence list: {block}");
        Ok(evidence["evidence"].as_array().map_or(0, Vec::len))
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Everything it logged.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Stops the node.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop(Duration::from_secs(20)).map(|_| ())
    }

    fn get(&self, path: &str) -> Result<Value> {
        Ok(ureq::get(format!("{}{path}", self.rpc)).call()?.body_mut().read_json()?)
    }
}

/// The address of a validator with this key, upper-case hex.
pub fn address(key: &[u8; 32]) -> String {
    hex::encode_upper(&Sha256::digest(key)[..20])
}

/// A genesis' line about the validator with this key.
fn validator(key: &[u8; 32]) -> Value {
    json!({
        "address": address(key),
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": STANDARD.encode(key)},
        "power": "1",
        "name": "highwater",
    })
}

/// A new home; gives its genesis.
fn new(program: &Path, folder: &Path) -> Result<Value> {
    ask(program, &["init"], folder)?;
    Ok(serde_json::from_slice(&std::fs::read(folder.join(GENESIS))?)?)
}

fn ask(program: &Path, arguments: &[&str], home: &Path) -> Result<String> {
    let done = Command::new(program).args(arguments).arg("--home").arg(home).output()?;
    ensure!(done.status.success(), "cometbft {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}

fn number(value: &Value) -> Result<u64> {
    value.as_str().context("not a number in a string")?.parse().context("not a number")
}
