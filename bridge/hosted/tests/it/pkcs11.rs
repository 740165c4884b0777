//! A device whose keys are in SoftHSM, by way of a real PKCS#11 module.
//!
//! A module reads its configuration from the environment, once a process. So each test runs in a process of its own, which
//! is this program again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use ed25519_dalek::SigningKey;
use highwater_core::apdu::Status;
use highwater_core::hrs::Step;
use highwater_hosted::keys::{Beside, Named, Pkcs11, Token};
use highwater_hosted::{Device, Fault, KeyFault, KeyStore};
use highwater_sim::Ask;
use highwater_sim::refusals::CHAIN;
use zeroize::Zeroizing;

use crate::hand::{add, sign, slot, version};
use crate::refusals::Table;

/// Where Debian's package puts it.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Says that the module must be there: set by `cargo xtask test`, which installs it.
const WANTED: &str = "HIGHWATER_SOFTHSM";
const CONFIG: &str = "SOFTHSM2_CONF";
const TOKEN: &str = "validator-token";
const PIN: &str = "1234";
/// Of Ed25519, as CKA_EC_PARAMS: the object identifier 1.3.101.112.
const ED25519: [u8; 5] = [6, 3, 0x2b, 0x65, 0x70];

/// Runs `body` in a process of its own that has a token; `name` is the calling test.
fn with_token(name: &str, body: impl FnOnce(&Path)) {
    if let Some(config) = std::env::var_os(CONFIG) {
        return body(Path::new(&config).parent().unwrap());
    }
    if !Path::new(MODULE).exists() {
        assert!(std::env::var_os(WANTED).is_none(), "{MODULE} is not there: apt-get install softhsm2");
        eprintln!("{MODULE} is not here: not tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let config = folder.path().join("softhsm2.conf");
    std::fs::write(&config, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))
        .unwrap();
    let mut init = Command::new("softhsm2-util");
    init.args(["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN]);
    assert!(init.env(CONFIG, &config).output().unwrap().status.success());
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", &format!("pkcs11::{name}"), "--nocapture"]).env(CONFIG, &config);
    let output = again.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A session of whoever puts keys into the token.
fn admin() -> Session {
    let module = Module::new(MODULE).unwrap();
    let _ = module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = module.get_slots_with_token().unwrap();
    let ours = slots.into_iter().find(|slot| module.get_token_info(*slot).unwrap().label() == TOKEN);
    let session = module.open_rw_session(ours.unwrap()).unwrap();
    // The login is of the process.
    let _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

/// Puts the key of this seed into the token.
fn put(label: &str, seed: u8) {
    let seed = [seed; 32];
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let shared = |class| {
        vec![
            Attribute::Class(class),
            Attribute::KeyType(KeyType::EC_EDWARDS),
            Attribute::Token(true),
            Attribute::Label(label.into()),
            Attribute::Id(label.into()),
            Attribute::EcParams(ED25519.to_vec()),
        ]
    };
    let session = admin();
    let mut private = shared(ObjectClass::PRIVATE_KEY);
    private.extend([
        Attribute::Sign(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Value(seed.to_vec()),
    ]);
    session.create_object(&private).unwrap();
    let mut known = shared(ObjectClass::PUBLIC_KEY);
    known.extend([Attribute::Verify(true), Attribute::EcPoint([&[4, 32], &public[..]].concat())]);
    session.create_object(&known).unwrap();
}

fn take(label: &str) {
    let session = admin();
    for object in session.find_objects(&[Attribute::Label(label.into())]).unwrap() {
        session.destroy_object(object).unwrap();
    }
}

fn store(folder: &Path, name: Named, token: &str, pin: &str) -> Result<Pkcs11, KeyFault> {
    let (token, pin) = (Token::Label(token.to_owned()), Zeroizing::new(pin.as_bytes().to_vec()));
    let beside = Beside::open_or_make(&folder.join("secret")).unwrap();
    Pkcs11::open(Path::new(MODULE), &token, &pin, BTreeMap::from([(0, name)]), beside)
}

fn label(label: &str) -> Named {
    Named::Label(label.to_owned())
}

fn device(folder: &Path) -> Result<Device, Fault> {
    let marks: PathBuf = folder.join("marks");
    Device::open(&marks, store(folder, label("validator"), TOKEN, PIN)?)
}

fn approved(folder: &Path) -> Device {
    put("validator", 1);
    let mut device = device(folder).unwrap();
    add(&mut device, CHAIN, 0);
    device
}

#[test]
fn every_row_of_the_table_of_refusals() {
    with_token("every_row_of_the_table_of_refusals", |folder| {
        drop(approved(folder));
        let folder = folder.to_owned();
        Table::of(move || device(&folder).unwrap()).play_all();
    });
}

#[test]
fn a_signature_is_that_of_rfc_8032_and_the_same_after_a_restart() {
    with_token("a_signature_is_that_of_rfc_8032_and_the_same_after_a_restart", |folder| {
        use ed25519_dalek::Signer as _;
        let mut first = approved(folder);
        let ask = Ask::prevote(CHAIN);
        let signed = sign(&mut first, &ask).unwrap().unwrap();
        drop(first);
        let mut again = device(folder).unwrap();
        assert_eq!(sign(&mut again, &ask).unwrap().unwrap().signature, signed.signature);
        assert_eq!(sign(&mut again, &Ask { block: 2, ..ask }), Ok(Err(Status::Conflict)));
        let mut store = store(folder, Named::Id(b"validator".to_vec()), TOKEN, PIN).unwrap();
        let key = SigningKey::from_bytes(&[1; 32]);
        assert_eq!(store.public_key(0).unwrap(), key.verifying_key().to_bytes());
        for length in [0, 1, 200, 100_000] {
            let message = vec![3; length];
            assert_eq!(store.sign(0, &message).unwrap(), key.sign(&message).to_bytes(), "{length}");
        }
    });
}

#[test]
fn a_key_that_is_gone_or_stands_twice_signs_nothing() {
    with_token("a_key_that_is_gone_or_stands_twice_signs_nothing", |folder| {
        let mut first = approved(folder);
        let ask = Ask::prevote(CHAIN);
        sign(&mut first, &ask).unwrap().unwrap();
        drop(first);
        put("validator", 2);
        let twice = device(folder).err();
        assert!(
            matches!(&twice, Some(Fault::Keys(KeyFault::Broken(why))) if why.contains("several")),
            "{twice:?}"
        );
        take("validator");
        let mut store = store(folder, label("validator"), TOKEN, PIN).unwrap();
        assert_eq!(store.public_key(0), Err(KeyFault::NoKey(0)));
        assert_eq!(store.sign(0, b"x"), Err(KeyFault::NoKey(0)));
        // Another key under the name: another seed.
        put("validator", 2);
        let mut other = device(folder).unwrap();
        assert_eq!(version(&mut other).standing, 1);
        assert_eq!(sign(&mut other, &ask), Ok(Err(Status::OtherSeed)));
        drop(other);
        take("validator");
        put("validator", 1);
        let mut right = device(folder).unwrap();
        assert_eq!(slot(&mut right, 0).mark, ask.hrs());
        sign(&mut right, &Ask { step: Step::Precommit, ..ask }).unwrap().unwrap();
    });
}

#[test]
fn a_wrong_pin_is_denied_and_another_token_or_module_is_absent() {
    with_token("a_wrong_pin_is_denied_and_another_token_or_module_is_absent", |folder| {
        put("validator", 1);
        let denied = store(folder, label("validator"), TOKEN, "4321").err();
        assert!(matches!(denied, Some(KeyFault::Denied(_))), "{denied:?}");
        let absent = store(folder, label("validator"), "another", PIN).err();
        assert!(matches!(absent, Some(KeyFault::Absent(_))), "{absent:?}");
        let beside = || Beside::open_or_make(&folder.join("secret")).unwrap();
        let (token, pin) = (Token::Label(TOKEN.to_owned()), Zeroizing::new(PIN.as_bytes().to_vec()));
        for module in ["/nonexistent.so", "/etc/passwd"] {
            let absent = Pkcs11::open(Path::new(module), &token, &pin, BTreeMap::new(), beside()).err();
            assert!(matches!(absent, Some(KeyFault::Absent(_))), "{absent:?}");
        }
        store(folder, label("validator"), TOKEN, PIN).unwrap();
    });
}

/// SoftHSM looks for its tokens when it is initialized, and not again. Keys are put in by another process: sessions of ours alone.
#[test]
fn a_token_that_was_away_is_found_again_unless_another_session_of_this_process_uses_the_module() {
    const NAME: &str =
        "a_token_that_was_away_is_found_again_unless_another_session_of_this_process_uses_the_module";
    with_token(NAME, |folder| {
        // Beside it, since sessions of the test's own would keep the module.
        let (tokens, away) = (folder.join("tokens"), folder.join("tokens.away"));
        let open = || store(folder, label("validator"), TOKEN, PIN);
        let mut first = open().unwrap();
        std::fs::rename(&tokens, &away).unwrap();
        // The session that there was is of no use, and is dropped as the daemon drops it.
        let _ = first.public_key(0);
        drop(first);
        for _ in 0..3 {
            let absent = open().err();
            assert!(matches!(absent, Some(KeyFault::Absent(_))), "{absent:?}");
        }
        std::fs::rename(&away, &tokens).unwrap();
        let held = open().expect("it is there again");
        // Somebody has a session: it is not ended under it.
        let other = store(folder, label("validator"), "another", PIN).err();
        assert!(
            matches!(&other, Some(KeyFault::Absent(why)) if why.contains("restart the daemon")),
            "{other:?}"
        );
        let mut held = held;
        held.ping().unwrap();
        assert_eq!(held.public_key(0), Err(KeyFault::NoKey(0)));
    });
}
