//! `events`.

use super::args::Form;
use super::{say, show};
use crate::admin::RefusedReport;
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
    let Events { away, page_writes, derivations, device, bridge, .. } = events;
    let mut text = match away {
        Some(away) => format!("device   tells nothing: {away}\n"),
        None => format!(
            "device   since its app was opened: {} pages written, {} keys derived, {}\n",
            page_writes.unwrap_or_default(),
            derivations.unwrap_or_default(),
            match device.as_deref() {
                None | Some([]) => "nothing refused",
                Some(_) => "and refused, the newest first:",
            }
        ),
    };
    for Refused { status, chain, slot, asked, times, means } in device.iter().flatten() {
        let whose = match (chain, slot) {
            (Some(chain), _) => format!("{chain} "),
            (None, Some(slot)) => format!("slot {slot} "),
            (None, None) => String::new(),
        };
        let asked = asked.map_or(String::new(), |asked| format!("{asked}, "));
        text += &show::line(&often(u64::from(*times)), &format!("{whose}{asked}{status}: {means}"));
    }
    let Some(bridge) = bridge else { return text + "\nbridge   no daemon runs\n" };
    text += "\nbridge   since the daemon was started\n";
    for OfChain { chain, refusals, silences, refused, .. } in bridge {
        text += &show::line(chain, &format!("{refusals} refused, {silences} left without an answer"));
        for RefusedReport { reason, times, asked, node, at, text: told, .. } in refused {
            let asked = asked.map_or(String::new(), |asked| format!("{asked}, "));
            text += &show::line(&often(*times), &format!("{asked}{reason}, {at}, {node}: {told}"));
        }
    }
    text
}

fn often(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::signer::refused::tests::refused_all;

    /// As a person reads them: every reason that the daemon has to refuse, with its cure.
    #[test]
    fn every_refusal_is_told_with_its_reason_and_its_cure() {
        let refused: Vec<_> =
            refused_all().iter().map(|one| RefusedReport::of(one, Instant::now())).collect();
        let at = refused[0].at.clone();
        let chain = OfChain {
            chain: "alpha-1".to_owned(),
            refusals: refused.iter().map(|one| one.times).sum(),
            silences: 0,
            last_refusal: None,
            refused: refused.into_iter().map(|one| RefusedReport { at: at.clone(), ..one }).collect(),
        };
        let events = Events {
            away: None,
            page_writes: Some(0),
            derivations: Some(0),
            stack: Some(0),
            device: Some(Vec::new()),
            bridge: Some(vec![chain]),
        };
        let text = text(&events).replace(&at, "Sun, 29 Nov 2026 19:01:13 GMT");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("refusals", text));
    }

    /// When somebody looks, the device is away more often than not.
    #[test]
    fn what_the_daemon_refused_is_told_also_where_the_device_tells_nothing() {
        let chain = OfChain {
            chain: "alpha-1".to_owned(),
            refusals: 3,
            silences: 2,
            last_refusal: None,
            refused: Vec::new(),
        };
        let events = Events {
            away: Some("no Ledger is plugged in: plug it in".to_owned()),
            page_writes: None,
            derivations: None,
            stack: None,
            device: None,
            bridge: Some(vec![chain]),
        };
        let text = text(&events);
        assert!(text.starts_with("device   tells nothing: no Ledger is plugged in: plug it in\n"), "{text}");
        assert!(text.contains("3 refused, 2 left without an answer"), "{text}");
    }
}
