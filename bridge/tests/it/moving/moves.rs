//! Validators that move here, from each signer, and sign on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use highwater::privval::proto::Sum;
use highwater::store::{ChainFile, Pins};
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Source, State};
use highwater_sim::Owner;
use rustix::process::geteuid;

use super::files::{Written, at, public};
use super::node::Node;
use super::old::{leave, migrate, no_secret_in, place, put, state_name, written};
use crate::desk::{CHAIN, Desk, prevote, program};
use crate::harness::{refusal, signed_vote};

/// Above all that the old signer signed.
const NEXT: i64 = 361_403;

/// The mark of the chain on the device, as the command line shows it.
pub(super) fn mark(desk: &Desk) -> String {
    let said = desk.must(&["mark", "show", CHAIN]);
    said.split("mark ").nth(2).or_else(|| said.split("mark ").nth(1)).unwrap().to_owned()
}

fn pinned(desk: &Desk) -> [u8; 32] {
    let pin = Pins::load(&desk.path("state")).unwrap().get(CHAIN).unwrap();
    assert!(pin.imported);
    pin.key
}

/// The owner approves what stands on the screen, and it is done.
fn approve(desk: &Desk) {
    let mut bench = desk.emulator.bench();
    let ticket = bench.device.prompt().unwrap().ticket;
    bench.device.decide(ticket, true);
    bench.device.finish_work();
}

/// What a command says, while whose owner is asked something happens; then the owner approves.
fn while_asked(desk: &Desk, words: &[&str], happens: impl FnOnce()) -> String {
    desk.emulator.bench().device.owner = Owner::Away;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| desk.says(words));
        while desk.emulator.bench().device.prompt().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        happens();
        approve(desk);
        waiting.join().unwrap()
    })
}

/// The same of a move by the two-block rule, whose key is on the device already.
fn while_asked_by_blocks(desk: &Desk, happens: impl FnOnce(&Node)) -> String {
    let node = Node::start(CHAIN, 1);
    let key = put(desk, "config/key", &super::files::key_file());
    desk.must(&["key", "import", "--from", &key, "--no-backup"]);
    let args = ["--imported".to_owned(), "1".to_owned(), "--rpc".to_owned(), node.rpc()];
    while_asked(desk, &migrate("nothing", &args, &[]), || happens(&node))
}

/// The arguments of `retire` for these files.
fn retire<'a>(source: &'a str, args: &'a [String]) -> Vec<&'a str> {
    let named = args.chunks(2).filter(|pair| pair[0] != "--threshold").flatten();
    ["retire", "--from", source, "--chain", CHAIN].into_iter().chain(named.map(String::as_str)).collect()
}

