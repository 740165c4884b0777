//! `highwater firmware install` and the real loader, against a dashboard that is played (`dashboard.py`).

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nanos_sdk::target::Device;

use super::replay::Installation;
use crate::firmware::report::Report;
use crate::process;
use crate::workspace::Workspace;

const DASHBOARD: &str = include_str!("dashboard.py");

/// The program, its environment, and what it installs.
pub(super) struct Bench<'a> {
    device: &'a Device,
    report: &'a Report,
    highwater: PathBuf,
    /// The environment of the loaders.
    environment: &'a Path,
    image: PathBuf,
    /// Where the dashboard stands and writes.
    folder: PathBuf,
}

/// A played dashboard, which ends with this value.
struct Dashboard {
    child: Child,
    port: String,
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> Bench<'a> {
    /// Builds the program. `programs` are those of the loaders.
    pub(super) fn new(
        workspace: &Workspace,
        device: &'a Device,
        programs: &'a Path,
        report: &'a Report,
    ) -> Result<Self> {
        workspace.build_programs()?;
        let folder = workspace.target().join("sideload");
        std::fs::write(folder.join("dashboard.py"), DASHBOARD).context("cannot write the dashboard")?;
        Ok(Self {
            device,
            report,
            highwater: workspace.target().join("debug/highwater"),
            environment: programs.parent().context("the loaders have no environment")?,
            image: workspace.firmware(device),
            folder,
        })
    }

    fn dashboard(&self, system: &str, refusal: &str) -> Result<Dashboard> {
        let mut python = Command::new(self.environment.join("bin/python"));
        python.args(["dashboard.py", self.device.id, system, "commands.apdu", refusal]);
        let mut child = python.current_dir(&self.folder).stdout(Stdio::piped()).spawn()?;
        let said = child.stdout.take().context("the dashboard says nothing")?;
        let mut dashboard = Dashboard { child, port: String::new() };
        BufReader::new(said).read_line(&mut dashboard.port)?;
        ensure!(!dashboard.port.is_empty(), "the dashboard did not start");
        Ok(dashboard)
    }

    fn highwater(&self, verb: &str, dashboard: &Dashboard) -> Command {
        let mut highwater = Command::new(&self.highwater);
        highwater.args(["firmware", verb, "--image"]).arg(&self.image);
        highwater.env("HIGHWATER_EMULATOR", format!("127.0.0.1:{}", dashboard.port.trim()));
        highwater
    }

    fn install(&self, dashboard: &Dashboard) -> Command {
        let mut install = self.highwater("install", dashboard);
        // An image of another compiler is installed too: what it is was just built here.
        install.args(["--sha256", &self.report.image_sha256]).arg("--environment").arg(self.environment);
        install
    }

    /// What it leaves in flash on this system is what the loaders leave by themselves, and what it says of that is what the
    /// loader says.
    pub(super) fn installs(&self, system: &str, level: Option<u8>, wanted: &Installation) -> Result<()> {
        let dashboard = self.dashboard(system, "0")?;
        let said = process::text(&mut self.install(&dashboard))?;
        ensure!(said.starts_with("installed: "), "it says {said:?}");
        drop(dashboard);
        let commands = std::fs::read_to_string(self.folder.join("commands.apdu"))?;
        let installed = Installation::play(&commands, self.report.parameters)?;
        ensure!(
            installed == *wanted,
            "highwater firmware would install {installed:?}, and the loaders {wanted:?}"
        );
        let dashboard = self.dashboard(system, "0")?;
        let output = self.highwater("verify", &dashboard).arg("--json").output()?;
        let value: serde_json::Value =
            serde_json::from_slice(&output.stdout).context("verify printed no JSON")?;
        ensure!(value["sha256"] == self.report.image_sha256.as_str(), "another digest: {value}");
        ensure!(value["found"]["system"] == system, "another system: {value}");
        ensure!(value["found"]["api_level"] == serde_json::json!(level), "another level: {value}");
        Ok(())
    }

    /// A device that refuses the app is heard, and the program says why.
    pub(super) fn says_why_not(&self) -> Result<()> {
        for (word, why) in
            [("511f", "another API level"), ("6985", "denied on the device"), ("5103", "no room")]
        {
            let dashboard = self.dashboard("1.6.0", word)?;
            let output = self.install(&dashboard).output()?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(output.status.code() == Some(69), "{word} ends with {}: {said}", output.status);
            ensure!(said.contains(&format!("refused ({word}): ")) && said.contains(why), "{word}: {said}");
        }
        Ok(())
    }
}
