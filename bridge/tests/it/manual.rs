//! The man pages and the shell completions know everything that can be typed.

use std::fs;
use std::path::Path;

#[path = "../../examples/manual/pages.rs"]
mod pages;

/// What can be typed after each command: verbs, options.
fn typed(command: &clap::Command, page: &str, found: &mut Vec<(String, Vec<String>)>) {
    let visible = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let options = visible.filter_map(|argument| argument.get_long()).map(|long| format!("--{long}"));
    found.push((page.to_owned(), options.collect()));
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        typed(verb, &format!("{page}-{}", verb.get_name()), found);
    }
}

#[test]
fn each_option_stands_on_the_page_of_its_command_and_in_the_completions() {
    let folder = tempfile::tempdir().unwrap();
    pages::write(folder.path()).unwrap();
    let read = |path: &str| {
        let path = folder.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let bash = read("bash-completion/completions/highwater");
    let zsh = read("zsh/vendor-completions/_highwater");
    let fish = read("fish/vendor_completions.d/highwater.fish");
    let mut found = Vec::new();
    typed(&highwater::cli::command(), "highwater", &mut found);
    assert!(
        found.len() > 20 && found.iter().any(|(_, options)| options.contains(&"--below-signed".to_owned()))
    );
    for (page, options) in found {
        // A hyphen is written so that it can be copied.
        let text = read(&format!("man/man1/{page}.1")).replace("\\-", "-");
        for option in options {
            assert!(text.contains(&option), "{page}.1 has no {option}");
            assert!(bash.contains(&option) && zsh.contains(&option), "{option} is completed");
            assert!(fish.contains(&format!("-l {}", option.trim_start_matches('-'))), "{option} in fish");
        }
        let verb = page.rsplit_once("highwater-").map_or("highwater", |(_, path)| path);
        let verb = verb.split('-').next().unwrap();
        assert!([&bash, &zsh, &fish].iter().all(|script| script.contains(verb)), "{verb}");
    }
    let add = read("man/man1/highwater-chain-add.1");
    assert!(add.contains("Examples:") && add.contains("20000001"), "{add}");
}

/// Where the program that shows them is there.
#[test]
fn a_shell_takes_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    pages::write(folder.path()).unwrap();
    let script = folder.path().join("bash-completion/completions/highwater");
    let checked = std::process::Command::new("bash").arg("-n").arg(&script).status();
    assert!(checked.unwrap().success(), "bash reads {}", Path::new(&script).display());
    let completed = std::process::Command::new("bash")
        .arg("-c")
        .arg(format!(
            "source {} && COMP_WORDS=(highwater chain add x --key) COMP_CWORD=4 && _highwater highwater --key x && \
             echo \"${{COMPREPLY[@]}}\"",
            script.display()
        ))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "--key-index");
}
