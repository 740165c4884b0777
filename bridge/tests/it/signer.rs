//! Real signers on simulated devices, for tests whose time is not ours.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use highwater::admin::Counters;
use highwater::device::{Transport, TransportError, threaded};
use highwater::node::{Node, Outcome, Service};
use highwater::privval::SignRequest;
use highwater::signer::{NodeSigner, Served, Signer as Task};
use highwater::store::{ChainFile, Pin};
use highwater_core::apdu::Command;
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_core::signer::TICKS_PER_SECOND;
use highwater_guard::{OnAbsent, encode};
use highwater_sim::{Owner, SimDevice};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where the signers of the chains run, each with a device of its own.
pub(crate) struct Signer {
    runtime: Arc<Runtime>,
    folder: TempDir,
}

/// A chain's signer that a node's task can use in simulated time.
#[derive(Clone)]
pub(crate) struct Timed {
    signer: NodeSigner,
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
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime: Arc::new(runtime), folder: in_memory() }
    }

    /// A chain, approved; its signer and its key.
    pub(crate) fn chain(&self, id: &str, index: u32, work: Duration) -> (Timed, [u8; 32]) {
        let chain = ChainId::new(id.as_bytes()).unwrap();
        let mut device = SimDevice::in_memory(id.as_bytes());
        device.owner = Owner::Approves;
        let mut ask = |command: Command<'_>| {
            let reply = device.exchange(&encode(&command).unwrap());
            assert!(reply.ends_with(&[0x90, 0]), "{reply:02x?}");
            reply
        };
        ask(Command::AddChain { chain, key_index: index, mark: Hrs::default() });
        let key = ask(Command::GetPublicKey(chain))[..32].try_into().unwrap();
        let installation = ask(Command::GetVersion)[6..22].try_into().unwrap();
        let folder = self.folder.path().join(id);
        let file = ChainFile::new(id, key, Hrs::default());
        file.save(&folder).unwrap();
        let served = Served {
            id: id.to_owned(),
            pin: Pin { key, installation, imported: false },
            file,
            on_absent: OnAbsent::Wait,
            stop_height: None,
            nodes: vec![id.into()],
            rpc: None,
        };
        let cable = Cable(Arc::new(Mutex::new(device)));
        let plug = threaded(Box::new(move || Ok(Box::new(cable.clone()) as Box<dyn Transport>))).unwrap();
        let signer = self.runtime.block_on(async {
            let (task, _) = Task::start(vec![served], folder, plug, Counters::new()).unwrap();
            task.device().looked().await;
            task.for_node(id, id).unwrap()
        });
        (Timed { signer, work, runtime: self.runtime.clone() }, key)
    }
}

impl Service for Timed {
    fn public_key(&self) -> [u8; 32] {
        self.signer.public_key()
    }

    /// The real signer signs while the simulated time stands still, in the middle of the time it is to take: so a node
    /// may lose its patience before there is a signature, and after.
    async fn sign(&self, request: SignRequest) -> Outcome {
        tokio::time::sleep(self.work / 2).await;
        let (signer, (tell, heard)) = (self.signer.clone(), mpsc::channel());
        self.runtime.spawn(async move { tell.send(signer.sign(request).await) });
        let outcome = heard.recv_timeout(Duration::from_secs(20)).expect("the signer answers");
        tokio::time::sleep(self.work / 2).await;
        outcome
    }

    fn link(&self, node: &Node, up: bool) {
        self.signer.link(node, up);
    }

    fn heard(&self) {
        self.signer.heard();
    }
}

/// A folder whose files need no disk, where there is one: no power is cut here, and thousands of syncs take minutes.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
