//! `audit = true`: the HSM's own log is held against what this signer asked for.
//!
//! An HSM signs whatever the holder of its authentication key gives it, and a disk can be rolled back. A YubiHSM2 logs each
//! signature, and nobody takes that back: a count that this signer cannot explain is somebody else's signature, or one
//! that this disk has forgotten. Then the store signs nothing, until the owner has looked.
//!
//! **The order.** The mark stands on the disk, then the ledger says that one more signature is owed, and is synced; then the HSM
//! is asked. So an entry is never without its debt, whatever is cut: a debt without an entry is all that a cut leaves. Such
//! a debt is forgiven once no session of ours can make it true any more (a session of the HSM dies after 30 s without a
//! command; twice that is waited), so it does not hide somebody else's signature for long. What was read of the log is
//! written before the log is told that it was read.
//!
//! **The first ledger.** It stands on the disk before the first marks do. So beside marks a ledger that is not there was lost, or
//! the option is new: nothing is signed until the owner has begun it. Else whoever takes the file away takes the alarm away.
//!
//! **What it does not show.** What was signed: the log has no message. A signature that somebody made in the minute of a debt
//! reads as ours, one for each. An HSM whose log was switched off says nothing; that is found at the next opening.

mod file;
mod rule;

use std::path::Path;
use std::time::{Duration, Instant};

pub use file::Book;
pub use rule::{Elsewhere, Entry, HOLDS, Ledger, Ours, Place, Signed};

use crate::keys::{KeyFault, KeyStore};
use crate::{Disk, Fault};

/// Twice what a session of the HSM lives without a command.
pub const SESSION: Duration = Duration::from_secs(60);

/// Signatures without a look in between: each is an entry, and the log holds 62.
const MANY: u32 = 16;

/// What it means that there is no ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The device has no marks yet, or its owner has looked: it begins with the log as it is.
    Begins,
    /// The device has marks, so nobody knows what the log may show.
    Lost,
}

/// What the owner accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// That there was no ledger.
    Begun,
    /// A log that is as it should be.
    Sound,
    /// This.
    Found(Elsewhere),
}

/// A store whose log is held against what is asked of it.
pub struct Audited<S> {
    store: S,
    book: Book,
    ledger: Ledger,
    ours: Ours,
    /// Since when the answer of a signature is missing.
    missing: Option<Instant>,
    session: Duration,
    /// Since the last look.
    asked: u32,
}

impl<S: KeyStore> Audited<S> {
    /// Reads the log for the first time in this life.
    ///
    /// # Errors
    /// [`KeyFault::Elsewhere`] if it shows what it must not, now or before; [`Fault::AuditMissing`] if the ledger was lost.
    /// Those of the file, and of the store.
    pub fn open(
        store: S,
        path: &Path,
        ours: Ours,
        secret: [u8; 32],
        missing: Missing,
    ) -> Result<Self, Fault> {
        let (book, ledger) = Book::open(path, checked_by(secret), missing)?;
        Self::with(store, book, ledger, ours, SESSION)
    }

    /// The same on a disk; a session of the store dies after so long.
    ///
    /// # Errors
    /// As of [`Audited::open`].
    pub fn on(
        store: S,
        path: &Path,
        disk: Box<dyn Disk>,
        ours: Ours,
        secret: [u8; 32],
        missing: Missing,
        session: Duration,
    ) -> Result<Self, Fault> {
        let (book, ledger) = Book::on(path, disk, checked_by(secret), missing)?;
        Self::with(store, book, ledger, ours, session)
    }

    fn with(
        mut store: S,
        mut book: Book,
        ledger: Option<Ledger>,
        ours: Ours,
        session: Duration,
    ) -> Result<Self, Fault> {
        let ledger = match ledger {
            Some(ledger) => ledger,
            None => {
                let begin = Ledger::begin(&store.log()?);
                book.write(&begin)?;
                begin
            }
        };
        // What this disk says is owed may be under way in a session of a life before.
        let missing = (ledger.owed() > 0).then(Instant::now);
        let mut audited = Self { store, book, ledger, ours, missing, session, asked: 0 };
        audited.look()?;
        Ok(audited)
    }

    fn look(&mut self) -> Result<(), KeyFault> {
        let log = self.store.log()?;
        let over = self.missing.is_none_or(|since| since.elapsed() >= self.session);
        let mut ledger = self.ledger;
        ledger.look(&log, &self.ours, over);
        if ledger != self.ledger {
            self.write(ledger)?;
        }
        self.asked = 0;
        if over {
            self.missing = None;
        }
        if let Some(found) = self.ledger.found() {
            return Err(KeyFault::Elsewhere(found));
        }
        match self.ledger.at() {
            // Not each time: the HSM may log that too.
            Some(at) if log.len() > HOLDS / 2 => self.store.log_was_read(at.item),
            _ => Ok(()),
        }
    }

    fn write(&mut self, ledger: Ledger) -> Result<(), KeyFault> {
        self.book.write(&ledger).map_err(|fault| KeyFault::Broken(fault.to_string()))?;
        self.ledger = ledger;
        Ok(())
    }
}

fn checked_by(secret: [u8; 32]) -> file::Check {
    use hmac::{Hmac, Mac};
    Box::new(move |bytes| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).expect("HMAC takes a key of any length");
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    })
}

/// The owner has looked: the log counts from here on. What it shows since it was read last is told before it is the past.
///
/// # Errors
/// Those of the file, and of the store.
pub fn accept(
    store: &mut impl KeyStore,
    path: &Path,
    ours: &Ours,
    secret: [u8; 32],
) -> Result<Accepted, Fault> {
    let (mut book, ledger) = Book::open(path, checked_by(secret), Missing::Begins)?;
    let log = store.log()?;
    book.write(&Ledger::begin(&log))?;
    let Some(mut ledger) = ledger else { return Ok(Accepted::Begun) };
    // The daemon is stopped, and its sessions with it: whatever was asked for has been answered.
    ledger.look(&log, ours, true);
    Ok(ledger.found().map_or(Accepted::Sound, Accepted::Found))
}

impl<S: KeyStore> KeyStore for Audited<S> {
    fn identity(&mut self) -> Result<[u8; 32], KeyFault> {
        self.store.identity()
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        self.store.secret(message)
    }

    /// The log is read as often as the store is asked whether it is there.
    fn ping(&mut self) -> Result<(), KeyFault> {
        self.store.ping()?;
        self.look()
    }

    fn longest(&self) -> usize {
        self.store.longest()
    }

    fn takes_keys(&self) -> bool {
        self.store.takes_keys()
    }

    fn target(&self) -> u8 {
        self.store.target()
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        self.store.public_key(index)
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        if self.asked >= MANY {
            self.look()?;
        }
        let mut ledger = self.ledger;
        ledger.ask();
        self.write(ledger)?;
        self.asked += 1;
        let answer = self.store.sign(index, message);
        if let Err(KeyFault::Absent(_) | KeyFault::Broken(_)) = &answer {
            // It may be made, or be made yet.
            self.missing = Some(Instant::now());
        }
        answer
    }

    fn forget(&mut self, index: u32) {
        self.store.forget(index);
    }
}

impl<S> std::fmt::Debug for Audited<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audited").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
