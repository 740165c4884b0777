//! docs/json.md is made from the structs that are the shape. `HIGHWATER_WRITE=1 cargo test -p highwater --lib manual`
//! writes its tables anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::CommandFactory;
use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;

use super::Args;
use super::told::{Chains, GenesisValidator, Mark, NodeId};
use crate::admin::Report;
use crate::device::Session;
use crate::manual_tests::has;
use crate::operator::check::Findings;
use crate::operator::events::Events;
use crate::operator::firmware::Verified;
use crate::operator::setup::SetUp;

/// Each command that takes `--json`, and the shape of its result.
fn shapes() -> BTreeMap<&'static str, Schema> {
    fn shape<T: JsonSchema>() -> Schema {
        schema_for!(T)
    }
    BTreeMap::from([
        ("check", shape::<Findings>()),
        ("doctor", shape::<Findings>()),
        ("events", shape::<Events>()),
        ("chain list", shape::<Chains>()),
        ("device info", shape::<Session>()),
        ("firmware verify", shape::<Verified>()),
        ("mark show", shape::<Mark>()),
        ("node-id", shape::<NodeId>()),
        ("pubkey", shape::<GenesisValidator>()),
        ("setup", shape::<SetUp>()),
        ("status", shape::<Report>()),
    ])
}

/// A row for each field, and for those of the objects in it; then what each word means.
fn table(schema: &Schema) -> String {
    let schema = schema.as_value();
    let (mut rows, mut words) = (String::new(), String::new());
    rows_of(schema, schema, "", &mut rows, &mut words);
    let words = if words.is_empty() {
        words
    } else {
        format!("\n| word | of | means |\n| --- | --- | --- |\n{words}")
    };
    format!("| field | type | what |\n| --- | --- | --- |\n{rows}{words}")
}

fn rows_of(root: &Value, object: &Value, before: &str, rows: &mut String, words: &mut String) {
    for (name, field) in object["properties"].as_object().expect("an object") {
        let path = format!("{before}{name}");
        let (kind, inner) = kind(root, field);
        let what = field["description"].as_str().or(inner["description"].as_str()).unwrap_or_default();
        assert!(!what.is_empty(), "{path} says nothing");
        writeln!(rows, "| `{path}` | {kind} | {} |", what.replace('\n', " ").replace('|', "\\|")).unwrap();
        if let Some(choices) = inner["oneOf"].as_array() {
            for choice in choices {
                let (word, means) =
                    (choice["const"].as_str().unwrap(), choice["description"].as_str().unwrap());
                writeln!(words, "| `{word}` | `{path}` | {} |", means.replace('\n', " ")).unwrap();
            }
        } else if inner["properties"].is_object() {
            let dot = if kind.starts_with("list") { "[]." } else { "." };
            rows_of(root, inner, &format!("{path}{dot}"), rows, words);
        }
    }
}

/// What a field is called in the table, and what it holds.
fn kind<'a>(root: &'a Value, field: &'a Value) -> (String, &'a Value) {
    if let Some(reference) = field["$ref"].as_str() {
        return kind(root, root.pointer(reference.trim_start_matches('#')).expect("a definition"));
    }
    if let Some(either) = field["anyOf"].as_array() {
        let (name, inner) = kind(root, &either[0]);
        assert_eq!(either[1]["type"], "null", "a choice of two kinds: {field}");
        return (format!("{name} or null"), inner);
    }
    if field["oneOf"].is_array() {
        return ("word".to_owned(), field);
    }
    let names = match &field["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        other => panic!("no type: {other} of {field}"),
    };
    if names[0] == "array" {
        let (name, inner) = kind(root, &field["items"]);
        return (format!("list of {name}"), inner);
    }
    let plain = |name: &&str| match *name {
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        name => name.to_owned(),
    };
    (names.iter().map(plain).collect::<Vec<_>>().join(" or "), field)
}

#[test]
fn the_manual_says_what_the_structs_say() {
    let tables = shapes().into_iter().map(|(command, schema)| (command.to_owned(), table(&schema)));
    has("docs/json.md", tables);
}

#[test]
fn each_command_with_json_has_its_shape_on_the_page_and_no_other() {
    fn collect(command: &clap::Command, before: &str, found: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            let name = format!("{before}{}", verb.get_name());
            if verb.get_arguments().any(|argument| argument.get_long() == Some("json")) {
                found.push(name.clone());
            }
            collect(verb, &format!("{name} "), found);
        }
    }
    let mut found = Vec::new();
    collect(&Args::command(), "", &mut found);
    found.sort();
    assert_eq!(found, shapes().into_keys().collect::<Vec<_>>());
}
