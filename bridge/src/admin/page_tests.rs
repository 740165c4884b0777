use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::admin::ChainReport;
use crate::admin::tests::{chain_report, healthy, signing};
use crate::device::SlotState;

fn page(report: &Report) -> String {
    html(report, UNIX_EPOCH + Duration::from_secs(1_800_000_000)).unwrap()
}

/// What stands in it, without what browser and style need.
fn words(report: &Report) -> String {
    let page = page(report);
    let (_, main) = page.split_once("<main>").unwrap();
    let (main, _) = main.split_once("</main>").unwrap();
    let (mut text, mut tag) = (String::new(), false);
    for letter in main.chars() {
        match letter {
            '<' => tag = true,
            '>' => (tag, text) = (false, text + " "),
            letter if !tag => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn not_signing(problem: &str) -> Report {
    let mut report = healthy();
    report.healthy = false;
    report.verdict = format!("NOT SIGNING: {problem}");
    report.chains[0].problem = Some(problem.to_owned());
    report
}

#[test]
fn each_verdict_is_told_in_words_with_cause_and_cure() {
    let well = words(&signing());
    assert!(
        well.starts_with("SIGNING 1 chain device Nano S, Highwater 0.1.0, sound chain alpha-1 signs"),
        "{well}"
    );
    for words in [
        "height 20000001",
        "last 20000001/0/precommit, 3 s ago, took 112 ms",
        "missed 0 heights since the start",
        "flash 12.0 years left, 1.00 % of rated life",
        "node unix:///run/node.sock connected",
        "signed took when 20000001/0/precommit 112 ms 3 s ago",
        "As of Fri, 15 Jan 2027 08:00:00 GMT. Highwater 0.1.0.",
    ] {
        assert!(well.contains(words), "{words}: {well}");
    }
    let mut warned = signing();
    warned.chains[0].warning = Some("the state file of alpha-1 cannot be written".to_owned());
    warned.verdict = "SIGNING: 1 chain; WARNING: the state file of alpha-1 cannot be written".to_owned();
    let text = words(&warned);
    assert!(text.starts_with("SIGNING, WITH A WARNING SIGNING: 1 chain; WARNING: the state file"), "{text}");
    let text = words(&not_signing("the device is locked: enter its PIN"));
    assert!(text.starts_with("NOT SIGNING the device is locked: enter its PIN device"), "{text}");
    assert!(text.contains("alpha-1 does not sign"), "{text}");
    let mut stopped = not_signing("alpha-1: DOUBLE-SIGN RISK, run `mark adopt`");
    stopped.chains[0].stopped = true;
    assert!(words(&stopped).contains("alpha-1 STOPPED: DOUBLE-SIGN RISK alpha-1: DOUBLE-SIGN RISK"));
}

#[test]
fn no_device_no_chain_and_three_chains_are_drawn() {
    let fault = "no Ledger is plugged in: plug the device in".to_owned();
    let mut away = not_signing(&fault);
    (away.device, away.fault, away.chains[0].years_left) = (None, Some(fault), None);
    let text = words(&away);
    assert!(
        text.contains("device away no Ledger is plugged in") && text.contains("mark not known"),
        "{text}"
    );
    let none = words(&Report { chains: Vec::new(), verdict: "SIGNING: 0 chains".to_owned(), ..healthy() });
    assert!(none.starts_with("SIGNING 0 chains device Nano S"), "{none}");
    let chains = ["alpha-1", "beta-2", "gamma-3"];
    let three = chains.map(|id| ChainReport { chain: id.to_owned(), ..chain_report(Some(SlotState::Armed)) });
    let text = words(&Report { chains: three.into(), ..healthy() });
    for id in chains {
        assert!(text.contains(&format!("chain {id} signs")), "{text}");
    }
}

/// Every text of a report, whoever chose it.
#[test]
fn what_a_stranger_says_is_text_and_nothing_else() {
    const HOSTILE: &str = r#"</title></style></script><script>alert(1)</script><img src=x onerror="alert('2')">&amp;{{ 7 * 7 }}"#;
    let hostile = || HOSTILE.to_owned();
    let mut chain = chain_report(Some(SlotState::Armed));
    (chain.chain, chain.problem, chain.warning) = (hostile(), Some(hostile()), Some(hostile()));
    (chain.last_refusal, chain.nodes[0].address) = (Some(hostile()), hostile());
    let report = Report {
        verdict: hostile(),
        fault: Some(hostile() + "!"),
        device: None,
        chains: vec![chain],
        ..healthy()
    };
    let (told, plain) = (page(&report), page(&healthy()));
    assert_eq!(told.matches("alert(").count(), 2 * 7, "each of them is there");
    for begin in
        ["<script", "</script", "<style", "</style", "<title", "</title", "<img", "onerror=\"", "alert('"]
    {
        assert_eq!(told.matches(begin).count(), plain.matches(begin).count(), "{begin}");
    }
    assert!(told.contains("&#38;amp;{{ 7 * 7 }}"), "{told}");
    // No text stands in an attribute, where other rules hold: each is a word of ours.
    for attribute in told.split_once("<main>").unwrap().1.split("class=\"").skip(1) {
        let class = attribute.split('"').next().unwrap();
        assert!(
            class.len() < 16 && class.chars().all(|letter| letter.is_ascii_lowercase() || letter == ' '),
            "{class}"
        );
    }
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    let page = page(&signing());
    // A comment of the script begins as an address of no scheme does.
    let rest = page.replace(SCRIPT, "").replace("unix:///run/node.sock", "");
    for word in ["http:", "https:", "//", "url(", "@import"] {
        assert!(!rest.contains(word), "{word}");
    }
    assert!(page.matches("<link").count() == 1 && page.contains(r#"<link rel="icon" href="data:,">"#));
    assert!(
        !SCRIPT.contains("http") && !SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval"),
        "{SCRIPT}"
    );
    // Without a script it loads itself anew.
    assert!(page.contains(r#"<noscript><meta http-equiv="refresh" content="5"></noscript>"#));
    assert!(page.contains(r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#));
}

#[test]
fn the_policy_lets_in_the_script_and_style_of_this_page_and_nothing_else() {
    let page = page(&signing());
    let hash = |begin: &str, end: &str| {
        let text = page.split_once(begin).unwrap().1.split_once(end).unwrap().0;
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    };
    let response = of(&signing());
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    let rules: Vec<&str> = policy.split("; ").collect();
    let script = format!("script-src {}", hash("<script>", "</script>"));
    let style = format!("style-src {}", hash("<style>", "</style>"));
    assert_eq!(
        rules,
        [
            "default-src 'none'",
            &script,
            &style,
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    );
    assert!(
        !page.contains(" style=") && !page.contains("<script src") && page.matches("<script>").count() == 1
    );
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    for answer in [of(&signing()), refusal()] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
            ("connection", "close"),
            ("content-security-policy", &policy),
        ] {
            assert_eq!(answer.headers()[name], value);
        }
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
}
