//! The admin socket: one JSON object a line, one answer a line. Whoever may open it may ask the device
//! anything but signatures and what its buttons guard.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use highwater_core::hrs::Hrs;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::accept::Accepting;
use super::patience::{self, Unanswered, within};
use super::{Report, report};
use crate::advice;
use crate::device::{self, Device};
use crate::log::Kind;
use crate::node::Service as _;
use crate::place::Place;
use crate::validator::{Memory, Pins, Validator};

/// The longest line taken: a command of the device in hex, with room.
const LINE: u64 = 2_048;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
enum Ask {
    Status,
    Exchange {
        apdu: String,
    },
    Press {
        approved: bool,
    },
    /// The file of pins has changed.
    Repin,
    /// The owner said that everything up to here counts as signed.
    Raise {
        chain: String,
        to: Place,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Status(Box<Report>),
    Reply(String),
    Pressed(bool),
    Repinned,
    Raised,
    Failed(String),
}

/// Where the socket stands.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("admin.sock")
}

/// The daemon's end.
#[derive(Debug)]
pub struct Listener(UnixListener, PathBuf);

impl Listener {
    /// Makes the socket, readable by its owner alone. The caller holds the lock of the state directory, so a
    /// socket found there is a dead daemon's.
    pub fn bind(state_dir: &Path) -> io::Result<Self> {
        let path = path(state_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        // The directory is 0700, so nobody else came in between.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self(listener, state_dir.to_owned()))
    }

    /// Serves until the future is dropped. A shortage of files does not end it.
    pub async fn serve(self, device: Device, validators: Vec<Validator>) -> io::Result<()> {
        let mut clients = JoinSet::new();
        let mut accepting = Accepting::default();
        loop {
            tokio::select! {
                accepted = self.0.accept() => {
                    if let Some((stream, _)) = accepting.take(accepted).await {
                        let (device, validators) = (device.clone(), validators.clone());
                        clients.spawn(client(stream, self.1.clone(), device, validators));
                    }
                }
                Some(_) = clients.join_next() => {}
            }
        }
    }
}

async fn client(
    stream: UnixStream,
    state_dir: PathBuf,
    device: Device,
    validators: Vec<Validator>,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        if (&mut read).take(LINE).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(Ask::Status) => {
                device.look().await;
                Answer::Status(Box::new(report(&device, &validators)))
            }
            Ok(Ask::Press { approved }) => Answer::Pressed(device.press(approved).await),
            Ok(Ask::Repin) => match repin(&state_dir, &validators) {
                Ok(()) => Answer::Repinned,
                Err(error) => Answer::Failed(error.to_string()),
            },
            Ok(Ask::Raise { chain, to }) => match raise(&state_dir, &validators, &chain, to.0).await {
                Ok(()) => Answer::Raised,
                Err(error) => Answer::Failed(error),
            },
            Ok(Ask::Exchange { apdu }) => match hex::decode(&apdu) {
                // A vote would be in no state file, from which the mark of another device is seeded; and a stream is
                // the bridge's.
                Ok(apdu) if device::signs(&apdu) => Answer::Failed(advice::not_by_socket()),
                Ok(apdu) => match device.exchange(apdu).await {
                    Ok(reply) => Answer::Reply(hex::encode(reply)),
                    Err(fault) => Answer::Failed(advice::fault(&fault)),
                },
                Err(error) => Answer::Failed(format!("the command is not hex ({error})")),
            },
            Err(error) => Answer::Failed(format!("not a request of the admin socket ({error})")),
        };
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        write.write_all(&line).await?;
    }
}

