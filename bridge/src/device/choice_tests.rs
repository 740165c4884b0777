use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use highwater_sim::SimDevice;

use super::super::Opener as _;
use super::*;
use crate::advice;

/// What is plugged in, and what answers there.
#[derive(Default)]
struct Desk {
    interfaces: Vec<Interface>,
    answers: Answers,
    opened: Arc<Mutex<Vec<PathBuf>>>,
}

type Answers = BTreeMap<PathBuf, At>;

/// What an opened device file leads to.
#[derive(Clone)]
enum At {
    Device(Sim),
    Locked,
    Held,
}

type Sim = Arc<Mutex<SimDevice>>;

struct Cable(At);

impl Transport for Cable {
    fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        match &self.0 {
            At::Device(device) => Ok(device.lock().unwrap().exchange(apdu)),
            _ => Ok(vec![0x55, 0x15]),
        }
    }
}

impl Bus for Desk {
    fn interfaces(&mut self) -> Result<Vec<Interface>, TransportError> {
        Ok(self.interfaces.clone())
    }

    fn open(&mut self, path: &Path) -> Result<Box<dyn Transport>, TransportError> {
        self.opened.lock().unwrap().push(path.to_owned());
        match self.answers.get(path).expect("a device that was listed and may be asked") {
            At::Held => Err(TransportError::InUse(path.display().to_string())),
            at => Ok(Box::new(Cable(at.clone()))),
        }
    }
}

const NANO_S: u16 = 0x1011;

fn interface(product: u16, serial: &str, path: impl Into<PathBuf>) -> Interface {
    let serial = Some(serial.to_owned());
    Interface { vendor: VENDOR, product, usage_page: USAGE_PAGE, serial, path: path.into() }
}

/// A device of an installation of its own.
fn device() -> (At, [u8; 16]) {
    let device = Arc::new(Mutex::new(SimDevice::in_memory(b"one seed")));
    let installation = introduce(&mut |apdu| Ok(device.lock().unwrap().exchange(apdu))).unwrap().installation;
    (At::Device(device), installation)
}

/// The device files that were opened, and the installation of the one that was taken.
fn choose(desk: Desk, wanted: Wanted, pinned: &[[u8; 16]]) -> (Vec<PathBuf>, Result<[u8; 16], Absence>) {
    let (opened, pinned) = (desk.opened.clone(), pinned.to_vec());
    let mut opener = Opener::new(desk, wanted, Box::new(move || pinned.clone()));
    let taken = match opener.open() {
        Ok(mut link) => {
            Ok(introduce(&mut |apdu| Ok(link.exchange(apdu, Instant::now())?)).unwrap().installation)
        }
        Err(TransportError::Absent(absence)) => Err(absence),
        Err(error) => panic!("{error}"),
    };
    let opened = opened.lock().unwrap().clone();
    (opened, taken)
}

fn wanted(serial: Option<&str>, path: Option<&Path>) -> Wanted {
    Wanted { serial: serial.map(str::to_owned), path: path.map(Path::to_owned) }
}

fn says(absence: Absence) -> String {
    advice::fault(&Fault::Absent(absence))
}

/// The sentence where nothing can be used.
fn refusal(interfaces: Vec<Interface>, wanted: Wanted) -> String {
    says(choose(Desk { interfaces, ..Desk::default() }, wanted, &[]).1.unwrap_err())
}

#[test]
fn the_only_ledger_is_taken_whatever_else_is_plugged_in() {
    let interfaces = vec![
        Interface { vendor: 0x1050, ..interface(0x0407, "", "/dev/hidraw0") },
        Interface { usage_page: 0xf1d0, ..interface(0x1015, "0001", "/dev/hidraw1") },
        interface(0x1015, "0001", "/dev/hidraw2"),
        interface(0x4011, "0001", "/dev/hidraw3"),
    ];
    let (at, installation) = device();
    let answers = [("/dev/hidraw2".into(), at)].into();
    let (opened, taken) = choose(Desk { interfaces, answers, ..Desk::default() }, Wanted::default(), &[]);
    assert_eq!(opened, [Path::new("/dev/hidraw2")]);
    assert_eq!(taken, Ok(installation));
}

#[test]
fn a_serial_or_path_that_no_ledger_has_is_said_with_what_is_plugged_in() {
    let plugged = || vec![interface(NANO_S, "0001", "/dev/hidraw3")];
    for wanted in [wanted(Some("0002"), None), wanted(None, Some(Path::new("/dev/hidraw9")))] {
        let text = refusal(plugged(), wanted.clone());
        assert!(text.contains(&format!("no Ledger matches {wanted}")), "{text}");
        assert!(text.contains("Nano S at /dev/hidraw3 with serial \"0001\""), "{text}");
        assert!(!text.contains("PIN"), "{text}");
    }
    assert!(refusal(vec![], wanted(Some("0002"), None)).contains("no Ledger is plugged in"));
}

