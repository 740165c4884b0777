//! What comes next, as a value: by what was found and what was answered, and by nothing else. So a run that was interrupted
//! goes on where it stood, and one that has nothing left to do changes nothing.

use std::path::PathBuf;

use highwater_core::hrs::Hrs;
use serde::{Deserialize, Serialize};

use super::answers::{Answers, From, NOTHING};
use super::begun::Risk;
use super::host::{Kind, Piece, Stands};
use super::question::Question;
use crate::config::Transport;
use crate::device::{Session, SlotState};
use crate::hrs_text::HrsText;
use crate::store::Pin;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A person answers, or the file of answers lacks it.
    Ask(Question),
    /// Files of the system are put in their place.
    Install(Kind),
    /// The state directory is looked at, and what an earlier run left there.
    Prepare,
    /// The device is asked who it is.
    Device,
    /// What is pinned and kept of the chain is read.
    Chain,
    /// The node is asked how high its chain is, and how fast.
    Node,
    /// The owner is asked for the chain and its mark, and its key is pinned.
    Approve(Wanted),
    /// The validator moves here from its old signer.
    Migrate,
    /// The configuration is written.
    Write,
    /// Everything is looked at once more, as `highwater check` does.
    Check,
    /// Nothing is left.
    Done,
    /// It does not go on like this.
    Refuse(Refusal),
}

/// What the owner is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) key_index: u32,
    pub(crate) mark: HrsText,
    /// The person says that the key never signed on the chain.
    pub(crate) never_signed: bool,
}

/// Why it does not go on. `advice` has the cure of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The configuration cannot be written by who runs the command.
    CannotWrite,
    /// The configuration has another device than the answers; what it has.
    OtherDevice(String),
    /// The configuration has no device of this name.
    NoSuchDevice(String),
    /// The same of the state directory.
    OtherStateDir(PathBuf),
    /// The configuration may not be changed.
    Unchanged,
    /// The chain is pinned to another installation.
    PinnedElsewhere,
    /// The pinned device does not have the chain.
    NotOnDevice,
    /// Another signer of the key was found when the owner had approved a mark; what was seen.
    SignsElsewhere(String),
    /// The slot of the pinned chain does not sign.
    Slot(SlotState),
    /// The owner approved this for a run that was cut, and now something else is answered.
    ApprovedAnother { approved: Wanted, answered: Wanted },
    /// The chain is on the device, and nothing here tells since when.
    NotPinned(Hrs),
    /// A state file tells that the chain was signed for, and its pin is lost.
    PinLost,
    /// The mark is to come from a node, and none tells; why.
    NoTip(Option<String>),
}

impl Refusal {
    /// Its cure is a command about the chain, which wants a configuration.
    pub(crate) fn is_of_the_chain(&self) -> bool {
        match self {
            Self::PinnedElsewhere
            | Self::NotOnDevice
            | Self::SignsElsewhere(_)
            | Self::Slot(_)
            | Self::ApprovedAnother { .. }
            | Self::NotPinned(_)
            | Self::PinLost => true,
            Self::CannotWrite
            | Self::OtherDevice(_)
            | Self::NoSuchDevice(_)
            | Self::OtherStateDir(_)
            | Self::Unchanged
            | Self::NoTip(_) => false,
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// A person is at a terminal.
    pub(crate) person: bool,
    /// The configuration that is there.
    pub(crate) config: Option<There>,
    /// Who runs the command may write it.
    pub(crate) may_write: bool,
    /// The files of the system, where they are offered.
    pub(crate) pieces: Vec<Piece>,
    /// The Ledgers that are plugged in.
    pub(crate) ledgers: Vec<PathBuf>,
    /// The state directory can be used.
    pub(crate) prepared: bool,
    /// An earlier run left answers.
    pub(crate) begun: bool,
    /// What an earlier run asked the owner for, and of which chain.
    pub(crate) asked: Option<(String, Wanted)>,
    /// Another signer that an earlier run found.
    pub(crate) risk: Option<Risk>,
    /// The device.
    pub(crate) session: Option<Session>,
    /// The chain.
    pub(crate) chain: Option<Kept>,
    /// What its node tells.
    pub(crate) node: Option<Node>,
    /// The configuration has all of it.
    pub(crate) written: bool,
    /// It was there before, and has one more chain.
    pub(crate) changed: bool,
    /// It was looked at.
    pub(crate) checked: bool,
}

/// A configuration that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct There {
    pub(crate) state_dir: PathBuf,
    /// Its devices, each with its name if it has one.
    pub(crate) devices: Vec<(Option<String>, Transport)>,
    /// Its chains, and which node tells of each.
    pub(crate) chains: Vec<(String, Option<String>)>,
}

/// What is kept of the chain in the state directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) pin: Option<Pin>,
    /// There is a state file.
    pub(crate) file: bool,
}

