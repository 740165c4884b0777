//! What one turn of the loop costs: a vote of another chain waits for no more. Every command, the press, every step, in every
//! state, on the longest ring of a device.

use std::collections::BTreeMap;

use highwater_core::apdu::{ChainState, Command, PromptState, Seed, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout::entry_page;
use highwater_core::rings::Rings;
use highwater_sim::{Ask, Extend, Fault, SimDevice, Tear, World};

use crate::stage::{
    CHAIN, PREVOTE, add, approved, chain, exchange, hrs, named, outcome, raise, set_mark, status,
};

/// As on a Nano S; a test of the app compares what it shows there.
const PAIRS: u16 = 256;
const HASHES: u32 = 24;
const OTHER: &str = "stage-2";

/// What the dearest turns cost so far, by what they did.
#[derive(Default)]
struct Bill {
    hashes: BTreeMap<String, u32>,
}

impl Bill {
    /// Does one thing and counts.
    fn turn<T>(&mut self, what: &str, device: &mut SimDevice, run: impl FnOnce(&mut SimDevice) -> T) -> T {
        let before = (device.world.hashes, device.world.keys.derivations());
        let result = run(device);
        let hashes = device.world.hashes - before.0;
        let derived = device.world.keys.derivations() - before.1;
        let most = self.hashes.entry(what.to_owned()).or_default();
        *most = hashes.max(*most);
        assert!(hashes <= HASHES, "{what}: {hashes} hashes");
        let steps = u16::from(what.ends_with("step"));
        assert!(derived <= steps, "{what}: {derived} keys derived");
        assert!(derived == 0 || hashes <= 4, "{what}: a key and {hashes} hashes");
        result
    }

    fn steps(&mut self, what: &str, device: &mut SimDevice) {
        let mut turns = 0;
        while device.is_busy() {
            self.turn(&format!("{what}, step"), device, SimDevice::step);
            self.look(what, device);
            turns += 1;
            assert!(turns < 600, "{what}: no end");
        }
    }

    /// What is shown of a slot while nothing is asked, and of the one that is asked about.
    fn look(&mut self, what: &str, device: &mut SimDevice) {
        for slot in 0..3 {
            self.turn(&format!("{what}, view"), device, |device| {
                let (signer, world) = device.signer();
                signer.view(world, slot);
                signer.tick();
            });
        }
    }

    /// Every command, and what follows of it: the steps, and the press.
    fn commands(&mut self, state: &str, device: &dyn Fn() -> SimDevice) {
        for (name, apdu) in apdus(&mut device()) {
            for press in [None, Some(false), Some(true)] {
                let what = format!("{state}, {name}");
                let mut device = device();
                device.paced = true;
                let reply = self.turn(&what, &mut device, |device| device.exchange(&apdu));
                self.look(&what, &mut device);
                let prompt = device.prompt();
                if let (Some(press), Some(prompt)) = (press, prompt) {
                    // At once, or after the turns that come before an owner has read so much.
                    self.turn(&format!("{what}, press"), &mut device, |device| {
                        device.decide(prompt.ticket, press)
                    });
                }
                self.steps(&what, &mut device);
                if let (None, Some(prompt)) = (press, prompt) {
                    let ticket = prompt.ticket;
                    self.turn(&format!("{what}, press"), &mut device, |device| device.decide(ticket, true));
                    self.steps(&what, &mut device);
                    let ended = outcome(&mut device, ticket).state;
                    assert!(matches!(
                        ended,
                        PromptState::Approved | PromptState::Failed | PromptState::Moved
                    ));
                }
                let again =
                    self.turn(&format!("{what}, again"), &mut device, |device| device.exchange(&apdu));
                assert!(again.len() >= 2 && reply.len() >= 2);
                self.steps(&what, &mut device);
            }
        }
    }
}

/// Every command, of the chain in slot 0 and of another.
fn apdus(device: &mut SimDevice) -> Vec<(&'static str, Vec<u8>)> {
    let named = highwater_core::apdu::Named { chain: chain(CHAIN), incarnation: status(device, 0).2 };
    let precommit = Ask { height: 40, step: Step::Precommit, ..PREVOTE };
    let extend = Extend::of(&precommit, b"said");
    let encoded = |command: Command<'_>| {
        let mut bytes = [0; highwater_core::apdu::MAX_COMMAND];
        let len = command.encode(&mut bytes).unwrap();
        bytes[..len].to_vec()
    };
    let mut apdus = vec![
        ("SIGN", Ask { height: 41, ..PREVOTE }.apdu()),
        ("SIGN, again", precommit.apdu()),
        ("SIGN, below", PREVOTE.apdu()),
        ("SIGN, another", Ask { height: 41, chain: OTHER, ..PREVOTE }.apdu()),
        ("SIGN_EXTENSION", extend.whole().unwrap()),
        ("SIGN_EXTENSION, begin", extend.begin()),
    ];
    let bytes = [7; 9];
    for (name, command) in [
        ("GET_VERSION", Command::GetVersion),
        ("GET_PUBLIC_KEY", Command::GetPublicKey(chain(CHAIN))),
        ("GET_STATUS", Command::GetStatus { slot: 0 }),
        ("GET_EVENTS", Command::GetEvents),
        ("ADD_CHAIN", Command::AddChain { chain: chain(CHAIN), key_index: 5, mark: hrs(50, 0, Step::None) }),
        ("ADD_CHAIN, new", Command::AddChain { chain: chain("new"), key_index: 5, mark: Hrs::ZERO }),
        ("SET_MARK, up", Command::SetMark { named, to: hrs(900, 0, Step::None) }),
        ("SET_MARK, down", Command::SetMark { named, to: hrs(60, 0, Step::None) }),
        ("REMOVE_CHAIN", Command::RemoveChain(named)),
        ("SHOW_KEY", Command::ShowKey(chain(CHAIN))),
        ("FORGET_CHAIN", Command::ForgetChain(named)),
        ("FORGET_CHAIN, slot", Command::ForgetSlot(0)),
        ("PROMPT_STATUS", Command::PromptStatus(1)),
        ("PROMPT_CANCEL", Command::PromptCancel(1)),
        ("SIGN_EXTENSION, chunk", Command::ExtensionChunk { position: 0, bytes: &bytes }),
    ] {
        apdus.push((name, encoded(command)));
    }
    apdus
}

