//! How long the rings of each device last, by the figure that is rated or assumed for its flash.

use nanos_sdk::target::{DEVICES, Device};

/// Seconds a block, signatures a block.
const PACES: [(u32, u32); 5] = [(6, 2), (6, 3), (3, 2), (3, 3), (1, 2)];
/// Of a device whose figure is assumed, another guess.
const LOW: u32 = 100_000;

/// Years until each page of a ring was erased so often.
fn years(pairs: u16, erases: u32, (seconds, signatures): (u32, u32)) -> f64 {
    f64::from(pairs) * f64::from(erases) * f64::from(seconds) / f64::from(signatures) / (365.25 * 86_400.0)
}

pub(super) fn table() -> String {
    let paces = PACES.map(|(seconds, signatures)| format!("{seconds} s, {signatures} signatures"));
    let mut table = format!("| device | slot | pairs | erases a page | {} |\n", paces.join(" | "));
    table += &format!("| --- | --- | --- | --- |{}", " --- |".repeat(PACES.len()));
    for device in &DEVICES {
        let rated = device.erases.rated;
        rows(device, rated, if device.erases.assumed { "assumed" } else { "rated" }, &mut table);
        if device.erases.assumed {
            rows(device, LOW, "assumed", &mut table);
        }
    }
    table
}

/// A row for each slot; one for all of them where their rings are as long.
fn rows(device: &Device, erases: u32, how: &str, table: &mut String) {
    let [first, others @ ..] = device.pairs;
    let equal = others.iter().all(|pairs| *pairs == first);
    for (slot, pairs) in device.pairs.iter().enumerate().take(if equal { 1 } else { 3 }) {
        let slot = if equal { "each".to_owned() } else { (slot + 1).to_string() };
        let thousands = erases / 1000;
        let years = PACES.map(|pace| format!("{:.1} years", years(*pairs, erases, pace))).join(" | ");
        *table += &format!("\n| {} | {slot} | {pairs} | {thousands},000, {how} | {years} |", device.title);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_ring_lasts_longer() {
        assert_eq!(
            format!("{:.1} {:.1}", years(206, 500_000, (6, 2)), years(71, 500_000, (6, 2))),
            "9.8 3.4"
        );
    }

    #[test]
    fn every_figure_of_a_device_is_a_round_number_of_thousands() {
        assert!(
            DEVICES.iter().all(|device| device.erases.rated % 1000 == 0 && device.erases.rated < 1_000_000)
        );
    }
}
