//! A chain of one validator whose key is the device's: device, bridge and a real node.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use nanos_sdk::target::{Device as Hardware, nanos};
use tempfile::TempDir;

use crate::bridge::{Bridge, Device as Transport, Setup};
use crate::cometbft::{Home, Node};
use crate::device::{Distant, Emulated, approve};
use crate::harness::By;
use crate::store::Store;
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
    hand: Hand,
    _folder: TempDir,
}

/// The device.
enum Hand {
    /// In the bridge's own process.
    Simulated,
    Emulated(Box<Emulated>),
    Distant(Distant),
    Store(Store),
}

impl Validator {
    /// With the simulated device in the bridge's own process.
    pub fn simulated() -> Self {
        Self::simulated_over(By::Unix)
    }

    /// The same over this kind of link.
    pub fn simulated_over(by: By) -> Self {
        let make = || Self::make(Hand::Simulated, &tools::cometbft()?, by, "wait");
        make().expect("a validator with a simulated device")
    }

    /// With the simulated device and a node of another release, over this kind of link.
    pub fn simulated_with(release: &str, by: By) -> Self {
        let make = || Self::make(Hand::Simulated, &tools::cometbft_of(release)?, by, "wait");
        make().expect("a validator with a simulated device and another node")
    }

    /// With a simulated device whose cable can be pulled, and this `on_absent`.
    pub fn distant(policy: &str) -> Self {
        let make = || Self::make(Hand::Distant(Distant::new()?), &tools::cometbft()?, By::Unix, policy);
        make().expect("a validator with a distant device")
    }

    /// With its key in a store beside the host.
    pub fn store(store: Store) -> Self {
        let make = || Self::make(Hand::Store(store), &tools::cometbft()?, By::Unix, "wait");
        make().expect("a validator with its key in a store")
    }

    /// With the firmware of this device in an emulator, whose owner approves the chain by its buttons.
    pub fn firmware(hardware: Hardware) -> Self {
        let make = || Self::with_firmware(hardware, &tools::cometbft()?, By::Unix);
        make().expect("a validator with the firmware")
    }

    /// The same on a Nano S with a node of another release, over this kind of link.
    pub fn firmware_with(release: &str, by: By) -> Self {
        let make = || Self::with_firmware(nanos::DEVICE, &tools::cometbft_of(release)?, by);
        make().expect("a validator with the firmware and another node")
    }

    fn with_firmware(hardware: Hardware, program: &Path, by: By) -> Result<Self> {
        Self::make(Hand::Emulated(Box::new(Emulated::new(hardware)?)), program, by, "wait")
    }

    fn make(hand: Hand, program: &Path, by: By, policy: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (bridge, transport) = (folder.path().join("bridge"), hand.transport()?);
        let setup = Setup::for_nodes(&bridge, &transport, CHAIN, &[])?;
        hand.add_chain(&setup)?;
        let mut home = Home::init(program, &folder.path().join("node"), CHAIN, &setup.public_key()?)?;
        let [id, _] = setup.identity()?;
        // The two name each other, so the bridge hears of the node only now.
        let node = home.listen(by, &id)?;
        let setup = Setup::on_absent(&bridge, &transport, CHAIN, &[node], policy)?;
        Ok(Self { setup, home, hand, _folder: folder })
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
        match &mut self.hand {
            Hand::Emulated(emulated) => Some(emulated),
            Hand::Simulated | Hand::Distant(_) | Hand::Store(_) => None,
        }
    }

    /// The emulator with the firmware.
    pub fn emulated(&mut self) -> &mut Emulated {
        self.emulated_if_any().expect("this validator has the firmware")
    }

    /// The device whose cable can be pulled.
    pub fn device(&mut self) -> &mut Distant {
        let Hand::Distant(distant) = &mut self.hand else { panic!("this validator's device is at hand") };
        distant
    }
}

impl Hand {
    fn transport(&self) -> Result<Transport> {
        Ok(match self {
            Self::Simulated => Transport::Simulated,
            Self::Emulated(emulated) => Transport::Speculos(emulated.emulator()?.apdu_address().to_string()),
            Self::Distant(distant) => Transport::Speculos(distant.address().to_string()),
            Self::Store(store) => store.device().clone(),
        })
    }

    /// Has the owner approve the chain.
    fn add_chain(&self, setup: &Setup) -> Result<()> {
        match self {
            Self::Simulated | Self::Store(_) => setup.add_chain(|| Ok(())),
            Self::Emulated(emulated) => setup.add_chain(|| approve(emulated.emulator()?, |_| ())),
            Self::Distant(distant) => distant.approving(setup, CHAIN),
        }
    }
}
