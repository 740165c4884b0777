//! A chain of one validator whose key is the device's: device, bridge and a real node.

use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::bridge::{Bridge, Device as Transport, Setup};
use crate::cometbft::{Home, Node};
use crate::device::{Emulated, approve};
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
        Self::make(None).expect("a validator with a simulated device")
    }

    /// With the firmware in an emulator, whose owner approves the chain by its buttons.
    pub fn firmware() -> Self {
        let emulated = Emulated::new().expect("the emulator starts");
        Self::make(Some(emulated)).expect("a validator with the firmware")
    }

    fn make(emulated: Option<Emulated>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let home = folder.path().join("node");
        let transport = match &emulated {
            None => Transport::Simulated,
            Some(emulated) => Transport::Speculos(emulated.emulator()?.apdu_address().to_string()),
        };
        let setup = Setup::new(&folder.path().join("bridge"), &transport, CHAIN, &home.join("privval.sock"))?;
        setup.add_chain(|| match &emulated {
            Some(emulated) => approve(emulated.emulator()?, |_| ()),
            None => Ok(()),
        })?;
        let key = setup.public_key()?;
        let home = Home::init(&tools::cometbft()?, &home, CHAIN, &key)?;
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

    /// The emulator with the firmware, if that is its device.
    pub fn emulated_if_any(&mut self) -> Option<&mut Emulated> {
        self.emulated.as_mut()
    }

    /// The emulator with the firmware.
    pub fn emulated(&mut self) -> &mut Emulated {
        self.emulated.as_mut().expect("this validator has the firmware")
    }
}
