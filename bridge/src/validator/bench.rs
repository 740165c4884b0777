//! A validator before a signer whose cable the test holds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use highwater_core::apdu::{Command, MAX_COMMAND, ins};
use highwater_core::canonical::{BlockId, ChainId, Timestamp};
use highwater_core::hrs::Step;
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;

use super::*;
use crate::device::{Transport, TransportError};
use crate::privval::Kind;

pub(super) const CHAIN: &str = "alpha-1";

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
        let session = device.looked().await.session.unwrap();
        let chain = ChainId::new(CHAIN.as_bytes()).unwrap();
        let key = device.exchange(apdu(Command::GetPublicKey(chain))).await.unwrap();
        let mut pin = Pin { key: key[..32].try_into().unwrap(), installation: session.installation };
        let mut chain = config::Chain {
            id: CHAIN.to_owned(),
            on_absent: OnAbsent::Error,
            stop_height: None,
            nodes: vec![],
        };
        twist(&mut chain, &mut pin);
        let memory = match Memory::load(dir, CHAIN, &pin) {
            Err(MemoryError::Missing(..)) => Memory::new(CHAIN, pin.key, Hrs::default()),
            found => found.unwrap(),
        };
        Validator::new(&chain, pin, memory, dir, device, Counters::new()).unwrap()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A new installation, with the chain approved from its beginning.
pub(super) fn installed() -> SimDevice {
    let mut device = SimDevice::in_memory(b"validator");
    device.owner = Owner::Approves;
    let add = Command::AddChain {
        chain: ChainId::new(CHAIN.as_bytes()).unwrap(),
        key_index: 0,
        mark: Hrs::default(),
    };
    assert!(device.exchange(&apdu(add)).ends_with(&[0x90, 0]));
    device
}

pub(super) fn apdu(command: Command<'_>) -> Vec<u8> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).unwrap();
    apdu[..len].to_vec()
}

pub(super) fn vote(height: u64, block: u8, seconds: i64) -> SignRequest {
    let hash = [block; 32];
    let message = Message {
        hrs: Hrs::new(height, 0, Step::Prevote).unwrap(),
        pol_round: None,
        block: Some(BlockId { hash: &hash, total: 1, parts_hash: &hash }),
        timestamp: Timestamp { seconds, nanos: 0 },
        chain: ChainId::new(CHAIN.as_bytes()).unwrap(),
    };
    SignRequest {
        kind: Kind::Vote,
        chain: CHAIN.to_owned(),
        hrs: message.hrs,
        sign_bytes: replies::encode(&message),
        extension: None,
    }
}

pub(super) fn refusal(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(text) => text,
        other => panic!("not refused but {other:?}"),
    }
}
