//! The pinned installation of Speculos: a virtual environment in the build directory, made once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, Release, tools};

/// What is installed beside Speculos itself, as pip reads it: every package with its version.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// What is installed of a release.
pub fn requirements(release: Release) -> String {
    format!("speculos=={}\n{REQUIREMENTS}", release.version())
}

/// Whether [`ensure`] would return at once. If not, it takes half a minute and downloads about 20 MB.
pub fn is_ready(target_dir: &Path, release: Release) -> bool {
    Place::new(target_dir, release).is_ready()
}

/// Makes the environment in a folder of `target_dir` if it is not there, and gives its Python interpreter. Processes
/// that ask at the same time wait for the one that installs.
///
/// # Errors
/// [`Error::Missing`] if the machine has no qemu or no Python that can make environments, [`Error::Install`] if that or
/// pip fails, [`Error::Io`]. What was begun is begun anew by the next call.
pub fn ensure(target_dir: &Path, release: Release) -> Result<PathBuf, Error> {
    tools::require_qemu()?;
    let place = Place::new(target_dir, release);
    if place.is_ready() {
        return Ok(place.python());
    }
    std::fs::create_dir_all(target_dir).map_err(Error::file("make", target_dir))?;
    // Released with the file, even if we are killed.
    let lock = File::create(&place.lock).map_err(Error::file("make", &place.lock))?;
    lock.lock().map_err(Error::file("lock", &place.lock))?;
    if !place.is_ready() {
        place.install()?;
    }
    Ok(place.python())
}

struct Place {
    folder: PathBuf,
    /// Beside the folder, because the folder itself is removed.
    lock: PathBuf,
    requirements: String,
}

impl Place {
    fn new(target_dir: &Path, release: Release) -> Self {
        let name = format!("speculos-{}", release.version());
        let lock = target_dir.join(format!("{name}.lock"));
        Self { lock, folder: target_dir.join(name), requirements: requirements(release) }
    }

    fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Written last, so that an installation that was cut off does not count.
    fn stamp(&self) -> PathBuf {
        self.folder.join("installed")
    }

    fn is_ready(&self) -> bool {
        // The interpreter is a link to that of the machine, which may have been replaced.
        std::fs::read_to_string(self.stamp()).is_ok_and(|stamp| stamp == self.requirements)
            && self.python().exists()
    }

    fn install(&self) -> Result<(), Error> {
        run(Command::new(interpreter()?).args(["-m", "venv", "--clear"]).arg(&self.folder))?;
        let list = self.folder.join("requirements.txt");
        std::fs::write(&list, &self.requirements).map_err(Error::file("write", &list))?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        // The list is whole, and nothing in it needs a compiler.
        pip.args(["--no-deps", "--only-binary=:all:", "--requirement"]).arg(&list);
        run(&mut pip)?;
        std::fs::write(self.stamp(), &self.requirements).map_err(Error::file("write", self.stamp()))
    }
}

/// A Python that can make environments. Debian packs that ability apart, and the first Python on the search path may
/// not be Debian's.
fn interpreter() -> Result<PathBuf, Error> {
    const ABLE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))";
    let able = |python: &PathBuf| {
        let mut check = Command::new(python);
        check.args(["-c", ABLE]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        check.status().is_ok_and(|status| status.success())
    };
    tools::all("python3").find(able).ok_or_else(|| Error::Missing {
        what: "a Python (3.9 or later) that can make virtual environments".to_owned(),
        cure: "apt-get install python3-venv".to_owned(),
    })
}

fn run(command: &mut Command) -> Result<(), Error> {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let line = words.join(" ".as_ref()).to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(Error::io(format!("run {line}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(Error::Install { command: line, status: output.status, output: said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_its_version_and_speculos_is_the_one_we_drive() {
        for release in Release::ALL {
            let text = requirements(release);
            let packages: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(packages[0], format!("speculos=={}", release.version()));
            for package in packages {
                let (name, version) = package.split_once("==").expect(package);
                assert!(!name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()), "{package}");
            }
        }
    }

    #[test]
    fn only_a_finished_installation_of_this_very_list_counts() {
        let target = tempfile::tempdir().unwrap();
        let place = Place::new(target.path(), Release::WithNanoS);
        let is_ready = |target: &Path| is_ready(target, Release::WithNanoS);
        assert!(!is_ready(target.path()));
        std::fs::create_dir_all(place.folder.join("bin")).unwrap();
        std::fs::write(place.python(), "").unwrap();
        assert!(!is_ready(target.path()), "cut off before its stamp");
        std::fs::write(place.stamp(), "speculos==0.1.0\n").unwrap();
        assert!(!is_ready(target.path()), "an older list");
        std::fs::write(place.stamp(), requirements(Release::WithNanoS)).unwrap();
        assert!(is_ready(target.path()));
        assert!(!super::is_ready(target.path(), Release::Later), "that is another release");
        std::fs::remove_file(place.python()).unwrap();
        assert!(!is_ready(target.path()), "its Python was removed");
    }

    #[test]
    fn a_failed_command_is_shown_with_its_output() {
        let error = run(Command::new("sh").args(["-c", "echo no network; exit 4"])).unwrap_err().to_string();
        assert!(error.contains("`sh -c echo no network; exit 4` ended with exit status: 4"), "{error}");
        assert!(error.ends_with("no network"), "{error}");
    }
}
