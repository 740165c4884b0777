//! The commands: what goes in and what comes out.

use highwater_core::apdu::{Command, Named, Seed};
use highwater_core::backup;
use highwater_core::canonical::{ChainId, Frame};
use highwater_core::hrs::{Hrs, Step};

/// The chain every command here is about.
pub(super) fn chain() -> ChainId<'static> {
    ChainId::new(b"a-1").expect("three characters that may stand in a chain id")
}

/// What stands around an extension of the precommit at 1/0.
pub(super) fn frame() -> Frame<'static> {
    let place = Hrs::new(1, 0, Step::Precommit).expect("within its ranges");
    Frame { length: 0, height: place.height, round: place.round, chain: chain() }
}

/// One command of each form, with this incarnation, message, extension and ticket.
pub(super) fn each<'a>(
    incarnation: u16,
    message: &'a [u8],
    extension: &'a [u8],
    ticket: u32,
) -> [Command<'a>; 22] {
    let chain = chain();
    let named = Named { chain, incarnation };
    [
        Command::GetVersion,
        Command::GetAppName,
        Command::GetPublicKey(chain),
        Command::Sign(message),
        Command::SignExtension(extension),
        Command::BeginExtension(Frame { length: 1, ..frame() }),
        Command::ExtensionChunk { position: 0, bytes: &[0] },
        Command::GetStatus { slot: 0 },
        Command::GetEvents,
        Command::AddChain { chain, key_index: 0, mark: Hrs::ZERO },
        Command::SetMark { named, to: Hrs::ZERO },
        Command::RemoveChain(named),
        Command::ShowKey(chain),
        Command::ForgetChain(named),
        Command::ForgetSlot(0),
        Command::PromptStatus(ticket),
        Command::PromptCancel(ticket),
        Command::ImportKey(Seed(&[1; 32])),
        Command::RestoreKey(&[0; backup::SIZE]),
        Command::BackupKey(0),
        Command::ForgetKey(0),
        Command::GetKeys,
    ]
}

/// The table, a row a form of a command, in the order of their numbers.
pub(super) fn table() -> String {
    let rows: Vec<(u8, [&str; 3])> =
        each(0, &[], &[], 0).iter().map(|command| (command.ins(), describe(command))).collect();
    let mut table = "| INS | name | data in | data out |\n| --- | --- | --- | --- |\n".to_owned();
    for (ins, [name, data_in, data_out]) in rows {
        table += &format!("| {ins:02X} | {name} | {data_in} | {data_out} |\n");
    }
    table
}

/// Name, data in, data out.
pub(super) fn describe(command: &Command<'_>) -> [&'static str; 3] {
    match command {
        Command::GetVersion => [
            "GET_VERSION",
            "-",
            "app version 3 · protocol min 1, current 1 · target 1 (0 simulated, 1 Nano S, 2 Nano S Plus, 16 YubiHSM2, 17 PKCS#11) · installation 16 · slots 1 · standing 1 · flags 1",
        ],
        Command::GetAppName => ["GET_APP_NAME", "-", "`Highwater`"],
        Command::GetPublicKey(_) => ["GET_PUBLIC_KEY", "chain id", "Ed25519 key 32"],
        Command::Sign(_) => [
            "SIGN",
            "canonical vote or proposal, length prefix included",
            "signature 64 · seconds 8 · nanoseconds 4",
        ],
        Command::SignExtension(_) => {
            ["SIGN_EXTENSION", "canonical vote extension, length prefix included", "signature 64"]
        }
        Command::BeginExtension(_) => {
            ["SIGN_EXTENSION, P1 01", "height 8 · round 4 · length of the content 4 · chain id", "-"]
        }
        Command::ExtensionChunk { .. } => [
            "SIGN_EXTENSION, P1 02",
            "position 4 · bytes of the content, at least 1",
            "-; after the last byte of the second pass signature 64",
        ],
        Command::GetStatus { .. } => [
            "GET_STATUS",
            "slot 1",
            "state 1 · chain id (length 0 if none) · key index 4 · incarnation 2 · mark 13 · highest signed 13 · kind 1 · writes 4 · pairs of the ring 2 · rated erases 4 · last refusal 2 · HRS refused 13",
        ],
        Command::GetEvents => [
            "GET_EVENTS",
            "-",
            "stack 2 · page writes 4 · derivations 2 · zero 1 · count 1 · per event: status word 2, slot 1, count 2, HRS asked 13",
        ],
        Command::AddChain { .. } => ["ADD_CHAIN", "chain id · key index 4 · first mark 13", "ticket 4"],
        Command::SetMark { .. } => ["SET_MARK", "chain id · incarnation 2 · mark 13", "ticket 4"],
        Command::RemoveChain(_) => ["REMOVE_CHAIN", "chain id · incarnation 2", "ticket 4"],
        Command::ShowKey(_) => ["SHOW_KEY", "chain id", "ticket 4"],
        Command::ForgetChain(_) => ["FORGET_CHAIN", "tombstone's chain id · incarnation 2", "ticket 4"],
        Command::ForgetSlot(_) => ["FORGET_CHAIN, damaged slot", "00 · slot 1", "ticket 4"],
        Command::PromptStatus(_) => [
            "PROMPT_STATUS",
            "ticket 4",
            "state 1 · status word 2 · incarnation 2 · mark 13 · highest signed 13",
        ],
        Command::PromptCancel(_) => ["PROMPT_CANCEL", "ticket 4", "-"],
        Command::ImportKey(_) => ["IMPORT_KEY", "private key 32", "ticket 4"],
        Command::RestoreKey(_) => ["IMPORT_KEY, a backup", "backup 104", "ticket 4"],
        Command::BackupKey(_) => ["BACKUP_KEY", "number 1", "backup 104"],
        Command::ForgetKey(_) => ["FORGET_KEY", "number 1", "ticket 4"],
        Command::GetKeys => [
            "GET_KEYS",
            "-",
            "places 1 · per place: state 1 (1 free, 2 held, 3 damaged), public key 32 (zeros unless it is held)",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_of_the_source_has_its_row() {
        let source = include_str!("../../../core/src/apdu/mod.rs");
        let (_, source) = source.split_once("pub mod ins {").unwrap();
        let table = table();
        let mut found = 0;
        for line in source.lines().filter_map(|line| line.trim().strip_prefix("pub const ")) {
            let (name, rest) = line.split_once(": u8 = 0x").unwrap();
            let byte = rest.trim_end_matches(';').to_uppercase();
            assert!(table.contains(&format!("| {byte} | {name}")), "{name} has no row");
            found += 1;
        }
        assert!(found >= 14, "only {found} instructions were found in the source");
    }
}
