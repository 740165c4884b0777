//! The two report endpoints: one report at a time to the host, and how long it may take.

/// Whether a report is on its way, and for how long.
#[derive(Debug)]
pub(crate) struct Link {
    /// Ticks left for the host to fetch the report. 0: none is on its way.
    waiting: u8,
}

/// Two seconds, as in Ledger's own apps: a host that is there fetches a report within milliseconds. One that sleeps
/// meanwhile has given the reply up as well.
const PATIENCE: u8 = 20;

impl Link {
    pub(crate) const fn new() -> Self {
        Self { waiting: 0 }
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.waiting > 0
    }

    /// A report was handed to the MCU.
    pub(crate) fn sending(&mut self) {
        self.waiting = PATIENCE;
    }

    /// The host has fetched it. `false`: it fetched nothing of ours.
    pub(crate) fn on_sent(&mut self) -> bool {
        core::mem::take(&mut self.waiting) > 0
    }

    /// 100 ms have gone by. `true`: the host did not come; the report is given up.
    pub(crate) fn tick(&mut self) -> bool {
        let was_sending = self.is_sending();
        self.waiting = self.waiting.saturating_sub(1);
        was_sending && !self.is_sending()
    }

    /// What was under way is void.
    pub(crate) fn reset(&mut self) {
        self.waiting = 0;
    }
}
