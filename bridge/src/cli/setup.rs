//! `setup`: asks at the terminal or takes the answers of a file, draws what is done, and prints what the nodes need.

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal;
use std::path::Path;

use super::args::{Former, MigrateArgs, OldArgs, On, SetupArgs};
use super::terminal::{self, Terminal};
use super::told::Told as _;
use super::{migrate, say};
use crate::advice;
use crate::device::{KeyNumber, Session};
use crate::failure::Failure;
use crate::log::colours;
use crate::operator::Talk;
use crate::operator::check::{Finding, Weight};
use crate::operator::setup::host::{self, System};
use crate::operator::setup::question::Asked;
use crate::operator::setup::{Answers, Question, Run, SetUp, Step, pages};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// Who runs the command, and how the steps are told.
pub(super) trait Person: Talk {
    /// Whether a person answers.
    fn is_there(&self) -> bool;

    /// The answer to a question, as it was typed.
    fn answers_to(&mut self, question: Question, asked: &Asked) -> Result<String, Failure>;

    /// The device was not found, for this cause: whether to look again.
    fn looks_again(&mut self, why: &Failure) -> Result<bool, Failure>;

    /// A step is taken now.
    fn step(&mut self, _step: &Step) -> Result<(), Failure> {
        Ok(())
    }

    /// The terminal, for a procedure that has it.
    fn terminal(&mut self) -> &mut Terminal;
}

pub(super) async fn act(config: &Path, args: SetupArgs, terminal: &mut Terminal) -> Result<(), Failure> {
    let answers = match &args.yes_to {
        Some(path) => read(path)?,
        None => Answers::default(),
    };
    // What a step prints is nobody's result here.
    let set_up = {
        let _aside = say::steps_aside();
        set_up(config, answers, System::default(), &mut AtTerminal(terminal)).await?
    };
    set_up.tell(args.form)
}

fn read(path: &Path) -> Result<Answers, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| Failure::named(path, &error, advice::NAME_ANSWERS))?;
    Answers::parse(&text).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
}

/// Goes from step to step until nothing is left.
pub(super) async fn set_up(
    config: &Path,
    answers: Answers,
    system: System,
    person: &mut dyn Person,
) -> Result<SetUp, Failure> {
    let mut run = Run::new(config, answers, person.is_there(), system)?;
    if run.found.pieces.is_empty()
        && let Some(left) =
            host::left(&System::default().pieces()).filter(|_| !System::default().is_packaged())
    {
        person.hint(&left);
    }
    let done = steps(&mut run, config, person).await;
    run.close().await;
    done
}

async fn steps(run: &mut Run, config: &Path, person: &mut dyn Person) -> Result<SetUp, Failure> {
    loop {
        let step = run.next();
        person.step(&step)?;
        match step {
            Step::Ask(question) => ask(run, question, person)?,
            Step::Install(kind) => {
                for command in run.install(kind)? {
                    person.hint(&advice::run_by_hand(&command));
                }
            }
            Step::Prepare => run.prepare()?,
            Step::Device => device(run, person).await?,
            Step::Chain => run.chain()?,
            Step::Node => {
                if let Some(why) = run.node().await? {
                    person.hint(&advice::height_not_told(&why));
                }
            }
            Step::Approve(wanted) => {
                run.keep()?;
                let pages = run.pages(wanted).await;
                if !pages.is_empty() {
                    person.hint(advice::pages_follow());
                    person.hint(&pages::drawn(&pages));
                }
                let added = match run.approve(wanted, person).await {
                    Ok(added) => added,
                    Err(failure) => {
                        // The owner approved it, and it is not pinned all the same.
                        if run.is_at_risk() {
                            leave_config(run, person);
                        }
                        return Err(failure);
                    }
                };
                person.hint(&line("chain", &format!("{}, approved; its key is pinned", run.id())));
                if run.found.session.as_ref().is_some_and(|session| session.target.has_buttons()) {
                    person.hint(&advice::compare_key(run.id()));
                }
                if let Some(lasts) = &added.lasts {
                    person.hint(lasts);
                }
            }
            Step::Migrate => {
                run.keep()?;
                let (config, args) = (run.config()?, old(run)?);
                run.step_aside().await?;
                migrate::act(&run.chosen(&config)?, args, person.terminal()).await?;
                run.step_back()?;
            }
            Step::Write => {
                run.write()?;
                person.hint(&line("config", &format!("{}, checked", config.display())));
            }
            Step::Check => check(run, person).await?,
            Step::Done => return end(run, person),
            Step::Refuse(refusal) => {
                if refusal.is_of_the_chain() {
                    leave_config(run, person);
                }
                return Err(run.refused(&refusal));
            }
        }
    }
}

