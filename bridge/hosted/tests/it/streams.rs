//! Long extensions, which come in two passes.

use highwater_core::apdu::{Command, Reply, Status};
use highwater_core::hrs::Step;
use highwater_sim::audit::Auditor;
use highwater_sim::{Ask, Extend, extend};

use crate::hand::{approved, boot, data, id, sign};

const CHAIN: &str = "stream-1";

#[test]
fn a_long_extension_is_signed_as_if_it_had_come_whole() {
    let mut device = boot(&approved(CHAIN)).unwrap();
    let mut auditor = Auditor::default();
    auditor.key(CHAIN, data(&mut device, Command::GetPublicKey(id(CHAIN))).try_into().unwrap());
    let precommit = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
    let signed = sign(&mut device, &precommit).unwrap().unwrap();
    auditor.released(&precommit.signed_bytes(&signed), &signed.signature).unwrap();
    for length in [1, 251, 4_000, 1 << 20] {
        let content: Vec<u8> = (0..length).map(|at: u64| (at * at / 7) as u8).collect();
        let extend = Extend::of(&precommit, &content);
        let mut reply = device.exchange(&extend.begin()).unwrap();
        for chunk in extend.chunks(251) {
            assert_eq!(reply, Status::Ok.word().to_be_bytes(), "{length}");
            reply = device.exchange(&chunk).unwrap();
        }
        let signature = extend::signature(&reply).unwrap();
        auditor.released(&extend.bytes(), &signature).unwrap();
    }
}

#[test]
fn an_extension_that_is_another_the_second_time_is_not_signed() {
    let mut device = boot(&approved(CHAIN)).unwrap();
    let precommit = Ask { step: Step::Precommit, ..Ask::prevote(CHAIN) };
    sign(&mut device, &precommit).unwrap().unwrap();
    let extend = Extend::of(&precommit, b"the one");
    let other = Extend::of(&precommit, b"another");
    device.exchange(&extend.begin()).unwrap();
    device.exchange(&extend.chunks(251).next().unwrap()).unwrap();
    let reply = device.exchange(&other.chunks(251).nth(1).unwrap()).unwrap();
    assert_eq!(Reply::split(&reply), Some((&[][..], Status::ExtensionDiffers.word())));
}
