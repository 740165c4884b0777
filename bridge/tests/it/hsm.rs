//! A YubiHSM2 from the factory to a chain, at the command line; and what is said when somebody else signs with its key.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use highwater_played_hsm::{CREATE_SESSION, Hsm, MAY_LEAVE, MAY_SIGN, Plug, SIGN_EDDSA, Trouble};
use tempfile::TempDir;

use crate::desk::program;
use crate::on_call::Watch;

const CHAIN: &str = "hsm-1";
const SEED: [u8; 32] = [7; 32];
/// The address of [`SEED`].
const ADDRESS: &str = "FE812C12F3AB4CE6AC5DB69AC352F906CB1B11EF";

struct Rack {
    dir: TempDir,
    hsm: Hsm,
    plug: Plug,
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Rack {
    fn new() -> Self {
        let (dir, hsm) = (tempfile::tempdir().unwrap(), Hsm::new());
        fs::create_dir(dir.path().join("state")).unwrap();
        let rack = Self { plug: hsm.plug().unwrap(), hsm, dir };
        fs::write(rack.path("admin"), "password\n").unwrap();
        fs::set_permissions(rack.path("admin"), fs::Permissions::from_mode(0o600)).unwrap();
        rack
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.dir.path(), self.dir.path());
        command.args(args).env("HIGHWATER_CONFIG", self.path("highwater.toml"));
        command
    }

    fn run(&self, args: &[&str], typed: Option<&str>) -> Said {
        let mut command = self.command(args);
        if let Some(typed) = typed {
            command.env("HIGHWATER_APPROVE_CHAIN", typed);
        }
        let done = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: done.status.code(), out: text(&done.stdout), err: text(&done.stderr) }
    }

    /// As the factory's administrator.
    fn admin(&self, args: &[&str], typed: Option<&str>) -> Said {
        let address = format!("127.0.0.1:{}", self.plug.port());
        let by = ["--admin-password-file", "admin", "--address", &address];
        self.run(&[&["yubihsm"][..], args, &by].concat(), typed)
    }

    fn setup(&self, more: &[&str]) -> Said {
        self.admin(&[&["setup", "--password-file", "signer.password"][..], more].concat(), None)
    }

    /// The lines of `setup`, as the configuration of a chain.
    fn configured(&self, lines: &str) {
        let node = self.path("node.sock");
        let text = format!(
            "state_dir = {:?}\n{lines}\n[[chain]]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\n",
            self.path("state"),
            node.display()
        );
        fs::write(self.path("highwater.toml"), text).unwrap();
    }
}

impl Said {
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.err, self.out);
        self
    }

    #[track_caller]
    fn refused(&self, code: i32, why: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.err, self.out);
        assert!(self.err.contains(why), "{}", self.err);
    }
}

#[test]
fn setup_makes_a_key_that_may_sign_and_nothing_else_and_its_lines_are_a_configuration() {
    for audit in [false, true] {
        let rack = Rack::new();
        rack.hsm.put_key(3, SEED, MAY_SIGN);
        let more: &[&str] = if audit {
            &["--object", "3", "--auth-key", "9", "--audit"]
        } else {
            &["--object", "3", "--auth-key", "9"]
        };
        let said = rack.setup(more).done();
        let wanted = if audit { 0x104_0100 } else { 0x100 };
        assert_eq!(rack.hsm.auth_key(9), Some((wanted, u16::MAX)), "the domains of the key");
        let file = rack.path("signer.password");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let password = fs::read_to_string(&file).unwrap();
        assert_eq!(password.trim().len(), 64);
        assert!(!said.out.contains(password.trim()) && !said.err.contains(password.trim()));
        assert!(said.err.contains(ADDRESS) && said.err.contains("cannot leave"), "{}", said.err);
        assert!(said.err.contains("DANGER: authentication key 1 of the factory"), "{}", said.err);
        // An HSM as the factory sends it logs nothing.
        rack.configured(&said.out);
        let added = ["chain", "add", CHAIN, "--key-index", "0", "--next-height", "5"];
        let added = rack.run(&added, Some(CHAIN)).done();
        let knows = "This host knows nothing of what this key signed: the mark of hsm-1 begins at 5/0/none.";
        assert!(added.err.contains(knows) && added.err.contains("is its disk mounted?"), "{}", added.err);
        let pubkey = rack.run(&["pubkey", CHAIN], None).done();
        assert!(pubkey.out.contains("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"));
        assert_eq!(rack.path("state/yubihsm.audit").exists(), audit);
    }
}

