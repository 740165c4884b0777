//! The main job, shown: a node commits blocks because the device signed them.
//!
//! `cargo xtask demo` installs what this needs, builds it and starts it.

mod chain;
mod pictures;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use chain::{Block, Chain};
use clap::{Parser, ValueEnum};
use highwater_tests::bridge::{Bridge, Device, Setup};
use highwater_tests::cometbft::{Home, address};
use highwater_tests::device::{Emulated, approve};
use highwater_tests::interrupt::Interrupt;
use highwater_tests::process::wait_for;
use highwater_tests::store::Store;
use nanos_sdk::target::{DEVICES, Device as Hardware};
use pictures::Pictures;
use speculos::{Emulator, Screen};

const CHAIN: &str = "demo-1";
/// For the screen to follow.
const SCREEN: Duration = Duration::from_secs(20);
/// For a line of the bridge's log.
const LINE: Duration = Duration::from_secs(10);

/// Runs a one-validator chain whose blocks the device signs.
#[derive(Parser)]
struct Cli {
    /// Blocks to wait for.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// What signs: a device whose firmware runs in its emulator, by name; `simulated`, `yubihsm` or `pkcs11`.
    #[arg(long, default_value = "nanos", value_parser = signer)]
    device: Signer,
    /// What asks for signatures.
    #[arg(long, value_enum, default_value = "cometbft")]
    node: NodeKind,
    /// The firmware, for the emulator.
    #[arg(long)]
    firmware: Option<PathBuf>,
    /// The Python of the emulator's environment.
    #[arg(long)]
    emulator: Option<PathBuf>,
    /// A folder for pictures of what the device shows.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// The program of a real node.
    #[arg(long, required_if_eq("node", "cometbft"))]
    cometbft: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NodeKind {
    /// A CometBFT node.
    Cometbft,
    /// A node that this program plays.
    Builtin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Signer {
    /// The firmware in the emulator.
    Firmware(Hardware),
    /// The signer in the bridge's own process: not a hardware key.
    Simulated,
    /// The same, with its key in an HSM that this program plays.
    Yubihsm,
    /// The same, with its key in a token of SoftHSM.
    Pkcs11,
}

fn signer(name: &str) -> Result<Signer, String> {
    match name {
        "simulated" => return Ok(Signer::Simulated),
        "yubihsm" => return Ok(Signer::Yubihsm),
        "pkcs11" => return Ok(Signer::Pkcs11),
        _ => {}
    }
    let found = DEVICES.into_iter().find(|device| device.name == name);
    found.map(Signer::Firmware).ok_or_else(|| "no such device".to_owned())
}

impl Signer {
    fn name(self) -> String {
        match self {
            Self::Firmware(hardware) => format!("the firmware of a {} in the emulator", hardware.title),
            Self::Simulated => "the simulated device (not a hardware key)".to_owned(),
            Self::Yubihsm => "a YubiHSM2 that is played (the mark is a file of this host)".to_owned(),
            Self::Pkcs11 => "a PKCS#11 token of SoftHSM (the mark is a file of this host)".to_owned(),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Interrupt::watch().and_then(|interrupt| {
        let outcome = demo(&cli, &interrupt);
        // Everything is stopped by now. What failed first does not matter: the signal reaches the node and the bridge
        // as well, and they end by themselves.
        if interrupt.came() { Err(anyhow::anyhow!("interrupted")) } else { outcome }
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo(cli: &Cli, interrupt: &Interrupt) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let emulated = match (cli.device, &cli.firmware, &cli.emulator) {
        (Signer::Firmware(hardware), Some(firmware), Some(python)) => {
            println!("starting the emulator of a {}", hardware.title);
            Some(Emulated::start(hardware, hardware.newest(), firmware, python)?)
        }
        (Signer::Firmware(_), ..) => bail!("a firmware wants --firmware and --emulator"),
        _ => None,
    };
    let store = match cli.device {
        Signer::Yubihsm => Some(Store::yubihsm(Duration::ZERO)?),
        Signer::Pkcs11 => Some(Store::softhsm()?),
        Signer::Firmware(_) | Signer::Simulated => None,
    };
    interrupt.check()?;
    let home = folder.path().join("node");
    let socket = home.join("privval.sock");
    let pictures = Pictures::new(cli.pictures.clone())?;
    let setup =
        approved(&folder.path().join("bridge"), emulated.as_ref(), store.as_ref(), &socket, &pictures)?;
    let key = setup.public_key()?;
    let home = match (cli.node, &cli.cometbft) {
        (NodeKind::Cometbft, Some(program)) => Some(Home::init(program, &home, CHAIN, &key)?),
        _ => {
            std::fs::create_dir(&home)?;
            None
        }
    };
    interrupt.check()?;
    let node = if home.is_some() { "a CometBFT node" } else { "the built-in node (not CometBFT)" };
    println!("starting the bridge and {node} whose only validator is {}", address(&key));
    let mut bridge = setup.start()?;
    let mut chain = match &home {
        Some(home) => Chain::cometbft(home)?,
        None => Chain::builtin(&socket, CHAIN, key, cli.blocks)?,
    };
    let shown = blocks(cli, &mut chain, &mut bridge, interrupt);
    // In order, also if it was interrupted: who is killed leaves something behind.
    let ended = (chain.stop(), bridge.stop());
    let Shown { blocks, missed, signatures, refused } = shown?;
    ended.0?;
    ensure!(ended.1? == Some(0), "the bridge did not end well:\n{}", bridge.output());
    if let Some(emulated) = &emulated {
        println!("the device's screen:\n{}", last_screen(emulated.emulator()?, &bridge)?.framed());
        pictures.take(emulated.emulator()?)?;
    }
    let name = cli.device.name();
    println!("demo: {blocks} blocks, {signatures} signatures by {name}, {missed} missed, {refused} refused");
    // A validator alone proposes, prevotes and precommits every block itself.
    Ok(missed == 0 && refused == 0 && signatures as u64 >= 3 * cli.blocks)
}

/// What became of the blocks.
struct Shown {
    blocks: u64,
    missed: u64,
    signatures: usize,
    refused: usize,
}

/// Shows block after block.
fn blocks(cli: &Cli, chain: &mut Chain, bridge: &mut Bridge, interrupt: &Interrupt) -> Result<Shown> {
    let (mut blocks, mut missed) = (0, 0);
    while blocks < cli.blocks && (missed == 0 || chain.goes_on()) {
        blocks += 1;
        let block = chain.reach(blocks, bridge, interrupt)?;
        missed += u64::from(block.missed.is_some());
        if block.missed.is_none() {
            // The bridge tells of a signature after it gave it out. If it never does, the count says so.
            let _ = wait_for("its line", LINE, || Ok(told(bridge, blocks, block.round).then_some(())));
        }
        println!("{}", line(bridge, blocks, &block));
    }
    // A commit of N is final with N + 1's proposal; what is signed after the last block does not count.
    let signatures = bridge.signatures().iter().filter(|s| s.height <= blocks).count();
    Ok(Shown { blocks, missed, signatures, refused: bridge.refusals() })
}

/// The bridge's configuration, with the chain approved on the device and its key pinned.
fn approved(
    folder: &Path,
    emulated: Option<&Emulated>,
    store: Option<&Store>,
    socket: &Path,
    pictures: &Pictures,
) -> Result<Setup> {
    if let Some(store) = store {
        println!("approving chain {CHAIN}: a key store has no buttons, its owner types the chain id");
        let setup = Setup::new(folder, store.device(), CHAIN, socket)?;
        return setup.add_chain(|| Ok(())).map(|()| setup);
    }
    let Some(emulated) = emulated else {
        println!(
            "approving chain {CHAIN}: the simulated device has no buttons, its owner here approves everything"
        );
        let setup = Setup::new(folder, &Device::Simulated, CHAIN, socket)?;
        return setup.add_chain(|| Ok(())).map(|()| setup);
    };
    let emulator = emulated.emulator()?;
    println!("the device's screen:\n{}", emulator.screen()?.framed());
    pictures.take(emulator)?;
    println!(
        "highwater chain add {CHAIN}: the owner reads page by page and approves by pressing both buttons"
    );
    let device = Device::Speculos(emulator.apdu_address().to_string());
    let setup = Setup::new(folder, &device, CHAIN, socket)?;
    let mut taken = Ok(());
    let seen = |page: &Screen| {
        println!("{}", page.framed());
        if taken.is_ok() {
            taken = pictures.take(emulator);
        }
    };
    setup.add_chain(|| approve(emulator, seen))?;
    taken?;
    println!("approved; the device's screen:\n{}", emulator.screen()?.framed());
    Ok(setup)
}

/// The screen once it shows the last signature: it follows them a second behind.
fn last_screen(emulator: &Emulator, bridge: &Bridge) -> Result<Screen> {
    let signatures = bridge.signatures();
    let shown = |screen: &Screen| {
        let lines = screen.lines();
        let height = lines.get(1).map(|height| height.replace(',', ""));
        signatures.last().is_none_or(|s| {
            height == Some(s.height.to_string()) && lines.get(2) == Some(&format!("r{} {}", s.round, s.step))
        })
    };
    // What it shows instead is worth seeing too.
    emulator.wait_for_screen("the last signature", SCREEN, shown).or_else(|_| Ok(emulator.screen()?))
}

/// Whether the bridge has told of the last signature of a block.
fn told(bridge: &Bridge, height: u64, round: u64) -> bool {
    bridge.signatures().iter().any(|s| s.height == height && s.round == round && s.step == "precommit")
}

/// One line per block: where, and how long each signature took.
fn line(bridge: &Bridge, height: u64, block: &Block) -> String {
    let mut text = format!("block {height}/{}", block.round);
    for signature in bridge.signatures().iter().filter(|s| s.height == height && s.round == block.round) {
        text += &format!("  {} {:.1} ms", signature.step, signature.ms);
    }
    if let Some(why) = &block.missed {
        text += &format!("  MISSED: {why}");
    }
    text
}
