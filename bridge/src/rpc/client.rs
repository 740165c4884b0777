//! A node of the chain, asked over its RPC which blocks hold the validator's signature.
//!
//! HTTP/1.0, so that the answer is one piece that ends with the link, and nothing else: what is asked is on this host or in
//! its network, by the operator's word.

use std::str::FromStr;
use std::time::Duration;

use highwater_core::canonical::ChainId;
use highwater_moving::{Commit, PublicKey, Refusal, Tip, commit, set_size, tip};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::advice;
use crate::failure::Failure;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer of these is longer: a set has some hundred validators.
const MOST: u64 = 8 << 20;
/// Validators a page, as many as a node gives.
const PAGE: usize = 100;

/// Where a node's RPC listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldNode {
    /// Host and port.
    address: String,
}

/// Not the address of a node's RPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address of a node's RPC: name it as http://HOST:PORT, as http://127.0.0.1:26657")]
pub(crate) struct NotANode(String);

impl FromStr for OldNode {
    type Err = NotANode;

    fn from_str(text: &str) -> Result<Self, NotANode> {
        let address = text.strip_prefix("http://").or_else(|| text.strip_prefix("tcp://"));
        let address = address.map(|address| address.trim_end_matches('/'));
        let sound = |address: &&str| {
            let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
            let port = address
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            plain && port
        };
        let address = address.filter(sound).ok_or_else(|| NotANode(text.to_owned()))?;
        Ok(Self { address: address.to_owned() })
    }
}

impl OldNode {
    /// How high the chain is.
    pub(crate) async fn tip(&self, chain: ChainId<'_>) -> Result<Tip, Failure> {
        Ok(tip(chain, &self.get("/status").await?)?)
    }

    /// What the block of this height holds of the key.
    pub(crate) async fn commit(
        &self,
        chain: ChainId<'_>,
        key: &PublicKey,
        height: u64,
    ) -> Result<Commit, Failure> {
        let answer = self.get(&format!("/commit?height={height}")).await?;
        let page = |number: usize| format!("/validators?height={height}&page={number}&per_page={PAGE}");
        let mut pages = vec![self.get(&page(1)).await?];
        let size = set_size(&pages[0])?;
        for number in 2..=size.div_ceil(PAGE).min(PAGE) {
            pages.push(self.get(&page(number)).await?);
        }
        Ok(commit(chain, key, height, &answer, &pages)?)
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let asked = timeout(PATIENCE, self.ask(path)).await;
        let answer = asked.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        answer.map_err(|error| Failure::unavailable(advice::old_node(&self.address, &error)))
    }

    async fn ask(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).await?;
        body(answer)
    }
}

/// What stands behind the head of an answer that is one.
fn body(mut answer: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let sound = answer.starts_with(b"HTTP/1.") && answer.get(9..12) == Some(b"200");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").filter(|_| sound);
    let end = end.ok_or_else(|| std::io::Error::other("its answer is not 200 of HTTP"))?;
    Ok(answer.split_off(end + 4))
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::usage(refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_or_tcp_with_a_port() {
        for text in ["http://127.0.0.1:26657", "tcp://node-1.example:26657/", "http://[::1]:26657"] {
            assert!(text.parse::<OldNode>().is_ok(), "{text}");
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
            assert!(text.parse::<OldNode>().is_err(), "{text}");
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
