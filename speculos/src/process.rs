//! The two processes, their folder and their end.
//!
//! Speculos is a Python process that forks qemu. Both are one process group with a folder of its own. That folder goes
//! when we do: by [`Drop`], or, if we are killed, by `launch.py` on the other end of the lifeline.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};
use tempfile::TempDir;

use crate::log::Log;
use crate::nvram::{self, Image};
use crate::{Error, Options};

/// The app's name in the folder: a fixed one, because Speculos hands the path on in a list separated by colons.
pub(crate) const ELF: &str = "app.elf";

const LAUNCHER: &str = "launch.py";

/// Variables that would change the emulated device.
const ENVIRONMENT: &[&str] = &["SPECULOS_APPNAME", "SPECULOS_DETECTED_APPNAME", "RNG_SEED"];

/// How long killed processes may take to vanish. They are not asked, so this is only the kernel's time.
const LAST_BREATH: Duration = Duration::from_secs(5);

/// A started instance.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Once it is, its number may belong to somebody else.
    reaped: bool,
    log: Log,
    /// That it closes with this process, however that ends, is its whole use from now on.
    _lifeline: UnixStream,
    folder: TempDir,
    /// Bytes of a page of its flash.
    page: usize,
}

/// Where an instance listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) apdu: SocketAddr,
    pub(crate) http: SocketAddr,
}

impl Process {
    /// Starts the processes. They are not ready then, but whoever connects is answered later.
    pub(crate) fn start(options: &Options) -> Result<(Self, Addresses), Error> {
        let folder = furnish(options)?;
        let apdu = listen(options.port)
            .map_err(Error::io(format!("listen on port {} of 127.0.0.1", options.port)))?;
        spawn(python(options), apdu, folder, options.model.page)
            .map_err(Error::io(format!("start {}", options.python.display())))
    }

    /// How Speculos ended, if it did. It is not reaped by this question.
    pub(crate) fn ended(&self) -> Option<String> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.group()), options).ok().flatten().map(|status| describe(&status))
    }

    /// As [`Process::ended`], but gives an end that is under way some time.
    pub(crate) fn ended_within(&self, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            let ended = self.ended();
            if ended.is_some() || Instant::now() > deadline {
                return ended;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills both processes at once, as a power cut, and waits until they are gone.
    pub(crate) fn kill(&mut self) {
        if self.reaped {
            return;
        }
        // Fails only if nobody is left to kill. The unreaped leader keeps the group's number ours.
        let _ = kill_process_group(self.group(), Signal::KILL);
        let _ = self.child.wait();
        self.reaped = true;
        self.log.ended_within(LAST_BREATH);
    }

    /// The NVM as written until now.
    pub(crate) fn nvram(&self) -> Result<Image, Error> {
        Image::load(&self.folder.path().join(nvram::FILE), self.page)
    }

    /// The number of Speculos' own process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder with everything an instance reads.
fn furnish(options: &Options) -> Result<TempDir, Error> {
    let folder = tempfile::Builder::new()
        .prefix("speculos-")
        .tempdir()
        .map_err(Error::io("make a folder for the emulator"))?;
    std::fs::copy(&options.elf, folder.path().join(ELF))
        .map_err(Error::file("read the app", &options.elf))?;
    let launcher = folder.path().join(LAUNCHER);
    std::fs::write(&launcher, include_str!("launch.py")).map_err(Error::file("write", &launcher))?;
    if !options.nvram.is_blank() {
        options.nvram.save(&folder.path().join(nvram::FILE))?;
    }
    Ok(folder)
}

/// The command that runs the launcher. It runs in the folder of the instance, so a relative path is made whole first
/// (without following links: through one of them Python finds its environment).
fn python(options: &Options) -> Command {
    let program = std::path::absolute(&options.python).unwrap_or_else(|_| options.python.clone());
    let mut command = Command::new(program);
    // Isolated, so that no variable or folder of the user's changes which modules are found; unbuffered, so that the
    // log is whole when the process is killed.
    command.args(["-I", "-u", LAUNCHER, options.model.release().version()]).args(options.arguments(ELF));
    for name in ENVIRONMENT {
        command.env_remove(name);
    }
    command
}

/// Port 0 is one that the system picks.
fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn spawn(
    mut command: Command,
    apdu: TcpListener,
    folder: TempDir,
    page: usize,
) -> io::Result<(Process, Addresses)> {
    let http = listen(0)?;
    let addresses = Addresses { apdu: apdu.local_addr()?, http: http.local_addr()? };
    let (lifeline, theirs) = UnixStream::pair()?;
    // Before there is a child: one that dies at once would make this fail, and its own reason is the better one.
    hand_over(&lifeline, [apdu.as_fd(), http.as_fd()])?;
    let (read, write) = io::pipe()?;
    command.current_dir(folder.path()).process_group(0);
    command.stdin(OwnedFd::from(theirs)).stdout(write.try_clone()?).stderr(write);
    let child = command.spawn()?;
    // Ours of the child's ends go with the command; with them open, neither log nor lifeline would ever end.
    drop(command);
    let log = Log::collect(read);
    Ok((Process { child, reaped: false, log, _lifeline: lifeline, folder, page }, addresses))
}

/// Sends the listening sockets. We close ours afterwards: once the child is dead, nobody accepts any more.
fn hand_over(lifeline: &UnixStream, sockets: [BorrowedFd<'_>; 2]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fits = ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
    assert!(fits, "the space was made for two");
    sendmsg(lifeline, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

fn describe(status: &WaitIdStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => format!("{status:?}"),
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
