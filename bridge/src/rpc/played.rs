//! A node's RPC, played: it answers, lies, hangs, never ends, as the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Rpc;

const OTHER: &str = "0000000000000000000000000000000000000001";

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    Well,
    /// It takes requests, and says nothing.
    Hangs,
    /// Its answers never end, as fast as they are read.
    Floods,
    /// Its answers never end, and come a byte at a time.
    Drips,
    /// What it says is no HTTP.
    Nonsense,
    /// It keeps no block.
    Pruned,
    /// It says that its set has as many validators as fit in no memory.
    Crowded,
}

/// What it says, and what it was asked.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) mood: Mood,
    pub(crate) chain: String,
    pub(crate) tip: u64,
    pub(crate) catching_up: bool,
    /// The validator's address in upper-case hex.
    pub(crate) address: String,
    /// Heights without its signature, and those at which it is not in the set.
    pub(crate) absent: Vec<u64>,
    pub(crate) outside: Vec<u64>,
    /// Requests that came, and bytes that were taken from it.
    pub(crate) asked: Vec<String>,
    pub(crate) taken: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Played {
    address: SocketAddr,
    said: Arc<Mutex<Said>>,
}

impl Played {
    pub(crate) async fn start(chain: &str, address: &[u8; 20]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let said = Arc::new(Mutex::new(Said {
            mood: Mood::Well,
            chain: chain.to_owned(),
            tip: 100,
            catching_up: false,
            address: hex::encode_upper(address),
            absent: Vec::new(),
            outside: Vec::new(),
            asked: Vec::new(),
            taken: 0,
        }));
        let played = Self { address: listener.local_addr().unwrap(), said };
        let node = played.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let node = node.clone();
                tokio::spawn(async move { node.serve(stream).await });
            }
        });
        played
    }

    pub(crate) fn rpc(&self) -> Rpc {
        format!("http://{}", self.address).parse::<Rpc>().unwrap().beside_signing()
    }

    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut request = [0; 1_024];
        let read = stream.read(&mut request).await.unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let (mood, answer) = {
            let mut said = self.said();
            said.asked.push(request.lines().next().unwrap_or_default().to_owned());
            (said.mood, said.answer(&request))
        };
        let head = &b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"[..];
        match mood {
            Mood::Hangs => std::future::pending().await,
            Mood::Floods => {
                let chunk = vec![b' '; 64 << 10];
                let _ = stream.write_all(head).await;
                while stream.write_all(&chunk).await.is_ok() {
                    self.said().taken += chunk.len() as u64;
                }
            }
            Mood::Drips => {
                let _ = stream.write_all(head).await;
                while stream.write_all(b" ").await.is_ok() {
                    self.said().taken += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Mood::Nonsense => drop(stream.write_all(b"SSH-2.0-OpenSSH\r\n").await),
            Mood::Pruned if !request.starts_with("GET /status") => {
                let _ = stream.write_all(b"HTTP/1.0 500 Internal Server Error\r\n\r\n{}").await;
            }
            Mood::Well | Mood::Pruned | Mood::Crowded => {
                let _ = stream.write_all(head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    }
}

impl Said {
    fn answer(&self, request: &str) -> String {
        let asked = request.split("height=").nth(1).and_then(|rest| rest.split(['&', ' ']).next());
        let height: u64 = asked.and_then(|height| height.parse().ok()).unwrap_or(0);
        let Self { chain, tip, address, catching_up, .. } = self;
        let result = if request.starts_with("GET /status") {
            format!(
                r#"{{"node_info":{{"network":"{chain}"}},"sync_info":{{"latest_block_height":"{tip}","catching_up":{catching_up}}}}}"#
            )
        } else if request.starts_with("GET /commit") {
            let ours = match height {
                height if self.outside.contains(&height) => String::new(),
                height if self.absent.contains(&height) => {
                    r#",{"block_id_flag":1,"validator_address":""}"#.to_owned()
                }
                _ => format!(r#",{{"block_id_flag":2,"validator_address":"{address}"}}"#),
            };
            // A block every 6 s.
            let (minutes, seconds) = (height / 10 % 60, height % 10 * 6);
            format!(
                r#"{{"signed_header":{{"header":{{"chain_id":"{chain}","height":"{height}","time":"2026-11-28T12:{minutes:02}:{seconds:02}.25Z"}},"commit":{{"height":"{height}","round":0,"signatures":[{{"block_id_flag":2,"validator_address":"{OTHER}"}}{ours}]}}}},"canonical":{}}}"#,
                height < *tip
            )
        } else if self.mood == Mood::Crowded {
            let validators = vec![format!(r#"{{"address":"{OTHER}"}}"#); 2_000].join(",");
            format!(
                r#"{{"block_height":"{height}","validators":[{validators}],"total":"18446744073709551615"}}"#
            )
        } else {
            let outside = self.outside.contains(&height);
            let ours = if outside { String::new() } else { format!(r#",{{"address":"{address}"}}"#) };
            format!(
                r#"{{"block_height":"{height}","validators":[{{"address":"{OTHER}"}}{ours}],"total":"{}"}}"#,
                if outside { 1 } else { 2 }
            )
        };
        format!(r#"{{"jsonrpc":"2.0","id":-1,"result":{result}}}"#)
    }
}
