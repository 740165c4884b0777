//! Several devices in one daemon: each signs for its own chains and for no other, and one that is slow, hangs or is gone
//! is waited for by nobody else.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use highwater::admin::Counters;
use highwater::device::{Transport, TransportError, threaded};
use highwater::privval::Codec;
use highwater::privval::proto::{Envelope, SignVoteRequest, Sum};
use highwater::signer::{Served, Signer, Signers, TwoDevices};
use highwater::store::{ChainFile, Pin};
use highwater_core::apdu::Command;
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_guard::{OnAbsent, encode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::UnixListener;
use tokio_util::codec::Framed;

use crate::desk::{Desk, prevote};
use crate::emulator::{Emulator, Fault};
use crate::harness::{Link, refusal, signed_vote, within};

const ALPHA: &str = "alpha-1";
const BETA: &str = "beta-1";

/// Two devices, a and b, and a chain for each. Both have the same seed: each could sign for both.
struct Two {
    desk: Desk,
    b: Emulator,
    metrics: SocketAddr,
}

impl Two {
    /// With both chains approved and pinned, each on its own device.
    fn pinned() -> Self {
        let two = Self { desk: Desk::new("two"), b: Emulator::start("two"), metrics: port() };
        two.configure("a", "b");
        for chain in [ALPHA, BETA] {
            two.desk.must(&["chain", "add", chain, "--key-index", "0", "--next-height", "1"]);
        }
        two
    }

    fn a(&self) -> &Emulator {
        &self.desk.emulator
    }

    /// Writes the config with the device of each chain.
    fn configure(&self, alpha: &str, beta: &str) {
        let device = |name: &str, emulator: &Emulator| {
            format!(
                "[[device]]\nname = {name:?}\ntransport = \"speculos\"\naddress = \"{}\"\n",
                emulator.address
            )
        };
        let chain = |id: &str, device: &str| {
            let node = self.socket(id);
            format!("[[chain]]\nid = {id:?}\ndevice = {device:?}\nnodes = [\"unix://{}\"]\n", node.display())
        };
        let text = format!(
            "state_dir = {:?}\n{}{}{}{}[admin]\nmetrics = \"{}\"\n",
            self.desk.path("state"),
            device("a", self.a()),
            device("b", &self.b),
            chain(ALPHA, alpha),
            chain(BETA, beta),
            self.metrics
        );
        fs::write(&self.desk.config, text).unwrap();
    }

    fn socket(&self, chain: &str) -> PathBuf {
        self.desk.path(&format!("{chain}.sock"))
    }

    fn node(&self, chain: &'static str) -> Node {
        let socket = self.socket(chain);
        let _ = fs::remove_file(&socket);
        Node { chain, listener: UnixListener::bind(socket).unwrap(), link: None }
    }

    /// The daemon, and the nodes of both chains, connected.
    async fn running(&self) -> (Running, Node, Node) {
        let (mut alpha, mut beta) = (self.node(ALPHA), self.node(BETA));
        let log = self.desk.path("daemon.log");
        let mut command = self.desk.command(&["run"]);
        command.stdout(File::create(&log).unwrap()).stderr(File::create(self.desk.path("errors")).unwrap());
        let daemon = Running { child: command.spawn().unwrap(), log };
        alpha.accept().await;
        beta.accept().await;
        (daemon, alpha, beta)
    }

    /// What a watcher reads: the code and the line.
    fn health(&self) -> String {
        let mut client = TcpStream::connect(self.metrics).unwrap();
        write!(client, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        format!("{} {}", head.split(' ').nth(1).unwrap(), body.trim())
    }

    /// Beside everything else that the test does meanwhile.
    async fn status(&self) -> Value {
        let mut command = self.desk.command(&["status", "--json"]);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Until the first line of `status` says this.
    async fn until_status(&self, what: &str) -> String {
        let began = Instant::now();
        loop {
            let verdict = self.status().await["verdict"].as_str().unwrap().to_owned();
            if verdict.contains(what) {
                return verdict;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{what}: {verdict}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn pins(&self) -> String {
        fs::read_to_string(self.desk.path("state/pins.toml")).unwrap()
    }
}

fn port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A daemon; killed when dropped.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asked to end; its exit code.
    async fn end(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        within(async {
            loop {
                match self.child.try_wait().unwrap() {
                    Some(status) => return status.code(),
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        })
        .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A node of one chain.
struct Node {
    chain: &'static str,
    listener: UnixListener,
    link: Option<Link>,
}

impl Node {
    async fn accept(&mut self) {
        self.link = None;
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        self.link = Some(Framed::new(stream, Codec));
    }

    /// A reply within a node's patience; `None` is silence, and the link is cut.
    async fn asks(&mut self, height: i64, block: u8) -> Option<Sum> {
        let Sum::SignVoteRequest(vote) = prevote(height, block) else { unreachable!() };
        let vote = Sum::SignVoteRequest(SignVoteRequest { chain_id: self.chain.to_owned(), ..vote });
        if self.link.is_none() {
            self.accept().await;
        }
        let link = self.link.as_mut().unwrap();
        link.send(Envelope { sum: Some(vote) }).await.unwrap();
        match tokio::time::timeout(Duration::from_secs(5), link.next()).await {
            Ok(Some(reply)) => reply.unwrap().sum,
            _ => {
                self.accept().await;
                None
            }
        }
    }

    /// As a node does: the same vote again, until there is a reply.
    async fn insists(&mut self, height: i64, block: u8) -> Sum {
        for _ in 0..10 {
            if let Some(reply) = self.asks(height, block).await {
                return reply;
            }
        }
        panic!("no reply for {}", self.chain);
    }

    /// The same vote again and again, as long as somebody waits for this.
    async fn asks_on(&mut self, height: i64, block: u8) -> Infallible {
        loop {
            self.asks(height, block).await;
        }
    }

    async fn is_signed(&mut self, height: i64, block: u8) {
        signed_vote(self.insists(height, block).await);
    }

    /// Votes from here on for as long as something else takes; what came of it, and how long the slowest vote took.
    async fn signs_while<T>(&mut self, first: i64, other: impl Future<Output = T>) -> (T, Duration) {
        let (mut other, mut height, mut slowest) = (std::pin::pin!(other), first, Duration::ZERO);
        loop {
            slowest = slowest.max(self.signs(height, 1).await);
            height += 1;
            tokio::select! {
                done = &mut other => return (done, slowest),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    }

    /// So many votes from here on, each signed at the first try; how long the slowest took.
    async fn signs(&mut self, first: i64, votes: i64) -> Duration {
        let mut slowest = Duration::ZERO;
        for height in first..first + votes {
            let asked = Instant::now();
            signed_vote(self.asks(height, 1).await.expect("a vote"));
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_chain_is_signed_on_its_own_device_and_every_view_says_which() {
    let two = Two::pinned();
    let (daemon, mut alpha, mut beta) = two.running().await;
    alpha.is_signed(5, 1).await;
    beta.is_signed(5, 1).await;
    let [a, b] = [two.a(), &two.b].map(|emulator| emulator.bench().asked);
    assert_eq!(two.until_status("SIGNING").await, "SIGNING: 2 chains");
    for height in 6..16 {
        alpha.is_signed(height, 1).await;
    }
    assert_eq!((two.a().bench().asked - a, two.b.bench().asked - b), (10, 0), "no other device was asked");
    let report = two.status().await;
    let names = |what: &str, field: &str| -> Vec<String> {
        let each = report[what].as_array().unwrap().iter();
        each.map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (names("devices", "name"), names("chains", "device")),
        (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()])
    );
    let said = two.desk.says(&["status"]);
    for words in
        ["device   a: Nano S", "device   b: Nano S", "chain    alpha-1, armed\n         device          a\n"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(two.health().starts_with("200 SIGNING: 2 chains"), "{}", two.health());
    let log = daemon.log();
    for (words, device) in [("device ready", "b"), ("signed", "a")] {
        let line =
            log.lines().find(|line| line.contains(words) && line.contains(&format!("device=\"{device}\"")));
        assert!(line.is_some(), "{words} {device}: {log}");
    }
    assert_eq!(daemon.end().await, Some(0));
}

/// The contract: a slow or hanging one delays nobody else's chains.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_slow_or_hangs_or_is_gone_delays_nobody_else() {
    let two = Two::pinned();
    let (daemon, mut alpha, mut beta) = two.running().await;
    alpha.is_signed(5, 1).await;
    let alone = beta.signs(5, 30).await;
    println!("alone: the slowest of 30 took {alone:?}");
    let mut height = 100;
    for (fault, told) in [
        (Fault::Slow(Duration::from_secs(3)), None),
        (Fault::Mute, Some("device a: the device did not answer")),
        (Fault::Gone, Some("device a: the device did not answer")),
    ] {
        two.a().fault(fault);
        // The first request that the device never answers, and the other chain meanwhile.
        let (waited, slowest) = beta.signs_while(height, alpha.asks(height, 1)).await;
        println!("{fault:?}: the slowest vote of the other chain took {slowest:?}");
        assert!(slowest < Duration::from_secs(1), "{fault:?}: {slowest:?}");
        assert_eq!(waited.is_some(), told.is_none(), "{fault:?}");
        if let Some(told) = told {
            let asked = Instant::now();
            let not_signing = async {
                tokio::select! {
                    verdict = two.until_status(told) => verdict,
                    never = alpha.asks_on(height, 1) => match never {},
                }
            };
            let (verdict, slowest) = beta.signs_while(height + 1_000, not_signing).await;
            assert!(verdict.starts_with("NOT SIGNING alpha-1 (1 chain signing): device a: "), "{verdict}");
            println!("{fault:?}: told after {:?}, the slowest vote took {slowest:?}", asked.elapsed());
            assert!(slowest < Duration::from_secs(1), "{fault:?}: {slowest:?}");
            assert!(two.health().starts_with("503 NOT SIGNING alpha-1"), "{}", two.health());
            let (_, slowest) = beta.signs_while(height + 3_000, alpha.asks(height, 1)).await;
            assert!(slowest < Duration::from_secs(1), "{fault:?}: {slowest:?}");
            let (report, _) = beta.signs_while(height + 4_000, two.status()).await;
            let of = |number: usize| &report["devices"][number];
            let well = (of(1)["device_state"].as_str(), of(1)["fault"].is_null());
            assert_eq!(well, (Some("ready"), true), "{report}");
            assert_eq!(of(0)["fault"], report["fault"], "the one that is not well is on top");
        }
        two.a().fault(Fault::None);
        let (_, slowest) = beta.signs_while(height + 5_000, alpha.is_signed(height, 1)).await;
        assert!(slowest < Duration::from_secs(1), "{fault:?}: {slowest:?}");
        beta.signs_while(height + 6_000, two.until_status("SIGNING: 2 chains")).await;
        height += 10_000;
    }
    assert_eq!(daemon.end().await, Some(0));
}

/// The device would sign: it has the seed, the chain, and no mark. What keeps it from that is the pin, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_the_config_gives_to_another_device_is_refused_until_that_one_is_adopted() {
    let two = Two::pinned();
    let alpha_id = ChainId::new(ALPHA.as_bytes()).unwrap();
    let add = Command::AddChain { chain: alpha_id, key_index: 0, mark: Hrs::default() };
    assert!(two.b.bench().device.exchange(&encode(&add).unwrap()).ends_with(&[0x90, 0]));
    let (daemon, mut alpha, _beta) = two.running().await;
    alpha.is_signed(5, 1).await;
    assert_eq!(daemon.end().await, Some(0));

    two.configure("b", "b");
    let pins = two.pins();
    let doctor = two.desk.says(&["doctor"]);
    assert!(doctor.contains("device.other_installation: alpha-1: "), "{doctor}");
    let (daemon, mut alpha, mut beta) = two.running().await;
    beta.is_signed(5, 1).await;
    let asked = two.b.bench().asked;
    for (height, block, words) in [(5, 2, "another statement was released"), (6, 1, "mark adopt")] {
        let text = refusal(alpha.insists(height, block).await);
        assert!(text.contains(words), "{text}");
    }
    assert_eq!((two.b.bench().asked, two.pins()), (asked, pins.clone()), "no command reached it");
    let verdict = two.until_status("NOT SIGNING alpha-1").await;
    assert!(verdict.contains("alpha-1 is pinned to the device a, and the config says b"), "{verdict}");
    // Its own device is named, and the config says another one.
    let said = two.desk.says(&["mark", "adopt", ALPHA, "--device", "a"]);
    assert!(
        said.contains("alpha-1 has the device b in the config, not a") && said.ends_with("exit 64\n"),
        "{said}"
    );
    assert_eq!(two.pins(), pins);

    let said = two.desk.must(&["mark", "adopt", ALPHA]);
    assert!(said.contains("mark 5/0/precommit") || said.contains("mark 5/0/prevote"), "{said}");
    let text = refusal(alpha.insists(5, 2).await);
    assert!(text.contains("not above") || text.contains("released"), "{text}");
    alpha.is_signed(6, 1).await;
    // From the device of before it can be removed, by its name.
    let said = two.desk.must(&["chain", "remove", ALPHA, "--device", "a"]);
    assert!(said.contains("alpha-1 removed: final mark 5/0/prevote"), "{said}");
    // The chain goes on elsewhere, so its section and its daemon stay as they are.
    let forget = "`highwater chain forget alpha-1 --device a`";
    assert!(said.contains(forget) && !said.contains("take its [[chain]] out"), "{said}");
    let said = two.desk.must(&["chain", "forget", ALPHA, "--device", "a"]);
    assert!(said.contains("alpha-1 forgotten"), "{said}");
    alpha.is_signed(7, 1).await;
    assert_eq!(daemon.end().await, Some(0));

    // And back again: the same rule.
    two.configure("a", "b");
    let (daemon, mut alpha, _beta) = two.running().await;
    let asked = two.a().bench().asked;
    let text = refusal(alpha.insists(8, 1).await);
    assert!(text.contains("mark adopt"), "{text}");
    assert_eq!(two.a().bench().asked, asked);
    assert_eq!(daemon.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_config_is_newer_than_the_daemon_s_moves_no_chain_to_another_device() {
    let two = Two::pinned();
    let (daemon, mut alpha, _beta) = two.running().await;
    alpha.is_signed(5, 1).await;
    two.configure("b", "a");
    let pins = two.pins();
    for command in [
        &["mark", "adopt", ALPHA, "--key-index", "0"][..],
        &["chain", "add", ALPHA, "--key-index", "0", "--next-height", "1"],
    ] {
        let said = two.desk.says(command);
        assert!(
            said.contains("the daemon signs for alpha-1 on the device a, and the config says another one")
                && said.contains("start the daemon again")
                && said.ends_with("exit 69\n"),
            "{said}"
        );
    }
    assert_eq!(two.pins(), pins);
    alpha.is_signed(6, 1).await;
    // A device that the daemon does not have.
    let text = fs::read_to_string(&two.desk.config).unwrap();
    fs::write(&two.desk.config, text.replace("\"b\"", "\"c\"")).unwrap();
    let said = two.desk.says(&["device", "info", "--device", "c"]);
    assert!(
        said.contains("the daemon has no device \"c\", it has a, b") && said.ends_with("exit 69\n"),
        "{said}"
    );
    assert_eq!(daemon.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_take_the_device_of_the_chain_or_the_one_that_is_named_and_guess_none() {
    let two = Two::pinned();
    for with_daemon in [false, true] {
        let daemon = match with_daemon {
            true => Some(two.running().await),
            false => None,
        };
        let installation = |device: &str| {
            let told = two.desk.command(&["device", "info", "--json", "--device", device]).output().unwrap();
            let told: Value = serde_json::from_slice(&told.stdout).unwrap();
            told["installation"].as_str().unwrap().to_owned()
        };
        assert_ne!(installation("a"), installation("b"));
        for (command, words, code) in [
            (&["device", "info"][..], "say which by --device, one of a, b", 64),
            (&["events"], "say which by --device, one of a, b", 64),
            (&["key", "list"], "say which by --device, one of a, b", 64),
            (&["chain", "forget", "gamma-1"], "say which by --device, one of a, b", 64),
            (
                &["chain", "add", "gamma-1", "--key-index", "1", "--next-height", "1"],
                "say which by --device",
                64,
            ),
            (&["mark", "adopt", "gamma-1"], "say which by --device", 64),
            (&["device", "info", "--device", "c"], "no device is called \"c\": name one of a, b", 64),
            (&["mark", "adopt", BETA, "--device", "a"], "beta-1 has the device b in the config, not a", 64),
            (&["chain", "add", BETA, "--device", "a", "--key-index", "0", "--next-height", "1"], "not a", 64),
            (
                &["chain", "rename", ALPHA, BETA, "--next-height", "1"],
                "beta-1 has the device b in the config, not a",
                64,
            ),
            (&["device", "info", "--device", "b"], "device   b: Nano S", 0),
            (&["events", "--device", "a"], "since its app was opened", 0),
            (&["key", "list", "--device", "b"], "no key", 0),
            (&["mark", "show", ALPHA], "alpha-1: mark", 0),
            (&["mark", "show", BETA], "beta-1: mark", 0),
            (&["mark", "show", ALPHA, "--device", "b"], "alpha-1", 69),
            (&["chain", "list"], "alpha-1\ta\tarmed", 0),
            (&["chain", "list"], "beta-1\tb\tarmed", 0),
            (&["chain", "list", "--device", "b"], "alpha-1\tnot on these devices\tpinned", 0),
        ] {
            let said = two.desk.says(command);
            assert!(said.contains(words) && said.ends_with(&format!("exit {code}\n")), "{words}: {said}");
        }
        drop(daemon);
    }
    // One whose chain is in no config yet: the next step says which device.
    let said = two.desk.must(&[
        "chain",
        "add",
        "gamma-1",
        "--device",
        "b",
        "--key-index",
        "1",
        "--next-height",
        "1",
    ]);
    assert!(said.contains("id = \"gamma-1\" and device = \"b\" in the config"), "{said}");
}

/// The state directory of a daemon with one device without a name, and the same device once it has one.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_a_name_by_moving_its_files_and_until_then_nothing_is_made_or_signed() {
    let desk = Desk::new("not in use");
    let write = |devices: &str, of_chain: &str| {
        let node = desk.path("node.sock");
        let state = desk.path("state");
        let chain =
            format!("[[chain]]\nid = \"alpha-1\"\n{of_chain}nodes = [\"unix://{}\"]\n", node.display());
        fs::write(&desk.config, format!("state_dir = {state:?}\n{devices}{chain}")).unwrap();
    };
    write("[device]\ntransport = \"simulated\"\n", "");
    desk.must(&["chain", "add", ALPHA, "--key-index", "0", "--next-height", "1", "--yes-simulated"]);
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    drop(daemon);
    let files = || {
        let entries = fs::read_dir(desk.path("state")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.contains("simulated")).collect();
        names.sort();
        names
    };
    assert_eq!(files(), ["simulated.nvm", "simulated.seed"]);

    let two = "[[device]]\nname = \"try\"\ntransport = \"simulated\"\n[[device]]\nname = \"other\"\ntransport = \"simulated\"\n";
    write(two, "device = \"try\"\n");
    let said = desk.says(&["device", "info", "--device", "try"]);
    for words in [
        "device try: the marks in ",
        "state/simulated.nvm belong to no device",
        "move them to ",
        "/try.simulated.nvm",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.ends_with("exit 69\n"), "{said}");
    let mut daemon = desk.daemon().await;
    assert_eq!(daemon.asks(prevote(6, 1)).await, None, "nothing is signed");
    assert_eq!(files(), ["simulated.nvm", "simulated.seed"], "and nothing made");
    drop(daemon);
    for kind in ["nvm", "seed"] {
        let state = desk.path("state");
        fs::rename(state.join(format!("simulated.{kind}")), state.join(format!("try.simulated.{kind}")))
            .unwrap();
    }
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    assert!(refusal(daemon.insists(&prevote(5, 2)).await).contains("5/0"), "its mark came along");
    drop(daemon);
    desk.must(&["device", "info", "--device", "other"]);
    assert_eq!(
        files(),
        ["other.simulated.nvm", "other.simulated.seed", "try.simulated.nvm", "try.simulated.seed"]
    );
}

/// The config says it already. Here is the last place where two could come to sign for one chain.
#[tokio::test]
async fn two_signers_with_one_chain_do_not_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let signer = |name: &str, chains: &[&str]| {
        let served = chains.iter().map(|id| Served {
            id: (*id).to_owned(),
            pin: Pin { key: [7; 32], installation: [9; 16], imported: false },
            file: ChainFile::new(id, [7; 32], Hrs::default()),
            on_absent: OnAbsent::Error,
            stop_height: None,
            nodes: Vec::new(),
            rpc: None,
        });
        let nothing = || -> Result<Box<dyn Transport>, TransportError> {
            Err(TransportError::Absent(highwater::device::Absence::NoLedger))
        };
        let plug = threaded(Box::new(nothing)).unwrap();
        Signer::start_on(Some(name), served.collect(), folder.path().to_owned(), plug, Counters::new())
            .unwrap()
            .0
    };
    let signers =
        Signers::new(vec![signer("a", &[ALPHA]), signer("b", &[BETA, "gamma-1"]), signer("c", &[])]).unwrap();
    for (chain, device) in [(ALPHA, Some("a")), (BETA, Some("b")), ("gamma-1", Some("b")), ("delta-1", None)]
    {
        assert_eq!(signers.of(chain).and_then(Signer::name), device, "{chain}");
    }
    assert_eq!(signers.on(Some("c")).and_then(Signer::name), Some("c"));
    assert!(signers.on(None).is_none() && signers.on(Some("d")).is_none(), "none is guessed");
    let twice = Signers::new(vec![signer("a", &[ALPHA, BETA]), signer("b", &[BETA])]);
    assert_eq!(twice.err(), Some(TwoDevices(BETA.to_owned())));
}
