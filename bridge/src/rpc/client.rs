//! The client. HTTP/1.0, so that the answer is one piece that ends with the link, and nothing else: what is asked is on this
//! host or in its network, by the operator's word. It may be slow, lie, or never end its answer all the same.

use std::io;
use std::str::FromStr;
use std::time::Duration;

use highwater_core::canonical::ChainId;
use highwater_moving::{Block, Commit, Ours, PublicKey, Refusal, Tip, block, commit, set_size, tip};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// What one question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    /// For each answer.
    patience: Duration,
    /// For all answers together, in bytes.
    most: usize,
}

/// A person waits for it, and nothing else. No set is as long: it has some hundred validators.
const OF_COMMAND: Limits = Limits { patience: Duration::from_secs(10), most: 8 << 20 };
/// Beside signing: room for some 2,000 validators.
const OF_DAEMON: Limits = Limits { patience: Duration::from_secs(3), most: 1 << 20 };
/// Validators a page, as many as a node gives.
const PAGE: usize = 100;

/// Where a node's RPC listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rpc {
    /// Host and port.
    address: String,
    limits: Limits,
}

/// Not the address of a node's RPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address of a node's RPC: name it as http://HOST:PORT, as http://127.0.0.1:26657")]
pub(crate) struct NotAnRpc(String);

/// A node tells nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpcError {
    /// It gave no answer.
    #[error("{address}: {error}")]
    Unanswered {
        /// Host and port.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// Its answer cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl FromStr for Rpc {
    type Err = NotAnRpc;

    fn from_str(text: &str) -> Result<Self, NotAnRpc> {
        let address = text.strip_prefix("http://").or_else(|| text.strip_prefix("tcp://"));
        let address = address.map(|address| address.trim_end_matches('/'));
        let sound = |address: &&str| {
            let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
            let port = address
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            plain && port
        };
        let address = address.filter(sound).ok_or_else(|| NotAnRpc(text.to_owned()))?;
        Ok(Self { address: address.to_owned(), limits: OF_COMMAND })
    }
}

impl Rpc {
    /// For the daemon, which is less patient and has less room.
    pub(crate) fn beside_signing(self) -> Self {
        Self { limits: OF_DAEMON, ..self }
    }

    /// How high the chain is.
    pub(crate) async fn tip(&self, chain: ChainId<'_>) -> Result<Tip, RpcError> {
        let (chain, answer) =
            (chain.as_str().to_owned(), self.get("/status", &mut { self.limits.most }).await?);
        read(move || tip(id(&chain)?, &answer)).await
    }

    /// What the block of this height holds of the key.
    pub(crate) async fn commit(
        &self,
        chain: ChainId<'_>,
        key: &PublicKey,
        height: u64,
    ) -> Result<Commit, RpcError> {
        let mut left = self.limits.most;
        let answer = self.get(&format!("/commit?height={height}"), &mut left).await?;
        let page = |number: usize| format!("/validators?height={height}&page={number}&per_page={PAGE}");
        let first = self.get(&page(1), &mut left).await?;
        let (size, first) = read(move || Ok((set_size(&first)?, first))).await?;
        let mut pages = vec![first];
        for number in 2..=size.div_ceil(PAGE).min(PAGE) {
            pages.push(self.get(&page(number), &mut left).await?);
        }
        let (chain, key) = (chain.as_str().to_owned(), *key);
        read(move || commit(id(&chain)?, &key, height, &answer, &pages)).await
    }

    /// The block of this height. One answer tells who signed; who did not is looked for in the set.
    pub(crate) async fn block(
        &self,
        chain: ChainId<'_>,
        key: &PublicKey,
        height: u64,
    ) -> Result<Block, RpcError> {
        let answer = self.get(&format!("/commit?height={height}"), &mut { self.limits.most }).await?;
        let (name, owned) = (chain.as_str().to_owned(), *key);
        let block = read(move || block(id(&name)?, &owned, height, &answer)).await?;
        match block.ours {
            Ours::Absent => Ok(Block { ours: self.commit(chain, key, height).await?.ours, ..block }),
            Ours::Block | Ours::Nil | Ours::NotInSet => Ok(block),
        }
    }

    /// An answer of no more than is left.
    async fn get(&self, path: &str, left: &mut usize) -> Result<Vec<u8>, RpcError> {
        let asked = timeout(self.limits.patience, self.ask(path, left)).await;
        let answer = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        answer.map_err(|error| RpcError::Unanswered { address: self.address.clone(), error })
    }

    async fn ask(&self, path: &str, left: &mut usize) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(*left as u64 + 1).read_to_end(&mut answer).await?;
        *left = left.checked_sub(answer.len()).ok_or_else(|| {
            io::Error::other(format!("its answers are longer than {} bytes", self.limits.most))
        })?;
        body(answer)
    }
}

/// An answer is read by another thread: a long one takes milliseconds, in which nobody is to wait for a signature.
async fn read<T: Send + 'static>(
    how: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, RpcError> {
    match spawn_blocking(how).await {
        Ok(read) => Ok(read?),
        // The process ends.
        Err(_) => Err(Refusal::NodeAnswer { what: "status", why: "it was not read to its end" }.into()),
    }
}

/// It was one before it was copied.
fn id(chain: &str) -> Result<ChainId<'_>, Refusal> {
    let none = Refusal::NodeAnswer { what: "status", why: "its chain id is none" };
    ChainId::new(chain.as_bytes()).ok_or(none)
}

/// What stands behind the head of an answer that is one.
fn body(mut answer: Vec<u8>) -> io::Result<Vec<u8>> {
    let sound = answer.starts_with(b"HTTP/1.") && answer.get(9..12) == Some(b"200");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").filter(|_| sound);
    let end = end.ok_or_else(|| io::Error::other("its answer is not 200 of HTTP"))?;
    Ok(answer.split_off(end + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_or_tcp_with_a_port() {
        for text in ["http://127.0.0.1:26657", "tcp://node-1.example:26657/", "http://[::1]:26657"] {
            assert!(text.parse::<Rpc>().is_ok(), "{text}");
        }
        for text in [
            "",
            "127.0.0.1:26657",
            "https://node:443",
            "http://node",
            "http://:1",
            "http://a b:1",
            "http://a:1/x",
        ] {
            assert!(text.parse::<Rpc>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_is_the_body_of_200() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}".to_vec()).unwrap(), b"{}");
        for bad in
            [&b""[..], b"HTTP/1.0 500 Internal\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n", b"SSH-2.0-x\r\n\r\n"]
        {
            assert!(body(bad.to_vec()).is_err());
        }
    }
}
