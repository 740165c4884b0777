//! How fast the bridge is, beside another signer and a floor; how fast a chain is with each device.
//!
//! `cargo xtask bench` installs what this needs, builds it for release and starts it.
//!
//! *Bridge time* is what a node waits for besides the device: from the request's first byte written by the node to the
//! reply's last byte read by it, less the time between the command read and the reply written by the device. So it
//! holds both hops to the node, both hops to the device, the bridge's two rules before and after, the verification of
//! the signature, and whatever of the state file's writing the device's time did not cover.

mod blocks;
mod contestant;
mod device;
mod figures;
mod floor;
mod pace;
mod rounds;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use figures::{aims, table};
use serde_json::json;

/// Measures.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// Rounds in which all signers take their turn; 0 leaves this part out.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Requests of a turn.
    #[arg(long, default_value_t = 50)]
    requests: usize,
    /// Blocks of each chain, ten times as many of those that make no pause; 0 leaves this part out.
    #[arg(long, default_value_t = 20)]
    blocks: u64,
    /// Blocks of each chain of four validators, half a second apart, with a signer as slow as an HSM; 0 leaves this part out.
    #[arg(long, default_value_t = 60)]
    pace: u64,
    /// The program of tmkms; without it there is nobody to compare with.
    #[arg(long)]
    tmkms: Option<PathBuf>,
    /// The node's program.
    #[arg(long, default_value = "cometbft")]
    cometbft: PathBuf,
    /// The firmware, for the emulator; without it there is no chain on it.
    #[arg(long, requires = "emulator")]
    firmware: Option<PathBuf>,
    /// The Python of the emulator's environment.
    #[arg(long)]
    emulator: Option<PathBuf>,
    /// Where to keep the figures, and what is needed meanwhile: a disk, since syncing to memory costs nothing.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Part {
    /// The floor itself, as it is started by the rest.
    #[command(hide = true)]
    Floor {
        /// The node to dial.
        address: String,
        /// The port of the device that signs in its place.
        #[arg(long)]
        device: Option<SocketAddr>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.part {
        Some(Part::Floor { address, device }) => floor::run(address, *device),
        None => bench(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(cli: &Cli) -> Result<()> {
    ensure!(cli.requests > 0, "a turn has one request at least");
    std::fs::create_dir_all(&cli.folder)?;
    let place = tempfile::Builder::new().prefix("run-").tempdir_in(&cli.folder)?;
    // The longest path of a socket is 107 bytes.
    let folder = place.path().canonicalize()?;
    let mut kept = json!({ "processors": std::thread::available_parallelism()?.get(), "load": load()? });
    if cli.rounds > 0 {
        let rounds::Field { lines, loudest: others, sync } =
            rounds::run(&folder, cli.tmkms.as_ref(), cli.rounds, cli.requests)?;
        let head = ["signer", "link", "p50 [rounds]", "p90", "p99", "CPU/request", "RSS MiB", "state"];
        println!("Microseconds a request; the quieter half of {} rounds.\n", cli.rounds);
        println!("{}", table(&head, &lines.iter().map(rounds::Line::row).collect::<Vec<_>>()));
        let aims = aims(&lines, sync);
        aims.iter().for_each(|aim| println!("{}", aim.line()));
        println!("In these rounds others kept at most {others:.2} processors busy.\n");
        kept["requests"] = lines.iter().map(rounds::Line::json).collect();
        kept["aims"] = aims.iter().map(figures::Aim::json).collect();
        println!(
            "What tmkms leaves out, a state that is synced: {:.0} microseconds at the median.\n",
            figures::micros(sync)
        );
        kept["others"] = json!(others);
        kept["tmkms_unsynced_us"] = json!(figures::micros(sync));
    }
    if cli.blocks > 0 {
        let lines = blocks::run(&folder, cli)?;
        let head = ["signer", "pause", "blocks", "seconds a block"];
        println!("{}", table(&head, &lines.iter().map(blocks::Line::row).collect::<Vec<_>>()));
        kept["blocks"] = lines.iter().map(blocks::Line::json).collect();
    }
    if cli.pace > 0 {
        let lines = pace::run(&folder, cli)?;
        let head = ["a signature", "seconds a block", "blocks with ours"];
        println!("Four validators, half a second between blocks.\n");
        println!("{}", table(&head, &lines.iter().map(pace::Line::row).collect::<Vec<_>>()));
        kept["pace"] = lines.iter().map(pace::Line::json).collect();
    }
    println!("kept in {}", keep(&cli.folder, &kept)?.display());
    Ok(())
}

/// A file of its own for each run.
fn keep(folder: &Path, kept: &serde_json::Value) -> Result<PathBuf> {
    let second = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let path = folder.join(format!("bench-{second}.json"));
    std::fs::write(&path, serde_json::to_vec_pretty(kept)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn load() -> Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim().to_owned())
}
