//! A run from nothing with the simulated device, in this process: cut at each step, and gone on with.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::operator::setup::host::System;
use crate::store::{ChainFile, Pins};

const CHAIN: &str = "alpha-1";

/// A person who answers from a list, and leaves before the step of this number.
struct Played {
    terminal: Terminal,
    leaves_at: usize,
    steps: usize,
    asked: Vec<&'static str>,
    hints: String,
    /// Refuses what the device asks.
    refuses: bool,
    height: &'static str,
}

impl Played {
    fn new(leaves_at: usize) -> Self {
        Self {
            terminal: Terminal { yes_simulated: true, approved: None },
            leaves_at,
            steps: 0,
            asked: Vec::new(),
            hints: String::new(),
            refuses: false,
            height: "7",
        }
    }
}

impl Talk for Played {
    fn hint(&mut self, text: &str) {
        self.hints += &format!("{text}\n");
    }

    fn can_answer(&self, _typed: Option<&str>) -> bool {
        true
    }

    fn answers(&mut self, _question: &str, _typed: Option<&str>) -> Result<bool, Failure> {
        Ok(!self.refuses)
    }
}

impl Person for Played {
    fn is_there(&self) -> bool {
        true
    }

    fn answers_to(&mut self, question: Question, _asked: &Asked) -> Result<String, Failure> {
        self.asked.push(question.key());
        Ok(match question {
            Question::Resume => "y",
            Question::Users | Question::DeviceRule | Question::Unit => "n",
            Question::Transport => "simulated",
            Question::ChainId => CHAIN,
            Question::Nodes => "tcp://127.0.0.1:1",
            // The default.
            Question::Rpc | Question::KeyIndex => "",
            Question::MarkFrom => "next_height",
            Question::NextHeight => self.height,
            other => panic!("{other:?} is not to be asked here"),
        }
        .to_owned())
    }

    fn looks_again(&mut self, _why: &Failure) -> Result<bool, Failure> {
        Ok(false)
    }

    fn step(&mut self, _step: &Step) -> Result<(), Failure> {
        self.steps += 1;
        if self.steps > self.leaves_at { Err(Failure::unavailable("left")) } else { Ok(()) }
    }

    fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }
}

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        Self { dir }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("highwater.toml")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    async fn run(&self, person: &mut Played) -> Result<SetUp, Failure> {
        let answers = Answers { state_dir: Some(self.state()), ..Answers::default() };
        let system = System { root: self.dir.path().join("system") };
        set_up(&self.config(), answers, system, person).await
    }

    /// All files, each with its bytes and when it was written.
    fn all(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let mut all = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            all.push((folder.clone(), Vec::new(), fs::metadata(&folder).unwrap().modified().unwrap()));
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let when = fs::metadata(&path).unwrap().modified().unwrap();
                    all.push((path.clone(), fs::read(&path).unwrap(), when));
                }
            }
        }
        all.sort();
        all
    }

    fn is_whole(&self) {
        let config = Config::load(&self.config()).unwrap();
        assert_eq!(config.chains.len(), 1);
        let pin = Pins::load(&self.state()).unwrap().get(CHAIN).expect("a pin");
        let file = ChainFile::load(&self.state(), CHAIN, &pin).unwrap();
        assert_eq!(file.record.highest_requested.to_string(), "7/0/none");
        assert!(!self.state().join("setup.toml").exists(), "nothing is left of the run");
    }
}

