//! The app's image: verified, and loaded on a dashboard that is played here, by a loader that is played here too. The real
//! loader drives a played dashboard in `cargo xtask test --only sideload`.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::desk::{Desk, program};
use crate::emulator::Emulator;
use crate::sentences::shown;

/// Ten bytes, of which four are storage and two are install parameters.
const HEX: &str = ":02000004C0D06A\n:0A00000062B600F00BF8FEE701DF26\n:04000005C0D0000166\n:00000001FF\n";
const LOAD: &str = "device = \"nanosplus\"\ntitle = \"Nano S Plus\"\ntarget_id = \"0x33100004\"\ntarget_version = \"\"\n\
                    name = \"Highwater\"\nversion = \"0.1.0\"\ndata_size = 4\nparameters_size = 2\nicon = \"\"\n";
const SHA256: &str = "e46e247c8f9e71224c7fd224dfa734dfe5453f4891bd7cae681a477ffb6c6e5d";
/// What ledgerblue 0.1.58 computes of it (`hashApp`) for a Nano S Plus at level 26.
const HASH_26: &str = "22312b5727ceeb4ba9f634594c10829572549699dfec87b13a85e8ed5aa71c74";

/// What a played device says.
#[derive(Clone)]
struct Says {
    open: &'static str,
    target: u32,
    system: &'static str,
    /// Apps with their hashes, or the status word instead of them.
    apps: Result<Vec<(&'static str, [u8; 32])>, u16>,
    locked: bool,
}

impl Default for Says {
    fn default() -> Self {
        Self { open: "BOLOS", target: 0x3310_0004, system: "1.6.1", apps: Ok(Vec::new()), locked: false }
    }
}

impl Says {
    fn reply(&self, apdu: &[u8]) -> Vec<u8> {
        let text = |text: &str| [&[text.len() as u8][..], text.as_bytes()].concat();
        let ok = |data: Vec<u8>| [&data[..], &[0x90, 0]].concat();
        match apdu {
            _ if self.locked => vec![0x55, 0x15],
            [0xb0, 1, ..] => ok([vec![1], text(self.open), text(self.system)].concat()),
            [0xe0, 1, ..] => {
                ok([&self.target.to_be_bytes()[..], &text(self.system), &[4, 0, 0, 0, 0]].concat())
            }
            [0xe0, 0xde, ..] => match &self.apps {
                Err(word) => word.to_be_bytes().to_vec(),
                Ok(apps) if apps.is_empty() => ok(Vec::new()),
                Ok(apps) => {
                    let entry = |(name, hash): &(&str, [u8; 32])| {
                        let entry = [&[0; 4][..], &[0; 32], hash, &text(name)].concat();
                        [&[entry.len() as u8][..], &entry].concat()
                    };
                    ok([vec![1], apps.iter().flat_map(entry).collect()].concat())
                }
            },
            [0xe0, 0xdf, ..] => ok(Vec::new()),
            _ => vec![0x6d, 0],
        }
    }
}

fn serve(mut stream: &TcpStream, says: &Says, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut apdu = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut apdu).ok()?;
    asked.lock().unwrap().push(hex::encode(&apdu));
    let reply = says.reply(&apdu);
    stream.write_all(&((reply.len() - 2) as u32).to_be_bytes()).ok()?;
    stream.write_all(&reply).ok()
}

