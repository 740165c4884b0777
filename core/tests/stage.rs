//! A simulated device and short words for what a host asks of it.

use highwater_core::apdu::{ChainStatus, Command, MAX_COMMAND, Named, PromptStatus, Reply, Status};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::rings::Rings;
pub(crate) use highwater_sim::Ask;
use highwater_sim::{Owner, SimDevice, World};

/// The chain of these tests.
pub(crate) const CHAIN: &str = "stage-1";

pub(crate) fn chain(id: &str) -> ChainId<'_> {
    ChainId::new(id.as_bytes()).unwrap()
}

pub(crate) fn hrs(height: u64, round: u32, step: Step) -> Hrs {
    Hrs::new(height, round, step).unwrap()
}

/// A device with [`CHAIN`] approved, its first mark at zero.
pub(crate) fn armed() -> SimDevice {
    small(8)
}

/// The same with these rings; of a number, all rings are as long.
pub(crate) fn small(rings: impl Into<Rings>) -> SimDevice {
    let mut device = SimDevice::boot(World::new(b"stage", rings));
    add(&mut device, CHAIN, Hrs::default()).unwrap();
    device
}

pub(crate) fn exchange(device: &mut SimDevice, command: Command<'_>) -> (Vec<u8>, Status) {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).unwrap();
    raw(device, &apdu[..len])
}

pub(crate) fn raw(device: &mut SimDevice, apdu: &[u8]) -> (Vec<u8>, Status) {
    let reply = device.exchange(apdu);
    let (data, word) = Reply::split(&reply).unwrap();
    (data.to_vec(), Status::from_word(word).unwrap())
}

/// Asks for something and has the owner approve it.
pub(crate) fn approved(device: &mut SimDevice, command: Command<'_>) -> Result<PromptStatus, Status> {
    let owner = std::mem::replace(&mut device.owner, Owner::Approves);
    let (data, status) = exchange(device, command);
    device.owner = owner;
    if status != Status::Ok {
        return Err(status);
    }
    Ok(outcome(device, u32::from_le_bytes(data.try_into().unwrap())))
}

/// Raises a prompt and gives its ticket.
pub(crate) fn raise(device: &mut SimDevice, command: Command<'_>) -> u32 {
    let (data, status) = exchange(device, command);
    assert_eq!(status, Status::Ok);
    u32::from_le_bytes(data.try_into().unwrap())
}

pub(crate) fn outcome(device: &mut SimDevice, ticket: u32) -> PromptStatus {
    let (data, status) = exchange(device, Command::PromptStatus(ticket));
    assert_eq!(status, Status::Ok);
    PromptStatus::parse(&data).unwrap()
}

pub(crate) fn add(device: &mut SimDevice, id: &str, mark: Hrs) -> Result<PromptStatus, Status> {
    approved(device, Command::AddChain { chain: chain(id), key_index: 0, mark })
}

/// The chain of these tests in its life of now.
pub(crate) fn named(device: &mut SimDevice) -> Named<'static> {
    Named { chain: chain(CHAIN), incarnation: status(device, 0).2 }
}

pub(crate) fn set_mark(device: &mut SimDevice, to: Hrs) -> Result<PromptStatus, Status> {
    let incarnation = status(device, 0).2;
    approved(device, Command::SetMark { named: Named { chain: chain(CHAIN), incarnation }, to })
}

/// State, mark and incarnation of a slot.
pub(crate) fn status(device: &mut SimDevice, slot: u8) -> (highwater_core::apdu::ChainState, Hrs, u16, Hrs) {
    let (data, word) = exchange(device, Command::GetStatus { slot });
    assert_eq!(word, Status::Ok);
    let status = ChainStatus::parse(&data).unwrap();
    (status.state, status.mark, status.incarnation, status.highest_signed)
}

/// A prevote for block 1 at 10/5.
pub(crate) const PREVOTE: Ask = Ask::prevote(CHAIN);

/// The same at another height.
pub(crate) fn at(height: u64) -> Ask {
    Ask { height, ..PREVOTE }
}