/// A wrong answer is told, and asked for again; one of a file was refused when it was read.
fn ask(run: &mut Run, question: Question, person: &mut dyn Person) -> Result<(), Failure> {
    let (chains, devices) = (run.chains(), run.devices());
    if question == Question::Resume {
        person.hint(&run.earlier());
    }
    loop {
        let asked = question.asked(run.context(&chains, &devices));
        let typed = person.answers_to(question, &asked)?;
        let by_number = typed.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let chosen = by_number.and_then(|number| asked.choices.get(number)).map(|(word, _)| word.clone());
        let text = match (chosen, &asked.default) {
            (Some(word), _) => word,
            (None, Some(default)) if typed.trim().is_empty() => default.clone(),
            (None, _) => typed,
        };
        match question.take(&mut run.answers, &text) {
            Ok(()) => break,
            Err(wrong) => person.hint(&wrong.why),
        }
    }
    if question == Question::Resume && run.answers.resume == Some(true) {
        run.resume();
    }
    run.keep()
}

async fn device(run: &mut Run, person: &mut dyn Person) -> Result<(), Failure> {
    loop {
        match run.device().await {
            Ok(session) => {
                tell_device(&session, run.for_stake(), person);
                return Ok(());
            }
            Err(why) if person.looks_again(&why)? => {}
            Err(why) => return Err(why),
        }
    }
}

fn tell_device(session: &Session, for_stake: bool, person: &mut dyn Person) {
    person.hint(&line("device", &advice::model(session)));
    match super::hosted_warning(None, session.target) {
        Some(text) if for_stake => person.hint(&text),
        _ if for_stake => {}
        _ => person.hint(&loudly(advice::not_for_stake())),
    }
    let app = advice::version(session.app);
    let ours: Vec<u8> = env!("CARGO_PKG_VERSION").split('.').filter_map(|part| part.parse().ok()).collect();
    if session.target.has_buttons() && session.app[..] < ours[..] {
        person.hint(&advice::app_is_older(&app));
    }
}

async fn check(run: &mut Run, person: &mut dyn Person) -> Result<(), Failure> {
    if let Err(why) = run.look_at_margin().await {
        person.hint(&advice::margin_not_told(&why));
    }
    let findings = run.check().await;
    for Finding { finding, weight, text } in &findings.findings {
        let weight = if *weight == Weight::Error { "ERROR" } else { "WARNING" };
        person.hint(&format!("{weight} {finding}: {text}"));
    }
    match findings.exit {
        Some(exit) => Err(Failure::found(exit, findings.findings.len())),
        None => Ok(()),
    }
}

fn end(run: &Run, person: &mut dyn Person) -> Result<SetUp, Failure> {
    let set_up = run.done()?;
    person.hint(&line("address", &set_up.address));
    person.hint(&line("key", &set_up.key));
    person.hint(&line("mark", &set_up.mark.to_string()));
    if let Some(margin) = run.margin() {
        let text = advice::margin(
            margin.signing_seconds,
            margin.block_seconds,
            margin.signing_ratio,
            margin.measured,
        );
        person.hint(&line("margin", &text));
        if margin.is_thin() {
            person.hint(advice::margin_thin());
        }
    }
    if !set_up.for_stake {
        person.hint(&loudly(advice::not_for_stake()));
    }
    if run.found.changed {
        person.hint(advice::restart_the_daemon());
    }
    let next: Vec<_> = set_up.next.iter().map(|command| format!("`{command}`")).collect();
    person.hint(&format!("next: the lines below at the node, {}, then the node\n", next.join(", ")));
    Ok(set_up)
}

/// So that the advice of a refusal can be followed. The refusal is what counts, whether or not a file can be written.
fn leave_config(run: &mut Run, person: &mut dyn Person) {
    match run.leave_config() {
        Ok(true) => person.hint(&line("config", &format!("{}, checked", run.path().display()))),
        Ok(false) => {}
        Err(unwritten) => person.hint(&unwritten.to_string()),
    }
}

