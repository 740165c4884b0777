//! One signer on one kind of link, with a node of its own that asks it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use highwater_tests::bridge::{Bridge, Device, Setup};
pub(crate) use highwater_tests::harness::By;
use highwater_tests::harness::{Address, Ballot, Kind, Node, Timing, Version};
use highwater_tests::process::{Process, wait_for};
use highwater_tests::tmkms::Tmkms;
use highwater_tests::usage;

use super::device::Steady;

pub(crate) const CHAIN: &str = "bench-1";
/// Before each request: in a chain none comes right after the last either.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Bridge,
    /// The bridge with a key in a file: it signs in its own process, as tmkms does, and its mark is synced.
    Hosted,
    Tmkms,
    /// Signs, and does nothing else.
    Floor,
    /// Has the bridge's device sign, and does nothing else: what the hops take, nobody with a device can save.
    FloorOfDevice,
}

/// A signer, running, and its node.
pub(crate) struct Contestant {
    pub(crate) who: Who,
    pub(crate) by: By,
    node: Node,
    key: [u8; 32],
    /// Messages so far.
    asked: i64,
    program: Running,
    device: Option<Steady>,
}

enum Running {
    Bridge(Bridge),
    Other(Process),
}

/// What one contestant did in one round.
pub(crate) struct Turn {
    /// Of each request, without the device's time.
    pub(crate) times: Vec<Duration>,
    /// Of the signer's process.
    pub(crate) cpu: Duration,
}

impl Contestant {
    /// Starts one in `folder`, which is made.
    pub(crate) fn start(who: Who, by: By, folder: &Path, tmkms: Option<&PathBuf>) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (device, setup) = match who {
            Who::Bridge | Who::FloorOfDevice => {
                let device = Steady::start()?;
                let cable = Device::Speculos(device.address.to_string());
                let setup = Setup::for_nodes(folder, &cable, CHAIN, &[])?;
                setup.add_chain(|| Ok(()))?;
                (Some((device, cable)), Some(setup))
            }
            Who::Hosted => {
                let setup = Setup::for_nodes(folder, &Device::Simulated, CHAIN, &[])?;
                setup.add_chain(|| Ok(()))?;
                (None, Some(setup))
            }
            _ => (None, None),
        };
        let address = match by {
            By::Unix => Address::Unix(folder.join("privval.sock")),
            By::Tcp => Address::Tcp(0),
            By::Noise => {
                let [id, _] = setup.as_ref().context("only the bridge speaks noise")?.identity()?;
                Address::Noise(0, id)
            }
        };
        let node = Node::start(Version::V038, &address, CHAIN, Timing::default(), [5; 32])?;
        let at = node.address()?;
        let (program, device) = match (who, device) {
            (Who::Bridge, Some((device, cable))) => {
                let setup = Setup::for_nodes(folder, &cable, CHAIN, &[at])?;
                (Running::Bridge(setup.start_plain()?), Some(device))
            }
            (_, Some((device, _))) => {
                (Running::Other(start_floor(folder, &at, Some(device.address))?), Some(device))
            }
            (Who::Hosted, _) => {
                let setup = Setup::for_nodes(folder, &Device::Simulated, CHAIN, &[at])?;
                (Running::Bridge(setup.start_plain()?), None)
            }
            (Who::Tmkms, _) => {
                let program = tmkms.context("no tmkms")?;
                (Running::Other(Tmkms::new(program, folder, CHAIN, &at, &[6; 32])?.start()?), None)
            }
            _ => (Running::Other(start_floor(folder, &at, None)?), None),
        };
        let key = wait_for("the key", Duration::from_secs(60), || Ok(node.wait_for_key().ok()))
            .with_context(|| format!("of {who:?} by {by:?}"))?;
        Ok(Self { who, by, node, key, asked: 0, program, device })
    }

    /// So many messages, a proposal and a prevote at each height, as a proposer asks; every signature is verified. Precommits
    /// come with a vote extension, which not all here sign.
    pub(crate) fn turn(&mut self, requests: usize) -> Result<Turn> {
        let before = usage::cpu(self.process())?;
        let mut times = Vec::with_capacity(requests);
        for _ in 0..requests {
            sleep(PAUSE);
            let height = self.asked / 2 + 1;
            let ballot = match self.asked % 2 {
                0 => Ballot::new(Kind::Proposal, height, 1),
                _ => Ballot::new(Kind::Prevote, height, 1),
            };
            self.asked += 1;
            self.node.sign(&ballot, &self.key)?;
            let device = self.device.as_ref().map(Steady::took).transpose()?.unwrap_or_default();
            times.push(self.node.took().saturating_sub(device));
        }
        Ok(Turn { times, cpu: usage::cpu(self.process())?.saturating_sub(before) })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        match &self.program {
            Running::Bridge(bridge) => bridge.id(),
            Running::Other(process) => process.id(),
        }
    }
}

fn start_floor(folder: &Path, node: &str, device: Option<SocketAddr>) -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor", node]);
    if let Some(device) = device {
        command.arg("--device").arg(device.to_string());
    }
    Process::start("the floor", &command, &folder.join("floor.log"))
}
