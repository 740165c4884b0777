//! Every page an owner can see, as text, against `tests/screens/*.txt`.
//!
//! `HIGHWATER_BLESS=1 cargo test -p highwater-signer screens` writes them anew; the diff is what to look at then.

use std::path::PathBuf;

use highwater_core::apdu::{Command, Named, Seed};
use highwater_core::hrs::{Height, Hrs, Round, Step};
use highwater_core::layout::{entry_page, key_place};
use highwater_core::rings::Rings;
use nanos_sdk::Button;
use nanos_sdk::target::{Call, PAIRS};

use crate::bench::{Bench, kernel, panel};
use crate::words::{CHAIN, LONGEST, add, chain, hrs};

/// Pages seen one after the other.
struct Roll {
    name: &'static str,
    seen: String,
}

impl Roll {
    fn new(name: &'static str) -> Self {
        Self { name, seen: String::new() }
    }

    fn take(&mut self, bench: &mut Bench, title: &str) {
        bench.wait(12);
        let picture = panel(|panel| panel.picture());
        assert!(!picture.contains('#'), "something covers something:\n{picture}");
        self.seen += &[title, "\n", &picture, "\n"].concat();
    }

    /// All pages of a prompt, from its first to its last.
    fn leaf(&mut self, bench: &mut Bench) {
        for page in 1..30 {
            self.take(bench, &format!("page {page}"));
            if bench.lines()[0] == "Reject" {
                return;
            }
            bench.press(Button::Right);
        }
        panic!("a prompt without an end");
    }

    fn compare(self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/screens")
            .join(format!("{}.txt", self.name));
        if std::env::var_os("HIGHWATER_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &self.seen).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            expected == self.seen,
            "{} shows something else now; HIGHWATER_BLESS=1 accepts it:\n{}",
            path.display(),
            self.seen
        );
    }
}

fn prompt(name: &'static str, bench: &mut Bench, command: Command<'_>) {
    let mut roll = Roll::new(name);
    bench.prompt(command).unwrap();
    roll.leaf(bench);
    roll.compare();
}

fn named(incarnation: u16) -> Named<'static> {
    Named { chain: chain(CHAIN), incarnation }
}

/// The highest mark there is.
fn highest() -> Hrs {
    Hrs { height: Height::MAX, round: Round::MAX, step: Step::Precommit }
}

fn spoil(pages: impl IntoIterator<Item = u16>) {
    kernel(|kernel| pages.into_iter().for_each(|page| kernel.nvm[usize::from(page)] = [0xee; 64]));
}

/// An armed device that lost every copy of its mark but an old one.
fn unclear() -> Bench {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    bench.sign(11).unwrap();
    spoil((0..2).map(|copy| Rings::new(PAIRS).record_page(0, 3, copy)));
    bench.restarted()
}

/// A device that lost both copies of the entry of its chain.
fn damaged() -> Bench {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    spoil((0..2).flat_map(|copy| [entry_page(0, copy), entry_page(0, copy) + 1]));
    bench.restarted()
}

#[test]
fn home_goes_round_its_pages() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    bench.approve(add(LONGEST));
    let mut roll = Roll::new("home");
    bench.wait(12);
    let first = bench.lines();
    for page in 1..30 {
        roll.take(&mut bench, &format!("page {page}"));
        if bench.lines()[0] == "Quit" {
            bench.press(Button::Both);
            roll.take(&mut bench, "both, on that page");
            bench.press(Button::Right);
            bench.press(Button::Left);
        }
        bench.press(Button::Right);
        bench.wait(12);
        if bench.lines() == first {
            break;
        }
    }
    bench.wait(320);
    roll.take(&mut bench, "dark");
    roll.compare();
}

