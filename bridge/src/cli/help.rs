//! What `--help` teaches beside the names of options: an example or more for each command, as it is typed.

use clap::{Command, CommandFactory, FromArgMatches};

use super::Args;

/// Each command and its examples: what each does, and the line.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "setup",
        &[
            (
                "The first time, and whenever a chain is added; as root, who may write the files",
                "highwater setup",
            ),
            ("To try it without a device, in files of one's own", "highwater setup --config drill.toml"),
            ("By a script, with all answers in a file", "highwater setup --yes-to answers.toml --json"),
        ],
    ),
    (
        "run",
        &[
            ("As the service manager starts it", "highwater run"),
            (
                "With another configuration, and a log for programs",
                "HIGHWATER_LOG_FORMAT=json highwater --config drill.toml run",
            ),
        ],
    ),
    (
        "status",
        &[
            ("What signs, and if not, why and what to do", "highwater status"),
            ("The same on the whole terminal, once a second", "highwater status --watch"),
            (
                "The chains that do not sign, with the reason",
                "highwater status --json | jq -r '.chains[] | select(.problem != null) | .problem'",
            ),
        ],
    ),
    (
        "check",
        &[
            ("Before the first start, and after each change of the configuration", "highwater check"),
            ("Of a configuration that is not installed yet", "highwater check --config new.toml"),
        ],
    ),
    (
        "doctor",
        &[
            ("It does not sign, or it is the night before an upgrade", "highwater doctor"),
            ("The words of what was found", "highwater doctor --json | jq -r '.findings[].finding'"),
        ],
    ),
    (
        "events",
        &[
            ("A node's log says that a vote was refused", "highwater events"),
            ("Status words alone, the newest first", "highwater events --json | jq -r '.device[].status'"),
        ],
    ),
    (
        "state export",
        &[(
            "Before the bridge moves: this host signs no more",
            "highwater state export /var/lib/highwater/moving.json",
        )],
    ),
    (
        "state import",
        &[("On the new host, with an empty state directory", "highwater state import moving.json")],
    ),
    (
        "device info",
        &[
            ("With a daemon or without one", "highwater device info"),
            ("The years of flash that an idle slot has are in `rings`", "highwater device info --json"),
        ],
    ),
    (
        "firmware install",
        &[
            ("No app is on the device yet; its PIN is entered", "highwater firmware install"),
            (
                "The lines to run by hand, for a Nano S Plus with system 1.6",
                "highwater firmware install --device nanosplus --system 1.6.1 --print",
            ),
            (
                "A new version of the app, with every mark written down",
                "highwater firmware install --marks-written-down",
            ),
        ],
    ),
    (
        "firmware verify",
        &[
            (
                "An image beside the release that it came with",
                "highwater firmware verify --image highwater-0.1.0/firmware/nanosplus",
            ),
            (
                "What the loader will print on system 1.6",
                "highwater firmware verify --device nanosplus --json | jq -r '.loader[] | select(.system == \"1.6\") | .full_hash'",
            ),
        ],
    ),
    (
        "chain add",
        &[
            (
                "A key that never signed, on a chain whose next height is 20000001",
                "highwater chain add cosmoshub-4 --key-index 0 --next-height 20000001",
            ),
            (
                "A key that signed elsewhere: the last place from all its records",
                "highwater chain add cosmoshub-4 --key-index 0 --last-signed 20000000/0/precommit",
            ),
        ],
    ),
    (
        "chain list",
        &[
            ("Chain, state, mark and pinned key, one line each", "highwater chain list"),
            ("The ids alone", "highwater chain list --json | jq -r '.chains[].chain'"),
        ],
    ),
    (
        "chain show-key",
        &[("Compare the screen with what is printed", "highwater chain show-key cosmoshub-4")],
    ),
    (
        "chain rename",
        &[(
            "For an upgrade that changes the id at height 5000000",
            "highwater chain rename stage-1 stage-2 --next-height 5000000",
        )],
    ),
    ("chain remove", &[("Its [[chain]] is out of the config already", "highwater chain remove stage-1")]),
    (
        "chain release",
        &[("Node a is gone for good in the middle of a height", "highwater chain release stage-1")],
    ),
    (
        "chain forget",
        &[
            ("After `chain remove`: frees the slot, and its mark is gone", "highwater chain forget stage-1"),
            ("A slot that `device info` calls damaged", "highwater chain forget --slot 2"),
        ],
    ),
    (
        "key import",
        &[
            (
                "On a computer without a network, from the key's backup",
                "highwater key import --from /media/usb/priv_validator_key.json --to /media/usb/cosmoshub-4.backup",
            ),
            (
                "The key file of tmkms",
                "highwater key import --source tmkms --from consensus.key --to cosmoshub-4.backup",
            ),
        ],
    ),
    ("key list", &[("Which keys the device holds, and for which chains", "highwater key list")]),
    (
        "key backup",
        &[("Before the app is replaced", "highwater key backup 1 --to /media/usb/cosmoshub-4.backup")],
    ),
    (
        "key restore",
        &[(
            "After the app was replaced, or on a spare of the same seed",
            "highwater key restore /media/usb/cosmoshub-4.backup",
        )],
    ),
    ("key forget", &[("No chain has it any more", "highwater key forget 1")]),
    (
        "key show",
        &[
            ("An imported key, in the forms that a chain takes", "highwater key show --imported 1"),
            ("A key of the seed", "highwater key show --key-index 0"),
        ],
    ),
    (
        "yubihsm setup",
        &[
            (
                "The validator's key is object 1; asks for the administrator's password",
                "highwater yubihsm setup --object 1 --audit",
            ),
            (
                "In the environment of Aiakos, whose variables are understood",
                "highwater yubihsm setup --password-file yubihsm.password",
            ),
        ],
    ),
    (
        "yubihsm import",
        &[
            ("The key of a node", "highwater yubihsm import --from priv_validator_key.json --object 1"),
            (
                "The key of tmkms, with a copy in a second HSM in mind",
                "highwater yubihsm import --source tmkms --from consensus.key --object 1 --exportable",
            ),
        ],
    ),
    (
        "yubihsm delete-auth-key",
        &[("That of tmkms, when Highwater signs", "highwater yubihsm delete-auth-key 4 --admin-key 1")],
    ),
    (
        "yubihsm accept",
        &[("The daemon is stopped, and somebody has looked on chain", "highwater yubihsm accept")],
    ),
    (
        "migrate",
        &[
            (
                "A node that signed with its own file, and is stopped",
                "highwater migrate --from cometbft --chain cosmoshub-4 --state data/priv_validator_state.json --key config/priv_validator_key.json --to cosmoshub-4.backup",
            ),
            (
                "A signer that left no state: two blocks without it are waited for",
                "highwater migrate --from nothing --chain cosmoshub-4 --rpc http://127.0.0.1:26657 --imported 1",
            ),
        ],
    ),
    (
        "retire",
        &[(
            "After `migrate`: the old signer's files let it sign nothing",
            "highwater retire --from cometbft --chain cosmoshub-4 --state data/priv_validator_state.json --key config/priv_validator_key.json",
        )],
    ),
    (
        "mark show",
        &[
            ("The mark of one chain", "highwater mark show cosmoshub-4"),
            ("For a script", "highwater mark show cosmoshub-4 --json | jq -r .mark"),
        ],
    ),
    (
        "mark adopt",
        &[
            (
                "A reinstalled app, or a spare on which the chain is not approved",
                "highwater mark adopt cosmoshub-4 --key-index 0",
            ),
            (
                "The state directory is lost too: the highest place from the chain and all logs",
                "highwater mark adopt cosmoshub-4 --last-signed 20000000/0/precommit",
            ),
        ],
    ),
    (
        "mark set",
        &[
            (
                "After a leap was refused (B008): the chain's next height",
                "highwater mark set cosmoshub-4 --next-height 20100001",
            ),
            (
                "Something was signed elsewhere",
                "highwater mark set cosmoshub-4 --last-signed 20000000/0/precommit",
            ),
        ],
    ),
    ("node-id", &[("For a node's `noise://SIGNER-ID@IP:port`", "highwater node-id")]),
    (
        "pubkey",
        &[
            ("In hex", "highwater pubkey cosmoshub-4"),
            ("For a genesis file", "highwater pubkey cosmoshub-4 --json"),
            ("For `tx staking create-validator --pubkey`", "highwater pubkey cosmoshub-4 --tx"),
        ],
    ),
];

