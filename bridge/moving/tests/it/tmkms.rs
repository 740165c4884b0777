//! The configuration of tmkms, as far as a key in a YubiHSM is in it.

use highwater_core::canonical::ChainId;
use highwater_moving::{Refusal, TmkmsHsm};

const CONFIG: &str = r#"
[[chain]]
id = "hub-1"
key_format = { type = "bech32", account_key_prefix = "cosmospub", consensus_key_prefix = "cosmosvalconspub" }
state_file = "/var/lib/tmkms/hub-1.json"

[[chain]]
id = "other-1"
key_format = { type = "hex" }

[[validator]]
chain_id = "hub-1"
addr = "tcp://127.0.0.1:26659"
secret_key = "/etc/tmkms/identity.key"
protocol_version = "v0.34"

[[providers.yubihsm]]
adapter = { type = "http", addr = "tcp://127.0.0.1:12345" }
auth = { key = 4, password = "very secret" }
keys = [{ chain_ids = ["hub-1"], key = 7 }, { chain_ids = ["other-1"], key = 8, type = "consensus" }, { chain_ids = ["hub-1"], key = 9, type = "account" }]
serial_number = "0123456789"
"#;

fn read(text: &str, chain: &str) -> Result<TmkmsHsm, Refusal> {
    TmkmsHsm::read("tmkms.toml", text.as_bytes(), ChainId::new(chain.as_bytes()).unwrap())
}

#[test]
fn object_authentication_key_and_state_of_a_chain_are_found() {
    let state = Some("/var/lib/tmkms/hub-1.json".to_owned());
    assert_eq!(read(CONFIG, "hub-1").unwrap(), TmkmsHsm { object: 7, auth_key: 4, state });
    assert_eq!(read(CONFIG, "other-1").unwrap(), TmkmsHsm { object: 8, auth_key: 4, state: None });
}

#[test]
fn what_does_not_tell_one_key_is_refused_and_no_password_is_told() {
    let twice = CONFIG.replace("\"other-1\"], key = 8", "\"other-1\", \"hub-1\"], key = 8");
    let softsign = "[[providers.softsign]]\nchain_ids = [\"hub-1\"]\npath = \"/k\"\n";
    let two_states = format!("{CONFIG}\n[[chain]]\nid = \"hub-1\"\nstate_file = \"/var/lib/other.json\"\n");
    let broken = CONFIG.replace("key = 4", "key = \"four\"");
    for (text, chain, why) in [
        (CONFIG, "third-1", "no key of a YubiHSM"),
        (softsign, "hub-1", "no key of a YubiHSM"),
        ("", "hub-1", "no key of a YubiHSM"),
        (&twice, "hub-1", "several keys"),
        (&two_states, "hub-1", "stands twice"),
        (&broken, "hub-1", "not as tmkms has it"),
        ("auth = {", "hub-1", "not as tmkms has it"),
    ] {
        let refusal = read(text, chain).unwrap_err().to_string();
        assert!(refusal.contains(why) && refusal.contains(chain), "{refusal}");
        assert!(!refusal.contains("very secret"), "{refusal}");
    }
    let chain = ChainId::new(b"hub-1").unwrap();
    assert!(TmkmsHsm::read("tmkms.toml", &[0xff, 0xfe], chain).is_err());
}
