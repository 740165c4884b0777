//! Whether a chain signs, and if not, why and what to do.

use std::time::{Duration, Instant};

use super::links::{self, Host};
use super::{Cause, Problem};
use crate::advice;
use crate::device::{Fault, Seen, Session, SlotNumber, SlotState, Standing};
use crate::signer::{ChainView, DiskState, Fate, NodeView, Unsigned};

/// So many of the last hundred blocks; the alerts have the same number.
const MANY_MISSED: u64 = 5;

/// The slowest chains known take a minute for a block.
const UNASKED: Duration = Duration::from_secs(600);

/// The device as it described itself, or why it is away, and the cure.
pub(super) fn device(seen: &Seen, now: Instant) -> Result<&Session, String> {
    if let Some(age) = seen.overdue(now) {
        return Err(advice::cable_hangs(age));
    }
    seen.session
        .as_ref()
        .ok_or_else(|| seen.fault.as_ref().map_or_else(|| advice::being_opened().to_owned(), advice::fault))
}

/// Why a chain does not sign, with the other signer of its key before it: that one is more urgent than whatever keeps this one
/// from signing, and may be the cause.
pub(super) fn problem(
    device: Result<&Session, &str>,
    view: &ChainView,
    installations: &[(&str, [u8; 16])],
    host: Option<&Host>,
) -> Option<Problem> {
    let problem = not_signing(device, view, installations, host)?;
    Some(match elsewhere(view) {
        Some(risk) => Problem { cause: Cause::Elsewhere, text: format!("{risk}. Besides: {}", problem.text) },
        None => problem,
    })
}

/// The signatures of another signer, as a node tells them.
fn elsewhere(view: &ChainView) -> Option<String> {
    let found = view.on_chain.as_ref()?.elsewhere?;
    Some(advice::signed_elsewhere(&view.chain, found))
}

/// Why a chain does not sign, and the cure; `None`: its device is the right one and armed, a node is there, and its
/// requests are signed. `installations` are those of all devices that have a name and are there.
fn not_signing(
    device: Result<&Session, &str>,
    view: &ChainView,
    installations: &[(&str, [u8; 16])],
    host: Option<&Host>,
) -> Option<Problem> {
    let of_chain = |text: String| Some(Problem { cause: Cause::Other, text });
    let of_device = |text: String| {
        Some(Problem { cause: Cause::Device, text: advice::of_device(view.device.as_deref(), text) })
    };
    if let Some(stopped) = view.stopped {
        return of_chain(advice::stopped(&view.chain, stopped));
    }
    if view.pinning {
        return of_chain(advice::pinning(&view.chain));
    }
    let session = match device {
        Ok(session) => session,
        Err(away) => return of_device(away.to_owned()),
    };
    if session.standing != Standing::Sound {
        return advice::standing(session.standing).map(str::to_owned).and_then(of_device);
    }
    if session.installation != view.installation {
        let pinned = installations.iter().find(|(_, known)| *known == view.installation);
        if let (Some(now), Some((pinned, _))) = (view.device.as_deref(), pinned) {
            return of_chain(advice::pinned_to_device(&view.chain, now, pinned));
        }
        let (found, pinned) = (session.installation, view.installation);
        return of_device(advice::fault(&Fault::OtherInstallation { found, pinned }));
    }
    match session.slots.iter().find(|slot| slot.chain == view.chain).map(|slot| slot.state) {
        Some(SlotState::Armed) => {}
        None | Some(SlotState::Free | SlotState::Damaged) => {
            return of_chain(match session.perhaps(&view.chain) {
                Some(slot) => advice::perhaps_damaged(&view.chain, SlotNumber::of(slot.slot)),
                None => advice::not_on_device(&view.chain),
            });
        }
        Some(SlotState::Removed | SlotState::RemovedUnclear) => {
            return of_chain(advice::was_removed(&view.chain));
        }
        Some(SlotState::Unclear) => return of_chain(advice::is_unclear(&view.chain)),
        Some(SlotState::Fault) => return of_chain(advice::slot_fault(&view.chain)),
    }
    if let Some(mark) = view.taken_back {
        return of_chain(advice::taken_back_on_device(&view.chain, view.highest_requested, mark));
    }
    // With several nodes nothing leaves before its record is on the disk.
    if view.nodes.len() > 1
        && let Some(problem) = disk(view)
    {
        return of_chain(problem);
    }
    if !view.nodes.iter().any(|node| node.connected) {
        if let Some(problem) = links::problem(view, host) {
            return Some(problem);
        }
        let nodes: Vec<_> =
            view.nodes.iter().map(|node| (&*node.address, node.complaint.as_deref())).collect();
        return of_chain(advice::no_node(&view.chain, &nodes));
    }
    // The kernel holds a link up for a process that hangs.
    let connected = || view.nodes.iter().filter(|node| node.connected);
    if connected().all(NodeView::is_silent) {
        let nodes: Vec<_> = connected().filter_map(|node| Some((&*node.address, node.silent?))).collect();
        return of_chain(advice::nodes_silent(&view.chain, &nodes));
    }
    of_chain(match view.unsigned.as_ref()? {
        Unsigned::Wrong(words) => words.clone(),
        Unsigned::BeyondStop(stop) => advice::above_stop(&view.chain, *stop),
        Unsigned::Undecided(hrs, cause) => advice::undecided(&view.chain, *hrs, *cause),
        Unsigned::Many { requests, last } => advice::unsigned(&view.chain, *requests, last),
    })
}