const DEAD: [u8; 64] = [0xa5; 64];

/// A device on this flash, with what its flash does from now on.
fn on(pages: &[[u8; 64]], spoil: impl FnOnce(&mut SimDevice)) -> SimDevice {
    let mut world = World::new(b"stage", PAIRS);
    world.keys = highwater_sim::Keys::toy();
    world.medium.restore(pages);
    let mut device = SimDevice::boot(world);
    spoil(&mut device);
    device
}

/// Two chains, the first of which was set to 800 and signed a precommit at 40 before; and its pages.
fn pages(prepare: impl FnOnce(&mut SimDevice)) -> Vec<[u8; 64]> {
    let mut world = World::new(b"stage", PAIRS);
    world.keys = highwater_sim::Keys::toy();
    let mut device = SimDevice::boot(world);
    add(&mut device, CHAIN, Hrs::ZERO).unwrap();
    add(&mut device, OTHER, Hrs::ZERO).unwrap();
    Ask { height: 40, step: Step::Precommit, ..PREVOTE }.sign(&mut device).unwrap();
    prepare(&mut device);
    device.world.medium.pages().to_vec()
}

fn raised(device: &mut SimDevice) {
    set_mark(device, hrs(800, 0, Step::None)).unwrap();
}

fn newest(serial: u32) -> [u16; 2] {
    [0, 1].map(|copy| Rings::equal(PAIRS).record_page(0, serial, copy))
}

