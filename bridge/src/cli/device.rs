//! `status`, `device info`.

use super::Failure;
use super::link::{Link, simulated_warning};
use crate::admin::Client;
use crate::advice;
use crate::config::Config;
use crate::device::Session;

pub(super) async fn status(config: &Config) -> Result<(), Failure> {
    let mut client = Client::connect(&config.state_dir)
        .await
        .ok_or_else(|| Failure::unavailable("no daemon runs here: start it with `highwater run`"))?;
    let report = client.status().await.map_err(Failure::unavailable)?;
    match (&report.device, &report.fault) {
        (Some(session), _) => print(session),
        (None, Some(fault)) => println!("device: {fault}"),
        (None, None) => println!("device: being opened"),
    }
    for chain in &report.chains {
        println!(
            "{}: last {}, {} signed, {} refused, {} without answer",
            chain.chain,
            chain.last.as_deref().unwrap_or("nothing yet"),
            chain.signatures,
            chain.refusals,
            chain.silences
        );
    }
    Ok(())
}

pub(super) async fn info(link: &mut Link) -> Result<(), Failure> {
    print(&link.session().await?);
    Ok(())
}

fn print(session: &Session) {
    let kind = match session.target {
        0 => "simulated",
        1 => "Nano S",
        _ => "unknown model",
    };
    if session.target == 0 {
        eprintln!("{}", simulated_warning());
    }
    println!("device: {kind}, Highwater {}", advice::version(session.app));
    println!("installation: {}", hex::encode(session.installation));
    if let Some(text) = advice::standing(session.standing) {
        println!("state: {text}");
    }
    if session.slots.is_empty() {
        println!("no chain is approved: run `highwater chain add`");
    }
    for slot in &session.slots {
        println!(
            "slot {}: {} {}, key 44'/118'/0'/0'/{}', mark {}, highest signed {}, {} writes, {}.{:04} % worn",
            slot.slot,
            if slot.chain.is_empty() { "(unknown)" } else { &slot.chain },
            slot.state,
            slot.key_index,
            slot.mark,
            slot.highest_signed,
            slot.writes,
            slot.wear_ppm / 10_000,
            slot.wear_ppm % 10_000
        );
    }
}
