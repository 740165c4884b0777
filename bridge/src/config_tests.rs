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

#[test]
fn impossible_values_are_refused_with_line_and_cure() {
    for (from, to, line, word) in [
        ("/var/lib", "var/lib", 2, "absolute"),
        ("address = \"127.0.0.1:9999\"", "", 5, "add address"),
        ("\"speculos\"", "\"simulated\"", 6, "remove the line"),
        ("id = \"alpha-1\"", "id = \"alpha 1\"", 9, "letters"),
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
