//! The way to the device and to the records of its chains: through the daemon that owns them, else by itself.

use std::path::{Path, PathBuf};

use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_guard::{Followed, Slot};

use super::Chosen;
use super::reach::{Reach, Way};
use crate::admin::{ChainReport, Client, Report};
use crate::advice;
use crate::config::Config;
use crate::device::{Pace, Session, SlotState};
use crate::failure::Failure;
use crate::store::{ChainFile, ChainFileError, Pin, Pins, PinsError, chain_file_path, durable};

/// A device to command, and the records of its chains.
pub(crate) struct Access {
    pub(crate) reach: Reach,
    state_dir: PathBuf,
}

/// Where it is noted that the state was carried to another host.
pub(crate) fn exported_mark(config: &Config) -> PathBuf {
    config.state_dir.join("exported")
}

/// Refuses to sign, or to prepare it, with a state that was carried to another host.
pub(crate) fn not_exported(config: &Config) -> Result<(), Failure> {
    let mark = exported_mark(config);
    match durable::read_text(&mark) {
        Ok(said) => Err(Failure::usage(advice::exported(&mark, &said))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::state_file(&mark, &error)),
    }
}

impl Access {
    pub(crate) async fn open(config: &Chosen<'_>) -> Result<Self, Failure> {
        Ok(Self { reach: Reach::open(config).await?, state_dir: config.state_dir.clone() })
    }

    /// Leaves the device to whoever opens it next.
    pub(crate) async fn close(self) {
        self.reach.close().await;
    }

    /// Where pins and state files stand.
    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// What the device says of itself and its chains. One that is not sound says nothing of its chains: an error.
    pub(crate) async fn session(&mut self) -> Result<Session, Failure> {
        self.reach.session().await
    }

    /// The device's key of a chain.
    pub(crate) async fn key_of(&mut self, chain: ChainId<'_>) -> Result<[u8; 32], Failure> {
        self.reach.key_of(chain).await
    }

    /// How often the chain signs, if a daemon serves it and has done so for a while.
    pub(crate) async fn pace(&mut self, chain: &str) -> Result<Pace, Failure> {
        let Way::Daemon { client, .. } = &mut self.reach.0 else { return Ok(Pace::Assumed) };
        let report = client.status().await.map_err(Failure::unavailable)?;
        let known = report.chains.iter().find(|known| known.chain == chain);
        Ok(Pace::of(known.and_then(|known| known.signatures_a_day)))
    }

    /// What both votes of a block took, if a daemon serves the chain and has signed them.
    pub(crate) async fn signing_seconds(&mut self, chain: &str) -> Option<f64> {
        let Way::Daemon { client, .. } = &mut self.reach.0 else { return None };
        let report = client.status().await.ok()?;
        report.chains.iter().find(|known| known.chain == chain)?.signing_seconds
    }

    /// Whether a daemon serves the chain.
    pub(crate) async fn serves(&mut self, chain: &str) -> Result<bool, Failure> {
        match &mut self.reach.0 {
            Way::Daemon { client, .. } => {
                Ok(of_all_chains(client).await?.chains.iter().any(|known| known.chain == chain))
            }
            Way::Own { .. } => Ok(false),
        }
    }

    /// An error, if a daemon serves the chain and signs for it on another device: it was started with another configuration.
    pub(crate) async fn is_not_elsewhere(&mut self, chain: &str) -> Result<(), Failure> {
        let Way::Daemon { client, device } = &mut self.reach.0 else { return Ok(()) };
        let report = of_all_chains(client).await?;
        let served = report.chains.iter().find(|known| known.chain == chain);
        match served {
            Some(ChainReport { device: Some(on), .. }) if device.as_ref() != Some(on) => {
                Err(Failure::unavailable(advice::daemon_has_another_device(chain, on)))
            }
            _ => Ok(()),
        }
    }

    /// The lowest mark at which another device may begin, as the daemon or the state file knows it. `None`: nothing is
    /// known of the chain.
    pub(crate) async fn floor(&mut self, chain: &str) -> Result<Option<Hrs>, Failure> {
        if let Way::Daemon { client, .. } = &mut self.reach.0 {
            let report = client.status().await.map_err(Failure::unavailable)?;
            if let Some(known) = report.chains.iter().find(|known| known.chain == chain) {
                let intended = known.intention.map_or(Hrs::ZERO, |intention| intention.0);
                return Ok(Some(known.highest_requested.0.max(intended)));
            }
        }
        Ok(ChainFile::found(&self.state_dir, chain)?.map(|file| file.record.floor()))
    }

    /// Before the owner is asked for the mark `to`: whatever becomes of the question, a spare begins no lower. Nothing
    /// happens where nothing is known of the chain.
    pub(crate) async fn intend(&mut self, chain: &str, to: Hrs, below: Option<Hrs>) -> Result<(), Failure> {
        if let Way::Daemon { client, .. } = &mut self.reach.0
            && client.intend(chain, to, below).await.map_err(Failure::unavailable)?
        {
            return Ok(());
        }
        self.change_file(chain, |file| {
            file.record
                .intend(to, below)
                .map_err(|below| Failure::unavailable(advice::below_known(chain, to, below.known)))
        })
    }

