//! What the system permits an app, by the install parameters in its image. Of the emulators only that of the Nano S Plus
//! reads them, and hands the exception of a refused call to the app as a device does.

use std::path::PathBuf;

use highwater_core::apdu::{Command, Status};
use highwater_core::hrs::Step;
use highwater_tests::device::{Device as _, Emulated};
use highwater_tests::stage::{chain, hrs};
use highwater_tests::tools;
use nanos_sdk::target::nanosplus::DEVICE;
use tempfile::TempDir;

/// 44'/118'/0'/0', as the parameters have it.
const PATH: [u8; 16] = [0x80, 0, 0, 44, 0x80, 0, 0, 118, 0x80, 0, 0, 0, 0x80, 0, 0, 0];

/// The firmware, installed for the keys of another coin.
fn installed_elsewhere() -> (TempDir, PathBuf) {
    let mut elf = std::fs::read(tools::firmware(&DEVICE).unwrap()).unwrap();
    let at = elf.windows(PATH.len()).position(|window| window == PATH).expect("its path is in the image");
    elf[at + 7] = 60;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("elsewhere.elf");
    std::fs::write(&path, elf).unwrap();
    (folder, path)
}

#[test]
fn a_nanosplus_derives_no_key_outside_of_its_path_and_the_app_says_so_and_goes_on() {
    let (_folder, elf) = installed_elsewhere();
    let (level, python) = (tools::level(&DEVICE).unwrap(), tools::emulator(&DEVICE).unwrap());
    let mut device = Emulated::start(DEVICE, level, &elf, &python).unwrap();
    assert_eq!(device.screen().unwrap().as_deref(), Some("Storage fault:|nothing is signed"));
    let mut apdu = [0; highwater_core::apdu::MAX_COMMAND];
    let add = Command::AddChain { chain: chain("elsewhere"), key_index: 0, mark: hrs(1, 0, Step::None) };
    let length = add.encode(&mut apdu).unwrap();
    for _ in 0..3 {
        let reply = device.exchange(&apdu[..length]).unwrap();
        assert_eq!(reply, Status::StorageFault.word().to_be_bytes());
    }
    assert_eq!(device.exchange(&[0xe0, 0x04, 0, 0, 0]).unwrap(), b"Highwater\x90\x00");
}