#[test]
fn home_says_what_a_chain_is() {
    let mut roll = Roll::new("home-states");
    let mut bench = Bench::armed();
    roll.take(&mut bench, "nothing signed yet");
    bench.sign(10).unwrap();
    roll.take(&mut bench, "signed");
    bench.approve(Command::SetMark { named: named(1), to: hrs(1_000_000_000_000, 1000, Step::Precommit) });
    roll.take(&mut bench, "a high mark");
    let next = hrs(1_000_000_000_001, 0, Step::None);
    bench.approve(Command::SetMark { named: named(1), to: next });
    roll.take(&mut bench, "raised to a next height");
    bench.approve(Command::RemoveChain(named(1)));
    roll.take(&mut bench, "removed");
    bench.approve(Command::ForgetChain(named(1)));
    roll.take(&mut bench, "forgotten");
    roll.take(&mut unclear(), "unclear");
    roll.take(&mut damaged(), "damaged");
    let mut bench = Bench::armed();
    kernel(|kernel| kernel.fail(Call::NvmWrite, usize::MAX));
    let _ = bench.sign(10);
    roll.take(&mut bench, "flash fails");
    roll.compare();
}

#[test]
fn home_says_what_is_wrong_with_the_whole() {
    let mut roll = Roll::new("home-wrong");
    let bench = Bench::armed();
    let mut bench = bench.restarted_on(|kernel| kernel.software.public_key = |_| [9; 32]);
    roll.take(&mut bench, "another seed");
    let bench = Bench::armed();
    spoil([0, 1]);
    roll.take(&mut bench.restarted(), "the installation record is gone");
    let mut bench = Bench::installed(|kernel| kernel.fail(Call::Derive, 1));
    roll.take(&mut bench, "the seed cannot be read");
    roll.compare();
}

#[test]
fn work_that_was_approved_is_seen() {
    let mut bench = Bench::new();
    bench.prompt(add(CHAIN)).unwrap();
    bench.turn_to("Approve");
    bench.press(Button::Both);
    let mut roll = Roll::new("working");
    roll.take(&mut bench, "a ring is prepared");
    roll.compare();
}

#[test]
fn add_shows_chain_key_and_mark() {
    prompt("add", &mut Bench::new(), add(CHAIN));
}

#[test]
fn add_shows_the_longest_names_and_numbers_whole() {
    let longest = Command::AddChain { chain: chain(LONGEST), key_index: (1 << 31) - 2, mark: highest() };
    prompt("add-longest", &mut Bench::new(), longest);
}

#[test]
fn add_says_when_another_chain_has_the_key() {
    prompt("add-same-key", &mut Bench::armed(), add("other-1"));
}

#[test]
fn add_of_a_removed_chain_shows_its_mark() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    bench.approve(Command::RemoveChain(named(1)));
    prompt("add-removed", &mut bench, add(CHAIN));
}

#[test]
fn g5_add_below_what_the_chain_signed_says_so_before_it_can_be_approved() {
    let mut bench = Bench::armed();
    bench.sign(1_234_567).unwrap_err();
    bench.approve(Command::SetMark { named: named(1), to: hrs(1_234_566, 0, Step::None) });
    bench.sign(1_234_567).unwrap();
    bench.approve(Command::RemoveChain(named(1)));
    let to =
        |height, step| Command::AddChain { chain: chain(CHAIN), key_index: 7, mark: hrs(height, 0, step) };
    prompt("add-below-signed", &mut bench, to(1_234_566, Step::Precommit));
    // The warning is the page before the mark, and no other way leads to "Approve".
    let below = |bench: &Bench| bench.lines()[0].starts_with("BELOW SIGNED");
    for (height, step, wanted) in [
        (1_234_567, Step::Proposal, true),
        (1_234_567, Step::Prevote, false),
        (1_234_567, Step::Precommit, false),
        (0, Step::None, true),
    ] {
        bench.turn_to("Reject");
        bench.press(Button::Both);
        bench.press(Button::Right);
        bench.prompt(to(height, step)).unwrap();
        let mut warned = false;
        while bench.lines()[0] != "Approve" {
            warned |= below(&bench);
            bench.press(Button::Right);
        }
        assert_eq!(warned, wanted, "{height}/{step:?}");
    }
}

#[test]
fn a_lowering_says_so() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    bench.approve(Command::SetMark { named: named(1), to: hrs(98_765, 3, Step::Precommit) });
    prompt("set-mark-lower", &mut bench, Command::SetMark { named: named(1), to: hrs(1_000, 0, Step::None) });
}

#[test]
fn add_of_a_chain_removed_while_unclear_says_so() {
    let mut bench = unclear();
    bench.approve(Command::RemoveChain(named(1)));
    prompt("add-removed-unclear", &mut bench, add(CHAIN));
}

