use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use highwater_core::apdu::{Command, Seed};
use highwater_sim::SimDevice;

use highwater_guard::encode;

use super::super::{Device, Standing, Target, Transport, TransportError};
use super::*;

type Twist = fn(&[u8], Vec<u8>) -> Result<Vec<u8>, TransportError>;

/// A signer at the end of a cable that may be twisted; each opening takes the next twist, the last one stays.
struct Fake {
    device: Arc<Mutex<SimDevice>>,
    twist: Twist,
}

impl Transport for Fake {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        let reply = self.device.lock().unwrap().exchange(apdu);
        (self.twist)(apdu, reply)
    }
}

fn straight(_: &[u8], reply: Vec<u8>) -> Result<Vec<u8>, TransportError> {
    Ok(reply)
}

fn start(seed: &[u8], twists: &[Twist]) -> Device {
    let device = Arc::new(Mutex::new(SimDevice::in_memory(seed)));
    let mut twists: VecDeque<Twist> = twists.iter().copied().collect();
    let opener = move || {
        let twist = if twists.len() > 1 { twists.pop_front().unwrap() } else { twists[0] };
        Ok(Box::new(Fake { device: device.clone(), twist }) as Box<dyn Transport>)
    };
    Device::start(Box::new(opener)).unwrap().0
}

fn apdu(command: Command<'_>) -> Exchange {
    Exchange { apdu: encode(&command).unwrap().into(), kind: command.kind() }
}

async fn fault_of(twist: Twist) -> Fault {
    start(b"fault", &[twist]).looked().await.fault.unwrap()
}

#[tokio::test]
async fn a_device_describes_itself_before_anything_is_asked() {
    let device = start(b"good", &[straight]);
    let session = device.looked().await.session.unwrap();
    assert_eq!((session.target, session.standing), (Target::Simulated, Standing::Sound));
    assert_eq!(device.exchange(apdu(Command::GetAppName)).await.unwrap(), b"Highwater\x90\x00");
}

#[tokio::test]
async fn a_locked_device_another_app_and_a_stale_reply_are_told_apart() {
    assert_eq!(fault_of(|_, _| Ok(vec![0x55, 0x15])).await, Fault::Locked);
    assert_eq!(fault_of(|_, _| Ok(b"Bitcoin\x90\x00".to_vec())).await, Fault::OtherApp("Bitcoin".to_owned()));
    assert_eq!(fault_of(|_, _| Ok(vec![0x6e, 0])).await, Fault::OtherApp("status 6e00".to_owned()));
    // 76 bytes: the late reply to a signature that was given up.
    let stale: Twist = |_, _| Ok([&[0xab; 76][..], &[0x90, 0]].concat());
    assert!(matches!(fault_of(stale).await, Fault::OtherApp(_)));
    let garbage: Twist = |apdu, reply| if apdu[1] == 3 { Ok(vec![1, 0x90, 0]) } else { Ok(reply) };
    assert_eq!(fault_of(garbage).await, Fault::Malformed("GET_VERSION"));
    assert!(matches!(fault_of(|_, _| Err(TransportError::Deadline)).await, Fault::Silent(_)));
}

/// A Nano S by the clock of its deadlines: it derives a key up to six times in a command about imported keys, and twice in a
/// step that comes before whatever else is asked.
struct Slow(SimDevice);

