//! What an image is, what the loader will print of it, and what the device says.

use serde::Serialize;

use super::Wanted;
use super::dashboard::{Apps, Ledger, Open};
use super::image::Image;
use super::install::device_of;
use crate::advice::firmware as advice;
use crate::config::Config;
use crate::device::{Fault, Session};
use crate::failure::{Exit, Failure};
use crate::operator::reach::Reach;

/// What was found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verified {
    /// The device that the image is for, as `--device` takes it.
    pub(crate) device: String,
    /// The version of the app in the image.
    pub(crate) version: String,
    /// The folder of the image.
    pub(crate) folder: String,
    /// SHA-256 of the image, in hex.
    pub(crate) sha256: String,
    /// Whether it is the image that this version of highwater was built beside.
    pub(crate) known: bool,
    /// Compiler and linker of the known image; null of another one.
    pub(crate) made_by: Option<String>,
    /// What the loader prints when it is done, for each system.
    pub(crate) loader: Vec<Printed>,
    /// The device; null where none is plugged in.
    pub(crate) found: Option<Found>,
    /// What is wrong, one sentence each; none: all that can be told agrees.
    pub(crate) problems: Vec<String>,
}

/// What the loader prints at one level.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Printed {
    /// The API level; null of a device that has none.
    pub(crate) api_level: Option<u8>,
    /// The versions of the system.
    pub(crate) system: String,
    /// The application full hash, in hex.
    pub(crate) full_hash: String,
}

/// What a device says.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Found {
    /// The version of its system, where its dashboard is open.
    pub(crate) system: Option<String>,
    /// The API level of that system.
    pub(crate) api_level: Option<u8>,
    /// The application full hash of its Highwater, where the dashboard tells.
    pub(crate) full_hash: Option<String>,
    /// The version of the app, where the app is open.
    pub(crate) app: Option<String>,
    /// The installation of the app, in hex, where the app is open.
    pub(crate) installation: Option<String>,
    /// What it did not tell, and how it can be asked; null: nothing is left to ask.
    pub(crate) untold: Option<String>,
}

/// Looks at an image, and at a device if one is there. `config` is that of the daemon, if there is one.
///
/// # Errors
/// There is no such image, or it is damaged; the device broke off.
pub(crate) async fn verify(wanted: &Wanted, config: Option<&Config>) -> Result<Verified, Failure> {
    let seen = device(wanted, config).await?;
    let named = match (&wanted.folder, &wanted.device, &seen) {
        (Some(folder), ..) => folder.clone(),
        (None, Some(device), _) => Image::folder_of(device)?,
        (None, None, Some(Seen { device: Some(device), .. })) => Image::folder_of(device)?,
        _ => return Err(Failure::usage(advice::name_a_device())),
    };
    let image = Image::read(&named)?;
    if let Some(device) = wanted.device.as_ref().filter(|device| **device != image.facts.device) {
        return Err(Failure::usage(advice::other_device_named(&image, device)));
    }
    let mut problems = Vec::new();
    if image.made_by.is_none() {
        problems.push(advice::unknown_image(&image));
    }
    let found = seen.map(|seen| judged(&image, seen, &mut problems));
    Ok(Verified {
        device: image.facts.device.clone(),
        version: image.facts.version.clone(),
        folder: image.folder.display().to_string(),
        sha256: image.sha256.clone(),
        known: image.made_by.is_some(),
        made_by: image.made_by.clone(),
        loader: printed(&image),
        found,
        problems,
    })
}

impl Verified {
    /// How the command ends.
    pub(crate) fn exit(&self) -> Option<Exit> {
        (!self.problems.is_empty()).then_some(Exit::Content)
    }
}

fn printed(image: &Image) -> Vec<Printed> {
    let at = |api_level: Option<u8>, system: &str| Printed {
        api_level,
        system: system.to_owned(),
        full_hash: image.full_hash(api_level),
    };
    match &image.facts.levels[..] {
        [] => vec![at(None, &image.facts.target_version)],
        levels => levels.iter().map(|level| at(Some(level.number), &level.systems)).collect(),
    }
}