#[tokio::test]
async fn a_run_that_is_cut_at_any_step_is_gone_on_with_and_nobody_is_asked_the_same_twice() {
    let place = Place::new();
    let mut person = Played::new(usize::MAX);
    let set_up = place.run(&mut person).await.unwrap();
    place.is_whole();
    assert!(!set_up.for_stake && person.hints.contains("NOT FOR STAKE"), "{}", person.hints);
    let (steps, questions) = (person.steps, person.asked.len());
    for cut in 0..steps {
        let place = Place::new();
        let mut first = Played::new(cut);
        assert_eq!(place.run(&mut first).await.unwrap_err().to_string(), "left");
        let mut second = Played::new(usize::MAX);
        // What the owner approved stands, whatever is typed now.
        second.height = if place.state().join("pins.toml").exists() { "900" } else { "7" };
        let done = place.run(&mut second).await.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert_eq!(
            (done.mark.to_string().as_str(), done.chain.as_str()),
            ("7/0/none", CHAIN),
            "cut at {cut}"
        );
        place.is_whole();
        let anew = second.asked.iter().filter(|key| first.asked.contains(key) && !key.starts_with("install"));
        // The state directory is told by the command; the chain is named again where the configuration has it already.
        let anew: Vec<_> = anew.filter(|key| **key != "chain.id").collect();
        assert!(anew.len() <= 1 && first.asked.len() <= questions, "cut at {cut}: asked again: {anew:?}");
    }
}

/// The device has the chain, and nothing of it is pinned: so a run leaves it that is cut in the middle of the approval.
async fn approved_and_not_pinned() -> Place {
    let place = Place::new();
    for cut in 0.. {
        let mut person = Played::new(cut);
        let left = place.run(&mut person).await.is_err();
        assert!(left, "it is cut before the configuration");
        if place.state().join("pins.toml").exists() {
            break;
        }
    }
    assert!(!place.config().exists());
    fs::remove_file(place.state().join("pins.toml")).unwrap();
    fs::remove_file(place.state().join("chains").join(format!("{CHAIN}.json"))).unwrap();
    place
}

#[tokio::test]
async fn what_the_owner_approved_is_pinned_by_the_next_run_and_by_no_other_command() {
    let place = approved_and_not_pinned().await;
    let mut person = Played::new(usize::MAX);
    // Nothing is asked of the owner again.
    person.refuses = true;
    place.run(&mut person).await.unwrap();
    place.is_whole();
    // Where nothing tells that it was this command, the chain may have signed beside another host.
    let place = approved_and_not_pinned().await;
    fs::remove_file(place.state().join("setup.toml")).unwrap();
    let error = place.run(&mut Played::new(usize::MAX)).await.unwrap_err();
    assert!(error.to_string().contains("highwater mark adopt alpha-1") && error.code() == 64, "{error}");
    // That command wants a configuration.
    assert!(place.config().exists() && Pins::load(&place.state()).unwrap().get(CHAIN).is_none());
}

#[tokio::test]
async fn a_run_after_a_whole_one_changes_no_byte_and_no_time() {
    let place = Place::new();
    place.run(&mut Played::new(usize::MAX)).await.unwrap();
    let before = place.all();
    let mut again = Played::new(usize::MAX);
    place.run(&mut again).await.unwrap();
    let after = place.all();
    let names = |all: &[(PathBuf, Vec<u8>, SystemTime)]| {
        all.iter().map(|(path, ..)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&before), names(&after));
    for (one, other) in before.iter().zip(&after) {
        assert!(one.1 == other.1, "{}", one.0.display());
        // The memory of the device itself is opened to be written.
        assert!(one.2 == other.2 || one.0.ends_with("simulated.nvm"), "{}", one.0.display());
    }
    assert!(
        again.asked.iter().all(|key| key.starts_with("install") || *key == "chain.id"),
        "{:?}",
        again.asked
    );
}

#[tokio::test]
async fn a_question_that_the_owner_refused_is_put_again_by_the_next_run() {
    let place = Place::new();
    let mut refuses = Played::new(usize::MAX);
    refuses.refuses = true;
    let error = place.run(&mut refuses).await.unwrap_err();
    assert!(error.to_string().contains("the owner refused") && error.code() == 69, "{error}");
    assert!(!place.config().exists() && Pins::load(&place.state()).unwrap().get(CHAIN).is_none());
}

