//! The steps of `cargo xtask test`, and which of them a call runs.

use std::fmt::Write;

use clap::ValueEnum;

/// A step, in the order in which they run. The first line of each is what `--list` says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// `cargo fmt --check`
    Format,
    /// clippy over all that the host builds
    Lints,
    /// the tables in the documents say what the code says
    Generated,
    /// every path that a document names exists, and every page is in the book
    Paths,
    /// each mutant of xtask/mutants.toml still applies
    Mutants,
    /// the lock file of the fuzz targets is up to date
    FuzzLock,
    /// unit and property tests, and those of each crate's `tests` folder
    Unit,
    /// unit tests of the app and its runtime as they are on a Nano S Plus
    UnitServed,
    /// the examples in comments and documents
    DocTests,
    /// rustdoc without a warning
    Rustdoc,
    /// licences, sources and bans of deny.toml, over all dependencies
    Dependencies,
    /// published faults of dependencies
    Advisories,
    /// the Debian package installs, upgrades and goes without touching the signer's state
    Package,
    /// the book of the documents builds, and each of its links leads somewhere
    Book,
    /// the Containerfile builds, and the daemon runs in it; by Debian's buildah
    Container,
    /// the page of the metrics address, in a browser: Debian's Chromium, by apt
    Page,
    /// promtool reads the alert rules; each alert comes when it should, by its cause on a daemon, and goes by its page
    Alerts,
    /// the ring proved for every length, by z3, and shown to need each of its rules; the real ring answers alike
    Proof,
    /// a compiler that builds for the device
    Toolchain,
    /// the firmware builds and its image is fit for a device
    Firmware,
    /// the image keeps within xtask/budget.toml
    Budgets,
    /// the image is the one whose digest is committed
    Digest,
    /// the image is the same when it is built in another folder
    Elsewhere,
    /// clippy over what the device runs
    FirmwareLints,
    /// ledgerctl and ledgerblue send the image
    Sideload,
    /// end to end: the firmware in the emulator, the bridge, a real node
    Emulator,
    /// the deepest stack that the emulator saw keeps within its budget
    Stack,
    /// the release archive is the same bytes from another folder; with `--full`, or when it is named
    Release,
}

impl Step {
    /// The name by which `--only` takes it.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it looks at.
    fn says(self) -> String {
        self.to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_default()
    }

    /// What has to go before.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::Firmware | Self::FirmwareLints | Self::Elsewhere | Self::Release => &[Self::Toolchain],
            Self::Budgets | Self::Digest | Self::Sideload | Self::Emulator => &[Self::Firmware],
            Self::Stack => &[Self::Emulator],
            _ => &[],
        }
    }

    /// Whether it needs an emulator, a node, Python, or a program that takes minutes to build.
    fn is_slow(self) -> bool {
        use Step::{
            Advisories, Alerts, Book, Container, Dependencies, Elsewhere, Emulator, Package, Page, Proof,
            Release, Sideload, Stack,
        };
        matches!(
            self,
            Dependencies
                | Advisories
                | Alerts
                | Package
                | Book
                | Container
                | Page
                | Proof
                | Elsewhere
                | Sideload
                | Emulator
                | Stack
                | Release
        )
    }
}

/// The steps that a call runs.
pub(super) struct Plan(Vec<Step>);

impl Plan {
    /// Every step.
    pub(super) fn whole() -> Self {
        Self(Step::value_variants().to_vec())
    }

    /// Those that need no emulator, no node and no Python.
    pub(super) fn quick() -> Self {
        Self(Step::value_variants().iter().copied().filter(|step| !step.is_slow()).collect())
    }

    /// Those that need Rust and nothing else: what to run before a push.
    pub(super) fn check() -> Self {
        use Step::{Format, FuzzLock, Generated, Lints, Mutants, Paths, Unit, UnitServed};
        Self(vec![Format, Lints, Generated, Paths, Mutants, FuzzLock, Unit, UnitServed])
    }

    /// These steps, with what they need.
    pub(super) fn only(wanted: &[Step]) -> Self {
        let mut steps = wanted.to_vec();
        let mut at = 0;
        while let Some(step) = steps.get(at).copied() {
            steps.extend(step.needs());
            at += 1;
        }
        Self(steps)
    }

    /// Whether the step runs.
    pub(super) fn has(&self, step: Step) -> bool {
        self.0.contains(&step)
    }

    /// A line for each step, in their order.
    pub(super) fn list(&self) -> String {
        let mut list = String::new();
        for step in Step::value_variants().iter().filter(|step| self.has(**step)) {
            let _ = writeln!(list, "{:<16}{}", step.name(), step.says());
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_brings_what_it_needs_and_nothing_else() {
        let Plan(steps) = Plan::only(&[Step::Stack]);
        assert_eq!(steps, [Step::Stack, Step::Emulator, Step::Firmware, Step::Toolchain]);
        let Plan(steps) = Plan::only(&[Step::Lints]);
        assert_eq!(steps, [Step::Lints]);
    }

    #[test]
    fn what_a_step_needs_runs_before_it() {
        let all = Step::value_variants();
        let place = |step: &Step| all.iter().position(|other| other == step);
        for step in all {
            assert!(step.needs().iter().all(|needed| place(needed) < place(step)), "{step:?}");
        }
    }

    #[test]
    fn a_quick_plan_lacks_nothing_that_its_steps_need() {
        for plan in [Plan::quick(), Plan::check()] {
            assert!(plan.0.iter().flat_map(|step| step.needs()).all(|needed| plan.has(*needed)));
        }
    }

    #[test]
    fn the_list_has_a_line_for_each_step_with_its_name_and_what_it_looks_at() {
        let list = Plan::whole().list();
        assert_eq!(list.lines().count(), Step::value_variants().len());
        assert!(list.lines().all(|line| line.split_whitespace().count() > 1), "{list}");
        assert!(list.starts_with("format          `cargo fmt --check`\n"), "{list}");
        assert_eq!(
            Plan::only(&[Step::Paths]).list(),
            "paths           every path that a document names exists, and every page is in the book\n"
        );
    }
}
