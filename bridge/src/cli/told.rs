//! What commands tell, as values: a line for people, and JSON for programs. These structs and those of `admin::status` and
//! `device::session` are the shape of the JSON; docs/json.md is made from them.

use std::fmt;

use serde::Serialize;

use super::args::Form;
use super::say;
use crate::device::{Session, Slot, SlotState};
use crate::failure::Failure;
use crate::hrs_text::HrsText;
use crate::node::Identity;
use crate::store::{Pin, Pins};

/// A result.
pub(super) trait Told: Serialize + fmt::Display {
    /// Prints it.
    fn tell(&self, form: Form) -> Result<(), Failure> {
        match form.json {
            true => say::json(self),
            false => {
                say::print(format_args!("{self}"));
                Ok(())
            }
        }
    }
}

impl<T: Serialize + fmt::Display> Told for T {}

/// The mark of a chain on the device.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Mark {
    /// Chain id.
    chain: String,
    /// What the slot is.
    state: SlotState,
    /// The mark, as height/round/step; of an unclear chain a floor.
    mark: HrsText,
    /// The highest place signed, as height/round/step.
    highest_signed: HrsText,
}

impl Mark {
    pub(super) fn of(slot: &Slot) -> Self {
        let Slot { chain, state, mark, highest_signed, .. } = slot;
        Self { chain: chain.clone(), state: *state, mark: *mark, highest_signed: *highest_signed }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, state, mark, highest_signed } = self;
        writeln!(f, "{chain}: mark {mark}, highest signed {highest_signed}, {state}")
    }
}

/// The chains of the device, or of all, and those that are pinned and not on it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Chains {
    /// Those of a device first, in the order of its slots.
    chains: Vec<Chain>,
}

/// A chain.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Chain {
    /// Chain id; empty for a damaged slot.
    chain: String,
    /// The name of the device that it is on; null: the one that is alone has no name, or it is on none.
    device: Option<String>,
    /// What its slot is; null: it is on none of the devices that were asked.
    state: Option<SlotState>,
    /// Its mark on this device, as height/round/step; of an unclear chain a floor.
    mark: Option<HrsText>,
    /// Which installation it is pinned to.
    pinned: Pinned,
    /// The pinned public key in hex.
    key: Option<String>,
}

/// Which installation a chain is pinned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Pinned {
    /// This one.
    Here,
    /// Another one: a spare, or one that was reinstalled.
    Elsewhere,
    /// None.
    Nowhere,
}

impl Chains {
    /// Of each device that was asked, with its name.
    pub(super) fn of(each: &[(Option<String>, Session)], pins: &Pins) -> Self {
        let slots = each
            .iter()
            .flat_map(|(device, session)| session.slots.iter().map(move |slot| (device, session, slot)));
        let here = slots.map(|(device, session, slot)| {
            let pin = pins.get(&slot.chain);
            let pinned = match pin {
                Some(pin) if pin.installation == session.installation => Pinned::Here,
                Some(_) => Pinned::Elsewhere,
                None => Pinned::Nowhere,
            };
            Chain {
                chain: slot.chain.clone(),
                device: device.clone(),
                state: Some(slot.state),
                mark: Some(slot.mark),
                pinned,
                key: pin.map(|pin| hex::encode(pin.key)),
            }
        });
        let on_device = |chain: &str| {
            each.iter().any(|(_, session)| session.slots.iter().any(|slot| slot.chain == chain))
        };
        let is_here = |pin: &Pin| each.iter().any(|(_, session)| session.installation == pin.installation);
        let gone = pins.iter().filter(|(chain, _)| !on_device(chain)).map(|(chain, pin)| Chain {
            chain: chain.to_owned(),
            device: None,
            state: None,
            mark: None,
            pinned: if is_here(&pin) { Pinned::Here } else { Pinned::Elsewhere },
            key: Some(hex::encode(pin.key)),
        });
        Self { chains: here.chain(gone).collect() }
    }
}

impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = self.chains.iter().any(|chain| chain.device.is_some());
        for Chain { chain, device, state, mark, pinned, key } in &self.chains {
            let (Some(state), Some(mark)) = (state, mark) else {
                let nowhere = if several { "not on these devices" } else { "not on this device" };
                writeln!(f, "{chain}\t{nowhere}\tpinned")?;
                continue;
            };
            let pin = match (pinned, key) {
                (Pinned::Here, Some(key)) => key,
                (Pinned::Elsewhere, _) => "pinned on another installation",
                (Pinned::Nowhere, _) | (Pinned::Here, None) => "not pinned",
            };
            let device = device.as_ref().map_or_else(String::new, |device| format!("\t{device}"));
            writeln!(f, "{chain}{device}\t{state}\tmark {mark}\t{pin}")?;
        }
        Ok(())
    }
}

/// Who the bridge is to nodes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NodeId {
    /// The peer id that nodes on noise:// pin.
    noise: String,
    /// The public key in hex that nodes on tcp:// allow.
    tcp: String,
}

impl NodeId {
    pub(super) fn of(identity: &Identity) -> Self {
        Self { noise: identity.peer_id().to_string(), tcp: hex::encode(identity.public_key()) }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "noise  {}\ntcp    {}", self.noise, self.tcp)
    }
}

/// A validator of a genesis file, which says what these fields are called.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GenesisValidator {
    /// The first 20 bytes of the key's SHA-256, in upper case hex.
    pub(super) address: String,
    /// The key.
    pub(super) pub_key: GenesisKey,
    /// Its voting power, a number in text: a placeholder.
    pub(super) power: String,
    /// Its name: empty.
    pub(super) name: String,
}

/// A key of a genesis file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GenesisKey {
    /// tendermint/PubKeyEd25519
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The key in base64.
    pub(super) value: String,
}
