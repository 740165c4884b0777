//! A validator before a signer whose cable the test holds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use highwater_core::apdu::{ChainStatus, Command, ins};
use highwater_core::canonical::{BlockId, ChainId, Timestamp};
use highwater_core::hrs::Step;
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;

use super::*;
use crate::device::{Transport, TransportError, encode};
use crate::privval::Kind;

pub(super) const CHAIN: &str = "alpha-1";
/// Another one on the same device.
pub(super) const OTHER: &str = "beta-1";

/// A signer whose cable can be cut and whose signatures can be spoilt or delayed.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) dir: TempDir,
    pub(super) device: Mutex<SimDevice>,
    pub(super) asked: AtomicUsize,
    pub(super) absent: AtomicBool,
    pub(super) spoilt: AtomicBool,
    pub(super) locked: AtomicBool,
    pub(super) delay: Mutex<Duration>,
    /// Commands of extensions.
    pub(super) extended: AtomicUsize,
    pub(super) spoilt_extension: AtomicBool,
    pub(super) extension_delay: Mutex<Duration>,
    /// The app is from before extensions.
    pub(super) old: AtomicBool,
    /// The reply to the next SIGN is lost, and this is done to the device before the next command.
    pub(super) lost: Mutex<Option<fn(&mut SimDevice)>>,
}

struct Cable(Arc<Bench>);

impl Transport for Cable {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        if self.0.absent.load(Ordering::SeqCst) {
            return Err(TransportError::Deadline);
        }
        let mut reply = self.0.device.lock().unwrap().exchange(apdu);
        if apdu[1] == ins::SIGN {
            self.0.asked.fetch_add(1, Ordering::SeqCst);
            if let Some(meanwhile) = self.0.lost.lock().unwrap().take() {
                meanwhile(&mut self.0.device.lock().unwrap());
                return Err(TransportError::Deadline);
            }
            std::thread::sleep(*self.0.delay.lock().unwrap());
            if self.0.locked.load(Ordering::SeqCst) {
                return Ok(vec![0x55, 0x15]);
            }
            reply[0] ^= u8::from(self.0.spoilt.load(Ordering::SeqCst));
        }
        // The probe of each opening does not count.
        if apdu[1] == ins::SIGN_EXTENSION && apdu[5..9] != [0xff; 4] {
            self.0.extended.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(*self.0.extension_delay.lock().unwrap());
            if reply.len() > 2 {
                reply[0] ^= u8::from(self.0.spoilt_extension.load(Ordering::SeqCst));
            }
        }
        if apdu[1] == ins::GET_VERSION && self.0.old.load(Ordering::SeqCst) {
            reply.remove(24);
        }
        Ok(reply)
    }
}

impl Bench {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            dir: tempfile::tempdir().unwrap(),
            device: Mutex::new(installed()),
            asked: AtomicUsize::new(0),
            absent: AtomicBool::new(false),
            spoilt: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            delay: Mutex::new(Duration::ZERO),
            extended: AtomicUsize::new(0),
            spoilt_extension: AtomicBool::new(false),
            extension_delay: Mutex::new(Duration::ZERO),
            old: AtomicBool::new(false),
            lost: Mutex::new(None),
        })
    }

    /// A validator with the right pin, changed by `twist`.
    pub(super) async fn validator(
        self: &Arc<Self>,
        twist: impl FnOnce(&mut config::Chain, &mut Pin),
    ) -> Validator {
        self.validator_in(self.dir.path(), twist).await
    }

    /// The same, of another state directory.
    pub(super) async fn validator_in(
        self: &Arc<Self>,
        dir: &Path,
        twist: impl FnOnce(&mut config::Chain, &mut Pin),
    ) -> Validator {
        let bench = self.clone();
        let opener = move || match bench.absent.load(Ordering::SeqCst) {
            true => Err(TransportError::Absent("unplugged".to_owned())),
            false => Ok(Box::new(Cable(bench.clone())) as Box<dyn Transport>),
        };
        let (device, _) = Device::start(Box::new(opener)).unwrap();
        self.of_in(dir, CHAIN, device, twist).await
    }

    /// The same for another chain of a device that is open.
    pub(super) async fn of(
        &self,
        id: &str,
        device: Device,
        twist: impl FnOnce(&mut config::Chain, &mut Pin),
    ) -> Validator {
        self.of_in(self.dir.path(), id, device, twist).await
    }

    async fn of_in(
        &self,
        dir: &Path,
        id: &str,
        device: Device,
        twist: impl FnOnce(&mut config::Chain, &mut Pin),
    ) -> Validator {
        let session = device.looked().await.session.unwrap();
        let chain = ChainId::new(id.as_bytes()).unwrap();
        let key = device.exchange(apdu(Command::GetPublicKey(chain))).await.unwrap();
        let mut pin = Pin { key: key[..32].try_into().unwrap(), installation: session.installation };
        let mut chain =
            config::Chain { id: id.to_owned(), on_absent: OnAbsent::Error, stop_height: None, nodes: vec![] };
        twist(&mut chain, &mut pin);
        let memory = match Memory::load(dir, id, &pin) {
            Err(MemoryError::Missing(..)) => Memory::new(id, pin.key, Hrs::default()),
            found => found.unwrap(),
        };
        Validator::new(&chain, pin, memory, dir, device, Counters::new()).unwrap()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn extended(&self) -> usize {
        self.extended.load(Ordering::SeqCst)
    }

    pub(super) fn mark(&self) -> Hrs {
        let status = self.device.lock().unwrap().exchange(&apdu(Command::GetStatus { slot: 0 }));
        ChainStatus::parse(&status[..status.len() - 2]).unwrap().mark
    }
}

