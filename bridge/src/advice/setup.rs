//! Of `highwater setup`: what is asked, what was found, why it does not go on.

use std::path::Path;

use super::{not_on_device, pin_lost, pinned_elsewhere};
use crate::config::Transport;
use crate::operator::setup::answers::{Answers, Wrong};
use crate::operator::setup::host::Stands;
use crate::operator::setup::plan::{Refusal, Wanted};
use crate::operator::setup::question::{Context, Question};
use crate::rpc::RpcError;

/// What a person is asked.
pub(crate) fn setup_question(question: Question, context: Context<'_>) -> String {
    let Context { answers, config, pieces, .. } = context;
    let chain = answers.chain.id.as_deref().unwrap_or_default();
    let piece = |question: Question| {
        let piece = pieces.iter().find(|piece| piece.kind.question() == question);
        let Some(piece) = piece else { return String::new() };
        let paths: Vec<_> = piece.paths.iter().map(|path| path.display().to_string()).collect();
        let there = if piece.stands == Stands::Differs { " (something else stands there)" } else { "" };
        format!("{}{there}", paths.join(" and "))
    };
    match question {
        Question::Resume => "Go on with these answers? No begins anew.".to_owned(),
        Question::Users => format!("The signer's user and folders: write {}?", piece(question)),
        Question::DeviceRule => format!(
            "A rule that gives every Ledger of this machine to the signer alone: write {}?",
            piece(question)
        ),
        Question::Unit => format!("The daemon's unit: write {}?", piece(question)),
        Question::Replace => {
            "A file that stands there differs from Highwater's own. Write over such files?".to_owned()
        }
        Question::StateDir => {
            "The directory for everything the daemon writes: pins, state files, its socket.".to_owned()
        }
        Question::Transport => "Which device holds the key?".to_owned(),
        Question::DevicePath => {
            "Several Ledgers are plugged in. Which one? Best a link that stays, as /dev/ledger-a.".to_owned()
        }
        Question::Address => "Where does the emulator's APDU port listen?".to_owned(),
        Question::Connector => "Where does yubihsm-connector listen?".to_owned(),
        Question::AuthKey => "The object id of an authentication key that may sign:".to_owned(),
        Question::PasswordFile => "The file of its password, mode 0600, of the daemon's user:".to_owned(),
        Question::Object => "The object id of the validator's key:".to_owned(),
        Question::Module => "The library of the token's vendor, as an absolute path:".to_owned(),
        Question::TokenLabel => "The label of the token:".to_owned(),
        Question::PinFile => "The file of its PIN, mode 0600, of the daemon's user:".to_owned(),
        Question::Label => "The label of the validator's key in the token:".to_owned(),
        Question::ChainId => "Which chain? Its id, byte for byte as the genesis file has it.".to_owned(),
        Question::ChainDevice => {
            format!("Which of the devices of {} signs for {chain}?", config.display())
        }
        Question::Nodes => {
            "Where do its nodes listen for the signer? unix:///path, tcp://host:port or noise://id@host:port; several with \
             spaces between."
                .to_owned()
        }
        Question::Rpc => {
            "The RPC of a node, as http://127.0.0.1:26657: it tells the chain's height and pace, and later which blocks \
             have our signature. Or none."
                .to_owned()
        }
        Question::KeyIndex if context.of_store => {
            "Which key? The number of its `[[device.key]]`; the one that setup writes is 0.".to_owned()
        }
        Question::KeyIndex => {
            "Which key? A number; another chain should have another. Seed words and number are the key's backup.".to_owned()
        }
        Question::MarkFrom => {
            format!("Did this validator's key ever sign on {chain}, here or anywhere else?")
        }
        Question::NextHeight => {
            "The chain's next height. Everything below it counts as signed, nothing of it does.".to_owned()
        }
        Question::LastSigned => {
            "The last place signed, from all records of the key: HEIGHT/ROUND/STEP, as 1234/0/precommit.".to_owned()
        }
        Question::OldSigner => "Which signer does it come from? It must be stopped.".to_owned(),
        Question::OldState => "Its state file; several with spaces between.".to_owned(),
        Question::OldKey => "Its key file. Nothing, if the key is on the device already.".to_owned(),
        Question::Imported => "The number of the imported key on the device:".to_owned(),
        Question::Threshold => "How many cosigners does it take to sign?".to_owned(),
        Question::Backup => {
            "Where does the backup of the key go? A file that does not exist yet. Nothing: no backup is made.".to_owned()
        }
        Question::ChangeConfig => format!(
            "{} is there and has no {chain}. Add the chain to it? All else in it stays as it is.",
            config.display()
        ),
    }
}