/// A device, and the name of the image that is for it.
struct Seen {
    device: Option<String>,
    system: Option<String>,
    apps: Option<Apps>,
    session: Option<Session>,
    untold: Option<String>,
}

impl Seen {
    fn of(session: Session) -> Self {
        let device = advice::device_of(session.target).map(str::to_owned);
        let untold = Some(advice::hash_by_dashboard());
        Self { device, system: None, apps: None, session: Some(session), untold }
    }
}

/// Asks the device of the daemon, if one runs; else what is plugged in. `None`: nothing is.
async fn device(wanted: &Wanted, config: Option<&Config>) -> Result<Option<Seen>, Failure> {
    if let Some(seen) = of_daemon(wanted, config).await? {
        return Ok(Some(seen));
    }
    let mut ledger = match Ledger::open(wanted.emulator) {
        Ok(ledger) => ledger,
        Err(Fault::Absent(_)) => return Ok(None),
        Err(fault) => return Err(Failure::unavailable(advice::unreachable(&fault))),
    };
    let nothing = Seen { device: None, system: None, apps: None, session: None, untold: None };
    match ledger.what_is_open()? {
        Open::Highwater => {
            drop(ledger);
            Ok(Some(Seen::of(Reach::alone(wanted.emulator).await?.described().await?)))
        }
        Open::Other(name) => Ok(Some(Seen { untold: Some(advice::other_app_is_open(&name)), ..nothing })),
        Open::Dashboard => {
            let system = ledger.system()?;
            let device = device_of(&system)?;
            let apps = Some(ledger.apps()?);
            Ok(Some(Seen { device: Some(device), system: Some(system.version), apps, ..nothing }))
        }
    }
}

/// Of several devices of a daemon the first that is of the wanted kind.
async fn of_daemon(wanted: &Wanted, config: Option<&Config>) -> Result<Option<Seen>, Failure> {
    let Some(config) = config else { return Ok(None) };
    let mut failure = None;
    for device in &config.devices {
        let Some(mut reach) = Reach::daemon(config, device).await? else { return Ok(None) };
        match reach.described().await.map(Seen::of) {
            Ok(seen) if wanted.device.is_none() || wanted.device == seen.device => return Ok(Some(seen)),
            Ok(_) => {}
            Err(away) => failure = Some(away),
        }
    }
    failure.map_or(Ok(None), Err)
}

fn judged(image: &Image, seen: Seen, problems: &mut Vec<String>) -> Found {
    let Seen { device, system, apps, session, untold } = seen;
    let mut found = Found { untold, ..Found::default() };
    if let Some(device) = device.filter(|device| *device != image.facts.device) {
        problems.push(advice::other_model(image, &device));
        found.system = system;
        return found;
    }
    if let Some(session) = session {
        let app = crate::advice::version(session.app);
        if app != image.facts.version {
            problems.push(advice::other_version(&app, &image.facts.version));
        }
        found.app = Some(app);
        found.installation = Some(hex::encode(session.installation));
    }
    if let Some(system) = system {
        let level = image.facts.level(&system);
        if level.is_err() {
            problems.push(advice::other_system(&image.facts, &system));
        }
        found.api_level = level.as_ref().ok().copied().flatten().map(|level| level.number);
        match apps {
            Some(Apps::Listed(apps)) => match apps.iter().find(|app| app.name == image.facts.name) {
                Some(app) => {
                    let (there, wanted) = (hex::encode(app.hash), image.full_hash(found.api_level));
                    if level.is_ok() && there != wanted {
                        problems.push(advice::other_app_installed(&there, &wanted));
                    }
                    found.full_hash = Some(there);
                }
                None => found.untold = Some(advice::not_installed()),
            },
            Some(Apps::Untold(word)) => found.untold = Some(advice::apps_untold(word)),
            None => {}
        }
        found.system = Some(system);
    }
    found
}
