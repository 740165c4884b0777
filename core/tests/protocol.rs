//! Bytes on the cable, pinned: both ends and docs/protocol.md rest on them.

use highwater_core::apdu::{
    Command, IMPORTS_KEYS, MAX_COMMAND, Named, SIGNS_EXTENSIONS, Seed, Status, Version,
};
use highwater_core::canonical::Frame;
use highwater_core::hrs::Step;
use ledger_apdu::APDUCommand;

use crate::stage::{chain, exchange, hrs};

fn commands() -> Vec<(Command<'static>, &'static str)> {
    let named = Named { chain: chain("a-1"), incarnation: 0x0102 };
    let mark = hrs(0x0102_0304, 5, Step::Prevote);
    vec![
        (Command::GetVersion, "e003000000"),
        (Command::GetAppName, "e004000000"),
        (Command::GetPublicKey(chain("a-1")), "e00500000403612d31"),
        (Command::Sign(&[1, 2, 3]), "e006000003010203"),
        (Command::SignExtension(&[1, 2, 3]), "e007000003010203"),
        (
            Command::BeginExtension(Frame {
                length: 0x0a_0b0c,
                height: mark.height,
                round: mark.round,
                chain: chain("a-1"),
            }),
            "e0070100140403020100000000050000000c0b0a0003612d31",
        ),
        (Command::ExtensionChunk { position: 0x0102, bytes: &[9, 8] }, "e007020006020100000908"),
        (Command::GetStatus { slot: 2 }, "e01000000102"),
        (Command::GetEvents, "e011000000"),
        (
            Command::AddChain { chain: chain("a-1"), key_index: 7, mark },
            "e02000001503612d3107000000040302010000000005000000".to_owned().leak(),
        ),
        (Command::SetMark { named, to: mark }, "e02100001303612d310201040302010000000005000000"),
        (Command::RemoveChain(named), "e02200000603612d310201"),
        (Command::ShowKey(chain("a-1")), "e02300000403612d31"),
        (Command::ForgetChain(named), "e02400000603612d310201"),
        (Command::ForgetSlot(2), "e0240000020002"),
        (Command::PromptStatus(0x0a0b_0c0d), "e02e0000040d0c0b0a"),
        (Command::PromptCancel(1), "e02f00000401000000"),
        (Command::ImportKey(Seed(&[7; 32])), format!("e030000020{}", "07".repeat(32)).leak()),
        (Command::RestoreKey(&[9; 104]), format!("e030000068{}", "09".repeat(104)).leak()),
        (Command::BackupKey(2), "e03200000102"),
        (Command::ForgetKey(1), "e03300000101"),
        (Command::GetKeys, "e034000000"),
    ]
}

#[test]
fn commands_are_these_bytes_and_parse_back() {
    for (command, pinned) in commands() {
        let mut out = [0; MAX_COMMAND];
        let len = command.encode(&mut out).unwrap();
        let text = hex::encode(&out[..len]);
        // The HRS ends with its step.
        let pinned = match command {
            Command::AddChain { .. } | Command::SetMark { .. } => format!("{pinned}02"),
            _ => pinned.to_owned(),
        };
        assert_eq!(text, pinned, "{command:?}");
        assert_eq!(Command::parse(&out[..len]), Ok(command));
        // A second opinion on the header.
        let theirs =
            APDUCommand { cla: out[0], ins: command.ins(), p1: command.p1(), p2: 0, data: &out[5..len] };
        assert_eq!(theirs.serialize(), &out[..len]);
    }
}

#[test]
fn every_cut_and_every_longer_command_is_a_length_error() {
    for (command, _) in commands() {
        let mut out = [0; MAX_COMMAND];
        let len = command.encode(&mut out).unwrap();
        for cut in 5..len {
            assert_eq!(Command::parse(&out[..cut]), Err(Status::Length), "{command:?} cut to {cut}");
        }
        let takes_any =
            matches!(command, Command::Sign(_) | Command::SignExtension(_) | Command::ExtensionChunk { .. });
        if !takes_any {
            let mut longer = out[..len].to_vec();
            longer.push(0);
            longer[4] += 1;
            assert!(Command::parse(&longer).is_err(), "{command:?} with a byte more");
        }
    }
}

#[test]
fn a_private_key_is_not_printed() {
    let text = format!("{:?} {:#?}", Command::ImportKey(Seed(&[7; 32])), Command::ImportKey(Seed(&[7; 32])));
    assert!(!text.contains('7'), "{text}");
}

#[test]
fn a_key_has_32_bytes_and_a_backup_104() {
    for length in 0..=255 {
        let apdu = [&[0xe0, 0x30, 0, 0, length][..], &vec![1; length.into()]].concat();
        let parsed = Command::parse(&apdu);
        assert_eq!(parsed.is_ok(), matches!(length, 32 | 104), "{length}");
        assert!(parsed.is_ok() || parsed == Err(Status::Length), "{length}");
    }
}

#[test]
fn status_words_are_those_of_the_protocol() {
    let pinned: [u16; 35] = [
        0x9000, 0x5515, 0x6700, 0x6985, 0x6a80, 0x6a86, 0x6d00, 0x6e00, 0xb001, 0xb002, 0xb003, 0xb004,
        0xb005, 0xb006, 0xb007, 0xb008, 0xb009, 0xb00a, 0xb00b, 0xb00c, 0xb00d, 0xb00e, 0xb00f, 0xb010,
        0xb011, 0xb012, 0xb013, 0xb014, 0xb015, 0xb016, 0xb017, 0xb018, 0xb019, 0xb01a, 0xb0ff,
    ];
    assert_eq!(Status::ALL.map(Status::word), pinned);
    assert!(Status::ALL.iter().all(|status| Status::from_word(status.word()) == Some(*status)));
    let decided: Vec<u16> = Status::ALL.iter().filter(|s| s.is_decided()).map(|s| s.word()).collect();
    let words = [
        0x6a80, 0xb001, 0xb002, 0xb003, 0xb004, 0xb005, 0xb006, 0xb007, 0xb008, 0xb009, 0xb00a, 0xb00b,
        0xb013, 0xb014,
    ];
    assert_eq!(decided, words);
}

#[test]
fn a_new_device_says_what_it_is() {
    let mut device = highwater_sim::SimDevice::in_memory(b"new");
    let (data, status) = exchange(&mut device, Command::GetVersion);
    let version = Version::parse(&data).unwrap();
    assert_eq!((status, version.protocol_min, version.protocol, version.slots), (Status::Ok, 1, 1, 3));
    assert_eq!((version.target, version.standing, version.flags), (0, 0, SIGNS_EXTENSIONS | IMPORTS_KEYS));
    assert_eq!(Version::parse(&data[..data.len() - 1]).unwrap().flags, 0, "one that says no flags has none");
    assert_ne!(version.installation, [0; 16]);
    assert_eq!(exchange(&mut device, Command::GetAppName).0, b"Highwater");
    assert_eq!(exchange(&mut device, Command::GetStatus { slot: 3 }).1, Status::Length);
    let mut again = device.restart();
    assert_eq!(exchange(&mut again, Command::GetVersion).0, data, "the installation is made once");
}
