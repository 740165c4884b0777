//! `firmware install`, `firmware verify`: with or without a configuration.

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use super::args::{CONFIG, FirmwareVerb, Form, ImageArgs};
use super::told::Told as _;
use crate::advice::firmware as advice;
use crate::config::Config;
use crate::device::{Lock, LockError, LockFile, lock_files};
use crate::failure::Failure;
use crate::operator::firmware::{
    Environment, Found, Image, Order, PACKAGE, Printed, Verified, Wanted, lines, prepare, verify,
};
use crate::operator::reach::Reach;

pub(super) async fn act(
    config: &Path,
    emulator: Option<SocketAddr>,
    verb: FirmwareVerb,
) -> Result<(), Failure> {
    let wanted = |ImageArgs { device, image }: ImageArgs| Wanted {
        device: device.map(|device| device.word().to_owned()),
        folder: image,
        emulator,
    };
    let config = if emulator.is_some() { None } else { read(config)? };
    match verb {
        FirmwareVerb::Verify { image, form } => tell(&verify(&wanted(image), config.as_ref()).await?, form),
        FirmwareVerb::Install { image, print, system, environment, sha256, marks_written_down } => {
            let wanted = wanted(image);
            let order = Order { wanted, system, sha256, marks_written_down, only_prints: print };
            let environment = Environment::of(environment)?;
            // Where the device is not asked, nobody need let go of it.
            let asks = order.system.is_none();
            let _locks = if asks { alone(config.as_ref()).await? } else { Vec::new() };
            install(&order, &environment)
        }
    }
}

/// The daemon's configuration, if this user may read one: the app is installed before there is any. One that somebody named is
/// meant: a name that is mistyped is not passed over.
fn read(config: &Path) -> Result<Option<Config>, Failure> {
    let is_named = config != Path::new(CONFIG);
    match std::fs::File::open(config) {
        Err(error)
            if !is_named && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) =>
        {
            Ok(None)
        }
        _ => Ok(Some(Config::load(config)?)),
    }
}

/// No daemon has the device until the locks are dropped. One whose configuration cannot be read holds the device's own lock.
async fn alone(config: Option<&Config>) -> Result<Vec<Lock>, Failure> {
    let Some(config) = config else { return Ok(Vec::new()) };
    if let Some(device) = config.devices.first()
        && Reach::daemon(config, device).await?.is_some()
    {
        return Err(Failure::usage(advice::stop_the_daemon()));
    }
    let mut locks = Vec::new();
    for file in lock_files(&config.devices, &config.state_dir) {
        let (LockFile::Lasting(path) | LockFile::Passing(path)) = file;
        // Nothing is made there: whoever runs this need not be the daemon's user, and a lock of another could keep it out.
        match Lock::take_existing(&path) {
            Ok(lock) => locks.push(lock),
            Err(LockError::Held(_)) => return Err(Failure::usage(advice::stop_the_daemon())),
            Err(_) => {}
        }
    }
    Ok(locks)
}

fn install(order: &Order, environment: &Environment) -> Result<(), Failure> {
    let ready = prepare(order)?;
    let facts = &ready.image.facts;
    let level = ready.level.map_or_else(String::new, |level| format!(", API level {level}"));
    remark!("{} {} for a {}, from {}", facts.name, facts.version, facts.title, ready.image.folder.display());
    remark!("the device: {} with system {}{level}", facts.title, ready.system);
    remark!("SHA-256 of the image      {}", Image::groups(&ready.image.sha256));
    remark!("application full hash     {}", Image::groups(&ready.full_hash()));
    ready.remarks.iter().for_each(|remark| remark!("{remark}"));
    let is_ready = environment.is_ready();
    if !is_ready {
        lines(environment).iter().for_each(|line| tell_line(order, line));
    }
    tell_line(order, &ready.line(&environment.python()));
    if order.only_prints {
        return Ok(());
    }
    if !is_ready {
        remark!("the loader's environment is made, once, with {PACKAGE}");
        environment.make()?;
    }
    remark!("{}", advice::DEVICE_ASKS);
    ready.load(environment, &|line| remark!("  {line}"))?;
    say!("installed: the loader printed the application full hash of this image");
    remark!("next: open the app on the device, then `highwater device info`");
    if order.marks_written_down {
        remark!("      `highwater mark adopt ID` for each chain, with the mark that you wrote down");
    }
    Ok(())
}

/// A line to be run: what `--print` prints, else an announcement.
fn tell_line(order: &Order, line: &str) {
    if order.only_prints {
        say!("{line}");
    } else {
        remark!("runs: {line}");
    }
}

/// What was found is the result; the exit code says whether all that can be told agrees.
fn tell(verified: &Verified, form: Form) -> Result<(), Failure> {
    verified.tell(form)?;
    verified.exit().map_or(Ok(()), |exit| Err(Failure::found(exit, verified.problems.len())))
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, version, folder, sha256, known, made_by, loader, found, problems } = self;
        writeln!(f, "image       Highwater {version} for {device}, in {folder}")?;
        let known =
            if *known { "the known one of this version" } else { "NOT THE KNOWN ONE OF THIS VERSION" };
        writeln!(f, "SHA-256     {}\n            {known}", Image::groups(sha256))?;
        if let Some(made_by) = made_by {
            writeln!(f, "            made by {made_by}")?;
        }
        for Printed { system, full_hash, .. } in loader {
            writeln!(f, "full hash   {}\n            on system {system}", Image::groups(full_hash))?;
        }
        match found {
            None => writeln!(f, "device      none is plugged in: nothing was asked")?,
            Some(found) => write!(f, "{found}")?,
        }
        problems.iter().try_for_each(|problem| writeln!(f, "ERROR       {problem}"))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system, api_level, full_hash, app, installation, untold } = self;
        let level = api_level.map_or_else(String::new, |level| format!(", API level {level}"));
        if let Some(system) = system {
            writeln!(f, "device      system {system}{level}")?;
        }
        if let Some(hash) = full_hash {
            writeln!(f, "its app     {}", Image::groups(hash))?;
        }
        if let (Some(app), Some(installation)) = (app, installation) {
            writeln!(f, "device      Highwater {app}, installation {installation}")?;
        }
        untold.as_ref().map_or(Ok(()), |untold| writeln!(f, "            {untold}"))
    }
}