#[test]
fn a_validator_moves_from_each_signer_with_its_key_and_above_all_that_it_signed() {
    for source in Source::ALL {
        let desk = Desk::new("moving");
        let args = leave(&desk, source);
        let before = fs::read(&args[1]).unwrap();
        let name = source.to_string();
        let said = desk.must(&migrate(&name, &args, &["--to", "key.backup"]));
        assert!(said.contains("mark     361402/1/precommit"), "{said}");
        no_secret_in(&said);
        assert_eq!(pinned(&desk), *public().as_bytes());
        assert!(mark(&desk).starts_with("361402/1/precommit"), "{}", mark(&desk));
        let file = ChainFile::found(&desk.path("state"), CHAIN).unwrap().unwrap();
        assert_eq!(file.record.floor(), Hrs { step: Step::Precommit, ..place() });
        assert!(desk.path("key.backup").exists());
        assert_eq!(fs::read(&args[1]).unwrap(), before, "nothing of the old signer is changed yet");

        let said = desk.must(&retire(&name, &args));
        no_secret_in(&said);
        for pair in args.chunks(2).filter(|pair| pair[0] == "--state") {
            let bytes = fs::read(&pair[1]).unwrap();
            let state = State::read(source, &pair[1], &bytes).unwrap();
            assert_eq!(state.place.height.value(), i64::MAX as u64);
            assert!(fs::metadata(format!("{}.before-highwater", pair[1])).is_ok());
            assert_eq!(fs::metadata(&pair[1]).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let key = &args[args.len() - 1];
        let moved = format!("{key}.moved-to-highwater");
        assert_eq!(fs::metadata(moved).is_ok(), source != Source::Tendermint027);
        // Cut or not, the same command ends what was begun.
        assert!(desk.must(&retire(&name, &args)).contains("see to it"));
        // And nobody moves it twice.
        let said = desk.says(&migrate(&name, &args, &["--no-backup"]));
        assert!(!said.ends_with("exit 0\n"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_key_signs_and_after_a_restart_gives_the_same_signature() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup", "--retire"]));
    assert!(said.contains("retired  ") && said.contains("moved    "), "{said}");
    let mut daemon = desk.daemon().await;
    let vote = signed_vote(daemon.insists(&prevote(NEXT, 1)).await);
    assert_eq!(vote.signature.len(), 64);
    // At or below what the old signer signed nothing is.
    for height in [NEXT - 1, NEXT - 2] {
        refusal(daemon.insists(&prevote(height, 1)).await);
    }
    assert!(desk.must(&["status"]).contains("imported key 1: copies may exist outside"));
    drop(daemon);
    let device = desk.emulator.swap(crate::emulator::owned("nothing"));
    desk.emulator.swap(device.restart());
    let mut daemon = desk.daemon().await;
    let Sum::SignedVoteResponse(again) = daemon.insists(&prevote(NEXT, 1)).await else { panic!("no vote") };
    assert_eq!(again.vote.unwrap().signature, vote.signature);
    refusal(daemon.insists(&prevote(NEXT, 2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_device_of_the_same_seed_gets_the_key_from_its_backup_and_the_mark_from_the_host() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::Tmkms);
    desk.must(&migrate("tmkms", &args, &["--to", "key.backup"]));
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(NEXT, 1)).await);
    drop(daemon);
    desk.emulator.swap(crate::emulator::owned("moving"));
    // Whatever number is named, the owner is not asked for another key than the pinned one.
    let words = ["mark", "adopt", CHAIN];
    for (more, says) in [
        (&[][..], "has a key that was made elsewhere"),
        (&["--key-index", "0"], "run `highwater key restore BACKUP`"),
        (&["--imported", "1"], "The device holds no imported key 1"),
    ] {
        let said = desk.says(&[&words[..], more].concat());
        assert!(said.contains(says) && !said.contains("Look at the device"), "{said}");
    }
    let other = put(&desk, "other", &super::refusals::other_key());
    desk.must(&["key", "import", "--from", &other, "--no-backup"]);
    let said = desk.says(&[&words[..], &["--imported", "1"]].concat());
    assert!(
        said.contains("imported key 1 is not the pinned key") && !said.contains("Look at the device"),
        "{said}"
    );
    desk.must(&["key", "forget", "1"]);
    let mut told = desk.must(&["key", "restore", "key.backup"]);
    told += &desk.must(&["key", "list"]);
    told += &desk.must(&["mark", "adopt", CHAIN, "--imported", "1"]);
    assert!(told.contains("361403/0/precommit"), "{told}");
    assert_eq!(pinned(&desk), *public().as_bytes());
    let mut daemon = desk.daemon().await;
    refusal(daemon.insists(&prevote(NEXT, 2)).await);
    signed_vote(daemon.insists(&prevote(NEXT + 1, 1)).await);
    drop(daemon);

    // Of another seed it opens nowhere.
    desk.emulator.swap(crate::emulator::owned("another seed"));
    let said = desk.says(&["key", "restore", "key.backup"]);
    assert!(said.contains("b01a") && said.ends_with("exit 69\n"), "{said}");
}

/// The terminal died after the key was approved, and before the chain was.
#[test]
fn a_move_that_was_cut_is_ended_by_the_same_command_and_nothing_is_asked_twice() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let key = args[3].clone();
    desk.must(&["key", "import", "--from", &key, "--no-backup"]);
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains("imported key 1: on the device, since before"), "{said}");
    assert_eq!(said.matches("Look at the device").count(), 1, "{said}");
    // After the chain was approved: it is pinned, and the owner is not asked.
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    let said = desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    assert!(!said.contains("Look at the device") && said.contains("its key is pinned now"), "{said}");
    // With the key that is held, and no file of it.
    fs::remove_file(desk.path("state/pins.toml")).unwrap();
    let args = &args[..2];
    let said = desk.must(&migrate("cometbft", args, &["--imported", "1"]));
    assert_eq!(pinned(&desk), *public().as_bytes(), "{said}");
}

/// Each row is what a person does who does not know whether it was done.
#[test]
fn a_move_that_was_done_is_not_done_again_and_says_what_is_left() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let command = migrate("cometbft", &args, &["--to", "key.backup"]);
    desk.must(&command);
    let backup = fs::read(desk.path("key.backup")).unwrap();
    let said = desk.must(&command);
    assert!(said.contains("signs with this key here already") && said.contains("next: retire"), "{said}");
    assert!(!said.contains("Look at the device"), "{said}");
    assert_eq!(fs::read(desk.path("key.backup")).unwrap(), backup);
    // The old signer signed since then.
    let state = state_name(Source::CometBft);
    let next = Written { place: at(361_403, 0, Step::Precommit), ..written() };
    put(&desk, &state, &next.by(Source::CometBft));
    let said = desk.says(&command);
    assert!(said.contains("DOUBLE-SIGN RISK") && said.contains("--last-signed 361403/0/precommit"), "{said}");
    put(&desk, &state, &written().by(Source::CometBft));
    let said = desk.must(&migrate("cometbft", &args, &["--to", "key.backup", "--retire"]));
    assert!(said.contains("retired  ") && said.contains("left     "), "{said}");
}

#[test]
fn a_chain_that_stands_with_another_key_is_told_before_the_key_is_imported() {
    let desk = Desk::pinned("moving");
    let args = leave(&desk, Source::CometBft);
    let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains("is on the device with another key") && said.ends_with("exit 69\n"), "{said}");
    assert!(!said.contains("Look at the device") && !desk.path("key.backup").exists(), "{said}");
}

/// With its moved file and an old state a validator would begin below what Highwater has signed.
#[test]
fn trap_a_key_that_was_moved_away_does_not_move_a_second_time() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let moved = format!("{}.moved-to-highwater", args[3]);
    fs::rename(&args[3], &moved).unwrap();
    let args = [args[0].clone(), args[1].clone(), "--key".to_owned(), moved];
    let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains("highwater mark adopt") && said.ends_with("exit 64\n"), "{said}");
    assert!(!said.contains("Look at the device") && !desk.path("key.backup").exists(), "{said}");
}

