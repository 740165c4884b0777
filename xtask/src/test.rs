//! `cargo xtask test`: every check there is, in the order of what is quickest to tell. A failure does not stop the
//! rest, and the last line sums all of them up.
//!
//! The emulator suite (package `highwater-tests`) is told by the environment what it needs: `HIGHWATER_ELF_NANOS` and its
//! like the firmware of each device, `HIGHWATER_SPECULOS_NANOS` its emulator's Python, `HIGHWATER_LEVEL_NANOSPLUS` the API
//! level that is played, `HIGHWATER_COMETBFT` the node, `HIGHWATER_COMETBFT_0_38_0` the oldest of its line, `HIGHWATER_GNO` a node of another kind; with `--full` also `HIGHWATER_FULL=1`, and
//! `HIGHWATER_COMETBFT_0_37_18` and its like the nodes of other releases.
//! It leaves the deepest stack it saw in `stack.json` beside the firmware.

mod plan;
mod slowest;
mod tally;

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::{DEVICES, Device, nanosplus};

use crate::digest::{Digest, Verdict};
use crate::firmware::report::Report;
use crate::release::{self, Tried};
use crate::toolchain::{self, Toolchain};
use crate::tools::{cargo, cometbft, debian, emulator, gno, promtool, z3};
use crate::workspace::{WHOLE, Workspace};
use crate::{book, dependencies, documents, elsewhere, firmware, package, process, sideload};
use plan::{Plan, Step};
use tally::{Looked, Tally};

/// The suite of package `highwater-tests`.
const END_TO_END: [&str; 2] = ["--test", "end_to_end"];
/// The tests of the page among those of package `highwater-tests`.
const PAGE: &str = "page::";

/// How `cargo xtask test` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also what takes longer: many more cases of every property, and the long versions of the emulator tests.
    #[arg(long)]
    full: bool,
    /// Also the emulator tests of a device on each of its other API levels. `--full` has them.
    #[arg(long)]
    every_level: bool,
    /// Only what needs no emulator, no node and no Python.
    #[arg(long, conflicts_with_all = ["full", "every_level", "only"])]
    quick: bool,
    /// Only these steps, with what they need. Can be given more than once.
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    only: Vec<Step>,
    /// Shows the steps that would run, and runs none.
    #[arg(long)]
    list: bool,
    /// Only tests whose path holds one of these.
    #[arg(last = true, value_name = "TEST", requires = "only")]
    tests: Vec<String>,
}

/// How `cargo xtask check` is called.
#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// Shows the steps that would run, and runs none.
    #[arg(long)]
    list: bool,
}

/// Runs `cargo xtask test`.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let plan = match (args.quick, &args.only[..]) {
        (true, _) => Plan::quick(),
        (false, []) => Plan::whole(),
        (false, wanted) => Plan::only(wanted),
    };
    run(plan, args)
}

/// Runs `cargo xtask check`.
pub(crate) fn check(args: &CheckArgs) -> Result<ExitCode> {
    let CheckArgs { list } = *args;
    run(
        Plan::check(),
        &Args { full: false, every_level: false, quick: true, only: Vec::new(), list, tests: Vec::new() },
    )
}

fn run(plan: Plan, args: &Args) -> Result<ExitCode> {
    if args.list {
        print!("{}", plan.list());
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = &Workspace::locate()?;
    let mut run = Run { workspace, args, plan, tally: Tally::default() };
    run.host();
    run.dependencies();
    run.package();
    run.book();
    run.container();
    run.page();
    run.proof();
    let built = run.on_firmware();
    run.sideload(&built);
    run.on_emulator(&built);
    run.release();
    Ok(run.tally.finish())
}

/// One call, on its way through the steps of its plan.
struct Run<'a> {
    workspace: &'a Workspace,
    args: &'a Args,
    plan: Plan,
    tally: Tally,
}