#[tokio::test]
async fn a_wrong_answer_is_told_and_asked_for_again() {
    let place = Place::new();
    let mut person = Played::new(usize::MAX);
    person.height = "0";
    // Nobody types anything else here, so it is asked until the person leaves.
    person.leaves_at = usize::MAX;
    let answers = Answers { state_dir: Some(place.state()), ..Answers::default() };
    let mut run =
        Run::new(&place.config(), answers, true, System { root: place.dir.path().join("s") }).unwrap();
    let mut typed = vec!["7", "-1", "0"].into_iter();
    struct Types<'a>(&'a mut Played, &'a mut std::vec::IntoIter<&'static str>);
    impl Talk for Types<'_> {
        fn hint(&mut self, text: &str) {
            self.0.hint(text);
        }
        fn can_answer(&self, _typed: Option<&str>) -> bool {
            true
        }
        fn answers(&mut self, _question: &str, _typed: Option<&str>) -> Result<bool, Failure> {
            Ok(false)
        }
    }
    impl Person for Types<'_> {
        fn is_there(&self) -> bool {
            true
        }
        fn answers_to(&mut self, _question: Question, _asked: &Asked) -> Result<String, Failure> {
            Ok(self.1.next_back().expect("no more than three tries").to_owned())
        }
        fn looks_again(&mut self, _why: &Failure) -> Result<bool, Failure> {
            Ok(false)
        }
        fn terminal(&mut self) -> &mut Terminal {
            self.0.terminal()
        }
    }
    run.answers.mark.from = Some(crate::operator::setup::answers::From::NextHeight);
    ask(&mut run, Question::NextHeight, &mut Types(&mut person, &mut typed)).unwrap();
    assert_eq!(run.answers.mark.next_height, Some(7));
    assert!(
        person.hints.contains("is not a height: name the next one to sign")
            && person.hints.contains("begins at 1"),
        "{}",
        person.hints
    );
}

#[test]
fn no_line_of_a_question_is_longer_than_a_terminal_is_wide() {
    let answers = Answers::parse("[chain]\nid = \"cosmoshub-4\"").unwrap();
    let person = Place::new();
    let run = Run::new(&person.config(), answers, true, System { root: "/nowhere".into() }).unwrap();
    for question in [
        Question::Resume,
        Question::Transport,
        Question::Nodes,
        Question::Rpc,
        Question::KeyIndex,
        Question::MarkFrom,
        Question::LastSigned,
        Question::OldSigner,
        Question::Backup,
    ] {
        let text = shown(&question.asked(run.context(&[], &[])));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}

/// Pasted as it stands, half a command does something else.
#[test]
fn a_command_is_never_broken() {
    let command = "  install -D -m 644 packaging/sysusers.d/highwater.conf /usr/lib/sysusers.d/highwater.conf && systemd-sysusers";
    let inline =
        "`highwater run --config /etc/highwater/a/folder/with/a/long/name/and/more/of/it/highwater.toml`";
    let words = format!(
        "As root, of words that fill this line, and one more of them\n{command}\nthen {inline}, then the node"
    );
    let text = wrapped(&words);
    assert!(text.lines().any(|line| line == command), "{text}");
    assert!(text.contains(inline) && text.contains("then\n`"), "{text}");
}

/// The refusals of other commands speak of options that `setup` has not.
#[test]
fn what_a_node_answers_is_told_without_options_and_in_one_sentence() {
    use highwater_moving::Refusal;
    for refusal in [
        Refusal::NodeOfOtherChain { found: "b-1".to_owned(), chain: "a-1".to_owned() },
        Refusal::CatchingUp,
        Refusal::NodeAnswer { what: "status", why: "no JSON" },
        Refusal::NoHeight(7),
    ] {
        let told = advice::setup_rpc(&crate::rpc::RpcError::Refused(refusal));
        for whole in [advice::height_not_told(&told), advice::margin_not_told(&told)] {
            assert!(!whole.contains("..") && !whole.contains("--"), "{whole}");
        }
    }
}