/// A folder with an image, a played device and a played loader.
struct Bench {
    dir: TempDir,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new(says: Says) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                while serve(&stream, &says, &kept).is_some() {}
            }
        });
        let bench = Self { dir: tempfile::tempdir().unwrap(), address, asked };
        fs::create_dir(bench.path("image")).unwrap();
        fs::write(bench.path("image/highwater-nanosplus.hex"), HEX).unwrap();
        fs::write(bench.path("image/load.toml"), LOAD).unwrap();
        bench.loader(&format!("Application full hash : {HASH_26}"), 0);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the loader will say, and how it will end. It writes down how it was run, and what it was given to read.
    fn loader(&self, says: &str, code: u8) {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n*importlib.metadata*) echo 0.1.58 ;;\n*ledgerblue.loadApp*)\n\
             echo \"$LEDGER_PROXY_PORT $APDUGEN $*\" >> {0}/ran\n\
             while [ \"$1\" != --fileName ]; do shift; done\ncp \"$2\" {0}/read\n\
             echo '{says}' >&2\nexit {code} ;;\n*) echo \"$*\" >> {0}/pip ;;\nesac\n",
            self.dir.path().display()
        );
        fs::create_dir_all(self.path("environment/bin")).unwrap();
        let python = self.path("environment/bin/python");
        // Written aside: a script that runs cannot be written over.
        fs::write(self.path("python"), script).unwrap();
        fs::set_permissions(self.path("python"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(self.path("python"), python).unwrap();
    }

    fn command(&self, verb: &str, args: &[&str]) -> Command {
        let mut command = program(self.dir.path(), self.dir.path());
        command.args(["firmware", verb]).args(args).arg("--image").arg(self.path("image"));
        command.env("HIGHWATER_EMULATOR", self.address.to_string());
        // As where somebody tried the loader by hand before.
        command.env("APDUGEN", "1").env("LEDGER_PROXY_PORT", "1");
        command.env("HOME", self.dir.path()).env_remove("XDG_DATA_HOME");
        command
    }

    fn install(&self, args: &[&str]) -> String {
        let mut command = self.command("install", args);
        command.arg("--environment").arg(self.path("environment"));
        self.said("install", args, command)
    }

    fn verify(&self, args: &[&str]) -> String {
        self.said("verify", args, self.command("verify", args))
    }

    fn said(&self, verb: &str, args: &[&str], mut command: Command) -> String {
        let done = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let code = done.status.code().unwrap();
        let text = format!("$ highwater firmware {verb} {}\n{err}{out}exit {code}\n", args.join(" "));
        let text = text.replace(&self.dir.path().display().to_string(), "FOLDER");
        // The loader's copy has a name that nobody can guess.
        let copy =
            self.ran().and_then(|ran| Some(ran.split_once("--fileName ")?.1.split(' ').next()?.to_owned()));
        let copy = copy.and_then(|path| path.rsplit('/').next().map(str::to_owned));
        copy.map_or(text.clone(), |copy| text.replace(&copy, "COPY.hex"))
    }

    /// How the loader was run.
    fn ran(&self) -> Option<String> {
        fs::read_to_string(self.path("ran")).ok()
    }
}

/// The digest of the image, which its owner repeats.
fn own() -> [&'static str; 2] {
    ["--sha256", SHA256]
}

/// Whoever names a configuration has a daemon, which would be passed over.
#[test]
fn a_configuration_that_is_named_and_not_there_is_told_and_nothing_is_asked() {
    let bench = Bench::new(Says::default());
    for (verb, more) in [("verify", &[][..]), ("install", &["--print"])] {
        for named in [true, false] {
            let mut command = bench.command(verb, more);
            command.env_remove("HIGHWATER_EMULATOR");
            match named {
                true => command.args(["--config", "mistyped.toml"]),
                false => command.env("HIGHWATER_CONFIG", "mistyped.toml"),
            };
            let said = bench.said(verb, more, command);
            assert!(said.contains("mistyped.toml") && said.ends_with("exit 64\n"), "{said}");
        }
    }
}

#[test]
fn the_loader_is_run_with_the_level_of_the_device_and_everything_is_said_before() {
    let bench = Bench::new(Says::default());
    shown("firmware-install", &bench.install(&own()));
    let ran = bench.ran().unwrap();
    let port = bench.address.port();
    assert!(ran.starts_with(&format!("{port}  -I -B -u -m ledgerblue.loadApp --tlv --appFlags 0 ")), "{ran}");
    for word in ["--targetId 0x33100004", "--apiLevel 26", "--dataSize 4", "--installparamsSize 2"] {
        assert!(ran.contains(word), "{word}: {ran}");
    }
    assert!(!ran.contains("--delete") && ran.lines().count() == 1, "{ran}");
    // What it reads is what was judged, in a file of this command alone, which is gone.
    assert_eq!(fs::read_to_string(bench.path("read")).unwrap(), HEX);
    assert!(!ran.contains("image/highwater-nanosplus.hex"), "{ran}");
    assert_eq!(*bench.asked.lock().unwrap(), ["b001000000", "e001000000", "e0de000000"]);
}

#[test]
fn the_lines_are_printed_and_nothing_is_run_or_made() {
    let bench = Bench::new(Says::default());
    let mut command = bench.command("install", &["--print", "--system", "1.7.0", "--sha256", SHA256]);
    command.env("HOME", bench.path("home"));
    shown("firmware-install-print", &bench.said("install", &["--print --system 1.7.0"], command));
    assert!(bench.ran().is_none() && bench.asked.lock().unwrap().is_empty());
    assert!(!bench.path("home").exists());
}

