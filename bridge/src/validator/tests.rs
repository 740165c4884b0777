use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use highwater_core::apdu::{Command, MAX_COMMAND, ins};
use highwater_core::canonical::{BlockId, ChainId, Timestamp};
use highwater_core::hrs::Step;
use highwater_sim::{Owner, SimDevice};

use super::*;
use crate::device::{Transport, TransportError};
use crate::privval::Kind;

const CHAIN: &str = "alpha-1";

/// A signer whose cable can be cut and whose signatures can be spoilt or delayed.
#[derive(Debug)]
struct Bench {
    device: Mutex<SimDevice>,
    asked: AtomicUsize,
    absent: AtomicBool,
    spoilt: AtomicBool,
    locked: AtomicBool,
    delay: Mutex<Duration>,
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
    fn new() -> Arc<Self> {
        let mut device = SimDevice::in_memory(b"validator");
        device.owner = Owner::Approves;
        let add = Command::AddChain {
            chain: ChainId::new(CHAIN.as_bytes()).unwrap(),
            key_index: 0,
            mark: Hrs::default(),
        };
        assert!(device.exchange(&apdu(add)).ends_with(&[0x90, 0]));
        Arc::new(Self {
            device: Mutex::new(device),
            asked: AtomicUsize::new(0),
            absent: AtomicBool::new(false),
            spoilt: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            delay: Mutex::new(Duration::ZERO),
        })
    }

    /// A validator with the right pin, changed by `twist`.
    async fn validator(self: &Arc<Self>, twist: impl FnOnce(&mut config::Chain, &mut Pin)) -> Validator {
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
        Validator::new(&chain, pin, device, Counters::new())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn apdu(command: Command<'_>) -> Vec<u8> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).unwrap();
    apdu[..len].to_vec()
}

fn vote(height: u64, block: u8, seconds: i64) -> SignRequest {
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

fn refusal(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(text) => text,
        other => panic!("not refused but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_get_the_same_reply_without_the_device() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let first = validator.sign(vote(5, 1, 100)).await;
    assert!(matches!(first, Outcome::Signed { timestamp: Timestamp { seconds: 100, .. }, .. }));
    bench.absent.store(true, Ordering::SeqCst);
    assert_eq!(validator.sign(vote(5, 1, 100)).await, first);
    // A vote that says the same at another time: the kept signature, with the time it is over.
    assert_eq!(validator.sign(vote(5, 1, 101)).await, first);
    assert_eq!(bench.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retimed_vote_that_only_the_device_remembers_is_verified_over_its_own_time() {
    let bench = Bench::new();
    let first = bench.validator(|_, _| {}).await.sign(vote(5, 1, 100)).await;
    assert_eq!(bench.validator(|_, _| {}).await.sign(vote(5, 1, 107)).await, first);
    assert_eq!(bench.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_device_is_told_with_its_word_and_the_mark() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    validator.sign(vote(5, 1, 100)).await;
    let text = refusal(validator.sign(vote(5, 2, 100)).await);
    assert!(text.contains("b006") && text.contains("mark 5/0/prevote"), "{text}");
    assert!(refusal(validator.sign(vote(4, 1, 100)).await).contains("b003"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_does_not_verify_is_neither_released_nor_kept() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.spoilt.store(true, Ordering::SeqCst);
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("does not verify"));
    bench.spoilt.store(false, Ordering::SeqCst);
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert_eq!(bench.asked(), 2);
    let wrong_key = bench.validator(|_, pin| pin.key = [3; 32]).await;
    assert!(refusal(wrong_key.sign(vote(6, 1, 100)).await).contains("pinned key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_is_asked_for_nothing() {
    let bench = Bench::new();
    let validator = bench.validator(|_, pin| pin.installation = [9; 16]).await;
    assert!(refusal(validator.sign(vote(5, 1, 100)).await).contains("installation"));
    assert_eq!(bench.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_stop_height_nothing_is_signed() {
    let bench = Bench::new();
    let validator = bench.validator(|chain, _| chain.stop_height = Some(5)).await;
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert!(refusal(validator.sign(vote(6, 1, 100)).await).contains("stop_height"));
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_is_silence_and_not_an_error() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.locked.store(true, Ordering::SeqCst);
    assert_eq!(validator.sign(vote(5, 1, 100)).await, Outcome::Silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_back_answers_the_waiting_request() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    bench.absent.store(true, Ordering::SeqCst);
    let back = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.absent.store(false, Ordering::SeqCst);
    };
    let (outcome, ()) = tokio::join!(validator.sign(vote(5, 1, 100)), back);
    assert!(matches!(outcome, Outcome::Signed { .. }), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_ends_in_errors_unless_the_chain_waits() {
    let bench = Bench::new();
    for (on_absent, patient) in [(OnAbsent::Error, false), (OnAbsent::Wait, true)] {
        bench.absent.store(false, Ordering::SeqCst);
        let validator = bench.validator(|chain, _| chain.on_absent = on_absent).await;
        bench.absent.store(true, Ordering::SeqCst);
        assert_eq!(validator.sign(vote(5, 1, 100)).await, Outcome::Silent);
        {
            let mut state = validator.0.state();
            state.absent_since = state.absent_since.map(|since| since - PATIENCE);
        }
        let outcome = validator.sign(vote(5, 1, 100)).await;
        assert_eq!(outcome == Outcome::Silent, patient, "{on_absent:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_result_is_kept_for_the_same_question() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    *bench.delay.lock().unwrap() = Duration::from_millis(400);
    let gone = tokio::time::timeout(Duration::from_millis(100), validator.sign(vote(5, 1, 100))).await;
    assert!(gone.is_err());
    // While the first is at work, the same question waits behind it; another is withdrawn unsent.
    let withdrawn = tokio::time::timeout(Duration::from_millis(50), validator.sign(vote(6, 1, 100))).await;
    assert!(withdrawn.is_err());
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    assert_eq!(bench.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_fell_stops_the_chain() {
    let bench = Bench::new();
    let validator = bench.validator(|_, _| {}).await;
    let before = bench.device.lock().unwrap().world.medium.pages().to_vec();
    assert!(matches!(validator.sign(vote(5, 1, 100)).await, Outcome::Signed { .. }));
    {
        let mut device = bench.device.lock().unwrap();
        let mut old = std::mem::replace(&mut *device, SimDevice::in_memory(b"none"));
        old.world.medium.restore(&before);
        *device = old.restart();
    }
    assert!(refusal(validator.sign(vote(5, 2, 100)).await).contains("fell"));
    assert!(refusal(validator.sign(vote(6, 1, 100)).await).contains("fell"));
}