/// What a kind of device is, for who chooses.
pub(crate) const fn transport_means(transport: Transport) -> &'static str {
    match transport {
        Transport::Hid => "a Ledger on USB",
        Transport::Yubihsm => "a YubiHSM2; the mark is then a file of this host",
        Transport::Pkcs11 => "a PKCS#11 token; the mark is then a file of this host",
        Transport::Simulated => "NOT FOR STAKE: no hardware, to try it out",
        Transport::Speculos => "the firmware in the emulator, for tests",
    }
}

/// The height as a node tells it.
pub(crate) fn mark_from_rpc(tip: u64) -> String {
    format!("never; begin above the chain's height, {tip} by its node")
}

/// Above `[device]` in the configuration.
pub(crate) fn device_comment(transport: Option<Transport>) -> &'static str {
    match transport {
        Some(Transport::Simulated) => {
            "# NOT FOR STAKE: the key is a file of this host, and no hardware holds it.\n"
        }
        Some(Transport::Hid) => {
            "# Where several Ledgers are plugged in, `path` or `serial` says which; best a link that stays.\n"
        }
        Some(Transport::Yubihsm | Transport::Pkcs11) => {
            "# The mark is a file of this host: see docs/security.md.\n"
        }
        Some(Transport::Speculos) => "# The firmware in the emulator: NOT FOR STAKE.\n",
        None => "",
    }
}

/// Where the device only plays one.
pub(crate) fn not_for_stake() -> &'static str {
    "NOT FOR STAKE: no hardware holds this key. Whoever reads a file of this host can sign twice with it. Nothing that is set up \
     with it may ever hold stake."
}

/// The file of answers is not there.
pub(crate) const NAME_ANSWERS: &str = "name the file of the answers; docs/setup.md lists its keys";

/// The file of answers has no such form.
pub(crate) fn answers_syntax(error: &str) -> String {
    format!(
        "{}\ncorrect the line shown; docs/setup.md lists every key",
        super::config::in_words(error).trim_end()
    )
}

/// An answer that cannot be used, by its key.
pub(crate) fn answer_wrong(wrong: &Wrong) -> String {
    format!("`{}`: {}", wrong.key, wrong.why)
}

/// Nobody is there to answer.
pub(crate) fn answer_missing(key: &str, words: &str) -> String {
    format!(
        "`{key}` is not answered, and there is no terminal to ask at: add it to the file of `highwater setup --yes-to FILE` \
         (docs/setup.md). The question is: {words}"
    )
}

/// Not a path from the root.
pub(crate) fn not_absolute(path: &Path) -> String {
    format!("{path:?} is not an absolute path; name a directory that starts with /")
}

/// No such kind of device.
pub(crate) fn no_transport(name: &str) -> String {
    format!(
        "{name:?} is not known: a Ledger on USB is \"hid\"; the others are yubihsm, pkcs11, simulated and speculos"
    )
}

/// A chain wants a node.
pub(crate) fn no_address() -> String {
    "no address; name at least one, as unix:///run/privval/CHAIN/privval.sock".to_owned()
}

/// The number of no key.
pub(crate) fn no_key_index(index: u32) -> String {
    format!(
        "{index} is too high; a key of the seed has a number from 0 on. One that was imported comes by mark.from = \"migrate\""
    )
}

/// Not a height.
pub(crate) fn no_height() -> String {
    "a height is 1 to 2^63-1; name the chain's next one".to_owned()
}

/// Not a place that was signed.
pub(crate) fn no_last_signed(text: &str) -> String {
    format!(
        "{text:?} is no place that was signed; write HEIGHT/ROUND/STEP, the step proposal, prevote or precommit"
    )
}

/// A mark of one kind, where the answers say another.
pub(crate) fn mark_of_another_kind(key: &str) -> String {
    let from = key.trim_start_matches("mark.");
    format!("it is given, and `mark.from` does not say so; take it out, or write mark.from = {from:?}")
}

/// Not a time.
pub(crate) fn no_block_time(seconds: u64) -> String {
    format!("{seconds} is no time from block to block; write seconds, 1 to 86400")
}

/// Not one of the answers.
pub(crate) fn no_choice(text: &str) -> String {
    format!("{text:?} is none of the answers; type one of them, or its number")
}

/// Neither.
pub(crate) fn neither_yes_nor_no(text: &str) -> String {
    format!("{text:?} is neither yes nor no; type y or n")
}

