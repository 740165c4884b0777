//! A part that dies ends the whole, so that the service manager notices and starts it anew.

use std::io;

use tokio::task::JoinSet;

use crate::device::Died;
use crate::failure::Failure;

/// Resolves when a part died that should have run until the end; never otherwise.
pub(super) async fn death(
    device: &mut Died,
    servers: &mut JoinSet<io::Result<()>>,
    nodes: &mut JoinSet<()>,
) -> Failure {
    let part = tokio::select! {
        _ = device => "the device's task".to_owned(),
        Some(ended) = servers.join_next() => format!("an admin server ({ended:?})"),
        Some(ended) = nodes.join_next() => format!("a node's task ({ended:?})"),
    };
    Failure::software(format!("{part} died: start the daemon again and report its log"))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    async fn forever<T>() -> T {
        pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn each_part_that_dies_is_a_failure_of_the_whole_and_is_named() {
        let (alive, mut device) = oneshot::channel::<()>();
        let (mut servers, mut nodes) = (JoinSet::new(), JoinSet::new());
        servers.spawn(forever());
        nodes.spawn(forever());
        let quiet = std::time::Duration::from_secs(3_600);
        assert!(timeout(quiet, death(&mut device, &mut servers, &mut nodes)).await.is_err(), "all are well");

        nodes.spawn(async { panic!("a node's task in a test") });
        let failure = death(&mut device, &mut servers, &mut nodes).await;
        assert!(failure.code() != 0 && failure.to_string().contains("a node's task"), "{failure}");

        servers.spawn(async { Err(io::ErrorKind::AddrInUse.into()) });
        let failure = death(&mut device, &mut servers, &mut nodes).await;
        assert!(failure.code() != 0 && failure.to_string().contains("an admin server"), "{failure}");

        drop(alive);
        let failure = death(&mut device, &mut servers, &mut nodes).await;
        assert!(failure.code() != 0 && failure.to_string().contains("the device's task"), "{failure}");
    }
}
