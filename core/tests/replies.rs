//! What a device answers, byte for byte, and what a host makes of answers that are cut or longer.

use highwater_core::apdu::{
    ChainState, ChainStatus, Command, EventList, HeldKey, KeyList, KeyState, MAX_REPLY, PromptState,
    PromptStatus, Reply, Seed, Signed, Status, Version,
};
use highwater_core::env::Diagnostics;
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::SimDevice;
use ledger_apdu::APDUAnswer;

use crate::stage::{Ask, CHAIN, PREVOTE, approved, armed, chain, exchange, hrs, raw, small};

/// The bytes of an HRS, written out here a second time.
fn bytes_of(height: u64, round: u32, step: u8) -> Vec<u8> {
    [&height.to_le_bytes()[..], &round.to_le_bytes(), &[step]].concat()
}

#[test]
fn version() {
    let mut device = SimDevice::in_memory(b"replies");
    let (data, _) = exchange(&mut device, Command::GetVersion);
    let version = Version::parse(&data).unwrap();
    let pinned = [&version.app[..], &[1, 1, 0], &version.installation, &[3, 0, 5]].concat();
    assert_eq!(data, pinned);
    // The flags came later: a reply without them is whole.
    assert!((0..data.len() - 1).all(|len| Version::parse(&data[..len]).is_none()), "cut");
    assert_eq!(Version::parse(&[&data[..], &[9, 9]].concat()), Some(version), "a reply may grow at its end");
}

/// A list of two keys, the second damaged, of a device with three places.
fn two_keys() -> (Vec<u8>, KeyList) {
    let data = [&[3, 2][..], &[7; 32], &[1], &[0; 32], &[3], &[0; 32]].concat();
    let first = HeldKey { number: 0, state: KeyState::Held, public: [7; 32] };
    let last = HeldKey { number: 2, state: KeyState::Damaged, public: [0; 32] };
    (data, KeyList { places: 3, keys: [Some(first), None, Some(last)] })
}

#[test]
fn the_imported_keys() {
    let (data, list) = two_keys();
    assert_eq!(KeyList::parse(&data), Some(list));
    assert!((0..data.len()).all(|len| KeyList::parse(&data[..len]).is_none()), "cut");
    assert_eq!(KeyList::parse(&[&data[..], &[9, 9]].concat()), Some(list), "a reply may grow at its end");
    let with = |at: usize, byte: u8| [&data[..at], &[byte], &data[at + 1..]].concat();
    for state in [0, 4] {
        assert_eq!(KeyList::parse(&with(1, state)), None, "a state that is not known here: {state}");
    }
    let more = [&[4][..], &data[1..], &[1], &[0; 32]].concat();
    assert_eq!(KeyList::parse(&more), None, "more places than are known here");
    let mut device = SimDevice::in_memory(b"replies");
    approved(&mut device, Command::ImportKey(Seed(&[7; 32]))).unwrap();
    let (data, _) = exchange(&mut device, Command::GetKeys);
    let public = KeyList::parse(&data).unwrap().keys[0].unwrap().public;
    assert_eq!(data, [&[3, 2][..], &public, &[1], &[0; 32], &[1], &[0; 32]].concat());
}

#[test]
fn a_signature_and_its_time() {
    let mut device = armed();
    let (data, status) = exchange(&mut device, Command::Sign(&Ask { seconds: -2, ..PREVOTE }.bytes()));
    assert_eq!((status, data.len()), (Status::Ok, 76));
    assert_eq!(data[64..], [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0]);
    assert!((0..76).all(|len| Signed::parse(&data[..len]).is_none()), "cut");
    let signed = Signed::parse(&data).unwrap();
    assert_eq!((signed.timestamp.seconds, signed.timestamp.nanos), (-2, 7));
    // A time no device signs is no answer.
    let mut wrong = data.clone();
    wrong[72..].copy_from_slice(&1_000_000_000u32.to_le_bytes());
    assert_eq!(Signed::parse(&wrong), None);
}

#[test]
fn the_status_of_a_chain() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    assert_eq!(Ask { height: 9, ..PREVOTE }.sign(&mut device), Err(Status::HeightRegression));
    let (data, _) = exchange(&mut device, Command::GetStatus { slot: 0 });
    let pinned = [
        &[1, 7][..],
        b"stage-1",
        &0u32.to_le_bytes(),       // key index
        &1u16.to_le_bytes(),       // incarnation
        &bytes_of(10, 5, 2),       // mark
        &bytes_of(10, 5, 2),       // highest signed
        &[1],                      // a block
        &2u32.to_le_bytes(),       // the mark of ADD, and one signature
        &8u16.to_le_bytes(),       // pairs of its ring
        &500_000u32.to_le_bytes(), // rated erases
        &0xb003u16.to_le_bytes(),
        &bytes_of(9, 5, 2),
    ]
    .concat();
    assert_eq!(data, pinned);
    assert!((0..data.len()).all(|len| ChainStatus::parse(&data[..len]).is_none()), "cut");
    let mut unknown = data.clone();
    unknown[0] = 0x63;
    assert_eq!(ChainStatus::parse(&unknown), None, "a state this protocol does not have");
    let (data, _) = exchange(&mut device, Command::GetStatus { slot: 1 });
    let free = ChainStatus::parse(&data).unwrap();
    assert_eq!((free.state, free.chain, free.mark), (ChainState::Free, None, Hrs::default()));
    assert_eq!(data.len(), 2 + 4 + 2 + 13 + 13 + 1 + 4 + 2 + 4 + 2 + 13);
}