/// What the node tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The lowest mark above all that the chain has committed, or why it is not known.
    pub(crate) next: Result<Hrs, String>,
}

impl There {
    pub(crate) fn chain(&self, id: &str) -> Option<&(String, Option<String>)> {
        self.chains.iter().find(|(known, _)| known == id)
    }
}

impl Found {
    /// The chain that is set up stands in the configuration.
    pub(crate) fn is_configured(&self, answers: &Answers) -> bool {
        let id = answers.chain.id.as_deref();
        self.config.as_ref().zip(id).is_some_and(|(there, id)| there.chain(id).is_some())
    }

    /// The device signs with keys of a store beside the host, and takes none from a file.
    pub(crate) fn keeps_its_keys(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.target.is_store())
    }

    /// The node that tells of the chain: the configuration's word before the answer's.
    pub(crate) fn rpc<'a>(&'a self, answers: &'a Answers) -> Option<&'a str> {
        let id = answers.chain.id.as_deref();
        match self.config.as_ref().zip(id).and_then(|(there, id)| there.chain(id)) {
            Some((_, rpc)) => rpc.as_deref(),
            None => answers.chain.rpc(),
        }
    }
}

/// The next step.
pub(crate) fn next(found: &Found, answers: &Answers) -> Step {
    let stages: [fn(&Found, &Answers) -> Option<Step>; 7] = [config, system, state, device, chain, mark, end];
    stages.iter().find_map(|stage| stage(found, answers)).unwrap_or(Step::Done)
}

/// A question, unless it is answered.
fn ask(answered: bool, question: Question) -> Option<Step> {
    (!answered).then_some(Step::Ask(question))
}

/// Nothing that is in a configuration is changed; what contradicts it is said before anything is done.
fn config(found: &Found, answers: &Answers) -> Option<Step> {
    let refuse = |refusal| Some(Step::Refuse(refusal));
    let Some(there) = &found.config else {
        return if found.may_write { None } else { refuse(Refusal::CannotWrite) };
    };
    let has = |kind: Transport| there.devices.iter().any(|(_, known)| *known == kind);
    if answers.device.kind().is_some_and(|kind| !has(kind)) {
        let known: Vec<_> = there.devices.iter().map(|(_, kind)| kind.name()).collect();
        return refuse(Refusal::OtherDevice(known.join(", ")));
    }
    if let Some(name) = &answers.chain.device
        && !there.devices.iter().any(|(known, _)| known.as_ref() == Some(name))
    {
        return refuse(Refusal::NoSuchDevice(name.clone()));
    }
    match &answers.state_dir {
        Some(state_dir) if *state_dir != there.state_dir => {
            refuse(Refusal::OtherStateDir(there.state_dir.clone()))
        }
        _ => None,
    }
}

/// Users before everything: the state directory is theirs, and so is the device.
fn system(found: &Found, answers: &Answers) -> Option<Step> {
    found.pieces.iter().find_map(|Piece { kind, stands, .. }| {
        let answer = match kind {
            Kind::Users => answers.install.users,
            Kind::DeviceRule => answers.install.device_rule,
            Kind::Unit => answers.install.unit,
        };
        match (stands, answer, answers.install.replace) {
            (Stands::Right, ..) | (_, Some(false), _) | (Stands::Differs, _, Some(false)) => None,
            (_, None, _) => Some(Step::Ask(kind.question())),
            (Stands::Differs, _, None) => Some(Step::Ask(Question::Replace)),
            _ => Some(Step::Install(*kind)),
        }
    })
}

