//! Real validators on one simulated device, for tests whose time is not ours.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use highwater::admin::Counters;
use highwater::config::{self, OnAbsent};
use highwater::device::{Device, Transport, TransportError};
use highwater::node::{Node, Outcome, Service};
use highwater::privval::SignRequest;
use highwater::validator::{Memory, Pin, Validator};
use highwater_core::apdu::{Command, MAX_COMMAND};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_core::signer::TICKS_PER_SECOND;
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A device with chains, and what serves them.
pub(crate) struct Signer {
    device: Device,
    runtime: Arc<Runtime>,
    folder: TempDir,
}

/// A validator that a node's task can use in simulated time.
#[derive(Clone)]
pub(crate) struct Timed {
    validator: Validator,
    /// How long a signature takes, in simulated time.
    work: Duration,
    runtime: Arc<Runtime>,
}

#[derive(Clone)]
struct Cable(Arc<Mutex<SimDevice>>);

impl Transport for Cable {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        let mut device = self.0.lock().unwrap();
        // A second a command, so that a leap upwards does not end a chain for good.
        device.tick(TICKS_PER_SECOND);
        Ok(device.exchange(apdu))
    }
}

impl Signer {
    pub(crate) fn new() -> Self {
        let mut device = SimDevice::in_memory(b"validators");
        device.owner = Owner::Approves;
        let cable = Cable(Arc::new(Mutex::new(device)));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let opener = move || Ok(Box::new(cable.clone()) as Box<dyn Transport>);
        let (device, _) = Device::start(Box::new(opener)).unwrap();
        Self { device, runtime: Arc::new(runtime), folder: in_memory() }
    }

    /// A chain, approved; its validator and its key.
    pub(crate) fn chain(&self, id: &str, index: u32, work: Duration) -> (Timed, [u8; 32]) {
        let chain = ChainId::new(id.as_bytes()).unwrap();
        let ask = |command: Command<'_>| {
            let mut apdu = [0; MAX_COMMAND];
            let len = command.encode(&mut apdu).unwrap();
            let reply = self.runtime.block_on(self.device.exchange(apdu[..len].to_vec())).unwrap();
            assert!(reply.ends_with(&[0x90, 0]), "{reply:02x?}");
            reply
        };
        ask(Command::AddChain { chain, key_index: index, mark: Hrs::default() });
        let key = ask(Command::GetPublicKey(chain))[..32].try_into().unwrap();
        let installation = self.runtime.block_on(self.device.looked()).session.unwrap().installation;
        let memory = Memory::new(id, key, Hrs::default());
        memory.save(self.folder.path()).unwrap();
        let config =
            config::Chain { id: id.to_owned(), on_absent: OnAbsent::Wait, stop_height: None, nodes: vec![] };
        let pin = Pin { key, installation };
        let (folder, device) = (self.folder.path(), self.device.clone());
        let validator = Validator::new(&config, pin, memory, folder, device, Counters::new()).unwrap();
        (Timed { validator, work, runtime: self.runtime.clone() }, key)
    }
}

impl Service for Timed {
    fn public_key(&self) -> [u8; 32] {
        self.validator.public_key()
    }

    /// The real signer signs while the simulated time stands still, in the middle of the time it is to take: so a node
    /// may lose its patience before there is a signature, and after.
    async fn sign(&self, request: SignRequest) -> Outcome {
        tokio::time::sleep(self.work / 2).await;
        let (validator, (tell, heard)) = (self.validator.clone(), mpsc::channel());
        self.runtime.spawn(async move { tell.send(validator.sign(request).await) });
        let outcome = heard.recv_timeout(Duration::from_secs(20)).expect("the validator answers");
        tokio::time::sleep(self.work / 2).await;
        outcome
    }

    fn link(&self, node: &Node, up: bool) {
        self.validator.link(node, up);
    }
}

/// A folder whose files need no disk, where there is one: no power is cut here, and thousands of syncs take minutes.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
