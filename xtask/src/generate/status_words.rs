//! The status words, and which of them are decided.

use highwater_core::apdu::Status;

/// The table, a row a word.
pub(super) fn table() -> String {
    let mut table = "| word | meaning | answers | decided |\n| --- | --- | --- | --- |\n".to_owned();
    for status in Status::ALL {
        let (meaning, commands) = describe(status);
        let decided = match status {
            Status::Ok => "",
            _ if status.is_decided() => "yes",
            _ => "no",
        };
        table += &format!("| {:04X} | {meaning} | {commands} | {decided} |\n", status.word());
    }
    table
}

/// What a word means, and which instructions it answers.
fn describe(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Ok => ("done", "all"),
        Status::Locked => ("locked: a prompt needs the PIN", "20 to 24, 30, 33"),
        Status::Length => ("the length of the command or of a field in it is wrong", "all"),
        Status::Denied => ("refused while a chain is armed", "B0 A7"),
        Status::NotCanonical => {
            ("not a canonical message; one byte of data says which rule is broken", "06, 07")
        }
        Status::Parameters => ("P1 or P2 is none that the command has", "all"),
        Status::Instruction => ("no such instruction", "all"),
        Status::Class => ("no such class", "all"),
        Status::UnknownChain => {
            ("no chain of this id is approved; of 24, no tombstone or damaged slot", "05 to 07, 21 to 24")
        }
        Status::Unclear => ("the mark is unclear: the owner must set it", "06, 07"),
        Status::HeightRegression => ("the height is below the mark's; data: the mark", "06"),
        Status::RoundRegression => ("the round is below the mark's; data: the mark", "06"),
        Status::StepRegression => ("the step is below the mark's; data: the mark", "06"),
        Status::Conflict => ("another statement was signed at this HRS; data: the mark", "06"),
        Status::NoStatement => (
            "the mark was set to this HRS by the owner: what was signed there is not known; data: the mark",
            "06",
        ),
        Status::Leap => ("too far above the mark; data: the mark", "06"),
        Status::NoPrecommit => {
            ("the mark is not the precommit for a block of this extension; data: the mark", "07")
        }
        Status::ExtensionDiffers => ("the two passes of an extension differ", "07"),
        Status::ExtensionOrder => ("a chunk of an extension is out of order", "07"),
        Status::OtherSeed => {
            ("the seed is not the one of the app's first start", "05 to 07, 10, 20 to 24, 30 to 34")
        }
        Status::PromptUp => ("a prompt is up", "20 to 24, 30, 33"),
        Status::NoTicket => ("no such ticket", "2E, 2F"),
        Status::ChainKnown => ("a chain of this id is approved already", "20"),
        Status::TableFull => ("no slot is free, or a slot has used up its 65,535 incarnations", "20, 21"),
        Status::StorageFault => (
            "flash or a key failed; trying again may help, the mark is safe",
            "05 to 07, 10, 20 to 24, 30 to 34",
        ),
        Status::BelowSigned => ("the mark asked for is below the highest signed", "21"),
        Status::WrongIncarnation => ("the chain is in another incarnation than the one named", "21, 22, 24"),
        Status::NotSupported => ("known, but not in this version", "none"),
        Status::PromptsPaused => ("prompts are paused after a refusal", "20 to 24, 30, 33"),
        Status::StorageDamaged => {
            ("the installation record, or the entry of a slot, is lost", "05 to 07, 10, 20 to 24, 30 to 34")
        }
        Status::NoKey => ("no imported key has this number", "20, 32, 33"),
        Status::KeyInUse => ("a chain, or one that was removed, names the imported key", "33"),
        Status::VaultFull => ("no place for an imported key is free", "30"),
        Status::BadBackup => ("the backup is of another seed, or damaged", "30"),
        Status::Internal => ("a fault of the app", "06, 07, 20 to 24, 30, 33"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_word_of_the_source_has_its_row() {
        let source = include_str!("../../../core/src/apdu/status.rs");
        let written = source.lines().filter(|line| line.trim_end().ends_with(',') && line.contains(" = 0x"));
        assert_eq!(written.count(), Status::ALL.len(), "Status::ALL lacks a variant");
        assert_eq!(table().lines().count(), 2 + Status::ALL.len());
    }
}
