//! What both ends of the bus look at: the endpoints of the device, as its controller was told to leave them.

/// Endpoint 0, as a request left it.
#[derive(Debug, Default)]
pub(super) struct ControlPipe {
    /// The packet the host gets if it asks.
    pub(super) to_host: Option<Vec<u8>>,
    /// Whether an empty packet of the host is taken.
    pub(super) from_host: bool,
    /// What is refused: packets to the host, packets from it.
    pub(super) stalled: (bool, bool),
}

/// A report endpoint.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    pub(super) open: bool,
    pub(super) stalled: bool,
    /// Data 0 or data 1: which one is sent, or expected, next.
    pub(super) toggle: bool,
    /// To the host: the report it gets. From the host: anything if one is taken.
    pub(super) armed: Option<Vec<u8>>,
    /// When the report that lies there was put there.
    pub(super) since: usize,
}