#[test]
fn each_slot_tells_the_pairs_of_its_own_ring() {
    let mut device = small([8, 2, 5]);
    for (slot, pairs) in [(0, 8), (1, 2), (2, 5)] {
        let (data, _) = exchange(&mut device, Command::GetStatus { slot });
        let status = ChainStatus::parse(&data).unwrap();
        assert_eq!((status.pairs, status.rated_erases), (pairs, 500_000), "slot {slot}");
    }
}

#[test]
fn a_prompt_and_its_outcome() {
    let mut device = armed();
    let (ticket, _) = exchange(&mut device, Command::ShowKey(chain(CHAIN)));
    assert_eq!(ticket.len(), 4);
    let ticket = u32::from_le_bytes(ticket.try_into().unwrap());
    let (data, _) = exchange(&mut device, Command::PromptStatus(ticket));
    assert_eq!(data, [&[1, 0x00, 0x90, 0, 0][..], &[0; 26]].concat());
    let (data, status) = exchange(&mut device, Command::PromptCancel(ticket));
    assert_eq!((data, status), (vec![], Status::Ok));
    device.signer().0.home_touched();
    let added = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: hrs(7, 1, Step::Precommit) };
    let added = approved(&mut device, added).unwrap();
    assert_eq!((added.state, added.status), (PromptState::Approved, 0x9000));
    let pinned = [&[2, 0x00, 0x90, 1, 0][..], &bytes_of(7, 1, 3), &bytes_of(7, 1, 3)].concat();
    assert_eq!(PromptStatus::parse(&pinned), Some(added));
    assert!((0..pinned.len()).all(|len| PromptStatus::parse(&pinned[..len]).is_none()), "cut");
    for state in [0, 7, 0xff] {
        assert_eq!(PromptStatus::parse(&[&[state][..], &pinned[1..]].concat()), None, "state {state}");
    }
}

#[test]
fn events_count_up_and_the_newest_stands_first() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    for height in [9, 8, 7] {
        assert!(Ask { height, ..PREVOTE }.sign(&mut device).is_err());
    }
    assert_eq!(Ask { block: 2, ..PREVOTE }.sign(&mut device), Err(Status::Conflict));
    let (data, _) = exchange(&mut device, Command::GetEvents);
    let Diagnostics { stack, page_writes, derivations } = EventList::parse(&data).unwrap().diagnostics;
    let pinned = [
        &stack.to_le_bytes()[..],
        &page_writes.to_le_bytes(),
        &derivations.to_le_bytes(),
        &[0, 2],
        &[0x06, 0xb0, 0, 1, 0],
        &bytes_of(10, 5, 2),
        &[0x03, 0xb0, 0, 3, 0],
        &bytes_of(7, 5, 2),
    ]
    .concat();
    assert_eq!(data, pinned);
    assert_eq!(page_writes, device.world.medium.writes());
    assert!((0..data.len()).all(|len| EventList::parse(&data[..len]).is_none()), "cut");
    // However many there are, the list fits an answer.
    for nth in 0..40 {
        let ask = if nth % 2 == 0 { Ask { height: 1, ..PREVOTE } } else { Ask { round: 1, ..PREVOTE } };
        assert!(ask.sign(&mut device).is_err());
    }
    let reply = device.exchange(&[0xe0, 0x11, 0, 0, 0]);
    assert_eq!(reply.len(), MAX_REPLY, "the longest there is");
}

#[test]
fn names_keys_and_refusals() {
    let mut device = armed();
    assert_eq!(raw(&mut device, &[0xe0, 4, 0, 0]).0, b"Highwater");
    let (key, status) = exchange(&mut device, Command::GetPublicKey(chain(CHAIN)));
    assert_eq!((key.len(), status), (32, Status::Ok));
    assert_eq!(exchange(&mut device, Command::GetPublicKey(chain("stage-2"))).1, Status::UnknownChain);
    assert_eq!(
        raw(&mut device, &[0xe0, 7, 0, 0, 0]),
        (vec![1], Status::NotCanonical),
        "an extension of no bytes"
    );
    let (data, status) = raw(&mut device, &[0xe0, 6, 0, 0, 2, 1, 0x08]);
    assert_eq!((data, status), (vec![1], Status::NotCanonical), "the rule that is broken: truncated");
}

#[test]
fn a_second_opinion_splits_answers_alike() {
    let mut device = armed();
    PREVOTE.sign(&mut device).unwrap();
    let vote = Ask { height: 9, ..PREVOTE }.bytes();
    let sign = [&[0xe0, 6, 0, 0, vote.len() as u8][..], &vote].concat();
    for apdu in [&[0xe0, 3, 0, 0, 0][..], &[0xe0, 0x11, 0, 0, 0], &[0xe0, 0x10, 0, 0, 1, 0], &[0xe1], &sign] {
        let reply = device.exchange(apdu);
        let theirs = APDUAnswer::from_answer(reply.clone()).unwrap();
        assert_eq!(Reply::split(&reply), Some((theirs.data(), theirs.retcode())), "{apdu:02x?}");
    }
    assert_eq!(Reply::split(&[]), None);
    assert_eq!(Reply::split(&[0x90]), None);
    assert_eq!(Reply::split(&[0x90, 0x00]), Some((&[][..], 0x9000)));
    assert_eq!(Status::from_word(0x6f42), None, "a word of another app");
}
