//! docs/reference/commands.md is made from what may be typed.

use std::fmt::Write as _;

use clap::{Arg, Command};

use crate::manual_tests::has;

/// A section for each command that does something.
fn sections(command: &Command, before: &str, text: &mut String) {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("{before} {}", verb.get_name());
        if verb.has_subcommands() {
            sections(verb, &name, text);
        } else {
            section(verb, &name, text);
        }
    }
}

fn section(command: &Command, name: &str, text: &mut String) {
    let about = command.get_long_about().or(command.get_about()).expect("what it does").to_string();
    let usage = command.clone().bin_name(name).render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    write!(text, "## {name}\n\n{}.\n\n```text\n{usage}\n```\n\n", about.trim_end_matches('.')).unwrap();
    let arguments = command.get_arguments().filter(|one| !one.is_hide_set() && !is_everywhere(one));
    let rows: Vec<String> = arguments.map(row).collect();
    if !rows.is_empty() {
        write!(text, "| argument | what |\n| --- | --- |\n{}\n", rows.concat()).unwrap();
    }
    let examples = command.get_after_help().expect("an example").to_string();
    let examples: Vec<_> = examples.lines().skip(1).map(str::trim_start).collect();
    write!(text, "```sh\n{}\n```\n\n", examples.join("\n")).unwrap();
}

/// Those of each command stand on top of the page. `--device` is of those that talk to one.
fn is_everywhere(argument: &Arg) -> bool {
    ["config", "help", "version"].contains(&argument.get_id().as_str())
}

fn row(argument: &Arg) -> String {
    let values: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let values = if argument.get_action().takes_values() { values.join(" ") } else { String::new() };
    let name = match argument.get_long() {
        Some(long) => format!("--{long} {values}"),
        None => values,
    };
    let help = argument.get_long_help().or(argument.get_help()).expect("what it is").to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let default = match argument.get_default_values() {
        [value] if argument.get_action().takes_values() => {
            format!(". Default: `{}`", value.to_string_lossy())
        }
        _ => String::new(),
    };
    let variable = match argument.get_env() {
        Some(name) => format!(". Variable: `{}`", name.to_string_lossy()),
        None => String::new(),
    };
    let help = help.trim_end_matches('.').replace('|', "\\|");
    format!("| `{}` | {help}{default}{variable} |\n", name.trim_end())
}

#[test]
fn the_manual_has_each_command_with_its_arguments_and_examples() {
    let mut command = super::command();
    command.build();
    let everywhere: String =
        command.get_arguments().filter(|one| one.is_global_set() && !one.is_hide_set()).map(row).collect();
    let mut text = format!("| of every command | what |\n| --- | --- |\n{everywhere}\n");
    sections(&command, "highwater", &mut text);
    assert!(text.matches("\n## ").count() > 25, "{text}");
    has("docs/reference/commands.md", [("commands".to_owned(), text)]);
}
