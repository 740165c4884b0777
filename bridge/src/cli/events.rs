//! `events`.

use super::args::Form;
use super::{say, show};
use crate::failure::Failure;
use crate::operator::Chosen;
use crate::operator::events::{Events, OfChain, Refused, events};

pub(super) async fn tell(config: &Chosen<'_>, form: Form) -> Result<(), Failure> {
    let found = events(config).await?;
    if form.json {
        return say::json(&found);
    }
    say::print(format_args!("{}", text(&found)));
    Ok(())
}

fn text(events: &Events) -> String {
    let Events { page_writes, derivations, device, bridge, .. } = events;
    let mut text = format!(
        "device   since its app was opened: {page_writes} pages written, {derivations} keys derived, {}\n",
        if device.is_empty() { "nothing refused" } else { "and refused, the newest first:" }
    );
    for Refused { status, chain, slot, asked, times, means } in device {
        let whose = match (chain, slot) {
            (Some(chain), _) => format!("{chain} "),
            (None, Some(slot)) => format!("slot {slot} "),
            (None, None) => String::new(),
        };
        let asked = asked.map_or(String::new(), |asked| format!("{asked}, "));
        let often = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        text += &show::line(&often, &format!("{whose}{asked}{status}: {means}"));
    }
    let Some(bridge) = bridge else { return text + "\nbridge   no daemon runs\n" };
    text += "\nbridge   since the daemon was started\n";
    for OfChain { chain, refusals, silences, last_refusal } in bridge {
        let last = last_refusal.as_ref().map_or(String::new(), |last| format!("; last: {last}"));
        text += &show::line(chain, &format!("{refusals} refused, {silences} left without an answer{last}"));
    }
    text
}