#[test]
fn an_old_signer_that_signs_while_the_owner_is_asked_is_a_double_sign_risk() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&["key", "import", "--from", &args[3], "--no-backup"]);
    let said = while_asked(&desk, &migrate("cometbft", &args, &["--no-backup", "--retire"]), || {
        let next = Written { place: at(361_403, 0, Step::Precommit), ..written() };
        put(&desk, &state_name(Source::CometBft), &next.by(Source::CometBft));
    });
    assert!(said.contains("DOUBLE-SIGN RISK on alpha-1: the old signer signed while"), "{said}");
    assert!(said.ends_with("exit 69\n") && !said.contains("retired  "), "{said}");
    // Nothing is pinned, so no daemon signs; nor is the old signer retired.
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
    let said = desk.says(&retire("cometbft", &args));
    assert!(said.contains("has no pinned key") && said.ends_with("exit 64\n"), "{said}");
    // What the sentence advises.
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.must(&["chain", "remove", CHAIN]);
    desk.must(&migrate("cometbft", &args, &["--no-backup", "--retire"]));
    assert!(mark(&desk).starts_with("361403/0/precommit"), "{}", mark(&desk));
}

/// It was moved, and removed, and its pin stands: a daemon that waits for its chain would sign.
#[test]
fn at_a_double_sign_risk_a_pin_of_an_earlier_life_goes_too() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    desk.must(&["chain", "remove", CHAIN]);
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_some());
    let signs = |height| {
        let next = Written { place: at(height, 0, Step::Precommit), ..written() };
        put(&desk, &state_name(Source::CometBft), &next.by(Source::CometBft));
    };
    signs(361_410);
    let said = while_asked(&desk, &migrate("cometbft", &args, &["--no-backup"]), || signs(361_411));
    assert!(said.contains("DOUBLE-SIGN RISK") && said.ends_with("exit 69\n"), "{said}");
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
}

