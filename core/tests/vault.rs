//! Imported keys: held, backed up, restored, forgotten; and what a chain does with one.

use ed25519_dalek::{Signature, SigningKey};
use highwater_core::apdu::{ChainState, Command, HeldKey, KeyList, KeyState, PromptState, Seed, Status};
use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::{Hrs, Step};
use highwater_core::layout::{KEYS, RINGS, entry_page, key_place};
use highwater_sim::{Ask, Derives, Fault, SimDevice, Tear, World, sealed};
use sha2::{Digest, Sha256};

use crate::stage::{CHAIN, PREVOTE, approved, chain, exchange, hrs, named, outcome, raise, status};

const SEED: &[u8] = b"stage";
const ROTTEN: [u8; 64] = [0xa5; 64];

/// The first page of a copy of an imported key.
fn key_page(number: u8, copy: u16) -> u16 {
    entry_page(key_place(number.into()), copy)
}

/// The pages of all keys.
fn key_pages() -> impl Iterator<Item = (u8, u16)> {
    let copies = (0..KEYS as u8).flat_map(|number| [0, 1].map(|copy| (number, key_page(number, copy))));
    copies.flat_map(|(number, page)| [(number, page), (number, page + 1)])
}

/// The pages of the slots' entries.
fn entry_pages() -> impl Iterator<Item = u16> {
    (2..RINGS).filter(|page| key_pages().all(|(_, of_key)| of_key != *page))
}

fn device() -> SimDevice {
    SimDevice::boot(World::new(SEED, 8))
}

const fn key(byte: u8) -> [u8; 32] {
    [byte; 32]
}

fn public(byte: u8) -> [u8; 32] {
    SigningKey::from_bytes(&key(byte)).verifying_key().to_bytes()
}

/// Imports a key; gives its number.
fn import(device: &mut SimDevice, byte: u8) -> Result<u16, Status> {
    Ok(done(approved(device, Command::ImportKey(Seed(&key(byte))))?))
}

fn restore(device: &mut SimDevice, backup: &[u8]) -> Result<u16, Status> {
    Ok(done(approved(device, Command::RestoreKey(backup.try_into().unwrap()))?))
}

fn forget(device: &mut SimDevice, number: u8) -> Result<u16, Status> {
    Ok(done(approved(device, Command::ForgetKey(number))?))
}

#[track_caller]
fn done(outcome: highwater_core::apdu::PromptStatus) -> u16 {
    assert_eq!((outcome.state, outcome.status), (PromptState::Approved, Status::Ok.word()));
    assert_eq!((outcome.mark, outcome.highest_signed), (Hrs::ZERO, Hrs::ZERO));
    outcome.incarnation
}

fn backup(device: &mut SimDevice, number: u8) -> Result<Vec<u8>, Status> {
    match exchange(device, Command::BackupKey(number)) {
        (data, Status::Ok) => Ok(data),
        (_, refused) => Err(refused),
    }
}

/// What every place holds: a key by its byte, 255 one that is damaged.
fn held(device: &mut SimDevice) -> [Option<u8>; KEYS] {
    let (data, status) = exchange(device, Command::GetKeys);
    assert_eq!(status, Status::Ok);
    let list = KeyList::parse(&data).unwrap();
    assert_eq!((list.places, data.len()), (3, 1 + 3 * 33));
    list.keys.map(|listed| {
        listed.map(|HeldKey { state, public: key, .. }| match state {
            KeyState::Held => (0..255).find(|byte| public(*byte) == key).unwrap(),
            KeyState::Damaged => {
                assert_eq!(key, [0; 32]);
                255
            }
        })
    })
}

fn add(device: &mut SimDevice, id: &str, number: u32) -> Result<ChainState, Status> {
    let command = Command::AddChain { chain: chain(id), key_index: 1 << 31 | number, mark: Hrs::ZERO };
    approved(device, command).map(|_| status(device, 0).0)
}

fn rot(device: &mut SimDevice, number: u8) {
    (0..2).for_each(|copy| device.world.medium.rot(key_page(number, copy), ROTTEN));
}

