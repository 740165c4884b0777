//! An operator's desk: a config, the program, its daemon, and a node that listens.

use std::fs::{self, File};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use highwater::privval::Codec;
use highwater::privval::proto::{BlockId, Envelope, PartSetHeader, SignVoteRequest, Sum, Timestamp, Vote};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::Framed;

use crate::emulator::Emulator;
use crate::harness::within;

/// The chain of these tests.
pub(crate) const CHAIN: &str = "alpha-1";

/// The program in a folder, without arguments. The lock of a device's port lies in the folder for passing files: each test has
/// its own, or tests that name the same port (one where nobody listens) would meet each other's locks.
pub(crate) fn program(folder: &Path, passing: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.current_dir(folder).env("TMPDIR", passing).stdin(Stdio::null());
    command
}

/// A state directory and a config on one device.
pub(crate) struct Desk {
    dir: TempDir,
    pub(crate) config: PathBuf,
    pub(crate) emulator: Emulator,
}

impl Desk {
    pub(crate) fn new(seed: &str) -> Self {
        Self::with("", Emulator::start(seed))
    }

    /// With the chain approved and pinned, at height 1.
    pub(crate) fn pinned(seed: &str) -> Self {
        let desk = Self::new(seed);
        desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]);
        desk
    }

    /// `more` goes into the chain's section.
    pub(crate) fn with(more: &str, emulator: Emulator) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("highwater.toml");
        let text = format!(
            "state_dir = {:?}\n[device]\ntransport = \"speculos\"\naddress = \"{}\"\n[[chain]]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\n{more}",
            dir.path().join("state"),
            emulator.address,
            dir.path().join("node.sock").display()
        );
        fs::write(&config, text).unwrap();
        // Root makes none by itself.
        fs::create_dir(dir.path().join("state")).unwrap();
        Self { dir, config, emulator }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A command line with this desk's config, not run yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.dir.path(), self.emulator.passing());
        command.args(args).arg("--config").arg(&self.config);
        command
    }

    /// What a person sees: the command, its output, its exit code; what differs from run to run has a name.
    pub(crate) fn says(&self, args: &[&str]) -> String {
        self.said(args, self.command(args))
    }

    /// The same, with what `change` sets.
    pub(crate) fn says_with(&self, args: &[&str], change: impl FnOnce(&mut Command)) -> String {
        let mut command = self.command(args);
        change(&mut command);
        self.said(args, command)
    }

    /// The same, without the option that names the config.
    pub(crate) fn says_alone(&self, args: &[&str], change: impl FnOnce(&mut Command)) -> String {
        let mut command = program(self.dir.path(), self.emulator.passing());
        command.args(args);
        change(&mut command);
        self.said(args, command)
    }

    /// The same, as another user, who may read the config.
    pub(crate) fn says_as(&self, user: u32, args: &[&str]) -> String {
        self.says_as_with(user, args, || ())
    }

    /// The same, once `change` has made the config what it is.
    pub(crate) fn says_as_with(&self, user: u32, args: &[&str], change: impl FnOnce()) -> String {
        // Where the program was built need not be open to that user.
        let place = tempfile::tempdir().unwrap();
        let program = place.path().join("highwater");
        fs::copy(env!("CARGO_BIN_EXE_highwater"), &program).unwrap();
        for open in [place.path(), self.dir.path(), &self.config] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = Command::new(program);
        command.args(args).arg("--config").arg(&self.config).current_dir("/").stdin(Stdio::null());
        // The lock of a port is a file of its user in the folder for passing files: another test may get the same port.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        command.uid(user).gid(user).env("TMPDIR", place.path());
        change();
        self.said(args, command)
    }

    fn said(&self, args: &[&str], mut command: Command) -> String {
        // Another test may be starting a program just now, and hold the copy of ours open for writing until it runs.
        let done = loop {
            match command.output() {
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                done => break done.unwrap(),
            }
        };
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let text =
            format!("$ highwater {}\n{err}{out}exit {}\n", args.join(" "), done.status.code().unwrap());
        self.named(&text)
    }

    /// What a person sees who watches it: both outputs, in the order in which it was written.
    pub(crate) fn watched(&self, args: &[&str], mut command: Command) -> String {
        let (mut reader, writer) = std::io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        self.named(&format!("$ highwater {}\n{said}exit {code}\n", args.join(" ")))
    }

    /// The command while it runs.
    pub(crate) fn begins(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// It must succeed.
    pub(crate) fn must(&self, args: &[&str]) -> String {
        let said = self.says(args);
        assert!(said.ends_with("exit 0\n"), "{said}");
        said
    }

    /// Installations, paths, ports and what was measured get names.
    fn named(&self, text: &str) -> String {
        let measured = |line: &str| match line.split_once("extensions      up to ") {
            Some((before, after)) => {
                let unit = after.find(" are signed").expect("the rest of the sentence");
                format!("{before}extensions      up to [length]{}", &after[unit..])
            }
            None => line.to_owned(),
        };
        let text = text.split_inclusive('\n').map(measured).collect::<String>();
        let text = text.replace(&self.dir.path().display().to_string(), "[dir]");
        let text = text.replace(&self.emulator.address.to_string(), "[address]");
        let port = format!("highwater-speculos-{}.lock", self.emulator.address.port());
        let text = text.replace(&format!("{}/{port}", self.emulator.passing().display()), "[lock]");
        let mut named = String::new();
        for piece in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
            let digits = piece.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            match digits.len() {
                32 => named += &piece.replace(digits, "[installation]"),
                _ => named += piece,
            }
        }
        named
    }

    /// Serves metrics, beside everything else of the config; where.
    pub(crate) fn serve_metrics(&self) -> SocketAddr {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = fs::read_to_string(&self.config).unwrap();
        fs::write(&self.config, format!("{text}\n[admin]\nmetrics = \"{address}\"\n")).unwrap();
        address
    }

    /// Starts the daemon, and the node that it dials.
    pub(crate) async fn daemon(&self) -> Daemon {
        self.daemon_with(|_| ()).await
    }

    /// The same, with what `change` sets: another log, other variables.
    pub(crate) async fn daemon_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let mut daemon = self.daemon_alone_with(change);
        daemon.accept().await;
        daemon
    }

    /// Starts the daemon and a node, which need not find each other.
    pub(crate) fn daemon_alone(&self) -> Daemon {
        self.daemon_alone_with(|_| ())
    }

    fn daemon_alone_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let socket = self.path("node.sock");
        let _ = fs::remove_file(&socket);
        let node = UnixListener::bind(&socket).unwrap();
        let log = self.path("daemon.log");
        let mut command = self.command(&["run"]);
        command.stdout(File::create(&log).unwrap());
        change(&mut command);
        Daemon { child: command.spawn().unwrap(), log, node, link: None }
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    node: UnixListener,
    link: Option<Framed<UnixStream, Codec>>,
}

