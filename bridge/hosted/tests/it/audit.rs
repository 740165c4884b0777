//! The HSM's log, held against what was asked: every order of signatures, losses, crashes, looks, strangers and rollbacks; then the
//! whole road, on a disk that is cut and before an HSM that logs.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use highwater_core::hrs::Step;
use highwater_hosted::audit::{
    self, Accepted, Audited, Elsewhere, Entry, HOLDS, Ledger, Missing, Ours, Place, Signed,
};
use highwater_hosted::keys::{Beside, Login, Logins, Timely, Way, YubiHsm};
use highwater_hosted::{Device, Fault, FlashFile, KeyFault, KeyStore};
use highwater_played_hsm::{GET_LOG_ENTRIES, Hsm, MAY_SIGN, Plug, SIGN_EDDSA, Trouble};
use highwater_sim::{Ask, Tear};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::disk::{Cut, Platter};
use crate::hand::{add, sign, slot};

const KEY: u16 = 7;
const OURS: u16 = 5;
const THEIRS: u16 = 4;

fn ours() -> Ours {
    Ours { by: OURS, objects: vec![KEY] }
}

fn entry(item: u16, by: u16) -> Entry {
    let mut digest = [0; 16];
    digest[..2].copy_from_slice(&item.to_be_bytes());
    Entry { place: Place { item, digest }, signed: Some(Signed { object: KEY, by }) }
}

// --- every order ---

/// What may happen next. A crash is after a step of it, and takes what is not on the disk.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    /// A signature is asked for and given.
    Sign,
    /// The debt is written; then the process dies, and nothing was sent.
    DiesBeforeItIsSent,
    /// It is made; then the process dies.
    DiesBeforeTheAnswer,
    /// The link ends before it is made.
    LosesCommand,
    /// The link ends after it was made.
    LosesAnswer,
    /// The link ends, and it is made later, while its session lives.
    IsMadeLater,
    /// What was on its way is made.
    Late,
    /// The log is read, and what it says is written.
    Look,
    /// The process dies before that is written.
    DiesInALook,
    /// A session is dead by now.
    Minute,
    /// Somebody signs with our authentication key.
    Stranger,
    /// Somebody signs with another one.
    Other,
    /// The disk is as it was after its n-th write.
    Rollback(usize),
}

#[derive(Clone)]
struct World {
    log: Vec<Entry>,
    disk: Ledger,
    /// Every state of the disk, and how many signatures were asked for by then: their marks and debts are in it.
    written: Vec<(Ledger, usize)>,
    asked: usize,
    memory: Ledger,
    /// An answer is missing.
    missing: bool,
    /// On their way: which they were.
    late: Vec<usize>,
    /// Made by the HSM, for us: which they were.
    made: Vec<usize>,
    /// Debts that no entry will ever come for.
    dead: usize,
    strangers: usize,
    others: usize,
    /// The disk went back from here to there: signatures that were asked for in between are forgotten.
    rolled: Option<(usize, usize)>,
}

impl World {
    fn new() -> Self {
        let log = vec![entry(1, THEIRS)];
        let disk = Ledger::begin(&log);
        Self {
            log,
            disk,
            written: vec![(disk, 0)],
            memory: disk,
            missing: false,
            asked: 0,
            late: Vec::new(),
            made: Vec::new(),
            dead: 0,
            strangers: 0,
            others: 0,
            rolled: None,
        }
    }

    fn write(&mut self) {
        if self.disk != self.memory {
            self.disk = self.memory;
            self.written.push((self.disk, self.asked));
        }
    }

    fn signs(&mut self, by: u16) {
        self.log.push(entry(self.log.len() as u16 + 1, by));
    }

    fn made(&mut self, which: usize) {
        self.signs(OURS);
        self.made.push(which);
    }

    fn restart(&mut self) {
        self.memory = self.disk;
        self.missing = self.memory.owed() > 0;
    }

    fn look(&mut self) {
        self.memory.look(&self.log, &ours(), !self.missing);
    }

    fn forgotten(&self) -> usize {
        let Some((from, to)) = self.rolled else { return 0 };
        self.made.iter().filter(|which| (to + 1..=from).contains(which)).count()
    }