/// Takes over pins that the owner moved to another installation of the same key.
fn repin(state_dir: &Path, validators: &[Validator]) -> anyhow::Result<()> {
    let pins = Pins::load(state_dir)?;
    for validator in validators {
        let pin = pins.get(validator.chain()).filter(|pin| pin.key == validator.public_key());
        let Some(pin) = pin else { continue };
        let moved = pin.installation != validator.installation();
        if !moved && validator.fallen().is_none() {
            continue;
        }
        let memory = Memory::load(state_dir, validator.chain(), &pin)?;
        // Cut after it moved the pin, the command is run again: the fall was another device's.
        if moved || memory.fallen_of(pin.installation, Some(pin)).is_none() {
            validator.adopt(pin.installation, memory.asked);
            let installation = hex::encode(pin.installation);
            tracing::info!(kind = %Kind::ChainAdopted, chain = validator.chain(), installation, "adopted");
        }
    }
    Ok(())
}

/// Remembers durably that this place was asked for, or a higher one. The file is the daemon's own: a command that wrote
/// it would take away what was signed since it read it.
async fn raise(state_dir: &Path, validators: &[Validator], chain: &str, to: Hrs) -> Result<(), String> {
    let known = validators.iter().find(|validator| validator.chain() == chain);
    let validator = known.ok_or_else(|| advice::not_served(chain))?;
    validator.raise(to).await;
    match Memory::found(state_dir, chain) {
        Ok(Some(memory)) if memory.asked >= to => Ok(()),
        Ok(_) => Err(advice::not_raised(chain)),
        Err(error) => Err(error.to_string()),
    }
}

/// The command line's end.
#[derive(Debug)]
pub struct Client(BufReader<UnixStream>);

impl Client {
    /// `None`: no daemon runs on this state directory. Where that cannot be told, it is an error.
    pub async fn connect(state_dir: &Path) -> Result<Option<Self>, String> {
        let path = path(state_dir);
        match UnixStream::connect(&path).await {
            Ok(stream) => Ok(Some(Self(BufReader::new(stream)))),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                Ok(None)
            }
            Err(error) => Err(advice::admin_unreachable(&path, &error)),
        }
    }

    /// The daemon's report.
    pub async fn status(&mut self) -> Result<Report, String> {
        match self.ask(&Ask::Status).await? {
            Answer::Status(report) => Ok(*report),
            other => Err(unexpected(other)),
        }
    }

    /// One command to the device; the reply holds its status word.
    pub async fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, String> {
        match self.ask(&Ask::Exchange { apdu: hex::encode(apdu) }).await? {
            Answer::Reply(reply) => hex::decode(reply).map_err(|error| error.to_string()),
            other => Err(unexpected(other)),
        }
    }

    /// The owner of a simulated device presses; `false` if it has real buttons.
    pub async fn press(&mut self, approved: bool) -> Result<bool, String> {
        match self.ask(&Ask::Press { approved }).await? {
            Answer::Pressed(pressed) => Ok(pressed),
            other => Err(unexpected(other)),
        }
    }

    /// The file of pins has changed.
    pub async fn repin(&mut self) -> Result<(), String> {
        match self.ask(&Ask::Repin).await? {
            Answer::Repinned => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// Everything up to here counts as signed; the daemon has written it when this returns.
    pub async fn raise(&mut self, chain: &str, to: Hrs) -> Result<(), String> {
        match self.ask(&Ask::Raise { chain: chain.to_owned(), to: Place(to) }).await? {
            Answer::Raised => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Answer, String> {
        let patience = match ask {
            Ask::Exchange { .. } | Ask::Press { .. } => patience::DEVICE,
            Ask::Status | Ask::Repin | Ask::Raise { .. } => patience::DAEMON,
        };
        let answer = within(patience, self.answer(ask)).await;
        if matches!(answer, Err(Unanswered::Late(_))) {
            // What comes later must not be taken for the answer to the next question.
            let _ = self.0.get_mut().shutdown().await;
        }
        answer.map_err(|error| error.to_string())
    }

    async fn answer(&mut self, ask: &Ask) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line).await?;
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }
}

fn unexpected(answer: Answer) -> String {
    match answer {
        Answer::Failed(text) => text,
        _ => "the daemon answered something else: restart it, so that both are of one version".to_owned(),
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