impl Daemon {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The signal, and what the daemon ends with, in time.
    pub(crate) async fn ends_by(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                match self.child.try_wait().unwrap() {
                    Some(status) => return status,
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        ended.await.expect("the daemon ends")
    }

    /// The daemon dials (again).
    pub(crate) async fn accept(&mut self) {
        self.link = None;
        let (stream, _) = within(self.node.accept()).await.unwrap();
        self.link = Some(Framed::new(stream, Codec));
    }

    /// A reply within a node's patience; `None` is silence, after which the node cuts the link and the daemon
    /// dials again.
    pub(crate) async fn asks(&mut self, vote: Sum) -> Option<Sum> {
        let link = self.link.as_mut().unwrap();
        link.send(Envelope { sum: Some(vote) }).await.unwrap();
        match tokio::time::timeout(Duration::from_secs(5), link.next()).await {
            Ok(reply) => reply.expect("a reply, not the end").unwrap().sum,
            Err(_) => {
                self.accept().await;
                None
            }
        }
    }

    /// As a node does: the same bytes again, until there is a reply.
    pub(crate) async fn insists(&mut self, vote: &Sum) -> Sum {
        for _ in 0..10 {
            if let Some(reply) = self.asks(vote.clone()).await {
                return reply;
            }
        }
        panic!("no reply; the log says:\n{}", self.log());
    }

    /// The node asks, and hangs up before it is answered.
    pub(crate) async fn asks_and_leaves(&mut self, vote: Sum) {
        let link = self.link.as_mut().unwrap();
        link.send(Envelope { sum: Some(vote) }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.accept().await;
    }

    /// The node ends, and takes its socket with it.
    pub(crate) fn node_leaves(&mut self, desk: &Desk) {
        fs::remove_file(desk.path("node.sock")).unwrap();
        self.link = None;
    }

    /// The node starts again.
    pub(crate) async fn node_returns(&mut self, desk: &Desk) {
        self.node = UnixListener::bind(desk.path("node.sock")).unwrap();
        self.accept().await;
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The lines of the log that have this in them.
    pub(crate) fn lines(&self, what: &str) -> Vec<String> {
        self.log().lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
    }

    /// Waits until the log says this.
    pub(crate) async fn until(&self, what: &str) {
        within(async {
            while self.lines(what).is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Failing means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A prevote for a block of this number.
pub(crate) fn prevote(height: i64, block: u8) -> Sum {
    let part_set_header = Some(PartSetHeader { total: 1, hash: vec![block; 32] });
    let vote = Vote {
        r#type: 1,
        height,
        block_id: Some(BlockId { hash: vec![block; 32], part_set_header }),
        timestamp: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        ..Default::default()
    };
    Sum::SignVoteRequest(SignVoteRequest {
        vote: Some(vote),
        chain_id: CHAIN.to_owned(),
        skip_extension_signing: false,
    })
}
