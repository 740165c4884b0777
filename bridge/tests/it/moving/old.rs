//! The old signer's files, in a folder of the desk.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use highwater_moving::Source;

use super::files::{self, Written, base64, seed_and_public};
use crate::desk::{CHAIN, Desk};

/// A file that was written an hour ago, and that nobody else may read.
pub(super) fn put(desk: &Desk, name: &str, text: &str) -> String {
    let path = desk.path("old").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    age(&path, Duration::from_secs(3600));
    path.to_str().unwrap().to_owned()
}

/// The file was changed so long ago.
pub(super) fn age(path: &PathBuf, age: Duration) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

/// What the old signer has signed last.
pub(super) fn place() -> highwater_core::hrs::Hrs {
    files::somewhere()
}

pub(super) fn written() -> Written<'static> {
    Written { place: place(), chain: Some(CHAIN), ..Written::default() }
}

/// Where `source` has its state, below its folder.
pub(super) fn state_name(source: Source) -> String {
    match source {
        Source::CometBft => "data/priv_validator_state.json".to_owned(),
        Source::Tendermint027 => "config/priv_validator.json".to_owned(),
        Source::Tmkms => format!("state/{CHAIN}_priv_validator_state.json"),
        Source::Kms => format!("state/{CHAIN}.json"),
        Source::Horcrux => format!("a/{CHAIN}_share_sign_state.json"),
    }
}

/// The key file of `source`.
pub(super) fn key_text(source: Source) -> String {
    match source {
        Source::CometBft | Source::Horcrux => files::key_file(),
        Source::Tendermint027 => written().by(source),
        Source::Tmkms => base64(&[7; 32]),
        Source::Kms => base64(&seed_and_public()) + "\n",
    }
}

/// State and key of `source`, as it leaves them; the options that name them.
pub(super) fn leave(desk: &Desk, source: Source) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut state = |name: &str, text: &str| {
        let path = put(desk, name, text);
        args.extend(["--state".to_owned(), path.clone()]);
        path
    };
    let key = match source {
        Source::Horcrux => {
            for (folder, cosigner) in [("a", 8), ("b", 9)] {
                state(&format!("{folder}/{CHAIN}_share_sign_state.json"), &share(cosigner));
                state(&format!("{folder}/{CHAIN}_priv_validator_state.json"), &written().by(source));
            }
            args.extend(["--threshold".to_owned(), "2".to_owned()]);
            put(desk, "config/priv_validator_key.json", &key_text(source))
        }
        Source::Tendermint027 => state(&state_name(source), &written().by(source)),
        _ => {
            state(&state_name(source), &written().by(source));
            put(desk, "config/priv_validator_key.json", &key_text(source))
        }
    };
    args.extend(["--key".to_owned(), key]);
    args
}

/// The state of a cosigner, for the chain of the desk.
fn share(cosigner: u8) -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[cosigner; 32]);
    let (bytes, signature) = files::signed(&key, CHAIN, place());
    files::share_holding(place(), &base64(&signature), &hex::encode_upper(bytes))
}

/// The command that moves a validator from `source`, with what names its files.
pub(super) fn migrate<'a>(source: &'a str, args: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["migrate", "--from", source, "--chain", CHAIN, "--block-time", "1"];
    fixed.into_iter().chain(args.iter().map(String::as_str)).chain(more.iter().copied()).collect()
}

/// The key of these files, nowhere in what was said.
pub(super) fn no_secret_in(said: &str) {
    let secrets =
        [hex::encode([7; 16]), hex::encode_upper([7; 16]), base64(&[7; 30]), base64(&seed_and_public())];
    for secret in secrets {
        assert!(!said.to_lowercase().contains(&secret.to_lowercase()), "a secret was said");
    }
}