/// A device with key 7 in place 0, and [`CHAIN`] that signs with it.
fn armed() -> SimDevice {
    let mut device = device();
    import(&mut device, 7).unwrap();
    assert_eq!(add(&mut device, CHAIN, 0), Ok(ChainState::Armed));
    device
}

fn at(height: u64) -> Ask {
    Ask { height, ..PREVOTE }
}

#[test]
fn an_imported_key_signs_and_signs_the_same_after_a_restart() {
    let mut device = armed();
    assert_eq!(exchange(&mut device, Command::GetPublicKey(chain(CHAIN))).0, public(7));
    let signed = PREVOTE.sign(&mut device).unwrap();
    let key = SigningKey::from_bytes(&key(7)).verifying_key();
    key.verify_strict(&PREVOTE.bytes(), &Signature::from_bytes(&signed.signature)).unwrap();
    let mut device = device.restart();
    assert_eq!(PREVOTE.sign(&mut device), Ok(signed));
    let derivations = device.world.keys.derivations();
    at(11).sign(&mut device).unwrap();
    assert_eq!(device.world.keys.derivations(), derivations, "a signature opens nothing");
    assert_eq!(held(&mut device), [Some(7), None, None]);
}

#[test]
fn three_keys_are_held_and_a_fourth_is_refused_before_the_owner_is_asked() {
    let mut device = device();
    assert_eq!(held(&mut device), [None; 3]);
    assert_eq!([1, 2, 3].map(|byte| import(&mut device, byte)), [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(import(&mut device, 4), Err(Status::VaultFull));
    assert_eq!(device.prompt(), None);
    // Of a key that is held, its own number.
    assert_eq!([3, 1].map(|byte| import(&mut device, byte)), [Ok(2), Ok(0)]);
    assert_eq!(held(&mut device.restart()), [Some(1), Some(2), Some(3)]);
}

#[test]
fn nothing_is_held_before_the_press_and_nothing_after_a_refusal() {
    for command in [Command::ImportKey(Seed(&key(9))), Command::ForgetKey(0)] {
        let mut device = device();
        import(&mut device, 7).unwrap();
        let before = device.world.medium.pages().to_vec();
        let ticket = raise(&mut device, command);
        assert_eq!(held(&mut device), [Some(7), None, None]);
        device.decide(ticket, false);
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Denied);
        assert!(device.world.medium.pages() == before, "{command:?}");
        device.signer().0.home_touched();
        let ticket = raise(&mut device, command);
        device.world.unlocked = false;
        device.decide(ticket, true);
        device.finish_work();
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Pending, "no press counts while locked");
        device.tick(601);
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Expired);
        assert!(device.world.medium.pages() == before, "{command:?}");
    }
}

#[test]
fn no_key_is_named_that_is_not_there() {
    let mut device = armed();
    let ask = |key_index| Command::AddChain { chain: chain("stage-2"), key_index, mark: Hrs::ZERO };
    assert_eq!(exchange(&mut device, ask(SECRET_INDEX)).1, Status::Length, "the sealing key");
    for number in [1, 2, 3, 0x100, 0x7fff_ffff] {
        assert_eq!(exchange(&mut device, ask(1 << 31 | number)).1, Status::NoKey, "{number:x}");
    }
    for number in [1, 2, 3, 255] {
        assert_eq!(exchange(&mut device, Command::BackupKey(number)).1, Status::NoKey, "{number}");
        assert_eq!(exchange(&mut device, Command::ForgetKey(number)).1, Status::NoKey, "{number}");
    }
    rot(&mut device, 0);
    assert_eq!(exchange(&mut device, ask(1 << 31)).1, Status::StorageDamaged);
    assert_eq!(backup(&mut device, 0), Err(Status::StorageDamaged));
}

