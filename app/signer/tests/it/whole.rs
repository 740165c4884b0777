//! The app on a device whose system drives: whole commands in, whole replies out, presses and pages.

use highwater_core::apdu::{Command, MAX_COMMAND, Reply, Status, Version, ins};
use highwater_signer::App;
use nanos_sdk::Bolos;
use nanos_sdk::fake::{self, Desk};

const HID: u8 = 0x20;

struct Bench {
    bolos: Bolos,
    app: App,
}

impl Bench {
    fn new() -> Self {
        let mut bolos = fake::boot();
        let mut app = App::default();
        app.boot(&mut bolos);
        Self { bolos, app }
    }

    /// Sends a command, and gives all that came back within half a second.
    fn send(&mut self, command: &[u8]) -> Vec<Vec<u8>> {
        desk(|desk| desk.commands.push_back((HID, command.to_vec())));
        self.wait(5);
        let answers = desk(|desk| std::mem::take(&mut desk.answers));
        assert!(answers.iter().all(|(way, _)| *way == HID));
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn ask(&mut self, command: Command<'_>) -> (Vec<u8>, u16) {
        let mut apdu = [0; MAX_COMMAND];
        let length = command.encode(&mut apdu).unwrap();
        let [reply] = &self.send(&apdu[..length])[..] else { panic!("one command, one reply") };
        let (data, word) = Reply::split(reply).unwrap();
        (data.to_vec(), word)
    }

    fn wait(&mut self, ticks: usize) {
        let end = desk(|desk| desk.ticks) + ticks;
        while desk(|desk| desk.ticks) < end {
            self.app.turn(&mut self.bolos);
        }
    }
}

fn desk<T>(look: impl FnOnce(&mut Desk) -> T) -> T {
    fake::with(|kernel| look(&mut kernel.desk))
}

#[test]
fn it_says_what_it_is() {
    let mut bench = Bench::new();
    let (data, word) = bench.ask(Command::GetVersion);
    assert_eq!(word, Status::Ok.word());
    let version = Version::parse(&data).unwrap();
    assert_eq!((version.target, version.standing), (2, 0));
    assert_eq!(desk(|desk| desk.lines()), ["Highwater slot 1", "no chain"]);
}

/// What is left of a command that was cut could be another one.
#[test]
fn a_command_that_is_too_long_is_refused_whole_and_never_cut() {
    let mut bench = Bench::new();
    for length in MAX_COMMAND - 1..=272 {
        let mut command = vec![0x55; length];
        command[..5].copy_from_slice(&[0xe0, ins::SIGN, 0, 0, 0xff]);
        let words: Vec<u16> =
            bench.send(&command).iter().map(|reply| Reply::split(reply).unwrap().1).collect();
        let fits = length == MAX_COMMAND;
        let expected = if fits { Status::NotCanonical } else { Status::Length };
        assert_eq!(words, [expected.word()], "{length}");
        assert_eq!(bench.ask(Command::GetAppName), (b"Highwater".to_vec(), Status::Ok.word()), "{length}");
    }
}

#[test]
#[should_panic(expected = "exit(255)")]
fn it_quits_once_the_answer_has_left() {
    let mut bench = Bench::new();
    let quit = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.send(&[0xb0, 0xa7, 0, 0, 0])));
    assert_eq!(desk(|desk| desk.answers.clone()), [(HID, vec![0x90, 0x00])]);
    std::panic::resume_unwind(quit.unwrap_err());
}
