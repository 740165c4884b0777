//! A chain of four validators, the first of which is ours.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bridge::{Device, Setup};
use crate::cometbft::{Home, testnet};
use crate::device::Distant;
use crate::tools;

/// Our device, which has approved the chain, and the homes of the nodes; nothing runs yet.
pub struct Four {
    /// The device.
    pub device: Distant,
    /// Of our node.
    pub home: Home,
    /// Of the others, who sign with files.
    pub others: Vec<Home>,
    chain: String,
    bridge: PathBuf,
}

impl Four {
    /// In this folder.
    pub fn new(folder: &Path, chain: &str) -> Result<Self> {
        let (device, bridge) = (Distant::new()?, folder.join("bridge"));
        let setup = Setup::for_nodes(&bridge, &transport(&device), chain, &[])?;
        device.approving(&setup, chain)?;
        let mut homes =
            testnet(&tools::cometbft()?, &folder.join("net"), chain, &setup.public_key()?, 4)?.into_iter();
        let home = homes.next().context("four homes")?;
        Ok(Self { device, home, others: homes.collect(), chain: chain.to_owned(), bridge })
    }

    /// The bridge of our node.
    pub fn setup(&self) -> Result<Setup> {
        let socket = format!("unix://{}", self.home.socket().display());
        Setup::on_absent(&self.bridge, &transport(&self.device), &self.chain, &[socket], "error")
    }
}

fn transport(device: &Distant) -> Device {
    Device::Speculos(device.address().to_string())
}