/// Whatever speaks against loading, with the words that name it, and without a loader that ran.
#[test]
fn what_speaks_against_loading_is_said_before_anything_is_run() {
    let own = own();
    let elsewhere = ["--device", "nanos", own[0], own[1]];
    let plus = Says::default;
    let ours = || Ok(vec![("Bitcoin", [1; 32]), ("Highwater", [2; 32])]);
    let cases: Vec<(&str, Says, &[&str], u8, &str)> = vec![
        ("another app", Says { open: "Bitcoin", ..plus() }, &own, 64, "(Bitcoin): quit it"),
        ("our app", Says { open: "Highwater", ..plus() }, &own, 64, "quit it on the device"),
        ("locked", Says { locked: true, ..plus() }, &own, 69, "enter its PIN"),
        ("Nano X", Says { target: 0x3300_0004, ..plus() }, &own, 64, "a Nano X"),
        ("Flex", Says { target: 0x3330_0004, ..plus() }, &own, 64, "touch screen"),
        (
            "Nano S",
            Says { target: 0x3110_0004, system: "2.1.0", ..plus() },
            &own,
            64,
            "take the image for that one",
        ),
        ("a newer system", Says { system: "1.8.0", ..plus() }, &own, 64, "1.4, 1.5, 1.6, 1.7"),
        ("an app with marks", Says { apps: ours(), ..plus() }, &own, 64, "ITS MARKS ARE LOST"),
        ("an unknown image", plus(), &[], 78, SHA256),
        ("another digest", plus(), &["--sha256", "00ff"], 78, "not 00ff"),
        ("another device", plus(), &elsewhere, 64, "--device says nanos"),
    ];
    for (what, says, args, code, words) in cases {
        let bench = Bench::new(says);
        let said = bench.install(args);
        assert!(said.ends_with(&format!("exit {code}\n")) && said.contains(words), "{what}: {said}");
        assert!(bench.ran().is_none(), "{what}: {said}");
    }
}

#[test]
fn an_app_is_deleted_only_where_its_owner_says_that_the_marks_are_written_down() {
    let says = Says { apps: Ok(vec![("Highwater", [2; 32])]), ..Says::default() };
    let bench = Bench::new(says);
    let said = bench.install(&["--marks-written-down", "--sha256", SHA256]);
    assert!(said.contains("its marks are lost") && said.ends_with("exit 0\n"), "{said}");
    assert!(said.contains("highwater mark adopt ID"), "{said}");
    assert!(bench.ran().unwrap().trim_end().ends_with("--delete"));
    // A device that does not tell is not asked again, and nothing is deleted there.
    let bench = Bench::new(Says { apps: Err(0x6985), ..Says::default() });
    let said = bench.install(&own());
    assert!(said.contains("6985") && said.ends_with("exit 0\n"), "{said}");
    assert!(!bench.ran().unwrap().contains("--delete"));
}

#[test]
fn what_the_loader_failed_with_has_a_cause_and_a_cure() {
    for (says, code, exit, words) in [
        ("Invalid status 511f (The OS version)", 1, 69, "another API level"),
        ("Invalid status 5515 (Did you unlock?)", 1, 69, "enter its PIN"),
        ("Invalid status 6985 (denied)", 1, 69, "denied on the device"),
        ("Invalid status 5120 (Sideload)", 1, 69, "lets nobody load"),
        ("Invalid status 5103", 1, 69, "no room"),
        ("Invalid status 6a80", 1, 69, "(6a80)"),
        ("Exception : No dongle found", 1, 69, "70-highwater.rules"),
        ("Exception : Timeout", 1, 69, "replug"),
        ("Application full hash : 00ff", 0, 78, "do not open the app"),
        ("", 0, 78, "printed no hash"),
    ] {
        let bench = Bench::new(Says::default());
        bench.loader(says, code);
        let said = bench.install(&own());
        assert!(said.contains(words) && said.ends_with(&format!("exit {exit}\n")), "{says}: {said}");
        assert!(!said.contains("installed:"), "{says}: {said}");
    }
}

