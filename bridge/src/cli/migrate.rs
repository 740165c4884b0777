//! `migrate`, `retire`: a validator moves here from another signer.

use std::path::PathBuf;
use std::time::Duration;

use highwater_moving::{MarkRule, PublicKey, Source, TmkmsHsm, remains};

use super::args::{Former, MigrateArgs, OldArgs};
use super::key::{back_up, tell_held, tell_key, tell_read};
use super::terminal::Terminal;
use crate::advice;
use crate::config::Config;
use crate::device::{self, KeyNumber, Slot, Target};
use crate::failure::Failure;
use crate::old_signer::OldFile;
use crate::operator::migrate::{self, Asks, From, Judged, Old, Retired, Wanted, Which};
use crate::operator::reach::Reach;
use crate::operator::{Access, Chosen, Talk, backup_file, chain_id, keys, not_exported};
use crate::state_dir::{self, Purpose};
use crate::users::Hands;

pub(super) async fn act(
    config: &Chosen<'_>,
    mut args: MigrateArgs,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let hands = Hands::of_owner(&config.state_dir)
        .map_err(|error| Failure::io(config.state_dir.display(), &error))?;
    state_dir::prepare(&config.state_dir, Purpose::Writes)?;
    not_exported(config)?;
    let stays = args.key_index.map(|index| in_store(config, index)).transpose()?;
    let former = former(config, &mut args, &hands)?;
    let args = &args;
    let wanted = wanted(config, args)?;

    let read = args.key.as_deref().map(|path| migrate::read_key(&wanted, path, &hands)).transpose()?;
    let key = read.as_ref().map(|read| &read.key.public);
    args.to.as_deref().map(|to| hands.as_asked(|| backup_file::free(to, key))).transpose()?;
    // Without a key file the device is asked for the key; else not before all that the old signer left is judged.
    let (public, asked) = match (&read, stays, args.imported) {
        (Some(read), ..) => (read.key.public, None),
        (None, Some(public), _) => (public, None),
        (None, None, number) => {
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
        if access.session().await?.chain(wanted.chain).is_some_and(Slot::is_imported) {
            backed_up(&mut access.reach, &judged, args, &hands).await?;
        }
        return retire_or_say(config, args, former, &wanted, &hands);
    }
    judged.not_above(&wanted, terminal).await?;
    let pause = judged.pause(&wanted);
    if !pause.is_zero() {
        terminal.hint(&advice::second_look(pause));
        tokio::time::sleep(pause).await;
        judged.still(&wanted, &hands)?;
    }

    let key = match (read, args.key_index, args.imported) {
        (Some(read), ..) => {
            let held = keys::import(&mut access.reach, &read.key, terminal).await?;
            drop(read);
            tell_held(held);
            back_up(&mut access.reach, held.number, args.to.clone(), &hands).await?;
            Which::Imported(held.number)
        }
        (None, Some(index), _) => Which::Stays(index),
        (None, None, number) => {
            let number = number.unwrap_or(KeyNumber::of(0));
            back_up(&mut access.reach, number, args.to.clone(), &hands).await?;
            Which::Imported(number)
        }
    };
    let added = judged.add(config, &mut access, &wanted, key, &hands, terminal).await?;
    super::chain::tell_added(config, wanted.chain, &added);
    if let (Which::Imported(number), true) = (key, args.no_backup) {
        remark!("{}", advice::no_backup_made(number));
    }
    retire_or_say(config, args, former, &wanted, &hands)
}

/// The backup of a key that moved before, or how it is made.
async fn backed_up(
    reach: &mut Reach,
    judged: &Judged,
    args: &MigrateArgs,
    hands: &Hands,
) -> Result<(), Failure> {
    let places = keys::list(reach).await?;
    let Some(place) = places.iter().find(|place| place.public == Some(judged.public)) else { return Ok(()) };
    if args.no_backup {
        remark!("{}", advice::no_backup_made(place.number));
    }
    back_up(reach, place.number, args.to.clone(), hands).await
}

/// The public key of a key that stays in its store, as the store says.
fn in_store(config: &Chosen<'_>, index: u32) -> Result<PublicKey, Failure> {
    if !config.device.transport.target().is_some_and(Target::is_store) {
        return Err(Failure::usage(advice::no_store()));
    }
    let key = device::key_of_store(config.device, &config.devices, &config.state_dir, index);
    let key = key.map_err(|fault| Failure::unavailable(advice::fault(&fault)))?;
    Ok(PublicKey::new(key))
}

/// The authentication key that tmkms logs in with, by its configuration; the object is the one that signs here.
fn former(config: &Chosen<'_>, args: &mut MigrateArgs, hands: &Hands) -> Result<Option<u16>, Failure> {
    let (Some(path), Some(index)) = (&args.tmkms, args.key_index) else { return Ok(None) };
    if !matches!(args.from, Former::Signer(Source::Tmkms)) {
        return Err(Failure::usage(advice::not_of_tmkms()));
    }
    let file = hands.as_asked(|| OldFile::read(path))?;
    if !file.exists() {
        return Err(Failure::usage(advice::no_key_file(file.path())));
    }
    let TmkmsHsm { object, auth_key, state } =
        TmkmsHsm::read(file.path(), file.bytes(), chain_id(&args.old.chain)?)?;
    let ours = config.device.keys.iter().find(|key| key.number == index).and_then(|key| key.object);
    if ours != Some(object) {
        return Err(Failure::usage(advice::other_object(object, index)));
    }
    if config.device.auth_key == Some(auth_key) {
        return Err(Failure::usage(advice::shared_auth_key(auth_key)));
    }
    if args.old.state.is_empty()
        && let Some(state) = state.map(PathBuf::from)
    {
        // Below which folder it is, only whoever starts tmkms knows.
        if state.is_relative() {
            return Err(Failure::usage(advice::relative_state(file.path(), &state)));
        }
        args.old.state.push(state);
    }
    Ok(Some(auth_key))
}

/// The last step of a move: the old signer is retired, or it is said how.
fn retire_or_say(
    config: &Config,
    args: &MigrateArgs,
    former: Option<u16>,
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
            tell_remains(&remains(source, args.key.is_some()));
        }
        From::Nothing(_) => remark!("{}", advice::nothing_is_retired()),
    }
    if let Some(auth_key) = former {
        remark!("{}", advice::lock_out(auth_key));
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

fn wanted<'a>(config: &Config, args: &'a MigrateArgs) -> Result<Wanted<'a>, Failure> {
    chain_id(&args.old.chain)?;
    let is_horcrux = matches!(args.from, Former::Signer(Source::Horcrux));
    let is_nothing = matches!(args.from, Former::Nothing);
    for (given, belongs, option, whose) in [
        (args.threshold.is_some(), is_horcrux, "threshold", "horcrux"),
        (args.retire, !is_nothing, "retire", "a signer that left files"),
    ] {
        if given && !belongs {
            return Err(Failure::usage(advice::option_of_another_signer(option, whose)));
        }
    }
    let from = match (args.from, &args.rpc) {
        (Former::Signer(source), _) => From::Files(source),
        (Former::Nothing, Some(node)) => From::Nothing(node.clone()),
        (Former::Nothing, None) => return Err(Failure::usage(advice::rpc_needed())),
    };
    // The configuration's own node was not named for this: it may be down while its signer moves.
    let known = config.chain(&args.old.chain).and_then(|chain| chain.rpc.as_deref());
    let known = known.and_then(|rpc| rpc.parse().ok()).or_else(|| args.node.clone());
    let asks = match args.rpc.clone() {
        Some(node) => Some(Asks { node, must: true }),
        None => known.map(|node| Asks { node, must: false }),
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
        asks,
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
    if retired.done.is_empty() {
        say!("retired already: nothing is left to do to these files");
    }
    for doubt in &retired.doubts {
        remark!("{doubt}");
    }
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
