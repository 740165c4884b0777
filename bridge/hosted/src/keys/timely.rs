//! A key store that is waited for, and not for ever.
//!
//! A call of a store blocks inside somebody else's code: the HTTP of the crate `yubihsm` waits 20 s whatever it is told, a
//! PKCS#11 module as long as it likes. The device's thread must not. So a store lives in a thread of its own, and a call
//! that takes longer than [`PATIENCE`] is given up: the store is *absent*, and is opened anew in another thread. What
//! the old thread was told is never told again, so its answer, if one comes, is nobody's; but a login that is refused late is
//! known to the next opening ([`Logins`]).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::{KeyFault, KeyStore, Logins};
use crate::Fault;
use crate::audit::Entry;

/// What a signature takes on an HSM in order is a twentieth of this. A node waits longer.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Threads that were given up and have not ended. More are not started: a module that hangs would eat the host.
const GIVEN_UP: usize = 8;

/// Of this process.
static HANGING: AtomicUsize = AtomicUsize::new(0);

type Job = Box<dyn FnOnce(&mut dyn KeyStore) + Send>;

/// A store in a thread of its own.
pub struct Timely {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
    /// It was given up: nothing more is asked of it.
    hangs: bool,
    /// Its thread ends by this.
    hanging: Arc<OnceLock<()>>,
    longest: usize,
    target: u8,
    takes_keys: bool,
}

impl Timely {
    /// Opens a store in a thread of its own.
    ///
    /// # Errors
    /// Its own; *absent* if it takes longer than [`PATIENCE`]. Those of logins before.
    pub fn open<S: KeyStore + 'static>(
        logins: &Logins,
        open: impl FnOnce() -> Result<S, Fault> + Send + 'static,
    ) -> Result<Self, Fault> {
        Self::within(PATIENCE, logins, open)
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// As of [`Timely::open`].
    pub fn within<S: KeyStore + 'static>(
        patience: Duration,
        logins: &Logins,
        open: impl FnOnce() -> Result<S, Fault> + Send + 'static,
    ) -> Result<Self, Fault> {
        if HANGING.load(Ordering::SeqCst) >= GIVEN_UP {
            return Err(absent(format!("{GIVEN_UP} calls of it still hang")).into());
        }
        let login = logins.begin()?;
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = mpsc::channel();
        let hanging = Arc::new(OnceLock::new());
        let given_up = hanging.clone();
        let thread = thread::Builder::new().name("key store".to_owned()).spawn(move || {
            // Also where the code of others panics.
            let _ends = Ends(given_up);
            let store = open();
            // Before it is told, and whether or not somebody still waits.
            login.answered(&store);
            match store {
                Err(fault) => drop(opened.send(Err(fault))),
                Ok(mut store) => {
                    let facts = (store.longest(), store.target(), store.takes_keys());
                    if opened.send(Ok(facts)).is_ok() {
                        inbox.into_iter().for_each(|job| job(&mut store));
                    }
                }
            }
        });
        thread.map_err(|error| absent(format!("no thread for it: {error}")))?;
        let mut timely =
            Self { jobs, patience, hangs: false, hanging, longest: 0, target: 0, takes_keys: false };
        let (longest, target, takes_keys) = timely.wait(&answer)??;
        Ok(Self { longest, target, takes_keys, ..timely })
    }

    fn ask<T: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut dyn KeyStore) -> Result<T, KeyFault> + Send + 'static,
    ) -> Result<T, KeyFault> {
        if self.hangs {
            return Err(self.took_too_long());
        }
        let (tell, answer) = mpsc::channel();
        // A thread that ended does not answer.
        let _ = self.jobs.send(Box::new(move |store| drop(tell.send(call(store)))));
        self.wait(&answer)?
    }

    fn wait<T>(&mut self, answer: &mpsc::Receiver<T>) -> Result<T, KeyFault> {
        match answer.recv_timeout(self.patience) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.hangs = true;
                HANGING.fetch_add(1, Ordering::SeqCst);
                if self.hanging.set(()).is_err() {
                    // It ended in this very moment.
                    HANGING.fetch_sub(1, Ordering::SeqCst);
                }
                Err(self.took_too_long())
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(KeyFault::Broken("the code that speaks with it gave up".to_owned()))
            }
        }
    }

    fn took_too_long(&self) -> KeyFault {
        absent(format!("no answer in {} s", self.patience.as_secs_f32()))
    }
}

/// A thread that was given up ends after all.
struct Ends(Arc<OnceLock<()>>);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.set(()).is_err() {
            HANGING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn absent(why: String) -> KeyFault {
    KeyFault::Absent(why)
}

impl KeyStore for Timely {
    fn identity(&mut self) -> Result<[u8; 32], KeyFault> {
        self.ask(|store| store.identity())
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        let message = message.to_vec();
        self.ask(move |store| store.secret(&message))
    }

    fn ping(&mut self) -> Result<(), KeyFault> {
        self.ask(|store| store.ping())
    }

    fn longest(&self) -> usize {
        self.longest
    }

    fn takes_keys(&self) -> bool {
        self.takes_keys
    }

    fn target(&self) -> u8 {
        self.target
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        self.ask(move |store| store.public_key(index))
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let message = message.to_vec();
        self.ask(move |store| store.sign(index, &message))
    }

    fn log(&mut self) -> Result<Vec<Entry>, KeyFault> {
        self.ask(|store| store.log())
    }

    fn log_was_read(&mut self, item: u16) -> Result<(), KeyFault> {
        self.ask(move |store| store.log_was_read(item))
    }

    fn forget(&mut self, index: u32) {
        let _ = self.ask(move |store| {
            store.forget(index);
            Ok(())
        });
    }
}

impl std::fmt::Debug for Timely {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timely").field("hangs", &self.hangs).finish_non_exhaustive()
    }
}
