//! Whatever cuts a write or a sync, and whichever: the mark is at or above what was released, and signing goes on.

use highwater_core::apdu::{ChainState, Command, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_hosted::Device;
use highwater_sim::audit::Auditor;
use highwater_sim::driver::place;
use highwater_sim::{Ask, Tear};

use crate::disk::{Cut, Platter};
use crate::hand::{approved, blank, boot, data, id, raw, sign, slot};

const CHAIN: &str = "cut-1";
const TEARS: [Tear; 6] =
    [Tear::Old, Tear::New, Tear::Blank, Tear::Prefix(21), Tear::Mixed(5), Tear::Garbage(9)];

fn cuts() -> impl Iterator<Item = Cut> {
    let torn = TEARS.into_iter().flat_map(|tear| [Cut::Power(tear), Cut::Fails(tear)]);
    std::iter::once(Cut::Kill).chain(torn)
}

/// Opens the device as the bridge does: again, until it opens.
fn reopen(platter: &Platter) -> Device {
    for _ in 0..3 {
        platter.restart();
        if let Ok(device) = boot(platter) {
            return device;
        }
    }
    panic!("it does not open: {:?}", boot(platter));
}

/// The mark that a device shows which starts on this disk.
fn mark(platter: &Platter, why: impl std::fmt::Debug) -> Hrs {
    let shown = slot(&mut reopen(platter), 0);
    assert_eq!(shown.state, ChainState::Armed, "{why:?}");
    shown.mark
}

/// As a node does: the same bytes, until there is a reply. What left counts, whatever becomes of the cache then.
fn released(
    mut device: Device,
    platter: &Platter,
    ask: &Ask,
    auditor: &mut Auditor,
    why: impl std::fmt::Debug + Copy,
) -> Device {
    let signed = loop {
        match sign(&mut device, ask) {
            Ok(signed) => break signed.unwrap(),
            Err(_) => device = reopen(platter),
        }
    };
    auditor.released(&ask.signed_bytes(&signed), &signed.signature).unwrap();
    for later in [platter.copy(), platter.without_power()] {
        let mark = mark(&later, (why, ask));
        auditor.mark(CHAIN, place(mark)).unwrap_or_else(|found| panic!("{why:?}: {found:?}"));
    }
    device
}

#[test]
fn cut_at_every_call_the_mark_is_never_below_what_was_released() {
    let prepared = approved(CHAIN);
    let ask = Ask::prevote(CHAIN);
    let asks = [ask, Ask { step: Step::Precommit, ..ask }, Ask { height: 11, block: 0, ..ask }];
    let key = data(&mut boot(&prepared.copy()).unwrap(), Command::GetPublicKey(id(CHAIN)));
    let mut told = 0;
    for cut in cuts() {
        for call in 0.. {
            let platter = prepared.copy();
            platter.state().plan = vec![(call, cut)];
            let mut auditor = Auditor::default();
            auditor.key(CHAIN, key.clone().try_into().unwrap());
            let mut device = reopen(&platter);
            for ask in &asks {
                device = released(device, &platter, ask, &mut auditor, (cut, call));
            }
            told += 1;
            if platter.state().calls <= call {
                break;
            }
        }
    }
    // Opening is a write and a sync, a signature two of both; and once more than there are calls.
    assert_eq!(told, cuts().count() * (2 + 3 * 4 + 1));
}

/// After a failed sync the system shows the page as it was written, and writes it no more.
#[test]
fn pages_that_only_the_cache_has_are_written_again_before_anything_rests_on_them() {
    let prepared = approved(CHAIN);
    let ask = Ask::prevote(CHAIN);
    let key = data(&mut boot(&prepared.copy()).unwrap(), Command::GetPublicKey(id(CHAIN)));
    for first in 0..12 {
        for second in first + 1..12 {
            let platter = prepared.copy();
            let fails = |call| (call, Cut::Fails(Tear::Old));
            // Of a write that fails so nothing stands anywhere; of a sync, it stands in the cache alone.
            platter.state().plan = vec![fails(first), fails(second)];
            let mut auditor = Auditor::default();
            auditor.key(CHAIN, key.clone().try_into().unwrap());
            released(reopen(&platter), &platter, &ask, &mut auditor, (first, second));
        }
    }
}

#[test]
fn cut_while_a_chain_is_added_it_is_there_or_it_is_not() {
    let add = raw(Command::AddChain { chain: id(CHAIN), key_index: 0, mark: Hrs::default() });
    let whole = blank();
    drop(boot(&whole).unwrap());
    let opening = whole.state().calls;
    let last = approved(CHAIN).state().calls;
    // The ring is prepared page by page; what counts is written at the end.
    for call in (opening..last - 16).step_by(173).chain(last - 16..last) {
        for cut in [Cut::Kill, Cut::Power(Tear::Mixed(3)), Cut::Fails(Tear::Old), Cut::Fails(Tear::New)] {
            let platter = blank();
            platter.state().plan = vec![(call, cut)];
            let mut device = boot(&platter).unwrap();
            device.exchange(&add).unwrap();
            device.press(true);
            drop(device);
            for later in [platter.copy(), platter.without_power()] {
                let mut device = reopen(&later);
                if slot(&mut device, 0).state == ChainState::Free {
                    device.exchange(&add).unwrap();
                    device.press(true);
                }
                assert_eq!(slot(&mut device, 0).state, ChainState::Armed, "{cut:?} {call}");
                sign(&mut device, &Ask::prevote(CHAIN)).unwrap().unwrap();
            }
        }
    }
}

#[test]
fn a_page_that_cannot_be_read_is_a_fault_and_no_blank_page() {
    let prepared = approved(CHAIN);
    let ask = Ask::prevote(CHAIN);
    let conflict = Ask { block: 2, ..ask };
    for read in 0..40 {
        let platter = prepared.copy();
        let mut device = boot(&platter).unwrap();
        sign(&mut device, &ask).unwrap().unwrap();
        platter.state().reads = Some(read);
        let first = sign(&mut device, &conflict);
        if platter.state().reads.is_some() {
            assert!(read > 2, "a decision reads both copies");
            assert_eq!(first, Ok(Err(Status::Conflict)));
            return;
        }
        // What the signer made of the missing page never left; neither does anything after it.
        assert!(first.is_err() && sign(&mut device, &ask).is_err(), "{read}: {first:?}");
        drop(device);
        assert_eq!(sign(&mut reopen(&platter), &conflict), Ok(Err(Status::Conflict)), "{read}");
    }
    panic!("a decision that reads more than 40 pages");
}