/// A daemon that runs has the chain's pin in memory, whatever the files say by now: it would sign before the last look.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_a_running_daemon_still_has_is_not_approved_before_the_daemon_lets_go_of_it() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    let whole = fs::read_to_string(&desk.config).unwrap();
    let without = whole.split("[[chain]]").next().unwrap();
    let next = Written { place: at(361_410, 0, Step::Precommit), ..written() };
    put(&desk, &state_name(Source::CometBft), &next.by(Source::CometBft));
    let pins = fs::read(desk.path("state/pins.toml")).unwrap();
    let node = Node::start(CHAIN, 1);
    let by_blocks = ["--imported".to_owned(), "1".to_owned(), "--rpc".to_owned(), node.rpc()];
    let daemon = desk.daemon().await;
    desk.must(&["chain", "remove", CHAIN]);
    for (config, pinned) in [(whole.as_str(), true), (without, true), (without, false)] {
        fs::write(&desk.config, config).unwrap();
        match pinned {
            true => fs::write(desk.path("state/pins.toml"), &pins).unwrap(),
            false => fs::remove_file(desk.path("state/pins.toml")).unwrap(),
        }
        for command in [migrate("cometbft", &args, &["--no-backup"]), migrate("nothing", &by_blocks, &[])] {
            let said = desk.says(&command);
            assert!(said.contains("The daemon that runs was started with alpha-1 and its pin"), "{said}");
            assert!(!said.contains("Look at the device") && said.ends_with("exit 64\n"), "{said}");
        }
    }
    fs::write(desk.path("state/pins.toml"), &pins).unwrap();
    // What the sentence advises; a daemon without a chain does not run.
    drop(daemon);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    assert!(mark(&desk).starts_with("361410/"), "{}", mark(&desk));
}

/// Highwater's own record tells of a mark that was asked for, and the terminal died before anybody pressed.
#[test]
fn the_old_signer_is_not_retired_by_a_mark_that_nobody_approved() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&migrate("cometbft", &args, &["--no-backup"]));
    let next = Written { place: at(361_403, 0, Step::Precommit), ..written() };
    put(&desk, &state_name(Source::CometBft), &next.by(Source::CometBft));
    // Nor before Highwater knows of all that it says.
    let said = desk.says(&retire("cometbft", &args));
    assert!(said.contains("Highwater knows of 361402/1/precommit") && said.ends_with("exit 69\n"), "{said}");
    desk.emulator.bench().device.owner = Owner::Away;
    let mut asks = desk.command(&["mark", "set", CHAIN, "--last-signed", "361403/0/precommit"]);
    let mut asks = asks.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    while desk.emulator.bench().device.prompt().is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    asks.kill().unwrap();
    asks.wait().unwrap();
    let said = desk.says(&retire("cometbft", &args));
    assert!(said.contains("whether the owner approved it is not known"), "{said}");
    assert!(!said.contains("retired  ") && said.ends_with("exit 69\n"), "{said}");
}

#[test]
fn who_refuses_the_chain_has_the_key_on_the_device_and_nothing_else() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    desk.must(&["key", "import", "--from", &args[3], "--no-backup"]);
    desk.emulator.bench().device.owner = Owner::Refuses;
    let command = migrate("cometbft", &args, &["--to", "key.backup", "--retire"]);
    let said = desk.says(&command);
    assert!(said.contains("the owner refused") && !said.contains("retired  "), "{said}");
    assert!(said.contains("Imported key 1 stays on the device, and its backup in its file"), "{said}");
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
    let said = desk.says(&retire("cometbft", &args));
    assert!(said.contains("has no pinned key") && said.ends_with("exit 64\n"), "{said}");
    // The same command goes on, though its backup is there.
    desk.emulator.bench().device.owner = Owner::Approves;
    desk.emulator.bench().haste = 1_800;
    desk.must(&["device", "info"]);
    let said = desk.must(&command);
    assert!(said.contains("since before") && said.contains("retired  "), "{said}");
}

/// At a terminal, where the owner of a simulated device answers.
#[test]
fn ctrl_c_at_the_second_question_ends_the_command_too() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let text = format!("state_dir = {:?}\n[device]\ntransport = \"simulated\"\n", desk.path("state"));
    fs::write(&desk.config, text).unwrap();
    let words = migrate("cometbft", &args, &["--no-backup"]);
    // Whoever runs the tests in the background hands down a Ctrl-C that is ignored.
    let program = format!("exec env --default-signal=INT {}", env!("CARGO_BIN_EXE_highwater"));
    let line = format!("{program} --config {} {}", desk.config.display(), words.join(" "));
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = terminal.spawn().unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut said = String::new();
    for (question, key) in [("import the key", "y\n"), ("add chain", "\u{3}")] {
        let mut seen = false;
        while !seen {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "{said}");
            said.push(char::from(byte[0]));
            let asked = said.rsplit('\n').next().unwrap();
            seen = asked.contains(question) && asked.ends_with("[y/N] ");
        }
        keys.write_all(key.as_bytes()).unwrap();
    }
    let ended = (0..200).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        terminal.try_wait().unwrap()
    });
    terminal.kill().unwrap();
    assert_eq!(ended.and_then(|ended| ended.code()), Some(130), "{said}");
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
}