const MORE: &str = "\
Run commands as the user of the daemon: `sudo -u highwater highwater …`. As root `setup`, `status`, `pubkey`,
`check`, `migrate` and `retire` work. `key` and `firmware` need no configuration.

Environment:
  HIGHWATER_CONFIG      the configuration file
  HIGHWATER_LOG         error, warn, info, debug, trace or off, or a filter
  HIGHWATER_LOG_FORMAT  text or json
  NO_COLOR              no colours

Results go to standard output, everything else to standard error. Exit codes:
  0   done
  64  the command line, a variable or the configuration asks for something that cannot be
  69  the device, the daemon or the owner did not do it
  70  a part of the daemon died
  74  a file or socket could not be read or written
  77  state_dir belongs to another user, or others may write to it
  78  pins, a state file, the identity key or a firmware image do not hold what they should";

/// The command line with everything that its help says.
pub fn command() -> Command {
    let mut command = Args::command().after_long_help(MORE);
    for (path, examples) in EXAMPLES {
        let words: Vec<_> = path.split(' ').collect();
        command = at(command, &words, &text(examples));
    }
    command
}

/// What was typed; an error is help that was asked for too.
pub fn parse() -> Result<Args, clap::Error> {
    Args::from_arg_matches_mut(&mut command().try_get_matches()?)
}