#[test]
fn an_environment_that_is_not_there_is_made_once_and_nowhere_else() {
    let bench = Bench::new(Says::default());
    // A Python that makes environments out of the played one.
    let venv = format!(
        "#!/bin/sh\n[ \"$1 $2 $3\" = '-m venv --clear' ] || exit 9\nmkdir -p \"$4/bin\" && cp {0}/python \"$4/bin/python\"\necho \"$4\" >> {0}/made\n",
        bench.dir.path().display()
    );
    fs::create_dir(bench.path("bin")).unwrap();
    fs::write(bench.path("bin/python3"), venv).unwrap();
    fs::set_permissions(bench.path("bin/python3"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bench.path("bin").display());
    for _ in 0..2 {
        let mut command = bench.command("install", &own());
        command.env("PATH", &path);
        let said = bench.said("install", &[], command);
        assert!(said.ends_with("exit 0\n"), "{said}");
    }
    let folder = bench.path(".local/share/highwater/ledgerblue-0.1.58");
    assert_eq!(fs::read_to_string(bench.path("made")).unwrap(), format!("{}\n", folder.display()));
    let pip = fs::read_to_string(bench.path("pip")).unwrap();
    assert!(pip.contains("-m pip install") && pip.trim_end().ends_with("ledgerblue==0.1.58"), "{pip}");
    assert_eq!(pip.lines().count(), 1);
    // Without a Python the cure is named.
    fs::write(bench.path("bin/python3"), "#!/bin/sh\nexit 1\n").unwrap();
    fs::remove_dir_all(bench.path(".local")).unwrap();
    let mut command = bench.command("install", &own());
    command.env("PATH", &path);
    let said = bench.said("install", &[], command);
    assert!(said.contains("python3-venv") && said.ends_with("exit 69\n"), "{said}");
}

#[test]
fn an_image_is_verified_and_so_is_what_the_dashboard_lists() {
    let hash: [u8; 32] = hex::decode(HASH_26).unwrap().try_into().unwrap();
    let bench = Bench::new(Says { apps: Ok(vec![("Highwater", hash)]), ..Says::default() });
    // The image is unknown, and that is its one trouble.
    shown("firmware-verify", &bench.verify(&[]));
    let told = |says: Says| {
        let bench = Bench::new(says);
        let done = bench.command("verify", &["--json"]).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap()
    };
    let value = told(Says { apps: Ok(vec![("Highwater", hash)]), ..Says::default() });
    assert_eq!(value["found"]["full_hash"], HASH_26);
    assert_eq!(value["problems"].as_array().unwrap().len(), 1, "{value}");
    // The same app on another level is another hash, and so is another app.
    for says in [
        Says { system: "1.7.0", apps: Ok(vec![("Highwater", hash)]), ..Says::default() },
        Says { apps: Ok(vec![("Highwater", [3; 32])]), ..Says::default() },
    ] {
        let value = told(says);
        let problem = value["problems"][1].as_str().unwrap();
        assert!(problem.contains("is not this image"), "{problem}");
    }
    let value = told(Says::default());
    assert!(value["found"]["untold"].as_str().unwrap().contains("firmware install"), "{value}");
    let value = told(Says { target: 0x3110_0004, system: "2.1.0", ..Says::default() });
    assert!(value["problems"][1].as_str().unwrap().contains("take the image for that one"), "{value}");
}

#[test]
fn an_app_that_is_open_tells_its_version_and_installation() {
    let app = Emulator::start("firmware");
    let bench = Bench { address: app.address, ..Bench::new(Says::default()) };
    // It says that it is a Nano S.
    fs::rename(bench.path("image/highwater-nanosplus.hex"), bench.path("image/highwater-nanos.hex")).unwrap();
    let load = LOAD.replace("nanosplus", "nanos").replace("parameters_size = 2", "parameters_size = 0");
    fs::write(bench.path("image/load.toml"), load).unwrap();
    let said = bench.verify(&[]);
    assert!(said.contains("Highwater 0.1.0, installation ") && said.contains("not its hash"), "{said}");
}

#[test]
fn a_damaged_folder_is_refused() {
    let other = HEX.replace("62B6", "62B7");
    let cases: [(&str, Option<&str>, &str); 7] = [
        ("highwater-nanosplus.hex", Some(&HEX[..HEX.len() - 12]), "damaged"),
        ("highwater-nanosplus.hex", Some(&other), "damaged"),
        ("highwater-nanosplus.hex", None, "has no image"),
        ("highwater-nanos.hex", Some(HEX), "several devices"),
        ("highwater-nanosplus.bin", Some("other bytes"), "different bytes"),
        ("highwater-nanosplus-ledgerctl.hex", Some(&other), "holds another app"),
        ("load.toml", None, "take the whole folder"),
    ];
    for (file, text, words) in cases {
        let bench = Bench::new(Says::default());
        let path = bench.path("image").join(file);
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let said = bench.verify(&[]);
        assert!(said.contains(words), "{file}: {said}");
        assert!(said.ends_with("exit 78\n") || said.ends_with("exit 64\n"), "{file}: {said}");
    }
    for load in [
        LOAD.replace("nanosplus", "nanos"),
        LOAD.replace("data_size = 4", "data_size = 8"),
        format!("flags = 16\n{LOAD}"),
        "nonsense".to_owned(),
    ] {
        let bench = Bench::new(Says::default());
        fs::write(bench.path("image/load.toml"), &load).unwrap();
        let said = bench.verify(&[]);
        assert!(said.contains("load.toml") && said.ends_with("exit 78\n"), "{load}: {said}");
    }
}

#[tokio::test]
async fn a_daemon_that_runs_keeps_the_loader_away() {
    let desk = Desk::pinned("firmware");
    let bench = Bench::new(Says::default());
    let _daemon = desk.daemon().await;
    let image = bench.path("image").display().to_string();
    let said = desk.says(&["firmware", "install", "--image", &image, "--sha256", SHA256]);
    assert!(said.contains("stop the daemon") && said.ends_with("exit 64\n"), "{said}");
}
