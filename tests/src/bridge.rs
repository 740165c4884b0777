//! The bridge, run as an operator runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::process::Process;

/// Which device the bridge talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// The signer in the bridge's own process.
    Simulated,
    /// The firmware in the emulator, at this APDU address.
    Speculos(String),
    /// Keys in a store: the lines below `[device]`, and what its module wants in the environment.
    Store {
        /// The lines.
        lines: String,
        /// The environment.
        env: Vec<(String, String)>,
    },
}

/// A configuration and its state directory.
#[derive(Debug)]
pub struct Setup {
    folder: PathBuf,
    chain: String,
    program: PathBuf,
    env: Vec<(String, String)>,
}

/// A running `highwater run`.
#[derive(Debug)]
pub struct Bridge {
    process: Process,
}

/// One line of the bridge's log about a signature.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureLine {
    /// The chain.
    pub chain: String,
    /// The name of its device, if it has one.
    pub device: Option<String>,
    /// Height.
    pub height: u64,
    /// Round.
    pub round: u64,
    /// proposal, prevote or precommit.
    pub step: String,
    /// From the request read to the signature verified, milliseconds.
    pub ms: f64,
}

impl Device {
    /// The lines of its section, and what it wants in the environment.
    fn section(&self) -> (String, Vec<(String, String)>) {
        match self {
            Self::Simulated => ("transport = \"simulated\"".to_owned(), Vec::new()),
            Self::Speculos(address) => {
                (format!("transport = \"speculos\"\naddress = \"{address}\""), Vec::new())
            }
            Self::Store { lines, env } => (lines.clone(), env.clone()),
        }
    }
}

impl Setup {
    /// Writes a configuration into `folder` for one chain and one node.
    pub fn new(folder: &Path, device: &Device, chain: &str, socket: &Path) -> Result<Self> {
        Self::for_nodes(folder, device, chain, &[format!("unix://{}", socket.display())])
    }

    /// Writes a configuration into `folder` for one chain and its nodes, each as the config names it.
    pub fn for_nodes(folder: &Path, device: &Device, chain: &str, nodes: &[String]) -> Result<Self> {
        Self::on_absent(folder, device, chain, nodes, "wait")
    }

    /// The same with this `on_absent`.
    pub fn on_absent(
        folder: &Path,
        device: &Device,
        chain: &str,
        nodes: &[String],
        policy: &str,
    ) -> Result<Self> {
        // Root makes no state directory by itself.
        std::fs::create_dir_all(folder.join("state"))?;
        let (device, env) = device.section();
        let config = format!(
            "state_dir = {state:?}\n\n[device]\n{device}\n\n[[chain]]\nid = {chain:?}\non_absent = {policy:?}\nnodes = {nodes:?}\n",
            state = folder.join("state"),
        );
        std::fs::write(folder.join("highwater.toml"), config)?;
        Ok(Self { folder: folder.to_owned(), chain: chain.to_owned(), program: program()?, env })
    }

    /// Writes a configuration into `folder` for several devices, each with a name, a chain of its own and that one's nodes.
    pub fn several(folder: &Path, devices: &[(&str, &Device, &str, Vec<String>)]) -> Result<Self> {
        std::fs::create_dir_all(folder.join("state"))?;
        let mut config = format!("state_dir = {:?}\n", folder.join("state"));
        let mut env = Vec::new();
        for (name, device, chain, nodes) in devices {
            let (lines, of_device) = device.section();
            env.extend(of_device);
            config += &format!(
                "\n[[chain]]\nid = {chain:?}\ndevice = {name:?}\non_absent = \"wait\"\nnodes = {nodes:?}\n\n[[device]]\nname = {name:?}\n{lines}\n"
            );
        }
        std::fs::write(folder.join("highwater.toml"), config)?;
        let (_, _, chain, _) = devices.first().context("a device")?;
        Ok(Self { folder: folder.to_owned(), chain: (*chain).to_owned(), program: program()?, env })
    }

    /// The same for commands about another one of its chains.
    pub fn about(&self, chain: &str) -> Self {
        let Self { folder, program, env, .. } = self;
        Self { folder: folder.clone(), chain: chain.to_owned(), program: program.clone(), env: env.clone() }
    }

    /// Has the daemon serve its metrics, and the page, at this port.
    pub fn metrics(&self, port: u16) -> Result<()> {
        let path = self.folder.join("highwater.toml");
        let config = std::fs::read_to_string(&path)?;
        std::fs::write(&path, format!("{config}\n[admin]\nmetrics = \"127.0.0.1:{port}\"\n"))?;
        Ok(())
    }

