//! The page at the metrics address, in a real browser: the daemon as an operator runs it, a device in its process, a node
//! played in Rust. `cargo xtask test --only page` installs the browser.
//!
//! `HIGHWATER_PICTURES` names a folder for pictures of what the browser shows.

use std::path::PathBuf;

use highwater_tests::bridge::{Bridge, Device, Setup};
use highwater_tests::browser::{Browser, Screen};
use highwater_tests::harness::{Address, Ask, Ballot, Kind, Node, Timing, Trouble, Version};
use highwater_tests::process::{free_port, wait_for};
use tempfile::TempDir;

const CHAIN: &str = "page-1";
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// Part of the name of a node's socket.
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

const DESK: Screen = Screen { width: 1280, height: 800, dark: false };
const TELEPHONE: Screen = Screen { width: 360, height: 740, dark: false };

/// A daemon with a page, and a node that it signs for.
struct Rig {
    node: Option<Node>,
    bridge: Bridge,
    key: [u8; 32],
    url: String,
    _folder: TempDir,
}

impl Rig {
    /// From this height on. The names are those of nodes that are not there.
    fn start(next: u64, absent: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let place = Address::Unix(at("node.sock"));
        let node = Node::start(Version::V038, &place, CHAIN, Timing::default(), [5; 32]).unwrap();
        let absent = absent.iter().map(|name| format!("unix://{}", at(name).display()));
        let nodes: Vec<String> = std::iter::once(node.address().unwrap()).chain(absent).collect();
        let setup = Setup::for_nodes(&at("bridge"), &Device::Simulated, CHAIN, &nodes).unwrap();
        let port = free_port().unwrap();
        setup.metrics(port).unwrap();
        let next = next.to_string();
        setup.run(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", &next]).unwrap();
        let bridge = setup.start().unwrap();
        let key = wait_for("the key", PATIENCE, || Ok(node.wait_for_key().ok())).unwrap();
        Self { node: Some(node), bridge, key, url: format!("http://127.0.0.1:{port}/"), _folder: folder }
    }

    fn sign(&self, height: i64) {
        let node = self.node.as_ref().expect("the node runs");
        for kind in [Kind::Prevote, Kind::Precommit] {
            node.sign(&Ballot::new(kind, height, 1), &self.key).unwrap();
        }
    }

    /// Another block at a place that was signed.
    fn refused(&self, height: i64) {
        let other = Ask::Sign(Ballot::new(Kind::Precommit, height, 2));
        let answer = self.node.as_ref().expect("the node runs").ask(&other);
        assert!(matches!(answer, Err(Trouble::Refused(_))), "{answer:?}");
    }
}

/// Keeps a picture of this name, if somebody wants one.
fn picture(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("HIGHWATER_PICTURES") {
        browser.picture(&PathBuf::from(folder).join(format!("{name}.png"))).unwrap();
    }
}

/// Until the page says this. Its text is searched as it stands in the page, with or without scripts.
fn until(browser: &mut Browser, words: &str) {
    browser.until(words, |browser| Ok(browser.html()?.contains(words).then_some(()))).unwrap();
}

fn height(height: i64) -> String {
    format!("<dt>height</dt><dd class=\"plain\">{height}</dd>")
}

/// Nothing went wrong, and nothing was fetched from anywhere else.
#[track_caller]
fn well(browser: &Browser, rig: &Rig) {
    assert_eq!(browser.complaints(), [""; 0]);
    let elsewhere = |url: &String| *url != rig.url && url != "data:,";
    assert_eq!(browser.fetched().into_iter().filter(elsewhere).collect::<Vec<_>>(), [""; 0]);
    assert!(browser.fetched().contains(&rig.url));
}

#[test]
fn the_script_shows_each_new_height_and_touches_nothing_that_stays() {
    let mut rig = Rig::start(1, &[HOSTILE]);
    rig.sign(1);
    let mut browser = Browser::start().unwrap();
    browser.screen(DESK).unwrap();
    browser.open(&rig.url).unwrap();
    until(&mut browser, &height(1));
    assert_eq!(browser.evaluate("document.title").unwrap(), "SIGNING - highwater");
    // What is selected stays so, and what differs is changed in its place.
    browser
        .evaluate(
            "window.kept = [...document.querySelectorAll('main, section, h1, dd')]; \
             window.number = document.querySelector('.height dd').firstChild; \
             getSelection().selectAllChildren(document.querySelector('.mark dt')); 0",
        )
        .unwrap();
    for number in 2..=4 {
        rig.sign(number);
        until(&mut browser, &height(number));
    }
    let kept = "window.kept.every((one) => one.isConnected) && window.number.isConnected";
    assert_eq!(browser.evaluate(kept).unwrap(), true);
    assert_eq!(browser.evaluate("getSelection().toString()").unwrap(), "mark");
    assert_eq!(browser.evaluate("document.querySelectorAll('tbody tr').length").unwrap(), 8);
    assert_eq!(browser.evaluate("document.querySelectorAll('main img, main script').length").unwrap(), 0);
    let text = browser.evaluate("document.querySelector('main').innerText").unwrap().to_string();
    assert!(text.contains("simulated, NOT A HARDWARE KEY") && text.contains(HOSTILE), "{text}");
    rig.refused(4);
    until(&mut browser, "<dt>last refusal</dt>");
    well(&browser, &rig);
    picture(&mut browser, "page-signing");
    // The node goes: what was good is bad without a look by hand.
    rig.node = None;
    until(&mut browser, "<header class=\"bad\">");
    assert_eq!(browser.evaluate("document.title").unwrap(), "NOT SIGNING - highwater");
    until(&mut browser, "priv_validator_laddr");
    well(&browser, &rig);
    picture(&mut browser, "page-not-signing");
    assert_eq!(rig.bridge.stop().unwrap(), Some(0), "{}", rig.bridge.output());
    browser
        .until("NO ANSWER", |browser| {
            let shown = browser.evaluate("!document.getElementById('lost').hidden && document.title")?;
            Ok((shown == "NO ANSWER - highwater").then_some(()))
        })
        .unwrap();
    picture(&mut browser, "page-no-answer");
}

#[test]
fn without_scripts_the_page_loads_itself_anew() {
    let rig = Rig::start(1, &[HOSTILE]);
    rig.sign(1);
    let mut browser = Browser::start().unwrap();
    browser.scripts(false).unwrap();
    for (screen, number) in [(DESK, 2), (TELEPHONE, 3)] {
        browser.screen(screen).unwrap();
        browser.open(&rig.url).unwrap();
        until(&mut browser, &height(number - 1));
        browser.forget();
        rig.sign(number);
        until(&mut browser, &height(number));
        well(&browser, &rig);
        let [width, _] = browser.size().unwrap();
        assert!(width <= f64::from(screen.width), "{width}");
        until(&mut browser, "<p id=\"lost\" role=\"alert\" hidden=\"\">");
    }
}

#[test]
fn no_screen_is_too_narrow_and_each_contrast_is_good() {
    let mut rig = Rig::start(20_000_001, &[]);
    for number in 20_000_001..=20_000_004 {
        rig.sign(number);
    }
    rig.refused(20_000_004);
    let mut browser = Browser::start().unwrap();
    browser.open(&rig.url).unwrap();
    // The device is looked at now and then.
    until(&mut browser, "<dt>mark</dt><dd class=\"plain\">20000004/0/precommit<");
    looks(&mut browser, &rig, "signing");
    rig.node = None;
    until(&mut browser, "<header class=\"bad\">");
    looks(&mut browser, &rig, "not-signing");
}

/// On each screen, in each scheme.
fn looks(browser: &mut Browser, rig: &Rig, name: &str) {
    for screen in [TELEPHONE, DESK] {
        for dark in [false, true] {
            let wanted = Screen { dark, ..screen };
            browser.screen(wanted).unwrap();
            browser.open(&rig.url).unwrap();
            until(browser, &height(20_000_004));
            let [width, _] = browser.size().unwrap();
            assert!(width <= f64::from(screen.width), "{name} {wanted:?}: {width}");
            let dim = browser.evaluate(CONTRASTS).unwrap();
            assert_eq!(dim, serde_json::json!([]), "{name} {wanted:?}");
            let scheme = if dark { "dark" } else { "light" };
            picture(browser, &format!("{name}-{}-{scheme}", screen.width));
        }
    }
    well(browser, rig);
}

/// Text whose contrast is below the 4.5 that WCAG wants of small text.
const CONTRASTS: &str = "
(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => part / 255)
      .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const back = getComputedStyle(node).backgroundColor;
    return parts(back)[3] === 0 ? behind(node.parentElement) : back;
  };
  const dim = [];
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim()) || !node.checkVisibility()) continue;
    const pair = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => a - b);
    const contrast = (pair[1] + 0.05) / (pair[0] + 0.05);
    if (contrast < 4.5) dim.push([node.outerHTML, contrast]);
  }
  return dim;
})()";
