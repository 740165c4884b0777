//! What a refusal is called in the log.

use highwater_guard::Refusal;

use crate::admin::Reason;
use crate::log::Kind;

/// Why, as the metrics count it.
pub(super) fn reason_of(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::Device { status, .. } => Reason::Device(*status),
        refusal => Reason::Host(kind_of(refusal)),
    }
}

/// The word by which a log event of a refusal is known.
pub(super) fn kind_of(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::NotCanonical => Kind::RefusedNotCanonical,
        Refusal::OtherChain => Kind::RefusedOtherChain,
        Refusal::BeyondStop(_) => Kind::RefusedBeyondStop,
        Refusal::Stopped(_) => Kind::RefusedStopped,
        Refusal::LongExtension(_) => Kind::RefusedLongExtension,
        Refusal::LongForDevice { .. } => Kind::RefusedLongForDevice,
        Refusal::BelowReleased(_) => Kind::RefusedBelowReleased,
        Refusal::BelowAdopted(_) => Kind::RefusedBelowAdopted,
        Refusal::ConflictWithReleased => Kind::RefusedConflict,
        Refusal::TakenBack { .. } => Kind::RefusedTakenBack,
        Refusal::Lowering { .. } => Kind::RefusedLowering,
        Refusal::Owned { .. } => Kind::RefusedOwned,
        Refusal::LockedBlock { .. } => Kind::RefusedLockedBlock,
        Refusal::LockUnknown { .. } => Kind::RefusedLockUnknown,
        Refusal::Device { .. } => Kind::RefusedDevice,
        Refusal::DeviceExtension(_) => Kind::RefusedDeviceExtension,
        Refusal::OtherInstallation { .. } => Kind::RefusedOtherInstallation,
        Refusal::WrongSignature => Kind::RefusedWrongSignature,
        Refusal::WrongExtension => Kind::RefusedWrongExtension,
        Refusal::Absent { .. } => Kind::RefusedAbsent,
    }
}

#[cfg(test)]
#[path = "refused_tests.rs"]
pub(crate) mod tests;
