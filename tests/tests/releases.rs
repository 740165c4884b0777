//! Real nodes of other releases than that of all other tests, with the firmware in the emulator: each of the first
//! blocks is signed in its first round, and where the release knows vote extensions, also on a chain that enables them.

use std::time::Instant;

use highwater_tests::device::Device as _;
use highwater_tests::harness::By;
use highwater_tests::validator::Validator;

use super::application::{self, LENGTHS};
use super::main_job::sign_blocks;

const BLOCKS: u64 = 22;

/// What the chain's precommits carry.
#[derive(Debug, Clone, Copy)]
enum Extensions {
    Off,
    /// None, 9 B and 2 KiB in turn.
    On,
}

fn sign_for(release: &str, by: By, extensions: Extensions) {
    let validator = Validator::firmware_with(release, by);
    let begin = Instant::now();
    let mut validator = match extensions {
        Extensions::Off => {
            sign_blocks(&validator, BLOCKS);
            validator
        }
        Extensions::On => application::signed(validator, &LENGTHS[..3], BLOCKS),
    };
    println!("{release} over {by:?}: {BLOCKS} blocks, extensions {extensions:?}, {:?}", begin.elapsed());
    validator.emulated().note().unwrap();
}

macro_rules! releases {
    ($($test:ident: $release:literal $by:ident $extensions:ident),+ $(,)?) => {
        $(#[test]
        #[ignore = "cargo xtask test --full"]
        fn $test() {
            sign_for($release, By::$by, Extensions::$extensions);
        })+
    };
}

releases! {
    the_firmware_signs_for_0_37_over_unix: "0.37.18" Unix Off,
    the_firmware_signs_for_0_37_over_tcp: "0.37.18" Tcp Off,
    the_firmware_signs_for_0_39_over_unix: "0.39.4" Unix Off,
    the_firmware_signs_for_0_39_over_tcp: "0.39.4" Tcp Off,
    the_firmware_extends_for_0_39_over_unix: "0.39.4" Unix On,
    the_firmware_signs_for_0_40_over_unix: "0.40.0" Unix Off,
    the_firmware_signs_for_0_40_over_tcp: "0.40.0" Tcp Off,
    the_firmware_signs_for_0_40_over_noise: "0.40.0" Noise Off,
    the_firmware_extends_for_0_40_over_tcp: "0.40.0" Tcp On,
    the_firmware_extends_for_0_40_over_noise: "0.40.0" Noise On,
    the_firmware_signs_for_1_0_over_unix: "1.0.1" Unix Off,
    the_firmware_signs_for_1_0_over_tcp: "1.0.1" Tcp Off,
    the_firmware_extends_for_1_0_over_unix: "1.0.1" Unix On,
    the_firmware_extends_for_1_0_over_tcp: "1.0.1" Tcp On,
}
