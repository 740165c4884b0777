//! What is scraped, and what Prometheus would make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::desk::Desk;

/// Samples a minute, as `docs/alerts.md` has Prometheus scrape.
const A_MINUTE: usize = 4;
/// Minutes that all was well before.
const BEFORE: usize = 5;
/// Longer than the window of any rule.
const AFTER: usize = 70;
/// Longer than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// The series of a scrape; and how much each grows while nothing happens, for those that tell a time.
type Page = BTreeMap<String, (f64, f64)>;

/// Somebody who scrapes the daemon of a desk.
pub(crate) struct Watch {
    metrics: SocketAddr,
    promtool: PathBuf,
    phases: Vec<(usize, Page)>,
}

/// promtool, if it is here; it is said once if not.
pub(crate) fn promtool() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let given = std::env::var_os("HIGHWATER_PROMTOOL").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut known = std::env::split_paths(&path).map(|folder| folder.join("promtool"));
    let found = given.or_else(|| known.find(|program| program.is_file()));
    if found.is_none() {
        SAID.call_once(|| {
            // This goes past what the harness holds back of a test that passes.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED on_call: no promtool is here; `cargo xtask test --only alerts` brings it"
            );
        });
    }
    found
}

/// The metrics of a daemon. `None`: nobody listens there. An answer that is cut is none, and is asked for again, as Prometheus
/// does at its next scrape.
pub(crate) async fn scrape(metrics: SocketAddr) -> Option<String> {
    let begun = Instant::now();
    loop {
        match whole(metrics).await {
            Ok(text) if text.ends_with("# EOF\n") => return Some(text),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return None,
            cut => assert!(begun.elapsed() < PATIENCE, "no whole answer comes: {cut:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn whole(metrics: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(metrics).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

impl Watch {
    /// Of a desk whose daemon is not started yet. None: promtool is not here.
    pub(crate) fn new(desk: &Desk) -> Option<Self> {
        Some(Self { promtool: promtool()?, metrics: desk.serve_metrics(), phases: Vec::new() })
    }

    /// Of a daemon that serves its metrics there.
    pub(crate) fn at(metrics: SocketAddr) -> Option<Self> {
        Some(Self { promtool: promtool()?, metrics, phases: Vec::new() })
    }

    /// `None`: nobody listens there.
    async fn page(&self) -> Option<String> {
        scrape(self.metrics).await
    }

    /// Waits until the metrics have this line.
    pub(crate) async fn until(&self, line: &str) {
        let begun = Instant::now();
        loop {
            let page = self.page().await.unwrap_or_default();
            if page.lines().any(|found| found == line) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{line} never comes:\n{page}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a series has such a value.
    pub(crate) async fn until_value(&self, name: &str, enough: impl Fn(f64) -> bool) {
        let begun = Instant::now();
        loop {
            let page = self.page().await.unwrap_or_default();
            let found = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
            if found.is_some_and(&enough) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} is {found:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The chain signs.
    pub(crate) async fn until_well(&self) {
        self.until("highwater_chain_signing{chain=\"alpha-1\"} 1").await;
    }

    /// What is there now stays for so many minutes, and time passes.
    pub(crate) async fn sees(&mut self, minutes: usize) {
        self.look(minutes, true).await;
    }

    async fn look(&mut self, minutes: usize, time_passes: bool) {
        let first = self.page().await.map(|text| series(&text)).unwrap_or_default();
        let between = Duration::from_millis(400);
        tokio::time::sleep(between).await;
        let second = self.page().await.map(|text| series(&text)).unwrap_or_default();
        let mut page = Page::new();
        page.insert("up".to_owned() + &labels(""), (f64::from(u8::from(!second.is_empty())), 0.0));
        for (name, value) in second {
            let before = first.get(&name).copied().unwrap_or(value);
            let is_time = name.split('{').next().is_some_and(|name| name.ends_with("_seconds"));
            // A time that passes here passes there too.
            let step = if time_passes && is_time && value > before { 60.0 / A_MINUTE as f64 } else { 0.0 };
            page.insert(name, (value, step));
        }
        self.phases.push((minutes * A_MINUTE, page));
    }

    /// All is well, and was.
    pub(crate) async fn sees_well(&mut self) {
        self.until_well().await;
        self.look(BEFORE, false).await;
    }

    /// It is cured, and stays so.
    pub(crate) async fn sees_cured(&mut self) {
        self.look(AFTER, false).await;
    }

    /// The alert was not there while all was well, fired in the last minute of the trouble, and was gone in the end.
    pub(crate) fn raised(&self, alert: &str) {
        let (well, _) = self.phases.first().unwrap();
        self.evaluated(alert, &[(well / A_MINUTE - 1, false)]);
    }

    /// The same where the trouble was there before the daemon was started.
    pub(crate) fn raised_from_the_start(&self, alert: &str) {
        self.evaluated(alert, &[]);
    }

    fn evaluated(&self, alert: &str, more: &[(usize, bool)]) {
        let all: usize = self.phases.iter().map(|(samples, _)| samples).sum();
        let (cured, _) = self.phases.last().unwrap();
        let minute = |samples: usize| samples / A_MINUTE;
        let fires = format!("count(ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}) > bool 0");
        let mut text = format!(
            "rule_files: [{}]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n",
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../packaging/prometheus/highwater.rules.yml")
                .display()
        );
        let names: BTreeSet<&String> = self.phases.iter().flat_map(|(_, page)| page.keys()).collect();
        for name in names {
            let values: Vec<_> =
                self.phases.iter().map(|(samples, page)| values(*samples, page.get(name))).collect();
            let _ = writeln!(text, "      - {{series: {}, values: '{}'}}", quoted(name), values.join(" "));
        }
        text += "    promql_expr_test:\n";
        let always = [(minute(all - cured) - 1, true), (minute(all) - 1, false)];
        for (at, fired) in more.iter().copied().chain(always) {
            let samples = if fired { "[{labels: '{}', value: 1}]" } else { "[]" };
            let _ = writeln!(
                text,
                "      - {{expr: {}, eval_time: {at}m, exp_samples: {samples}}}",
                quoted(&fires)
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("on_call.yml");
        std::fs::write(&file, &text).unwrap();
        let done = Command::new(&self.promtool).args(["test", "rules"]).arg(&file).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        assert!(done.status.success(), "{alert}: {}\n{text}", String::from_utf8_lossy(&said));
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// As promtool writes a row of samples.
fn values(samples: usize, of: Option<&(f64, f64)>) -> String {
    match of {
        None => format!("_x{samples}"),
        Some((value, step)) => format!("{value}+{step}x{}", samples - 1),
    }
}

/// With those that Prometheus adds.
fn labels(own: &str) -> String {
    let comma = if own.is_empty() { "" } else { "," };
    format!("{{{own}{comma}instance=\"v1\",job=\"highwater\"}}")
}

/// The samples of a page.
fn series(page: &str) -> BTreeMap<String, f64> {
    let (_, body) = page.split_once("\r\n\r\n").unwrap_or(("", page));
    let mut found = BTreeMap::new();
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let (name, own) =
            name.split_once('{').map_or((name, ""), |(name, own)| (name, own.trim_end_matches('}')));
        let Ok(value) = value.parse() else { continue };
        found.insert(name.to_owned() + &labels(own), value);
    }
    found
}
