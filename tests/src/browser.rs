//! A browser without a window, told what to do by the DevTools protocol over a pipe.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools;

/// Longer than any answer takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// The browser reads commands from file 3 and writes to file 4.
const PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >&2"#;

/// What shows a page.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Pixels of CSS.
    pub width: u32,
    /// Pixels of CSS.
    pub height: u32,
    /// What the owner prefers.
    pub dark: bool,
}

/// A browser with one tab.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    calls: u64,
    tab: Option<String>,
    told: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let log = std::fs::File::create(profile.path().join("log"))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "sh", "-c", PIPES]).arg(tools::browser()?);
        command.args(["--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run"]);
        command.args(["--disable-dev-shm-usage", "--disable-background-networking"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        // It will not sandbox itself as root.
        if rustix::process::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        let mut child =
            command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let (to, from) = (child.stdin.take().context("no pipe")?, child.stdout.take().context("no pipe")?);
        let (tell, heard) = channel();
        thread::spawn(move || {
            for message in BufReader::new(from).split(0) {
                let Some(message) = message.ok().and_then(|text| serde_json::from_slice(&text).ok()) else {
                    return;
                };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Self { child, to, from: heard, calls: 0, tab: None, told: Vec::new(), _profile: profile };
        let tab = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let target = json!({ "targetId": tab["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", target)?;
        browser.tab = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Audits"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Gives it another screen.
    pub fn screen(&mut self, Screen { width, height, dark }: Screen) -> Result<()> {
        let screen =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", screen)?;
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [scheme] }))?;
        Ok(())
    }

    /// Whether pages may run scripts.
    pub fn scripts(&mut self, allowed: bool) -> Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed }))?;
        Ok(())
    }

    /// Opens a page.
    pub fn open(&mut self, url: &str) -> Result<()> {
        let opened = self.call("Page.navigate", json!({ "url": url }))?;
        if let Some(error) = opened["errorText"].as_str() {
            bail!("{url}: {error}");
        }
        self.until("the page is loaded", |browser| {
            let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
            Ok(browser.told.iter().any(loaded).then_some(()))
        })
    }

    /// What an expression of JavaScript gives.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let said =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }))?;
        if said.get("exceptionDetails").is_some() {
            bail!("{expression}: {said}");
        }
        Ok(said["result"]["value"].clone())
    }

    /// The page as it stands, as HTML. No script is needed.
    pub fn html(&mut self) -> Result<String> {
        loop {
            let root = self.call("DOM.getDocument", json!({ "depth": 0 }))?;
            let html = self.call("DOM.getOuterHTML", json!({ "nodeId": root["root"]["nodeId"] }));
            match html {
                Ok(html) => return Ok(html["outerHTML"].as_str().context("no HTML")?.to_owned()),
                // Another page was loaded in between.
                Err(error) if error.to_string().contains("Could not find node") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How wide and how high the page is, in pixels of CSS.
    pub fn size(&mut self) -> Result<[f64; 2]> {
        let layout = self.call("Page.getLayoutMetrics", json!({}))?;
        let side = |name: &str| layout["cssContentSize"][name].as_f64().context("no size");
        Ok([side("width")?, side("height")?])
    }

    /// Takes a picture of the whole page.
    pub fn picture(&mut self, path: &Path) -> Result<()> {
        let picture = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", picture)?;
        let bytes = STANDARD.decode(picture["data"].as_str().context("no picture")?)?;
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What it complained about: errors and warnings of the console, exceptions, breaches of the page's policy.
    pub fn complaints(&self) -> Vec<String> {
        let is_one = |event: &&Value| match event["method"].as_str() {
            Some("Log.entryAdded") => {
                matches!(event["params"]["entry"]["level"].as_str(), Some("error" | "warning"))
            }
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Audits.issueAdded") => true,
            _ => false,
        };
        self.told.iter().filter(is_one).map(Value::to_string).collect()
    }

    /// What it fetched.
    pub fn fetched(&self) -> Vec<String> {
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let url = |event: &Value| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned();
        self.told.iter().filter(asked).map(url).collect()
    }

    /// Forgets what was fetched and complained about.
    pub fn forget(&mut self) {
        self.told.clear();
    }

    /// Tries until it gives something.
    pub fn until<T>(
        &mut self,
        what: &str,
        mut attempt: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(found) = attempt(self)? {
                return Ok(found);
            }
            self.listen(Duration::from_millis(50))?;
        }
        bail!("waited {} s for this in vain: {what}\n{}", PATIENCE.as_secs(), self.html().unwrap_or_default())
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(tab) = &self.tab {
            message["sessionId"] = json!(tab);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).context("the browser is gone")?;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let Some(answer) = self.listen(PATIENCE)?.filter(|answer| answer["id"] == id) else { continue };
            if let Some(error) = answer.get("error") {
                bail!("{method}: {error}");
            }
            return Ok(answer["result"].clone());
        }
        bail!("the browser did not answer {method}")
    }

    /// The next message within this time. What is no answer is kept.
    fn listen(&mut self, within: Duration) -> Result<Option<Value>> {
        match self.from.recv_timeout(within) {
            Ok(answer) if answer.get("id").is_some() => Ok(Some(answer)),
            Ok(event) => {
                self.told.push(event);
                Ok(None)
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the browser is gone"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
