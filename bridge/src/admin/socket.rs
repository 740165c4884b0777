//! The admin socket: one JSON object a line, one answer a line. Whoever may open it may ask the device
//! anything but signatures and what its buttons guard.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use highwater_core::apdu::{Command, Kind};
use highwater_core::hrs::Hrs;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::accept::Accepting;
use super::patience::{self, Unanswered, within};
use super::{Report, report};
use crate::advice;
use crate::device::Exchange;
use crate::hrs_text::HrsText;
use crate::signer::{NotSaid, Signer, Signers, Word};

/// The longest line taken: a command of the device in hex, with room.
const LINE: u64 = 2_048;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
enum Ask {
    Status,
    /// A command for the device with this name; without a name, for the one that is alone.
    Exchange {
        apdu: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
    },
    Press {
        approved: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
    },
    /// The owner is about to be asked for this mark.
    Intend {
        chain: String,
        to: HrsText,
        below: Option<HrsText>,
    },
    /// The question came to nothing.
    ForgetIntention {
        chain: String,
    },
    /// What the device shows now is to be on the disk.
    Settle {
        chain: String,
    },
    /// The device that is plugged in takes the chain over.
    Adopt {
        chain: String,
        installation: String,
    },
    /// The node that has the height will not come back.
    ReleaseOwner {
        chain: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Status(Box<Report>),
    Reply(String),
    Pressed(bool),
    Said {
        owner: Option<String>,
    },
    /// The daemon does not serve the chain: its file is the command's to write.
    NotServed,
    Failed(String),
}

/// Where the socket stands.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("admin.sock")
}

/// The daemon's end.
#[derive(Debug)]
pub struct Listener(UnixListener);

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
        Ok(Self(listener))
    }

    /// Serves until the future is dropped. A shortage of files does not end it.
    pub async fn serve(self, signers: Signers) -> io::Result<()> {
        let mut clients = JoinSet::new();
        let mut accepting = Accepting::default();
        loop {
            tokio::select! {
                accepted = self.0.accept() => {
                    if let Some((stream, _)) = accepting.take(accepted).await {
                        clients.spawn(client(stream, signers.clone()));
                    }
                }
                Some(_) = clients.join_next() => {}
            }
        }
    }
}

async fn client(stream: UnixStream, signers: Signers) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        if (&mut read).take(LINE).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(ask) => answer(&signers, ask).await,
            Err(error) => Answer::Failed(format!("not a request of the admin socket ({error})")),
        };
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        write.write_all(&line).await?;
    }
}

async fn answer(signers: &Signers, ask: Ask) -> Answer {
    match ask {
        Ask::Status => {
            signers.look().await;
            Answer::Status(Box::new(report(signers).await))
        }
        Ask::Press { approved, device } => match signers.on(device.as_deref()) {
            Some(signer) => Answer::Pressed(signer.device().press(approved).await),
            None => no_device(signers, device.as_deref()),
        },
        Ask::Exchange { apdu, device } => match signers.on(device.as_deref()) {
            Some(signer) => exchange(signer, &apdu).await,
            None => no_device(signers, device.as_deref()),
        },
        Ask::Intend { chain, to, below } => {
            let word = Word::Intend { to: to.0, below: below.map(|below| below.0) };
            say(signers, &chain, word).await
        }
        Ask::ForgetIntention { chain } => say(signers, &chain, Word::ForgetIntention).await,
        Ask::Settle { chain } => say(signers, &chain, Word::Settle).await,
        Ask::ReleaseOwner { chain } => say(signers, &chain, Word::ReleaseOwner).await,
        Ask::Adopt { chain, installation } => {
            let mut bytes = [0; 16];
            match hex::decode_to_slice(&installation, &mut bytes) {
                Ok(()) => say(signers, &chain, Word::Adopt(bytes)).await,
                Err(error) => Answer::Failed(format!("the installation is not hex ({error})")),
            }
        }
    }
}

async fn say(signers: &Signers, chain: &str, word: Word) -> Answer {
    match signers.say(chain, word).await {
        Ok(said) => Answer::Said { owner: said.owner.as_deref().map(str::to_owned) },
        Err(NotSaid::NotServed) => Answer::NotServed,
        Err(NotSaid::Below(below)) if let Word::Intend { to, .. } = word => {
            Answer::Failed(advice::below_known(chain, to, below.known))
        }
        Err(not_said) => Answer::Failed(advice::not_said(chain, not_said)),
    }
}