impl Transport for Slow {
    fn exchange(&mut self, apdu: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError> {
        const DERIVATION: Duration = Duration::from_millis(900);
        let derives = match Command::parse(apdu) {
            Ok(Command::ImportKey(_) | Command::RestoreKey(_) | Command::BackupKey(_)) => 6,
            Ok(Command::ForgetKey(_) | Command::GetKeys | Command::AddChain { .. }) => 6,
            _ => 2,
        };
        match deadline.duration_since(Instant::now()) < DERIVATION * derives {
            true => Err(TransportError::Deadline),
            false => Ok(self.0.exchange(apdu)),
        }
    }
}

#[tokio::test]
async fn a_command_that_derives_keys_is_given_its_time() {
    let mut device = Some(SimDevice::in_memory(b"slow"));
    let opener = move || {
        let device = device.take().ok_or(TransportError::Absent(Absence::NoLedger))?;
        Ok(Box::new(Slow(device)) as Box<dyn Transport>)
    };
    let device = Device::start(Box::new(opener)).unwrap().0;
    assert!(device.looked().await.session.is_some());
    for command in [
        Command::GetKeys,
        Command::BackupKey(0),
        Command::ForgetKey(0),
        Command::ImportKey(Seed(&[7; 32])),
        Command::RestoreKey(&[7; 104]),
        Command::GetVersion,
    ] {
        assert!(device.exchange(apdu(command)).await.is_ok(), "{command:?}");
    }
}

#[tokio::test]
async fn another_protocol_is_refused() {
    let newer: Twist = |apdu, mut reply| {
        if apdu[1] == 3 {
            (reply[3], reply[4]) = (2, 3);
        }
        Ok(reply)
    };
    assert_eq!(fault_of(newer).await, Fault::Protocol { min: 2, current: 3 });
}

#[tokio::test]
async fn after_a_broken_exchange_it_is_opened_anew_and_asked_who_it_is() {
    let breaks: Twist = |apdu, reply| if apdu[1] == 0x11 { Err(TransportError::Deadline) } else { Ok(reply) };
    let device = start(b"again", &[breaks, straight]);
    assert!(device.looked().await.session.is_some());
    let events = apdu(Command::GetEvents);
    assert!(matches!(device.exchange(events.clone()).await, Err(Fault::Silent(_))));
    assert!(device.seen().session.is_none(), "nothing is known until it was asked again");
    // The search for it is paced, so the first try may still be refused.
    let mut reply = Err(Fault::Ending);
    for _ in 0..20 {
        reply = device.exchange(events.clone()).await;
        if reply.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(reply.unwrap().ends_with(&[0x90, 0]));
    assert!(device.seen().session.is_some());
    assert_eq!(device.seen().epoch, 0, "the same device in the same life");
}

#[tokio::test]
async fn the_task_ends_when_told() {
    let device = SimDevice::in_memory(b"end");
    let mut device = Some(Arc::new(Mutex::new(device)));
    let opener = move || {
        let device = device.take().ok_or(TransportError::Absent(Absence::NoLedger))?;
        Ok(Box::new(Fake { device, twist: straight }) as Box<dyn Transport>)
    };
    let (device, died) = Device::start(Box::new(opener)).unwrap();
    device.finish();
    assert!(died.await.is_err(), "the sender is dropped with the task");
    assert_eq!(device.exchange(apdu(Command::GetVersion)).await, Err(Fault::Ending));
}

#[tokio::test]
async fn what_comes_in_place_of_a_name_is_never_shown() {
    let late: Twist = |_, _| Ok([&[0xab; 64][..], &[0x90, 0]].concat());
    assert_eq!(fault_of(late).await, Fault::OtherApp("one without a name".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_look_at_the_device_a_job_is_served_soon() {
    let slow: Twist = |_, reply| {
        std::thread::sleep(Duration::from_millis(40));
        Ok(reply)
    };
    let device = start(b"looks", &[slow]);
    device.looked().await;
    let looks = (0..3).map(|_| {
        let device = device.clone();
        tokio::spawn(async move {
            loop {
                device.look().await;
            }
        })
    });
    let looks: Vec<_> = looks.collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let job = tokio::time::timeout(Duration::from_secs(5), device.exchange(apdu(Command::GetVersion))).await;
    looks.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(job.expect("served beside the looks").unwrap().ends_with(&[0x90, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_look_answers_all_who_wait_for_one() {
    static ASKED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let counted: Twist = |apdu, reply| {
        if apdu[1] == 3 {
            ASKED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(20));
        Ok(reply)
    };
    let device = start(b"one look", &[counted]);
    device.looked().await;
    let looks: Vec<_> = (0..20)
        .map(|_| {
            let device = device.clone();
            tokio::spawn(async move { device.look().await })
        })
        .collect();
    for look in looks {
        look.await.unwrap();
    }
    let asked = ASKED.load(std::sync::atomic::Ordering::SeqCst);
    assert!((2..=6).contains(&asked), "GET_VERSION {asked} times, the opening's with it");
}

#[tokio::test]
async fn a_poll_of_a_question_costs_one_command_and_its_end_is_looked_at() {
    static COMMANDS: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let counted: Twist = |apdu, reply| {
        COMMANDS.lock().unwrap().push(apdu[1]);
        Ok(reply)
    };
    let taken = || std::mem::take(&mut *COMMANDS.lock().unwrap());
    let device = start(b"polls", &[counted]);
    device.looked().await;
    taken();
    let chain = highwater_core::canonical::ChainId::new(b"alpha-1").unwrap();
    let add = Command::AddChain { chain, key_index: 0, mark: highwater_core::hrs::Hrs::default() };
    let ticket = device.exchange(apdu(add)).await.unwrap();
    let ticket = u32::from_le_bytes(ticket[..4].try_into().unwrap());
    assert!(taken().len() > 1, "what the owner of a device without buttons approves at once is seen at once");
    let epoch = device.seen().epoch;
    for _ in 0..5 {
        assert!(device.exchange(apdu(Command::PromptStatus(ticket))).await.unwrap().ends_with(&[0x90, 0]));
    }
    assert_eq!(taken(), [0x2e; 5], "nobody has answered: one command each");
    assert_eq!(device.seen().epoch, epoch, "and no reply that was kept is thrown away");
    device.exchange(apdu(Command::PromptCancel(ticket))).await.unwrap();
    assert!(taken().len() > 1, "the question is over: what stands now is looked at");
}

#[tokio::test]
async fn a_command_to_sign_goes_only_to_a_device_that_is_as_it_was_last_seen() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let device = Arc::new(Mutex::new(SimDevice::in_memory(b"epoch")));
    let opener = move || Ok(Box::new(Fake { device: device.clone(), twist: straight }) as Box<dyn Transport>);
    let plug = super::super::threaded(Box::new(opener)).unwrap();
    let (device, _) =
        Device::followed(plug, None, Box::new(move |event| tell.send(event).unwrap_or_default()));
    let epoch = device.looked().await.epoch;
    for (asked, is_sent) in [(epoch, true), (epoch + 1, false)] {
        let ticket = super::super::Ticket { chain: 0, request: asked };
        device.sign(apdu(Command::GetAppName).apdu.to_vec(), ticket, asked);
        let result = loop {
            if let Some(Event::Replied { ticket: of, result }) = told.recv().await {
                assert_eq!(of, ticket);
                break result;
            }
        };
        match result {
            Ok(_) => assert!(is_sent),
            Err(no_reply) => assert!(!is_sent && !no_reply.sent, "{no_reply:?}"),
        }
    }
}

#[tokio::test]
async fn a_look_is_dated_whatever_was_seen_and_a_cable_that_hangs_dates_none() {
    static HANGS: AtomicBool = AtomicBool::new(false);
    let hangs: Twist = |_, reply| {
        while HANGS.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(reply)
    };
    let device = start(b"dated", &[hangs, |_, _| Err(TransportError::Deadline), straight]);
    let first = device.looked().await.looked.unwrap();
    assert!(device.look().await);
    let second = device.seen().looked.unwrap();
    assert!(second > first, "each look has its own date");
    HANGS.store(true, Ordering::SeqCst);
    let exchange = apdu(Command::GetAppName);
    let hanging = tokio::spawn({
        let device = device.clone();
        async move { device.exchange(exchange).await }
    });
    assert!(!device.look().await, "nobody gets round to it");
    let seen = device.seen();
    assert!(seen.session.is_some(), "what was known stays: {seen:?}");
    let after = |seconds| seen.overdue(second + Duration::from_secs(seconds));
    assert_eq!([after(0), after(25)], [None, None], "a signature may take 15 s, and looks come every 5 s");
    assert_eq!(after(26), Some(Duration::from_secs(26)));
    HANGS.store(false, Ordering::SeqCst);
    hanging.await.unwrap().unwrap();
    // A look at which the device was gone is a look.
    device.distrust();
    let mut seen = device.seen();
    while seen.session.is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        seen = device.seen();
    }
    assert!(seen.looked.unwrap() > second, "{seen:?}");
    assert_eq!(Seen::default().overdue(Instant::now()), None, "nothing to judge by");
}
