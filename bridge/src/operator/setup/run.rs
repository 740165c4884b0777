//! What each step does. Which one comes next says `plan`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use highwater_core::hrs::Hrs;
use highwater_moving::{Ours, PublicKey, above};

use super::answers::Answers;
use super::begun::{Asked, Begun, Risk};
use super::host::{Kind, System};
use super::margin::{self, Margin};
use super::pages::{self, Page};
use super::plan::{self, Found, Kept, Node, Refusal, Step, There, Wanted};
use super::question::Context;
use super::result::{self, NodeLines, SetUp};
use super::written::{self, Checked};
use crate::advice;
use crate::config::{Config, Transport};
use crate::device::Session;
use crate::failure::Failure;
use crate::hrs_text::HrsText;
use crate::node::Identity;
use crate::operator::add::{self, Added, New};
use crate::operator::check::{self, Findings, Ground, ledgers};
use crate::operator::known::chain_id;
use crate::operator::{Access, Chosen, Talk, not_exported, seen};
use crate::rpc::Rpc;
use crate::state_dir::{self, Purpose};
use crate::store::{Pins, chain_file_path};
use crate::users::{self, Hands};

/// The time from block to block before it is known.
const BLOCK: std::time::Duration = std::time::Duration::from_secs(6);

/// One run of `setup`.
pub(crate) struct Run {
    path: PathBuf,
    /// The text of the configuration that is there.
    text: Option<String>,
    config: Option<Config>,
    system: System,
    ground: Ground,
    pub(crate) answers: Answers,
    pub(crate) found: Found,
    begun: Begun,
    hands: Hands,
    access: Option<Access>,
    margin: Option<Margin>,
}

