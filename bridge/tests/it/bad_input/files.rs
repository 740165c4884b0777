//! Every file and folder that the program reads or makes: missing, empty, full of something else, a folder, another user's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::Table;
use crate::desk::{CHAIN, Desk};
use crate::moving::other_key;

/// What may be in a file's place.
const WRONG: [&str; 5] =
    ["missing", "empty", "full of something else", "a folder", "a symbolic link to itself"];

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing is left at the path.
fn clear(path: &Path) {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

fn put(path: &Path, wrong: &str) {
    clear(path);
    match wrong {
        "empty" => fs::write(path, "").unwrap(),
        "full of something else" => fs::write(path, [0xfe, 0xff, b'7']).unwrap(),
        "a folder" => fs::create_dir(path).unwrap(),
        "a symbolic link to itself" => symlink(path, path).unwrap(),
        _ => return,
    }
    if !path.is_symlink() {
        mode(path, if path.is_dir() { 0o700 } else { 0o600 });
    }
}

struct Files {
    desk: Desk,
    table: Table,
}

impl Files {
    /// A desk with a pinned chain.
    fn new() -> Self {
        let desk = Desk::new("bad-input");
        desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "7/0/precommit"]);
        desk.must(&["node-id"]);
        Self { desk, table: Table::new() }
    }

    /// The file is wrong in each of these ways, and the command is refused; then it is what it was.
    fn each(&mut self, of: &str, name: &str, wrongs: &[&str], args: &[&str]) {
        let path = self.desk.path(name);
        let good = fs::read(&path).ok();
        for wrong in wrongs {
            put(&path, wrong);
            let said = self.desk.says(args);
            self.table.refused(of, wrong, &said);
        }
        clear(&path);
        if let Some(good) = good {
            fs::write(&path, good).unwrap();
            mode(&path, 0o600);
        }
    }

    /// The file says this instead.
    fn says(&mut self, of: &str, wrong: &str, name: &str, text: &str, args: &[&str]) {
        let path = self.desk.path(name);
        let good = fs::read(&path).ok();
        clear(&path);
        fs::write(&path, text).unwrap();
        mode(&path, 0o600);
        let said = self.desk.says(args);
        self.table.refused(of, wrong, &said);
        clear(&path);
        if let Some(good) = good {
            fs::write(&path, good).unwrap();
            mode(&path, 0o600);
        }
    }

    fn configure(&self, device: &str) {
        let state = self.desk.path("state");
        fs::write(&self.desk.config, format!("state_dir = {state:?}\n[device]\n{device}\n")).unwrap();
    }
}

#[test]
fn every_file_has_rows() {
    let mut files = Files::new();
    files.each("configuration", "highwater.toml", &WRONG[..], &["status"]);
    files.each(
        "pins.toml",
        "state/pins.toml",
        &["missing", "full of something else", "a folder", WRONG[4]],
        &["run"],
    );
    files.says("pins.toml", "empty", "state/pins.toml", "", &["run"]);
    let state = format!("state/chains/{CHAIN}.json");
    files.each("state file", &state, &WRONG[..], &["run"]);
    let text = fs::read_to_string(files.desk.path(&state)).unwrap();
    files.says("state file", "of another chain", &state, &text.replace(CHAIN, "alpha-2"), &["run"]);
    files.says("state file", "cut in the middle", &state, &text[..text.len() / 2], &["run"]);
    files.each("node_identity.key", "state/node_identity.key", &WRONG[1..], &["node-id"]);
    mode(&files.desk.path("state/node_identity.key"), 0o644);
    let said = files.desk.says(&["node-id"]);
    files.table.refused("node_identity.key", "others may read it", &said);
    mode(&files.desk.path("state/node_identity.key"), 0o600);
    files.each(
        "admin.sock",
        "state/admin.sock",
        &["full of something else", "a folder", WRONG[4]],
        &["status"],
    );
    files.each("admin.sock", "state/admin.sock", &["a folder"], &["run"]);
    files.each("device.lock", "state/device.lock", &["a folder", WRONG[4]], &["device", "info"]);

    // The state directory.
    for open in [0o775, 0o777] {
        mode(&files.desk.path("state"), open);
        let said = files.desk.says(&["run"]);
        files.table.refused("state_dir", &format!("mode {open:o}"), &said);
    }
    mode(&files.desk.path("state"), 0o755);
    assert!(files.desk.says(&["pubkey", CHAIN]).ends_with("exit 0\n"), "who may only look harms nothing");
    mode(&files.desk.path("state/chains"), 0o770);
    let said = files.desk.says(&["run"]);
    files.table.refused("state_dir", "its folder of state files has mode 770", &said);
    mode(&files.desk.path("state/chains"), 0o700);

    // What another host, or another device, wrote.
    let import = ["state", "import", "moving.json"];
    for wrong in WRONG {
        put(&files.desk.path("moving.json"), wrong);
        let said = files.desk.says(&import);
        files.table.refused("exported state", wrong, &said);
    }
    clear(&files.desk.path("moving.json"));
    let later = "{\"format\": 2, \"pins\": \"\", \"chains\": {}}";
    files.says("exported state", "of a later version", "moving.json", later, &import);
    files.each("backup of a key", "backup", &WRONG[..], &["key", "restore", "backup"]);
    let format = "{\"format\": 1, \"address\": \"\", \"pub_key\": \"\", \"backup\": \"AAAA\"}";
    files.says("backup of a key", "cut short", "backup", format, &["key", "restore", "backup"]);
    let import = ["key", "import", "--from", "key.json", "--no-backup"];
    files.each("key file", "key.json", &WRONG[..], &import);
    let changed = other_key().replace("\"address\": \"5", "\"address\": \"6");
    files.says("key file", "its address is another's", "key.json", &changed, &import);

    // The node's socket.
    for wrong in &WRONG[..4] {
        put(&files.desk.path("node.sock"), wrong);
        let said = files.desk.says(&["check"]);
        files.table.row("socket of a node", wrong, &said);
    }
    clear(&files.desk.path("node.sock"));
    drop(std::os::unix::net::UnixListener::bind(files.desk.path("node.sock")).unwrap());
    let said = files.desk.says(&["doctor"]);
    files.table.row("socket of a node", "nobody listens", &said);
    files.table.kept("files");
}