#[test]
fn a_key_that_a_chain_or_its_tombstone_names_is_not_forgotten() {
    let mut device = armed();
    let refused = |device: &mut SimDevice| exchange(device, Command::ForgetKey(0)).1;
    assert_eq!(refused(&mut device), Status::KeyInUse, "armed");
    let life = named(&mut device);
    (0..16).for_each(|index| {
        let page = device.world.medium.rings().page(0, index);
        device.world.medium.rot(page, ROTTEN);
    });
    device.reboot();
    assert_eq!(status(&mut device, 0).0, ChainState::Unclear);
    assert_eq!(refused(&mut device), Status::KeyInUse, "unclear");
    approved(&mut device, Command::RemoveChain(life)).unwrap();
    assert_eq!(refused(&mut device), Status::KeyInUse, "a tombstone");
    approved(&mut device, Command::ForgetChain(life)).unwrap();
    assert_eq!(forget(&mut device, 0), Ok(0));
    assert_eq!(held(&mut device), [None; 3]);
    assert_eq!(import(&mut device, 8), Ok(0), "its place is free again");
    assert_eq!(held(&mut device.restart()), [Some(8), None, None]);
}

#[test]
fn nothing_is_forgotten_while_the_entry_of_a_slot_is_lost() {
    let mut device = armed();
    entry_pages().for_each(|page| device.world.medium.rot(page, ROTTEN));
    let mut device = device.restart();
    assert_eq!(exchange(&mut device, Command::ForgetKey(0)).1, Status::StorageDamaged);
    (0..3).for_each(|slot| assert!(approved(&mut device, Command::ForgetSlot(slot)).is_ok()));
    assert_eq!(forget(&mut device, 0), Ok(0));
}

/// The slot still signs by what RAM holds; at the next start nobody could tell which key it needs.
#[test]
fn a_key_is_not_forgotten_either_where_the_entry_was_lost_since_the_start() {
    let mut device = armed();
    entry_pages().for_each(|page| device.world.medium.rot(page, ROTTEN));
    assert_eq!(exchange(&mut device, Command::ForgetKey(0)).1, Status::StorageDamaged);
    assert_eq!(held(&mut device), [Some(7), None, None]);
}

/// A computation that fails is told to nobody, and no file is written that opens nowhere.
#[test]
fn a_backup_names_the_seed_as_it_is_on_record_whatever_is_derived_now() {
    let mut device = armed();
    let good = backup(&mut device, 0).unwrap();
    // The second point that is computed was the seed's.
    device.world.keys.spoilt = Some(1);
    assert_eq!(backup(&mut device, 0).unwrap(), good);
}

#[test]
fn a_backup_is_the_vector_of_an_independent_program_and_brings_the_key_back() {
    // The emulators' default words.
    let seed = hex::decode(
        "b11997faff420a331bb4a4ffdc8bdc8ba7c01732a99a30d83dbbebd469666c84\
         b47d09d3f5f472b3b9384ac634beba2a440ba36ec7661144132f35e206873564",
    );
    let mut device = SimDevice::boot(World::new(&seed.unwrap(), 8));
    import(&mut device, 7).unwrap();
    let bytes = backup(&mut device, 0).unwrap();
    assert_eq!(
        hex::encode(&bytes),
        "48574b4201010000d6771849f4a566dbea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c\
         7561a53c369fce7a02d1acb64d12a7eef562728d764f0bccbeaa7306170dc3a87663b908142f3e904ff719c1aa7c1856\
         0a6ecc0bdb4fac3c"
    );
    forget(&mut device, 0).unwrap();
    assert_eq!(restore(&mut device, &bytes), Ok(0));
    assert_eq!(restore(&mut device, &bytes), Ok(0), "it is there");
    assert_eq!(held(&mut device.restart()), [Some(7), None, None]);
}

#[test]
fn a_sealed_key_is_what_the_independent_seal_makes_and_opens() {
    let mut device = device();
    import(&mut device, 7).unwrap();
    let bytes = backup(&mut device, 0).unwrap();
    let sealing = sealed::sealing_key(SEED);
    assert_eq!(bytes[48..96], sealed::seal(&sealing, &key(7)));
    assert_eq!(sealed::open(&sealing, bytes[48..96].try_into().unwrap()), Some(key(7)));
    // And what that one seals is taken here: a backup that another program made.
    let mut made = bytes;
    made[16..48].copy_from_slice(&public(9));
    made[48..96].copy_from_slice(&sealed::seal(&sealing, &key(9)));
    checked(&mut made);
    assert_eq!(restore(&mut device, &made), Ok(1));
    assert_eq!(held(&mut device), [Some(7), Some(9), None]);
}

