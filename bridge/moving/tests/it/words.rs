//! Every sentence: a cause and a cure, and nothing that a terminal would act on.

use highwater_core::hrs::Step;
use highwater_moving::{Refusal, Source, Warning};

use crate::files::{at, somewhere};

fn refusals() -> Vec<Refusal> {
    let file = || "F".to_owned();
    let [found, chain, typed] = ["other-1", "demo-1", "demo"].map(str::to_owned);
    let named = Source::Tmkms;
    vec![
        Refusal::NoState(named),
        Refusal::Missing { file: file() },
        Refusal::Empty { file: file() },
        Refusal::TooLong { file: file(), bytes: 70_000, most: 65_536 },
        Refusal::ByteOrderMark { file: file() },
        Refusal::Form { file: file(), named, why: "its JSON has a list".to_owned() },
        Refusal::OtherShape { file: file(), named, found: "a state of horcrux" },
        Refusal::OfHorcrux { file: file(), named },
        Refusal::HandWritten { file: file() },
        Refusal::NoHorcruxName { file: file() },
        Refusal::Copy { file: file() },
        Refusal::TmkmsConfig { file: file(), chain: chain.clone(), why: "it is not text".to_owned() },
        Refusal::StillRuns { file: file(), seconds: 3, wait: 30 },
        Refusal::Changed { file: file() },
        Refusal::FromTheFuture { file: file() },
        Refusal::Retired { file: file() },
        Refusal::NamedForOtherChain { file: file(), found: found.clone(), chain: chain.clone() },
        Refusal::OtherChain { file: file(), found, chain: chain.clone() },
        Refusal::OtherPlace { file: file(), place: at(7, 0, Step::Prevote), signed: somewhere() },
        Refusal::OtherKey { file: file() },
        Refusal::HalfSigned { file: file() },
        Refusal::Fresh { file: file() },
        Refusal::ZeroHeight { file: file() },
        Refusal::NotExact { file: file(), place: somewhere() },
        Refusal::NoThreshold,
        Refusal::FewCosigners { found: 1, threshold: 2 },
        Refusal::FreshShare { file: file() },
        Refusal::NotAThreshold(1),
        Refusal::OneOfTwo { file: file(), other: "G".to_owned() },
        Refusal::OtherKeyFile { file: file() },
        Refusal::KeyNotNamed { file: file() },
        Refusal::WasSigned { file: file(), place: somewhere() },
        Refusal::EmptyNeverSigned { file: file() },
        Refusal::NotTyped { typed, chain },
        Refusal::NotAKey { file: file(), named, why: "it is empty" },
        Refusal::KeyType { file: file(), found: "secp256k1" },
        Refusal::Expanded { file: file() },
        Refusal::YubiHsmExport { file: file() },
        Refusal::Shard { file: file() },
        Refusal::KeyDisagrees { file: file(), part: "pub_key" },
        Refusal::Decoy { file: file() },
        Refusal::FewBlocks(1),
        Refusal::NodeBehind { height: 9, seconds: 600 },
        Refusal::ClockBehind { height: 9, seconds: 600 },
        Refusal::TooLate(1_001),
        Refusal::NotInARow(7, 9),
        Refusal::NotSilent(7),
        Refusal::NotInSet(7),
        Refusal::NoHeight(0),
        Refusal::NodeOfOtherChain { found: "other-1".to_owned(), chain: "demo-1".to_owned() },
        Refusal::CatchingUp,
        Refusal::NodeAnswer { what: "commit", why: "it is of another height" },
    ]
}

fn warnings() -> Vec<Warning> {
    let file = || "F".to_owned();
    vec![
        Warning::WasOutside,
        Warning::NotAsTmkmsReads { file: file() },
        Warning::NotSigned { file: file() },
        Warning::NotRead { file: file() },
        Warning::NotVerified { file: file() },
        Warning::Share { file: file() },
        Warning::PastedStep { file: file() },
        Warning::RaisedByHand { file: file(), place: somewhere() },
        Warning::FreshAmongOthers { file: file() },
        Warning::OtherCosigners { read: 2 },
        Warning::MayLag { source: Source::Horcrux },
        Warning::MayLag { source: Source::Tmkms },
        Warning::MayLag { source: Source::CometBft },
        Warning::Exact { mark: somewhere() },
        Warning::NeverSigned,
    ]
}

/// The words with which a cure begins.
const CURES: [&str; 13] = [
    "Name ",
    "Use ",
    "Stop ",
    "Set ",
    "Restore ",
    "Leave ",
    "Say ",
    "Type ",
    "Import ",
    "Wait ",
    "Take ",
    "Make certain ",
    "Highwater has the mark",
];

#[test]
fn every_refusal_names_a_cause_and_then_a_cure() {
    for refusal in refusals() {
        let text = refusal.to_string();
        let (cause, cure) = text.split_once(". ").unwrap_or_else(|| panic!("no cure: {text}"));
        assert!(cause.len() > 10 && cure.ends_with('.'), "{text}");
        assert!(
            cure.split(". ").any(|sentence| CURES.iter().any(|word| sentence.starts_with(word))),
            "{text}"
        );
    }
    assert!(
        "horcux".parse::<Source>().unwrap_err().to_string().contains("Name cometbft, tendermint-0.27, tmkms")
    );
    // That there is no file either is for the command to say: only one of them takes it.
    assert!(!"x".parse::<Source>().unwrap_err().to_string().contains("nothing"));
}

#[test]
fn the_sentences_of_two_refusals_or_warnings_are_never_the_same() {
    let mut all: Vec<String> = refusals().iter().map(ToString::to_string).collect();
    all.extend(warnings().iter().map(ToString::to_string));
    assert!(all.iter().all(|text| text.ends_with('.')));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_name_is_read_as_it_is_written() {
    for source in Source::ALL {
        assert_eq!(source.to_string().parse(), Ok(source));
    }
    for other in ["", "CometBFT", "tendermint", "nothing", "tmkms "] {
        assert!(other.parse::<Source>().is_err(), "{other}");
    }
}

#[test]
fn every_file_may_be_older_than_the_last_signature_and_that_of_horcrux_without_a_power_cut() {
    for source in Source::ALL {
        let text = Warning::MayLag { source }.to_string();
        let said = ["a backup or snapshot", "--from nothing", "a power cut", source.name()];
        assert!(said.iter().all(|part| text.contains(part)), "{text}");
    }
    assert!(Warning::MayLag { source: Source::Horcrux }.to_string().contains("any stop"));
}

#[test]
fn who_was_not_in_the_set_is_told_which_height_to_name() {
    assert!(Refusal::NotInSet(7).to_string().contains("one above the chain's now"));
}