#[test]
fn set_mark_shows_from_and_to() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    prompt("set-mark", &mut bench, Command::SetMark { named: named(1), to: highest() });
}

#[test]
fn set_mark_of_an_unclear_chain_shows_a_floor() {
    let to = hrs(5000, 0, Step::Precommit);
    prompt("set-mark-unclear", &mut unclear(), Command::SetMark { named: named(1), to });
}

#[test]
fn remove_shows_the_mark() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    prompt("remove", &mut bench, Command::RemoveChain(named(1)));
}

#[test]
fn remove_of_an_unclear_chain_says_so() {
    prompt("remove-unclear", &mut unclear(), Command::RemoveChain(named(1)));
}

#[test]
fn show_key_shows_all_of_it() {
    prompt("show-key", &mut Bench::armed(), Command::ShowKey(chain(CHAIN)));
}

#[test]
fn a_key_that_cannot_be_had_is_said_to_fail() {
    let bench = Bench::armed();
    let mut bench = bench.restarted_on(|kernel| kernel.fail_later(Call::Derive, 2, usize::MAX));
    bench.prompt(Command::ShowKey(chain(CHAIN))).unwrap();
    bench.turn_to("Public key fails");
}

#[test]
fn forget_shows_what_stood_there() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    bench.approve(Command::RemoveChain(named(1)));
    prompt("forget", &mut bench, Command::ForgetChain(named(1)));
    prompt("forget-damaged", &mut damaged(), Command::ForgetSlot(0));
}

#[test]
fn forget_of_a_chain_removed_while_unclear_says_so() {
    let mut bench = unclear();
    bench.approve(Command::RemoveChain(named(1)));
    prompt("forget-unclear", &mut bench, Command::ForgetChain(named(1)));
}

#[test]
fn forget_of_a_damaged_slot_without_one_whole_page_shows_no_height() {
    let mut bench = Bench::armed();
    bench.sign(10).unwrap();
    spoil((0..2).flat_map(|copy| [entry_page(0, copy), entry_page(0, copy) + 1]));
    spoil((0..2 * PAIRS[0]).map(|index| Rings::new(PAIRS).page(0, index)));
    prompt("forget-damaged-empty", &mut bench.restarted(), Command::ForgetSlot(0));
}

/// The vectors' key, as the owner sees it. The address is what an explorer shows of the validator:
/// `FE812C12F3AB4CE6AC5DB69AC352F906CB1B11EF`.
#[test]
fn an_imported_key_is_shown_with_its_address_and_a_chain_says_that_its_key_was_imported() {
    let mut bench = Bench::new();
    let seed = [7; 32];
    prompt("import", &mut bench, Command::ImportKey(Seed(&seed)));
    let address = std::fs::read_to_string("tests/screens/import.txt").unwrap();
    assert!(
        ["fe812c12f3", "ab4ce6ac5d", "b69ac352f9", "06cb1b11ef"].iter().all(|part| address.contains(part))
    );
    let approve = |bench: &mut Bench| {
        bench.press(Button::Left);
        bench.press(Button::Both);
        bench.wait(200);
    };
    approve(&mut bench);
    prompt("forget-key", &mut bench, Command::ForgetKey(0));
    bench.press(Button::Both);
    bench.press(Button::Both);
    let add = Command::AddChain { chain: chain(CHAIN), key_index: 1 << 31, mark: hrs(9, 0, Step::None) };
    prompt("add-imported", &mut bench, add);
    approve(&mut bench);
    prompt("show-imported", &mut bench, Command::ShowKey(chain(CHAIN)));
    bench.press(Button::Both);
    bench.sign(10).unwrap();
}

#[test]
fn a_lost_key_that_is_forgotten_has_nothing_to_be_shown() {
    let mut bench = Bench::new();
    bench.approve(Command::ImportKey(Seed(&[7; 32])));
    let pages = (0..2).map(|copy| entry_page(key_place(0), copy));
    spoil(pages.flat_map(|page| [page, page + 1]));
    prompt("forget-lost-key", &mut bench.restarted(), Command::ForgetKey(0));
}

#[test]
fn every_golden_has_a_test() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    let source = include_str!("screens.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(source.contains(&format!("\"{name}\"")), "{name}.txt belongs to nobody");
    }
}
