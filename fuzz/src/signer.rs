//! Any APDUs to the whole signer, with presses and restarts in between, under the auditor.

use std::collections::BTreeMap;

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, MAX_COMMAND, PromptState, PromptStatus, Reply, Seed, Signed, ins,
};
use highwater_core::backup;
use highwater_core::canonical::{ChainId, Extension, Frame, MAX_MESSAGE, Message};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::audit::{Auditor, Place};
use highwater_sim::{Ask, Extend, Keys, SimDevice, World};

const CHAINS: [&str; 3] = ["fuzz-1", "fuzz-2", "fuzz-3"];

/// Whatever is sent, nothing leaves that conflicts with what left before, or that another key signed than was approved.
pub fn run(data: &[u8]) {
    let mut device = SimDevice::boot(World::repeatable(Keys::toy(), 3, 0));
    let mut auditor = Auditor::of_toys();
    CHAINS.iter().for_each(|chain| auditor.key(chain, [0; 32]));
    let mut heard = Heard::default();
    let mut rest = &data[..data.len().min(4096)];
    while let [kind, after @ ..] = rest {
        rest = after;
        match kind % 8 {
            0 => device = device.restart(),
            1 => press(&mut device, &mut auditor, &mut heard, kind & 8 != 0),
            2 => device.tick(u32::from(kind / 8) * 40),
            3 => device.step(),
            4..=5 => {
                let (ask, after) = ask(after);
                rest = after;
                send(&mut device, &mut auditor, &mut heard, &ask.apdu());
            }
            6 if *kind >= 0x80 => {
                let (apdu, after) = extension(after);
                rest = after;
                send(&mut device, &mut auditor, &mut heard, &apdu);
            }
            6 if *kind >= 0x40 => {
                let (apdu, after) = of_keys(after, &heard.backups);
                rest = after;
                send(&mut device, &mut auditor, &mut heard, &apdu);
            }
            6 => {
                let (apdu, after) = owner(after);
                rest = after;
                send(&mut device, &mut auditor, &mut heard, &apdu);
            }
            _ => {
                let length = usize::from(after.first().copied().unwrap_or(0));
                let (apdu, after) =
                    after.get(1..).unwrap_or_default().split_at_checked(length).unwrap_or_default();
                rest = after;
                send(&mut device, &mut auditor, &mut heard, apdu);
            }
        }
        marks(&mut device, &auditor);
    }
}

/// What is known of what was said.
#[derive(Default)]
struct Heard {
    /// The stream that was begun last: what stands around its content, and the content of its first pass so far.
    stream: Option<(Vec<u8>, Vec<u8>)>,
    /// The backups that were given, by their public key.
    backups: BTreeMap<[u8; 32], [u8; backup::SIZE]>,
    /// The key that each chain was approved with.
    keys: BTreeMap<String, Vec<u8>>,
}

impl Heard {
    /// A toy's signature begins with its public key.
    fn is_of_its_key(&self, chain: &str, signature: &[u8; 64]) {
        assert_eq!(self.keys.get(chain).map(Vec::as_slice), Some(&signature[..32]), "{chain}");
    }
}

fn send(device: &mut SimDevice, auditor: &mut Auditor, heard: &mut Heard, apdu: &[u8]) {
    let reply = device.exchange(apdu);
    let (data, word) = Reply::split(&reply).expect("a status word");
    if word != 0x9000 {
        return;
    }
    match Command::parse(apdu).expect("only well-formed commands are done") {
        Command::Sign(_) => {}
        Command::SignExtension(bytes) => return extended(device, auditor, heard, bytes, data),
        Command::BeginExtension(_) => {
            heard.stream = Some((apdu.to_vec(), Vec::new()));
            return;
        }
        Command::ExtensionChunk { position, bytes } => {
            let (begun, content) = heard.stream.as_mut().expect("a stream was begun");
            let Ok(Command::BeginExtension(frame)) = Command::parse(begun) else { unreachable!() };
            if position < frame.length {
                content.extend_from_slice(bytes);
            } else {
                let at = (position - frame.length) as usize;
                assert_eq!(data.len() == 64, at + bytes.len() == frame.length as usize);
            }
            if !data.is_empty() {
                let Frame { height, round, chain, .. } = frame;
                let mut message = Vec::new();
                let extension = Extension { content, height, round, chain };
                extension.encode_with(|part| message.extend_from_slice(part));
                extended(device, auditor, heard, &message, data);
            }
            return;
        }
        Command::BackupKey(_) => return backed_up(heard, data),
        _ => return,
    }
    let signed = Signed::parse(data).expect("a signature");
    let message = Message::parse(&apdu[5..]).expect("only canonical messages are signed");
    let mut bytes = [0; MAX_MESSAGE];
    let len = message.at(signed.timestamp).encode(&mut bytes);
    heard.is_of_its_key(message.chain.as_str(), &signed.signature);
    auditor.released(&bytes[..len], &signed.signature).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(device.world.early, None);
}

