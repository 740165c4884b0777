//! What watches the metrics names what the daemon exports: rules, dashboard, manual and runbook.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Counters;
use super::status::tests::{healthy, with_a_name};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rules() -> String {
    read("packaging/prometheus/highwater.rules.yml")
}

fn page() -> String {
    let counters = Counters::new();
    counters.serve("alpha-1", None);
    counters.page(&with_a_name(healthy(), "ledger")).unwrap()
}

/// The names that a query may use, by the kinds of the page.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in page().lines().filter_map(|line| line.strip_prefix("# TYPE ").map(str::to_owned)) {
        let (name, kind) = line.split_once(' ').unwrap();
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            "gauge" => &[""],
            other => panic!("{name} is of kind {other}"),
        };
        names.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    names
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("highwater_")).map(str::to_owned).collect()
}

fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("packaging/grafana/highwater.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// Of the rules.
fn alerts(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect()
}

#[test]
fn each_metric_that_a_rule_or_a_graph_names_is_exported() {
    let exported = exported();
    assert!(queries().len() > 15);
    let texts = [rules(), read("packaging/prometheus/highwater.rules.test.yml"), read("docs/alerts.md")];
    for text in texts.into_iter().chain(queries()) {
        let gone: Vec<_> = named(&text).into_iter().filter(|name| !exported.contains(name)).collect();
        // A histogram is named without its ending in a sentence.
        let gone: Vec<_> = gone.iter().filter(|name| !exported.contains(&format!("{name}_count"))).collect();
        assert!(gone.is_empty(), "{gone:?} in {text}");
    }
}

/// Name with labels, kind and help of each metric, as Prometheus reads them.
fn described() -> Vec<(String, String, String)> {
    let page = page();
    let mut found = Vec::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').unwrap();
        let (_, kind) = page.split_once(&format!("# TYPE {name} ")).unwrap();
        let kind = kind.lines().next().unwrap();
        let ending = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let name = format!("{name}{ending}");
        let sample = page
            .lines()
            .find(|line| line.starts_with(&name))
            .unwrap_or_else(|| panic!("{name} has no sample"));
        let labels = sample.split(['{', '}']).nth(1).unwrap_or_default();
        let labels = labels.split(',').filter_map(|label| label.split_once('=')).map(|(label, _)| label);
        let labels: Vec<_> = labels.filter(|label| *label != "le").collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        found.push((format!("{name}{labels}"), kind.to_owned(), help.to_owned()));
    }
    found
}

#[test]
fn each_metric_is_in_the_manual() {
    let rows = described().into_iter().map(|(name, kind, help)| {
        assert!(help.len() > 20, "{name}: {help}");
        format!("| `{name}` | {kind} | {help} |\n")
    });
    let table = format!("| metric | kind | what |\n| --- | --- | --- |\n{}", rows.collect::<String>());
    crate::manual_tests::has("docs/reference/metrics.md", [("metrics".to_owned(), table)]);
}

#[test]
fn each_metric_is_on_the_dashboard() {
    let drawn = named(&queries().join("\n"));
    for (name, ..) in described() {
        let name = name.split('{').next().unwrap();
        assert!(drawn.iter().any(|drawn| drawn.starts_with(name)), "{name} is on no graph");
    }
}

/// A state or reason that was renamed would leave an alert that never comes.
#[test]
fn each_word_that_a_rule_matches_is_one_that_the_daemon_exports() {
    let (page, mut seen) = (page(), 0);
    for text in [rules()].into_iter().chain(queries()) {
        for label in ["state", "reason", "ours", "kind"] {
            for rest in text.split(label).skip(1) {
                let rest = rest.trim_start_matches(['=', '~', '!']);
                let Some((words, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
                    continue;
                };
                for word in words.split('|') {
                    assert!(page.contains(&format!("{label}=\"{word}\"")), "{label} {word}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 12, "{seen} words were seen");
}

#[test]
fn each_alert_has_a_severity_a_section_of_its_own_and_a_test() {
    let (rules, runbook) = (rules(), read("docs/alerts.md"));
    let tests = read("packaging/prometheus/highwater.rules.test.yml");
    let sections: Vec<_> = runbook.split("\n## ").skip(1).collect();
    let titles: Vec<_> = sections.iter().filter_map(|section| section.lines().next()).collect();
    assert_eq!(alerts(&rules), titles, "in one order");
    for section in sections {
        let name = section.lines().next().unwrap();
        for part in ["**Symptom.**", "**It means.**", "**Do.**"] {
            assert!(section.contains(part), "{name}: {part}");
        }
        assert!(tests.contains(name), "{name} has no test");
        let (_, rule) = rules.split_once(&format!("- alert: {name}\n")).unwrap();
        let rule = rule.split("- alert: ").next().unwrap();
        assert!(rule.contains(&format!("runbook_url: docs/alerts.md#{}\n", name.to_lowercase())), "{name}");
        let severity = rule.split("severity: ").nth(1).unwrap().lines().next().unwrap();
        assert!(runbook.contains(&format!("| `{severity}` |")), "{name}: {severity}");
    }
}
