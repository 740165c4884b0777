//! Each command that asks nothing of the owner, and every way to get one wrong.

use std::time::Duration;

use highwater_core::apdu::{
    ChainStatus, Command, ERASES_ASSUMED, IMPORTS_KEYS, MAX_COMMAND, PROTOCOL, SIGNS_EXTENSIONS, Status, ins,
};
use highwater_core::hrs::Step;
use highwater_core::signer::APP_VERSION;
use highwater_tests::device::{Device as _, Emulated};
use highwater_tests::on_every_device;
use highwater_tests::process::wait_for;
use highwater_tests::request::prevote;
use highwater_tests::stage::{CHAIN, Stage, chain, hrs};
use nanos_sdk::target::nanos;

on_every_device! {
    version_name_key_status_and_events_are_told,
    a_wrong_class_instruction_or_parameter_has_its_own_word,
    a_wrong_length_is_refused_in_every_command,
    a_command_cut_short_is_refused,
    what_is_unknown_says_so;
    firmware: the_two_commands_of_every_app_are_answered,
}

/// Every command of a host with data as it should be, but for what stands in it.
const COMMANDS: [(u8, usize); 17] = [
    (ins::GET_VERSION, 0),
    (ins::GET_APP_NAME, 0),
    (ins::GET_PUBLIC_KEY, 1 + 7),
    (ins::GET_STATUS, 1),
    (ins::GET_EVENTS, 0),
    (ins::ADD_CHAIN, 1 + 7 + 4 + 13),
    (ins::SET_MARK, 1 + 7 + 2 + 13),
    (ins::REMOVE_CHAIN, 1 + 7 + 2),
    (ins::SHOW_KEY, 1 + 7),
    (ins::FORGET_CHAIN, 1 + 7 + 2),
    (ins::PROMPT_STATUS, 4),
    (ins::PROMPT_CANCEL, 4),
    (ins::SIGN, 0),
    (ins::IMPORT_KEY, 32),
    (ins::BACKUP_KEY, 1),
    (ins::FORGET_KEY, 1),
    (ins::GET_KEYS, 0),
];

fn version_name_key_status_and_events_are_told(stage: &mut Stage) {
    let version = stage.version();
    let target = stage.device.emulated().map_or(0, |emulated| emulated.hardware.number);
    assert_eq!((version.app, version.protocol, version.target), (APP_VERSION, PROTOCOL, target));
    let erases = stage.device.emulated().map_or(nanos::DEVICE.erases, |emulated| emulated.hardware.erases);
    let flags = SIGNS_EXTENSIONS | IMPORTS_KEYS | if erases.assumed { ERASES_ASSUMED } else { 0 };
    assert_eq!((version.slots, version.standing, version.flags), (3, 0, flags));
    let rings = stage.device.rings();
    for slot in 0..3 {
        let data = stage.ask(Command::GetStatus { slot });
        let status = ChainStatus::parse(&data).unwrap();
        assert_eq!((status.pairs, status.rated_erases), (rings.pairs(slot), erases.rated), "slot {slot}");
    }
    assert_ne!(version.installation, [0; 16]);
    assert_eq!(stage.ask(Command::GetAppName), b"Highwater");
    // The same key on both: the seed is the same, and so is the derivation.
    let key = stage.key(CHAIN);
    assert_eq!(key, Stage::simulated().key(CHAIN));
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 4));
    let slot = stage.slot(0);
    assert_eq!(
        (slot.mark, slot.highest_signed),
        (hrs(height, 4, Step::Prevote), hrs(height, 4, Step::Prevote))
    );
    assert_eq!(stage.command(Command::GetStatus { slot: 3 }).1, Status::Length);
    assert!(stage.events().diagnostics.page_writes > 0);
}

fn a_wrong_class_instruction_or_parameter_has_its_own_word(stage: &mut Stage) {
    for class in [0x00, 0x80, 0xe1, 0xff] {
        assert_eq!(stage.send(&[class, ins::GET_VERSION, 0, 0, 0]).1, Status::Class.word(), "{class:02x}");
    }
    let known = COMMANDS.map(|(ins, _)| ins);
    for ins in (0..=255).filter(|ins| !known.contains(ins) && *ins != ins::SIGN_EXTENSION) {
        assert_eq!(stage.send(&[0xe0, ins, 0, 0, 0]).1, Status::Instruction.word(), "{ins:02x}");
    }
    for (p1, p2) in [(1, 0), (0, 1), (0x80, 0), (0xff, 0xff)] {
        assert_eq!(
            stage.send(&[0xe0, ins::GET_VERSION, p1, p2, 0]).1,
            Status::Parameters.word(),
            "{p1} {p2}"
        );
        assert_eq!(stage.send(&[0xe0, ins::SIGN, p1, p2, 0]).1, Status::Parameters.word(), "{p1} {p2}");
    }
}

