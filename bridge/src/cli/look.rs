//! `check`, `doctor`.

use super::args::Form;
use super::told::Told as _;
use crate::failure::Failure;
use crate::operator::check::Findings;

/// What was found is the result; the exit code is that of the first trouble that keeps a chain from signing.
pub(super) fn tell(findings: &Findings, form: Form) -> Result<(), Failure> {
    findings.tell(form)?;
    match findings.exit {
        None => Ok(()),
        Some(exit) => Err(Failure::found(exit, findings.findings.len())),
    }
}
