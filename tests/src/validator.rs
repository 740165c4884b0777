//! A chain of one validator whose key is the device's: device, bridge and a real node.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::bridge::{Bridge, Device as Transport, Setup};
use crate::cometbft::{Home, Node};
use crate::device::{Emulated, approve};
use crate::harness::By;
use crate::tools;

/// The chain.
pub const CHAIN: &str = "e2e-1";
/// Longer than anything here takes, on a slow machine too.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Between two blocks.
const PAUSE: Duration = Duration::from_millis(100);

/// The chain approved on its device, and a node's home; nothing runs yet.
pub struct Validator {
    /// The bridge's configuration.
    pub setup: Setup,
    /// The node's home.
    pub home: Home,
    emulated: Option<Emulated>,
    _folder: TempDir,
}

impl Validator {
    /// With the simulated device in the bridge's own process.
    pub fn simulated() -> Self {
        Self::simulated_over(By::Unix)
    }

    /// The same over this kind of link.
    pub fn simulated_over(by: By) -> Self {
        let make = || Self::make(None, &tools::cometbft()?, by);
        make().expect("a validator with a simulated device")
    }

    /// With the firmware in an emulator, whose owner approves the chain by its buttons.
    pub fn firmware() -> Self {
        let make = || Self::make(Some(Emulated::new()?), &tools::cometbft()?, By::Unix);
        make().expect("a validator with the firmware")
    }

    /// The same with a node of another release, over this kind of link.
    pub fn firmware_with(release: &str, by: By) -> Self {
        let make = || Self::make(Some(Emulated::new()?), &tools::cometbft_of(release)?, by);
        make().expect("a validator with the firmware and another node")
    }

    fn make(emulated: Option<Emulated>, program: &Path, by: By) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let transport = match &emulated {
            None => Transport::Simulated,
            Some(emulated) => Transport::Speculos(emulated.emulator()?.apdu_address().to_string()),
        };
        let bridge = folder.path().join("bridge");
        let setup = Setup::for_nodes(&bridge, &transport, CHAIN, &[])?;
        setup.add_chain(|| match &emulated {
            Some(emulated) => approve(emulated.emulator()?, |_| ()),
            None => Ok(()),
        })?;
        let mut home = Home::init(program, &folder.path().join("node"), CHAIN, &setup.public_key()?)?;
        let id = String::from_utf8(setup.run(&["node-id"])?.stdout)?;
        // The two name each other, so the bridge hears of the node only now.
        let setup = Setup::for_nodes(&bridge, &transport, CHAIN, &[home.listen(by, id.trim())?])?;
        Ok(Self { setup, home, emulated, _folder: folder })
    }

    /// Starts the bridge.
    pub fn bridge(&self) -> Bridge {
        self.setup.start().expect("the bridge starts")
    }

    /// Starts the node.
    pub fn node(&self) -> Node {
        self.home.start(PAUSE).expect("the node starts")
    }

    /// The emulator with the firmware.
    pub fn emulated(&mut self) -> &mut Emulated {
        self.emulated.as_mut().expect("this validator has the firmware")
    }
}