/// A new installation, with both chains approved from their beginning.
pub(super) fn installed() -> SimDevice {
    let mut device = SimDevice::in_memory(b"validator");
    device.owner = Owner::Approves;
    for (key_index, id) in [(0, CHAIN), (1, OTHER)] {
        let chain = ChainId::new(id.as_bytes()).unwrap();
        let add = Command::AddChain { chain, key_index, mark: Hrs::default() };
        assert!(device.exchange(&apdu(add)).ends_with(&[0x90, 0]));
    }
    device
}

pub(super) fn apdu(command: Command<'_>) -> Vec<u8> {
    encode(&command).unwrap()
}

pub(super) fn vote(height: u64, block: u8, seconds: i64) -> SignRequest {
    ballot(CHAIN, height, Step::Prevote, block, seconds)
}

/// The same of the other chain.
pub(super) fn foreign(height: u64, step: Step) -> SignRequest {
    ballot(OTHER, height, step, 1, 100)
}

/// For a block, with an extension.
pub(super) fn precommit(height: u64, content: &[u8]) -> SignRequest {
    SignRequest { extension: Some(content.to_vec()), ..ballot(CHAIN, height, Step::Precommit, 1, 100) }
}

/// For this block.
pub(super) fn ballot(chain: &str, height: u64, step: Step, block: u8, seconds: i64) -> SignRequest {
    in_round(chain, Hrs::new(height, 0, step).unwrap(), block, seconds)
}

/// The same in any round.
pub(super) fn in_round(chain: &str, hrs: Hrs, block: u8, seconds: i64) -> SignRequest {
    let hash = [block; 32];
    let message = Message {
        hrs,
        pol_round: None,
        block: Some(BlockId { hash: &hash, total: 1, parts_hash: &hash }),
        timestamp: Timestamp { seconds, nanos: 0 },
        chain: ChainId::new(chain.as_bytes()).unwrap(),
    };
    SignRequest {
        kind: Kind::Vote,
        chain: chain.to_owned(),
        hrs: message.hrs,
        sign_bytes: replies::encode(&message),
        extension: None,
    }
}

/// The link of the node that sees this validator is up or down.
pub(super) fn link(validator: &Validator, up: bool) {
    let node = Node { chain: CHAIN.to_owned(), address: "unix:///run/node.sock".parse().unwrap() };
    validator.link(&node, up);
}

/// The validator as two nodes see it, whose links are up.
pub(super) fn two_nodes(validator: &Validator) -> (Validator, Validator) {
    let nodes = (validator.for_node("A"), validator.for_node("B"));
    link(&nodes.0, true);
    link(&nodes.1, true);
    nodes
}

pub(super) fn refusal(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(text) => text,
        other => panic!("not refused but {other:?}"),
    }
}
