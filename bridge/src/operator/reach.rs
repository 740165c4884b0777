//! The way to the device: through the daemon that owns it, else by itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use highwater_core::apdu::{Command, MAX_COMMAND, Reply, Status};
use highwater_core::canonical::ChainId;
use zeroize::Zeroizing;

use super::Chosen;
use crate::admin::Client;
use crate::advice;
use crate::config::{self, Config, Transport};
use crate::device::{self, Device, Died, Exchange, Fault, Lock, LockFile, Pinned, Session};
use crate::failure::Failure;
use crate::store::Pins;

/// Whoever had the device a moment ago may be at its end, this process too: for so long it is tried again.
const IN_USE: Duration = Duration::from_millis(1_500);

/// A device to command.
pub(crate) struct Reach(pub(super) Way);

pub(super) enum Way {
    /// That of the daemon with this name.
    Daemon { client: Client, device: Option<String> },
    /// Our own, locked while we have it.
    Own { device: Device, died: Died, _locks: Vec<Lock> },
}

/// The installations that are pinned here; none where that cannot be told, which is said elsewhere. Of several devices each
/// has those of its chains.
pub(crate) fn pinned_installations(config: &Config, device: &config::Device) -> Pinned {
    let state_dir = config.state_dir.clone();
    let chains = (config.devices.len() > 1)
        .then(|| config.chains_of(device).map(|chain| chain.id.clone()).collect::<BTreeSet<_>>());
    Box::new(move || {
        let Ok(pins) = Pins::load(&state_dir) else { return Vec::new() };
        let is_here = |chain: &str| chains.as_ref().is_none_or(|chains| chains.contains(chain));
        pins.iter().filter(|(chain, _)| is_here(chain)).map(|(_, pin)| pin.installation).collect()
    })
}

/// Locks the state and all devices for this process, until the locks are dropped.
pub(crate) fn lock(config: &Config) -> Result<Vec<Lock>, Failure> {
    held(device::lock_files(&config.devices, &config.state_dir))
}

fn held(files: impl IntoIterator<Item = LockFile>) -> Result<Vec<Lock>, Failure> {
    let take = |file: LockFile| {
        file.take().map_err(|error| Failure::of_lock(advice::not_locked(&file, &error), &error))
    };
    files.into_iter().map(take).collect()
}

impl Reach {
    /// The device of the config: the daemon's, if one runs.
    pub(crate) async fn open(config: &Chosen<'_>) -> Result<Self, Failure> {
        if let Some(daemon) = Self::daemon(config, config.device).await? {
            return Ok(daemon);
        }
        let locks = lock(config)?;
        let pinned = pinned_installations(config, config.device);
        Self::own(config.device, &config.devices, &config.state_dir, pinned, locks).await
    }

    /// This device of the config's daemon, if one runs.
    pub(crate) async fn daemon(config: &Config, device: &config::Device) -> Result<Option<Self>, Failure> {
        let client = Client::connect(&config.state_dir).await.map_err(Failure::unavailable)?;
        Ok(client.map(|client| Self(Way::Daemon { client, device: device.name.clone() })))
    }

    /// A device beside no daemon, no configuration and no state: a Ledger on USB, or the emulator at this address.
    pub(crate) async fn alone(emulator: Option<SocketAddr>) -> Result<Self, Failure> {
        let transport = if emulator.is_some() { Transport::Speculos } else { Transport::Hid };
        let device = config::Device { address: emulator, ..config::Device::of(transport) };
        // Neither of the two has anything there.
        let nowhere = Path::new("");
        let devices = [device];
        let locks = device::lock_files(&devices, nowhere);
        let locks = held(locks.into_iter().filter(|lock| matches!(lock, LockFile::Passing(_))))?;
        Self::own(&devices[0], &devices, nowhere, Box::new(Vec::new), locks).await
    }

    async fn own(
        device: &config::Device,
        all: &[config::Device],
        state_dir: &Path,
        pinned: Pinned,
        locks: Vec<Lock>,
    ) -> Result<Self, Failure> {
        let name = device.name.as_deref();
        let plug = device::plug(device, all, state_dir, pinned)
            .map_err(|error| Failure::io("the device's thread", &error))?;
        let (device, died) = Device::plugged(plug);
        let mut fault = device.looked().await.fault;
        let since = Instant::now();
        // The device's task tries again by itself.
        while fault.as_ref().is_some_and(Fault::is_in_use) && since.elapsed() < IN_USE {
            tokio::time::sleep(Duration::from_millis(50)).await;
            fault = device.seen().fault;
        }
        let reach = Self(Way::Own { device, died, _locks: locks });
        match fault {
            None => Ok(reach),
            Some(fault) => {
                reach.close().await;
                Err(Failure::unavailable(advice::of_device(name, advice::fault(&fault))))
            }
        }
    }

