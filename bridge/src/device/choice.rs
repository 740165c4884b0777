//! Which Ledger is meant, where several are plugged in: the one of the config, and of those the pinned one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::absence::{Absence, Answer, Model, Plugged, Shows, Wanted};
use super::session::introduce;
use super::{DEADLINE, Fault, Transport, TransportError};

/// Ledger's.
const VENDOR: u16 = 0x2c97;
/// Of its interfaces the one that carries APDUs; 0xF1D0 is U2F.
const USAGE_PAGE: u16 = 0xffa0;

/// What the enumeration tells of an interface.
#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub(super) vendor: u16,
    pub(super) product: u16,
    pub(super) usage_page: u16,
    pub(super) serial: Option<String>,
    pub(super) path: PathBuf,
}

/// Where Ledgers are plugged in; USB, or a fake.
pub(super) trait Bus: Send {
    /// Every interface of every device, seen anew.
    fn interfaces(&mut self) -> Result<Vec<Interface>, TransportError>;
    /// Opens the one with this device file, for this process alone.
    fn open(&mut self, path: &Path) -> Result<Box<dyn Transport>, TransportError>;
}

/// The installations that are pinned; asked anew at each opening, since pins move.
pub type Pinned = Box<dyn Fn() -> Vec<[u8; 16]> + Send>;

/// Of several Ledgers of which none is pinned each is asked again after this: somebody else may be using one of them.
const AGAIN: Duration = Duration::from_secs(2);

/// Picks a Ledger and opens it.
pub(super) struct Opener<B> {
    bus: B,
    wanted: Wanted,
    pinned: Pinned,
    /// None of these was pinned, then.
    in_vain: Option<(Instant, Vec<Plugged>, Absence)>,
}

impl<B: Bus> super::Opener for Opener<B> {
    fn open(&mut self) -> Result<Box<dyn Transport>, TransportError> {
        // Enumerated anew each time: a replugged device has another number.
        let plugged = matching(&self.bus.interfaces()?, &self.wanted)?;
        match &plugged[..] {
            [only] => self.bus.open(&only.path),
            _ => self.pinned_of(plugged),
        }
    }
}

impl<B: Bus> Opener<B> {
    pub(super) fn new(bus: B, wanted: Wanted, pinned: Pinned) -> Self {
        Self { bus, wanted, pinned, in_vain: None }
    }

    /// Asks each who it is, and takes the pinned one. All others are closed again.
    fn pinned_of(&mut self, plugged: Vec<Plugged>) -> Result<Box<dyn Transport>, TransportError> {
        if let Some((at, same, absence)) = &self.in_vain
            && at.elapsed() < AGAIN
            && *same == plugged
        {
            return Err(absence.clone().into());
        }
        self.in_vain = None;
        let pinned = (self.pinned)();
        let mut answers = Vec::new();
        for one in &plugged {
            let answer = match self.ask(&one.path) {
                Ok((link, installation)) if pinned.contains(&installation) => return Ok(link),
                Ok((_, installation)) => Answer::Installation(installation),
                Err(fault) => Answer::Fault(Box::new(fault)),
            };
            answers.push((one.clone(), answer));
        }
        let absence = Absence::NonePinned { pinned: !pinned.is_empty(), answers };
        self.in_vain = Some((Instant::now(), plugged, absence.clone()));
        Err(absence.into())
    }

    fn ask(&mut self, path: &Path) -> Result<(Box<dyn Transport>, [u8; 16]), Fault> {
        let mut link = self.bus.open(path)?;
        let version = introduce(&mut |apdu| Ok(link.exchange(apdu, Instant::now() + DEADLINE)?))?;
        Ok((link, version.installation))
    }
}

/// The Ledgers that can be used and that the config means; there is at least one, or a reason why there is none.
fn matching(interfaces: &[Interface], wanted: &Wanted) -> Result<Vec<Plugged>, Absence> {
    let ledgers: Vec<Plugged> =
        interfaces.iter().filter(|one| one.vendor == VENDOR).map(Interface::plugged).collect();
    if ledgers.is_empty() {
        return Err(Absence::NoLedger);
    }
    let usable = |one: &Plugged| one.model.is_ours() && one.shows == Shows::Apdu;
    let (usable, mut others): (Vec<_>, Vec<_>) = ledgers.into_iter().partition(usable);
    if usable.is_empty() {
        // One device, several interfaces: said once.
        others.dedup_by(|one, other| (one.model, &one.serial) == (other.model, &other.serial));
        return Err(Absence::Unusable(others));
    }
    let (found, _): (Vec<_>, Vec<_>) = usable.iter().cloned().partition(|one| wanted.means(one));
    if found.is_empty() {
        return Err(Absence::Unmatched { wanted: wanted.clone(), plugged: usable });
    }
    Ok(found)
}

impl Interface {
    fn plugged(&self) -> Plugged {
        let shows = match (self.product >> 8, self.usage_page) {
            (0, _) => Shows::Old,
            (_, USAGE_PAGE) => Shows::Apdu,
            _ => Shows::NoApdu,
        };
        Plugged {
            model: Model::of(self.product),
            shows,
            path: self.path.clone(),
            serial: self.serial.clone(),
        }
    }
}

impl Wanted {
    fn means(&self, one: &Plugged) -> bool {
        self.serial.as_ref().is_none_or(|serial| one.serial.as_ref() == Some(serial))
            && self.path.as_ref().is_none_or(|path| is_same(path, &one.path))
    }
}

/// Whether two paths mean one file: the config's may be a link that udev makes, as /dev/ledger-a.
fn is_same(wanted: &Path, found: &Path) -> bool {
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    wanted == found || canonical(wanted) == canonical(found)
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
