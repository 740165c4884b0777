//! The way of a command to the device: through the daemon that owns it, else by itself.

use std::path::PathBuf;

use highwater_core::apdu::{Command, Reply, Status};
use highwater_core::hrs::Hrs;

use super::Failure;
use crate::admin::Client;
use crate::config::{Config, Transport};
use crate::device::{self, Device, Lock, LockError, LockFile, Session};
use crate::validator::Pins;
use crate::{advice, durable};

/// A device to command.
pub(super) enum Link {
    /// The daemon's.
    Daemon(Client),
    /// Our own, locked while we have it.
    Own { device: Device, _locks: Vec<Lock> },
}

/// The installations that are pinned here; none where that cannot be told, which is said elsewhere.
pub(super) fn pinned(config: &Config) -> device::Pinned {
    let state_dir = config.state_dir.clone();
    Box::new(move || {
        Pins::load(&state_dir)
            .map_or_else(|_| Vec::new(), |pins| pins.iter().map(|(_, pin)| pin.installation).collect())
    })
}

/// Where it is noted that the state was carried to another host.
pub(super) fn exported_mark(config: &Config) -> PathBuf {
    config.state_dir.join("exported")
}

/// Refuses to sign, or to prepare it, with a state that was carried to another host.
pub(super) fn not_exported(config: &Config) -> Result<(), Failure> {
    let mark = exported_mark(config);
    match durable::read_text(&mark) {
        Ok(said) => Err(Failure::usage(advice::exported(&mark, &said))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::state_file(&mark, &error)),
    }
}

/// Locks the device for this process, until the locks are dropped.
pub(super) fn lock(config: &Config) -> Result<Vec<Lock>, Failure> {
    let take = |file: LockFile| match file.take() {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(path)) => {
            Err(Failure::unavailable(advice::second_daemon(&path.display().to_string())))
        }
        Err(LockError::Stranger { path, owner }) => {
            Err(Failure::unavailable(advice::lock_of_a_stranger(&path, owner)))
        }
        Err(LockError::Io(path, error)) => match file {
            LockFile::Lasting(_) => Err(Failure::state_file(&path, &error)),
            // The folder is everybody's: nothing about it is to be changed.
            LockFile::Passing(_) => Err(Failure::io(path.display(), &error)),
        },
    };
    device::lock_files(&config.device, &config.state_dir).into_iter().map(take).collect()
}

impl Link {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(client) = Client::connect(&config.state_dir).await.map_err(Failure::unavailable)? {
            return Ok(Self::Daemon(client));
        }
        let locks = lock(config)?;
        if config.device.transport == Transport::Simulated {
            eprintln!("{}", simulated_warning());
        }
        let (device, _) = Device::start(device::opener(&config.device, &config.state_dir, pinned(config)))
            .map_err(|error| Failure::io("the device's thread", &error))?;
        match device.looked().await.fault {
            None => Ok(Self::Own { device, _locks: locks }),
            Some(fault) => Err(Failure::unavailable(advice::fault(&fault))),
        }
    }

    /// What the device says of itself and its chains. One that is not sound says nothing of its chains: an error.
    pub(super) async fn session(&mut self) -> Result<Session, Failure> {
        let session = self.described().await?;
        match advice::standing(session.standing) {
            None => Ok(session),
            Some(cure) => Err(Failure::unavailable(cure)),
        }
    }

    /// What the device says of itself, sound or not.
    pub(super) async fn described(&mut self) -> Result<Session, Failure> {
        let (session, fault) = match self {
            Self::Daemon(client) => {
                let report = client.status().await.map_err(Failure::unavailable)?;
                (report.device, report.fault)
            }
            Self::Own { device, .. } => {
                device.look().await;
                let seen = device.seen();
                (seen.session, seen.fault.as_ref().map(advice::fault))
            }
        };
        session.ok_or_else(|| {
            Failure::unavailable(
                fault.unwrap_or_else(|| "the device is just being opened: try again".to_owned()),
            )
        })
    }

    /// One command; the data of its reply, or the device's reason.
    pub(super) async fn ask(&mut self, command: Command<'_>) -> Result<Vec<u8>, Failure> {
        granted(&self.exchange(command).await?)
    }

    /// One command; its reply, whatever it says. An error if none came.
    pub(super) async fn exchange(&mut self, command: Command<'_>) -> Result<Vec<u8>, Failure> {
        let apdu =
            device::encode(&command).ok_or_else(|| Failure::usage("that is longer than a device takes"))?;
        match self {
            Self::Daemon(client) => client.exchange(&apdu).await.map_err(Failure::unavailable),
            Self::Own { device, .. } => {
                device.exchange(apdu).await.map_err(|fault| Failure::unavailable(advice::fault(&fault)))
            }
        }
    }

    /// What the running daemon remembers of a chain as the highest place asked; `None` if none runs.
    pub(super) async fn asked(&mut self, chain: &str) -> Result<Option<Hrs>, Failure> {
        let Self::Daemon(client) = self else { return Ok(None) };
        let report = client.status().await.map_err(Failure::unavailable)?;
        Ok(report.chains.iter().find(|known| known.chain == chain).map(|known| known.asked.0))
    }

    /// Tells a running daemon that pins have moved.
    pub(super) async fn repin(&mut self) -> Result<(), Failure> {
        match self {
            Self::Daemon(client) => client.repin().await.map_err(Failure::unavailable),
            Self::Own { .. } => Ok(()),
        }
    }

    /// Everything up to here counts as signed, so that a spare begins there: `false` if no running daemon serves the
    /// chain, and its file is the command's to write.
    pub(super) async fn raise(&mut self, chain: &str, to: Hrs) -> Result<bool, Failure> {
        if self.asked(chain).await?.is_none() {
            return Ok(false);
        }
        let Self::Daemon(client) = self else { return Ok(false) };
        client.raise(chain, to).await.map_err(Failure::unavailable)?;
        Ok(true)
    }

    /// The owner of a simulated device presses; `false` if it has real buttons.
    pub(super) async fn press(&mut self, approved: bool) -> Result<bool, Failure> {
        match self {
            Self::Daemon(client) => client.press(approved).await.map_err(Failure::unavailable),
            Self::Own { device, .. } => Ok(device.press(approved).await),
        }
    }
}

/// The data of a reply, or the device's reason.
pub(super) fn granted(reply: &[u8]) -> Result<Vec<u8>, Failure> {
    let (data, word) = Reply::split(reply).unwrap_or((&[], 0));
    match Status::from_word(word) {
        Some(Status::Ok) => Ok(data.to_vec()),
        _ => Err(Failure::unavailable(advice::question_refused(word))),
    }
}

/// In red on a terminal.
pub(super) fn simulated_warning() -> String {
    use std::io::IsTerminal;
    let text = "SIMULATED DEVICE: not a hardware key, its seed is a file in state_dir";
    if std::io::stderr().is_terminal() { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() }
}
