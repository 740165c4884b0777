//! `cargo xtask …`: what plain cargo cannot do here. A file per command.

mod artifact;
mod bench;
mod book;
mod budget;
mod demo;
mod dependencies;
mod digest;
mod documents;
mod elsewhere;
mod emulator;
mod firmware;
mod gate;
mod generate;
mod ihex;
mod manifest;
mod manual;
mod mutants;
mod package;
#[cfg(test)]
mod packaging;
mod pictures;
mod powercut;
mod process;
mod release;
mod sideload;
mod test;
mod toolchain;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, checks and shows Highwater.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the firmware of the Nano S, checks its image and prints what it uses.
    Firmware(firmware::Args),
    /// Measures: a request beside another signer and a floor, a block with each device.
    Bench(bench::Args),
    /// Builds the documents as a book in `target/book`, and looks each of its links up.
    Book(book::Args),
    /// Shows the main job: a real node whose every block is signed by the device.
    Demo(demo::Args),
    /// Runs the firmware in an emulator at this terminal, for a bridge to be tried with.
    Emulator(emulator::Args),
    /// Writes the tables of the documentation that the code decides.
    Generate(generate::Args),
    /// Writes the man pages and shell completions of the bridge's command line to `target/manual`.
    Manual(manual::Args),
    /// Breaks each rule on purpose and looks whether a test notices.
    Mutants(mutants::Args),
    /// Builds the daemon's Debian package.
    Package(package::Args),
    /// Takes the pictures of the book: both devices, the terminal, the page in a browser.
    Pictures(pictures::Args),
    /// Cuts the power a million times and looks whether the mark ever falls.
    Powercut(powercut::Args),
    /// Makes the archive of a release: the daemon for old systems too, both firmwares, a bill of materials.
    Release(release::Args),
    /// Runs every check: format, lints, tests, docs, firmware, sideload tools, emulator and a real node.
    Test(test::Args),
    /// Runs what needs Rust and nothing else: format, lints, tables and paths of the documents, unit tests.
    Check(test::CheckArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Firmware(args) => firmware::command(&args),
        Command::Bench(args) => bench::command(&args),
        Command::Book(args) => book::command(&args),
        Command::Demo(args) => demo::command(&args),
        Command::Emulator(args) => emulator::command(&args),
        Command::Generate(args) => generate::command(&args),
        Command::Manual(args) => manual::command(&args),
        Command::Mutants(args) => mutants::command(&args),
        Command::Package(args) => package::command(&args),
        Command::Pictures(args) => pictures::command(&args),
        Command::Powercut(args) => powercut::command(&args),
        Command::Release(args) => release::command(&args),
        Command::Test(args) => test::command(&args),
        Command::Check(args) => test::check(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