#[test]
fn setup_writes_over_nothing_and_leaves_nothing_where_it_fails() {
    let rack = Rack::new();
    rack.hsm.put_auth_key(5, b"theirs", MAY_SIGN);
    rack.setup(&[]).refused(64, "has an authentication key 5 already");
    rack.setup(&["--auth-key", "1"]).refused(64, "it is the administrator's");
    rack.hsm.put_key(1, SEED, 0);
    rack.setup(&["--auth-key", "6"]).refused(64, "has not the capability sign-eddsa");
    rack.hsm.delete_key(1);
    // One that may make no authentication keys.
    rack.hsm.put_auth_key(7, b"password", MAY_SIGN);
    rack.setup(&["--auth-key", "6", "--admin-key", "7"]).refused(69, "may not do that");
    rack.setup(&["--auth-key", "6", "--admin-key", "8"]).refused(69, "no authentication key 8");
    assert!(!rack.path("signer.password").exists() && rack.hsm.auth_key(6).is_none());
    fs::write(rack.path("signer.password"), "in use").unwrap();
    rack.setup(&["--auth-key", "6"]).refused(64, "is there already");
    assert_eq!(fs::read_to_string(rack.path("signer.password")).unwrap(), "in use");
    fs::remove_file(rack.path("signer.password")).unwrap();
    let said = rack.setup(&["--auth-key", "6"]).done();
    assert!(said.err.contains("object 1 is not in the HSM yet"), "{}", said.err);
    // Nobody is there to type a password.
    let address = format!("127.0.0.1:{}", rack.plug.port());
    rack.run(&["yubihsm", "setup", "--auth-key", "9", "--address", &address], None)
        .refused(69, "No terminal");
}

#[test]
fn the_variables_of_aiakos_are_understood() {
    let rack = Rack::new();
    rack.hsm.put_key(42, SEED, MAY_SIGN);
    let mut command = rack.command(&["yubihsm", "setup", "--password-file", "signer.password"]);
    command
        .env("AIAKOS_URL", format!("localhost:{}", rack.plug.port()))
        .env("AIAKOS_SIGNING_KEY", "42")
        .env("AIAKOS_AUTH_KEY", "1")
        .env("AIAKOS_AUTH_KEY_PASSWORD", "password");
    let done = command.output().unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && out.contains("object = 42") && out.contains("auth_key = 5"), "{out}");
    assert_eq!(rack.hsm.auth_key(5), Some((MAY_SIGN, u16::MAX)));
}

