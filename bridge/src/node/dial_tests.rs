//! Wrong addresses, told by what is found there.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// What stands at every address of the network.
#[derive(Clone, Copy)]
enum Found {
    /// A web server, which waits for the end of a request.
    Web,
    /// It takes the connection and says nothing, as a node that has another signer.
    Mute,
    /// It talks, and no protocol that we know.
    Noise,
}

#[derive(Clone)]
struct Fake(Found, Arc<AtomicUsize>);

impl Network for Fake {
    type Stream = DuplexStream;

    async fn connect(&self, _: &Host) -> Result<(DuplexStream, IpAddr), ConnectError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let (ours, mut theirs) = duplex(4_096);
        let found = self.0;
        tokio::spawn(async move {
            let mut heard = Vec::new();
            if let Found::Noise = found {
                let _ = theirs.write_all(&[0xff; 64]).await;
            }
            while let Ok(byte) = theirs.read_u8().await {
                heard.push(byte);
                if matches!(found, Found::Web) && heard.ends_with(b"\r\n\r\n") {
                    let _ = theirs.write_all(b"HTTP/1.0 200 OK\r\n\r\n<html>").await;
                    return;
                }
            }
        });
        Ok((ours, Ipv4Addr::LOCALHOST.into()))
    }
}

fn tcp(port: u16) -> Address {
    Address::Tcp(Host { name: "node-0".to_owned(), port })
}

/// The sentences of so many tries at one address, and the connections that they took.
async fn tries(found: Found, address: &Address, times: usize) -> (Vec<String>, usize) {
    let (network, mut suspicion, mut said) = (Fake(found, Arc::default()), Suspicion::default(), Vec::new());
    for _ in 0..times {
        match dial(&network, address, &Identity::generate(), &mut suspicion).await {
            Ok(_) => panic!("no node is there"),
            Err(error) => said.push(advice::link::unreachable(address, &error)),
        }
    }
    (said, network.1.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_nodes_rpc_port_is_told_from_its_privval_port() {
    let peer = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";
    for address in [tcp(26_657), format!("noise://{peer}@127.0.0.1:26657").parse().unwrap()] {
        let (said, _) = tries(Found::Web, &address, 1).await;
        assert!(said[0].contains("RPC port (26657)") && said[0].contains("priv_validator_laddr"), "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_web_server_is_asked_once_a_minute_and_called_none() {
    for (found, word) in [(Found::Mute, "did not shake hands"), (Found::Noise, "handshake failed")] {
        let (said, connections) = tries(found, &tcp(26_659), 3).await;
        assert!(said.iter().all(|said| said.contains(word) && !said.contains("RPC")), "{said:?}");
        assert_eq!(connections, 3 + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_web_server_that_gave_way_to_a_node_is_forgotten() {
    let network = Fake(Found::Web, Arc::default());
    let mut suspicion = Suspicion::default();
    let late = suspicion.confirm(&network, &tcp(26_657), DialError::Late).await;
    assert!(matches!(late, DialError::Http));
    suspicion.allayed();
    let network = Fake(Found::Mute, Arc::default());
    let late = suspicion.confirm(&network, &tcp(26_657), DialError::Late).await;
    assert!(matches!(late, DialError::Late));
    // It is the other error's own cause that counts where the node answered.
    let broken = suspicion.confirm(&network, &tcp(26_657), DialError::BrokenOff).await;
    assert!(matches!(broken, DialError::BrokenOff));
    assert_eq!(network.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_host_name_without_an_address_is_told() {
    // No label may be so long, so it has none whatever the name servers say, and they are not asked.
    let name = format!("{}.invalid", "x".repeat(64));
    let address = Address::Tcp(Host { name: name.clone(), port: 26_659 });
    let dialled = Wire::dial(&Internet, &address, &Identity::generate()).await;
    let Err(error) = dialled else { panic!("it has an address") };
    assert!(matches!(error, DialError::Lookup(_)), "{error:?}");
    let said = advice::link::unreachable(&address, &error);
    assert!(said.contains(&format!("host name {name} has no address")), "{said}");
    assert!(said.contains("nodes of the config") && !said.contains("hung"), "{said}");
}

/// Neither answers: the one that takes names for addresses is the one to look at.
#[tokio::test(start_paused = true)]
async fn a_name_server_that_is_silent_is_told_from_a_node_that_is() {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let said = advice::link::unreachable(&tcp(26_659), &ConnectError::Lookup(late()).into());
    assert!(said.contains("node-0 has no address"), "{said}");
    let said = advice::link::unreachable(&tcp(26_659), &ConnectError::Io(late()).into());
    assert!(said.contains("not hung"), "{said}");
    assert!(Duration::from_secs(3) > network::LOOKUP, "the lookup gives up first");
}
