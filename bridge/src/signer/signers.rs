//! The signers of all devices. Each device has a task of its own, and so has what signs with it: one that is slow, or that
//! hangs, is waited for by nobody but its own chains.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;

use super::{NodeSigner, NotSaid, Said, Signer, Word};

/// One for each device; clones share them.
#[derive(Debug, Clone)]
pub struct Signers(Arc<[Signer]>);

/// Two of them would sign for one chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has two devices")]
pub struct TwoDevices(pub String);

impl Signers {
    /// The only place where they come together, so none of them has a chain of another one.
    ///
    /// # Errors
    /// A chain has two devices.
    pub fn new(each: Vec<Signer>) -> Result<Self, TwoDevices> {
        let mut known = BTreeSet::new();
        for (chain, _) in each.iter().flat_map(|signer| signer.chains.iter()) {
            if !known.insert(chain) {
                return Err(TwoDevices(chain.clone()));
            }
        }
        Ok(Self(each.into()))
    }

    /// In the order of the config.
    pub fn each(&self) -> &[Signer] {
        &self.0
    }

    /// The signer of the device with this name; without one, of the device that is alone.
    pub fn on(&self, device: Option<&str>) -> Option<&Signer> {
        match (device, &self.0[..]) {
            (Some(_), _) => self.0.iter().find(|signer| signer.name() == device),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// The signer of a chain.
    pub fn of(&self, chain: &str) -> Option<&Signer> {
        self.0.iter().find(|signer| signer.number(chain).is_some())
    }

    /// A chain as one of its nodes sees it.
    pub fn for_node(&self, chain: &str, node: &str) -> Option<NodeSigner> {
        self.of(chain)?.for_node(chain, node)
    }

    /// As [`Signer::say`], to the one that has the chain.
    ///
    /// # Errors
    /// Why it took no effect, or is not on the disk.
    pub async fn say(&self, chain: &str, word: Word) -> Result<Said, NotSaid> {
        self.of(chain).ok_or(NotSaid::NotServed)?.say(chain, word).await
    }

    /// Asks each device for its state now. Together they take no longer than the slowest may.
    pub async fn look(&self) {
        join_all(self.each().iter().map(|signer| signer.device().look())).await;
    }

    /// As [`Signer::finish`], of all.
    pub async fn finish(&self) {
        join_all(self.each().iter().map(Signer::finish)).await;
    }

    /// The names of the devices, for a person.
    pub fn names(&self) -> String {
        self.0.iter().filter_map(Signer::name).collect::<Vec<_>>().join(", ")
    }
}

impl From<Signer> for Signers {
    fn from(only: Signer) -> Self {
        Self([only].into())
    }
}