    /// As `Audited` does it. `false`: it does not happen here.
    fn happens(&mut self, event: Event) -> bool {
        let asks = matches!(
            event,
            Event::Sign
                | Event::DiesBeforeItIsSent
                | Event::DiesBeforeTheAnswer
                | Event::LosesCommand
                | Event::LosesAnswer
                | Event::IsMadeLater
        );
        if asks {
            // Once found it signs nothing more.
            if self.memory.found().is_some() {
                return false;
            }
            self.memory.ask();
            self.asked += 1;
            self.write();
        }
        match event {
            Event::Sign => self.made(self.asked),
            Event::DiesBeforeItIsSent => {
                self.dead += 1;
                self.restart();
            }
            Event::DiesBeforeTheAnswer => {
                self.made(self.asked);
                self.restart();
            }
            Event::LosesCommand => {
                self.dead += 1;
                self.missing = true;
            }
            Event::LosesAnswer => {
                self.made(self.asked);
                self.missing = true;
            }
            Event::IsMadeLater => {
                self.late.push(self.asked);
                self.missing = true;
            }
            Event::Late if !self.late.is_empty() => {
                let which = self.late.remove(0);
                self.made(which);
            }
            Event::Look => {
                self.look();
                self.write();
            }
            Event::DiesInALook => {
                self.look();
                self.restart();
            }
            Event::Minute => {
                self.missing = false;
                self.dead += self.late.len();
                self.late.clear();
            }
            Event::Stranger => {
                self.signs(OURS);
                self.strangers += 1;
            }
            Event::Other => {
                self.signs(THEIRS);
                self.others += 1;
            }
            Event::Rollback(to) if self.rolled.is_none() && to + 1 < self.written.len() => {
                let (ledger, asked) = self.written[to];
                (self.disk, self.rolled) = (ledger, Some((self.asked, asked)));
                self.restart();
            }
            Event::Late | Event::Rollback(_) => return false,
        }
        true
    }

    /// In the end there is time, and two looks.
    fn then_found(mut self) -> Option<Elsewhere> {
        // What was on its way when the disk went back is made by the HSM all the same, or never.
        self.happens(Event::Minute);
        self.restart();
        self.happens(Event::Look);
        self.happens(Event::Minute);
        self.happens(Event::Look);
        self.memory.found()
    }
}

/// Events in every order, this many of them.
fn search(world: &World, path: &mut Vec<Event>, left: usize, told: &mut [u64; 3]) {
    let found = world.clone().then_found();
    let World { strangers, others, dead, .. } = *world;
    let forgotten = world.forgotten();
    let late = world.late.len();
    let wrong = strangers + others + forgotten;
    if wrong == 0 {
        assert_eq!(found, None, "{path:?}: an alarm for nothing");
        told[0] += 1;
    }
    // A debt that no entry will come for hides one signature, until it is forgiven.
    if others > 0 || strangers + forgotten > dead + late {
        assert!(found.is_some(), "{path:?}: not found");
        told[1] += 1;
    }
    told[2] += u64::from(wrong > 0 && found.is_none());
    if left == 0 {
        return;
    }
    let rollbacks = (0..world.written.len()).map(Event::Rollback);
    let events = [
        Event::Sign,
        Event::DiesBeforeItIsSent,
        Event::DiesBeforeTheAnswer,
        Event::LosesCommand,
        Event::LosesAnswer,
        Event::IsMadeLater,
        Event::Late,
        Event::Look,
        Event::DiesInALook,
        Event::Minute,
        Event::Stranger,
        Event::Other,
    ];
    for event in events.into_iter().chain(rollbacks) {
        let mut next = world.clone();
        if next.happens(event) {
            path.push(event);
            search(&next, path, left - 1, told);
            path.pop();
        }
    }
}

#[test]
fn in_every_order_of_events_no_signature_of_ours_reads_as_foreign_and_no_foreign_one_as_ours() {
    let mut told = [0; 3];
    search(&World::new(), &mut Vec::new(), 5, &mut told);
    let [innocent, found, hidden] = told;
    assert!(innocent > 20_000 && found > 100_000 && hidden > 0, "{told:?}");
    // And without anybody who dies: longer.
    println!(
        "{innocent} lives without a stranger, {found} with one that had to be found, {hidden} that a debt hid"
    );
}

#[test]
fn a_debt_that_is_forgiven_hides_nobody() {
    for cut in [Event::DiesBeforeItIsSent, Event::LosesCommand] {
        let mut world = World::new();
        for event in [cut, Event::Minute, Event::Look, Event::Stranger] {
            assert!(world.happens(event));
        }
        assert!(matches!(world.then_found(), Some(Elsewhere::Signed { by: OURS, .. })), "{cut:?}");
    }
}

