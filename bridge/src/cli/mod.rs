//! The command line.

#[macro_use]
mod say;

mod args;
mod chain;
mod device;
mod events;
mod firmware;
mod help;
#[cfg(test)]
mod json_tests;
mod key;
mod look;
#[cfg(test)]
mod manual_tests;
mod mark;
mod migrate;
#[cfg(test)]
mod options_tests;
mod pubkey;
mod run;
mod setup;
mod show;
mod stops;
mod supervise;
mod terminal;
mod told;
mod transfer;
mod watch;
mod yubihsm;

use crate::advice;
use crate::config::{self, Config};
use crate::device::{KeyNumber, Target};
pub use crate::failure::Failure;
use crate::log::{Lost, colours};
use crate::node::Identity;
use crate::operator::Chosen;
use crate::operator::add::New;
use crate::operator::adopt::Wanted;
use crate::operator::check::{self, Ground};
use crate::state_dir;
pub use args::{Args, Verb};
use args::{ChainVerb, DeviceVerb, MarkVerb, StateVerb};
pub use help::{command, parse};
use terminal::Terminal;
use told::Told as _;

/// Does what the command line says. An error names cause and cure and has its exit code.
/// `lost` counts the lines of the log that were dropped.
pub async fn main(args: Args, lost: Lost) -> Result<(), Failure> {
    act(args, lost).await?;
    say::heard()
}

async fn act(args: Args, lost: Lost) -> Result<(), Failure> {
    // They tell of the configuration themselves.
    match args.verb {
        Verb::Check { form } => {
            return look::tell(&check::check(&args.config, &Ground::default()).await, form);
        }
        Verb::Doctor { form } => {
            return look::tell(&check::doctor(&args.config, &Ground::default()).await, form);
        }
        _ => {}
    }
    let mut terminal = Terminal { yes_simulated: args.yes_simulated, approved: args.approve_chain };
    let terminal = &mut terminal;
    if let Verb::Key { verb, on, emulator } = args.verb {
        return key::act(&args.config, emulator, on.name(), verb, terminal).await;
    }
    if let Verb::Setup(asked) = args.verb {
        return setup::act(&args.config, asked, terminal).await;
    }
    if let Verb::Firmware { verb, emulator } = args.verb {
        return firmware::act(&args.config, emulator, verb).await;
    }
    if let Verb::YubiHsm { verb } = args.verb {
        return yubihsm::act(&args.config, verb, terminal).await;
    }
    let config = Config::load(&args.config)?;
    let config = &config;
    if let Verb::Migrate(moving) = args.verb {
        let chosen = Chosen::own(config, moving.chain(), moving.on.name())?;
        warn_hosted(chosen.device);
        return migrate::act(&chosen, moving, terminal).await;
    }
    state_dir::prepare(&config.state_dir, args.verb.purpose())?;
    match args.verb {
        Verb::Run => run::run(config, lost).await,
        Verb::Check { .. } | Verb::Doctor { .. } => Ok(()),
        Verb::Status { watch: true, .. } => watch::watch(config).await,
        Verb::Status { form, .. } => device::status(config, form).await,
        Verb::Events { form, on } => {
            events::tell(&warned(Chosen::near(config, None, on.name())?), form).await
        }
        Verb::Device { verb: DeviceVerb::Info { form }, on } => {
            device::info(&warned(Chosen::near(config, None, on.name())?), form).await
        }
        Verb::NodeId { form } => told::NodeId::of(&Identity::load(&config.state_dir)?).tell(form),
        Verb::Pubkey { id, json, tx } => {
            let form = match (json, tx) {
                (true, _) => pubkey::Form::Genesis,
                (_, true) => pubkey::Form::Transaction,
                _ => pubkey::Form::Hex,
            };
            pubkey::show(config, &id, form)
        }
        Verb::Chain { verb, on } => of_chains(config, verb, on.name(), terminal).await,
        Verb::Mark { verb, on } => of_marks(config, verb, on.name(), terminal).await,
        Verb::Retire { old, from, key } => migrate::retire(config, old, from, key),
        // They were done above: some need no configuration, the others may have to become another user.
        Verb::Firmware { .. }
        | Verb::Key { .. }
        | Verb::Migrate(_)
        | Verb::Setup(_)
        | Verb::YubiHsm { .. } => Ok(()),
        Verb::State { verb: StateVerb::Export { file } } => transfer::export(config, &file),
        Verb::State { verb: StateVerb::Import { file } } => transfer::import(config, &file),
    }
}