/// Puts right the last bytes of a backup.
fn checked(bytes: &mut [u8]) {
    let check = Sha256::digest(&bytes[..96]);
    bytes[96..].copy_from_slice(&check[..8]);
}

#[test]
fn every_bit_of_a_backup_counts_whether_its_check_is_right_or_not() {
    let mut device = device();
    import(&mut device, 7).unwrap();
    let bytes = backup(&mut device, 0).unwrap();
    forget(&mut device, 0).unwrap();
    for bit in 0..8 * 104 {
        for right in [false, true] {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            if right && bit < 96 * 8 {
                checked(&mut forged);
            }
            device.signer().0.home_touched();
            assert_eq!(restore(&mut device, &forged), Err(Status::BadBackup), "bit {bit}");
        }
    }
    device.signer().0.home_touched();
    assert_eq!(restore(&mut device, &bytes), Ok(0));
}

#[test]
fn a_backup_of_another_seed_pauses_prompts_as_a_refusal_does() {
    let mut other = SimDevice::boot(World::new(b"another", 8));
    import(&mut other, 7).unwrap();
    let foreign = backup(&mut other, 0).unwrap();
    let mut device = device();
    for pause in [600, 1_200, 2_400] {
        assert_eq!(restore(&mut device, &foreign), Err(Status::BadBackup));
        // Neither guessed at again nor anything else asked meanwhile.
        assert_eq!(restore(&mut device, &foreign), Err(Status::PromptsPaused));
        assert_eq!(import(&mut device, 7), Err(Status::PromptsPaused));
        device.tick(pause - 1);
        assert_eq!(restore(&mut device, &foreign), Err(Status::PromptsPaused));
        device.tick(1);
    }
    assert_eq!(import(&mut device, 7), Ok(0));
}

#[test]
fn what_became_of_the_last_question_is_told_after_a_backup_was_refused() {
    let mut device = device();
    let ticket = raise(&mut device, Command::ImportKey(Seed(&key(7))));
    device.decide(ticket, true);
    device.finish_work();
    assert_eq!(restore(&mut device, &[0; 104]), Err(Status::BadBackup));
    assert_eq!(done(outcome(&mut device, ticket)), 0);
}

#[test]
fn a_lost_key_stops_its_chain_alone_and_its_backup_heals_it() {
    let mut device = armed();
    let other = Command::AddChain { chain: chain("stage-2"), key_index: 1, mark: Hrs::ZERO };
    approved(&mut device, other).unwrap();
    let bytes = backup(&mut device, 0).unwrap();
    let signed = PREVOTE.sign(&mut device).unwrap();
    rot(&mut device, 0);
    let mut device = device.restart();
    assert_eq!(held(&mut device), [Some(255), None, None]);
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault));
    Ask { chain: "stage-2", ..PREVOTE }.sign(&mut device).unwrap();
    assert_eq!(exchange(&mut device, Command::ForgetKey(0)).1, Status::KeyInUse);
    // Another key takes a free place, never the one that the chain names.
    assert_eq!([8, 9].map(|byte| import(&mut device, byte)), [Ok(1), Ok(2)]);
    assert_eq!(import(&mut device, 10), Err(Status::VaultFull));
    assert_eq!(restore(&mut device, &bytes), Ok(0));
    assert_eq!(held(&mut device), [Some(7), Some(8), Some(9)]);
    assert_eq!(PREVOTE.sign(&mut device), Ok(signed), "the mark stood all the while");
    at(11).sign(&mut device).unwrap();
}