/// What needs a person although the chain signs. Where it does not sign, its problem tells of the other signer.
pub(super) fn warning(view: &ChainView, host: Option<&Host>, signs: bool) -> Option<Problem> {
    let risk = elsewhere(view).filter(|_| signs).map(|text| Problem { cause: Cause::Elsewhere, text });
    risk.or_else(|| other_warning(view, host))
}

fn other_warning(view: &ChainView, host: Option<&Host>) -> Option<Problem> {
    let cut = || view.nodes.iter().find_map(|node| links::cut(&view.chain, node, host));
    // Where no node is connected, it is why the chain does not sign.
    let cut = || cut().filter(|_| view.nodes.iter().any(|node| node.connected));
    let of = |cause: Cause| move |text: String| Problem { cause, text };
    let disk = disk(view).filter(|_| view.nodes.len() <= 1).map(of(Cause::Other));
    let chain = || stands(view).or_else(|| on_chain(view));
    disk.or_else(|| cut().map(of(Cause::Link))).or_else(|| chain().map(of(Cause::Other)))
}

/// The chain stands, or its node gave up on its signer.
fn stands(view: &ChainView) -> Option<String> {
    let Some(found) = &view.on_chain else { return nothing_signed(view) };
    let found = Some(found).filter(|found| found.problem.is_none())?;
    let newest = found.newest.filter(|newest| newest.stands(found.pace))?;
    Some(advice::nobody_asks(&view.chain, newest.quiet, newest.age, newest.asked))
}

/// Where no `rpc` tells how the chain is: it signs by all that is seen here, and nobody has asked for long.
fn nothing_signed(view: &ChainView) -> Option<String> {
    let asks = view.unsigned.is_some() || !view.nodes.iter().any(|node| node.connected);
    let long = !asks && view.signature_age >= UNASKED;
    long.then(|| advice::nothing_signed(&view.chain, view.signature_age, view.last_signed.is_some()))
}

/// Why the chain has not our signatures. Of a hundred blocks a few are missed now and then, and a node's word is only a word.
fn on_chain(view: &ChainView) -> Option<String> {
    let counts = &view.on_chain.as_ref()?.counts;
    let many = |count: u64| Some(count).filter(|count| *count >= MANY_MISSED);
    let late = many(counts.of(Fate::Late) + counts.of(Fate::Behind));
    let late = late.map(|late| advice::blocks_late(view, late, counts.blocks()));
    late.or_else(|| Some(advice::blocks_unasked(view, many(counts.of(Fate::Unasked))?, counts.blocks())))
}