fn at(command: Command, path: &[&str], text: &str) -> Command {
    match path.split_first() {
        None => command.after_help(text.to_owned()),
        Some((first, rest)) => command.mut_subcommand(first, |verb| at(verb, rest, text)),
    }
}

fn text(examples: &[(&str, &str)]) -> String {
    let lines = examples.iter().map(|(what, line)| format!("  # {what}\n  {line}"));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    /// The commands that do something, with their paths.
    fn leaves(command: &Command, before: &str, found: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            let path = format!("{before}{}", verb.get_name());
            match verb.has_subcommands() {
                true => leaves(verb, &format!("{path} "), found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn each_command_has_an_example_that_can_be_typed() {
        let mut all = Vec::new();
        leaves(&Args::command(), "", &mut all);
        let taught: Vec<_> = EXAMPLES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(taught, all, "in the order of `--help`");
        for (path, examples) in EXAMPLES {
            assert!(!examples.is_empty(), "{path}");
            for (what, line) in *examples {
                let words = line.split_whitespace().skip_while(|word| word.contains('='));
                let words: Vec<_> = words.take_while(|word| *word != "|").collect();
                let parsed = Args::command().try_get_matches_from(&words);
                let matches = parsed.unwrap_or_else(|error| panic!("{path}: {what}: {error}"));
                let mut verbs = Vec::new();
                let mut inner = matches.subcommand();
                while let Some((name, matches)) = inner {
                    verbs.push(name);
                    inner = matches.subcommand();
                }
                assert_eq!(verbs.join(" "), *path, "{what}");
            }
        }
    }

    #[test]
    fn the_help_of_a_command_ends_with_its_examples() {
        let asked = command().try_get_matches_from(["highwater", "chain", "add", "--help"]).unwrap_err();
        let text = asked.to_string();
        assert!(text.ends_with("--key-index 0 --last-signed 20000000/0/precommit\n"), "{text}");
    }

    #[test]
    fn the_first_page_lists_each_exit_code() {
        for exit in Exit::ALL {
            assert!(MORE.contains(&format!("\n  {}  ", exit.code())), "{exit:?}");
        }
    }
}