#[test]
fn whoever_is_told_that_a_key_is_back_gets_its_signature_at_once() {
    let mut device = armed();
    let bytes = backup(&mut device, 0).unwrap();
    let signed = PREVOTE.sign(&mut device).unwrap();
    rot(&mut device, 0);
    let mut device = device.restart();
    assert_eq!(PREVOTE.sign(&mut device), Err(Status::StorageFault));
    device.finish_work();
    device.paced = true;
    let ticket = raise(&mut device, Command::RestoreKey(bytes[..].try_into().unwrap()));
    device.finish_work();
    device.decide(ticket, true);
    let mut turns = 0;
    while outcome(&mut device, ticket).state == PromptState::Pending {
        device.step();
        turns += 1;
        assert!(turns < 100, "no end");
    }
    assert_eq!(done(outcome(&mut device, ticket)), 0);
    assert_eq!(PREVOTE.sign(&mut device), Ok(signed), "after {turns} turns");
}

#[test]
fn the_key_of_a_chain_goes_where_the_chain_misses_it_though_another_place_is_free() {
    let mut device = device();
    for byte in [7, 8] {
        import(&mut device, byte).unwrap();
    }
    add(&mut device, CHAIN, 1).unwrap();
    forget(&mut device, 0).unwrap();
    rot(&mut device, 1);
    assert_eq!(import(&mut device, 8), Ok(1));
    assert_eq!(held(&mut device), [None, Some(8), None]);
}

#[test]
fn a_lost_key_that_nobody_names_is_forgotten_or_written_over_when_no_place_is_free() {
    let mut device = device();
    for byte in [1, 2, 3] {
        import(&mut device, byte).unwrap();
    }
    rot(&mut device, 1);
    assert_eq!(import(&mut device, 4), Ok(1));
    assert_eq!(held(&mut device), [Some(1), Some(4), Some(3)]);
    rot(&mut device, 1);
    assert_eq!(forget(&mut device, 1), Ok(1));
    assert_eq!(held(&mut device.restart()), [Some(1), None, Some(3)]);
}

#[test]
fn one_bad_copy_is_repaired_at_the_next_start_and_costs_nothing_before() {
    for copy in 0..2 {
        let mut device = armed();
        let before = device.world.medium.pages().to_vec();
        device.world.medium.rot(key_page(0, copy), ROTTEN);
        assert_eq!(held(&mut device), [Some(7), None, None]);
        let mut device = device.restart();
        assert!(device.world.medium.pages() == before, "copy {copy}");
        assert_eq!(held(&mut device), [Some(7), None, None]);
    }
}

#[test]
fn a_copy_counts_at_its_own_place_and_in_its_own_installation_alone() {
    let mut device = device();
    for byte in [1, 2] {
        import(&mut device, byte).unwrap();
    }
    let pages = device.world.medium.pages().to_vec();
    for (to, from) in [(key_page(0, 0), key_page(1, 0)), (key_page(0, 1), key_page(0, 0))] {
        (0..2).for_each(|half| device.world.medium.rot(to + half, pages[usize::from(from + half)]));
    }
    assert_eq!(held(&mut device), [Some(255), Some(2), None]);
}

#[test]
fn a_sealing_key_that_comes_out_wrong_once_is_never_told_as_done() {
    // Of an import: sealed with two, opened with two; and opened with two more as flash has it then.
    for wrong in 0..6 {
        let mut device = device();
        let before = device.world.medium.pages().to_vec();
        device.world.derives = vec![Derives::Well; wrong];
        device.world.derives.insert(0, Derives::Wrong(3));
        let (data, told) = exchange(&mut device, Command::ImportKey(Seed(&key(7))));
        if wrong < 4 {
            assert_eq!(told, Status::StorageFault, "{wrong}");
            assert!(device.world.medium.pages() == before);
        } else {
            let ticket = u32::from_le_bytes(data.try_into().unwrap());
            device.decide(ticket, true);
            device.finish_work();
            let ended = outcome(&mut device, ticket);
            assert_eq!((ended.state, ended.status), (PromptState::Failed, Status::StorageFault.word()));
        }
        assert!(device.world.derives.is_empty(), "{wrong}: it was met");
        assert_eq!(import(&mut device, 7), Ok(0), "{wrong}");
        assert_eq!(held(&mut device.restart()), [Some(7), None, None], "{wrong}");
    }
}