#[test]
fn without_any_state_two_silent_blocks_give_the_mark() {
    let desk = Desk::new("moving");
    let node = Node::start(CHAIN, 1);
    let key = put(&desk, "config/key", &super::files::key_file());
    let args = ["--key".to_owned(), key, "--rpc".to_owned(), node.rpc()];
    let said = desk.must(&migrate("nothing", &args, &["--to", "key.backup"]));
    assert!(said.contains("waiting until the chain has committed the blocks"), "{said}");
    let height: u64 = said.split("mark     ").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    assert!(height >= 361_405, "{said}");
    assert!(mark(&desk).starts_with(&format!("{height}/0/none")), "{}", mark(&desk));
}

#[test]
fn a_signature_in_a_block_while_the_owner_is_asked_is_a_double_sign_risk() {
    let desk = Desk::new("moving");
    let said = while_asked_by_blocks(&desk, |node| node.signs(2));
    assert!(said.contains("DOUBLE-SIGN RISK on alpha-1") && said.ends_with("exit 69\n"), "{said}");
}

/// Whoever signs may have missed the newest block.
#[test]
fn a_signature_in_one_block_of_many_while_the_owner_is_asked_is_a_double_sign_risk_too() {
    let desk = Desk::new("moving");
    let said = while_asked_by_blocks(&desk, |node| {
        let signed = node.signs_once();
        while node.tip() < signed + 5 {
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(said.contains("DOUBLE-SIGN RISK on alpha-1") && said.ends_with("exit 69\n"), "{said}");
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
}

/// The old signer's files are its own user's, and the state directory is the daemon's.
#[test]
fn root_reads_and_retires_the_old_signers_files_and_leaves_none_of_its_own_in_the_state() {
    if !geteuid().is_root() {
        eprintln!("SKIPPED: only root acts for others");
        return;
    }
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    for file in [&args[1], &args[3]] {
        std::os::unix::fs::chown(file, Some(4321), Some(4321)).unwrap();
    }
    let state = desk.path("state");
    std::os::unix::fs::chown(&state, Some(1234), Some(1235)).unwrap();
    fs::set_permissions(desk.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |words: &[&str]| {
        let mut command = desk.command(words);
        let done = command.output().unwrap();
        let said = String::from_utf8([done.stderr, done.stdout].concat()).unwrap();
        assert!(done.status.success(), "{said}");
        said
    };
    run(&migrate("cometbft", &args, &["--to", "key.backup"]));
    let mut files = vec![state.join("pins.toml"), state.join("chains"), state.join("device.lock")];
    files.push(state.join("chains").join(format!("{CHAIN}.json")));
    // Who runs the daemon restores it one day.
    files.push(desk.path("key.backup"));
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().uid(), 1234, "{}", file.display());
    }
    run(&retire("cometbft", &args));
    for file in
        [&args[1], &format!("{}.before-highwater", args[1]), &format!("{}.moved-to-highwater", args[3])]
    {
        assert_eq!(fs::metadata(file).unwrap().uid(), 4321, "{file}");
    }
}

#[test]
fn no_log_however_loud_holds_a_key() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    for words in [
        migrate("cometbft", &args, &["--to", "key.backup"]),
        vec!["key", "list"],
        vec!["key", "import", "--from", &args[3], "--no-backup"],
        vec!["key", "show", "--imported", "1"],
    ] {
        let done = desk.command(&words).env("HIGHWATER_LOG", "trace").output().unwrap();
        no_secret_in(&String::from_utf8([done.stdout, done.stderr].concat()).unwrap());
    }
    no_secret_in(&fs::read_to_string(desk.path("key.backup")).unwrap());
}

/// A computer with a Ledger, and nothing else of Highwater's.
pub(super) fn alone(desk: &Desk, words: &[&str]) -> Command {
    let mut command = program(&desk.path("."), desk.emulator.passing());
    command.args(words).env("HIGHWATER_EMULATOR", desk.emulator.address.to_string());
    command
}