fn state(found: &Found, answers: &Answers) -> Option<Step> {
    if !found.prepared {
        let known = found.config.is_some() || answers.state_dir.is_some();
        return ask(known, Question::StateDir).or(Some(Step::Prepare));
    }
    // Without a person the file of answers says everything anew.
    ask(!found.begun || !found.person || answers.resume.is_some(), Question::Resume)
}

fn device(found: &Found, answers: &Answers) -> Option<Step> {
    if found.session.is_some() {
        return None;
    }
    let asked = match &found.config {
        None => which_device(found, answers),
        Some(there) if there.devices.len() > 1 => which_of_several(found, answers),
        Some(_) => None,
    };
    asked.or(Some(Step::Device))
}

/// A chain of the configuration has its device; a new one is given one.
fn which_of_several(found: &Found, answers: &Answers) -> Option<Step> {
    let named = answers.chain.device.is_some();
    ask(answers.chain.id.is_some(), Question::ChainId)
        .or_else(|| ask(named || found.is_configured(answers), Question::ChainDevice))
}

fn which_device(found: &Found, answers: &Answers) -> Option<Step> {
    let device = &answers.device;
    let all = |questions: &[(bool, Question)]| {
        questions.iter().find_map(|(answered, question)| ask(*answered, *question))
    };
    match device.kind() {
        None => Some(Step::Ask(Question::Transport)),
        Some(Transport::Simulated) => None,
        Some(Transport::Hid) => {
            let one = found.ledgers.len() < 2 || device.path.is_some() || device.serial.is_some();
            ask(one, Question::DevicePath)
        }
        Some(Transport::Speculos) => ask(device.address.is_some(), Question::Address),
        Some(Transport::Yubihsm) => all(&[
            (device.address.is_some() || device.serial.is_some(), Question::Connector),
            (device.auth_key.is_some(), Question::AuthKey),
            (device.password_file.is_some(), Question::PasswordFile),
            (!device.keys.is_empty(), Question::Object),
        ]),
        Some(Transport::Pkcs11) => all(&[
            (device.module.is_some(), Question::Module),
            (device.token_label.is_some() || device.slot.is_some(), Question::TokenLabel),
            (device.pin_file.is_some(), Question::PinFile),
            (!device.keys.is_empty(), Question::Label),
        ]),
    }
}

/// The chain and its nodes. All that a person is asked comes before the owner is asked.
fn chain(found: &Found, answers: &Answers) -> Option<Step> {
    if answers.chain.id.is_none() {
        return Some(Step::Ask(Question::ChainId));
    }
    if found.chain.is_none() {
        return Some(Step::Chain);
    }
    if !found.is_configured(answers) {
        if !found.may_write {
            return Some(Step::Refuse(Refusal::CannotWrite));
        }
        match answers.change_config {
            None if found.config.is_some() => return Some(Step::Ask(Question::ChangeConfig)),
            Some(false) if found.config.is_some() => return Some(Step::Refuse(Refusal::Unchanged)),
            _ => {}
        }
        let asked = ask(answers.chain.nodes.is_some(), Question::Nodes)
            .or_else(|| ask(answers.chain.rpc.is_some(), Question::Rpc));
        if asked.is_some() {
            return asked;
        }
    }
    let pinned = found.chain.is_some_and(|kept| kept.pin.is_some());
    (found.rpc(answers).is_some() && found.node.is_none() && !pinned).then_some(Step::Node)
}

