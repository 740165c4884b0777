//! `status`, `device info`.

use super::args::Form;
use super::{say, show};
use crate::admin::Client;
use crate::advice;
use crate::config::Config;
use crate::device::Session;
use crate::failure::Failure;
use crate::operator::Chosen;
use crate::operator::reach::Reach;
use crate::store::Pins;

pub(super) async fn status(config: &Config, form: Form) -> Result<(), Failure> {
    let client = Client::connect(&config.state_dir).await.map_err(Failure::unavailable)?;
    let mut client = client.ok_or_else(|| Failure::unavailable(advice::no_daemon()))?;
    let report = client.status().await.map_err(Failure::unavailable)?;
    for shown in report.each() {
        warn_of(shown.name, shown.session);
    }
    if form.json {
        return say::json(&report);
    }
    say::print(format_args!("{}", show::report(&report)));
    Ok(())
}

pub(super) async fn info(config: &Chosen<'_>, form: Form) -> Result<(), Failure> {
    let session = Reach::open(config).await?.described().await?;
    if form.json {
        return say::json(&session);
    }
    // The device tells of itself whatever the pins are.
    let pins = Pins::load(&config.state_dir).ok();
    let is_pinned = |id: &&str| pins.as_ref().is_some_and(|pins| pins.get(id).is_some());
    let pinned: Vec<_> =
        config.chains_of(config.device).map(|chain| chain.id.as_str()).filter(is_pinned).collect();
    say::print(format_args!("{}", show::info(config.device.name.as_deref(), &session, &pinned)));
    Ok(())
}

/// In red, above everything.
fn warn_of(name: Option<&str>, session: Option<&Session>) {
    if let Some(text) = session.and_then(|session| super::hosted_warning(name, session.target)) {
        remark!("{text}");
    }
}
