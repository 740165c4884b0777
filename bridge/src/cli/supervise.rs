//! A part that signs and dies ends the whole, so that the service manager notices and starts it anew. What only shows the
//! daemon may die beside it.

use std::convert::Infallible;
use std::future::pending;
use std::io;

use futures_util::future::select_all;
use tokio::task::JoinSet;

use crate::advice;
use crate::failure::Failure;
use crate::log::Kind;
use crate::signer::Parts;

/// The parts of a device, with its name.
pub(super) type OfDevice = (Option<String>, Parts);

/// Resolves when a part died that should have run until the end; never otherwise.
pub(super) async fn death(parts: &mut [OfDevice], nodes: &mut JoinSet<()>) -> Failure {
    let of_devices = parts.iter_mut().map(|(name, parts)| {
        Box::pin(async {
            let part = tokio::select! {
                _ = &mut parts.device => "the device's task",
                _ = &mut parts.signer => "the signer's task",
            };
            advice::of_device(name.as_deref(), part.to_owned())
        })
    });
    let part = tokio::select! {
        (part, ..) = select_all(of_devices) => part,
        Some(ended) = nodes.join_next() => format!("a node's task ({ended:?})"),
    };
    Failure::software(format!("{part} died: start the daemon again and report its log"))
}

/// Runs what shows the daemon to commands and watchers. An end of it is told, and signing goes on.
pub(super) async fn outlive(servers: &mut JoinSet<io::Result<()>>) -> Infallible {
    while let Some(ended) = servers.join_next().await {
        tracing::error!(kind = %Kind::AdminEnded, "{}", advice::admin_ended(&format!("{ended:?}")));
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    async fn forever<T>() -> T {
        pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn each_part_that_dies_is_a_failure_of_the_whole_and_is_named() {
        let (device_lives, device) = oneshot::channel::<()>();
        let (_signer_lives, signer) = oneshot::channel::<()>();
        let (_other_device_lives, other_device) = oneshot::channel::<()>();
        let (other_signer_lives, other_signer) = oneshot::channel::<()>();
        let other = Parts { device: other_device, signer: other_signer };
        let mut parts = [(None, Parts { device, signer }), (Some("hsm".to_owned()), other)];
        let mut nodes = JoinSet::new();
        nodes.spawn(forever());
        let quiet = std::time::Duration::from_secs(3_600);
        assert!(timeout(quiet, death(&mut parts, &mut nodes)).await.is_err(), "all are well");

        nodes.spawn(async { panic!("a node's task in a test") });
        let failure = death(&mut parts, &mut nodes).await;
        assert!(failure.code() != 0 && failure.to_string().contains("a node's task"), "{failure}");

        drop(device_lives);
        let failure = death(&mut parts, &mut nodes).await;
        assert!(failure.code() != 0 && failure.to_string().starts_with("the device's task"), "{failure}");

        drop(other_signer_lives);
        let failure = death(&mut parts[1..], &mut nodes).await;
        assert!(failure.to_string().starts_with("device hsm: the signer's task died"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_shows_the_daemon_may_die_and_the_rest_of_it_goes_on() {
        let mut servers = JoinSet::new();
        servers.spawn(forever());
        servers.spawn(async { Err(io::ErrorKind::AddrInUse.into()) });
        servers.spawn(async { panic!("an admin server in a test") });
        let quiet = std::time::Duration::from_secs(3_600);
        assert!(timeout(quiet, outlive(&mut servers)).await.is_err());
        assert_eq!(servers.len(), 1, "the one that lives is served");
    }
}