#[test]
fn a_log_that_lost_entries_is_a_gap_and_one_that_was_consumed_is_none() {
    let log: Vec<Entry> = (1..=40).map(|item| entry(item, THEIRS)).collect();
    let begun = Ledger::begin(&log[..10]);
    let look = |from: usize| {
        let mut ledger = begun;
        let mut log = log.clone();
        log.iter_mut().for_each(|entry| entry.signed = None);
        ledger.look(&log[from..], &ours(), true);
        ledger.found()
    };
    // Entry 10 is still there; or it is gone, and 11 follows; or more is gone.
    assert_eq!((look(0), look(9), look(10), look(40)), (None, None, None, None));
    assert_eq!(look(11), Some(Elsewhere::Gap { last: 10 }));
    // The same number with another digest is another log: an HSM that was reset.
    let mut other = Ledger::begin(&[entry(3, THEIRS)]);
    let mut reset = entry(3, THEIRS);
    reset.place.digest = [9; 16];
    other.look(&[reset], &ours(), true);
    assert_eq!(other.found(), Some(Elsewhere::Gap { last: 3 }));
    // A log that was empty at first, and is full by now, may have been full twice.
    let mut empty = Ledger::begin(&[]);
    let full: Vec<Entry> =
        (1..=HOLDS as u16).map(|item| Entry { signed: None, ..entry(item, OURS) }).collect();
    empty.look(&full, &ours(), true);
    assert!(matches!(empty.found(), Some(Elsewhere::Gap { .. })));
}

#[test]
fn numbers_wrap_and_keys_of_others_are_nobody_s_business() {
    let mut ledger = Ledger::begin(&[entry(u16::MAX, OURS)]);
    ledger.ask();
    ledger.look(&[entry(0, OURS)], &ours(), true);
    assert_eq!((ledger.found(), ledger.owed()), (None, 0));
    let signed = Some(Signed { object: KEY + 1, by: THEIRS });
    ledger.look(&[entry(0, OURS), Entry { signed, ..entry(1, THEIRS) }], &ours(), true);
    assert_eq!(ledger.found(), None);
}

// --- the whole road ---

struct Stage {
    hsm: Hsm,
    plug: Plug,
    folder: TempDir,
    book: Platter,
    marks: Platter,
    session: Duration,
}

impl Stage {
    fn new() -> Self {
        let hsm = Hsm::new();
        hsm.put_key(KEY, [1; 32], MAY_SIGN);
        // As `yubihsm setup --audit` makes it: sign, read the log, read options.
        hsm.put_auth_key(OURS, b"ours", 0x104_0100);
        hsm.logs(SIGN_EDDSA);
        let marks = crate::hand::blank();
        Self {
            plug: hsm.plug().unwrap(),
            hsm,
            folder: tempfile::tempdir().unwrap(),
            book: Platter::new(vec![[0; 64]; 2]),
            marks,
            session: Duration::from_millis(50),
        }
    }

    fn device(&self) -> Result<Device, Fault> {
        self.book.restart();
        self.marks.restart();
        let (port, folder) = (self.plug.port(), self.folder.path().to_owned());
        let store = Timely::within(Duration::from_millis(500), &Logins::default(), move || {
            Ok(store(port, &folder, OURS, b"ours")?.audited()?)
        })?;
        let secret = Beside::open_or_make(&self.folder.path().join("secret"))?.of_the_ledger();
        let book = Box::new(self.book.clone());
        let is_new = self.marks.state().cache == crate::hand::blank().state().cache;
        let missing = if is_new { Missing::Begins } else { Missing::Lost };
        let store = Audited::on(store, Path::new("book"), book, ours(), secret, missing, self.session)?;
        Device::boot(FlashFile::on(Path::new("marks"), Box::new(self.marks.clone()))?, store)
    }

    fn approved(&self) -> Device {
        let mut device = self.device().unwrap();
        add(&mut device, CHAIN, 0);
        device
    }

    /// Past the life of a session, looked twice.
    fn settled(&self) -> Result<Device, Fault> {
        std::thread::sleep(self.session);
        // An HSM has 16 sessions, and those of links that ended live on for a while.
        let mut device = self.device().or_else(|_| self.device())?;
        std::thread::sleep(2 * self.session);
        device.ping()?;
        Ok(device)
    }
}