/// The simulated device, whose seed and memory are files.
#[test]
fn every_file_of_the_simulated_device_has_rows() {
    let mut files = Files::new();
    files.configure("transport = \"simulated\"");
    files.desk.must(&["device", "info"]);
    let info = ["device", "info"];
    files.each("simulated.seed", "state/simulated.seed", &WRONG[..], &info);
    files.says("simulated.seed", "cut short", "state/simulated.seed", "0123456789", &info);
    files.each("simulated.nvm", "state/simulated.nvm", &WRONG[1..], &info);
    for name in ["simulated.seed", "simulated.nvm"] {
        let path = files.desk.path(&format!("state/{name}"));
        mode(&path, 0o666);
        let said = files.desk.says(&info);
        files.table.refused(name, "others may write to it", &said);
        mode(&path, 0o600);
    }
    files.table.kept("files-simulated");
}

/// What key stores want: the files of a password and of a PIN, and the vendor's library.
#[cfg(all(feature = "pkcs11", feature = "yubihsm"))]
#[test]
fn every_file_of_a_key_store_has_rows() {
    let mut files = Files::new();
    let dir = files.desk.path("");
    let dir = dir.display().to_string();
    let dir = dir.trim_end_matches('/');
    let info = ["device", "info"];
    files.configure(&format!(
        "transport = \"yubihsm\"\naddress = \"127.0.0.1:1\"\nauth_key = 5\npassword_file = \"{dir}/password\"\n\
         [[device.key]]\nnumber = 0\nobject = 1"
    ));
    files.each("password_file", "password", &["missing", "empty", "a folder", WRONG[4]], &info);
    fs::write(files.desk.path("password"), "secret").unwrap();
    mode(&files.desk.path("password"), 0o640);
    let said = files.desk.says(&info);
    files.table.refused("password_file", "others may read it", &said);
    files.each("yubihsm.secret", "state/yubihsm.secret", &WRONG[1..], &info);
    files.configure(&format!(
        "transport = \"pkcs11\"\nmodule = \"{dir}/vendor.so\"\ntoken_label = \"x\"\npin_file = \"{dir}/pin\"\n\
         [[device.key]]\nnumber = 0\nlabel = \"validator\""
    ));
    files.each("pin_file", "pin", &["missing", "empty", "a folder"], &info);
    fs::write(files.desk.path("pin"), "1234").unwrap();
    mode(&files.desk.path("pin"), 0o600);
    files.each("module", "vendor.so", &["missing", "empty", "full of something else", "a folder"], &info);
    files.table.kept("files-stores");
}

/// Who may read what. Only root can give files away.
#[test]
fn a_file_of_another_user_has_rows() {
    if !rustix::process::geteuid().is_root() {
        use std::io::Write as _;
        // This goes past what the harness holds back of a test that passes.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED a_file_of_another_user_has_rows: only root may give files away"
        );
        return;
    }
    const NOBODY: u32 = 65_534;
    let mut files = Files::new();
    let give = |files: &Files, name: &str| {
        std::os::unix::fs::chown(files.desk.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    };
    // The daemon's user is nobody.
    give(&files, "state");
    give(&files, "state/chains");
    let state = format!("state/chains/{CHAIN}.json");
    for name in ["state/pins.toml", "state/node_identity.key", "state/device.lock", &state] {
        give(&files, name);
    }
    let said = files.desk.says(&["chain", "list"]);
    files.table.refused("state_dir", "of the daemon's user, and a command of root", &said);
    for name in ["state/pins.toml", "state/node_identity.key"] {
        std::os::unix::fs::chown(files.desk.path(name), Some(0), Some(0)).unwrap();
        let said = files.desk.says_as(NOBODY, &["run"]);
        files.table.refused(name.trim_start_matches("state/"), "made by a command of root", &said);
        give(&files, name);
    }
    std::os::unix::fs::chown(files.desk.path(&state), Some(0), Some(0)).unwrap();
    let said = files.desk.says_as(NOBODY, &["run"]);
    files.table.refused("state file", "made by a command of root", &said);
    std::os::unix::fs::chown(files.desk.path("state"), Some(0), Some(0)).unwrap();
    let said = files.desk.says_as(NOBODY, &["run"]);
    files.table.refused("state_dir", "of root, and the daemon is another user's", &said);
    let gone = fs::read_to_string(&files.desk.config).unwrap().replace("/state\"", "/nothing\"");
    fs::write(&files.desk.config, gone).unwrap();
    let said = files.desk.says(&["run"]);
    files.table.refused("state_dir", "missing, and a command of root", &said);
    let said = files.desk.says_as(NOBODY, &["run"]);
    files.table.refused("state_dir", "missing, in a folder of root", &said);
    files.desk.says_as(NOBODY, &["--version"]);
    let said = files.desk.says_as_with(NOBODY, &["check"], || mode(&files.desk.config, 0o640));
    files.table.refused("configuration", "may not be read by the user of the command", &said);
    files.table.kept("files-of-others");
}
