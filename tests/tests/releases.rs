//! Real nodes of other releases than that of most tests, the newest and the oldest patch of each line: each of the first
//! blocks is signed in its first round, and where the release knows vote extensions, also on a chain that enables them.
//! The newest patches run with the firmware in the emulator, the oldest with the simulated device.

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

/// On the firmware.
fn sign_for(release: &str, by: By, extensions: Extensions) {
    run(release, by, extensions, Validator::firmware_with(release, by)).emulated().note().unwrap();
}

/// On the simulated device.
fn simulate_for(release: &str, by: By, extensions: Extensions) {
    run(release, by, extensions, Validator::simulated_with(release, by));
}

fn run(release: &str, by: By, extensions: Extensions, validator: Validator) -> Validator {
    let begin = Instant::now();
    let validator = match extensions {
        Extensions::Off => {
            sign_blocks(&validator, BLOCKS);
            validator
        }
        Extensions::On => application::signed(validator, &LENGTHS[..3], BLOCKS),
    };
    println!("{release} over {by:?}: {BLOCKS} blocks, extensions {extensions:?}, {:?}", begin.elapsed());
    validator
}

/// Before 0.38.11 a node wants the extension's signature with each precommit for a block, also on a chain that enables no
/// extensions: without it the node stops for good at height 1.
#[test]
fn the_oldest_0_38_signs_on_without_extensions() {
    simulate_for("0.38.0", By::Unix, Extensions::Off);
}

#[test]
fn the_oldest_0_38_signs_on_with_extensions() {
    simulate_for("0.38.0", By::Tcp, Extensions::On);
}

macro_rules! releases {
    ($run:ident: $($test:ident: $release:literal $by:ident $extensions:ident),+ $(,)?) => {
        $(#[test]
        #[ignore = "cargo xtask test --full"]
        fn $test() {
            $run($release, By::$by, Extensions::$extensions);
        })+
    };
}

releases! { simulate_for:
    the_oldest_0_37_is_signed_for_over_unix: "0.37.0" Unix Off,
    the_oldest_0_37_is_signed_for_over_tcp: "0.37.0" Tcp Off,
    the_oldest_0_38_is_signed_for_over_tcp: "0.38.0" Tcp Off,
    the_oldest_0_38_is_extended_for_over_unix: "0.38.0" Unix On,
    the_newest_0_38_is_signed_for_over_unix: "0.38.26" Unix Off,
    the_newest_0_38_is_extended_for_over_tcp: "0.38.26" Tcp On,
    the_oldest_0_39_is_signed_for_over_unix: "0.39.0" Unix Off,
    the_oldest_0_39_is_extended_for_over_tcp: "0.39.0" Tcp On,
    the_oldest_1_0_is_signed_for_over_unix: "1.0.0" Unix Off,
    the_oldest_1_0_is_extended_for_over_tcp: "1.0.0" Tcp On,
}

releases! { sign_for:
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