impl Run<'_> {
    fn check<T>(&mut self, step: Step, run: impl FnOnce() -> Result<T>) -> Option<T> {
        if self.plan.has(step) { self.tally.check(&step.name(), run) } else { None }
    }

    fn check_if_possible(&mut self, step: Step, run: impl FnOnce() -> Result<Looked>) {
        if self.plan.has(step) {
            self.tally.check_if_possible(&step.name(), run);
        }
    }

    /// Gives whether tests were run.
    fn suite(&mut self, step: Step, prepare: impl FnOnce() -> Result<Command>) -> bool {
        self.plan.has(step) && self.tally.suite(&step.name(), prepare)
    }

    /// What plain cargo can do with the host's toolchain.
    fn host(&mut self) {
        let (workspace, args) = (self.workspace, self.args);
        self.check(Step::Format, || process::run(workspace.cargo().args(["fmt", "--all", "--check"])));
        self.check(Step::Lints, || {
            let mut clippy = workspace.cargo();
            process::run(clippy.arg("clippy").args(WHOLE).args(["--all-targets", "--", "-Dwarnings"]))
        });
        self.check(Step::Generated, || crate::generate::check(workspace));
        self.check(Step::Paths, || {
            println!("{} paths", documents::check(workspace.root())?);
            Ok(())
        });
        self.check(Step::Mutants, || {
            println!("{} mutants", crate::mutants::check(workspace)?);
            Ok(())
        });
        self.check(Step::FuzzLock, || {
            let manifest = workspace.root().join("fuzz/Cargo.toml");
            let args = ["metadata", "--locked", "--format-version", "1", "--manifest-path"];
            process::run(workspace.cargo().args(args).arg(manifest).stdout(Stdio::null()))
        });
        self.suite(Step::Unit, || {
            let mut test = cargo_test(workspace, args);
            if !args.quick && debian::may_install() {
                debian::ensure(debian::TOKEN, "the tests of a PKCS#11 token")?;
                debian::ensure(debian::SERVICES, "the tests of the package's unit")?;
                test.env("HIGHWATER_SOFTHSM", "1");
                bring_for_alerts(workspace, &mut test)?;
            }
            slowest::timed(test.args(WHOLE).args(["--lib", "--bins", "--tests"])).args(&args.tests);
            Ok(test)
        });
        self.suite(Step::UnitServed, || {
            let mut test = cargo_test(workspace, args);
            // Its own folder: the same crates with other code in them.
            test.args(["--package", "nanos_sdk", "--package", "nanos_ui", "--package", "highwater-signer"]);
            test.args(["--lib", "--tests", "--target-dir"])
                .arg(workspace.target().join(nanosplus::DEVICE.name))
                .env("RUSTFLAGS", format!("--cfg device=\"{}\"", nanosplus::DEVICE.name));
            slowest::timed(&mut test).args(&args.tests);
            Ok(test)
        });
        self.suite(Step::DocTests, || {
            let mut test = cargo_test(workspace, args);
            test.args(WHOLE).args(["--doc", "--"]).args(&args.tests);
            Ok(test)
        });
        self.check(Step::Rustdoc, || {
            let mut doc = workspace.cargo();
            process::run(doc.arg("doc").args(WHOLE).arg("--no-deps").env("RUSTDOCFLAGS", "-Dwarnings"))
        });
    }

    /// What is built on that is not ours.
    fn dependencies(&mut self) {
        let (workspace, args) = (self.workspace, self.args);
        self.check(Step::Dependencies, || dependencies::check(workspace));
        self.check_if_possible(Step::Advisories, || {
            let skipped = dependencies::advisories(workspace)?;
            Ok(skipped.map_or(Looked::Well, Looked::Skipped))
        });
        self.check(Step::Alerts, || promtool::check(workspace));
        // Each alert is raised by its cause among the unit tests, where those run too.
        if !self.plan.has(Step::Unit) {
            self.suite(Step::Alerts, || {
                let mut test = cargo_test(workspace, args);
                bring_for_alerts(workspace, &mut test)?;
                test.args(WHOLE).args(["--test", "it"]);
                slowest::timed(&mut test).args(["on_call::", "link_down::"]);
                Ok(test)
            });
        }
    }

    /// The Debian package, with the program as it is built for the tests: what is tried is what surrounds it.
    fn package(&mut self) {
        let workspace = self.workspace;
        self.check_if_possible(Step::Package, || {
            workspace.build_programs()?;
            let program = workspace.target().join("debug/highwater");
            let make = |revision| package::make(workspace, &program, revision, package::Compression::Fast);
            let skipped = package::try_out(workspace, &make("1")?, &make("2")?)?;
            Ok(skipped.map_or(Looked::Well, Looked::Skipped))
        });
    }

    /// The documents as their readers see them.
    fn book(&mut self) {
        let workspace = self.workspace;
        self.check(Step::Book, || {
            println!("{} links", book::make(workspace)?.1);
            Ok(())
        });
    }

    /// The image of a container, with the same program.
    fn container(&mut self) {
        let workspace = self.workspace;
        self.check_if_possible(Step::Container, || {
            workspace.build_programs()?;
            Ok(match release::try_out(workspace, &workspace.target().join("debug/highwater"))? {
                Tried::Well => Looked::Well,
                Tried::Skipped(why) => Looked::Skipped(why),
            })
        });
    }

    /// The archive of a release, twice.
    fn release(&mut self) {
        let (workspace, args) = (self.workspace, self.args);
        if args.full || args.only.contains(&Step::Release) {
            self.check(Step::Release, || release::verify(workspace, &release::make(workspace)?));
        }
    }

    /// What a person sees of the daemon in a browser.
    fn page(&mut self) {
        let (workspace, args) = (self.workspace, self.args);
        // Of tests that are named only those that say so are of the page; the others lack here what they need.
        let mut tests: Vec<&str> = args.tests.iter().map(String::as_str).collect();
        tests.retain(|test| test.starts_with(PAGE));
        if args.tests.is_empty() {
            tests.push(PAGE);
        }
        if tests.is_empty() {
            return;
        }
        self.suite(Step::Page, || {
            workspace.build_programs()?;
            debian::ensure(debian::BROWSER, "the page in a browser")?;
            let mut test = cargo_test(workspace, args);
            test.args(WHOLE).args(END_TO_END);
            slowest::timed(&mut test).args(&tests);
            test.env("HIGHWATER_BROWSER", debian::BROWSER_PROGRAM);
            Ok(test)
        });
    }

    /// The ring of the journal, as a table that is proved; and the real ring beside that table.
    fn proof(&mut self) {
        let (workspace, args) = (self.workspace, self.args);
        let python = |script: &str| -> Result<Command> {
            let mut python = Command::new(z3::ensure(workspace)?);
            // No bytecode beside the sources.
            python.arg("-B").arg(workspace.root().join("core/proof").join(script));
            Ok(python)
        };
        self.suite(Step::Proof, || python("__main__.py"));
        self.suite(Step::Proof, || {
            let cases = workspace.target().join("ring-cases.txt");
            let many = if args.full { "400000" } else { "20000" };
            process::run(python("cases.py")?.arg(&cases).arg(many))?;
            let mut test = cargo_test(workspace, args);
            test.args(WHOLE).args(["--test", "tests", "model::"]);
            test.env("HIGHWATER_RING_CASES", cases);
            Ok(test)
        });
    }

    /// What needs the firmware's toolchain. Gives the report of each device's firmware that can be run.
    fn on_firmware(&mut self) -> Vec<(Device, Report)> {
        let workspace = self.workspace;
        let toolchain = self.check(Step::Toolchain, || toolchain::find(workspace));
        let toolchain = || toolchain.as_ref().context("there is no toolchain for the firmware");
        let mut built = Vec::new();
        for device in DEVICES {
            let report = self.check(Step::Firmware, || {
                let report = firmware::make(workspace, toolchain()?, &device)?;
                print!("{}", report.table());
                Ok(report)
            });
            if let Some(report) = report {
                self.check(Step::Budgets, || within_budget(&report));
                self.check(Step::Digest, || committed_digest(workspace, &device, &report));
                built.push((device, report));
            }
            self.check(Step::FirmwareLints, || firmware_lints(workspace, toolchain()?, &device));
        }
        self.check(Step::Elsewhere, || elsewhere::firmware(workspace, toolchain()?));
        built
    }

    fn sideload(&mut self, built: &[(Device, Report)]) {
        let workspace = self.workspace;
        for device in DEVICES {
            self.check(Step::Sideload, || {
                println!("{}", sideload::check(workspace, &device, built_for(built, &device)?)?);
                Ok(())
            });
        }
    }

    /// The firmware in the emulator, behind the bridge, with a real node.
    fn on_emulator(&mut self, built: &[(Device, Report)]) {
        let (workspace, args) = (self.workspace, self.args);
        let ran = self.suite(Step::Emulator, || {
            let mut test = end_to_end(workspace, args)?;
            for device in DEVICES {
                built_for(built, &device)?;
                firmware::forget_stack(workspace, &device)?;
                emulator::tell(&mut test, workspace, &device, device.levels.last())?;
            }
            Ok(test)
        });
        if args.full || args.every_level {
            self.on_other_levels(built);
        }
        for (device, report) in built.iter().filter(|_| ran) {
            self.check(Step::Stack, || {
                let stack =
                    firmware::measured_stack(workspace, device)?.context("the suite measured no stack")?;
                let limit = report.budget.stack;
                println!("{}: {} bytes during {}, of {limit}", device.title, stack.bytes, stack.during);
                ensure!(stack.bytes <= limit, "the stack is over its budget");
                Ok(())
            });
        }
    }
}