/// `named` is the device of the command line.
async fn of_chains(
    config: &Config,
    verb: ChainVerb,
    named: Option<&str>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    // What makes a device sign for a chain is about the chain's own one.
    let own = |id: &str| Chosen::own(config, id, named).map(warned);
    let near = |id: &str| Chosen::near(config, Some(id), named).map(warned);
    match verb {
        ChainVerb::Add { id, key, mark, below_signed: below } => {
            let new = New {
                id: &id,
                key_index: key.index(),
                mark: mark.to_hrs(),
                below,
                key: None,
                looked_after: false,
            };
            chain::add(&own(&id)?, new, terminal).await
        }
        ChainVerb::List { form } => {
            config.devices.iter().for_each(warn_hosted);
            chain::list(config, named, form).await
        }
        ChainVerb::Rename { id, new, mark, below_signed: below } => {
            let chosen = own(&id)?;
            // The new name may stand in the config already.
            Chosen::own(config, &new, chosen.device.name.as_deref())?;
            // The number of its key is that of the old name.
            let new =
                New { id: &new, key_index: 0, mark: mark.to_hrs(), below, key: None, looked_after: false };
            chain::rename(&chosen, &id, new, terminal).await
        }
        ChainVerb::ShowKey { id } => chain::show_key(&near(&id)?, &id, terminal).await,
        ChainVerb::Remove { id } => chain::remove(&near(&id)?, &id, terminal).await,
        ChainVerb::Forget { id: Some(id), below_signed, .. } => {
            chain::forget(&near(&id)?, &id, below_signed, terminal).await
        }
        ChainVerb::Forget { slot: Some(slot), .. } => {
            let chosen = warned(Chosen::near(config, None, named)?);
            chain::forget_slot(&chosen, slot, terminal).await
        }
        // The command line wants one of the two.
        ChainVerb::Forget { .. } => Err(Failure::usage("name a chain, or a slot by --slot".to_owned())),
        ChainVerb::Release { id } => chain::release(&own(&id)?, &id).await,
    }
}

async fn of_marks(
    config: &Config,
    verb: MarkVerb,
    named: Option<&str>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let near = |id: &str| Chosen::near(config, Some(id), named).map(warned);
    match verb {
        MarkVerb::Show { id, form } => mark::show(&near(&id)?, &id, form).await,
        MarkVerb::Set { id, mark, below_signed } => {
            mark::set(&near(&id)?, &id, mark.to_hrs(), below_signed, terminal).await
        }
        MarkVerb::Adopt { id, key_index, imported, last_signed, below_signed: below } => {
            let chosen = warned(Chosen::own(config, &id, named)?);
            let key_index = imported.map(KeyNumber::index).or(key_index);
            mark::adopt(&chosen, Wanted { id: &id, key_index, last_signed, below }, terminal).await
        }
    }
}

/// What is weaker than on a Ledger, of a device in this process. In red on a terminal.
fn hosted_warning(name: Option<&str>, target: Target) -> Option<String> {
    let text = advice::of_device(name, advice::hosted_device(target)?.to_owned());
    Some(if colours(&std::io::stderr()) { format!("\x1b[31m{text}\x1b[0m") } else { text })
}

/// Above everything that a command with a device of its own prints.
fn warn_hosted(device: &config::Device) {
    let warning = |target| hosted_warning(device.name.as_deref(), target);
    if let Some(text) = device.transport.target().and_then(warning) {
        remark!("{text}");
    }
}

fn warned(chosen: Chosen<'_>) -> Chosen<'_> {
    warn_hosted(chosen.device);
    chosen
}
