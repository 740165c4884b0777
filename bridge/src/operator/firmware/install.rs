//! An image is loaded on a device, by Ledger's loader.
//!
//! Everything that can be told beforehand is told before the loader starts: that the image is the known one, that the device
//! is the one it is for, that its system is one on which the app was tried, that no daemon has it, and that no app is there
//! whose marks would be lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Wanted;
use super::dashboard::{Apps, Ledger, Open, System};
use super::environment::Environment;
use super::facts::known;
use super::image::Image;
use super::loader::{self, Outcome};
use crate::advice::firmware as advice;
use crate::failure::Failure;

/// What the owner ordered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) wanted: Wanted,
    /// The version of the device's system, where the device is not to be asked.
    pub(crate) system: Option<String>,
    /// The digest of an image that is not the known one, repeated by the owner.
    pub(crate) sha256: Option<String>,
    /// The owner says that the marks of the app that is there are written down.
    pub(crate) marks_written_down: bool,
    /// Nothing is loaded.
    pub(crate) only_prints: bool,
}

/// An image and a device that belong together.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) image: Image,
    pub(crate) level: Option<u8>,
    /// The version of the device's system.
    pub(crate) system: String,
    /// What is to be known beforehand, one sentence each.
    pub(crate) remarks: Vec<String>,
    /// Whether the app that is there is deleted first.
    replaces: bool,
    emulator: Option<std::net::SocketAddr>,
    /// The file that the loader reads, of this process alone.
    hex: Option<tempfile::NamedTempFile>,
}

/// Looks at image and device.
///
/// # Errors
/// Whatever speaks against loading, with its cure.
pub(crate) fn prepare(order: &Order) -> Result<Ready, Failure> {
    let Order { wanted, .. } = order;
    let named = named_image(wanted)?;
    if let Some(image) = &named {
        check_digest(image, order.sha256.as_deref())?;
    }
    let seen = if order.system.is_some() { None } else { Some(look(wanted)?) };
    let image = match (named, &seen) {
        (Some(image), _) => image,
        (None, Some((system, _))) => Image::read(&Image::folder_of(&device_of(system)?)?)?,
        (None, None) => return Err(Failure::usage(advice::name_a_device())),
    };
    check_digest(&image, order.sha256.as_deref())?;
    let version = match &seen {
        Some((system, _)) => check_model(&image, system)?,
        None => order.system.clone().unwrap_or_default(),
    };
    let level = image
        .facts
        .level(&version)
        .map_err(|()| Failure::usage(advice::other_system(&image.facts, &version)))?
        .map(|level| level.number);
    let mut remarks = Vec::new();
    let name = &image.facts.name;
    match seen.map(|(_, apps)| apps) {
        Some(Apps::Listed(apps)) => {
            let is_there = apps.iter().any(|app| app.name == *name);
            if is_there && !order.marks_written_down {
                return Err(Failure::usage(advice::marks_would_be_lost(&image.facts.title)));
            }
        }
        Some(Apps::Untold(word)) if !order.marks_written_down => remarks.push(advice::apps_untold(word)),
        _ => {}
    }
    if order.marks_written_down {
        remarks.push(advice::marks_are_lost());
    }
    let hex = if order.only_prints { None } else { Some(private_copy(&image)?) };
    let replaces = order.marks_written_down;
    Ok(Ready { image, level, system: version, remarks, replaces, emulator: wanted.emulator, hex })
}

/// The image, if its folder or its device was named.
fn named_image(wanted: &Wanted) -> Result<Option<Image>, Failure> {
    let folder: Option<PathBuf> = match (&wanted.folder, &wanted.device) {
        (Some(folder), _) => Some(folder.clone()),
        (None, Some(device)) => Some(Image::folder_of(device)?),
        (None, None) => None,
    };
    let Some(folder) = folder else { return Ok(None) };
    let image = Image::read(&folder)?;
    match &wanted.device {
        Some(device) if *device != image.facts.device => {
            Err(Failure::usage(advice::other_device_named(&image, device)))
        }
        _ => Ok(Some(image)),
    }
}

