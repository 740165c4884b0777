//! What each command answers in each state: asked of the signer itself, on a simulated device brought into that state.

use anyhow::{Context, Result, ensure};
use highwater_core::apdu::{ChainState, ChainStatus, Command, MAX_COMMAND, Reply, Status};
use highwater_core::canonical::{BlockId, ChainId, Extension, Frame, MAX_MESSAGE, Message, Timestamp};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::key_index::KeyIndex;
use highwater_core::layout;
use highwater_core::rings::Rings;
use highwater_sim::{Fault, Owner, SimDevice, Tear, World};

use super::commands::{chain, describe, each, frame};

const SEED: &[u8] = b"the seed of the table of answers";
const PAIRS: u16 = 8;
/// More writes than any command makes.
const MANY: u32 = 1_000;
/// Content that fails its check, whatever it should be.
const ROTTEN: [u8; 64] = [0xa5; 64];

/// A state a device may be in, in words, and how it gets there.
type State = (&'static str, fn() -> Result<Scene>);

const STATES: [State; 15] = [
    ("armed, message above the mark", armed),
    ("armed, the mark a precommit for a block", committed),
    ("no such chain", || Ok(Scene::of(SimDevice::boot(World::new(SEED, PAIRS))))),
    ("chain unclear", unclear),
    ("chain removed (tombstone)", removed),
    ("entry of the slot damaged", damaged),
    ("flash of the chain fails", failing),
    ("armed, device locked", locked),
    ("armed, a prompt stands", prompted),
    ("armed, prompts paused", paused),
    ("armed with an imported key", imported),
    ("its imported key lost", key_lost),
    ("other seed", other_seed),
    ("installation record lost", storage_damaged),
    ("installation record cannot be written", storage_fault),
];

/// A device, and the ticket of its last prompt.
struct Scene {
    device: SimDevice,
    ticket: u32,
}

impl Scene {
    fn of(device: SimDevice) -> Self {
        Self { device, ticket: 0 }
    }

    fn ask(&mut self, command: &Command<'_>) -> Result<(Vec<u8>, u16)> {
        let mut apdu = [0; MAX_COMMAND];
        let len = command.encode(&mut apdu).context("a command too long for a device")?;
        let reply = self.device.exchange(&apdu[..len]);
        let (data, word) = Reply::split(&reply).context("a reply without a status word")?;
        Ok((data.to_vec(), word))
    }

    /// Asks for something that needs the owner.
    fn raise(&mut self, command: &Command<'_>) -> Result<()> {
        let (ticket, word) = self.ask(command)?;
        ensure!(word == Status::Ok.word(), "{command:?} was answered with {word:04x}");
        self.ticket = ticket.try_into().map(u32::from_le_bytes).ok().context("no ticket")?;
        Ok(())
    }

    fn approve(&mut self, command: &Command<'_>) -> Result<()> {
        self.device.owner = Owner::Approves;
        self.raise(command)?;
        self.device.owner = Owner::Away;
        Ok(())
    }

    fn restart(self) -> Self {
        Self::of(self.device.restart())
    }

    fn rot(&mut self, pages: std::ops::Range<u16>) {
        pages.for_each(|page| self.device.world.medium.rot(page, ROTTEN));
    }

    fn fail(&mut self) {
        (0..MANY).for_each(|nth| self.device.world.medium.plan(nth, Fault::Fails(Tear::Old)));
    }

    /// The state and incarnation of the chain's slot, as far as they are told.
    fn slot(&mut self) -> Result<(Option<ChainState>, u16)> {
        let (data, _) = self.ask(&Command::GetStatus { slot: 0 })?;
        Ok(ChainStatus::parse(&data).map_or((None, 0), |status| (Some(status.state), status.incarnation)))
    }

    fn expect(mut self, state: ChainState) -> Result<Self> {
        let (found, _) = self.slot()?;
        ensure!(found == Some(state), "the slot is {found:?}, not {state:?}");
        Ok(self)
    }
}

fn add() -> Command<'static> {
    Command::AddChain { chain: chain(), key_index: 0, mark: Hrs::ZERO }
}

fn armed() -> Result<Scene> {
    let mut scene = Scene::of(SimDevice::boot(World::new(SEED, PAIRS)));
    scene.approve(&add())?;
    scene.expect(ChainState::Armed)
}

/// The mark is the precommit of the extension; the vote is above it.
fn committed() -> Result<Scene> {
    let mut scene = armed()?;
    let (_, word) = scene.ask(&Command::Sign(&message(frame().height.value(), Step::Precommit)))?;
    ensure!(word == Status::Ok.word(), "the precommit was answered with {word:04x}");
    Ok(scene)
}

fn unclear() -> Result<Scene> {
    let mut scene = armed()?;
    scene.rot(Rings::equal(PAIRS).page(0, 0)..Rings::equal(PAIRS).page(0, 2 * PAIRS));
    scene.restart().expect(ChainState::Unclear)
}

fn removed() -> Result<Scene> {
    let mut scene = armed()?;
    let remove =
        each(scene.slot()?.1, &[], &[], 0).into_iter().find(|c| matches!(c, Command::RemoveChain(_)));
    scene.approve(&remove.context("no command removes")?)?;
    scene.expect(ChainState::Tombstone)
}

