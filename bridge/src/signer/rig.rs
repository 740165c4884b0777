//! A signer on a simulated device whose cable the test holds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use highwater_core::apdu::{ChainStatus, Command, ins};
use highwater_core::canonical::{BlockId, ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Step};
use highwater_guard::{OnAbsent, encode};
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;

use super::{NodeSigner, Served, Signer};
use crate::admin::Counters;
use crate::device::{Transport, TransportError, threaded};
use crate::node::{Outcome, Service as _};
use crate::privval::{Kind, SignRequest};
use crate::store::{ChainFile, Pin};

pub(crate) const CHAIN: &str = "alpha-1";
pub(crate) const NODE: &str = "unix:///run/a.sock";
pub(crate) const OTHER_NODE: &str = "unix:///run/b.sock";

/// The cable, and the device at its end.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) dir: TempDir,
    pub(crate) device: Mutex<SimDevice>,
    /// Unplugged.
    pub(crate) absent: AtomicBool,
    /// Never opened, as long as the test lasts.
    pub(crate) stuck: AtomicBool,
    /// SIGN commands that came.
    pub(crate) asked: AtomicUsize,
    /// A signature takes so long.
    pub(crate) delay: Mutex<Duration>,
    /// The word of every SIGN, instead of what the device would say.
    pub(crate) word: Mutex<Option<u16>>,
}

struct Cable(Arc<Rig>);

impl Transport for Cable {
    fn exchange(&mut self, apdu: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        let rig = &self.0;
        if rig.absent.load(Ordering::SeqCst) {
            return Err(TransportError::Deadline);
        }
        if apdu[1] == ins::SIGN {
            rig.asked.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(*rig.delay.lock().unwrap());
            if let Some(word) = *rig.word.lock().unwrap() {
                return Ok(word.to_be_bytes().to_vec());
            }
        }
        Ok(rig.device.lock().unwrap().exchange(apdu))
    }
}

impl Rig {
    /// A new installation, with the chain approved from its beginning.
    pub(crate) fn new() -> Arc<Self> {
        Self::on(device())
    }

    pub(crate) fn on(device: SimDevice) -> Arc<Self> {
        Arc::new(Self {
            dir: tempfile::tempdir().unwrap(),
            device: Mutex::new(device),
            absent: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            delay: Mutex::default(),
            word: Mutex::default(),
        })
    }

    /// A signer with the chain's pin and file, for these nodes.
    pub(crate) async fn signer(self: &Arc<Self>, nodes: &[&str], counters: Counters) -> Signer {
        self.signer_until(nodes, counters, None).await
    }

    /// The same, with a last height to sign.
    pub(crate) async fn signer_until(
        self: &Arc<Self>,
        nodes: &[&str],
        counters: Counters,
        stop_height: Option<u64>,
    ) -> Signer {
        let pin = self.pin();
        let file = ChainFile::found(self.dir.path(), CHAIN).unwrap();
        let file = file.unwrap_or_else(|| {
            let new = ChainFile::new(CHAIN, pin.key, Hrs::default());
            new.save(self.dir.path()).unwrap();
            new
        });
        let served = Served {
            id: CHAIN.to_owned(),
            pin,
            file,
            on_absent: OnAbsent::Error,
            stop_height,
            nodes: nodes.iter().map(|node| (*node).into()).collect(),
            rpc: Some("http://127.0.0.1:26657".into()),
        };
        let rig = self.clone();
        let opener = move || {
            while rig.stuck.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            match rig.absent.load(Ordering::SeqCst) {
                true => Err(TransportError::Absent(crate::device::Absence::NoLedger)),
                false => Ok(Box::new(Cable(rig.clone())) as Box<dyn Transport>),
            }
        };
        let plug = threaded(Box::new(opener)).unwrap();
        let (signer, _) = Signer::start(vec![served], self.dir.path().to_owned(), plug, counters).unwrap();
        if !self.stuck.load(Ordering::SeqCst) {
            signer.device().looked().await;
        }
        signer
    }

    fn pin(&self) -> Pin {
        let mut device = self.device.lock().unwrap();
        let key = device.exchange(&apdu(Command::GetPublicKey(chain())));
        let version = device.exchange(&apdu(Command::GetVersion));
        Pin {
            key: key.first_chunk().copied().unwrap_or_default(),
            installation: version[6..22].try_into().unwrap(),
            imported: false,
        }
    }

    pub(crate) fn mark(&self) -> Hrs {
        let status = self.device.lock().unwrap().exchange(&apdu(Command::GetStatus { slot: 0 }));
        ChainStatus::parse(&status[..status.len() - 2]).unwrap().mark
    }

    /// What the state file says.
    pub(crate) fn file(&self) -> ChainFile {
        ChainFile::found(self.dir.path(), CHAIN).unwrap().unwrap()
    }

    /// The owner of the device approves a mark, without the host.
    pub(crate) fn owner_sets(&self, to: Hrs) {
        let named = highwater_core::apdu::Named { chain: chain(), incarnation: 1 };
        let reply = self.device.lock().unwrap().exchange(&apdu(Command::SetMark { named, to }));
        assert!(reply.ends_with(&[0x90, 0]), "{reply:02x?}");
    }
}

pub(crate) fn chain() -> ChainId<'static> {
    ChainId::new(CHAIN.as_bytes()).unwrap()
}

pub(crate) fn apdu(command: Command<'_>) -> Vec<u8> {
    encode(&command).unwrap()
}

/// A device whose owner approves everything, with the chain approved from its beginning.
pub(crate) fn device() -> SimDevice {
    let mut device = SimDevice::in_memory(b"signer");
    device.owner = Owner::Approves;
    let add = Command::AddChain { chain: chain(), key_index: 0, mark: Hrs::default() };
    assert!(device.exchange(&apdu(add)).ends_with(&[0x90, 0]));
    device
}

/// A node whose link is up.
pub(crate) fn node(signer: &Signer, address: &str) -> NodeSigner {
    let node = signer.for_node(CHAIN, address).unwrap();
    link(&node, address, true);
    node
}

pub(crate) fn link(node: &NodeSigner, address: &str, up: bool) {
    let of = crate::node::Node { chain: CHAIN.to_owned(), address: address.parse().unwrap() };
    node.link(&of, up);
}

pub(crate) fn vote(height: u64, step: Step, block: u8) -> SignRequest {
    let hash = [block; 32];
    let message = Message {
        hrs: Hrs::new(height, 0, step).unwrap(),
        pol_round: None,
        block: Some(BlockId { hash: &hash, total: 1, parts_hash: &hash }),
        timestamp: Timestamp { seconds: 100, nanos: 0 },
        chain: chain(),
    };
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    let extension = (step == Step::Precommit).then(|| vec![7; 9]);
    let (chain, sign_bytes) = (CHAIN.to_owned(), bytes[..len].to_vec());
    SignRequest { kind: Kind::Vote, chain, hrs: message.hrs, sign_bytes, extension }
}

pub(crate) fn is_signed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Signed { .. })
}