/// An image that nobody knows is loaded only if its owner repeats what it is.
fn check_digest(image: &Image, repeated: Option<&str>) -> Result<(), Failure> {
    match repeated {
        Some(repeated) if !repeated.eq_ignore_ascii_case(&image.sha256) => {
            Err(Failure::content(advice::not_the_repeated(image, repeated)))
        }
        None if image.made_by.is_none() => Err(Failure::content(advice::unknown_image(image))),
        _ => Ok(()),
    }
}

/// Asks the device what it is and what is on it. Its dashboard must be open: apps are loaded there.
fn look(wanted: &Wanted) -> Result<(System, Apps), Failure> {
    let ledger = Ledger::open(wanted.emulator);
    let mut ledger = ledger.map_err(|fault| Failure::unavailable(advice::unreachable(&fault)))?;
    match ledger.what_is_open()? {
        Open::Dashboard => {}
        Open::Highwater => return Err(Failure::usage(advice::app_is_open())),
        Open::Other(name) => return Err(Failure::usage(advice::other_app_is_open(&name))),
    }
    let system = ledger.system()?;
    device_of(&system)?;
    let apps = ledger.apps()?;
    Ok((system, apps))
}

/// The name of the device for which there is an app.
pub(super) fn device_of(system: &System) -> Result<String, Failure> {
    let found = known().into_iter().find(|known| known.facts.target() == Ok(system.target));
    found.map(|known| known.facts.device).ok_or_else(|| Failure::usage(advice::no_app_for(system.target)))
}

fn check_model(image: &Image, system: &System) -> Result<String, Failure> {
    if image.facts.target() == Ok(system.target) {
        return Ok(system.version.clone());
    }
    Err(Failure::usage(advice::other_model(image, &device_of(system)?)))
}

/// The records that were judged, where nobody else can change them before the loader reads them.
fn private_copy(image: &Image) -> Result<tempfile::NamedTempFile, Failure> {
    let written = tempfile::Builder::new().prefix("highwater-").suffix(".hex").tempfile().and_then(|file| {
        std::fs::write(file.path(), &image.hex)?;
        Ok(file)
    });
    written.map_err(|error| Failure::io("the copy of the image for the loader", &error))
}

impl Ready {
    /// The loader as it is run.
    fn command(&self, python: &Path) -> Command {
        let named = self.image.folder.join(format!("highwater-{}.hex", self.image.facts.device));
        let hex = self.hex.as_ref().map_or(named.as_path(), |hex| hex.path());
        let arguments = loader::arguments(&self.image, hex, self.level, self.replaces);
        loader::command(python, &arguments, self.emulator)
    }

    /// The line that is run, as a shell takes it.
    pub(crate) fn line(&self, python: &Path) -> String {
        loader::line(&self.command(python))
    }

    /// What the loader prints when it is done, and the device counts.
    pub(crate) fn full_hash(&self) -> String {
        self.image.full_hash(self.level)
    }

    /// Runs the loader. The device must not be held by anybody, this process included.
    ///
    /// # Errors
    /// What became of it, with cause and cure.
    pub(crate) fn load(
        &self,
        environment: &Environment,
        said: &(dyn Fn(&str) + Sync),
    ) -> Result<(), Failure> {
        let python = environment.python();
        let ended = loader::run(self.command(&python), said);
        match ended.map_err(|error| Failure::io(python.display(), &error))? {
            Outcome::Loaded(Some(hash)) if hash == self.full_hash() => Ok(()),
            Outcome::Loaded(hash) => {
                Err(Failure::content(advice::other_hash(hash.as_deref(), &self.full_hash())))
            }
            Outcome::Refused(word) => Err(Failure::unavailable(advice::refused(word, &self.image.facts))),
            Outcome::Failed(last) => Err(Failure::unavailable(advice::loader_failed(&last))),
        }
    }
}

/// Commands that make an environment, as a shell takes them.
pub(crate) fn lines(environment: &Environment) -> Vec<String> {
    environment.making().each_ref().map(loader::line).into()
}