/// The answers as the command line of `highwater migrate`.
fn old(run: &Run) -> Result<MigrateArgs, Failure> {
    let answers = &run.answers.migrate;
    let from = answers.from.as_deref().unwrap_or_default();
    let from: Former = from.parse().map_err(|error| Failure::usage(format!("`migrate.from`: {error}")))?;
    let number = |number: u8| number.to_string().parse::<KeyNumber>();
    let imported = answers.imported.filter(|_| answers.key_file().is_none()).map(number).transpose();
    let node = run.found.rpc(&run.answers).and_then(|rpc| rpc.parse().ok());
    let to = answers.to.clone().filter(|to| !to.as_os_str().is_empty());
    Ok(MigrateArgs {
        from,
        old: OldArgs {
            chain: run.id().to_owned(),
            state: answers.state.clone().unwrap_or_default(),
            block_time: answers.block_time.unwrap_or(6),
        },
        key: answers.key_file().cloned(),
        imported: imported.map_err(|error| Failure::usage(format!("`migrate.imported`: {error}")))?,
        no_backup: to.is_none(),
        to,
        key_index: run.answers.chain.key_index.filter(|_| run.found.keeps_its_keys()),
        tmkms: None,
        threshold: answers.threshold,
        exact: false,
        never_signed: None,
        rpc: node.clone().filter(|_| matches!(from, Former::Nothing)),
        node,
        below_signed: None,
        retire: false,
        on: On { device: run.answers.chain.device.clone() },
    })
}

/// Who sits at the terminal; lines are broken between words.
struct AtTerminal<'a>(&'a mut Terminal);

impl Talk for AtTerminal<'_> {
    fn hint(&mut self, text: &str) {
        // What is coloured was broken before.
        let text = if text.contains('\x1b') { text.to_owned() } else { wrapped(text) };
        self.0.hint(&text);
    }

    fn can_answer(&self, typed: Option<&str>) -> bool {
        self.0.can_answer(typed)
    }

    fn answers(&mut self, question: &str, typed: Option<&str>) -> Result<bool, Failure> {
        self.0.answers(question, typed)
    }
}

impl Person for AtTerminal<'_> {
    fn is_there(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    fn answers_to(&mut self, question: Question, asked: &Asked) -> Result<String, Failure> {
        if !self.is_there() {
            return Err(Failure::usage(advice::answer_missing(question.key(), &asked.words)));
        }
        say::aside(format_args!("\n{}", shown(asked)));
        terminal::line().and_then(|line| match line.is_empty() {
            // The terminal is gone.
            true => Err(Failure::usage(advice::answer_missing(question.key(), &asked.words))),
            false => Ok(line),
        })
    }

    fn looks_again(&mut self, why: &Failure) -> Result<bool, Failure> {
        if !self.is_there() {
            return Ok(false);
        }
        say::aside(format_args!("\n{}\nEnter looks again, Ctrl-C ends: ", wrapped(&why.to_string())));
        Ok(!terminal::line()?.is_empty())
    }

    fn terminal(&mut self) -> &mut Terminal {
        self.0
    }
}

/// A question, its answers with their numbers, and what stands if nothing is typed.
fn shown(asked: &Asked) -> String {
    let mut text = wrapped(&asked.words) + "\n";
    let wide = asked.choices.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    for (number, (word, means)) in asked.choices.iter().enumerate() {
        let indent = wide + 6;
        let means = wrapped_to(means, WIDTH - indent).replace('\n', &format!("\n{:indent$}", ""));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", format!("  {} {word:wide$}  {means}", number + 1).trim_end());
    }
    match &asked.default {
        Some(default) if default == "y" => text + "[Y/n] ",
        Some(default) if default == "n" => text + "[y/N] ",
        Some(default) => text + &format!("[{default}] "),
        None => text + "> ",
    }
}

/// A name and its value.
fn line(name: &str, value: &str) -> String {
    let text = wrapped_to(value, WIDTH - 10);
    format!("{name:<10}{}", text.replace('\n', &format!("\n{:10}", "")))
}

/// The same, in red on a terminal.
fn loudly(text: &str) -> String {
    let text = wrapped(text);
    if colours(&std::io::stderr()) { format!("\x1b[31m{text}\x1b[0m") } else { text }
}

/// Broken between words, so that a line fits the terminal. What is indented, or between backticks, is a command, and stays on one line.
fn wrapped(text: &str) -> String {
    wrapped_to(text, WIDTH)
}

fn wrapped_to(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| {
        if line.chars().count() <= width || line.starts_with("  ") {
            return line.to_owned();
        }
        let (mut out, mut column) = (String::new(), 0);
        let mut quoted = false;
        let is_end = |letter: char| {
            quoted ^= letter == '`';
            letter == ' ' && !quoted
        };
        for word in line.split(is_end) {
            let wide = word.chars().count();
            if column > 0 && column + 1 + wide > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out += word;
            column += wide;
        }
        out
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