/// The first mark. It is never lowered and never guessed: what stands on the device or in the state directory is gone on with
/// if this very command asked for it and still would, and else belongs to `mark adopt` or `migrate`.
fn mark(found: &Found, answers: &Answers) -> Option<Step> {
    let (session, kept, id) = (found.session.as_ref()?, found.chain?, answers.chain.id.as_deref()?);
    let slot = session.chain(id);
    let refuse = |refusal| Some(Step::Refuse(refusal));
    match (kept.pin, slot) {
        (Some(pin), _) if pin.installation != session.installation => refuse(Refusal::PinnedElsewhere),
        (Some(_), None) => refuse(Refusal::NotOnDevice),
        (Some(_), Some(slot)) if slot.state == SlotState::Armed => None,
        (Some(_), Some(slot)) => refuse(Refusal::Slot(slot.state)),
        (None, _) if answers.mark.from == Some(From::Migrate) => migrate(found, answers),
        (None, _) if let Some(risk) = found.risk.as_ref().filter(|risk| risk.chain == id) => {
            refuse(Refusal::SignsElsewhere(risk.why.clone()))
        }
        (None, Some(slot)) => match &found.asked {
            Some((of, asked)) if of == id && (asked.key_index, asked.mark) == (slot.key_index, slot.mark) => {
                approved_before(*asked, found, answers)
            }
            _ => refuse(Refusal::NotPinned(slot.mark.0)),
        },
        (None, None) if kept.file => refuse(Refusal::PinLost),
        (None, None) => first_mark(found, answers),
    }
}

/// The owner approved it for a run that was cut. It is gone on with only if the answers of this run say the same: the key
/// may have signed since.
fn approved_before(asked: Wanted, found: &Found, answers: &Answers) -> Option<Step> {
    match first_mark(found, answers) {
        Some(Step::Approve(now)) => {
            // The chain has grown since, and a key that never signed has signed nothing of that.
            let grown = answers.mark.from == Some(From::Rpc) && asked.never_signed && asked.mark <= now.mark;
            if now.key_index == asked.key_index && (now.mark == asked.mark || grown) {
                return Some(Step::Approve(Wanted { mark: asked.mark, ..now }));
            }
            Some(Step::Refuse(Refusal::ApprovedAnother { approved: asked, answered: now }))
        }
        other => other,
    }
}

fn first_mark(found: &Found, answers: &Answers) -> Option<Step> {
    let Some(from) = answers.mark.from else { return Some(Step::Ask(Question::MarkFrom)) };
    let asked = match from {
        From::NextHeight => ask(answers.mark.next_height.is_some(), Question::NextHeight),
        From::LastSigned => ask(answers.mark.last_signed.is_some(), Question::LastSigned),
        From::Rpc | From::Migrate => None,
    };
    let Some(key_index) = answers.chain.key_index else {
        return asked.or(Some(Step::Ask(Question::KeyIndex)));
    };
    let mark = match (from, &found.node) {
        (From::Rpc, Some(Node { next: Ok(next) })) => Some(*next),
        (From::Rpc, Some(Node { next: Err(why) })) => {
            return Some(Step::Refuse(Refusal::NoTip(Some(why.clone()))));
        }
        (From::Rpc, None) => return Some(Step::Refuse(Refusal::NoTip(None))),
        _ => answers.mark.typed(),
    };
    let never_signed = from != From::LastSigned;
    asked.or_else(|| mark.map(|mark| Step::Approve(Wanted { key_index, mark: HrsText(mark), never_signed })))
}

fn migrate(found: &Found, answers: &Answers) -> Option<Step> {
    let old = &answers.migrate;
    let Some(from) = old.from.as_deref() else { return Some(Step::Ask(Question::OldSigner)) };
    if from == NOTHING && found.rpc(answers).is_none() {
        return Some(Step::Refuse(Refusal::NoTip(None)));
    }
    let no_file = old.key_file().is_none();
    // The key of a store never left it.
    let stays = found.keeps_its_keys();
    let questions = [
        (from == NOTHING || old.state.is_some(), Question::OldState),
        (from != "horcrux" || old.threshold.is_some(), Question::Threshold),
        (stays || old.imported.is_some() || old.key.is_some(), Question::OldKey),
        (stays || !no_file || old.imported.is_some(), Question::Imported),
        (stays || no_file || old.to.is_some(), Question::Backup),
        (!stays || answers.chain.key_index.is_some(), Question::KeyIndex),
    ];
    let asked = questions.into_iter().find_map(|(answered, question)| ask(answered, question));
    asked.or(Some(Step::Migrate))
}

fn end(found: &Found, answers: &Answers) -> Option<Step> {
    if !found.written && !found.is_configured(answers) {
        return Some(Step::Write);
    }
    (!found.checked).then_some(Step::Check)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