#[test]
fn a_public_key_that_comes_out_wrong_is_never_told_as_done() {
    // The second one is of the backup, which nobody sees.
    for spoilt in [0, 1] {
        let mut device = device();
        device.world.keys.spoilt = Some(spoilt);
        let ticket = raise(&mut device, Command::ImportKey(Seed(&key(7))));
        device.decide(ticket, true);
        device.finish_work();
        assert_eq!(outcome(&mut device, ticket).state, PromptState::Failed, "{spoilt}");
        assert_eq!(import(&mut device, 7), Ok(0), "{spoilt}");
    }
}

#[test]
fn a_key_that_does_not_open_is_listed_as_damaged_and_its_place_can_be_freed() {
    // As if every derivation had come out wrong while it was sealed, and none since.
    let mut device = device();
    device.world.derives = vec![Derives::Wrong(3); 4];
    let ticket = raise(&mut device, Command::ImportKey(Seed(&key(7))));
    device.decide(ticket, true);
    device.finish_work();
    assert_eq!(outcome(&mut device, ticket).state, PromptState::Failed);
    let mut device = device.restart();
    assert_eq!(held(&mut device), [Some(255), None, None]);
    assert_eq!(backup(&mut device, 0), Err(Status::StorageFault));
    assert_eq!(forget(&mut device, 0), Ok(0));
    assert_eq!(held(&mut device), [None; 3]);
}

#[test]
fn a_chain_signs_with_no_other_key_than_it_was_added_with() {
    let mut device = armed();
    let bytes = device.world.medium.pages().to_vec();
    // As if somebody could write pages: the place of the chain's key holds another one.
    let mut second = SimDevice::boot(World::new(SEED, 8));
    second.world.medium.restore(&bytes);
    key_pages().for_each(|(_, page)| second.world.medium.rot(page, [0; 64]));
    let mut second = second.restart();
    assert_eq!(import(&mut second, 9), Ok(0), "blank: nobody knows that a key stood there");
    assert_eq!(PREVOTE.sign(&mut second), Err(Status::StorageFault));
    let mut second = second.restart();
    assert_eq!(PREVOTE.sign(&mut second), Err(Status::StorageFault));
    PREVOTE.sign(&mut device).unwrap();
}

#[test]
fn two_chains_may_share_an_imported_key_and_both_hold_it() {
    let mut device = armed();
    let command =
        Command::AddChain { chain: chain("stage-2"), key_index: 1 << 31, mark: hrs(5, 0, Step::None) };
    approved(&mut device, command).unwrap();
    let one = PREVOTE.sign(&mut device).unwrap();
    let other = Ask { chain: "stage-2", ..PREVOTE }.sign(&mut device).unwrap();
    assert_ne!(one, other);
    let life = named(&mut device);
    approved(&mut device, Command::RemoveChain(life)).unwrap();
    approved(&mut device, Command::ForgetChain(life)).unwrap();
    assert_eq!(exchange(&mut device, Command::ForgetKey(0)).1, Status::KeyInUse);
}