fn no_device(signers: &Signers, device: Option<&str>) -> Answer {
    Answer::Failed(advice::daemon_without(device, &signers.names()))
}

async fn exchange(signer: &Signer, apdu: &str) -> Answer {
    let apdu = match hex::decode(apdu) {
        Ok(apdu) => apdu,
        Err(error) => return Answer::Failed(format!("the command is not hex ({error})")),
    };
    let kind = match Command::parse(&apdu) {
        // A vote would be in no state file, from which the mark of another device is seeded; and a stream is the bridge's.
        Ok(command) if command.kind() == Kind::Signs => return Answer::Failed(advice::not_by_socket()),
        Ok(Command::ImportKey(_)) => return Answer::Failed(advice::no_key_by_socket()),
        Ok(command) => command.kind(),
        Err(_) => return Answer::Failed("the command is none that the app knows".to_owned()),
    };
    match signer.device().exchange(Exchange { apdu: apdu.into(), kind }).await {
        Ok(reply) => Answer::Reply(hex::encode(reply)),
        Err(fault) => Answer::Failed(advice::fault(&fault)),
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

    /// One command to the device with this name; the reply holds its status word.
    pub async fn exchange(&mut self, device: Option<&str>, apdu: &[u8]) -> Result<Vec<u8>, String> {
        let device = device.map(str::to_owned);
        match self.ask(&Ask::Exchange { apdu: hex::encode(apdu), device }).await? {
            Answer::Reply(reply) => hex::decode(reply).map_err(|error| error.to_string()),
            other => Err(unexpected(other)),
        }
    }

    /// The owner of a simulated device presses; `false` if it has real buttons.
    pub async fn press(&mut self, device: Option<&str>, approved: bool) -> Result<bool, String> {
        let device = device.map(str::to_owned);
        match self.ask(&Ask::Press { approved, device }).await? {
            Answer::Pressed(pressed) => Ok(pressed),
            other => Err(unexpected(other)),
        }
    }

    /// The owner is about to be asked for this mark: it counts from now on. `false`: the daemon does not serve the chain.
    pub async fn intend(&mut self, chain: &str, to: Hrs, below: Option<Hrs>) -> Result<bool, String> {
        let chain = chain.to_owned();
        self.say(&Ask::Intend { chain, to: HrsText(to), below: below.map(HrsText) })
            .await
            .map(|said| said.is_some())
    }

    /// The question came to nothing.
    pub async fn forget_intention(&mut self, chain: &str) -> Result<bool, String> {
        self.say(&Ask::ForgetIntention { chain: chain.to_owned() }).await.map(|said| said.is_some())
    }

    /// What the device shows now is on the disk when this returns.
    pub async fn settle(&mut self, chain: &str) -> Result<bool, String> {
        self.say(&Ask::Settle { chain: chain.to_owned() }).await.map(|said| said.is_some())
    }

    /// The device that is plugged in takes the chain over.
    pub async fn adopt(&mut self, chain: &str, installation: [u8; 16]) -> Result<bool, String> {
        let ask = Ask::Adopt { chain: chain.to_owned(), installation: hex::encode(installation) };
        self.say(&ask).await.map(|said| said.is_some())
    }

    /// The node that has the height will not come back. The node, if one had it; no answer: the chain is not served.
    pub async fn release_owner(&mut self, chain: &str) -> Result<Option<Option<String>>, String> {
        self.say(&Ask::ReleaseOwner { chain: chain.to_owned() }).await
    }

    async fn say(&mut self, ask: &Ask) -> Result<Option<Option<String>>, String> {
        match self.ask(ask).await? {
            Answer::Said { owner } => Ok(Some(owner)),
            Answer::NotServed => Ok(None),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Answer, String> {
        let patience = match ask {
            Ask::Exchange { .. } | Ask::Press { .. } => patience::DEVICE,
            Ask::Status
            | Ask::Intend { .. }
            | Ask::ForgetIntention { .. }
            | Ask::Settle { .. }
            | Ask::Adopt { .. }
            | Ask::ReleaseOwner { .. } => patience::DAEMON,
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
