//! What `packaging/` installs, judged by the programs that will read it, where they are there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

fn packaging(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(file)
}

/// Runs it if it is installed; fails if it is and says no.
fn accepted(command: &mut Command) {
    if process::on_path(&command.get_program().to_string_lossy()).is_none() {
        eprintln!("{} is not here: not tried", command.get_program().to_string_lossy());
        return;
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn systemd_accepts_the_unit_and_finds_it_hardened() {
    // The unit names programs that exist only where it is installed.
    let unit = std::fs::read_to_string(packaging("systemd/highwater.service")).unwrap();
    let folder = std::env::temp_dir().join(format!("highwater-unit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("highwater.service");
    std::fs::write(&path, unit.replace("/usr/bin/highwater", "/bin/true")).unwrap();
    accepted(Command::new("systemd-analyze").arg("verify").arg(&path));
    // Exposure in tenths: below 2.0.
    accepted(
        Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=19"]).arg(&path),
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn systemd_accepts_the_users() {
    accepted(Command::new("systemd-sysusers").arg("--dry-run").arg(packaging("sysusers.d/highwater.conf")));
}

#[test]
fn the_rules_open_the_device_to_one_group_and_nobody_else() {
    let rules = std::fs::read_to_string(packaging("udev/70-highwater.rules")).unwrap();
    let nodes: Vec<_> = rules.lines().filter(|line| line.contains("MODE=")).collect();
    assert_eq!(nodes.len(), 2, "hidraw and usb");
    for rule in nodes {
        let parts: Vec<_> = rule.split(", ").collect();
        assert!(parts.iter().any(|part| part.ends_with("{idVendor}==\"2c97\"")), "{rule}");
        assert!(parts.contains(&"MODE=\"0660\"") && parts.contains(&"GROUP=\"highwater\""), "{rule}");
        assert!(parts.contains(&"TAG-=\"uaccess\""), "{rule}");
    }
}

/// Who may write to a folder may replace a node's socket in it.
#[test]
fn each_node_has_a_folder_of_its_own_that_nobody_else_may_write_to() {
    let text = std::fs::read_to_string(packaging("tmpfiles.d/highwater.conf")).unwrap();
    let lines = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let folders: Vec<Vec<_>> = lines
        .filter(|line| line.starts_with("d /run/privval"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(folders.len(), 2, "where the folders are, and an example of one");
    for folder in folders {
        let mode = u32::from_str_radix(folder[2], 8).unwrap();
        assert_eq!(mode & 0o022, 0, "{folder:?}");
    }
}
