//! The ledger of an HSM's log, when the owner has looked.

use highwater_hosted::audit::Accepted;

use super::Chosen;
use crate::device::{self, Fault};

/// The log counts from now on.
pub(crate) fn accept(chosen: &Chosen<'_>) -> Result<Accepted, Fault> {
    device::accept_log(chosen.device, &chosen.devices, &chosen.state_dir)
}