    /// The question came to nothing for certain.
    pub(crate) async fn forget_intention(&mut self, chain: &str) -> Result<(), Failure> {
        if let Way::Daemon { client, .. } = &mut self.reach.0
            && client.forget_intention(chain).await.map_err(Failure::unavailable)?
        {
            return Ok(());
        }
        self.change_file(chain, |file| {
            file.record.forget_intention();
            Ok(())
        })
    }

    /// What the pinned device shows by now is on the disk when this returns.
    pub(crate) async fn settle(&mut self, chain: &str) -> Result<(), Failure> {
        if let Way::Daemon { client, .. } = &mut self.reach.0
            && client.settle(chain).await.map_err(Failure::unavailable)?
        {
            return Ok(());
        }
        let session = self.session().await?;
        let pin = Pins::load(&self.state_dir)?.get(chain);
        let slot =
            slot(&session, chain).filter(|_| pin.is_some_and(|pin| pin.installation == session.installation));
        let Some(slot) = slot else { return Ok(()) };
        let mut fell = None;
        self.change_file(chain, |file| {
            if let Followed::Regressed(stopped) = file.record.follow(session.installation, slot) {
                fell = Some(stopped);
            }
            Ok(())
        })?;
        // The stop is on the disk by now.
        fell.map_or(Ok(()), |stopped| Err(Failure::unavailable(advice::stopped(chain, stopped))))
    }

    /// The device that is plugged in takes the chain over: its record is on the disk when this returns, and then its pin,
    /// which `pin` writes. `new` is written where nothing is known of the chain.
    pub(crate) async fn adopt(
        &mut self,
        chain: &str,
        session: &Session,
        new: ChainFile,
        pin: impl FnOnce() -> Result<(), PinsError>,
    ) -> Result<(), Failure> {
        let pin = || pin().map_err(|error| Failure::of_pins(advice::unpinned(chain, &error), &error));
        if let Way::Daemon { client, .. } = &mut self.reach.0
            && client.adopt(chain, session.installation).await.map_err(Failure::unavailable)?
        {
            return pin();
        }
        let slot = slot(session, chain).ok_or_else(|| Failure::unavailable(advice::adopt_changed(chain)))?;
        let mut file = match ChainFile::found(&self.state_dir, chain) {
            Ok(Some(file)) if file.key != new.key => {
                let path = chain_file_path(&self.state_dir, chain);
                return Err(Failure::unavailable(advice::other_key_in_file(chain, &path)));
            }
            Ok(Some(file)) => file,
            // One that fails to be read now may be sound: nothing is written over it.
            Err(ChainFileError::Io(path, error)) => return Err(ChainFileError::Io(path, error).into()),
            Ok(None) | Err(_) => new,
        };
        let stopped = file.record.stopped;
        file.record
            .adopt(session.installation, slot)
            .map_err(|why| Failure::unavailable(advice::not_adopted(chain, why)))?;
        // The stop of the device of before ends with its pin: a cut in between leaves that device pinned, and stopped.
        file.record.stopped = stopped;
        file.save(&self.state_dir)?;
        pin()?;
        if file.record.stopped.take().is_some() {
            file.save(&self.state_dir)?;
        }
        Ok(())
    }

    /// The node that has the height will not come back. The node, if one had it.
    pub(crate) async fn release_owner(&mut self, chain: &str, pin: &Pin) -> Result<Option<String>, Failure> {
        if let Way::Daemon { client, .. } = &mut self.reach.0
            && let Some(owner) = client.release_owner(chain).await.map_err(Failure::unavailable)?
        {
            return Ok(owner);
        }
        let mut file = ChainFile::load(&self.state_dir, chain, pin)?;
        let owner = file.record.ownership.drop_owner();
        file.save(&self.state_dir)?;
        Ok(owner.as_deref().map(str::to_owned))
    }

    /// Changes the file of a chain that no daemon serves, if there is one.
    fn change_file(
        &self,
        chain: &str,
        change: impl FnOnce(&mut ChainFile) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(mut file) = ChainFile::found(&self.state_dir, chain)? else { return Ok(()) };
        let before = file.clone();
        change(&mut file)?;
        if file != before {
            file.save(&self.state_dir)?;
        }
        Ok(())
    }
}

/// The slot in which a chain is approved, as the rules of its record see it.
fn slot(session: &Session, chain: &str) -> Option<Slot> {
    let slot = session.chain(chain)?;
    let armed = slot.state == SlotState::Armed;
    Some(Slot { armed, incarnation: slot.incarnation, mark: slot.mark.0 })
}

/// What the daemon tells; an error if it may serve a chain that it does not tell of.
async fn of_all_chains(client: &mut Client) -> Result<Report, Failure> {
    let report = client.status().await.map_err(Failure::unavailable)?;
    match report.signer_silent {
        true => Err(Failure::unavailable(advice::signer_silent().to_owned())),
        false => Ok(report),
    }
}
