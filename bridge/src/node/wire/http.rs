//! Whether what listens at a node's address is a web server, such as the node's RPC port.
//!
//! A web server waits for the end of a request line, which no handshake has. So it says nothing until it is asked as it
//! likes to be asked, on a link of its own.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::{Address, DialError, Host, Network, in_time};

/// What any web server answers, with an error if need be.
const QUESTION: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/";

/// An answer comes in this time, or is none.
const PATIENCE: Duration = Duration::from_secs(1);

/// The answer counts for this long: each question is a link that a busy node must put aside.
const AGAIN: Duration = Duration::from_secs(60);

/// Of one address: when it was asked last, and whether it answered HTTP.
#[derive(Debug, Default)]
pub(in super::super) struct Suspicion(Option<(Instant, bool)>);

impl Suspicion {
    /// The cause behind a failed handshake, if a web server is there.
    pub(in super::super) async fn confirm(
        &mut self,
        network: &impl Network,
        address: &Address,
        error: DialError,
    ) -> DialError {
        let (DialError::Late | DialError::Handshake(_)) = error else { return error };
        let (Address::Tcp(host) | Address::Noise { host, .. }) = address else { return error };
        let known = self.0.filter(|(at, _)| at.elapsed() < AGAIN).map(|(_, is_http)| is_http);
        let is_http = match known {
            Some(is_http) => is_http,
            None => is_http(network, host).await,
        };
        if known.is_none() {
            self.0 = Some((Instant::now(), is_http));
        }
        if is_http { DialError::Http } else { error }
    }

    /// A node shook hands.
    pub(in super::super) fn allayed(&mut self) {
        self.0 = None;
    }
}

async fn is_http(network: &impl Network, host: &Host) -> bool {
    let Ok((mut stream, _)) = in_time(network.connect(host)).await else { return false };
    let mut answer = [0; ANSWER.len()];
    let asking = async {
        stream.write_all(QUESTION).await?;
        stream.read_exact(&mut answer).await
    };
    matches!(timeout(PATIENCE, asking).await, Ok(Ok(_))) && answer == ANSWER
}
