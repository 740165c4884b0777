//! Of what `check` and `doctor` find: a cause and a cure for each trouble.

use std::path::Path;
use std::time::{Duration, SystemTime};

use highwater_core::hrs::Hrs;

use crate::advice;
use crate::device::{Fault, SlotState};
use crate::operator::check::{DeviceFile, Holder, Trouble};
use crate::users;

/// Cause and cure.
pub(crate) fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Config(error) => error.to_string(),
        Trouble::Log(error) => error.to_string(),
        Trouble::StateDir(error) => error.to_string(),
        Trouble::Exported { mark, said } => advice::exported(mark, said),
        Trouble::ExportUnread(path, error) => advice::file(path, error),
        Trouble::Pins(error) => error.to_string(),
        Trouble::NoChain => advice::no_chain().to_owned(),
        Trouble::NotPinned { chain, here } => advice::not_pinned(chain, here),
        Trouble::PinLost(chain) => advice::pin_lost(chain),
        Trouble::ChainFile(error) => error.to_string(),
        Trouble::Stopped { chain, stopped } => advice::stopped(chain, *stopped),
        Trouble::Identity(error) => error.to_string(),
        Trouble::BeyondStop { chain, stop, highest } => beyond_stop(chain, *stop, *highest),
        Trouble::NoNode(chain) => advice::no_node(chain, &[]),
        Trouble::Node { chain, address, error } => {
            format!("{chain}: {address}: {}", advice::link::unreachable(address, error))
        }
        Trouble::LinkCut { text, .. } => text.clone(),
        Trouble::NoNetwork => advice::link::no_network().to_owned(),
        Trouble::Rpc { chain, error } => advice::rpc(chain, error),
        Trouble::NotInSet { chain, height, address } => advice::not_in_set(chain, *height, address),
        Trouble::Metrics(listen, error) => advice::metrics_listen(*listen, error),
        Trouble::Clock { now, path, written } => clock(*now, path, *written),
        Trouble::DeviceFile(file) => device_file(file),
        Trouble::Shared { path, by } => shared(path, by),
        Trouble::Held(path) => held(path),
        Trouble::Lock(file, error) => advice::not_locked(file, error),
        Trouble::Daemon(text) => text.clone(),
        Trouble::LogLost(lines) => log_lost(*lines),
        Trouble::Device { device, fault } => advice::of_device(device.as_deref(), advice::fault(fault)),
        Trouble::Unsound { device, standing } => {
            let text = advice::standing(*standing).unwrap_or_default().to_owned();
            advice::of_device(device.as_deref(), text)
        }
        Trouble::OtherInstallation { chain, found, pinned } => {
            let fault = Fault::OtherInstallation { found: *found, pinned: *pinned };
            format!("{chain}: {}", advice::fault(&fault))
        }
        Trouble::NotOnDevice { chain, known } => advice::unknown_on_device(chain, known),
        Trouble::Damaged { chain, slot } => advice::perhaps_damaged(chain, *slot),
        Trouble::Slot { chain, state } => slot(chain, *state),
        Trouble::Ahead { chain, requested, mark } => ahead(chain, *requested, *mark),
        Trouble::NotSigning(problem) | Trouble::SignedElsewhere(problem) => problem.clone(),
        Trouble::Warning(warning) => warning.clone(),
    }
}

/// What `check` or `doctor` found stands above this.
pub(crate) fn found(troubles: usize) -> String {
    format!("{troubles} found: mend each ERROR, then run this again")
}

fn beyond_stop(chain: &str, stop: u64, highest: Hrs) -> String {
    format!(
        "stop_height of {chain} is {stop}, and {highest} was requested already: nothing more is signed for it. To sign on, \
         change or remove it in the config and restart the bridge"
    )
}

fn clock(now: SystemTime, path: &Path, written: SystemTime) -> String {
    let behind = written.duration_since(now).unwrap_or(Duration::ZERO);
    format!(
        "the clock of this machine is {} s behind the last change of {}: the times of the log are wrong, and those of a \
         node's votes here. Set it by NTP (timedatectl); no mark depends on it",
        behind.as_secs(),
        path.display()
    )
}

/// The device's file may not be opened by this user.
pub(crate) fn device_file(file: &DeviceFile) -> String {
    let DeviceFile { path, owner, group, mode } = file;
    let (path, user) = (path.display(), users::name(users::ours()));
    let whose = format!("it belongs to {} and {}, mode {mode:o}", users::name(*owner), users::group(*group));
    let cure = match group {
        // As the kernel makes it.
        0 => "no udev rule has given it away: install packaging/udev/70-highwater.rules, run `udevadm control --reload`, and \
             replug the device"
            .to_owned(),
        group => format!(
            "run Highwater as a member of {}, as in `sudo -u highwater highwater doctor`, or install \
             packaging/udev/70-highwater.rules and replug the device",
            users::group(*group)
        ),
    };
    format!("{user} may not open {path} ({whose}): {cure}")
}

fn shared(path: &Path, by: &[Holder]) -> String {
    let by = by.iter().map(|Holder { process, name }| format!("{name} (process {process})"));
    format!(
        "{} is open in another program too: {}: what it says to the device in mid-signature costs a vote; end it",
        path.display(),
        by.collect::<Vec<_>>().join(", ")
    )
}

fn held(path: &Path) -> String {
    format!(
        "{} is locked, and no daemon answers here: another highwater process has this device. Wait for the command that \
         runs, or end the daemon of the other config",
        path.display()
    )
}

fn log_lost(lines: u64) -> String {
    format!(
        "{lines} lines of the daemon's log could not be written: its reader is slow or gone, or its disk is full. Signing \
         goes on; look at the reader (`systemctl status systemd-journald`) and at the disk"
    )
}

fn slot(chain: &str, state: SlotState) -> String {
    match state {
        SlotState::Unclear => advice::is_unclear(chain),
        SlotState::Fault => advice::slot_fault(chain),
        SlotState::Removed | SlotState::RemovedUnclear => advice::was_removed(chain),
        SlotState::Free | SlotState::Armed | SlotState::Damaged => advice::not_on_device(chain),
    }
}

fn ahead(chain: &str, requested: Hrs, mark: Hrs) -> String {
    format!(
        "the state file of {chain} is ahead of the device: up to {requested} may be signed, and the device's mark is {mark}. \
         The mark was lowered on the device, or the file is of another one. Compare both with the chain, and let the owner \
         raise the mark: `highwater mark adopt {chain}`"
    )
}
