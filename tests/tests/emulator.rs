//! The emulator at a terminal, as a person plays with it: a chain is approved there by typed presses, and a second run
//! begins where the first one ended.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Result, bail, ensure};
use highwater_tests::bridge::{Device, Setup};
use highwater_tests::process::{free_port, wait_for};
use highwater_tests::tools;
use highwater_tests::validator::PATIENCE;
use nanos_sdk::target::nanosplus;
use rustix::process::{Pid, Signal, kill_process};

const CHAIN: &str = "played-1";

/// A run of the program.
struct Run<'a> {
    child: Child,
    keys: ChildStdin,
    folder: &'a Path,
}

impl<'a> Run<'a> {
    fn start(folder: &'a Path, port: u16) -> Self {
        let out = File::create(folder.join("output")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_highwater-emulator"));
        program.args(["--device", nanosplus::DEVICE.name, "--port", &port.to_string()]);
        program.arg("--firmware").arg(tools::firmware(&nanosplus::DEVICE).unwrap());
        program.arg("--emulator").arg(tools::emulator(&nanosplus::DEVICE).unwrap());
        program.arg("--flash").arg(folder.join("flash"));
        program.stdin(Stdio::piped()).stdout(out.try_clone().unwrap()).stderr(out);
        let mut child = program.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        Self { child, keys, folder }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join("output")).unwrap()).into_owned()
    }

    /// Waits for a text behind what was said already.
    fn says(&mut self, from: usize, text: &str) -> Result<()> {
        wait_for(text, PATIENCE, || {
            ensure!(self.child.try_wait()?.is_none(), "it has ended:\n{}", self.said());
            Ok(self.said().get(from..).is_some_and(|said| said.contains(text)).then_some(()))
        })
    }

    /// Types a line, and gives the page that follows.
    fn types(&mut self, line: &str) -> Result<String> {
        let from = self.said().len();
        writeln!(self.keys, "{line}")?;
        self.says(from, "'\n")?;
        Ok(self.said()[from..].to_owned())
    }

    /// The owner: reads to the page of the decision, then presses both buttons.
    fn approves(&mut self) -> Result<String> {
        self.says(0, "Add chain?")?;
        let mut read = String::new();
        for _ in 0..40 {
            let page = self.types("r")?;
            read += &page;
            if page.contains("Approve") {
                self.types("b")?;
                return Ok(read);
            }
        }
        bail!("no page says \"Approve\":\n{read}")
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.said())
    }
}

#[test]
fn a_chain_that_was_approved_at_a_terminal_is_there_in_the_next_run_of_a_nanosplus() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port().unwrap();
    let mut run = Run::start(folder.path(), port);
    run.says(0, "its flash is blank").unwrap();
    let address = format!("127.0.0.1:{port}");
    assert!(
        run.said().contains(&format!("transport = \"speculos\"\n  address = \"{address}\"")),
        "{}",
        run.said()
    );
    run.says(0, "no chain").unwrap();

    let socket = folder.path().join("privval.sock");
    let bridge = folder.path().join("bridge");
    let setup = Setup::new(&bridge, &Device::Speculos(address), CHAIN, &socket).unwrap();
    let mut read = String::new();
    setup
        .add_chain(|| {
            read = run.approves()?;
            Ok(())
        })
        .unwrap();
    for page in [CHAIN, "Public key 1/2", "Raise mark to", "Approve"] {
        assert!(read.contains(page), "{page}: {read}");
    }
    let key = setup.public_key().unwrap();
    let other = tempfile::tempdir().unwrap();
    let (code, said) = Run::start(other.path(), port).ends();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("port {port}")) && said.contains("--port N"), "{said}");
    writeln!(run.keys, "x").unwrap();
    run.says(0, "q to end").unwrap();
    writeln!(run.keys, "q").unwrap();
    let (code, said) = run.ends();
    assert_eq!(code, Some(0), "{said}");

    // The flash is that of the first run, and a signal saves it as `q` does.
    let mut again = Run::start(folder.path(), port);
    again.says(0, "as it was left").unwrap();
    again.says(0, CHAIN).unwrap();
    assert_eq!(setup.public_key().unwrap(), key);
    kill_process(Pid::from_child(&again.child), Signal::INT).unwrap();
    let (code, said) = again.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("its flash is in"), "{said}");
}
