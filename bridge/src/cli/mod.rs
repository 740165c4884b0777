//! The command line.

mod args;
mod chain;
mod device;
mod failure;
mod link;
mod mark;
mod prompt;
mod pubkey;
mod run;
mod supervise;

use crate::config::Config;
use crate::node::Identity;
pub use args::{Args, Verb};
use args::{ChainVerb, DeviceVerb, MarkVerb};
pub use failure::Failure;
use link::Link;

/// Does what the command line says. An error names cause and cure and has its exit code.
pub async fn main(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    link::state_dir(&config)?;
    match args.verb {
        Verb::Run => run::run(config).await,
        Verb::Status => device::status(&config).await,
        Verb::Device { verb: DeviceVerb::Info } => device::info(&mut Link::open(&config).await?).await,
        Verb::Chain { verb: ChainVerb::Add { id, key_index, mark } } => {
            chain::add(&config, &id, key_index, mark.to_hrs(), args.yes_simulated).await
        }
        Verb::Chain { verb: ChainVerb::List } => chain::list(&config).await,
        Verb::Mark { verb: MarkVerb::Show { id } } => mark::show(&config, &id).await,
        Verb::Mark { verb: MarkVerb::Set { id, mark } } => {
            mark::set(&config, &id, mark.to_hrs(), args.yes_simulated).await
        }
        Verb::NodeId => {
            println!("{}", Identity::load(&config.state_dir)?.peer_id());
            Ok(())
        }
        Verb::Pubkey { id, json } => pubkey::show(&config, &id, json),
    }
}
