//! The plan as a table: what was found and answered, and what comes next.

use highwater_core::hrs::{Hrs, Step as HrsStep};

use super::super::host::{Kind, Piece, Stands};
use super::*;
use crate::device::{Slot, Target};
use crate::operator::setup::answers::Mark;

const CHAIN: &str = "alpha-1";

fn at(height: u64) -> Hrs {
    Hrs::new(height, 0, HrsStep::None).unwrap()
}

fn wanted(height: u64) -> Wanted {
    Wanted { key_index: 0, mark: HrsText(at(height)), never_signed: true }
}

fn slot(state: SlotState, height: u64) -> Slot {
    Slot::played(CHAIN, state, HrsText(at(height)))
}

fn pin(installation: u8) -> Pin {
    Pin { key: [7; 32], installation: [installation; 16], imported: false }
}

/// Where everything was answered, and the device is there without the chain.
fn ready() -> (Found, Answers) {
    let answers = Answers::parse(
        "state_dir = \"/s\"\n[device]\ntransport = \"hid\"\n[chain]\nid = \"alpha-1\"\nnodes = [\"tcp://h:1\"]\nrpc = \"\"\n\
         key_index = 0\n[mark]\nfrom = \"next_height\"\nnext_height = 7",
    )
    .unwrap();
    let found = Found {
        may_write: true,
        prepared: true,
        session: Some(Session::played(vec![])),
        chain: Some(Kept::default()),
        ..Found::default()
    };
    (found, answers)
}

fn there(chains: &[&str]) -> There {
    There {
        state_dir: "/s".into(),
        devices: vec![(None, Transport::Hid)],
        chains: chains.iter().map(|id| ((*id).to_owned(), None)).collect(),
    }
}

/// The next step after a change of what is ready.
fn after(change: impl FnOnce(&mut Found, &mut Answers)) -> Step {
    let (mut found, mut answers) = ready();
    change(&mut found, &mut answers);
    next(&found, &answers)
}

#[test]
fn each_answer_is_asked_for_where_it_is_missing_and_in_its_order() {
    let mut found = Found { may_write: true, person: true, ..Found::default() };
    let mut answers = Answers::default();
    let mut asked = Vec::new();
    // The rest of the world: each step is done at once.
    for _ in 0..40 {
        match next(&found, &answers) {
            Step::Ask(question) => {
                asked.push(question.key());
                let text = match question {
                    Question::StateDir => "/s",
                    Question::Transport => "hid",
                    Question::ChainId => CHAIN,
                    Question::Nodes => "tcp://h:1",
                    Question::Rpc => "none",
                    Question::MarkFrom => "next_height",
                    Question::NextHeight => "7",
                    Question::KeyIndex => "0",
                    other => panic!("{other:?}"),
                };
                question.take(&mut answers, text).unwrap();
            }
            Step::Prepare => found.prepared = true,
            Step::Device => found.session = Some(Session::played(vec![])),
            Step::Chain => found.chain = Some(Kept::default()),
            Step::Approve(what) => {
                assert_eq!(what, wanted(7));
                found.chain = Some(Kept { pin: Some(pin(1)), file: true });
                found.session = Some(Session::played(vec![slot(SlotState::Armed, 7)]));
            }
            Step::Write => found.config = Some(there(&[CHAIN])),
            Step::Check => found.checked = true,
            Step::Done => break,
            other => panic!("{other:?}"),
        }
    }
    let keys = [
        "state_dir",
        "device.transport",
        "chain.id",
        "chain.nodes",
        "chain.rpc",
        "mark.from",
        "mark.next_height",
        "chain.key_index",
    ];
    assert_eq!(asked, keys, "nobody is asked anything after the owner");
    assert!(found.checked);
}

