//! The files of the system that the Debian package brings: users, the device's rule, the unit. Without the package they are
//! offered to root, and to nobody else. One that is there and differs is somebody's, and is not written over unasked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::advice;
use crate::failure::Failure;
use crate::store::durable;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Users and folders.
    Users,
    /// Who may open a Ledger.
    DeviceRule,
    /// How the daemon is started.
    Unit,
}

/// How a file of ours stands in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    Missing,
    /// Another text stands there.
    Differs,
    /// As it should.
    Right,
}

/// The files of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) stands: Stands,
    /// Where they go.
    pub(crate) paths: Vec<PathBuf>,
}

/// Where each goes, and its text.
const FILES: [(Kind, &str, &str); 4] = [
    (
        Kind::Users,
        "usr/lib/sysusers.d/highwater.conf",
        include_str!("../../../../packaging/sysusers.d/highwater.conf"),
    ),
    (
        Kind::Users,
        "usr/lib/tmpfiles.d/highwater.conf",
        include_str!("../../../../packaging/tmpfiles.d/highwater.conf"),
    ),
    (
        Kind::DeviceRule,
        "etc/udev/rules.d/70-highwater.rules",
        include_str!("../../../../packaging/udev/70-highwater.rules"),
    ),
    (
        Kind::Unit,
        "etc/systemd/system/highwater.service",
        include_str!("../../../../packaging/systemd/highwater.service"),
    ),
];

/// The commands after the files of a kind were written: who has to know of them.
const fn commands(kind: Kind) -> &'static [&'static [&'static str]] {
    match kind {
        Kind::Users => {
            &[&["systemd-sysusers", "highwater.conf"], &["systemd-tmpfiles", "--create", "highwater.conf"]]
        }
        Kind::DeviceRule => &[
            &["udevadm", "control", "--reload"],
            &["udevadm", "trigger", "--subsystem-match=hidraw", "--subsystem-match=usb"],
        ],
        Kind::Unit => &[&["systemctl", "daemon-reload"]],
    }
}

/// The system that the files go to; another root in tests, where no command is run.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) root: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self { root: "/".into() }
    }
}

impl System {
    /// Whether the Debian package brought the files: then they are its own.
    pub(crate) fn is_packaged(&self) -> bool {
        self.root.join("var/lib/dpkg/info/highwater.list").exists()
    }

    /// How all files stand.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        [Kind::Users, Kind::DeviceRule, Kind::Unit].map(|kind| self.piece(kind)).into()
    }

    fn piece(&self, kind: Kind) -> Piece {
        let mut piece = Piece { kind, stands: Stands::Right, paths: Vec::new() };
        for (_, path, text) in FILES.iter().filter(|(of, ..)| *of == kind) {
            let path = self.root.join(path);
            let stands = match fs::read(&path) {
                Ok(found) if found == text.as_bytes() => Stands::Right,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Stands::Missing,
                _ => Stands::Differs,
            };
            piece.stands = match (piece.stands, stands) {
                (Stands::Differs, _) | (_, Stands::Differs) => Stands::Differs,
                (Stands::Missing, _) | (_, Stands::Missing) => Stands::Missing,
                _ => Stands::Right,
            };
            piece.paths.push(path);
        }
        piece
    }

    /// Writes the files of a kind, and tells whoever has to know. Gives the commands that could not be run.
    pub(crate) fn install(&self, kind: Kind) -> Result<Vec<String>, Failure> {
        for (_, path, text) in FILES.iter().filter(|(of, ..)| *of == kind) {
            let path = self.root.join(path);
            write(&path, text).map_err(|error| Failure::io(path.display(), &error))?;
        }
        if self.root != Path::new("/") {
            return Ok(Vec::new());
        }
        Ok(commands(kind).iter().filter(|words| !ran(words)).map(|words| words.join(" ")).collect())
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    durable::replace_as(path, text.as_bytes(), 0o644, None)
}

fn ran(words: &[&str]) -> bool {
    let [program, arguments @ ..] = words else { return true };
    // What it prints is nobody's result.
    Command::new(program).args(arguments).output().is_ok_and(|done| done.status.success())
}

/// The lines that install a kind by hand, as docs/install.md has them.
pub(crate) fn by_hand(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Users => &[
            "install -D -m 644 packaging/sysusers.d/highwater.conf /usr/lib/sysusers.d/highwater.conf && systemd-sysusers",
            "install -D -m 644 packaging/tmpfiles.d/highwater.conf /usr/lib/tmpfiles.d/highwater.conf",
            "systemd-tmpfiles --create highwater.conf",
        ],
        Kind::DeviceRule => &[
            "install -m 644 packaging/udev/70-highwater.rules /etc/udev/rules.d/ && udevadm control --reload && udevadm trigger",
        ],
        Kind::Unit => &[
            "install -m 644 packaging/systemd/highwater.service /etc/systemd/system/ && systemctl daemon-reload",
        ],
    }
}

/// What is left to root, as commands.
pub(crate) fn left(pieces: &[Piece]) -> Option<String> {
    let missing = pieces.iter().filter(|piece| piece.stands == Stands::Missing);
    let lines: Vec<&str> = missing.flat_map(|piece| by_hand(piece.kind)).copied().collect();
    (!lines.is_empty()).then(|| advice::left_to_root(&lines))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_written_once_and_one_that_differs_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let system = System { root: dir.path().to_owned() };
        assert!(!system.is_packaged());
        assert!(system.pieces().iter().all(|piece| piece.stands == Stands::Missing));
        for kind in [Kind::Users, Kind::DeviceRule, Kind::Unit] {
            assert!(system.install(kind).unwrap().is_empty());
        }
        assert!(system.pieces().iter().all(|piece| piece.stands == Stands::Right));
        let unit = dir.path().join("etc/systemd/system/highwater.service");
        assert_eq!(fs::metadata(&unit).unwrap().permissions().mode() & 0o777, 0o644);
        fs::write(&unit, "mine").unwrap();
        let stands: Vec<_> = system.pieces().iter().map(|piece| piece.stands).collect();
        assert_eq!(stands, [Stands::Right, Stands::Right, Stands::Differs]);
        let list = dir.path().join("var/lib/dpkg/info/highwater.list");
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        fs::write(list, "/.").unwrap();
        assert!(system.is_packaged());
    }

    #[test]
    fn the_commands_by_hand_are_those_of_the_manual() {
        fn pages(folder: &Path, text: &mut String) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pages(&path, text);
                } else if path.extension().is_some_and(|ending| ending == "md") {
                    *text += &fs::read_to_string(path).unwrap();
                }
            }
        }
        let mut manual = String::new();
        pages(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")), &mut manual);
        for line in [Kind::Users, Kind::DeviceRule, Kind::Unit].into_iter().flat_map(by_hand) {
            assert!(manual.contains(&format!("# {line}\n")), "{line}");
        }
    }
}