impl Run<'_> {
    /// The tests of a device once more, on the systems of its other API levels.
    fn on_other_levels(&mut self, built: &[(Device, Report)]) {
        let (workspace, args) = (self.workspace, self.args);
        for (device, _) in built {
            let others = device.levels.split_last().map_or(&[][..], |(_, others)| others);
            for level in others {
                self.suite(Step::Emulator, || {
                    let mut test = end_to_end(workspace, args)?;
                    for device in DEVICES {
                        let level = Some(level).filter(|_| !device.levels.is_empty());
                        emulator::tell(&mut test, workspace, &device, level)?;
                    }
                    // The tests of a device have its name in theirs.
                    test.arg(device.name);
                    Ok(test)
                });
            }
        }
    }
}

fn built_for<'a>(built: &'a [(Device, Report)], device: &Device) -> Result<&'a Report> {
    let found = built.iter().find(|(known, _)| known == device).map(|(_, report)| report);
    found.with_context(|| format!("there is no firmware of the {}", device.title))
}

fn within_budget(report: &Report) -> Result<()> {
    ensure!(report.over.is_empty(), "{}", report.over.join("\n"));
    Ok(())
}

/// Another compiler than the one of the committed digest is no failure: the digest says nothing about it.
fn committed_digest(workspace: &Workspace, device: &Device, report: &Report) -> Result<()> {
    let verdict = report.digest().judge(Digest::read(workspace.root(), device)?);
    ensure!(!matches!(verdict, Verdict::OtherImage { .. }), "{verdict}");
    println!("{verdict}");
    // Another compiler makes code of another length, and what is declared to the system stays.
    firmware::committed_load(workspace, device)
}

