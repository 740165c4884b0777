//! A chain of one validator whose key is the device's.

use std::path::PathBuf;
use std::time::Duration;

use highwater_tests::bridge::{Bridge, Device, Setup};
use highwater_tests::cometbft::{Home, Node};
use tempfile::TempDir;

/// The chain of these tests.
pub(crate) const CHAIN: &str = "e2e-1";
/// Longer than anything here takes, on a slow machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Stage {
    pub(crate) setup: Setup,
    pub(crate) home: Home,
    _folder: TempDir,
}

impl Stage {
    /// A simulated device with the chain approved, and a node's home; nothing runs yet.
    pub(crate) fn simulated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("node");
        let socket = home.join("privval.sock");
        let setup = Setup::new(&folder.path().join("bridge"), &Device::Simulated, CHAIN, &socket).unwrap();
        setup.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]).unwrap();
        let key = setup.public_key().unwrap();
        let home = Home::init(&cometbft(), &home, CHAIN, &key).unwrap();
        Self { setup, home, _folder: folder }
    }

    pub(crate) fn bridge(&self) -> Bridge {
        self.setup.start().unwrap()
    }

    pub(crate) fn node(&self) -> Node {
        self.home.start(Duration::from_millis(100)).unwrap()
    }
}

fn cometbft() -> PathBuf {
    let cure = "HIGHWATER_COMETBFT is not set: run `cargo xtask test`, which builds the node";
    std::env::var_os("HIGHWATER_COMETBFT").expect(cure).into()
}
