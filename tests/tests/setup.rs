//! `highwater setup` from nothing to blocks: with the firmware, whose pages it draws, and with keys in stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use highwater_tests::bridge::{Device, Setup};
use highwater_tests::device::{Emulated, approve, lines};
use highwater_tests::harness::{Address, Chain, Node, Timing, Version};
use highwater_tests::store::Store;
use nanos_sdk::target::{Device as Hardware, nanos, nanosplus};
use serde_json::Value;

const CHAIN: &str = "setup-1";

/// A folder with answers, and no configuration yet.
struct Begun {
    folder: tempfile::TempDir,
    setup: Setup,
}

impl Begun {
    fn new(device: &Device) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("node.sock");
        let setup = Setup::new(folder.path(), device, CHAIN, &socket).unwrap();
        // What is written by hand elsewhere is what `setup` is to write.
        fs::remove_file(folder.path().join("highwater.toml")).unwrap();
        let device = match device {
            Device::Simulated => "transport = \"simulated\"".to_owned(),
            Device::Speculos(address) => format!("transport = \"speculos\"\naddress = \"{address}\""),
            Device::Store { lines, .. } => lines.clone(),
        };
        let text = format!(
            "state_dir = {:?}\n[install]\nusers = false\ndevice_rule = false\nunit = false\n[device]\n{device}\n[chain]\nid = \
             \"{CHAIN}\"\nnodes = [\"unix://{}\"]\nrpc = \"\"\nkey_index = 0\n[mark]\nfrom = \"next_height\"\nnext_height = 7\n",
            folder.path().join("state"),
            socket.display(),
        );
        fs::write(folder.path().join("answers.toml"), text).unwrap();
        Self { folder, setup }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs it while the owner does something; the result, and what was said beside it.
    fn run(&self, owner: impl FnOnce() -> anyhow::Result<()>) -> (Value, String) {
        let answers = self.at("answers.toml");
        let args = ["setup", "--yes-to", answers.to_str().unwrap(), "--json"];
        let done = self.setup.run_while(&args, owner).unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        (serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {said}")), said)
    }

    /// The daemon that was set up serves a node, from the height of the mark on.
    fn signs(&self, key: &str) {
        self.setup.run(&["check"]).unwrap();
        let address = Address::Unix(self.at("node.sock"));
        let node = Node::start(Version::V038, &address, CHAIN, Timing::default(), [1; 32]).unwrap();
        let mut bridge = self.setup.start().unwrap();
        let mut chain = Chain::start(node, 6).unwrap();
        assert_eq!(hex::encode(chain.key()), key);
        for height in 7..10 {
            assert_eq!(chain.commit().unwrap().height, height);
        }
        assert_eq!((bridge.stop().unwrap(), bridge.refusals()), (Some(0), 0), "{}", bridge.output());
    }
}

/// The pages that were drawn: the lines of each, joined by `|`.
fn drawn(said: &str) -> Vec<String> {
    let mut pages = Vec::new();
    let rows = said
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains("---.") || line.starts_with("  |"));
    let mut row: Vec<Vec<String>> = Vec::new();
    let mut end = |row: &mut Vec<Vec<String>>| {
        pages.extend(row.drain(..).map(|page| page.join("|")));
    };
    for line in rows {
        if line.contains("---.") {
            end(&mut row);
            row = vec![Vec::new(); line.matches("---.").count()];
            continue;
        }
        let cells = line.trim().trim_matches('|').split("|  |").map(str::trim);
        for (page, cell) in row.iter_mut().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            page.push(cell.to_owned());
        }
    }
    end(&mut row);
    pages
}

fn what_is_drawn_is_what_the_screen_shows_and_blocks_are_signed(hardware: Hardware) {
    let device = Emulated::new(hardware).unwrap();
    let address = device.emulator().unwrap().apdu_address().to_string();
    let begun = Begun::new(&Device::Speculos(address));
    let mut seen = Vec::new();
    let (told, said) = begun.run(|| approve(device.emulator()?, |page| seen.push(lines(page))));
    let key = told["key"].as_str().unwrap().to_owned();
    let drawn = drawn(&said);
    // The owner decides at "Approve", the page before the last.
    assert_eq!(drawn.len(), seen.len() + 1, "{drawn:?} {seen:?}");
    for (page, screen) in drawn.iter().zip(&seen) {
        let dots = ".".repeat(16);
        let half = match page.strip_prefix("Public key ") {
            Some(half) if half.starts_with('1') => &key[..32],
            Some(_) => &key[32..],
            None => "",
        };
        let page = match half.is_empty() {
            true => page.clone(),
            false => page.replacen(&dots, &half[..16], 1).replacen(&dots, &half[16..], 1),
        };
        assert_eq!(&page, screen, "{said}");
    }
    assert_eq!((&told["for_stake"], &told["mark"]), (&Value::from(false), &Value::from("7/0/none")));
    // A run after that asks nobody and draws nothing.
    let config = fs::read(begun.at("highwater.toml")).unwrap();
    let (again, said) = begun.run(|| Ok(()));
    assert!(self::drawn(&said).is_empty() && again["key"] == told["key"], "{said}");
    assert_eq!(fs::read(begun.at("highwater.toml")).unwrap(), config);
    begun.signs(&key);
}

#[test]
fn a_nanos_is_set_up_and_signs() {
    what_is_drawn_is_what_the_screen_shows_and_blocks_are_signed(nanos::DEVICE);
}

#[test]
fn a_nanosplus_is_set_up_and_signs() {
    what_is_drawn_is_what_the_screen_shows_and_blocks_are_signed(nanosplus::DEVICE);
}

#[test]
fn keys_in_stores_and_the_simulated_device_are_set_up_and_sign() {
    let yubihsm = Store::yubihsm(Duration::ZERO).unwrap();
    let token = Store::softhsm().unwrap();
    for (device, for_stake) in [(yubihsm.device(), true), (token.device(), true), (&Device::Simulated, false)]
    {
        let begun = Begun::new(device);
        let (told, said) = begun.run(|| Ok(()));
        assert_eq!(told["for_stake"], for_stake, "{said}");
        assert_eq!(said.contains("NOT FOR STAKE"), !for_stake, "{said}");
        assert!(Path::new(told["config"].as_str().unwrap()).exists());
        begun.signs(told["key"].as_str().unwrap());
    }
}