/// A key file as CometBFT has it.
fn key_file(rack: &Rack) {
    use base64::Engine as _;
    let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let public = ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key().to_bytes();
    let json = serde_json::json!({
        "address": ADDRESS,
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": text(&public)},
        "priv_key": {"type": "tendermint/PrivKeyEd25519", "value": text(&[SEED, public].concat())},
    });
    fs::write(rack.path("priv_validator_key.json"), json.to_string()).unwrap();
    fs::set_permissions(rack.path("priv_validator_key.json"), fs::Permissions::from_mode(0o600)).unwrap();
    // And as tmkms has it.
    fs::write(rack.path("consensus.key"), text(&SEED)).unwrap();
    fs::set_permissions(rack.path("consensus.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_file_goes_into_the_hsm_by_the_word_of_its_owner_and_cannot_leave_unless_it_is_said() {
    let rack = Rack::new();
    key_file(&rack);
    let import = ["import", "--from", "priv_validator_key.json", "--object", "7"];
    rack.admin(&import, None).refused(69, "terminal");
    rack.admin(&import, Some("something else")).refused(69, "");
    assert_eq!(rack.hsm.key(7), None);
    let said = rack.admin(&import, Some("import")).done();
    assert_eq!(rack.hsm.key(7), Some(MAY_SIGN));
    assert!(
        said.out.contains(&format!("address  {ADDRESS}")) && said.err.contains("It cannot leave the HSM")
    );
    assert!(said.err.contains("highwater migrate") && said.err.contains("highwater retire"), "{}", said.err);
    // Again, and over another key.
    let again = rack.admin(&import, Some("import")).done();
    assert!(again.out.contains("since before"), "{}", again.out);
    rack.hsm.put_key(8, [9; 32], MAY_SIGN);
    let other = ["import", "--from", "consensus.key", "--source", "tmkms", "--object", "8"];
    rack.admin(&other, Some("import")).refused(64, "is another key, and none is written over");
    let leaves = ["import", "--from", "consensus.key", "--source", "tmkms", "--object", "9", "--exportable"];
    let said = rack.admin(&leaves, Some("import")).done();
    assert_eq!(rack.hsm.key(9), Some(MAY_SIGN | MAY_LEAVE));
    assert!(said.err.contains("It may leave the HSM"), "{}", said.err);
}

#[test]
fn an_authentication_key_is_deleted_by_typing_it_and_never_our_own() {
    let rack = Rack::new();
    rack.hsm.put_key(1, SEED, MAY_SIGN);
    rack.hsm.put_auth_key(4, b"tmkms", MAY_SIGN);
    let said = rack.setup(&[]).done();
    rack.configured(&said.out);
    rack.admin(&["delete-auth-key", "4"], None).refused(69, "terminal");
    rack.admin(&["delete-auth-key", "4"], Some("5")).refused(69, "");
    rack.admin(&["delete-auth-key", "5"], Some("5")).refused(64, "logs in with");
    rack.admin(&["delete-auth-key", "1"], Some("1")).refused(64, "logs in with");
    // A configuration that cannot be read hides which key is its own.
    rack.configured("transprt = 7");
    rack.admin(&["delete-auth-key", "5"], Some("5")).refused(64, "transprt");
    rack.configured(&said.out);
    assert!(rack.hsm.auth_key(4).is_some() && rack.hsm.auth_key(5).is_some());
    let said = rack.admin(&["delete-auth-key", "4"], Some("4")).done();
    assert!(said.out.contains("authentication key 4: deleted") && rack.hsm.auth_key(4).is_none());
    assert!(rack.admin(&["delete-auth-key", "4"], Some("4")).done().out.contains("not in the HSM"));
}

#[test]
fn somebody_else_s_signature_is_told_everywhere_and_accepted_only_with_the_daemon_stopped() {
    let rack = Rack::new();
    rack.hsm.put_key(1, SEED, MAY_SIGN);
    let said = rack.setup(&["--audit"]).done();
    rack.configured(&said.out);
    rack.run(&["yubihsm", "accept"], None).refused(69, "terminal");
    rack.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "5"], Some(CHAIN)).done();
    rack.run(&["doctor"], None);
    rack.hsm.signs_elsewhere(4, 1);
    let info = rack.run(&["device", "info"], None);
    info.refused(69, "SIGNED ELSEWHERE");
    assert!(info.err.contains("DOUBLE-SIGN RISK") && info.err.contains("authentication key 0x0004"));
    assert!(info.err.contains("highwater yubihsm accept"), "{}", info.err);
    let doctor = rack.run(&["doctor"], None);
    assert!((doctor.out + &doctor.err).contains("SIGNED ELSEWHERE"));
    let log = fs::File::create(rack.path("log")).unwrap();
    let mut daemon = rack.command(&["run"]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let status = loop {
        let status = rack.run(&["status", "--json"], None);
        if status.out.contains("signed_elsewhere") || Instant::now() > until {
            break status;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(
        status.out.contains("\"device_state\":\"signed_elsewhere\"")
            || status.out.contains("\"device_state\": \"signed_elsewhere\""),
        "{}",
        status.out
    );
    assert!(status.out.contains("DOUBLE-SIGN RISK"), "{}", status.out);
    // The log has a thread of its own.
    let told = || fs::read_to_string(rack.path("log")).unwrap();
    while !told().contains("device.signed_elsewhere") && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    let told = told().matches("device.signed_elsewhere").count();
    rack.run(&["yubihsm", "accept"], Some("accept")).refused(69, "");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(told, 1, "said once");
    let said = rack.run(&["yubihsm", "accept"], Some("accept")).done();
    assert!(said.out.contains("authentication key 0x0004") && said.err.contains("mark set"), "{}", said.err);
    rack.run(&["device", "info"], None).done();
    rack.run(&["mark", "set", CHAIN, "--last-signed", "90/0/precommit"], Some(CHAIN)).done();
    // An HSM whose log is switched off is no witness.
    rack.hsm.logs_no_more(SIGN_EDDSA);
    rack.run(&["device", "info"], None).refused(69, "does not log its signatures");
}

/// Whoever can take a file away would else take the alarm away, and a disk that was restored in part would say nothing.
#[test]
fn a_ledger_that_is_not_there_beside_marks_is_begun_by_its_owner_and_by_nobody_else() {
    let rack = Rack::new();
    rack.hsm.put_key(1, SEED, MAY_SIGN);
    let said = rack.setup(&["--audit"]).done();
    let ledger = rack.path("state/yubihsm.audit");
    let refused = || {
        let signed = rack.hsm.signed();
        let info = rack.run(&["device", "info"], None);
        info.refused(69, "holds no audit of the HSM's log, and the device has marks");
        assert!(info.err.contains("highwater yubihsm accept"), "{}", info.err);
        assert_eq!(rack.hsm.signed(), signed);
    };
    // The option is new, and the device is not.
    rack.configured(&said.out.replace("audit = true\n", ""));
    rack.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "5"], Some(CHAIN)).done();
    rack.configured(&said.out);
    refused();
    assert!(!ledger.exists(), "none is made");
    let said = rack.run(&["yubihsm", "accept"], Some("accept")).done();
    assert!(said.out.contains("there was no audit file"), "{}", said.out);
    rack.run(&["device", "info"], None).done();
    // It was lost, and what the log shows since then is somebody else's.
    fs::remove_file(&ledger).unwrap();
    rack.hsm.signs_elsewhere(4, 1);
    refused();
    assert!(!ledger.exists(), "none is made");
    // As one that was cut while it was made, or wiped.
    fs::write(&ledger, [0; 128]).unwrap();
    fs::set_permissions(&ledger, fs::Permissions::from_mode(0o600)).unwrap();
    refused();
    rack.run(&["yubihsm", "accept"], Some("accept")).done();
    rack.run(&["device", "info"], None).done();
    rack.hsm.signs_elsewhere(4, 1);
    rack.run(&["device", "info"], None).refused(69, "SIGNED ELSEWHERE");
}

/// Another one would read none of the marks, and stand where the old one has to be put back.
#[test]
fn a_secret_is_never_made_anew_beside_marks_whatever_is_asked_for() {
    let (rack, lines) = of_tmkms();
    rack.run(&["device", "info"], None).done();
    let secret = rack.path("state/yubihsm.secret");
    let kept = fs::read(&secret).unwrap();
    fs::remove_file(&secret).unwrap();
    for (asked, typed) in
        [(&MIGRATE[..], CHAIN), (&["yubihsm", "accept"], "accept"), (&["device", "info"], "")]
    {
        rack.run(asked, Some(typed)).refused(69, "without it no mark can be read");
        assert!(!secret.exists(), "{asked:?}");
    }
    fs::write(&secret, kept).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    // Under another name it would be another device, without a mark.
    rack.configured(&lines.replace("[device]\n", "[device]\nname = \"hsm\"\n"));
    for (asked, typed) in
        [(&MIGRATE[..], CHAIN), (&["yubihsm", "accept"], "accept"), (&["device", "info"], "")]
    {
        rack.run(asked, Some(typed)).refused(69, "yubihsm.nvm");
        assert!(!rack.path("state/hsm.yubihsm.secret").exists(), "{asked:?}");
    }
}

#[test]
fn a_factory_key_that_could_not_be_looked_for_is_not_told_as_gone() {
    let rack = Rack::new();
    rack.hsm.put_key(1, SEED, MAY_SIGN);
    rack.hsm.put_auth_key(1, b"mine", u64::MAX);
    fs::write(rack.path("admin"), "mine\n").unwrap();
    let said = rack.setup(&[]).done();
    assert!(!said.err.contains("factory"), "{}", said.err);
    fs::remove_file(rack.path("signer.password")).unwrap();
    // The administrator's session, and the signer's, come before.
    (0..2).for_each(|_| rack.hsm.trouble(CREATE_SESSION, Trouble::Slow(Duration::ZERO)));
    rack.hsm.trouble(CREATE_SESSION, Trouble::LosesAnswer);
    let said = rack.setup(&["--auth-key", "6"]).done();
    assert!(
        said.err.contains("authentication key 1 of the factory") && said.err.contains("not known"),
        "{}",
        said.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_signature_raises_its_alert_until_it_is_accepted() {
    let rack = Rack::new();
    rack.hsm.put_key(1, SEED, MAY_SIGN);
    let said = rack.setup(&["--audit"]).done();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let Some(mut watch) = Watch::at(metrics) else { return };
    rack.configured(&format!("{}\n[admin]\nmetrics = \"{metrics}\"\n", said.out));
    rack.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "5"], Some(CHAIN)).done();
    rack.run(&["doctor"], None);
    rack.hsm.signs_elsewhere(4, 1);
    let mut daemon = rack.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    watch.until("highwater_device_state{state=\"signed_elsewhere\"} 1").await;
    watch.sees(8).await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    rack.run(&["yubihsm", "accept"], Some("accept")).done();
    let mut daemon = rack.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    watch.until("highwater_device_state{state=\"ready\"} 1").await;
    watch.sees_cured().await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    watch.raised_from_the_start("HighwaterSignedElsewhere");
}

/// A state of tmkms that was last written a minute ago, and its configuration, as whoever runs it has them.
fn tmkms(rack: &Rack, object: u16, auth_key: u16) {
    let state = rack.path("tmkms-state.json");
    let block = r#"{"hash":"","parts":{"total":0,"hash":""}}"#;
    fs::write(&state, format!(r#"{{"height":"361402","round":"1","step":1,"block_id":{block}}}"#)).unwrap();
    let minute = std::time::SystemTime::now() - Duration::from_secs(60);
    fs::File::options().write(true).open(&state).unwrap().set_modified(minute).unwrap();
    let config = format!(
        "[[chain]]\nid = \"{CHAIN}\"\nstate_file = {state:?}\n[[providers.yubihsm]]\nauth = {{ key = {auth_key}, password = \"x\" }}\nkeys = [{{ chain_ids = [\"{CHAIN}\"], key = {object} }}]\n"
    );
    fs::write(rack.path("tmkms.toml"), config).unwrap();
}

/// An HSM whose key tmkms signs with, an installation beside it, and its lines of the configuration.
fn of_tmkms() -> (Rack, String) {
    let rack = Rack::new();
    rack.hsm.put_key(7, SEED, MAY_SIGN);
    rack.hsm.put_auth_key(4, b"tmkms", MAY_SIGN);
    let said = rack.setup(&["--object", "7", "--audit"]).done();
    rack.configured(&said.out);
    tmkms(&rack, 7, 4);
    (rack, said.out)
}

const MIGRATE: [&str; 11] = [
    "migrate",
    "--from",
    "tmkms",
    "--chain",
    CHAIN,
    "--tmkms",
    "tmkms.toml",
    "--key-index",
    "0",
    "--block-time",
    "1",
];

#[test]
fn a_validator_of_tmkms_s_hsm_goes_on_with_its_key_where_it_is_and_the_precommit_of_its_round_as_the_mark() {
    let (rack, _) = of_tmkms();
    let signed = rack.hsm.signed();
    let said = rack.run(&MIGRATE, Some(CHAIN)).done();
    assert!(said.out.contains(&format!("address  {ADDRESS}")), "{}", said.out);
    assert!(said.out.contains("mark     361402/1/precommit"), "{}", said.out);
    assert!(said.err.contains("highwater yubihsm delete-auth-key 4 --admin-key ID"), "{}", said.err);
    assert!(said.err.contains("retire the old signer"), "{}", said.err);
    assert_eq!(rack.hsm.signed(), signed);
    let show = rack.run(&["mark", "show", CHAIN], None).done();
    assert!(show.out.contains("361402/1/precommit"), "{}", show.out);
    // Typed again: nothing is done again. Then its state is retired.
    let again = rack.run(&MIGRATE, Some(CHAIN)).done();
    assert!(again.err.contains("signs with this key here already"), "{}", again.err);
    let retire =
        ["retire", "--from", "tmkms", "--chain", CHAIN, "--state", "tmkms-state.json", "--block-time", "1"];
    rack.run(&retire, None).done();
    assert!(fs::read_to_string(rack.path("tmkms-state.json")).unwrap().contains("9223372036854775807"));
}

#[test]
fn a_move_of_an_hsm_s_key_that_does_not_fit_is_refused_and_changes_nothing() {
    let rack = Rack::new();
    rack.hsm.put_key(7, SEED, MAY_SIGN);
    rack.hsm.put_auth_key(4, b"tmkms", MAY_SIGN);
    let said = rack.setup(&["--object", "7"]).done();
    rack.configured(&said.out);
    for (object, auth_key, why) in [(8, 4, "is another"), (7, 5, "cannot be locked out")] {
        tmkms(&rack, object, auth_key);
        rack.run(&MIGRATE, Some(CHAIN)).refused(64, why);
    }
    tmkms(&rack, 7, 4);
    let text = fs::read_to_string(rack.path("tmkms.toml")).unwrap();
    fs::write(rack.path("tmkms.toml"), text.replace(CHAIN, "other-1")).unwrap();
    rack.run(&MIGRATE, Some(CHAIN)).refused(64, "no key of a YubiHSM is there");
    // A state beside the folder that tmkms is started in, which nobody here knows.
    let state = rack.path("tmkms-state.json").display().to_string();
    fs::write(rack.path("tmkms.toml"), text.replace(&state, "./tmkms-state.json")).unwrap();
    rack.run(&MIGRATE, Some(CHAIN)).refused(64, "the folder that tmkms is started in");
    rack.run(&MIGRATE, Some(CHAIN)).refused(64, "`--state /PATH/TO/FILE`");
    fs::write(rack.path("tmkms.toml"), text).unwrap();
    // The key is gone; nobody types the chain; the owner types another.
    rack.hsm.delete_key(7);
    rack.run(&MIGRATE, Some(CHAIN)).refused(69, "no key of index 0");
    rack.hsm.put_key(7, SEED, MAY_SIGN);
    rack.run(&MIGRATE, None).refused(69, "terminal");
    rack.run(&MIGRATE, Some("other-1")).refused(69, "");
    // tmkms runs.
    fs::File::options()
        .write(true)
        .open(rack.path("tmkms-state.json"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    rack.run(&MIGRATE, Some(CHAIN)).refused(64, "the old signer may still run");
    let show = rack.run(&["chain", "list"], None).done();
    assert!(!show.out.contains(CHAIN), "{}", show.out);
    // A number of a device that has no store.
    let text = format!("state_dir = {:?}\n[device]\ntransport = \"simulated\"\n", rack.path("state"));
    fs::write(rack.path("highwater.toml"), text).unwrap();
    rack.run(&MIGRATE, Some(CHAIN)).refused(64, "neither");
}

/// A key of a store is named by its number: there is no file of it, and no place of an imported one.
#[test]
fn setup_takes_a_validator_over_whose_key_stays_in_the_hsm() {
    let rack = Rack::new();
    rack.hsm.put_key(7, SEED, MAY_SIGN);
    rack.setup(&["--object", "7", "--auth-key", "9"]).done();
    tmkms(&rack, 7, 4);
    let state = rack.path("tmkms-state.json");
    let answers = |key: &str| {
        let text = format!(
            "state_dir = {:?}\n[install]\nusers = false\ndevice_rule = false\nunit = false\n\
             [device]\ntransport = \"yubihsm\"\naddress = \"127.0.0.1:{}\"\nauth_key = 9\npassword_file = {:?}\n[[device.key]]\nnumber = 0\nobject = 7\n\
             [chain]\nid = \"{CHAIN}\"\nnodes = [\"unix://{}\"]\nrpc = \"\"\n{key}\n[mark]\nfrom = \"migrate\"\n\
             [migrate]\nfrom = \"tmkms\"\nstate = [{state:?}]\nblock_time = 1\n",
            rack.path("state"),
            rack.plug.port(),
            rack.path("signer.password"),
            rack.path("node.sock").display(),
        );
        fs::write(rack.path("answers.toml"), text).unwrap();
    };
    const SETUP: [&str; 3] = ["setup", "--yes-to", "answers.toml"];
    answers("");
    rack.run(&SETUP, Some(CHAIN)).refused(64, "chain.key_index");
    answers("key_index = 0");
    let said = rack.run(&SETUP, Some(CHAIN)).done();
    assert!(said.err.contains(&format!("address  {ADDRESS}")), "{}{}", said.out, said.err);
    let show = rack.run(&["mark", "show", CHAIN], None).done();
    assert!(show.out.contains("361402/1/precommit"), "{}", show.out);
}
