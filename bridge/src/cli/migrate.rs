//! `migrate`, `retire`: a validator moves here from another signer.

use std::path::PathBuf;
use std::time::Duration;

use highwater_moving::{MarkRule, Source, remains};

use super::args::{Former, MigrateArgs, OldArgs};
use super::key::{back_up, tell_held, tell_key, tell_read};
use super::terminal::Terminal;
use crate::advice;
use crate::config::Config;
use crate::device::KeyNumber;
use crate::failure::Failure;
use crate::operator::migrate::{self, From, Judged, Old, Retired, Wanted};
use crate::operator::{Access, Chosen, Talk, backup_file, keys, not_exported};
use crate::state_dir::{self, Purpose};
use crate::users::Hands;

pub(super) async fn act(
    config: &Chosen<'_>,
    args: MigrateArgs,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let hands = Hands::of_owner(&config.state_dir)
        .map_err(|error| Failure::io(config.state_dir.display(), &error))?;
    state_dir::prepare(&config.state_dir, Purpose::Writes)?;
    not_exported(config)?;
    let wanted = wanted(&args)?;

    let read = args.key.as_deref().map(|path| migrate::read_key(&wanted, path, &hands)).transpose()?;
    let key = read.as_ref().map(|read| &read.key.public);
    args.to.as_deref().map(|to| hands.as_asked(|| backup_file::free(to, key))).transpose()?;
    // Without a key file the device is asked for the key; else not before all that the old signer left is judged.
    let (public, asked) = match (&read, args.imported) {
        (Some(read), _) => (read.key.public, None),
        (None, number) => {
            let mut access = Access::open(config).await?;
            let public = keys::public(&mut access.reach, number.unwrap_or(KeyNumber::of(0))).await?;
            (public, Some(access))
        }
    };
    match &read {
        Some(read) => tell_read(read),
        None => tell_key(&public),
    }
    let judged = migrate::judged(&wanted, public, &hands, terminal).await?;
    tell(&judged);
    let mut access = match asked {
        Some(access) => access,
        None => Access::open(config).await?,
    };
    if judged.is_here(config, &mut access, &wanted).await? {
        remark!("{}", advice::moved_before(wanted.chain));
        return retire_or_say(config, &args, &wanted, &hands);
    }
    let pause = judged.pause(&wanted);
    if !pause.is_zero() {
        terminal.hint(&advice::second_look(pause));
        tokio::time::sleep(pause).await;
        judged.still(&wanted, &hands)?;
    }

    let number = match (read, args.imported) {
        (Some(read), _) => {
            let held = keys::import(&mut access.reach, &read.key, terminal).await?;
            drop(read);
            tell_held(held);
            back_up(&mut access.reach, held.number, args.to.clone(), &hands).await?;
            held.number
        }
        (None, number) => number.unwrap_or(KeyNumber::of(0)),
    };
    let added = judged.add(config, &mut access, &wanted, number, &hands, terminal).await?;
    super::chain::tell_added(config, wanted.chain, &added);
    retire_or_say(config, &args, &wanted, &hands)
}

/// The last step of a move: the old signer is retired, or it is said how.
fn retire_or_say(
    config: &Config,
    args: &MigrateArgs,
    wanted: &Wanted<'_>,
    hands: &Hands,
) -> Result<(), Failure> {
    match wanted.from {
        From::Files(source) if args.retire => {
            let old = old(&args.old, source, args.key.clone());
            tell_retired(&migrate::retire(config, &old, hands)?);
        }
        From::Files(source) => {
            remark!("{}", advice::retire_next(&command(args, source)));
            tell_remains(&remains(source));
        }
        From::Nothing(_) => remark!("{}", advice::nothing_is_retired()),
    }
    Ok(())
}

/// `retire`, which may be run as root: it changes nothing of ours.
pub(super) fn retire(
    config: &Config,
    args: OldArgs,
    source: Source,
    key: Option<PathBuf>,
) -> Result<(), Failure> {
    let done = migrate::retire(config, &old(&args, source, key), &Hands::own())?;
    tell_retired(&done);
    Ok(())
}

fn old(args: &OldArgs, source: Source, key: Option<PathBuf>) -> Old<'_> {
    let block_time = Duration::from_secs(args.block_time);
    Old { source, chain: &args.chain, states: &args.state, key, block_time }
}

fn wanted(args: &MigrateArgs) -> Result<Wanted<'_>, Failure> {
    let from = match (args.from, &args.rpc) {
        (Former::Signer(source), _) => From::Files(source),
        (Former::Nothing, Some(node)) => From::Nothing(node.clone()),
        (Former::Nothing, None) => return Err(Failure::usage(advice::rpc_needed())),
    };
    Ok(Wanted {
        from,
        chain: &args.old.chain,
        states: &args.old.state,
        rule: if args.exact { MarkRule::Exact } else { MarkRule::RoundDone },
        threshold: args.threshold,
        never_signed: args.never_signed.as_deref(),
        block_time: Duration::from_secs(args.old.block_time),
        below: args.below_signed,
    })
}

fn tell(judged: &Judged) {
    if let Some(highest) = judged.highest {
        say!("highest  {highest}");
    }
    say!("mark     {}", judged.mark);
    for warning in &judged.warnings {
        remark!("{warning}");
    }
}

fn tell_retired(retired: &Retired) {
    for act in &retired.done {
        say!("{act}");
    }
    tell_remains(&retired.remains);
}

fn tell_remains(remains: &[highwater_moving::Remains]) {
    for remains in remains {
        remark!("{}", advice::see_to(remains));
    }
}

/// The command that retires the files which were named.
fn command(args: &MigrateArgs, source: Source) -> String {
    let mut command = format!("highwater retire --from {source} --chain {}", args.old.chain);
    for state in &args.old.state {
        command += &format!(" --state {}", state.display());
    }
    if let Some(key) = &args.key {
        command += &format!(" --key {}", key.display());
    }
    command
}