/// The configuration has `chain`, and no list of tables.
pub(crate) fn chain_is_no_list() -> String {
    "`chain` of the config is no list of chains; write it as [[chain]]".to_owned()
}

/// Somebody else wrote the configuration.
pub(crate) fn config_changed_meanwhile(path: &Path) -> String {
    format!("{} was changed since it was read, and stays so; run `highwater setup` again", path.display())
}

/// What an earlier run left cannot be used.
pub(crate) fn begun_unusable(path: &Path, error: &str) -> String {
    format!(
        "{}, which an interrupted run of `highwater setup` left, cannot be used ({}); if nobody is in the middle of a setup, \
         remove the file and run the command again",
        path.display(),
        error.trim_end()
    )
}

/// What an earlier run was told.
pub(crate) fn earlier_answers(answers: &Answers, asked: Option<&Wanted>) -> String {
    let mut said = vec![format!("chain {}", answers.chain.id.as_deref().unwrap_or("not named yet"))];
    said.extend(answers.device.transport.as_ref().map(|name| format!("device {name}")));
    said.extend(answers.chain.nodes.as_ref().map(|nodes| format!("nodes {}", nodes.join(" "))));
    said.extend(answers.chain.key_index.map(|index| format!("key {index}")));
    let mark = asked.map(|asked| asked.mark.0).or_else(|| answers.mark.typed());
    said.extend(mark.map(|mark| format!("mark {mark}")));
    format!("An earlier run was interrupted: {}.", said.join(", "))
}

/// What root is left to do.
pub(crate) fn left_to_root(lines: &[&str]) -> String {
    format!(
        "This user installs nothing. `sudo highwater setup` does, or from the folder of the source, as root:\n  {}",
        lines.join("\n  ")
    )
}

/// A command that could not be run.
pub(crate) fn run_by_hand(command: &str) -> String {
    format!("`{command}` could not be run; run it as root")
}

/// Why a node does not tell how high its chain is.
pub(crate) fn setup_rpc(error: &RpcError) -> String {
    match error {
        RpcError::Unanswered { address, error } => format!(
            "the node at {address} does not answer ({error}); check that it runs, and that the address is its `laddr` of [rpc]"
        ),
        RpcError::Refused(highwater_moving::Refusal::NodeOfOtherChain { found, chain }) => {
            format!("the node at rpc is of the chain {found:?}, and not of {chain:?}; name one of {chain:?}")
        }
        RpcError::Refused(highwater_moving::Refusal::CatchingUp) => {
            "the node at rpc is catching up with its chain; wait until it has caught up, or name another one"
                .to_owned()
        }
        RpcError::Refused(highwater_moving::Refusal::NodeAnswer { what, why }) => format!(
            "what the node at rpc answers to /{what} cannot be used: {why}; name a node of CometBFT 0.34 or later that keeps its blocks"
        ),
        RpcError::Refused(other) => other.to_string().trim_end_matches('.').to_owned(),
    }
}

/// The height is not known by a node.
pub(crate) fn height_not_told(why: &str) -> String {
    format!(
        "The chain's height is not known: {}. A mark can be typed all the same.",
        why.trim_end_matches('.')
    )
}

/// Nobody tells whether another signer has the key.
pub(crate) fn not_looked_whether_it_signs(why: &str) -> String {
    format!("Whether another signer has this key was not looked at: {}.", why.trim_end_matches('.'))
}

/// The node keeps no blocks that old.
pub(crate) fn blocks_not_told(first: u64, last: u64) -> String {
    format!(
        "The blocks {first} to {last}, right above the mark, were not looked at: the node does not have them. Name a node that \
         keeps old blocks, or make certain otherwise that the key signed nothing above the mark."
    )
}

/// A block has a signature of the key.
pub(crate) fn block_has_signature(height: u64) -> String {
    format!("Block {height} has a signature of this very key.")
}

/// The key is a validator's.
pub(crate) fn in_set_already(height: u64) -> String {
    format!(
        "The key is in the set of validators at block {height}, so it may have signed, and the mark says that it never did."
    )
}

/// Another signer has the key; the owner was not asked.
pub(crate) fn key_signs_elsewhere(chain: &str, why: &str) -> String {
    format!(
        "DOUBLE-SIGN RISK on {chain}: {why} Nothing was asked and nothing is pinned. Stop every other signer of the key, and \
         take its state along: `highwater migrate`, or mark.from = \"migrate\" here."
    )
}