#[test]
fn each_kind_of_device_is_asked_for_what_it_needs() {
    let asks = |text: &str, ledgers: usize| {
        let device: super::super::answers::Device = toml::from_str(text).unwrap();
        let step = after(|found, answers| {
            found.session = None;
            found.ledgers = (0..ledgers).map(|number| format!("/dev/hidraw{number}").into()).collect();
            answers.device = device;
        });
        match step {
            Step::Ask(question) => question.key(),
            Step::Device => "",
            other => panic!("{other:?}"),
        }
    };
    for (text, ledgers, key) in [
        ("", 0, "device.transport"),
        ("transport = \"hid\"", 0, ""),
        ("transport = \"hid\"", 1, ""),
        ("transport = \"hid\"", 2, "device.path"),
        ("transport = \"hid\"\nserial = \"0001\"", 2, ""),
        ("transport = \"hid\"\npath = \"/dev/ledger-a\"", 2, ""),
        ("transport = \"simulated\"", 2, ""),
        ("transport = \"speculos\"", 0, "device.address"),
        ("transport = \"yubihsm\"", 0, "device.address"),
        ("transport = \"yubihsm\"\nserial = \"7\"", 0, "device.auth_key"),
        ("transport = \"yubihsm\"\nserial = \"7\"\nauth_key = 5", 0, "device.password_file"),
        ("transport = \"yubihsm\"\nserial = \"7\"\nauth_key = 5\npassword_file = \"/p\"", 0, "device.key"),
        ("transport = \"pkcs11\"", 0, "device.module"),
        ("transport = \"pkcs11\"\nmodule = \"/m\"", 0, "device.token_label"),
        ("transport = \"pkcs11\"\nmodule = \"/m\"\nslot = 0", 0, "device.pin_file"),
        ("transport = \"pkcs11\"\nmodule = \"/m\"\nslot = 0\npin_file = \"/p\"", 0, "device.key"),
        (
            "transport = \"pkcs11\"\nmodule = \"/m\"\nslot = 0\npin_file = \"/p\"\n[[key]]\nnumber = 0\nlabel = \"v\"",
            0,
            "",
        ),
    ] {
        assert_eq!(asks(text, ledgers), key, "{text}");
    }
}