impl Run {
    /// Reads the configuration, if there is one. One that is wrong is nobody's to change but its owner's.
    pub(crate) fn new(path: &Path, answers: Answers, person: bool, system: System) -> Result<Self, Failure> {
        let (text, config) = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            // The error has its cure there.
            _ => (fs::read_to_string(path).ok(), Some(Config::load(path)?)),
        };
        let ground = Ground::default();
        let pieces = match users::ours() == 0 && !system.is_packaged() {
            true => system.pieces(),
            false => Vec::new(),
        };
        let found = Found {
            person,
            config: config.as_ref().map(there),
            may_write: written::may_write(path),
            pieces,
            ledgers: ledgers(&ground),
            ..Found::default()
        };
        let (begun, hands) = (Begun::default(), Hands::own());
        Ok(Self {
            path: path.to_owned(),
            text,
            config,
            system,
            ground,
            answers,
            found,
            begun,
            hands,
            access: None,
            margin: None,
        })
    }

    /// Of the configuration.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn next(&self) -> Step {
        plan::next(&self.found, &self.answers)
    }

    /// What the words of a question need.
    pub(crate) fn context<'a>(&'a self, chains: &'a [String], devices: &'a [String]) -> Context<'a> {
        let next = self.found.node.as_ref().and_then(|node| node.next.as_ref().ok());
        Context {
            answers: &self.answers,
            config: &self.path,
            chains,
            devices,
            ledgers: &self.found.ledgers,
            pieces: &self.found.pieces,
            free_key: self.found.session.as_ref().map_or(0, free_key),
            of_store: self.found.keeps_its_keys(),
            tip: next.map(|next| next.height.value() - 1),
        }
    }

    /// The chains of the configuration.
    pub(crate) fn chains(&self) -> Vec<String> {
        let chains = self.found.config.iter().flat_map(|there| &there.chains);
        chains.map(|(id, _)| id.clone()).collect()
    }

    /// The names of the devices of the configuration.
    pub(crate) fn devices(&self) -> Vec<String> {
        let devices = self.found.config.iter().flat_map(|there| &there.devices);
        devices.filter_map(|(name, _)| name.clone()).collect()
    }

    /// The device of the chain.
    pub(crate) fn chosen<'a>(&self, config: &'a Config) -> Result<Chosen<'a>, Failure> {
        Chosen::own(config, self.id(), self.answers.chain.device.as_deref())
    }

    /// The chain that is set up.
    pub(crate) fn id(&self) -> &str {
        self.answers.chain.id.as_deref().unwrap_or_default()
    }

    fn state_dir(&self) -> PathBuf {
        match (&self.found.config, &self.answers.state_dir) {
            (Some(there), _) => there.state_dir.clone(),
            (None, answer) => answer.clone().unwrap_or_default(),
        }
    }

    /// The configuration as far as it is known.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        match &self.config {
            Some(config) => Ok(config.clone()),
            None => Ok(written::begun(&self.state_dir(), &self.answers.device)?.config),
        }
    }

    /// Keeps the answers for a run after this one, once there is a place for them and as long as something is left.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        let pinned = self.found.chain.is_some_and(|chain| chain.pin.is_some());
        let left = !self.found.is_configured(&self.answers) || !pinned;
        // Of a configuration that is there nothing is kept before it is known that something is missing.
        let known = self.found.config.is_none() || self.found.chain.is_some();
        if !self.found.prepared || !left || !known {
            return Ok(());
        }
        self.begun.answers = self.answers.clone();
        self.begun.keep(&self.state_dir())
    }

    pub(crate) fn install(&mut self, kind: Kind) -> Result<Vec<String>, Failure> {
        let left = self.system.install(kind)?;
        self.found.pieces = self.system.pieces();
        Ok(left)
    }

    /// Looks at the state directory. From here on root acts as its owner.
    pub(crate) fn prepare(&mut self) -> Result<(), Failure> {
        let state_dir = self.state_dir();
        self.hands = Hands::of_owner(&state_dir).map_err(|error| Failure::io(state_dir.display(), &error))?;
        state_dir::prepare(&state_dir, Purpose::Writes)?;
        if let Some(begun) = Begun::found(&state_dir)? {
            self.found.risk = begun.risk.clone();
            self.found.asked = begun.asked.as_ref().map(|asked| (asked.chain.clone(), asked.wanted));
            self.found.begun = begun.answers != Answers::default();
            self.begun = begun;
            if !self.found.person {
                self.resume();
            }
        }
        self.found.prepared = true;
        Ok(())
    }

    /// Goes on with the answers of an earlier run, where this one has none.
    pub(crate) fn resume(&mut self) {
        self.answers = std::mem::take(&mut self.answers).over(self.begun.answers.clone());
    }

    /// What an earlier run was told, in one line.
    pub(crate) fn earlier(&self) -> String {
        advice::earlier_answers(&self.begun.answers, self.begun.asked.as_ref().map(|asked| &asked.wanted))
    }

    /// Asks the device who it is.
    pub(crate) async fn device(&mut self) -> Result<Session, Failure> {
        let config = self.config()?;
        not_exported(&config)?;
        let mut access = Access::open(&self.chosen(&config)?).await?;
        let session = access.session().await?;
        self.access = Some(access);
        self.found.session = Some(session.clone());
        Ok(session)
    }

    /// Whether stake may stand behind the device: it is none that plays one.
    pub(crate) fn for_stake(&self) -> bool {
        let config = self.config().ok();
        let chosen = config.as_ref().and_then(|config| self.chosen(config).ok());
        let kind = chosen.map(|chosen| chosen.device.transport);
        !matches!(kind, Some(Transport::Simulated | Transport::Speculos))
    }

    /// Reads what is pinned and kept of the chain.
    pub(crate) fn chain(&mut self) -> Result<(), Failure> {
        let state_dir = self.state_dir();
        let pin = Pins::load(&state_dir)?.get(self.id());
        let file = chain_file_path(&state_dir, self.id()).exists();
        self.found.chain = Some(Kept { pin, file });
        Ok(())
    }

    fn rpc(&self) -> Option<Rpc> {
        self.found.rpc(&self.answers)?.parse().ok()
    }

    /// Asks the node how high its chain is. One that does not tell is no reason to stop: a mark can be typed. Gives why.
    pub(crate) async fn node(&mut self) -> Result<Option<String>, Failure> {
        let Some(rpc) = self.rpc() else { return Ok(None) };
        let next = self.next_mark(&rpc).await;
        let why = next.as_ref().err().cloned();
        self.found.node = Some(Node { next });
        Ok(why)
    }

    async fn next_mark(&self, rpc: &Rpc) -> Result<Hrs, String> {
        let id = chain_id(self.id()).map_err(|failure| failure.to_string())?;
        let tip = rpc.tip(id).await.map_err(|error| advice::setup_rpc(&error))?;
        tip.is_current(std::time::SystemTime::now(), BLOCK).map_err(|error| error.to_string())?;
        above(tip).ok_or_else(advice::no_height)
    }

    /// The device's question, where it has a screen and was not answered before.
    pub(crate) async fn pages(&mut self, wanted: Wanted) -> Vec<Page> {
        let id = self.id().to_owned();
        let key = self.key_at(wanted.key_index).await;
        match &self.found.session {
            Some(session) if session.target.has_buttons() && session.chain(&id).is_none() => {
                pages::of_add(session, &id, wanted.key_index, wanted.mark.0, key)
            }
            _ => Vec::new(),
        }
    }

    /// The key with this number, which the device tells of a chain alone.
    async fn key_at(&mut self, index: u32) -> Option<[u8; 32]> {
        let session = self.found.session.as_ref()?;
        let named = |slot: &&crate::device::Slot| slot.key_index == index && !slot.state.is_removed();
        let chain = session.slots.iter().find(named)?.chain.clone();
        self.access.as_mut()?.key_of(chain_id(&chain).ok()?).await.ok()
    }

    /// Has the owner approve chain and mark, and pins the key; what was asked for stands on the disk before. Nothing is
    /// pinned while another signer signs with the key.
    pub(crate) async fn approve(&mut self, wanted: Wanted, talk: &mut dyn Talk) -> Result<Added, Failure> {
        let (id, config) = (self.id().to_owned(), self.config()?);
        if let Some(key) = self.key_at(wanted.key_index).await
            && let Some(why) = self.signs_elsewhere(key, wanted, talk).await?
        {
            return Err(Failure::unavailable(advice::key_signs_elsewhere(&id, &why)));
        }
        self.begun.asked = Some(Asked { chain: id.clone(), wanted });
        self.begun.answers = self.answers.clone();
        self.begun.keep(&self.state_dir())?;
        let mut access = match self.access.take() {
            Some(access) => access,
            None => Access::open(&self.chosen(&config)?).await?,
        };
        let added = self.approve_by(&self.chosen(&config)?, &mut access, &id, wanted, talk).await;
        if matches!(added, Ok(Ok(_))) {
            self.found.session = Some(access.session().await?);
        }
        self.access = Some(access);
        self.chain()?;
        added?.map_err(|why| {
            let risk = advice::approved_and_signs_elsewhere(&id, &why);
            self.begun.risk = Some(Risk { chain: id, why });
            match self.begun.keep(&self.state_dir()) {
                Ok(()) => Failure::unavailable(risk),
                Err(unkept) => Failure::unavailable(format!("{risk} {unkept}")),
            }
        })
    }

    /// The inner error: another signer was found, after the owner had approved.
    async fn approve_by(
        &self,
        config: &Chosen<'_>,
        access: &mut Access,
        id: &str,
        wanted: Wanted,
        talk: &mut dyn Talk,
    ) -> Result<Result<Added, String>, Failure> {
        let Wanted { key_index, mark: HrsText(mark), .. } = wanted;
        let new = New { id, key_index, mark, below: None, key: None, looked_after: true };
        let approved = add::approve(config, access, id, new, talk).await?;
        if let Some(why) = self.signs_elsewhere(approved.key(), wanted, talk).await? {
            return Ok(Err(why));
        }
        add::pin(config, access, approved).await.map(Ok)
    }

    /// What the chain shows of another signer: signatures of the key, or, of a key that never signed, the validator at all.
    async fn signs_elsewhere(
        &self,
        key: [u8; 32],
        wanted: Wanted,
        talk: &mut dyn Talk,
    ) -> Result<Option<String>, Failure> {
        let Some(rpc) = self.rpc() else { return Ok(None) };
        let (id, key) = (chain_id(self.id())?, PublicKey::new(key));
        let seen = match seen::above(&rpc, id, &key, wanted.mark.0).await {
            Ok(seen) => seen,
            Err(error) if self.answers.mark.from == Some(super::answers::From::Rpc) => {
                return Err(Failure::unavailable(advice::setup_rpc(&error)));
            }
            Err(error) => {
                talk.hint(&advice::not_looked_whether_it_signs(&advice::setup_rpc(&error)));
                return Ok(None);
            }
        };
        seen.tell_gap(talk);
        let above = seen.signed_above(wanted.mark.0).map(|(_, highest)| advice::block_has_signature(highest));
        // In the newest a signature tells of a signer that runs, wherever the mark is.
        Ok(above.or_else(|| {
            seen.newest().iter().find_map(|block| match block.ours {
                Ours::Block | Ours::Nil => Some(advice::block_has_signature(block.height)),
                Ours::Absent if wanted.never_signed => Some(advice::in_set_already(block.height)),
                Ours::Absent | Ours::NotInSet => None,
            })
        }))
    }

    /// Leaves the device to whoever opens it next.
    pub(crate) async fn close(&mut self) {
        if let Some(access) = self.access.take() {
            access.close().await;
        }
    }

    /// Another procedure opens the device, with the rights of who runs the command.
    pub(crate) async fn step_aside(&mut self) -> Result<(), Failure> {
        self.close().await;
        self.hands.take_off().map_err(|error| Failure::io("the user of the command", &error))
    }

    /// What it did is looked at anew.
    pub(crate) fn step_back(&mut self) -> Result<(), Failure> {
        self.found.session = None;
        self.chain()
    }

    /// Writes the configuration, or the chain into it.
    pub(crate) fn write(&mut self) -> Result<(), Failure> {
        let (path, chain) = (self.path.clone(), self.answers.chain.clone());
        let Checked { text, config } = match &self.text {
            None => {
                let checked = written::new(&self.state_dir(), &self.answers.device, &chain)?;
                self.hands.as_asked(|| written::create(&path, &checked, &self.hands))?;
                checked
            }
            Some(before) => {
                let checked = written::with_chain(before, &chain)?;
                self.hands.as_asked(|| written::replace(&path, before, &checked))?;
                checked
            }
        };
        self.found.changed = self.text.is_some();
        self.found.config = Some(there(&config));
        (self.text, self.config, self.found.written) = (Some(text), Some(config), true);
        Ok(())
    }

    /// The owner approved a mark, and then another signer was found.
    pub(crate) fn is_at_risk(&self) -> bool {
        self.begun.risk.is_some()
    }

    /// Where it does not go on, the commands that are advised need a configuration: the chain is written into it, and no
    /// daemon signs for one that is not pinned.
    pub(crate) fn leave_config(&mut self) -> Result<bool, Failure> {
        let known = self.found.session.is_some() && !self.found.is_configured(&self.answers);
        let writes = known && self.found.may_write && self.answers.chain.nodes.is_some();
        if writes {
            self.write()?;
        }
        Ok(writes)
    }

    /// Looks at everything as `highwater check` does.
    pub(crate) async fn check(&mut self) -> Findings {
        // Our own lock on the device is no trouble.
        self.close().await;
        let findings = check::check(&self.path, &self.ground).await;
        self.found.checked = true;
        findings
    }

    /// Looks at the margin, where a node tells the chain's pace. Gives why it does not.
    pub(crate) async fn look_at_margin(&mut self) -> Result<(), String> {
        let (Some(rpc), id) = (self.rpc(), self.id().to_owned()) else { return Ok(()) };
        let (Some(pin), Some(session)) = (self.found.chain.and_then(|chain| chain.pin), &self.found.session)
        else {
            return Ok(());
        };
        let (target, chain) = (session.target, chain_id(&id).map_err(|failure| failure.to_string())?);
        let measured = match &mut self.access {
            Some(access) => access.signing_seconds(&id).await,
            None => None,
        };
        let margin = margin::look(&rpc, chain, &PublicKey::new(pin.key), target, measured).await;
        self.margin = margin.map_err(|error| advice::setup_rpc(&error))?;
        Ok(())
    }

    pub(crate) fn margin(&self) -> Option<&Margin> {
        self.margin.as_ref()
    }

    /// All is done: what was set up. Nothing of an interrupted run stays.
    pub(crate) fn done(&self) -> Result<SetUp, Failure> {
        let config = self.config()?;
        let nothing = || Failure::software("nothing was set up");
        let session = self.found.session.as_ref().ok_or_else(nothing)?;
        let pin = self.found.chain.and_then(|chain| chain.pin).ok_or_else(nothing)?;
        let nodes = config.chain(self.id()).map(|chain| chain.nodes.clone()).unwrap_or_default();
        let wants_us = nodes.iter().any(|node| node.starts_with("noise://"));
        let us = wants_us.then(|| Identity::load(&config.state_dir)).transpose()?.map(|us| us.peer_id());
        Begun::end(&config.state_dir)?;
        Ok(SetUp {
            config: self.path.display().to_string(),
            state_dir: config.state_dir.display().to_string(),
            device: session.target,
            for_stake: self.for_stake(),
            chain: self.id().to_owned(),
            key: hex::encode(pin.key),
            address: advice::address(&PublicKey::new(pin.key)),
            mark: session.chain(self.id()).map(|slot| slot.mark).ok_or_else(nothing)?,
            margin: self.margin,
            nodes: nodes.iter().map(|node| NodeLines::of(node, us.as_ref())).collect(),
            next: result::next(&self.path),
        })
    }

    /// Why it does not go on, and the cure.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Failure {
        let text = advice::setup_refused(refusal, &self.path, self.id());
        match refusal {
            Refusal::CannotWrite => Failure::permission(text),
            Refusal::PinnedElsewhere
            | Refusal::NotOnDevice
            | Refusal::Slot(_)
            | Refusal::SignsElsewhere(_) => Failure::unavailable(text),
            _ => Failure::usage(text),
        }
    }
}

/// The lowest number of a key that no chain of the device has, nor had. Which keys a store has, its configuration says.
fn free_key(session: &Session) -> u32 {
    if session.target.is_store() {
        return 0;
    }
    let has =
        |index: &u32| session.slots.iter().any(|slot| !slot.chain.is_empty() && slot.key_index == *index);
    (0..).find(|index| !has(index)).unwrap_or_default()
}

fn there(config: &Config) -> There {
    There {
        state_dir: config.state_dir.clone(),
        devices: config.devices.iter().map(|device| (device.name.clone(), device.transport)).collect(),
        chains: config.chains.iter().map(|chain| (chain.id.clone(), chain.rpc.clone())).collect(),
    }
}
