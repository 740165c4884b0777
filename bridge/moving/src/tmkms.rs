//! What tmkms's own configuration says of a chain whose key is in a YubiHSM: which object, by which authentication key, and
//! where the state is. Nothing else of it is read, and no password.

use highwater_core::canonical::ChainId;
use serde::Deserialize;

use crate::refusal::Refusal;

/// A key of a YubiHSM that tmkms signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TmkmsHsm {
    /// The object id of the key.
    pub object: u16,
    /// The object id of the authentication key that tmkms logs in with.
    pub auth_key: u16,
    /// Where the state is, if the file says; else it is in the folder that tmkms was started in.
    pub state: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    chain: Vec<Chain>,
    #[serde(default)]
    providers: Providers,
}

#[derive(Deserialize)]
struct Chain {
    id: String,
    state_file: Option<String>,
}

#[derive(Deserialize, Default)]
struct Providers {
    #[serde(default)]
    yubihsm: Vec<Hsm>,
}

#[derive(Deserialize)]
struct Hsm {
    auth: Auth,
    #[serde(default)]
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Auth {
    key: u16,
}

#[derive(Deserialize)]
struct Key {
    chain_ids: Vec<String>,
    key: u16,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl TmkmsHsm {
    /// Reads `tmkms.toml`. One key signs for the chain, or nobody here can tell which.
    ///
    /// # Errors
    /// It is not such a file, or names no key of a YubiHSM for the chain, or several.
    pub fn read(file: &str, bytes: &[u8], chain: ChainId<'_>) -> Result<Self, Refusal> {
        let refuse = |why: &str| {
            let (file, chain, why) = (file.to_owned(), chain.as_str().to_owned(), why.to_owned());
            Err(Refusal::TmkmsConfig { file, chain, why })
        };
        let Ok(text) = std::str::from_utf8(bytes) else { return refuse("it is not text") };
        // What stands in a line of it may be a password: its words are not told.
        let Ok(Config { chain: chains, providers }) = toml::from_str::<Config>(text) else {
            return refuse("it is not as tmkms has it");
        };
        let is_ours = |key: &&Key| {
            let consensus = key.kind.as_deref().is_none_or(|kind| kind == "consensus");
            consensus && key.chain_ids.iter().any(|id| id == chain.as_str())
        };
        let of_hsm = |hsm: &Hsm| {
            let auth_key = hsm.auth.key;
            hsm.keys.iter().filter(is_ours).map(move |key| (key.key, auth_key)).collect::<Vec<_>>()
        };
        let mut of_chain = chains.into_iter().filter(|known| known.id == chain.as_str());
        let state = of_chain.next().and_then(|known| known.state_file);
        if of_chain.next().is_some() {
            return refuse("the chain stands twice, so nobody here can tell which state is its own");
        }
        match providers.yubihsm.iter().flat_map(of_hsm).collect::<Vec<_>>()[..] {
            [(object, auth_key)] => Ok(Self { object, auth_key, state }),
            [] => refuse("no key of a YubiHSM is there for the chain"),
            [..] => refuse("several keys are there for the chain"),
        }
    }
}