fn damaged() -> Result<Scene> {
    let mut scene = armed()?;
    for copy in 0..2 {
        scene.rot(layout::entry_page(0, copy)..layout::entry_page(0, copy) + 2);
    }
    scene.restart().expect(ChainState::Damaged)
}

fn failing() -> Result<Scene> {
    let mut scene = armed()?;
    // No turn comes: the slot waits to be read again.
    scene.device.paced = true;
    scene.fail();
    scene.ask(&Command::Sign(&prevote()))?;
    scene.expect(ChainState::Fault)
}

fn locked() -> Result<Scene> {
    let mut scene = armed()?;
    scene.device.world.unlocked = false;
    Ok(scene)
}

fn prompted() -> Result<Scene> {
    let mut scene = armed()?;
    scene.raise(&Command::ShowKey(chain()))?;
    Ok(scene)
}

fn paused() -> Result<Scene> {
    let mut scene = prompted()?;
    let ticket = scene.ticket;
    scene.device.decide(ticket, false);
    Ok(scene)
}

/// The key that IMPORT_KEY names is held already, and the chain has it.
fn imported() -> Result<Scene> {
    let mut scene = Scene::of(SimDevice::boot(World::new(SEED, PAIRS)));
    let import = each(0, &[], &[], 0).into_iter().find(|c| matches!(c, Command::ImportKey(_)));
    scene.approve(&import.context("no command imports")?)?;
    let key_index = KeyIndex::Imported(0).number();
    scene.approve(&Command::AddChain { chain: chain(), key_index, mark: Hrs::ZERO })?;
    scene.expect(ChainState::Armed)
}

fn key_lost() -> Result<Scene> {
    let mut scene = imported()?;
    for copy in 0..2 {
        let page = layout::entry_page(layout::key_place(0), copy);
        scene.rot(page..page + 2);
    }
    scene.restart().expect(ChainState::Fault)
}

fn other_seed() -> Result<Scene> {
    let mut world = World::new(b"another", PAIRS);
    world.medium.restore(armed()?.device.world.medium.pages());
    Ok(Scene::of(SimDevice::boot(world)))
}

fn storage_damaged() -> Result<Scene> {
    let mut scene = armed()?;
    scene.rot(layout::installation_page(0)..layout::installation_page(1) + 1);
    Ok(scene.restart())
}

fn storage_fault() -> Result<Scene> {
    let mut world = World::new(SEED, PAIRS);
    (0..MANY).for_each(|nth| world.medium.plan(nth, Fault::Fails(Tear::Old)));
    Ok(Scene::of(SimDevice::boot(world)))
}

/// A message the chain's mark is below of.
fn prevote() -> Vec<u8> {
    message(2, Step::Prevote)
}

fn message(height: u64, step: Step) -> Vec<u8> {
    let hrs = Hrs::new(height, 0, step).expect("within its ranges");
    let timestamp = Timestamp::new(0, 0).expect("within its ranges");
    let block = BlockId { hash: &[1; 32], total: 1, parts_hash: &[1; 32] };
    let message = Message { hrs, pol_round: None, block: Some(block), timestamp, chain: chain() };
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.encode(&mut bytes);
    bytes[..len].to_vec()
}

/// An extension of the precommit at 1/0.
fn extension() -> Vec<u8> {
    let Frame { height, round, chain, .. } = frame();
    let mut bytes = Vec::new();
    Extension { content: &[], height, round, chain }.encode_with(|part| bytes.extend_from_slice(part));
    bytes
}

/// The table, a row a state, a column a form of a command.
///
/// # Errors
/// If a device does not get into its state.
pub(super) fn table() -> Result<String> {
    let columns = columns(0, &[], &[], 0);
    let mut table = format!("| state | {} |\n", columns.map(|(name, _)| name).join(" | "));
    table += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    for (state, scene) in STATES {
        table += &format!("| {state} |");
        for at in 0..columns.len() {
            // Each command finds the state untouched by the others.
            let mut scene = scene().with_context(|| state)?;
            let (message, extension, incarnation) = (prevote(), extension(), scene.slot()?.1);
            let (_, command) = self::columns(incarnation, &message, &extension, scene.ticket)[at];
            table += &format!(" {:04X} |", scene.ask(&command)?.1);
        }
        table.push('\n');
    }
    Ok(table)
}

/// The commands with their names; ADD_CHAIN also of a chain that is not there.
fn columns<'a>(
    incarnation: u16,
    message: &'a [u8],
    extension: &'a [u8],
    ticket: u32,
) -> [(&'static str, Command<'a>); 23] {
    let [version, name, key, sign, whole, begin, chunk, status, events, add, rest @ ..] =
        each(incarnation, message, extension, ticket);
    let other = ChainId::new(b"b-1").expect("three characters that may stand in a chain id");
    let another = Command::AddChain { chain: other, key_index: 0, mark: Hrs::ZERO };
    let [set, remove, show, forget, slot, prompt, cancel, import, restore, backup, unkey, keys] = rest;
    let named = |command| (describe(&command)[0], command);
    [
        named(version),
        named(name),
        named(key),
        named(sign),
        named(whole),
        named(begin),
        named(chunk),
        named(status),
        named(events),
        named(add),
        ("ADD_CHAIN, another", another),
        named(set),
        named(remove),
        named(show),
        named(forget),
        named(slot),
        named(prompt),
        named(cancel),
        named(import),
        named(restore),
        named(backup),
        named(unkey),
        named(keys),
    ]
}
