//! The ledger of an HSM's log, when the owner has looked.

use highwater_hosted::Fault;
use highwater_hosted::audit::Elsewhere;

use super::Chosen;
use crate::device;

/// The log counts from now on. What was found in it, if anything was.
pub(crate) fn accept(chosen: &Chosen<'_>) -> Result<Option<Elsewhere>, Fault> {
    device::accept_log(chosen.device, &chosen.state_dir)
}
