//! Why a validator does not move, as rows: each names its cause and its cure, and neither device nor host has changed.

use std::fs;
use std::time::Duration;

use highwater::store::Pins;
use highwater_core::hrs::{Hrs, Step};
use highwater_moving::{Decoy, Source};

use super::files::{Written, at, base64, fresh, key_file};
use super::old::{age, key_text, leave, migrate, no_secret_in, put, state_name, written};
use crate::desk::{CHAIN, Desk};

/// A refusal: what the old signer left, what is typed, and what is said.
struct Row {
    name: &'static str,
    source: Source,
    /// What stands in the state; the one of a signer that is stopped, if none.
    state: Option<String>,
    /// Its name, if another one.
    state_name: Option<&'static str>,
    key: Option<String>,
    more: &'static [&'static str],
    says: &'static str,
}

impl Row {
    fn new(name: &'static str, source: Source, says: &'static str) -> Self {
        Self { name, source, state: None, state_name: None, key: None, more: &[], says }
    }

    fn state(self, state: impl Into<String>) -> Self {
        Self { state: Some(state.into()), ..self }
    }

    fn named(self, name: &'static str) -> Self {
        Self { state_name: Some(name), ..self }
    }

    fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    fn more(self, more: &'static [&'static str]) -> Self {
        Self { more, ..self }
    }
}

fn rows() -> Vec<Row> {
    use Source::{CometBft, Horcrux, Kms, Tendermint027, Tmkms};
    let by = |source, written: Written<'_>| written.by(source);
    let poisoned = "{\"height\": \"9223372036854775807\", \"round\": 0, \"step\": 3}";
    let other_chain = by(CometBft, Written { chain: Some("other-1"), ..written() });
    let changed = by(CometBft, written()).replace("361402", "361403");
    let at_zero = by(CometBft, Written { place: Hrs::ZERO, chain: None, ..written() });
    vec![
        Row::new("an empty state", CometBft, "is empty, as after a crash").state(" "),
        Row::new("a state at height 0", CometBft, "is at height 0").state(at_zero),
        Row::new("a state of another chain", CometBft, "holds a signature for the chain \"other-1\"")
            .state(other_chain),
        Row::new("numbers that were changed", CometBft, "somebody has changed the file").state(changed),
        Row::new("a state of another key", CometBft, "holds a signature that is not of this key")
            .key(other_key()),
        Row::new("a copy", CometBft, "is a copy by its name").named("data/priv_validator_state.json.bak"),
        Row::new("a state that was retired", CometBft, "was retired").state(poisoned),
        Row::new("a state of tmkms", CometBft, "--from names cometbft").state(by(Tmkms, written())),
        Row::new("a state of CometBFT", Tmkms, "--from names tmkms").state(by(CometBft, written())),
        Row::new("a state of horcrux", CometBft, "Use --from horcrux with --threshold")
            .state(by(Horcrux, written())),
        Row::new("a state named for another chain", Kms, "is of the chain \"beta-1\" by its name")
            .named("state/beta-1.json"),
        Row::new(
            "a state that `tmkms init` named for another",
            Tmkms,
            "is of the chain \"beta-1\" by its name",
        )
        .named("state/beta-1-consensus.json"),
        Row::new("a new state of tmkms", Tmkms, "is at height 0").state(fresh(Tmkms)),
        Row::new("no number", CometBft, "is not a file that cometbft writes")
            .state("{\"height\": 1.5, \"round\": 0, \"step\": 3}"),
        Row::new("the one file of 0.27", CometBft, "--from names cometbft")
            .state(by(Tendermint027, written())),
        Row::new("horcrux without a threshold", Horcrux, "Say it with --threshold"),
        Row::new("one cosigner of two", Horcrux, "1 cosigners have shown a share")
            .more(&["--threshold", "2"]),
        Row::new("a threshold of one", Horcrux, "A threshold of 1 is none").more(&["--threshold", "1"]),
        Row::new("a place set by hand, exactly", CometBft, "Leave --exact away")
            .state(by(CometBft, Written { chain: None, ..written() }))
            .more(&["--exact"]),
        Row::new("never signed, and did", CometBft, "Leave --never-signed away")
            .more(&["--never-signed", CHAIN]),
        Row::new("never signed, mistyped", CometBft, "Type the chain id as it is")
            .more(&["--never-signed", "alpha"]),
        Row::new("a seed alone, for kms", Kms, "it is a seed alone, as tmkms has it").key(base64(&[7; 32])),
        Row::new("an expanded key", Tmkms, "holds an expanded key").key(base64(&[9; 64])),
        Row::new("an export of a YubiHSM", Tmkms, "is the export of a YubiHSM").key(base64(&[9; 96])),
        Row::new("a shard of horcrux", Horcrux, "is a key shard of horcrux")
            .key("{\"pubKey\": \"x\", \"privateShard\": \"y\", \"id\": 1}"),
        Row::new("a key of another type", CometBft, "holds a key of another type (secp256k1)")
            .key(key_file().replace("PrivKeyEd25519", "PrivKeySecp256k1")),
        Row::new("a key file that disagrees", CometBft, "its address is not of its private key")
            .key(key_file().replace("FE812C", "FE812D")),
        Row::new(
            "a state as the key",
            CometBft,
            "is not a key file of cometbft (a state of CometBFT or kms)",
        )
        .key(by(CometBft, written())),
        Row::new("an empty key file", CometBft, "it is empty").key(""),
        Row::new("the key of no validator", CometBft, "holds a key of no validator").key(decoy()),
    ]
}

fn decoy() -> String {
    String::from_utf8(Decoy::new(&[3; 32]).as_bytes().to_vec()).unwrap()
}

