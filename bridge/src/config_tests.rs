use super::*;

const GOOD: &str = r#"
state_dir = "/var/lib/highwater"

[device]
transport = "speculos"
address = "127.0.0.1:9999"

[[chain]]
id = "alpha-1"
on_absent = "wait"
nodes = ["unix:///run/alpha/privval.sock"]
"#;

fn cause(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

#[test]
fn a_good_file_is_read() {
    let config = Config::parse(GOOD).unwrap();
    assert_eq!(config.device.transport, Transport::Speculos);
    assert_eq!(config.chain("alpha-1").unwrap().on_absent, OnAbsent::Wait);
    assert!(config.chain("beta").is_none());
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = cause(&GOOD.replace("on_absent", "on_abesnt"));
    assert!(text.contains("line 10") && text.contains("on_abesnt"), "{text}");
}

/// A line that once spared a signature, and once stopped nodes for good.
#[test]
fn a_file_from_before_that_says_vote_extensions_is_refused_with_line_cause_and_cure() {
    for value in ["\"off\"", "\"auto\"", "\"maybe\"", "false"] {
        let text = cause(&GOOD.replace("on_absent", &format!("vote_extensions = {value}\non_absent")));
        assert!(text.contains("line 10: vote_extensions is no key any more"), "{text}");
        assert!(text.contains("0.38.0 to 0.38.10") && text.ends_with("remove the line"), "{text}");
    }
    // Also in the second chain, and where a comment above speaks of it.
    let text =
        cause(&format!("{GOOD}# vote_extensions\n[[chain]]\nid = \"beta-1\"\nvote_extensions = \"off\"\n"));
    assert!(text.contains("line 15:"), "{text}");
    // Where it never was a key it is unknown like any other.
    let text = cause(&format!("vote_extensions = \"off\"\n{GOOD}"));
    assert!(text.contains("line 1,") && text.contains("unknown field"), "{text}");
}

#[test]
fn impossible_values_are_refused_with_line_and_cure() {
    for (from, to, line, word) in [
        ("/var/lib", "var/lib", 2, "absolute"),
        ("address = \"127.0.0.1:9999\"", "", 5, "add address"),
        ("\"speculos\"", "\"simulated\"", 6, "remove the line"),
        ("id = \"alpha-1\"", "id = \"alpha 1\"", 9, "letters"),
        // The state file's name would be that of a file which is swept away.
        ("id = \"alpha-1\"", "id = \".new-1\"", 9, ".new-"),
        ("unix:///run", "tcp://run", 11, "host and port"),
        ("on_absent = \"wait\"", "stop_height = 0", 10, "last height"),
    ] {
        let text = cause(&GOOD.replace(from, to));
        assert!(text.contains(&format!("line {line}:")) && text.contains(word), "{to}: {text}");
    }
    let text = cause(&format!("{GOOD}\n[admin]\nmetrics = \"0.0.0.0:9000\"\n"));
    assert!(text.contains("line 14:") && text.contains("127.0.0.1"), "{text}");
    let text = cause(&format!("{GOOD}\n[[chain]]\nid = \"alpha-1\"\n"));
    assert!(text.contains("twice"), "{text}");
}

const PACKAGED: &str = include_str!("../../packaging/highwater.toml");

/// The packaged file with its examples, which stand as comments, made part of it.
fn packaged_with_examples() -> String {
    let example = |line: &&str| {
        line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let line = |line: &'static str| line.strip_prefix("# ").filter(example).unwrap_or(line);
    PACKAGED.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_packaged_file_is_read_as_it_is_installed() {
    let config = Config::parse(PACKAGED).unwrap();
    assert_eq!(config.state_dir, Path::new("/var/lib/highwater"));
    assert_eq!(config.device.transport, Transport::Hid);
    assert!(config.admin.metrics.is_some() && config.chains.is_empty());
}

#[test]
fn the_examples_in_the_packaged_file_are_read_and_show_every_key_of_a_chain() {
    let text = packaged_with_examples();
    let config = Config::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let device = &config.device;
    assert!(device.serial.is_some() && device.path.is_some(), "{text}");
    let [chain] = &config.chains[..] else { panic!("{text}") };
    assert_eq!(chain.on_absent, OnAbsent::Error, "the default is what is shown");
    assert!(chain.stop_height.is_some() && !chain.nodes.is_empty(), "{text}");
}