#[test]
fn no_turn_takes_more_than_24_hashes_or_derives_a_key_and_answers() {
    let mut bill = Bill::default();
    let free = pages(|device| {
        let life = named(device);
        approved(device, Command::RemoveChain(life)).unwrap();
        approved(device, Command::ForgetChain(life)).unwrap();
    });
    let armed = pages(|_| ());
    let set = pages(raised);
    let tombstone = pages(|device| {
        let life = named(device);
        approved(device, Command::RemoveChain(life)).unwrap();
    });
    let world = World::new(b"stage", PAIRS);
    let blank = world.medium.pages().to_vec();
    bill.commands("never used", &|| on(&blank, |_| ()));
    bill.commands("free", &|| on(&free, |_| ()));
    bill.commands("armed", &|| on(&armed, |_| ()));
    bill.commands("set", &|| on(&set, |_| ()));
    bill.commands("tombstone", &|| on(&tombstone, |_| ()));
    // One copy of the newest record rots now, on a page that takes no write any more.
    bill.commands("stuck", &|| {
        on(&armed, |device| {
            device.world.medium.rot(newest(2)[0], DEAD);
            device.world.medium.stick(newest(2)[0], true);
        })
    });
    // Both rot now: the chain becomes unclear by the command.
    bill.commands("lost", &|| {
        on(&set, |device| newest(3).into_iter().for_each(|page| device.world.medium.rot(page, DEAD)))
    });
    bill.commands("unclear", &|| {
        on(&set, |device| {
            newest(3).into_iter().for_each(|page| device.world.medium.rot(page, DEAD));
            device.reboot();
            assert_eq!(status(device, 0).0, ChainState::Unclear);
        })
    });
    bill.commands("damaged", &|| {
        on(&set, |device| {
            (0..2).for_each(|copy| device.world.medium.rot(entry_page(0, copy), DEAD));
            device.reboot();
            assert_eq!(status(device, 0).0, ChainState::Damaged);
        })
    });
    // Flash failed in a vote, and the slot waits to be read again; or it was, in vain.
    for failing in [false, true] {
        bill.commands(if failing { "fault" } else { "failed" }, &|| {
            on(&armed, |device| {
                device.paced = true;
                (0..200).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Garbage(1))));
                assert_eq!(Ask { height: 42, ..PREVOTE }.sign(device), Err(Status::StorageFault));
                if failing {
                    device.world.medium.rot(newest(2)[0], DEAD);
                    device.finish_work();
                }
                device.world.medium.calm();
                assert_eq!(status(device, 0).0, ChainState::Fault);
                device.paced = false;
            })
        });
    }
    // While a lowering, and while the ADD of another chain, is under way; the key was unloaded.
    for turns in [0, 1, 2, 20, 40, 140] {
        bill.commands("at work", &|| {
            on(&set, |device| {
                let command = Command::AddChain { chain: chain("third"), key_index: 9, mark: Hrs::ZERO };
                device.paced = true;
                let ticket = raise(device, command);
                device.decide(ticket, true);
                (0..turns).for_each(|_| device.step());
            })
        });
    }
    bill.commands("lowering", &|| {
        on(&set, |device| {
            device.paced = true;
            let command = Command::SetMark { named: named(device), to: hrs(60, 0, Step::None) };
            let ticket = raise(device, command);
            device.decide(ticket, true);
        })
    });
    bill.commands("no key", &|| {
        on(&armed, |device| highwater_core::env::Crypto::unload_key(&mut device.world, 0))
    });
    let most = bill.hashes.iter().max_by_key(|(_, hashes)| **hashes).unwrap();
    println!("{most:?} of {} rows", bill.hashes.len());
    // The count itself works: reading the ring of a chain does take hashes, as many as a turn may.
    assert!((16..=HASHES).contains(most.1), "{most:?}");
}

/// A plain key lives inside one command, so whatever is asked about imported keys is worked out there, at some derivations. The
/// limit of hashes is that of every turn.
#[test]
fn what_is_asked_about_imported_keys_takes_no_more_hashes_and_few_derivations() {
    const IN_A_COMMAND: u16 = 6;
    const IN_A_STEP: u16 = 2;
    let holding = |keys: &[u8]| {
        pages(|device| {
            for byte in keys {
                approved(device, Command::ImportKey(Seed(&[*byte; 32]))).unwrap();
            }
        })
    };
    let (held, full) = (holding(&[7, 8]), holding(&[7, 8, 9]));
    let (backup, word) = exchange(&mut on(&held, |_| ()), Command::BackupKey(0));
    assert_eq!(word, Status::Ok);
    let backup = backup.try_into().unwrap();
    let mut most = (0, 0, 0);
    for (pages, command) in [
        (&held, Command::ImportKey(Seed(&[9; 32]))),
        (&held, Command::ImportKey(Seed(&[7; 32]))),
        (&held, Command::RestoreKey(&backup)),
        (&held, Command::BackupKey(1)),
        (&full, Command::ForgetKey(1)),
        (&full, Command::GetKeys),
        (&full, Command::AddChain { chain: chain("third"), key_index: 1 << 31, mark: Hrs::ZERO }),
    ] {
        let mut device = on(pages, |_| ());
        device.paced = true;
        let mut turn = |device: &mut SimDevice, run: &mut dyn FnMut(&mut SimDevice)| {
            let before = (device.world.hashes, device.world.keys.derivations());
            run(device);
            let hashes = device.world.hashes - before.0;
            assert!(hashes <= HASHES, "{command:?}: {hashes} hashes");
            most.0 = hashes.max(most.0);
            device.world.keys.derivations() - before.1
        };
        let derived = turn(&mut device, &mut |device| assert_eq!(exchange(device, command).1, Status::Ok));
        assert!(derived <= IN_A_COMMAND, "{command:?}: {derived} derivations");
        most.1 = derived.max(most.1);
        if let Some(prompt) = device.prompt() {
            device.decide(prompt.ticket, true);
            while device.is_busy() {
                let derived = turn(&mut device, &mut SimDevice::step);
                assert!(derived <= IN_A_STEP, "{command:?}: {derived} derivations in a step");
                most.2 = derived.max(most.2);
            }
            assert_eq!(outcome(&mut device, prompt.ticket).state, PromptState::Approved, "{command:?}");
        }
    }
    println!("{} hashes a turn, {} derivations in a command, {} in a step", most.0, most.1, most.2);
    assert_eq!((most.1, most.2), (IN_A_COMMAND, IN_A_STEP), "what docs/protocol.md says");
}