/// A key file that agrees with itself, of another key.
pub(crate) fn other_key() -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let public = key.verifying_key().to_bytes();
    let address = highwater_moving::PublicKey::new(public).address();
    format!(
        "{{\"address\": \"{}\", \"pub_key\": {{\"type\": \"tendermint/PubKeyEd25519\", \"value\": \"{}\"}}, \"priv_key\": {{\"type\": \
         \"tendermint/PrivKeyEd25519\", \"value\": \"{}\"}}}}",
        hex::encode_upper(address),
        base64(&public),
        base64(&[&[8; 32][..], &public].concat())
    )
}

/// Nobody was asked, and nothing is pinned.
pub(super) fn nothing_changed(desk: &Desk, said: &str) {
    assert!(!said.contains("Look at the device"), "{said}");
    assert!(Pins::load(&desk.path("state")).unwrap().get(CHAIN).is_none());
    assert!(!desk.path("key.backup").exists());
    no_secret_in(said);
}

#[test]
fn every_refusal_of_the_old_signers_files_names_its_cause_and_changes_nothing() {
    let desk = Desk::new("moving");
    for row in rows() {
        let Row { name, source, state, state_name: named, key, more, says } = row;
        let _ = fs::remove_dir_all(desk.path("old"));
        let named = named.map_or_else(|| state_name(source), str::to_owned);
        let state = put(&desk, &named, &state.unwrap_or_else(|| written().by(source)));
        let key = put(&desk, "config/key", &key.unwrap_or_else(|| key_text(source)));
        let args = ["--state".to_owned(), state, "--key".to_owned(), key];
        let more: Vec<&str> = ["--to", "key.backup"].into_iter().chain(more.iter().copied()).collect();
        let source = source.to_string();
        let said = desk.says(&migrate(&source, &args, &more));
        assert!(said.contains(says) && said.ends_with("exit 64\n"), "{name}: {said}");
        nothing_changed(&desk, &said);
    }
}

#[test]
fn an_old_signer_that_may_run_is_refused_at_each_look() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let state = desk.path("old").join(state_name(Source::CometBft));
    let command = migrate("cometbft", &args, &["--to", "key.backup"]);
    age(&state, Duration::from_secs(20));
    let said = desk.says(&command);
    assert!(said.contains("the old signer may still run") && said.ends_with("exit 64\n"), "{said}");
    nothing_changed(&desk, &said);
    // A slow chain's signer is quiet for longer.
    age(&state, Duration::from_secs(40));
    let slow: Vec<&str> = command.iter().map(|word| if *word == "1" { "60" } else { word }).collect();
    let said = desk.says(&slow);
    assert!(said.contains("run the command 300 s later"), "{said}");
    // It signs between two looks, and its file keeps an old time of change.
    let mut running = desk.command(&command);
    let running =
        running.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(900));
    let next = Written { place: at(361_403, 0, Step::Precommit), ..written() };
    fs::write(&state, next.by(Source::CometBft)).unwrap();
    age(&state, Duration::from_secs(3_600));
    let done = running.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("changed while this command ran"), "{said}");
    nothing_changed(&desk, &said);
}

#[test]
fn what_is_missing_from_the_command_line_is_named() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    let (state, key) = (args[1].as_str(), args[3].as_str());
    fs::write(desk.path("there"), "x").unwrap();
    let gone = desk.path("gone");
    let gone = gone.to_str().unwrap();
    for (words, says) in [
        (&["--state", state, "--key", key][..], "--to <FILE>|--no-backup"),
        (&["--state", state, "--to", "x"], "--key <FILE>|--imported <N>"),
        (&["--state", state, "--key", key, "--imported", "1", "--no-backup"], "cannot be used with"),
        (&["--key", key, "--no-backup"], "Name it with --state"),
        (
            &["--state", gone, "--key", key, "--no-backup"],
            "does not exist. Name the file that the old signer writes",
        ),
        (&["--state", state, "--key", gone, "--no-backup"], "does not exist. Name the key file"),
        (&["--state", state, "--key", key, "--to", "there"], "a backup is never written over"),
        (&["--state", state, "--imported", "4"], "as on the device's screen"),
    ] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let said = desk.says(&migrate("cometbft", &words, &[]));
        assert!(said.contains(says) && said.ends_with("exit 64\n"), "{says}: {said}");
        nothing_changed(&desk, &said);
    }
    for (source, more, says) in [
        ("aiakos", &[][..], "Name cometbft, tendermint-0.27, tmkms"),
        ("nothing", &[], "Name the RPC of a node"),
        ("nothing", &["--rpc", "127.0.0.1:26657"], "name it as http://HOST:PORT"),
        ("nothing", &["--rpc", "http://127.0.0.1:1"], "--from nothing says that there is none"),
    ] {
        let more: Vec<&str> = ["--no-backup"].into_iter().chain(more.iter().copied()).collect();
        let said = desk.says(&migrate(source, &args, &more));
        assert!(said.contains(says) && said.ends_with("exit 64\n"), "{says}: {said}");
        nothing_changed(&desk, &said);
    }
}

/// A device whose app is older than the import of keys.
#[test]
fn a_key_is_neither_read_by_others_in_silence_nor_sent_to_an_app_that_imports_none() {
    let desk = Desk::new("moving");
    let args = leave(&desk, Source::CometBft);
    fs::set_permissions(&args[3], std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    desk.emulator.bench().imports = false;
    let said = desk.says(&migrate("cometbft", &args, &["--to", "key.backup"]));
    assert!(said.contains("has mode 644: others than its owner may have read the key"), "{said}");
    assert!(
        said.contains("imports no keys. Install the newest app") && said.ends_with("exit 69\n"),
        "{said}"
    );
    nothing_changed(&desk, &said);
}
