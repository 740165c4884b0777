//! One running instance: its start, its health and its end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::Http;
use crate::nvram::Image;
use crate::probe::{self, AGONY, App, Failure};
use crate::process::Process;
use crate::screen::Screen;
use crate::{Error, Options, tools};

/// A device with an app on it. It can be shared between threads; it ends when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    http: Http,
    apdu: SocketAddr,
    app: App,
}

impl Emulator {
    /// Starts an instance and waits until its app answers: about a second, several on a busy machine.
    ///
    /// # Errors
    /// [`Error::Missing`] without qemu, [`Error::Io`], [`Error::Died`], [`Error::NotReady`]. Nothing is left behind.
    pub fn start(options: &Options) -> Result<Self, Error> {
        tools::require_qemu()?;
        let deadline = Instant::now() + options.patience;
        let (process, addresses) = Process::start(options)?;
        let app = match probe::ask(addresses.apdu, deadline, |patience| check(&process, patience)) {
            Ok(app) => app,
            Err(Failure::Lost(error)) => return Err(error),
            Err(Failure::Wrong(cause)) => {
                return Err(Error::NotReady { cause, log: process.log().tail() });
            }
        };
        let emulator = Self { process, http: Http::new(addresses.http), apdu: addresses.apdu, app };
        // The HTTP interface starts in a thread of its own, possibly later.
        emulator.get::<Screen>("/events")?;
        Ok(emulator)
    }

    /// Where the APDU transport connects, on loopback. One client at a time: a second one takes the replies from the
    /// first.
    pub fn apdu_address(&self) -> SocketAddr {
        self.apdu
    }

    /// Name and version that the app gave when it was started.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Whether the instance still runs. Its exit code would not tell: it is 0 after qemu was killed, too.
    ///
    /// # Errors
    /// [`Error::Died`] with the cause, if the log tells one.
    pub fn check(&self) -> Result<(), Error> {
        check(&self.process, Duration::ZERO)
    }

    /// The last 4,000 lines of Speculos and qemu. APDUs are in it (`apdu: > ...`), and what the app prints (`printf: ...`).
    pub fn log(&self) -> String {
        self.process.log().text()
    }

    /// A copy of the NVM as written until now. It is whole if the app is idle; in the middle of a command it may hold a
    /// part of its writes, but only whole ones.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn nvram(&self) -> Result<Image, Error> {
        self.process.nvram()
    }

    /// Ends the instance as if its cable had been pulled, and gives the NVM as it was left. Works on a dead one as well.
    ///
    /// # Errors
    /// [`Error::Io`] if the image cannot be read; the instance is gone in any case.
    pub fn pull_the_plug(mut self) -> Result<Image, Error> {
        self.process.kill();
        self.process.nvram()
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.explain(self.http.get(path))
    }

    pub(crate) fn post(&self, path: &str, order: &Value) -> Result<(), Error> {
        self.explain(self.http.post(path, order))
    }

    /// A failed request, if the reason is that the emulator ended, becomes that reason.
    pub(crate) fn explain<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if matches!(outcome, Err(Error::Http { .. })) {
            check(&self.process, AGONY)?;
        }
        outcome
    }
}

fn check(process: &Process, patience: Duration) -> Result<(), Error> {
    let Some(status) = process.ended_within(patience) else {
        return Ok(());
    };
    // The log of the end comes through a pipe; let it arrive.
    process.log().ended_within(AGONY);
    Err(Error::Died { status, cause: process.log().cause_of_death(), log: process.log().tail() })
}