fn a_wrong_length_is_refused_in_every_command(stage: &mut Stage) {
    for (ins, length) in COMMANDS {
        let mut data = vec![0; length];
        if length > 4 {
            // Where a chain is named, by its length and its name.
            data[..8].copy_from_slice(b"\x07stage-1");
        }
        // SIGN takes any length that the framing takes; what is in it is another matter.
        let lengths = if ins == ins::SIGN { vec![] } else { vec![length.wrapping_sub(1), length + 1] };
        for wrong in lengths.into_iter().filter(|wrong| *wrong < MAX_COMMAND) {
            data.resize(wrong, 0);
            let apdu = [&[0xe0, ins, 0, 0, wrong as u8][..], &data].concat();
            assert_eq!(stage.send(&apdu).1, Status::Length.word(), "{ins:02x} with {wrong} bytes");
        }
        // The length byte says another length than the command has.
        let apdu = [&[0xe0, ins, 0, 0, 9][..], &[0; 8]].concat();
        assert_eq!(stage.send(&apdu).1, Status::Length.word(), "{ins:02x}");
    }
}

fn a_command_cut_short_is_refused(stage: &mut Stage) {
    for length in 1..4 {
        assert_eq!(
            stage.send(&[0xe0, ins::GET_VERSION, 0, 0][..length]).1,
            Status::Length.word(),
            "{length}"
        );
    }
    assert_eq!(
        stage.send(&[0xe0, ins::GET_APP_NAME, 0, 0]).0,
        b"Highwater",
        "four bytes are a whole command"
    );
}

fn what_is_unknown_says_so(stage: &mut Stage) {
    assert_eq!(stage.command(Command::GetPublicKey(chain("nobody"))).1, Status::UnknownChain);
    assert_eq!(stage.command(Command::ShowKey(chain("nobody"))).1, Status::UnknownChain);
    assert_eq!(stage.command(Command::PromptStatus(0x0bad_0bad)).1, Status::NoTicket);
    assert_eq!(stage.command(Command::PromptCancel(0x0bad_0bad)).1, Status::NoTicket);
    assert_eq!(stage.command(Command::ForgetSlot(0)).1, Status::UnknownChain, "slot 0 is not damaged");
    assert_eq!(stage.command(Command::ForgetSlot(7)).1, Status::UnknownChain);
}

fn the_two_commands_of_every_app_are_answered(stage: &mut Stage) {
    let version = env!("CARGO_PKG_VERSION");
    let (data, word) = stage.send(&[0xb0, 0x01, 0, 0, 0]);
    let said = [&[1, 9][..], b"Highwater", &[version.len() as u8], version.as_bytes()].concat();
    assert_eq!((data.get(..said.len()), word), (Some(&said[..]), 0x9000), "{data:02x?}");
    // Quit: refused while a chain is armed, and the app lives on.
    assert_eq!(stage.send(&[0xb0, 0xa7, 0, 0, 0]), (vec![], Status::Denied.word()));
    assert_eq!(stage.send(&[0xb0, 0xa7, 0, 0, 0]), (vec![], Status::Denied.word()));
    assert_eq!(stage.send(&[0xb0, 0x02, 0, 0, 0]).1, Status::Instruction.word());
    let height = stage.fresh_height();
    stage.sign(&prevote(CHAIN, height, 0));
}

#[test]
fn the_firmware_quits_when_no_chain_is_armed() {
    let mut idle = Emulated::new(nanos::DEVICE).unwrap();
    assert_eq!(idle.exchange(&[0xb0, 0xa7, 0, 0, 0]).unwrap(), [0x90, 0x00]);
    let ended = wait_for("the end of the app", Duration::from_secs(60), || {
        Ok(idle.emulator()?.check().err().map(|end| end.to_string()))
    });
    let ended = ended.unwrap();
    assert!(ended.contains('0') && !ended.contains("crash"), "{ended}");
}
