//! The Python environment of the loader. The loader is of Ledger and not ours: it has a folder of its own, in one version, and
//! nothing of the system's Python is touched.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::advice::firmware as advice;
use crate::failure::Failure;

/// What pip is asked for: the version with which all of this was tried.
pub(crate) const PACKAGE: &str = "ledgerblue==0.1.58";
const VERSION: &str = "0.1.58";

/// A folder with a Python that has the loader, or that will have it.
#[derive(Debug, Clone)]
pub(crate) struct Environment(PathBuf);

impl Environment {
    /// The folder that was named, or the one in the user's data directory.
    ///
    /// # Errors
    /// None was named, and the user has no home.
    pub(crate) fn of(named: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(folder) = named {
            return Ok(Self(folder));
        }
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = absolute("XDG_DATA_HOME").or_else(|| {
            let home = absolute("HOME").filter(|home| home != Path::new("/"))?;
            Some(home.join(".local/share"))
        });
        let data = data.ok_or_else(|| Failure::usage(advice::no_home()))?;
        Ok(Self(data.join("highwater").join(format!("ledgerblue-{VERSION}"))))
    }

    /// The program of the environment.
    pub(crate) fn python(&self) -> PathBuf {
        self.0.join("bin/python")
    }

    /// Whether the loader is there, in the version that was tried.
    pub(crate) fn is_ready(&self) -> bool {
        let ask = "import importlib.metadata as m; import ledgerblue.loadApp; print(m.version('ledgerblue'))";
        let mut python = isolated(&self.python());
        let said = python.args(["-c", ask]).stdin(Stdio::null()).stderr(Stdio::null()).output();
        said.is_ok_and(|said| said.status.success() && said.stdout.trim_ascii() == VERSION.as_bytes())
    }

    /// The commands that make it, as they are run.
    pub(crate) fn making(&self) -> [Command; 2] {
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&self.0);
        let mut fill = isolated(&self.python());
        fill.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", PACKAGE]);
        [make, fill]
    }

    /// Makes it.
    ///
    /// # Errors
    /// With the cure: there is no Python that makes environments, or pip brings no loader.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        if let Some(above) = self.0.parent() {
            fs::create_dir_all(above).map_err(|error| Failure::io(above.display(), &error))?;
        }
        let [mut make, mut fill] = self.making();
        let no_venv = |how: &str| Failure::unavailable(advice::no_python(how));
        match make.stdin(Stdio::null()).stdout(Stdio::null()).status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(no_venv(&format!("it ended with {status}"))),
            Err(error) => return Err(no_venv(&error.to_string())),
        }
        let filled = fill.stdin(Stdio::null()).stdout(Stdio::null()).status();
        let filled = filled.map_err(|error| Failure::io(self.python().display(), &error))?;
        if filled.success() && self.is_ready() {
            return Ok(());
        }
        Err(Failure::unavailable(advice::no_loader(PACKAGE, &self.0)))
    }
}

/// A Python that takes nothing from the current folder, from variables or from the user's own packages.
pub(super) fn isolated(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-I", "-B"]);
    for (name, _) in std::env::vars_os() {
        if diverts(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Variables that let the loader speak to something else than the Ledger on USB, or skip a check.
fn diverts(name: &OsString) -> bool {
    const NAMES: [&str; 7] =
        ["APDUGEN", "U2FKEY", "MCUPROXY", "PCSC", "NOCRC", "SCP_DEBUG", "LEDGER_NFC_PROXY"];
    const PREFIXES: [&str; 3] = ["LEDGER_PROXY_", "LEDGER_BLE_", "PYTHON"];
    let name = name.to_string_lossy();
    NAMES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_divert_the_loader_is_kept_from_it() {
        for name in ["APDUGEN", "LEDGER_PROXY_ADDRESS", "LEDGER_BLE_PROXY", "NOCRC", "PYTHONPATH"] {
            assert!(diverts(&name.into()), "{name}");
        }
        for name in ["PATH", "HOME", "PIP_INDEX_URL", "HTTPS_PROXY", "LANG"] {
            assert!(!diverts(&name.into()), "{name}");
        }
    }

    #[test]
    fn a_folder_that_was_named_is_taken_and_one_without_a_loader_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of(Some(folder.path().to_owned())).unwrap();
        assert_eq!(environment.python(), folder.path().join("bin/python"));
        assert!(!environment.is_ready());
        let [make, fill] = environment.making().map(|command| format!("{command:?}"));
        assert!(make.contains("\"-m\" \"venv\"") && fill.contains(PACKAGE), "{make} {fill}");
    }
}