/// Clippy for the device: other code is compiled there than on the host.
fn firmware_lints(workspace: &Workspace, toolchain: &Toolchain, device: &Device) -> Result<()> {
    let mut toolchain = toolchain.clone();
    if toolchain.clippy.is_none() && toolchain.is_debians() {
        debian::ensure(&["rust-web-clippy"], "the lints of the firmware")?;
        toolchain = toolchain::find(workspace)?;
    }
    let clippy = toolchain
        .clippy
        .as_ref()
        .context("the compiler of the firmware has no clippy; rustup component add clippy")?;
    let mut cargo = firmware::build::cargo(workspace, &toolchain, device, "check");
    // `cargo clippy` would start the one of the host, which cannot read this compiler's libraries.
    cargo.env("RUSTC_WORKSPACE_WRAPPER", clippy).env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    process::run(&mut cargo)
}

/// The suite of package `highwater-tests`, with a real node.
fn end_to_end(workspace: &Workspace, args: &Args) -> Result<Command> {
    workspace.build_programs()?;
    debian::ensure(debian::TOKEN, "the tests of a PKCS#11 token")?;
    let mut test = cargo_test(workspace, args);
    test.args(WHOLE).args(END_TO_END);
    // The page has a step of its own, which needs none of this.
    slowest::timed(&mut test).args(["--skip", PAGE]).args(&args.tests);
    test.env("HIGHWATER_COMETBFT", cometbft::DEFAULT.ensure(workspace)?)
        .env(cometbft::OLDEST.variable(), cometbft::OLDEST.ensure(workspace)?)
        .env(gno::VARIABLE, gno::ensure(workspace)?);
    if args.full {
        for release in cometbft::OTHERS {
            test.env(release.variable(), release.ensure(workspace)?);
        }
        test.env("HIGHWATER_TMKMS", cargo::TMKMS.ensure(workspace)?);
        // What is ignored there are the tests that take long, or need those.
        test.arg("--include-ignored");
    }
    Ok(test)
}

/// What the tests need that raise each alert by its cause.
fn bring_for_alerts(workspace: &Workspace, test: &mut Command) -> Result<()> {
    debian::ensure(debian::NETWORK, "the test of a host whose VPN is gone")?;
    test.env(promtool::VARIABLE, promtool::ensure(workspace)?);
    Ok(())
}

fn cargo_test(workspace: &Workspace, args: &Args) -> Command {
    let mut test = workspace.cargo();
    test.args(["test", "--no-fail-fast"]);
    // Most tests wait, for pages, blocks and deadlines: two at once leave half of two processors idle.
    let threads = std::thread::available_parallelism().map_or(1, usize::from) * 2;
    test.env("RUST_TEST_THREADS", threads.to_string());
    if args.full {
        test.env("HIGHWATER_FULL", "1").env("PROPTEST_CASES", "4096");
    }
    test
}