#[test]
fn a_model_that_highwater_does_not_run_on_is_named() {
    for (product, model) in
        [(0x4011, "Nano X"), (0x6011, "Ledger Stax"), (0x0004, "Nano X"), (0x9911, "product id 9911")]
    {
        let text = refusal(vec![interface(product, "0001", "/dev/hidraw3")], Wanted::default());
        assert!(text.contains(model) && text.contains("does not run"), "{text}");
    }
}

#[test]
fn an_old_app_a_bootloader_and_an_app_without_hid_are_told_from_no_ledger() {
    let text = refusal(vec![interface(0x0001, "0001", "/dev/hidraw3")], Wanted::default());
    assert!(text.contains("Nano S at /dev/hidraw3 is in its bootloader"), "{text}");
    let u2f = Interface { usage_page: 0xf1d0, ..interface(0x1004, "0001", "/dev/hidraw3") };
    let text =
        refusal(vec![u2f.clone(), Interface { path: "/dev/hidraw4".into(), ..u2f }], Wanted::default());
    assert!(text.contains("takes no commands over HID") && text.matches("Nano S").count() == 1, "{text}");
}

#[test]
fn a_link_that_udev_makes_means_the_device_file_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, link) = (dir.path().join("hidraw3"), dir.path().join("ledger-a"));
    fs::write(&raw, "").unwrap();
    std::os::unix::fs::symlink("hidraw3", &link).unwrap();
    let interfaces = vec![interface(NANO_S, "0001", "/dev/hidraw9"), interface(NANO_S, "0001", &raw)];
    let desk = Desk { interfaces, answers: [(raw.clone(), device().0)].into(), ..Desk::default() };
    let (opened, taken) = choose(desk, wanted(Some("0001"), Some(&link)), &[]);
    assert_eq!((opened, taken.is_ok()), (vec![raw], true));
}

/// Two Nano S of one serial, and what is behind each.
fn two(first: At, second: At) -> Desk {
    let paths = ["/dev/hidraw3", "/dev/hidraw5"];
    Desk {
        interfaces: paths.map(|path| interface(NANO_S, "0001", path)).into(),
        answers: [(paths[0].into(), first), (paths[1].into(), second)].into(),
        ..Desk::default()
    }
}

#[test]
fn of_two_ledgers_of_one_serial_the_pinned_one_is_taken() {
    let ((one, pinned), (spare, _)) = (device(), device());
    for (first, second) in
        [(&spare, &one), (&one, &spare), (&At::Locked, &one), (&At::Held, &one), (&one, &At::Held)]
    {
        let desk = two(first.clone(), second.clone());
        let (_, taken) = choose(desk, wanted(Some("0001"), None), &[[7; 16], pinned]);
        assert_eq!(taken, Ok(pinned));
    }
}

#[test]
fn of_several_ledgers_of_which_none_is_pinned_each_is_named_with_its_installation() {
    let ((one, first), (other, second)) = (device(), device());
    let desk = || two(one.clone(), other.clone());
    let text = says(choose(desk(), Wanted::default(), &[]).1.unwrap_err());
    assert!(text.contains("none is pinned yet"), "{text}");
    for installation in [first, second] {
        assert!(text.contains(&hex::encode(installation)), "{text}");
    }
    assert!(
        text.contains("/dev/hidraw3") && text.contains("/dev/hidraw5") && text.contains("path in [device]")
    );
    let text = says(choose(desk(), Wanted::default(), &[[7; 16]]).1.unwrap_err());
    assert!(text.contains("none of them answers as the pinned installation"), "{text}");
    let text = says(choose(two(At::Locked, At::Held), Wanted::default(), &[first]).1.unwrap_err());
    assert!(text.contains("(locked)") && text.contains("(held by another process)"), "{text}");
}

#[test]
fn ledgers_of_which_none_is_pinned_are_not_asked_again_at_once_unless_one_is_plugged_in() {
    let ((one, first), (other, _)) = (device(), device());
    let desk = two(one, other);
    let opened = desk.opened.clone();
    let pins = Arc::new(Mutex::new(vec![[7; 16]]));
    let known = pins.clone();
    let mut opener = Opener::new(desk, Wanted::default(), Box::new(move || known.lock().unwrap().clone()));
    for _ in 0..3 {
        assert!(matches!(opener.open(), Err(TransportError::Absent(Absence::NonePinned { .. }))));
    }
    assert_eq!(opened.lock().unwrap().len(), 2, "each was asked once");
    opener.bus.interfaces.push(interface(NANO_S, "0001", "/dev/hidraw7"));
    opener.bus.answers.insert("/dev/hidraw7".into(), At::Locked);
    assert!(opener.open().is_err());
    assert_eq!(opened.lock().unwrap().len(), 5);
    // Pins are read anew each time they are wanted.
    pins.lock().unwrap().push(first);
    opener.in_vain = None;
    assert!(opener.open().is_ok());
}