#[test]
fn a_mark_is_never_guessed() {
    let refused = |change: fn(&mut Found, &mut Answers)| match after(change) {
        Step::Refuse(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(after(|_, _| ()), Step::Approve(wanted(7)));
    // On the device, and not by this command: whatever is answered.
    let on_device =
        |found: &mut Found| found.session = Some(Session::played(vec![slot(SlotState::Armed, 7)]));
    assert_eq!(
        refused(|found, _| found.session = Some(Session::played(vec![slot(SlotState::Armed, 7)]))),
        Refusal::NotPinned(at(7))
    );
    // By this command: it goes on with what the owner approved.
    let cut = after(|found, _| {
        on_device(found);
        found.asked = Some((CHAIN.to_owned(), wanted(7)));
    });
    assert_eq!(cut, Step::Approve(wanted(7)));
    // It signed since, or has another key, or it was another chain.
    for (chain, height, key_index) in [(CHAIN, 8, 0), (CHAIN, 7, 1), ("beta-1", 7, 0)] {
        let step = after(|found, _| {
            on_device(found);
            found.asked = Some((chain.to_owned(), Wanted { key_index, ..wanted(height) }));
        });
        assert_eq!(step, Step::Refuse(Refusal::NotPinned(at(7))), "{chain} {height} {key_index}");
    }
    // A state file without a pin: it was signed for.
    assert_eq!(refused(|found, _| found.chain = Some(Kept { pin: None, file: true })), Refusal::PinLost);
    // No node tells the height.
    let rpc = |answers: &mut Answers| (answers.mark.from, answers.mark.next_height) = (Some(From::Rpc), None);
    assert_eq!(
        refused(|_, answers| { answers.mark = Mark { from: Some(From::Rpc), ..Mark::default() } }),
        Refusal::NoTip(None)
    );
    let silent = after(|found, answers| {
        rpc(answers);
        found.node = Some(Node { next: Err("why".to_owned()) });
    });
    assert_eq!(silent, Step::Refuse(Refusal::NoTip(Some("why".to_owned()))));
    let told = after(|found, answers| {
        rpc(answers);
        found.node = Some(Node { next: Ok(at(901)) });
    });
    assert_eq!(told, Step::Approve(wanted(901)));
    // One that signed says so.
    let last = after(|_, answers| {
        answers.mark = Mark {
            from: Some(From::LastSigned),
            last_signed: Some("5/0/precommit".to_owned()),
            ..Mark::default()
        };
    });
    let Step::Approve(last) = last else { panic!("{last:?}") };
    assert!(!last.never_signed && last.mark.to_string() == "5/0/precommit");
}

/// The key may have signed between the two runs.
#[test]
fn an_answer_that_names_another_mark_than_the_interrupted_run_asked_for_is_never_passed_over() {
    let cut = |change: &dyn Fn(&mut Answers, &mut Found)| {
        after(|found, answers| {
            found.session = Some(Session::played(vec![slot(SlotState::Armed, 7)]));
            found.asked = Some((CHAIN.to_owned(), wanted(7)));
            change(answers, found);
        })
    };
    let another = |answered: Wanted| Step::Refuse(Refusal::ApprovedAnother { approved: wanted(7), answered });
    let signed = Wanted { never_signed: false, mark: "9/0/precommit".parse().unwrap(), ..wanted(7) };
    assert_eq!(
        cut(&|answers, _| {
            let last_signed = Some("9/0/precommit".parse().unwrap());
            answers.mark = Mark { from: Some(From::LastSigned), last_signed, ..Mark::default() };
        }),
        another(signed)
    );
    assert_eq!(cut(&|answers, _| answers.mark.next_height = Some(900)), another(wanted(900)));
    assert_eq!(cut(&|answers, _| answers.mark.next_height = Some(6)), another(wanted(6)));
    assert_eq!(
        cut(&|answers, _| answers.chain.key_index = Some(1)),
        another(Wanted { key_index: 1, ..wanted(7) })
    );
    // Whoever began anew is asked again first.
    assert_eq!(cut(&|answers, _| answers.mark = Mark::default()), Step::Ask(Question::MarkFrom));
    // A chain goes on, and a key that never signed has signed nothing of it.
    let grown = |next: u64| {
        cut(&|answers, found| {
            answers.mark = Mark { from: Some(From::Rpc), ..Mark::default() };
            found.node = Some(Node { next: Ok(at(next)) });
        })
    };
    assert_eq!(grown(9_000), Step::Approve(wanted(7)));
    assert_eq!(grown(6), another(wanted(6)));
}

#[test]
fn a_chain_that_is_pinned_is_gone_on_with_or_belongs_to_another_command() {
    let pinned = |installation, slots| {
        after(|found, _| {
            found.chain = Some(Kept { pin: Some(pin(installation)), file: true });
            found.session = Some(Session::played(slots));
        })
    };
    assert_eq!(pinned(1, vec![slot(SlotState::Armed, 9)]), Step::Write);
    assert_eq!(pinned(2, vec![slot(SlotState::Armed, 9)]), Step::Refuse(Refusal::PinnedElsewhere));
    assert_eq!(pinned(1, vec![]), Step::Refuse(Refusal::NotOnDevice));
    assert_eq!(pinned(1, vec![slot(SlotState::Unclear, 9)]), Step::Refuse(Refusal::Slot(SlotState::Unclear)));
}

#[test]
fn a_validator_that_signs_elsewhere_moves_by_migrate_whatever_is_on_the_device() {
    let migrates = |text: &str, slots: Vec<Slot>| {
        after(|_, answers| {
            answers.mark = Mark { from: Some(From::Migrate), ..Mark::default() };
            answers.migrate = toml::from_str(text).unwrap();
        });
        let (mut found, mut answers) = ready();
        found.session = Some(Session::played(slots));
        answers.mark = Mark { from: Some(From::Migrate), ..Mark::default() };
        answers.migrate = toml::from_str(text).unwrap();
        next(&found, &answers)
    };
    use Question::{Backup, Imported, OldKey, OldSigner, OldState, Threshold};
    for (text, question) in [
        ("", OldSigner),
        ("from = \"tmkms\"", OldState),
        ("from = \"horcrux\"\nstate = [\"/s\"]", Threshold),
        ("from = \"tmkms\"\nstate = [\"/s\"]", OldKey),
        ("from = \"tmkms\"\nstate = [\"/s\"]\nkey = \"\"", Imported),
        ("from = \"tmkms\"\nstate = [\"/s\"]\nkey = \"/k\"", Backup),
    ] {
        assert_eq!(migrates(text, vec![]), Step::Ask(question), "{text}");
    }
    let all = "from = \"tmkms\"\nstate = [\"/s\"]\nkey = \"/k\"\nto = \"\"";
    assert_eq!(migrates(all, vec![]), Step::Migrate);
    // Its own last run was cut after the owner approved.
    assert_eq!(migrates(all, vec![slot(SlotState::Armed, 9)]), Step::Migrate);
    assert_eq!(migrates("from = \"nothing\"\nimported = 1", vec![]), Step::Refuse(Refusal::NoTip(None)));
}

#[test]
fn a_key_that_stays_in_its_store_is_asked_for_by_number_and_never_by_file() {
    let migrates = |key_index: Option<u32>, target: Target| {
        after(|found, answers| {
            found.session = Some(Session { target, ..Session::played(vec![]) });
            answers.chain.key_index = key_index;
            answers.mark = Mark { from: Some(From::Migrate), ..Mark::default() };
            answers.migrate = toml::from_str("from = \"tmkms\"\nstate = [\"/s\"]").unwrap();
        })
    };
    for target in [Target::YubiHsm2, Target::Pkcs11] {
        assert_eq!(migrates(None, target), Step::Ask(Question::KeyIndex));
        assert_eq!(migrates(Some(0), target), Step::Migrate);
    }
    assert_eq!(migrates(Some(0), Target::NanoSPlus), Step::Ask(Question::OldKey));
}

#[test]
fn a_configuration_that_is_there_is_not_contradicted_and_gets_a_chain_only_if_it_may() {
    let with = |change: fn(&mut Found, &mut Answers)| {
        after(|found, answers| {
            found.config = Some(there(&["beta-1"]));
            change(found, answers);
        })
    };
    assert_eq!(with(|_, _| ()), Step::Ask(Question::ChangeConfig));
    assert_eq!(with(|_, answers| answers.change_config = Some(false)), Step::Refuse(Refusal::Unchanged));
    assert_eq!(with(|_, answers| answers.change_config = Some(true)), Step::Approve(wanted(7)));
    assert_eq!(with(|found, _| found.may_write = false), Step::Refuse(Refusal::CannotWrite));
    assert_eq!(
        with(|_, answers| answers.device.transport = Some("simulated".to_owned())),
        Step::Refuse(Refusal::OtherDevice("hid".to_owned()))
    );
    assert_eq!(
        with(|_, answers| answers.state_dir = Some("/other".into())),
        Step::Refuse(Refusal::OtherStateDir("/s".into()))
    );
    // One that has the chain is not changed, so nobody has to be able to.
    let whole = with(|found, answers| {
        found.config = Some(there(&[CHAIN]));
        found.may_write = false;
        found.chain = Some(Kept { pin: Some(pin(1)), file: true });
        found.session = Some(Session::played(vec![slot(SlotState::Armed, 9)]));
        (answers.chain.nodes, answers.chain.rpc) = (None, None);
    });
    assert_eq!(whole, Step::Check);
    assert_eq!(after(|found, _| found.may_write = false), Step::Refuse(Refusal::CannotWrite));
}

#[test]
fn of_several_devices_a_new_chain_is_given_one_before_any_is_asked() {
    let several = || There {
        devices: vec![(Some("a".to_owned()), Transport::Hid), (Some("b".to_owned()), Transport::Simulated)],
        ..there(&["beta-1"])
    };
    let with = |id: Option<&str>, device: Option<&str>| {
        after(|found, answers| {
            (found.config, found.session) = (Some(several()), None);
            answers.chain.id = id.map(str::to_owned);
            answers.chain.device = device.map(str::to_owned);
        })
    };
    assert_eq!(with(None, None), Step::Ask(Question::ChainId));
    assert_eq!(with(Some(CHAIN), None), Step::Ask(Question::ChainDevice));
    assert_eq!(with(Some(CHAIN), Some("b")), Step::Device);
    assert_eq!(with(Some("beta-1"), None), Step::Device, "the configuration says which");
    assert_eq!(with(Some(CHAIN), Some("c")), Step::Refuse(Refusal::NoSuchDevice("c".to_owned())));
    let nameless = after(|found, answers| {
        found.config = Some(there(&[]));
        answers.chain.device = Some("a".to_owned());
    });
    assert_eq!(nameless, Step::Refuse(Refusal::NoSuchDevice("a".to_owned())));
}

#[test]
fn files_of_the_system_are_written_if_they_may_be_and_over_others_only_if_that_is_said_too() {
    let with = |stands, answer: Option<bool>, replace: Option<bool>| {
        after(|found, answers| {
            found.pieces = vec![Piece { kind: Kind::Unit, stands, paths: Vec::new() }];
            (answers.install.unit, answers.install.replace) = (answer, replace);
        })
    };
    let goes_on = Step::Approve(wanted(7));
    assert_eq!(with(Stands::Right, None, None), goes_on);
    assert_eq!(with(Stands::Missing, None, None), Step::Ask(Question::Unit));
    assert_eq!(with(Stands::Missing, Some(false), None), goes_on);
    assert_eq!(with(Stands::Missing, Some(true), None), Step::Install(Kind::Unit));
    assert_eq!(with(Stands::Differs, Some(true), None), Step::Ask(Question::Replace));
    assert_eq!(with(Stands::Differs, Some(true), Some(false)), goes_on);
    assert_eq!(with(Stands::Differs, Some(true), Some(true)), Step::Install(Kind::Unit));
    assert_eq!(with(Stands::Differs, Some(false), Some(true)), goes_on);
}

#[test]
fn an_interrupted_run_is_gone_on_with_if_a_person_wants_it_and_else_by_the_file_of_answers() {
    let with = |person, resume| {
        after(|found, answers| {
            (found.person, found.begun, answers.resume) = (person, true, resume);
        })
    };
    assert_eq!(with(true, None), Step::Ask(Question::Resume));
    assert_eq!(with(true, Some(false)), Step::Approve(wanted(7)));
    assert_eq!(with(false, None), Step::Approve(wanted(7)));
}