/// Why the state file is not as it should be.
fn disk(view: &ChainView) -> Option<String> {
    let several = view.nodes.len() > 1;
    match &view.disk {
        DiskState::Writes => None,
        DiskState::Fails(why) => Some(advice::disk_fails(&view.chain, why, several)),
        DiskState::Hangs(behind) => Some(advice::disk_hangs(&view.chain, *behind, several)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use highwater_core::apdu::Status;
    use highwater_core::hrs::{Hrs, Step};
    use highwater_guard::{Cause, Stopped};

    use super::*;
    use crate::device::Slot;
    use crate::hrs_text::HrsText;
    use crate::node::IDLE;
    use crate::node::host_network::{HostNetwork, Told};
    use crate::signer::{Counts, Elsewhere, Last, Medians, Newest, OnChain};

    fn hrs(height: u64) -> Hrs {
        Hrs::new(height, 0, Step::Prevote).unwrap()
    }

    fn seen() -> Seen {
        let slot = Slot::played("alpha-1", SlotState::Armed, HrsText(hrs(5)));
        let session = Session { installation: [9; 16], ..Session::played(vec![slot]) };
        Seen { session: Some(session), ..Seen::default() }
    }

    fn view() -> ChainView {
        ChainView {
            chain: "alpha-1".to_owned(),
            device: None,
            installation: [9; 16],
            stopped: None,
            taken_back: None,
            pinning: false,
            highest_requested: hrs(5),
            intention: None,
            owner: None,
            last_signed: Some(hrs(5)),
            signature_age: Duration::ZERO,
            unsigned: None,
            last_refusal: None,
            refused: Vec::new(),
            nodes: vec![NodeView {
                connected: true,
                silent: Some(Duration::from_secs(3)),
                ..NodeView::new("unix:///run/node.sock".into())
            }],
            disk: DiskState::Writes,
            disk_behind: Duration::ZERO,
            counts: [1, 0, 0],
            counted: Duration::from_secs(10),
            missed: 0,
            recent: Vec::new(),
            timing: Medians::default(),
            on_chain: None,
        }
    }

    /// As a report tells it, so long after the last look.
    fn told(seen: &Seen, view: &ChainView, since_look: u64) -> Option<String> {
        let mut seen = seen.clone();
        let looked = *seen.looked.get_or_insert_with(Instant::now);
        let device = device(&seen, looked + Duration::from_secs(since_look));
        problem(device.as_ref().copied().map_err(String::as_str), view, &[], None).map(|problem| problem.text)
    }

    fn slot(seen: &mut Seen) -> &mut Slot {
        &mut seen.session.as_mut().unwrap().slots[0]
    }

    type Twist = fn(&mut Seen, &mut ChainView);

    #[test]
    fn each_reason_not_to_sign_is_a_problem_with_its_own_cause_and_cure() {
        assert_eq!(told(&seen(), &view(), 0), None);
        let table: [(Twist, &str, &str); 21] = [
            (
                |seen, _| {
                    let slot = slot(seen);
                    (slot.chain, slot.state) = (String::new(), SlotState::Damaged);
                },
                "slot 1 of this device is damaged, and may be that of alpha-1",
                "chain forget --slot 1",
            ),
            (
                |_, view| {
                    view.stopped =
                        Some(Stopped::Conflict { installation: [9; 16], released: hrs(5), signed: hrs(5) })
                },
                "DOUBLE-SIGN RISK",
                "mark adopt",
            ),
            (|seen, _| seen.session = None, "being opened", "wait"),
            (|seen, _| (seen.session, seen.fault) = (None, Some(Fault::Locked)), "locked", "PIN"),
            (
                |seen, _| seen.session.as_mut().unwrap().standing = Standing::OtherSeed,
                "different seed",
                "PIN of the original",
            ),
            (|seen, _| seen.session.as_mut().unwrap().installation = [8; 16], "installation", "mark adopt"),
            (|seen, _| seen.session.as_mut().unwrap().slots.clear(), "not approved", "chain add"),
            (|seen, _| slot(seen).state = SlotState::Removed, "removed", "chain add"),
            (|seen, _| slot(seen).state = SlotState::Unclear, "unclear", "mark adopt"),
            (|seen, _| slot(seen).state = SlotState::Fault, "flash", "restart the app"),
            (|_, view| view.taken_back = Some(hrs(2)), "lowered on the device", "mark set"),
            (|_, view| view.nodes[0].connected = false, "unix:///run/node.sock", "priv_validator_laddr"),
            (|_, view| view.nodes[0].silent = Some(IDLE), "connected but silent", "hung or stopped"),
            (|_, view| view.nodes.clear(), "no node", "nodes ="),
            (|_, view| view.pinning = true, "pins.toml", "disk"),
            (
                |_, view| {
                    view.unsigned = Some(Unsigned::Wrong("a wrong signature; send the device in".to_owned()));
                },
                "wrong signature",
                "send the device in",
            ),
            (
                |_, view| {
                    let cause = Cause::Status(Some(Status::StorageFault));
                    view.unsigned = Some(Unsigned::Undecided(hrs(6), cause));
                },
                "b011",
                "restart the app",
            ),
            (
                |_, view| view.unsigned = Some(Unsigned::BeyondStop(7)),
                "above its stop_height 7",
                "restart the bridge",
            ),
            (
                |_, view| {
                    let last = Last::Refused("a leap; run mark set".to_owned());
                    view.unsigned = Some(Unsigned::Many { requests: 3, last });
                },
                "no signature since 3 requests, last refusal: a leap",
                "mark set",
            ),
            (
                |_, view| {
                    let last = Last::Undecided(hrs(6), Cause::NotStored);
                    view.unsigned = Some(Unsigned::Many { requests: 4, last });
                },
                "no signature since 4 requests, last cause: 6/0/prevote: the state file",
                "free space",
            ),
            (
                |_, view| view.unsigned = Some(Unsigned::Many { requests: 3, last: Last::Over }),
                "what held them up is over",
                "wait 10 s",
            ),
        ];
        for (twist, cause, cure) in table {
            let (mut seen, mut view) = (seen(), view());
            twist(&mut seen, &mut view);
            let text = told(&seen, &view, 0).expect(cause);
            assert!(text.contains(cause) && text.contains(cure), "{cause}, {cure}: {text}");
        }
    }

    #[test]
    fn of_a_device_with_a_name_the_problem_says_which_and_where_the_pinned_one_is() {
        let view = ChainView { device: Some("hsm".into()), ..view() };
        for (twist, cause) in [
            (
                (|seen: &mut Seen| (seen.session, seen.fault) = (None, Some(Fault::Locked))) as fn(&mut Seen),
                "locked",
            ),
            (|seen| seen.session.as_mut().unwrap().standing = Standing::OtherSeed, "different seed"),
            (|seen| seen.session.as_mut().unwrap().installation = [8; 16], "installation"),
        ] {
            let mut seen = seen();
            twist(&mut seen);
            let text = told(&seen, &view, 0).unwrap();
            assert!(text.starts_with("device hsm: ") && text.contains(cause), "{text}");
        }
        let mut seen = seen();
        let session = seen.session.as_mut().unwrap();
        session.installation = [8; 16];
        let text = problem(Ok(session), &view, &[("hsm", [8; 16]), ("ledger", [9; 16])], None).unwrap().text;
        for words in [
            "alpha-1 is pinned to the device ledger",
            "the config says hsm",
            "device = \"ledger\"",
            "mark adopt alpha-1",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    /// A node that runs, and cannot be talked to, is not to be started.
    #[test]
    fn where_no_node_is_connected_the_problem_is_what_the_dialling_met() {
        let mut view = view();
        view.nodes[0].connected = false;
        view.nodes[0].complaint = Some("the socket may not be opened: UMask=0007".into());
        let text = told(&seen(), &view, 0).unwrap();
        assert_eq!(
            text,
            "no node of alpha-1 is connected: unix:///run/node.sock: the socket may not be opened: UMask=0007"
        );
        let http = Some("a web server listens there".into());
        view.nodes.push(NodeView { complaint: http, ..NodeView::new("tcp://10.0.0.7:26657".into()) });
        view.nodes.push(NodeView::new("unix:///run/b.sock".into()));
        let text = told(&seen(), &view, 0).unwrap();
        assert!(
            text.contains("; tcp://10.0.0.7:26657: a web server") && !text.contains("start the node"),
            "{text}"
        );
    }

    #[test]
    fn one_node_that_speaks_is_enough() {
        let mut view = view();
        view.nodes[0].silent = Some(IDLE);
        assert!(told(&seen(), &view, 0).unwrap().contains("silent for 12 s"));
        // It waits for an answer, or just spoke.
        for silent in [None, Some(IDLE - Duration::from_millis(1))] {
            view.nodes.push(NodeView {
                connected: true,
                silent,
                ..NodeView::new("unix:///run/b.sock".into())
            });
            assert_eq!(told(&seen(), &view, 0), None);
            view.nodes[1].connected = false;
            assert!(told(&seen(), &view, 0).unwrap().contains("connected but silent"));
            view.nodes.pop();
        }
    }

    #[test]
    fn what_was_seen_of_a_device_that_is_not_looked_at_any_more_counts_for_nothing() {
        let (mut seen, view) = (seen(), view());
        assert_eq!(told(&seen, &view, 25), None);
        for fault in [None, Some(Fault::Locked)] {
            let text = told(&seen, &view, 31).unwrap();
            assert!(text.contains("no look at it came to an end for 31 s"), "{text}");
            assert!(text.contains("Replug") && text.contains("restart the daemon"), "{text}");
            // Nor is it known that it is locked still.
            (seen.session, seen.fault) = (None, fault);
        }
    }

    #[test]
    fn a_disk_that_fails_or_hangs_is_a_warning_for_one_node_and_a_problem_for_several() {
        let hangs = DiskState::Hangs(Duration::from_secs(7));
        for (disk, cause) in [
            (DiskState::Fails("/s/a.json: free space on its disk".into()), "free space on its disk"),
            (hangs, "has taken 7 s"),
        ] {
            let mut view = ChainView { disk, ..view() };
            assert_eq!(told(&seen(), &view, 0), None, "its device has the mark");
            let text = warning(&view, None, true).unwrap().text;
            assert!(text.contains(cause) && text.contains("signing does not wait for it"), "{text}");
            view.nodes.push(view.nodes[0].clone());
            let text = told(&seen(), &view, 0).unwrap();
            assert!(text.contains(cause) && text.contains("with several nodes nothing is signed"), "{text}");
            assert_eq!(warning(&view, None, true), None, "it is told once");
        }
        assert_eq!(warning(&view(), None, true), None);
    }

    /// What a node tells of a chain of which nobody knows anything bad.
    fn on_chain() -> OnChain {
        OnChain {
            rpc: "http://127.0.0.1:26657".into(),
            problem: None,
            last: Some(213),
            counts: Counts::default(),
            pace: Some(Duration::from_secs(6)),
            elsewhere: None,
            newest: None,
        }
    }

    #[test]
    fn another_signer_of_the_key_comes_before_whatever_else_is_wrong() {
        let elsewhere = Some(Elsewhere { blocks: 15, first: 199, last: 213 });
        let mut view = ChainView { on_chain: Some(OnChain { elsewhere, ..on_chain() }), ..view() };
        assert_eq!(told(&seen(), &view, 0), None, "a node's word stops nothing");
        let told_now = warning(&view, None, true).unwrap();
        assert_eq!(told_now.cause, super::Cause::Elsewhere);
        let text = told_now.text.clone();
        for words in
            ["DOUBLE-SIGN RISK on alpha-1: 15 blocks from 199 to 213", "mark set", "restart the daemon"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        view.disk = DiskState::Fails("/s/a.json: free space on its disk".into());
        assert_eq!(warning(&view, None, true), Some(told_now));
        view.disk = DiskState::Writes;
        view.nodes[0].connected = false;
        let problem = told(&seen(), &view, 0).unwrap();
        assert!(
            problem.starts_with(&text) && problem.contains("no node of alpha-1 is connected"),
            "{problem}"
        );
        assert_eq!(warning(&view, None, false), None, "it is told once");
        let away = Seen { session: None, fault: Some(Fault::Locked), ..seen() };
        let problem = told(&away, &view, 0).unwrap();
        assert!(problem.starts_with(&text) && problem.contains("locked"), "{problem}");
    }

    #[test]
    fn a_chain_that_stands_while_nobody_asks_is_a_warning() {
        let (minutes, seconds) = (|minutes: u64| Duration::from_secs(60 * minutes), Duration::from_secs);
        for (age, quiet, asked, pace, stands) in [
            (minutes(28), seconds(31), false, None, true),
            // The node was connected just now.
            (minutes(28), seconds(30), false, None, false),
            (seconds(120), minutes(28), false, None, false),
            (seconds(121), minutes(28), false, None, true),
            // A chain with a block a minute.
            (minutes(20), minutes(28), false, Some(minutes(1)), false),
            (minutes(21), minutes(28), false, Some(minutes(1)), true),
            // It asked once: its rounds may be long.
            (minutes(28), seconds(120), true, None, false),
            (minutes(28), seconds(121), true, None, true),
        ] {
            let newest = Some(Newest { age, quiet, asked });
            let mut view = ChainView { on_chain: Some(OnChain { pace, newest, ..on_chain() }), ..view() };
            assert_eq!(told(&seen(), &view, 0), None);
            let text = warning(&view, None, true).map(|warning| warning.text);
            assert_eq!(text.is_some(), stands, "{age:?} {quiet:?} {asked} {pace:?}: {text:?}");
            if let Some(text) = text {
                assert!(
                    text.contains("nobody has asked for a vote of alpha-1")
                        && text.contains("restart the node"),
                    "{text}"
                );
            }
            // What a node told before it fell silent is old.
            view.on_chain.as_mut().unwrap().problem = Some("no answer".to_owned());
            assert_eq!(warning(&view, None, true), None);
        }
    }

    #[test]
    fn a_chain_that_nobody_asks_for_is_warned_of_without_an_rpc_too() {
        let told = |change: fn(&mut ChainView)| {
            let mut view = ChainView { signature_age: Duration::from_secs(600), on_chain: None, ..view() };
            change(&mut view);
            warning(&view, None, true).map(|warning| warning.text)
        };
        let text = told(|_| ()).unwrap();
        assert!(
            text.contains("nothing was signed for alpha-1 for 10 min") && text.contains("`rpc`"),
            "{text}"
        );
        for quiet in [
            (|view| view.signature_age -= Duration::from_secs(1)) as fn(&mut ChainView),
            // Others tell what is wrong then.
            |view| view.nodes.iter_mut().for_each(|node| node.connected = false),
            |view| view.unsigned = Some(Unsigned::BeyondStop(7)),
            |view| view.on_chain = Some(on_chain()),
        ] {
            assert_eq!(told(quiet), None);
        }
    }

    /// A host with a network over eth0, and with one only if `up`.
    fn host(up: bool) -> Host {
        let state = if up { "up" } else { "down" };
        let told = Told {
            interfaces: Some(vec![("eth0".to_owned(), state.to_owned())]),
            routes: Some("eth0\t00000000\t00000000\t0003\t0\t0\t0\t00000000\t0\t0\t0".to_owned()),
            routes6: Some(String::new()),
        };
        Host::of(Arc::new(HostNetwork::of(&told).unwrap()), &[])
    }

    #[test]
    fn a_link_that_is_cut_is_told_apart_from_a_node_that_is_down_and_a_host_that_is() {
        let device = |view: &ChainView, host: Option<&Host>| {
            let seen = Seen { looked: Some(Instant::now()), ..seen() };
            problem(Ok(seen.session.as_ref().unwrap()), view, &[], host).map(|problem| problem.text)
        };
        let mut view = view();
        let node = |cut| NodeView {
            complaint: Some("the node cannot be reached (timed out): check".into()),
            cut,
            ..NodeView::new("tcp://10.77.0.2:26659".into())
        };
        view.nodes = vec![node(true)];
        let text = device(&view, Some(&host(true))).unwrap();
        assert!(text.contains("is cut, while this host has a network") && text.contains("VPN"), "{text}");
        assert!(text.contains("only the default route over eth0"), "{text}");
        assert!(text.contains("; the node cannot be reached (timed out). Look at"), "{text}");
        // Whether the host has a network is not known: then neither is blamed.
        let text = device(&view, None).unwrap();
        assert!(!text.contains("VPN") && !text.contains("ip route"), "{text}");
        let text = device(&view, Some(&host(false))).unwrap();
        assert!(text.contains("this host has no network") && text.contains("ip route"), "{text}");
        // Its machine answers: the node is down.
        view.nodes = vec![node(false)];
        let text = device(&view, Some(&host(true))).unwrap();
        assert!(text.contains("(timed out): check") && !text.contains("VPN"), "{text}");
        // A socket file needs no network.
        view.nodes = vec![NodeView::new("unix:///run/node.sock".into())];
        let text = device(&view, Some(&host(false))).unwrap();
        assert!(text.contains("priv_validator_laddr"), "{text}");
        // Another node is there: it signs, and somebody should look.
        view.nodes =
            vec![node(true), NodeView { connected: true, ..NodeView::new("unix:///run/b.sock".into()) }];
        assert_eq!(device(&view, Some(&host(true))), None);
        let told = warning(&view, Some(&host(true)), true).unwrap();
        assert!(told.cause == super::Cause::Link && told.text.contains("is cut"), "{told:?}");
        assert_eq!(warning(&view, Some(&host(false)), true), None);
    }
}
