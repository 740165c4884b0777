//! A bridge with the simulated device, and nodes for it to dial.

use std::path::PathBuf;
use std::time::Duration;

use highwater_tests::bridge::{Bridge, Device, Setup};
pub(crate) use highwater_tests::harness::Address;
pub(crate) use highwater_tests::harness::By;
use highwater_tests::harness::{Answer, Ask, Ballot, Kind, Node, Timing, Trouble, Version};
use highwater_tests::process::{free_port, wait_for};
use tempfile::TempDir;

/// The chain of these tests.
pub(crate) const CHAIN: &str = "nodes-1";
/// Longer than anything here takes, on a slow machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A bridge's folder, with the chain approved; nothing runs yet.
pub(crate) struct Rig {
    folder: TempDir,
    setup: Setup,
    device: Device,
    pub(crate) key: [u8; 32],
    id: String,
    /// The bridge's key on tcp, in hex.
    pub(crate) public: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::on(Device::Simulated)
    }

    /// On a device whose owner approves by himself.
    pub(crate) fn on(device: Device) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup::for_nodes(&folder.path().join("bridge"), &device, CHAIN, &[]).unwrap();
        setup.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]).unwrap();
        let key = setup.public_key().unwrap();
        let [id, public] = setup.identity().unwrap();
        Self { folder, setup, device, key, id, public }
    }

    /// A file of this name in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a node may listen: an address of its own each time.
    pub(crate) fn place(&self, by: By) -> Address {
        let port = free_port().unwrap();
        match by {
            By::Unix => Address::Unix(self.folder.path().join(format!("{port}.sock"))),
            By::Tcp => Address::Tcp(port),
            By::Noise => Address::Noise(port, self.id.clone()),
        }
    }

    /// A node that listens there.
    pub(crate) fn node(&self, version: Version, address: &Address, timing: Timing) -> Node {
        Node::start(version, address, CHAIN, timing, [5; 32]).unwrap()
    }

    /// The bridge, which dials these addresses.
    pub(crate) fn bridge(&self, nodes: &[String]) -> Bridge {
        let folder = self.folder.path().join("bridge");
        Setup::for_nodes(&folder, &self.device, CHAIN, nodes).unwrap();
        self.setup.start().unwrap()
    }

    /// A node that has its key, and the bridge that gave it.
    pub(crate) fn linked(&self, version: Version, by: By, timing: Timing) -> (Node, Bridge) {
        let node = self.node(version, &self.place(by), timing);
        let bridge = self.bridge(&[node.address().unwrap()]);
        // The bridge itself takes a while to start on a busy machine, longer than a node waits.
        let key = wait_for("the key", PATIENCE, || Ok(node.wait_for_key().ok()));
        assert_eq!(key.unwrap(), self.key, "{version:?} {by:?}:\n{}", bridge.output());
        (node, bridge)
    }
}

/// The words of a refusal.
pub(crate) fn refusal(node: &Node, ask: &Ask) -> String {
    match node.ask(ask) {
        Err(Trouble::Refused(words)) => words,
        other => panic!("not refused: {other:?}"),
    }
}

/// A signature that must come, of the ballot as it is.
pub(crate) fn signed(node: &Node, ballot: &Ballot) -> Answer {
    let answer = node.ask(&Ask::Sign(ballot.clone())).unwrap();
    assert!(matches!(answer, Answer::Vote { .. } | Answer::Proposal(_)), "{answer:?}");
    answer
}

pub(crate) fn prevote(height: i64) -> Ballot {
    Ballot::new(Kind::Prevote, height, 1)
}
