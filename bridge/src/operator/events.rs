//! What was refused of late: by the device since its app was opened, by the bridge since its daemon was started.

use highwater_core::apdu::{Command, EventList};
use highwater_core::env::Diagnostics;
use highwater_core::events::{Event, NO_SLOT};
use highwater_core::hrs::Hrs;
use serde::Serialize;

use super::Chosen;
use super::reach::Reach;
use crate::admin::{ChainReport, Client, RefusedReport};
use crate::advice;
use crate::device::{Fault, Session};
use crate::failure::Failure;
use crate::hrs_text::HrsText;

/// What was refused of late.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Events {
    /// Why the device tells nothing, and the cure; null: it told.
    pub(crate) away: Option<String>,
    /// Pages that the device has written since its app was opened; null: the device is away.
    pub(crate) page_writes: Option<u32>,
    /// Keys that the device has derived since its app was opened; null: the device is away.
    pub(crate) derivations: Option<u16>,
    /// Bytes of the deepest stack that the device has seen; 0 where none is measured; null: the device is away.
    pub(crate) stack: Option<u16>,
    /// What the device refused or failed at since its app was opened, newest first; it keeps the last eight. Null: the device is
    /// away.
    pub(crate) device: Option<Vec<Refused>>,
    /// What the daemon refused since it was started, by chain; null: none runs.
    pub(crate) bridge: Option<Vec<OfChain>>,
}

/// Something that the device refused or failed at, the same in a row counted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Refused {
    /// The status word, in hex.
    pub(crate) status: String,
    /// The chain of the slot now; null: the slot has none, or no slot was concerned.
    pub(crate) chain: Option<String>,
    /// The slot, as the device's screen counts; null: none was concerned.
    pub(crate) slot: Option<u8>,
    /// The last place that was asked for, as height/round/step; null: none was.
    pub(crate) asked: Option<HrsText>,
    /// How often in a row, at most 65,535.
    pub(crate) times: u16,
    /// What the status word means, and the cure.
    pub(crate) means: String,
}

/// What the daemon refused for a chain.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfChain {
    /// Chain id.
    pub(crate) chain: String,
    /// Requests that were refused.
    pub(crate) refusals: u64,
    /// Requests that were left without an answer.
    pub(crate) silences: u64,
    /// The last refusal, in words; null: none.
    pub(crate) last_refusal: Option<String>,
    /// What was refused, by reason, the newest first.
    pub(crate) refused: Vec<RefusedReport>,
}

/// Asks the device, and the daemon if one runs. Changes nothing.
pub(crate) async fn events(config: &Chosen<'_>) -> Result<Events, Failure> {
    let bridge = match Client::connect(&config.state_dir).await.map_err(Failure::unavailable)? {
        Some(mut client) => {
            let report = client.status().await.map_err(Failure::unavailable)?;
            Some(report.chains.into_iter().map(OfChain::of).collect())
        }
        None => None,
    };
    let (away, diagnostics, device) = match of_device(config).await {
        Ok((diagnostics, device)) => (None, Some(diagnostics), Some(device)),
        // What the daemon refused is told all the same.
        Err(away) if bridge.is_some() => (Some(away.to_string()), None, None),
        Err(away) => return Err(away),
    };
    Ok(Events {
        away,
        page_writes: diagnostics.as_ref().map(|told| told.page_writes),
        derivations: diagnostics.as_ref().map(|told| told.derivations),
        stack: diagnostics.as_ref().map(|told| told.stack),
        device,
        bridge,
    })
}

/// The device's own part.
async fn of_device(config: &Chosen<'_>) -> Result<(Diagnostics, Vec<Refused>), Failure> {
    let mut reach = Reach::open(config).await?;
    let session = reach.described().await?;
    let data = reach.ask(Command::GetEvents).await?;
    let list = EventList::parse(&data)
        .ok_or_else(|| Failure::unavailable(advice::fault(&Fault::Malformed("GET_EVENTS"))))?;
    let device = list.events.iter().flatten().map(|event| Refused::of(event, &session)).collect();
    Ok((list.diagnostics, device))
}

impl Refused {
    fn of(event: &Event, session: &Session) -> Self {
        let slot = (event.slot != NO_SLOT).then_some(event.slot);
        let chain = session.slots.iter().find(|found| Some(found.slot) == slot).map(|found| &found.chain);
        let asked = Hrs::from_bytes(&event.asked).filter(|asked| *asked != Hrs::ZERO);
        Self {
            status: format!("{:04x}", event.status.word()),
            chain: chain.filter(|chain| !chain.is_empty()).cloned(),
            slot: slot.map(|slot| slot + 1),
            asked: asked.map(HrsText),
            times: event.count,
            means: advice::status(event.status).to_owned(),
        }
    }
}

impl OfChain {
    fn of(report: ChainReport) -> Self {
        let ChainReport { chain, refusals, silences, last_refusal, refused, .. } = report;
        Self { chain, refusals, silences, last_refusal, refused }
    }
}