/// The same, and the owner approved before it was known.
pub(crate) fn approved_and_signs_elsewhere(chain: &str, why: &str) -> String {
    format!(
        "DOUBLE-SIGN RISK on {chain}: {why} Nothing is pinned, so Highwater does not sign for {chain}. Stop every other signer of \
         the key. Then run `highwater chain remove {chain}` and move with its state: `highwater migrate`, or mark.from = \
         \"migrate\" here."
    )
}

/// The app is older than this program.
pub(crate) fn app_is_older(app: &str) -> String {
    format!(
        "The app {app} is older than this program, and works with it. Install the newest before a chain has its mark there."
    )
}

/// The margin.
pub(crate) fn margin(signing: f64, block: f64, ratio: f64, measured: bool) -> String {
    let by = if measured { "measured by the daemon" } else { "a guide: docs/chains.md says of what" };
    format!(
        "Both votes take {signing:.3} s ({by}), {:.0} % of the {block:.1} s from block to block.",
        ratio * 100.0
    )
}

/// No node tells the pace.
pub(crate) fn margin_not_told(why: &str) -> String {
    format!("The margin is not known: {why}.")
}

/// The margin is thin.
pub(crate) fn margin_thin() -> &'static str {
    "The margin is THIN: above a half of a block's time precommits begin to come too late, and blocks are missed. docs/chains.md \
     says which devices fit which chain."
}

/// Above the pages of the device's question.
pub(crate) fn pages_follow() -> &'static str {
    "The device asks this, page by page; the right button goes on. Dots are the key, which the device alone knows before it is asked."
}

/// The key, to be compared.
pub(crate) fn compare_key(chain: &str) -> String {
    format!("Compare it with the device's screen: `highwater chain show-key {chain}`.")
}

/// A daemon that runs knows the configuration of its start.
pub(crate) fn restart_the_daemon() -> &'static str {
    "A daemon that runs reads the configuration at its next start: restart it when its node may miss a vote."
}

/// Why it does not go on.
pub(crate) fn setup_refused(refusal: &Refusal, config: &Path, chain: &str) -> String {
    let config = config.display();
    match refusal {
        Refusal::CannotWrite => format!(
            "{config} cannot be written by this user, and nothing was begun: run `sudo highwater setup`, or name a file of your \
             own with `highwater setup --config FILE`"
        ),
        Refusal::OtherDevice(transports) => format!(
            "`device.transport` is answered, and {config} has {transports}: a configuration that is there is not changed; take the \
             answer out, or change the file by hand"
        ),
        Refusal::NoSuchDevice(name) => format!(
            "`chain.device` is {name:?}, and {config} has no device of that name; name one that it has"
        ),
        Refusal::OtherStateDir(state_dir) => format!(
            "`state_dir` is answered, and {config} has {state_dir:?}: a configuration that is there is not changed; take the \
             answer out, or change the file by hand"
        ),
        Refusal::Unchanged => format!(
            "{config} has no {chain}, and may not be changed: add a [[chain]] by hand, or name another file with `highwater setup \
             --config FILE`"
        ),
        Refusal::PinnedElsewhere => pinned_elsewhere(chain),
        Refusal::NotOnDevice => not_on_device(chain),
        Refusal::Slot(state) => format!(
            "{chain} is pinned, and its slot on the device is {state}: it does not sign; see `highwater device info`, and bring its \
             mark back with `highwater mark adopt {chain}`"
        ),
        Refusal::NotPinned(mark) => format!(
            "{chain} is on the device with the mark {mark}, and nothing here tells what else was signed: if the state directory \
             was lost, run `highwater mark adopt {chain} --last-signed H/R/STEP` with the highest place that any device may \
             have signed"
        ),
        Refusal::ApprovedAnother { approved, answered } => {
            let said = |wanted: &Wanted| format!("key {} and mark {}", wanted.key_index, wanted.mark);
            format!(
                "{chain} is on the device with {}, which the owner approved for a run that was interrupted, and now {} are answered. \
                 Nothing is pinned. Answer as that run did only if the key signed nothing since. Else run `highwater chain remove \
                 {chain}`, and `highwater setup` again",
                said(approved),
                said(answered)
            )
        }
        Refusal::PinLost => pin_lost(chain),
        Refusal::SignsElsewhere(why) => approved_and_signs_elsewhere(chain, why),
        Refusal::NoTip(why) => {
            let why = why.as_deref().unwrap_or("`chain.rpc` names no node");
            format!(
                "the mark is to come from the chain's height, and that is not known: {why}; or type it, with mark.from = \"next_height\""
            )
        }
    }
}