    /// Has the daemon ask a node of the chain which blocks have our signature, from its next start on.
    pub fn asks(&self, rpc: &str) -> Result<()> {
        let path = self.folder.join("highwater.toml");
        // The chain's section is the last one.
        let text = std::fs::read_to_string(&path)?;
        Ok(std::fs::write(&path, format!("{text}rpc = {rpc:?}\n"))?)
    }

    /// What `status` tells programs.
    pub fn status(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.run(&["status", "--json"])?.stdout)?)
    }

    /// A command line of the bridge with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(self.folder.join("highwater.toml"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command line to its end; an error holds what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        self.run_while(arguments, || Ok(()))
    }

    /// As [`Setup::run`], while the owner of the device does something, as a command that raises a prompt needs.
    pub fn run_while(&self, arguments: &[&str], owner: impl FnOnce() -> Result<()>) -> Result<Output> {
        let mut command = self.command(arguments);
        // Of a device without buttons.
        command
            .env("HIGHWATER_SIM_APPROVE", "1")
            .env("HIGHWATER_APPROVE_CHAIN", &self.chain)
            .stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let acted = owner();
        let output = child.wait_with_output()?;
        let said = || {
            let said = [&output.stdout[..], &output.stderr].concat();
            format!(
                "highwater {}: {}\n{}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&said)
            )
        };
        // If the owner found no prompt, the reason stands in what the command says.
        acted.with_context(said)?;
        ensure!(output.status.success(), said());
        Ok(output)
    }

    /// Approves the chain on the device and pins its key.
    pub fn add_chain(&self, owner: impl FnOnce() -> Result<()>) -> Result<()> {
        self.run_while(&["chain", "add", &self.chain, "--key-index", "0", "--next-height", "1"], owner)
            .map(drop)
    }

    /// The chain's public key.
    pub fn public_key(&self) -> Result<[u8; 32]> {
        let output = self.run(&["pubkey", &self.chain, "--json"])?;
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let key = said["pub_key"]["value"].as_str().context("no key in the answer")?;
        STANDARD.decode(key)?.try_into().ok().context("a key of another length")
    }

    /// Who the bridge is to its nodes: its id on noise, and its key on tcp in hex.
    pub fn identity(&self) -> Result<[String; 2]> {
        let said = String::from_utf8(self.run(&["node-id"])?.stdout)?;
        let of = |by: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(by));
            line.map(|line| line.trim().to_owned()).with_context(|| format!("no {by} in {said:?}"))
        };
        Ok([of("noise ")?, of("tcp ")?])
    }

    /// Starts the daemon, which logs as JSON.
    pub fn start(&self) -> Result<Bridge> {
        let mut command = self.command(&["run"]);
        command.env("HIGHWATER_LOG_FORMAT", "json");
        self.launch(&command)
    }

    /// Starts the daemon with no setting but its configuration, as a service manager does.
    pub fn start_plain(&self) -> Result<Bridge> {
        self.launch(&self.command(&["run"]))
    }

    fn launch(&self, command: &Command) -> Result<Bridge> {
        let process = Process::start("highwater run", command, &self.folder.join("bridge.log"))?;
        Ok(Bridge { process })
    }
}

impl Bridge {
    /// An error if it has stopped.
    pub fn check(&mut self) -> Result<()> {
        self.process.check()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything it logged.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The signatures it released, in order.
    pub fn signatures(&self) -> Vec<SignatureLine> {
        self.lines("signed").filter_map(|fields| signature(&fields)).collect()
    }

    /// How many requests it refused.
    pub fn refusals(&self) -> usize {
        self.lines("refused").count()
    }

    /// How often it was connected to a node. A node hangs up when an answer takes too long, and asks the next link again.
    pub fn links(&self) -> usize {
        self.lines("connected to the node").count()
    }

    /// SIGTERM; its exit code.
    pub fn stop(&mut self) -> Result<Option<i32>> {
        self.process.stop(Duration::from_secs(20))
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    fn lines(&self, message: &'static str) -> impl Iterator<Item = Value> {
        let output = self.output();
        let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        lines.into_iter().map(|line| line["fields"].clone()).filter(move |f| f["message"] == message)
    }
}

fn signature(fields: &Value) -> Option<SignatureLine> {
    Some(SignatureLine {
        chain: fields["chain"].as_str()?.to_owned(),
        device: fields["device"].as_str().map(str::to_owned),
        height: fields["height"].as_u64()?,
        round: fields["round"].as_u64()?,
        step: fields["step"].as_str()?.to_owned(),
        ms: fields["ms"].as_f64()?,
    })
}

/// The bridge's program, built beside us by cargo.
fn program() -> Result<PathBuf> {
    let us = std::env::current_exe()?;
    let found = us.ancestors().skip(1).take(2).map(|folder| folder.join("highwater")).find(|p| p.is_file());
    found.context("the bridge is not built: run `cargo build -p highwater` first")
}
