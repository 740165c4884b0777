//! `cargo xtask test`: every check there is, in the order of what is quickest to tell. A failure does not stop the
//! rest, and the last line sums all of them up.
//!
//! The emulator suite (package `highwater-tests`) is told by the environment what it needs: `HIGHWATER_ELF` the
//! firmware, `HIGHWATER_SPECULOS` the emulator's Python, `HIGHWATER_COMETBFT` the node, `HIGHWATER_COMETBFT_0_38_0`
//! the oldest of its line, `HIGHWATER_GNO` a node of another kind; with `--full` also `HIGHWATER_FULL=1`, and
//! `HIGHWATER_COMETBFT_0_37_18` and its like the nodes of other releases.
//! It leaves the deepest stack it saw in `stack.json` beside the firmware.

mod tally;

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::digest::{Digest, Verdict};
use crate::firmware::report::Report;
use crate::toolchain::{self, Toolchain};
use crate::tools::{cometbft, debian, emulator, gno};
use crate::workspace::Workspace;
use crate::{firmware, process, sideload};
use tally::Tally;

/// How `cargo xtask test` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also what takes longer: many more cases of every property, and the long versions of the emulator tests.
    #[arg(long)]
    full: bool,
    /// Only what needs no emulator, no node and no Python.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    let mut tally = Tally::default();
    host(&mut tally, &workspace, args);
    let built = on_firmware(&mut tally, &workspace);
    if !args.quick {
        tally.check("sideload tools", || {
            let report = built.as_ref().context("there is no firmware to load")?;
            println!("{}", sideload::check(&workspace, report)?);
            Ok(())
        });
        on_emulator(&mut tally, &workspace, args, built.as_ref());
    }
    Ok(tally.finish())
}

/// What plain cargo can do with the host's toolchain.
fn host(tally: &mut Tally, workspace: &Workspace, args: &Args) {
    tally.check("format", || process::run(workspace.cargo().args(["fmt", "--all", "--check"])));
    tally.check("lints", || {
        process::run(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))
    });
    tally.check("generated documentation", || crate::generate::check(workspace));
    tally.check("mutants apply", || {
        println!("{} mutants", crate::mutants::check(workspace)?);
        Ok(())
    });
    tally.check("fuzz targets' lock file", || {
        let manifest = workspace.root().join("fuzz/Cargo.toml");
        let args = ["metadata", "--locked", "--format-version", "1", "--manifest-path"];
        process::run(workspace.cargo().args(args).arg(manifest).stdout(Stdio::null()))
    });
    tally.suite("unit, property and doc tests", || Ok(cargo_test(workspace, args)));
    tally.check("documentation", || {
        process::run(
            workspace.cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    });
}

/// What needs the firmware's toolchain. Gives the report of a firmware that can be run.
fn on_firmware(tally: &mut Tally, workspace: &Workspace) -> Option<Report> {
    let toolchain = tally.check("firmware toolchain", || toolchain::find(workspace))?;
    let report = tally.check("firmware image", || {
        let report = firmware::make(workspace, &toolchain)?;
        print!("{}", report.table());
        Ok(report)
    });
    if let Some(report) = &report {
        tally.check("firmware budgets", || within_budget(report));
        tally.check("firmware digest", || committed_digest(workspace, report));
    }
    tally.check("firmware lints", || firmware_lints(workspace, &toolchain));
    report
}

fn within_budget(report: &Report) -> Result<()> {
    ensure!(report.over.is_empty(), "{}", report.over.join("\n"));
    Ok(())
}

/// Another compiler than the one of the committed digest is no failure: the digest says nothing about it.
fn committed_digest(workspace: &Workspace, report: &Report) -> Result<()> {
    let verdict = report.digest().judge(Digest::read(workspace.root())?);
    ensure!(!matches!(verdict, Verdict::OtherImage { .. }), "{verdict}");
    println!("{verdict}");
    Ok(())
}

/// Clippy for the device: other code is compiled there than on the host.
fn firmware_lints(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let mut toolchain = toolchain.clone();
    if toolchain.clippy.is_none() && toolchain.is_debians() {
        debian::ensure(&["rust-web-clippy"], "the lints of the firmware")?;
        toolchain = toolchain::find(workspace)?;
    }
    let clippy = toolchain
        .clippy
        .as_ref()
        .context("the compiler of the firmware has no clippy; rustup component add clippy")?;
    let mut cargo = firmware::build::cargo(workspace, &toolchain, "check");
    // `cargo clippy` would start the one of the host, which cannot read this compiler's libraries.
    cargo.env("RUSTC_WORKSPACE_WRAPPER", clippy).env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    process::run(&mut cargo)
}

/// The firmware in the emulator, behind the bridge, with a real node.
fn on_emulator(tally: &mut Tally, workspace: &Workspace, args: &Args, built: Option<&Report>) {
    let ran = tally.suite("emulator and node", || {
        let report = built.context("there is no firmware to run")?;
        firmware::forget_stack(workspace)?;
        let mut test = end_to_end(workspace, args)?;
        test.env("HIGHWATER_ELF", &report.elf).env("HIGHWATER_SPECULOS", emulator::ensure(workspace)?);
        Ok(test)
    });
    if let Some(report) = built.filter(|_| ran) {
        tally.check("stack budget", || {
            let stack = firmware::measured_stack(workspace)?.context("the suite measured no stack")?;
            println!("{} bytes during {}, of {}", stack.bytes, stack.during, report.budget.stack);
            ensure!(stack.bytes <= report.budget.stack, "the stack is over its budget");
            Ok(())
        });
    }
}

/// The suite of package `highwater-tests`, with a real node.
fn end_to_end(workspace: &Workspace, args: &Args) -> Result<Command> {
    // The suite starts the bridge as an operator would; cargo builds programs of other packages only when asked.
    process::run(workspace.cargo().args(["build", "--package", "highwater", "--bins"]))?;
    let mut test = cargo_test(workspace, args);
    test.args(["--package", "highwater-tests"])
        .env("HIGHWATER_COMETBFT", cometbft::DEFAULT.ensure(workspace)?)
        .env(cometbft::OLDEST.variable(), cometbft::OLDEST.ensure(workspace)?)
        .env(gno::VARIABLE, gno::ensure(workspace)?);
    if args.full {
        for release in cometbft::OTHERS {
            test.env(release.variable(), release.ensure(workspace)?);
        }
        // What is ignored there are the tests that take long, or need those.
        test.args(["--", "--include-ignored"]);
    }
    Ok(test)
}

fn cargo_test(workspace: &Workspace, args: &Args) -> Command {
    let mut test = workspace.cargo();
    test.args(["test", "--no-fail-fast"]);
    if args.full {
        test.env("HIGHWATER_FULL", "1").env("PROPTEST_CASES", "4096");
    }
    test
}
