//! The files of each signer, written here: one key, and any place.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use highwater_core::canonical::{BlockId, ChainId, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Round, Step};
use highwater_moving::{Found, MarkRule, PublicKey, Question, Source};

pub(crate) const CHAIN: &str = "demo-1";

/// The address of the key, as another program computed it.
pub(crate) const ADDRESS: &str = "FE812C12F3AB4CE6AC5DB69AC352F906CB1B11EF";

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn public() -> PublicKey {
    PublicKey::new(key().verifying_key().to_bytes())
}

pub(crate) fn seed_and_public() -> Vec<u8> {
    [&key().to_bytes()[..], public().as_bytes()].concat()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The members of a key file, without the braces.
fn key_members() -> [String; 3] {
    [
        format!("\"address\": \"{ADDRESS}\""),
        format!(
            "\"pub_key\": {{\n    \"type\": \"tendermint/PubKeyEd25519\",\n    \"value\": \"{}\"\n  }}",
            base64(public().as_bytes())
        ),
        format!(
            "\"priv_key\": {{\n    \"type\": \"tendermint/PrivKeyEd25519\",\n    \"value\": \"{}\"\n  }}",
            base64(&seed_and_public())
        ),
    ]
}

pub(crate) fn key_file() -> String {
    format!("{{\n  {}\n}}", key_members().join(",\n  "))
}

pub(crate) fn at(height: u64, round: u32, step: Step) -> Hrs {
    Hrs::new(height, round, step).unwrap()
}

/// A precommit somewhere.
pub(crate) fn somewhere() -> Hrs {
    at(361_402, 1, Step::Precommit)
}

/// Signed bytes of a block at this place, and the signature over them.
pub(crate) fn signed(key: &SigningKey, chain: &str, place: Hrs) -> (Vec<u8>, [u8; 64]) {
    let message = Message {
        hrs: place,
        pol_round: None::<Round>,
        block: Some(BlockId { hash: &[0xaa; 32], total: 1, parts_hash: &[0xbb; 32] }),
        timestamp: Timestamp::new(1_700_000_000, 0).unwrap(),
        chain: ChainId::new(chain.as_bytes()).unwrap(),
    };
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    (bytes[..len].to_vec(), key.sign(&bytes[..len]).to_bytes())
}

/// A state, in whichever form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) place: Hrs,
    pub(crate) round_as_text: bool,
    /// Signed for this chain.
    pub(crate) chain: Option<&'a str>,
    /// tmkms and horcrux: names that their older versions have.
    pub(crate) old_names: bool,
    /// tmkms: a vote for nil.
    pub(crate) nil: bool,
}

impl Default for Written<'_> {
    fn default() -> Self {
        Self { place: somewhere(), round_as_text: false, chain: Some(CHAIN), old_names: false, nil: false }
    }
}

impl Written<'_> {
    /// As `source` writes it.
    pub(crate) fn by(&self, source: Source) -> String {
        let (height, round) = (self.place.height.value(), self.place.round.value());
        let round = if self.round_as_text { format!("\"{round}\"") } else { round.to_string() };
        let step = self.place.step as u8;
        let signed = self.chain.map(|chain| {
            let (bytes, signature) = signed(&key(), chain, self.place);
            [base64(&signature), hex::encode_upper(bytes)]
        });
        let pair = |before: &str| match &signed {
            Some([signature, bytes]) => {
                format!(",\n  \"{before}signature\": \"{signature}\",\n  \"{before}signbytes\": \"{bytes}\"")
            }
            None => String::new(),
        };
        match source {
            Source::CometBft | Source::Kms => format!(
                "{{\n  \"height\": \"{height}\",\n  \"round\": {round},\n  \"step\": {step}{}\n}}",
                pair("")
            ),
            Source::Tendermint027 => {
                let [address, public, private] = key_members();
                format!(
                    "{{\n  {address},\n  {public},\n  \"last_height\": \"{height}\",\n  \"last_round\": {round},\n  \
                     \"last_step\": {step}{},\n  {private}\n}}",
                    pair("last_")
                )
            }
            Source::Horcrux => {
                let nonce = if self.old_names { "ephemeral_public" } else { "nonce_public" };
                format!(
                    "{{\n  \"height\": \"{height}\",\n  \"round\": {round},\n  \"step\": {step},\n  \"{nonce}\": null{}\n}}",
                    pair("")
                )
            }
            Source::Tmkms => self.by_tmkms(&round),
        }
    }

    fn by_tmkms(&self, round: &str) -> String {
        let parts = if self.old_names { "part_set_header" } else { "parts" };
        let block = match (self.nil, self.old_names) {
            (true, true) => "null".to_owned(),
            (true, false) => "{\"hash\":\"\",\"parts\":{\"total\":0,\"hash\":\"\"}}".to_owned(),
            (false, _) => {
                let [hash, other] = ["AA", "BB"].map(|byte| byte.repeat(32));
                format!("{{\"hash\":\"{hash}\",\"{parts}\":{{\"total\":1,\"hash\":\"{other}\"}}}}")
            }
        };
        let step = (self.place.step as u8).checked_sub(1).expect("tmkms has no step before the proposal");
        let height = self.place.height.value();
        format!("{{\"height\":\"{height}\",\"round\":{round},\"step\":{step},\"block_id\":{block}}}")
    }
}

/// Where two cosigners have their states.
pub(crate) const SHARES: [&str; 2] = ["a/demo-1_share_sign_state.json", "b/demo-1_share_sign_state.json"];

/// The state of a cosigner. A share is signed with another scalar: here, another key.
pub(crate) fn share(cosigner: u8, place: Hrs) -> String {
    let (bytes, signature) = signed(&SigningKey::from_bytes(&[cosigner; 32]), CHAIN, place);
    share_holding(place, &base64(&signature), &hex::encode_upper(bytes))
}

/// The state of a cosigner with this signature and these signed bytes.
pub(crate) fn share_holding(place: Hrs, signature: &str, bytes: &str) -> String {
    let text = Written { place, chain: None, ..Written::default() }.by(Source::Horcrux);
    text.replace("null", &format!("null,\n  \"signature\": \"{signature}\",\n  \"signbytes\": \"{bytes}\""))
}

/// What a signer writes by itself when it has no file.
pub(crate) fn fresh(source: Source) -> String {
    match source {
        Source::Tmkms => "{\"height\":\"0\",\"round\":\"0\",\"step\":0,\"block_id\":null}".to_owned(),
        _ => Written { place: Hrs::ZERO, chain: None, ..Written::default() }.by(source),
    }
}

/// The time of the tests.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A file that nobody has changed for an hour.
pub(crate) fn found<'a>(path: &'a str, text: &'a str) -> Found<'a> {
    Found { path, bytes: Some(text.as_bytes()), changed: now() - Duration::from_secs(3600) }
}

/// Where a signer has its state.
pub(crate) fn path(source: Source) -> &'static str {
    match source {
        Source::CometBft => "data/priv_validator_state.json",
        Source::Tendermint027 => "config/priv_validator.json",
        Source::Tmkms => "state/demo-1_priv_validator_state.json",
        Source::Kms => "state/demo-1.json",
        Source::Horcrux => "state/demo-1_share_sign_state.json",
    }
}

/// What is asked unless a test asks for more; no key is named.
pub(crate) fn question(source: Source) -> Question<'static> {
    Question {
        source,
        chain: ChainId::new(CHAIN.as_bytes()).unwrap(),
        key: None,
        rule: MarkRule::RoundDone,
        threshold: None,
        now: now(),
        block_time: Duration::from_secs(6),
    }
}