/// An extension's signature left.
fn extended(device: &SimDevice, auditor: &mut Auditor, heard: &Heard, bytes: &[u8], data: &[u8]) {
    let signature = data.try_into().expect("a signature");
    let said = highwater_sim::audit::extension(bytes).expect("an extension");
    heard.is_of_its_key(&said.chain, signature);
    auditor.released(bytes, signature).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(device.world.early, None);
}

/// Of one key there is one backup.
fn backed_up(heard: &mut Heard, data: &[u8]) {
    let made: [u8; backup::SIZE] = data.try_into().expect("a backup");
    let first = *heard.backups.entry(*backup::public(&made)).or_insert(made);
    assert_eq!(first, made);
}

/// The owner presses; an approved ADD may begin lower, and the auditor is told.
fn press(device: &mut SimDevice, auditor: &mut Auditor, heard: &mut Heard, yes: bool) {
    let Some(prompt) = device.prompt() else { return };
    let slots = [0, 1, 2].map(|slot| shown(device, slot).1);
    device.decide(prompt.ticket, yes);
    device.finish_work();
    let reply = device.exchange(&raw(&Command::PromptStatus(prompt.ticket)));
    let outcome = Reply::split(&reply).and_then(|(data, _)| PromptStatus::parse(data));
    if outcome.is_none_or(|outcome| outcome.state != PromptState::Approved) {
        return;
    }
    for slot in 0..3 {
        let (state, chain, mark) = shown(device, slot);
        let Some(chain) = chain.filter(|_| state == ChainState::Armed) else { continue };
        // A chain that was not armed before and is now was added: the owner saw its mark.
        if !slots.contains(&Some(chain.clone())) || slots[usize::from(slot)].is_none() {
            auditor.lowered(&chain, place(mark));
            auditor.key(&chain, [0; 32]);
            heard.keys.insert(chain.clone(), key_of(device, &chain));
        }
    }
}

/// State, armed chain and mark of a slot.
fn shown(device: &mut SimDevice, slot: u8) -> (ChainState, Option<String>, Hrs) {
    let reply = device.exchange(&[0xe0, ins::GET_STATUS, 0, 0, 1, slot]);
    let (data, _) = Reply::split(&reply).expect("a status word");
    let status = ChainStatus::parse(data).expect("a status");
    let armed = status.chain.filter(|_| status.state == ChainState::Armed);
    (status.state, armed.map(|chain| chain.as_str().to_owned()), status.mark)
}

/// The key that a chain was added with just now.
fn key_of(device: &mut SimDevice, chain: &str) -> Vec<u8> {
    let chain = ChainId::new(chain.as_bytes()).expect("a chain id");
    let reply = device.exchange(&raw(&Command::GetPublicKey(chain)));
    Reply::split(&reply).expect("a status word").0.to_vec()
}

fn marks(device: &mut SimDevice, auditor: &Auditor) {
    for slot in 0..3 {
        if let (ChainState::Armed, Some(chain), mark) = shown(device, slot) {
            auditor.mark(&chain, place(mark)).unwrap_or_else(|found| panic!("{found:?}"));
        }
    }
}

fn place(hrs: Hrs) -> Place {
    Place { height: hrs.height.value() as i64, round: i64::from(hrs.round.value()), step: hrs.step as u8 }
}

/// A message out of five bytes, so that the fuzzer need not find the encoding first.
fn ask(data: &[u8]) -> (Ask, &[u8]) {
    let (bytes, rest) = data.split_at_checked(5).unwrap_or((&[0; 5], &[]));
    let step = [Step::Proposal, Step::Prevote, Step::Precommit][usize::from(bytes[0] % 3)];
    let round = u32::from(bytes[2] % 4);
    let ask = Ask {
        step,
        height: 1 + u64::from(bytes[1] % 8),
        round,
        pol: (step == Step::Proposal && round > 0).then_some(0),
        block: if step == Step::Proposal { 1 + bytes[3] % 2 } else { bytes[3] % 3 },
        total: 1 + u32::from(bytes[3] / 64),
        parts: bytes[3] / 8 % 2,
        seconds: i64::from(bytes[4] % 4),
        chain: CHAINS[usize::from(bytes[0] / 3 % 3)],
    };
    (ask, rest)
}

/// A command for an extension out of four bytes: whole, the begin of a stream of at most eight bytes, or a chunk.
fn extension(data: &[u8]) -> (Vec<u8>, &[u8]) {
    let (bytes, rest) = data.split_at_checked(4).unwrap_or((&[0; 4], &[]));
    let content = [bytes[3] % 4; 8];
    let extend = Extend {
        chain: CHAINS[usize::from(bytes[0] / 4 % 3)],
        height: 1 + u64::from(bytes[1] % 8),
        round: u32::from(bytes[1] / 8 % 4),
        content: &content[..usize::from(bytes[2] % 9)],
    };
    let bytes = match bytes[0] % 4 {
        0 => extend.whole().expect("it fits"),
        1 => extend.begin(),
        _ => {
            let position = u32::from(bytes[1] % 16);
            raw(&Command::ExtensionChunk { position, bytes: extend.content })
        }
    };
    (bytes, rest)
}

