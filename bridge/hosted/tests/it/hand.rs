//! A hosted device in hand, and short words for what is done with it.

use std::path::Path;

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, EventList, MAX_COMMAND, Named, PromptState, PromptStatus, Reply,
    Signed, Status, Version,
};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_hosted::{Device, Fault, FileKeys, FlashFile, RINGS};
use highwater_sim::Ask;

use crate::disk::Platter;

pub(crate) const SEED: [u8; 32] = [7; 32];

/// The keys of [`SEED`].
pub(crate) fn keys() -> FileKeys {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seed");
    put(&path, &SEED);
    FileKeys::open(&path).unwrap()
}

/// A file that is its owner's alone.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// A disk as after an installation.
pub(crate) fn blank() -> Platter {
    Platter::new(vec![[0; 64]; usize::from(RINGS.pages())])
}

pub(crate) fn boot(platter: &Platter) -> Result<Device, Fault> {
    Device::boot(FlashFile::on(Path::new("platter"), Box::new(platter.clone()))?, keys())
}

/// A disk on which this chain is approved, from height 1 on.
pub(crate) fn approved(chain: &str) -> Platter {
    let platter = blank();
    let mut device = boot(&platter).unwrap();
    add(&mut device, chain, 0);
    drop(device);
    platter
}

pub(crate) fn raw(command: Command<'_>) -> Vec<u8> {
    let mut apdu = [0; MAX_COMMAND];
    let length = command.encode(&mut apdu).unwrap();
    apdu[..length].to_vec()
}

/// The data of a reply that is no refusal.
pub(crate) fn data(device: &mut Device, command: Command<'_>) -> Vec<u8> {
    let reply = device.exchange(&raw(command)).unwrap();
    let (data, word) = Reply::split(&reply).unwrap();
    assert_eq!(word, Status::Ok.word(), "{command:?}");
    data.to_vec()
}

/// A command that the owner approves, and what became of it.
pub(crate) fn approve(device: &mut Device, command: Command<'_>) -> PromptStatus {
    let ticket = u32::from_le_bytes(data(device, command).try_into().unwrap());
    assert_eq!(device.prompt().unwrap().ticket, ticket);
    device.press(true);
    PromptStatus::parse(&data(device, Command::PromptStatus(ticket))).unwrap()
}

pub(crate) fn id(chain: &str) -> ChainId<'_> {
    ChainId::new(chain.as_bytes()).unwrap()
}

pub(crate) fn add(device: &mut Device, chain: &str, key_index: u32) {
    let command = Command::AddChain { chain: id(chain), key_index, mark: Hrs::default() };
    assert_eq!(approve(device, command).state, PromptState::Approved);
}

pub(crate) struct Slot {
    pub(crate) state: ChainState,
    pub(crate) incarnation: u16,
    pub(crate) mark: Hrs,
}

pub(crate) fn slot(device: &mut Device, slot: u8) -> Slot {
    let data = data(device, Command::GetStatus { slot });
    let ChainStatus { state, incarnation, mark, .. } = ChainStatus::parse(&data).unwrap();
    Slot { state, incarnation, mark }
}

pub(crate) fn named<'a>(device: &mut Device, chain: &'a str, at: u8) -> Named<'a> {
    Named { chain: id(chain), incarnation: slot(device, at).incarnation }
}

pub(crate) fn version(device: &mut Device) -> Version {
    Version::parse(&data(device, Command::GetVersion)).unwrap()
}

pub(crate) fn page_writes(device: &mut Device) -> u32 {
    EventList::parse(&data(device, Command::GetEvents)).unwrap().diagnostics.page_writes
}

/// A signature, or why there is none.
pub(crate) fn sign(device: &mut Device, ask: &Ask) -> Result<Result<Signed, Status>, Fault> {
    let reply = device.exchange(&ask.apdu())?;
    let (data, word) = Reply::split(&reply).unwrap();
    Ok(match Status::from_word(word).unwrap() {
        Status::Ok => Ok(Signed::parse(data).unwrap()),
        refused => Err(refused),
    })
}