#[test]
fn a_slot_that_is_read_decides_nothing_however_far_its_reading_has_come() {
    let armed = pages(|_| ());
    let vote = Ask { height: 42, ..PREVOTE };
    let other = Ask { block: 2, ..vote };
    let precommit = Ask { height: 40, step: Step::Precommit, ..PREVOTE };
    // Each write says that it failed, and stands: what was asked for is half written, and nobody was given a signature.
    let failed = || {
        on(&armed, |device| {
            device.paced = true;
            (0..20).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::New)));
            assert_eq!(vote.sign(device), Err(Status::StorageFault));
            device.world.medium.calm();
        })
    };
    let mut turns = 0;
    loop {
        let mut device = failed();
        (0..turns).for_each(|_| device.step());
        if !device.is_reading() {
            break;
        }
        assert_eq!(status(&mut device, 0).0, ChainState::Fault, "{turns} turns");
        let writes = device.world.medium.writes();
        for ask in [other, vote, precommit, Ask { height: 43, ..PREVOTE }] {
            assert_eq!(ask.sign(&mut device), Err(Status::StorageFault), "{turns} turns: {ask:?}");
        }
        assert_eq!(
            Extend::of(&precommit, b"said").sign(&mut device),
            Err(Status::StorageFault),
            "{turns} turns"
        );
        let command = Command::SetMark { named: named(&mut device), to: hrs(900, 0, Step::None) };
        let ticket = raise(&mut device, command);
        device.decide(ticket, true);
        assert_eq!(device.world.medium.writes(), writes, "{turns} turns");
        while device.is_reading() {
            assert_eq!(outcome(&mut device, ticket).state, PromptState::Pending, "{turns} turns");
            assert_eq!(status(&mut device, 0).0, ChainState::Fault, "{turns} turns");
            device.step();
        }
        device.finish_work();
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Approved, "{turns} turns");
        assert_eq!(status(&mut device, 0).1, hrs(900, 0, Step::None), "{turns} turns");
        turns += 1;
    }
    assert!(turns > 30, "{turns} turns");
    // A host that asks in each of them does not make it longer. What was half written is the mark then.
    let mut device = failed();
    let mut asked = 0;
    while device.is_reading() {
        assert_eq!(other.sign(&mut device), Err(Status::StorageFault), "{asked} turns");
        device.step();
        asked += 1;
    }
    assert_eq!(asked, turns);
    assert_eq!(other.sign(&mut device), Err(Status::Conflict));
    assert!(vote.sign(&mut device).is_ok());
}

#[test]
fn whoever_asks_for_a_chain_at_fault_does_not_hold_up_what_was_approved() {
    let mut device = on(&pages(|_| ()), |device| {
        (0..2_000).for_each(|nth| device.world.medium.plan(nth, Fault::Fails(Tear::Garbage(1))));
        device.world.medium.rot(newest(2)[0], DEAD);
        assert_eq!(Ask { height: 42, ..PREVOTE }.sign(device), Err(Status::StorageFault));
        assert_eq!(status(device, 0).0, ChainState::Fault);
    });
    device.paced = true;
    let command = Command::SetMark { named: named_of(&mut device), to: hrs(90, 0, Step::None) };
    let ticket = raise(&mut device, command);
    device.decide(ticket, true);
    for _ in 0..400 {
        device.step();
        assert!(Ask { height: 43, ..PREVOTE }.sign(&mut device).is_err());
        if outcome(&mut device, ticket).state != PromptState::Pending {
            return;
        }
    }
    panic!("what was approved never ends");
}

fn named_of(device: &mut SimDevice) -> highwater_core::apdu::Named<'static> {
    highwater_core::apdu::Named { chain: chain(OTHER), incarnation: status(device, 1).2 }
}