const CHAIN: &str = "audit-1";

fn store(port: u16, folder: &Path, by: u16, password: &[u8]) -> Result<YubiHsm, KeyFault> {
    let way = Way::Http { address: Ipv4Addr::LOCALHOST.into(), port };
    let login = Login { key: by, password: Zeroizing::new(password.to_vec()) };
    let beside = Beside::open_or_make(&folder.join("secret")).unwrap();
    YubiHsm::open(&way, &login, BTreeMap::from([(0, KEY)]), beside)
}

fn at(height: u64) -> Ask {
    Ask { height, ..Ask::prevote(CHAIN) }
}

fn elsewhere<T: std::fmt::Debug>(found: Result<T, Fault>) -> Elsewhere {
    match found {
        Err(Fault::Keys(KeyFault::Elsewhere(found))) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hundreds_of_signatures_restarts_and_lost_answers_of_ours_are_no_alarm_forced_or_not() {
    for forced in [false, true] {
        let stage = Stage::new();
        stage.hsm.force_audit(forced);
        let mut device = stage.approved();
        for height in 20..220 {
            match height % 40 {
                7 => stage.hsm.trouble(SIGN_EDDSA, Trouble::LosesAnswer),
                17 => stage.hsm.trouble(SIGN_EDDSA, Trouble::LosesCommand),
                27 => stage.hsm.trouble(SIGN_EDDSA, Trouble::Error(0x10)),
                _ => {}
            }
            // As the bridge does: the same again, on a device that was opened anew.
            while sign(&mut device, &at(height)).is_err() {
                drop(device);
                device = stage.device().unwrap();
            }
        }
        drop(device);
        stage.settled().unwrap_or_else(|fault| panic!("{forced}: {fault}"));
    }
}

#[test]
fn a_signature_by_somebody_else_stops_it_within_a_look_and_for_good() {
    for by in [THEIRS, OURS] {
        let stage = Stage::new();
        let mut device = stage.approved();
        sign(&mut device, &at(20)).unwrap().unwrap();
        device.ping().unwrap();
        stage.hsm.signs_elsewhere(by, KEY);
        let found = elsewhere(device.ping());
        assert!(matches!(found, Elsewhere::Signed { object: KEY, by: told, .. } if told == by), "{found:?}");
        elsewhere(sign(&mut device, &at(21)));
        drop(device);
        // Also after a restart, and when the log has gone on.
        (0..70).for_each(|_| stage.hsm.signs_elsewhere(THEIRS, KEY + 1));
        assert_eq!(elsewhere(stage.device()), found);
        // The owner has looked.
        let mut store = store(stage.plug.port(), stage.folder.path(), OURS, b"ours").unwrap();
        let path = stage.folder.path().join("book");
        std::fs::write(&path, stage.book.state().cache.concat()).unwrap();
        let secret = Beside::open_or_make(&stage.folder.path().join("secret")).unwrap().of_the_ledger();
        assert_eq!(audit::accept(&mut store, &path, &ours(), secret), Ok(Accepted::Found(found)));
        let accepted = std::fs::read(&path).unwrap();
        stage.book.state().cache = accepted.as_chunks::<64>().0.to_vec();
        let mut device = stage.device().unwrap();
        sign(&mut device, &at(21)).unwrap().unwrap();
    }
}

#[test]
fn signatures_between_two_looks_are_counted_before_the_log_overflows() {
    let stage = Stage::new();
    let mut device = stage.approved();
    // Nobody pings.
    for height in 20..300 {
        sign(&mut device, &at(height)).unwrap().unwrap();
    }
    device.ping().unwrap();
    stage.hsm.signs_elsewhere(OURS, KEY);
    elsewhere(device.ping());
}

/// What docs/security.md promises of the option: marks and ledger of an old copy of the disk do not explain the log.
#[test]
fn a_disk_that_was_rolled_back_is_found_before_anything_is_signed() {
    let stage = Stage::new();
    let mut device = stage.approved();
    sign(&mut device, &at(20)).unwrap().unwrap();
    device.ping().unwrap();
    drop(device);
    let (book, marks) = (stage.book.copy(), stage.marks.copy());
    let mut device = stage.device().unwrap();
    sign(&mut device, &at(30)).unwrap().unwrap();
    drop(device);
    let rolled = Stage { book, marks, ..stage };
    let before = rolled.hsm.signed();
    elsewhere(rolled.device());
    assert_eq!(rolled.hsm.signed(), before);
    // Without the option the same disk would sign the other block.
    let mut plain = Device::boot(
        FlashFile::on(Path::new("marks"), Box::new(rolled.marks.copy())).unwrap(),
        store(rolled.plug.port(), rolled.folder.path(), OURS, b"ours").unwrap(),
    )
    .unwrap();
    sign(&mut plain, &Ask { block: 2, ..at(30) }).unwrap().unwrap();
}

/// Every write and sync of the ledger and of the marks, cut or failing; the HSM loses nothing.
#[test]
fn cut_at_every_call_of_the_ledger_no_signature_of_ours_reads_as_foreign_and_a_stranger_is_found() {
    let prepared = Stage::new();
    drop(prepared.approved());
    let cuts = [Cut::Kill, Cut::Power(Tear::Old), Cut::Power(Tear::Mixed(5)), Cut::Power(Tear::New)];
    let failing = [Cut::Fails(Tear::Old), Cut::Fails(Tear::Garbage(3)), Cut::Fails(Tear::New)];
    for cut in cuts.into_iter().chain(failing) {
        for call in 0.. {
            let stage = Stage::new();
            let book = stage.book.clone();
            drop(stage.approved());
            book.state().calls = 0;
            book.state().plan = vec![(call, cut)];
            for height in [20, 21, 22] {
                let mut tries = 0;
                loop {
                    let signed = stage.device().and_then(|mut device| {
                        device.ping()?;
                        sign(&mut device, &at(height))
                    });
                    match signed {
                        Ok(signed) => break signed.map(|_| ()).unwrap(),
                        Err(Fault::Keys(KeyFault::Elsewhere(found))) => panic!("{cut:?} {call}: {found}"),
                        Err(fault) => {
                            tries += 1;
                            assert!(tries < 4, "{cut:?} {call}: {fault}");
                            // Power takes what was not synced.
                            if matches!(cut, Cut::Power(_)) {
                                let kept = book.without_power().state().cache.clone();
                                book.state().cache = kept;
                            }
                        }
                    }
                }
            }
            let over = book.state().calls <= call;
            book.state().plan.clear();
            drop(stage.settled().unwrap_or_else(|fault| panic!("{cut:?} {call}: {fault}")));
            stage.hsm.signs_elsewhere(OURS, KEY);
            elsewhere(stage.device());
            if over {
                break;
            }
        }
    }
}

#[test]
fn an_hsm_that_does_not_log_its_signatures_or_lets_nobody_read_is_refused_at_the_start() {
    let stage = Stage::new();
    stage.hsm.logs_no_more(SIGN_EDDSA);
    assert_eq!(stage.device().unwrap_err(), Fault::Keys(KeyFault::NotLogged));
    stage.hsm.logs(SIGN_EDDSA);
    stage.hsm.put_auth_key(OURS, b"ours", MAY_SIGN);
    let found = stage.device().unwrap_err();
    assert!(matches!(&found, Fault::Keys(KeyFault::Denied(why)) if why.contains("log")), "{found}");
}

/// Forced, an HSM signs nothing once its log is full of what nobody read.
#[test]
fn a_forced_log_that_is_full_is_read_and_signing_goes_on() {
    let stage = Stage::new();
    stage.hsm.force_audit(true);
    let mut device = stage.approved();
    sign(&mut device, &at(20)).unwrap().unwrap();
    // Another key of the HSM fills it, between two looks.
    (0..HOLDS - 2).for_each(|_| stage.hsm.signs_elsewhere(THEIRS, KEY + 1));
    let found = sign(&mut device, &at(21));
    assert_eq!(found, Err(Fault::Keys(KeyFault::LogFull)));
    drop(device);
    let mut device = stage.device().unwrap();
    assert!(stage.hsm.entries() < HOLDS / 2);
    sign(&mut device, &at(21)).unwrap().unwrap();
}

#[test]
fn a_log_that_cannot_be_read_is_a_fault_and_nothing_is_signed_unseen() {
    let stage = Stage::new();
    let mut device = stage.approved();
    sign(&mut device, &at(20)).unwrap().unwrap();
    for trouble in [Trouble::Hangs, Trouble::LosesAnswer, Trouble::Error(0x10)] {
        stage.hsm.trouble(GET_LOG_ENTRIES, trouble);
        assert!(device.ping().is_err(), "{trouble:?}");
        assert!(sign(&mut device, &at(21)).is_err(), "{trouble:?}");
        drop(device);
        device = stage.device().unwrap();
    }
    sign(&mut device, &Ask { step: Step::Precommit, ..at(21) }).unwrap().unwrap();
    assert_eq!(slot(&mut device, 0).mark.height.value(), 21);
}

#[test]
fn a_ledger_that_is_damaged_is_refused_and_not_begun_anew() {
    let stage = Stage::new();
    let mut device = stage.approved();
    for height in 20..24 {
        sign(&mut device, &at(height)).unwrap().unwrap();
    }
    drop(device);
    let newest = stage.book.state().cache.clone();
    for cell in 0..2 {
        stage.book.state().cache = newest.clone();
        stage.book.state().cache[cell][20] ^= 1;
        // Of the older copy nobody needs anything; without the newest, a debt is missing.
        let found = stage.device();
        assert!(matches!(found, Ok(_) | Err(Fault::Keys(KeyFault::Elsewhere(_)))), "{found:?}");
    }
    stage.book.state().cache = newest.iter().map(|cell| cell.map(|byte| byte ^ 1)).collect();
    assert_eq!(stage.device().unwrap_err(), Fault::AuditDamaged("book".into()));
    // Whoever takes the file of another state directory has another secret.
    stage.book.state().cache = newest;
    std::fs::remove_file(stage.folder.path().join("secret")).unwrap();
    assert_eq!(stage.device().unwrap_err(), Fault::AuditDamaged("book".into()));
}

/// Whoever takes the ledger away, or wipes it, would else take the alarm away.
#[test]
fn a_ledger_that_is_lost_beside_marks_is_not_begun_anew() {
    let stage = Stage::new();
    let mut device = stage.approved();
    sign(&mut device, &at(20)).unwrap().unwrap();
    drop(device);
    let newest = std::mem::replace(&mut stage.book.state().cache, vec![[0; 64]; 2]);
    assert_eq!(stage.device().unwrap_err(), Fault::AuditMissing("book".into()));
    // One that was never whole.
    stage.book.state().cache[1] = newest[1].map(|byte| byte ^ 1);
    assert_eq!(stage.device().unwrap_err(), Fault::AuditMissing("book".into()));
    stage.book.state().cache = newest;
    stage.device().unwrap();
    // The file itself: none is made, and the owner's begins where the log stands.
    let path = stage.folder.path().join("ledger");
    let mut store = store(stage.plug.port(), stage.folder.path(), OURS, b"ours").unwrap();
    for wiped in [false, true] {
        if wiped {
            std::fs::write(&path, [0; 128]).unwrap();
        }
        let plain = self::store(stage.plug.port(), stage.folder.path(), OURS, b"ours").unwrap();
        let lost = Audited::open(plain, &path, ours(), [3; 32], Missing::Lost).unwrap_err();
        assert_eq!(lost, Fault::AuditMissing(path.clone()));
        assert_eq!(path.exists(), wiped);
        let _ = std::fs::remove_file(&path);
        assert_eq!(audit::accept(&mut store, &path, &ours(), [3; 32]), Ok(Accepted::Begun));
        assert_eq!(audit::accept(&mut store, &path, &ours(), [3; 32]), Ok(Accepted::Sound));
        // Nobody read the log since.
        stage.hsm.signs_elsewhere(THEIRS, KEY);
        let accepted = audit::accept(&mut store, &path, &ours(), [3; 32]);
        assert!(
            matches!(accepted, Ok(Accepted::Found(Elsewhere::Signed { by: THEIRS, .. }))),
            "what the log shows since the last look is told when it is accepted: {accepted:?}"
        );
        assert_eq!(audit::accept(&mut store, &path, &ours(), [3; 32]), Ok(Accepted::Sound));
        std::fs::remove_file(&path).unwrap();
    }
}

/// The ledger's file is of one process.
#[test]
fn two_processes_never_share_a_ledger() {
    let stage = Stage::new();
    let path = stage.folder.path().join("ledger");
    let open = || {
        let store = store(stage.plug.port(), stage.folder.path(), OURS, b"ours").unwrap();
        Audited::open(store, &path, ours(), [3; 32], Missing::Begins)
    };
    let mut first = open().unwrap();
    assert_eq!(open().unwrap_err(), Fault::InUse(path.clone()));
    first.sign(0, b"x").unwrap();
    drop(first);
    open().unwrap();
}