    /// Leaves the device to whoever opens it next.
    pub(crate) async fn close(self) {
        if let Way::Own { device, died, _locks } = self.0 {
            device.finish();
            // In whatever way it ends.
            let _ = died.await;
        }
    }

    /// What the device says of itself and its chains. One that is not sound says nothing of its chains: an error.
    pub(crate) async fn session(&mut self) -> Result<Session, Failure> {
        let session = self.described().await?;
        match advice::standing(session.standing) {
            None => Ok(session),
            Some(cure) => Err(Failure::unavailable(cure)),
        }
    }

    /// What the device says of itself, sound or not.
    pub(crate) async fn described(&mut self) -> Result<Session, Failure> {
        let (session, fault) = match &mut self.0 {
            Way::Daemon { client, device } => {
                let report = client.status().await.map_err(Failure::unavailable)?;
                let name = device.as_deref();
                let shown = report.on(name).ok_or_else(|| {
                    let known = report.devices.iter().map(|known| &*known.name).collect::<Vec<_>>();
                    Failure::unavailable(advice::daemon_without(name, &known.join(", ")))
                })?;
                let fault = shown.fault.map(|fault| advice::of_device(shown.name, fault.to_owned()));
                (shown.session.cloned(), fault)
            }
            Way::Own { device, .. } => {
                device.look().await;
                let seen = device.seen();
                (seen.session, seen.fault.as_ref().map(advice::fault))
            }
        };
        session
            .ok_or_else(|| Failure::unavailable(fault.unwrap_or_else(|| advice::being_opened().to_owned())))
    }

    /// The data of a command's reply.
    pub(crate) async fn ask(&mut self, command: Command<'_>) -> Result<Vec<u8>, Failure> {
        granted(&self.exchange(command).await?)
    }

    /// One command; the reply holds its status word.
    pub(crate) async fn exchange(&mut self, command: Command<'_>) -> Result<Vec<u8>, Failure> {
        let apdu = encode(&command);
        match &mut self.0 {
            Way::Daemon { .. } if matches!(command, Command::ImportKey(_)) => {
                Err(Failure::unavailable(advice::no_key_by_socket()))
            }
            Way::Daemon { client, device } => {
                client.exchange(device.as_deref(), &apdu).await.map_err(Failure::unavailable)
            }
            Way::Own { device, .. } => {
                let exchange = Exchange { apdu, kind: command.kind() };
                device.exchange(exchange).await.map_err(|fault| Failure::unavailable(advice::fault(&fault)))
            }
        }
    }

    /// The owner of a simulated device presses; `false` if it has real buttons.
    pub(crate) async fn press(&mut self, approved: bool) -> Result<bool, Failure> {
        match &mut self.0 {
            Way::Daemon { client, device } => {
                client.press(device.as_deref(), approved).await.map_err(Failure::unavailable)
            }
            Way::Own { device, .. } => Ok(device.press(approved).await),
        }
    }

    /// The device's key of a chain.
    pub(crate) async fn key_of(&mut self, chain: ChainId<'_>) -> Result<[u8; 32], Failure> {
        let key = self.ask(Command::GetPublicKey(chain)).await?;
        key.try_into().map_err(|_| Failure::unavailable(advice::fault(&Fault::Malformed("GET_PUBLIC_KEY"))))
    }
}

/// The bytes of a command, which are wiped: a key may be among them. Commands of people are short.
fn encode(command: &Command<'_>) -> Zeroizing<Vec<u8>> {
    let mut apdu = Zeroizing::new([0; MAX_COMMAND]);
    let len = command.encode(&mut apdu).unwrap_or_default();
    Zeroizing::new(apdu[..len].to_vec())
}

/// The data of a reply, or the device's reason.
pub(crate) fn granted(reply: &[u8]) -> Result<Vec<u8>, Failure> {
    let (data, word) = Reply::split(reply).unwrap_or((&[], 0));
    match Status::from_word(word) {
        Some(Status::Ok) => Ok(data.to_vec()),
        _ => Err(Failure::unavailable(advice::question_refused(word))),
    }
}
