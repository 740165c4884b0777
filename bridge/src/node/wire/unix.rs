//! Who may talk through a socket file.
//!
//! Whoever listens there asks for votes. So the way to the file is judged before it is connected to, and what counts is
//! looked at afterwards: the kernel's word on who listens, against the owner of the file that stands at the path then.

use std::io;
use std::path::Path;

use tokio::net::UnixStream;

use super::Exposed;
use crate::trust::{self, BrokenOff, Distrust, Socket};
use crate::users;

/// Write permission of others.
const OTHERS: u32 = 0o002;

/// A socket file that is not talked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// There is no such file, or it may not be looked at.
    #[error(transparent)]
    BrokenOff(#[from] BrokenOff),
    /// It is no socket, or somebody else than the node's user may have made it.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// The user who listens is not the one who owns the file.
    #[error("user {peer} listens at a socket of user {owner}")]
    Peer {
        /// Whose the file is.
        owner: u32,
        /// Who listens.
        peer: u32,
    },
    /// The kernel does not say who listens.
    #[error("{0}")]
    Credentials(io::Error),
}

/// Judges the file before it is connected to.
pub(super) fn look(path: &Path) -> Result<Socket, SocketError> {
    Ok(trust::socket(&trust::steps(path)?, users::ours())?)
}

/// Judges who listens, now that we are connected. The file is looked at anew: it may be another than before.
pub(super) fn verify(path: &Path, stream: &UnixStream) -> Result<Option<Exposed>, SocketError> {
    let peer = stream.peer_cred().map_err(SocketError::Credentials)?.uid();
    let Socket { owner, mode, shared } = look(path)?;
    if peer != owner {
        return Err(SocketError::Peer { owner, peer });
    }
    let everyone = (mode & OTHERS != 0).then_some(Exposed::Everyone(mode));
    Ok(everyone.or(shared.map(Exposed::Members)))
}

#[cfg(test)]
#[path = "unix_tests.rs"]
mod tests;