/// A command for the owner out of four bytes.
fn owner(data: &[u8]) -> (Vec<u8>, &[u8]) {
    let (bytes, rest) = data.split_at_checked(4).unwrap_or((&[0; 4], &[]));
    let chain = ChainId::new(CHAINS[usize::from(bytes[0] % 3)].as_bytes()).expect("a chain id");
    let mark = Hrs::new(u64::from(bytes[1] % 8), 0, Step::None).expect("a mark");
    let named = highwater_core::apdu::Named { chain, incarnation: u16::from(bytes[2] % 8) };
    let command = match bytes[3] % 6 {
        0 | 1 => Command::AddChain { chain, key_index: 0, mark },
        2 => Command::SetMark { named, to: mark },
        3 => Command::RemoveChain(named),
        4 => Command::ForgetChain(named),
        _ => Command::ForgetSlot(bytes[0] % 4),
    };
    (raw(&command), rest)
}

/// A command about keys, or that reads something, out of three bytes.
fn of_keys<'a>(data: &'a [u8], backups: &BTreeMap<[u8; 32], [u8; backup::SIZE]>) -> (Vec<u8>, &'a [u8]) {
    let (bytes, rest) = data.split_at_checked(3).unwrap_or((&[0; 3], &[]));
    let [what, number, with] = *bytes else { unreachable!("three bytes") };
    let chain = ChainId::new(CHAINS[usize::from(number % 3)].as_bytes()).expect("a chain id");
    let seed = [with % 5; 32];
    let known = backups.values().nth(usize::from(with) % backups.len().max(1));
    let mut backup = *known.unwrap_or(&[0; backup::SIZE]);
    // Now and then another one than was given.
    backup[usize::from(number) % backup::SIZE] ^= with & 0x80;
    let ticket = u32::from(with);
    let command = match what % 16 {
        0 | 1 => Command::ImportKey(Seed(&seed)),
        2 | 3 => Command::RestoreKey(&backup),
        4 => Command::BackupKey(with % 4),
        5 | 6 => Command::ForgetKey(with % 4),
        7..=9 => Command::AddChain { chain, key_index: 1 << 31 | u32::from(with % 4), mark: Hrs::default() },
        10 => Command::GetKeys,
        11 => Command::GetPublicKey(chain),
        12 => Command::ShowKey(chain),
        13 => Command::PromptStatus(ticket),
        14 => Command::PromptCancel(ticket),
        _ => match with % 4 {
            0 => Command::GetVersion,
            1 => Command::GetAppName,
            2 => Command::GetStatus { slot: number % 4 },
            _ => Command::GetEvents,
        },
    };
    (raw(&command), rest)
}

fn raw(command: &Command<'_>) -> Vec<u8> {
    let mut apdu = [0; MAX_COMMAND];
    let len = command.encode(&mut apdu).expect("it fits");
    apdu[..len].to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use highwater_core::apdu::Status;

    use super::*;

    /// What a fuzzer need not find by itself. The instructions are those that a parser knows, whatever their data.
    #[test]
    fn what_is_generated_reaches_every_instruction() {
        let knows = |ins: &u8| Command::parse(&[0xe0, *ins, 0, 0]) != Err(Status::Instruction);
        let known: BTreeSet<u8> = (0..=u8::MAX).filter(knows).collect();
        let mut made = BTreeSet::new();
        let no_backups = BTreeMap::new();
        for (one, other) in (0..=u8::MAX).flat_map(|one| (0..4).map(move |other| (one, other))) {
            made.extend([
                ask(&[one; 5]).0.apdu()[1],
                extension(&[one; 4]).0[1],
                owner(&[0, 0, 0, one]).0[1],
                of_keys(&[one, 0, other], &no_backups).0[1],
            ]);
        }
        assert_eq!(made, known);
    }

    /// And the corpus has a device take them: a key is imported, restored, signed with, and forgotten.
    #[test]
    fn a_key_is_imported_backed_up_signed_with_and_forgotten() {
        let mut device = SimDevice::boot(World::repeatable(Keys::toy(), 3, 0));
        let (mut auditor, mut heard) = (Auditor::of_toys(), Heard::default());
        auditor.key(CHAINS[0], [0; 32]);
        let mut tell = |what: [u8; 3]| {
            let (apdu, _) = of_keys(&what, &heard.backups);
            send(&mut device, &mut auditor, &mut heard, &apdu);
            press(&mut device, &mut auditor, &mut heard, true);
        };
        for what in [[0, 0, 1], [4, 0, 0], [5, 0, 0], [2, 0, 0], [7, 0, 0]] {
            tell(what);
        }
        send(&mut device, &mut auditor, &mut heard, &ask(&[1, 1, 0, 1, 1]).0.apdu());
        assert_eq!((auditor.signatures(), heard.backups.len(), heard.keys.len()), (1, 1, 1));
    }
}
