//! The command line.

mod adopt;
mod args;
mod chain;
mod device;
mod failure;
mod link;
mod mark;
mod prompt;
mod pubkey;
mod retire;
mod run;
mod show;
mod supervise;
mod transfer;

use std::fmt::Display;

use crate::config::Config;
use crate::node::Identity;
pub use args::{Args, Verb};
use args::{ChainVerb, DeviceVerb, MarkVerb, StateVerb};
pub use failure::Failure;

/// The first half of an error's text, where its cure is another one.
fn cause(error: &dyn Display) -> String {
    let text = error.to_string();
    text.split_once("; ").map_or(text.clone(), |(cause, _)| cause.to_owned())
}

/// Does what the command line says. An error names cause and cure and has its exit code.
pub async fn main(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    link::state_dir(&config)?;
    let sim = args.yes_simulated;
    match args.verb {
        Verb::Run => run::run(config).await,
        Verb::Status => device::status(&config).await,
        Verb::Device { verb: DeviceVerb::Info } => device::info(&config).await,
        Verb::NodeId => {
            let identity = Identity::load(&config.state_dir)?;
            println!("noise  {}", identity.peer_id());
            println!("tcp    {}", hex::encode(identity.public_key()));
            Ok(())
        }
        Verb::Pubkey { id, json } => pubkey::show(&config, &id, json),
        Verb::Chain { verb } => match verb {
            ChainVerb::Add { id, key_index, mark } => {
                chain::add(&config, &id, key_index, mark.to_hrs(), sim).await
            }
            ChainVerb::List => chain::list(&config).await,
            ChainVerb::Rename { id, new, mark } => {
                chain::rename(&config, &id, &new, mark.to_hrs(), sim).await
            }
            ChainVerb::ShowKey { id } => chain::show_key(&config, &id, sim).await,
            ChainVerb::Remove { id } => retire::remove(&config, &id, sim).await,
            ChainVerb::Forget { id: Some(id), .. } => retire::forget(&config, &id, sim).await,
            ChainVerb::Forget { slot, .. } => {
                retire::forget_slot(&config, slot.unwrap_or_default(), sim).await
            }
        },
        Verb::Mark { verb } => match verb {
            MarkVerb::Show { id } => mark::show(&config, &id).await,
            MarkVerb::Set { id, mark } => mark::set(&config, &id, mark.to_hrs(), sim).await,
            MarkVerb::Adopt { id, key_index, last_signed } => {
                adopt::adopt(&config, &id, key_index, last_signed, sim).await
            }
        },
        Verb::State { verb: StateVerb::Export { file } } => transfer::export(&config, &file),
        Verb::State { verb: StateVerb::Import { file } } => transfer::import(&config, &file),
    }
}