/// What is asked of a vault with keys 1 and 2, and what it holds when it was done.
type Change = (fn(&[u8; 104], &mut dyn FnMut(Command<'_>)), [Option<u8>; KEYS]);

const CHANGES: [Change; 4] = [
    (|_, ask| ask(Command::ImportKey(Seed(&key(3)))), [Some(1), Some(2), Some(3)]),
    (|_, ask| ask(Command::ForgetKey(0)), [None, Some(2), None]),
    (|backup, ask| ask(Command::RestoreKey(backup)), [Some(1), Some(2), Some(4)]),
    (|_, ask| ask(Command::ImportKey(Seed(&key(2)))), [Some(1), Some(2), None]),
];

/// Asks for it and has it approved, whatever comes of it.
fn change(device: &mut SimDevice, (wanted, _): &Change, backup: &[u8]) {
    wanted(backup.try_into().unwrap(), &mut |command| {
        let _ = approved(device, command);
    });
}

fn two_keys() -> (Vec<[u8; 64]>, Vec<u8>) {
    let mut other = SimDevice::boot(World::new(SEED, 8));
    import(&mut other, 4).unwrap();
    let backup = backup(&mut other, 0).unwrap();
    let mut device = device();
    for byte in [1, 2] {
        import(&mut device, byte).unwrap();
    }
    (device.world.medium.pages().to_vec(), backup)
}

fn of(image: &[[u8; 64]]) -> SimDevice {
    let mut world = World::new(SEED, 8);
    world.medium.restore(image);
    SimDevice::boot(world)
}

const TEARS: [Tear; 8] = [
    Tear::Old,
    Tear::New,
    Tear::Blank,
    Tear::Prefix(9),
    Tear::Prefix(40),
    Tear::Mixed(1),
    Tear::Mixed(2),
    Tear::Garbage(3),
];

#[test]
fn a_cut_at_any_write_leaves_the_old_or_the_new_and_so_does_one_in_the_recovery() {
    let (image, backup) = two_keys();
    let old = [Some(1), Some(2), None];
    let mut cuts = 0;
    for wanted in &CHANGES {
        for tear in TEARS {
            // Two copies of two pages.
            for nth in 0..4 {
                let mut device = of(&image);
                device.world.medium.plan(nth, Fault::Cut(tear));
                change(&mut device, wanted, &backup);
                let torn = device.world.medium.pages().to_vec();
                let mut device = device.restart();
                let found = held(&mut device);
                assert!(found == old || found == wanted.1, "{nth}, {tear:?}: {found:?}");
                for again in TEARS {
                    for second in 0..4 {
                        let mut world = World::new(SEED, 8);
                        world.medium.restore(&torn);
                        world.medium.plan(second, Fault::Cut(again));
                        let mut recovered = SimDevice::boot(world).restart();
                        let kept = held(&mut recovered);
                        assert_eq!(kept, found, "{nth}, {tear:?}, then {second}, {again:?}");
                    }
                }
                // What was cut is done the next time.
                if found == old {
                    change(&mut device, wanted, &backup);
                    assert_eq!(held(&mut device.restart()), wanted.1, "{nth}, {tear:?}");
                }
                cuts += 1;
            }
        }
    }
    assert_eq!(cuts, 4 * 8 * 4);
}

#[test]
fn a_write_that_fails_or_lies_is_told_and_leaves_the_old_or_the_new() {
    let (image, backup) = two_keys();
    let old = [Some(1), Some(2), None];
    for wanted in &CHANGES {
        for fault in
            [Fault::Lies, Fault::Fails(Tear::Old), Fault::Fails(Tear::Garbage(1)), Fault::Fails(Tear::New)]
        {
            for nth in 0..4 {
                let mut device = of(&image);
                device.world.medium.plan(nth, fault);
                change(&mut device, wanted, &backup);
                device.world.medium.calm();
                let found = held(&mut device.restart());
                assert!(found == old || found == wanted.1, "{nth}, {fault:?}: {found:?}");
            }
        }
    }
}

#[test]
fn a_copy_that_rots_beside_a_cut_is_noticed_or_leaves_the_old_or_the_new() {
    let (image, backup) = two_keys();
    let old = [Some(1), Some(2), None];
    for wanted in &CHANGES {
        for tear in TEARS {
            for nth in 0..4 {
                for (number, page) in key_pages() {
                    let mut device = of(&image);
                    device.world.medium.plan(nth, Fault::Cut(tear));
                    change(&mut device, wanted, &backup);
                    device.world.medium.rot(page, ROTTEN);
                    let found = held(&mut device.restart());
                    for at in 0..KEYS {
                        let lost = at == usize::from(number) && found[at] == Some(255);
                        assert!(
                            lost || found[at] == old[at] || found[at] == wanted.1[at],
                            "{page}, {found:?}"
                        );
                    }
                }
            }
        }
    }
}
