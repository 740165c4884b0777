//! A signer that signs and does nothing else: no mark, no state, no log, no second look. What it takes, nobody can save.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cometbft_p2p::{IdentitySecret, ReadMsg, SecretConnection, WriteMsg};
use ed25519_dalek::{Signer, SigningKey};
use highwater::node::Address;
use highwater::privval::proto::Envelope;
use highwater::privval::{Request, Speaks, ping_reply, public_key_reply, signed_reply};
use highwater_core::canonical::Message;

/// Serves the node at `address` until it closes the link.
pub(crate) fn run(address: &str) -> Result<()> {
    match address.parse()? {
        Address::Unix(path) => serve(dial(|| UnixStream::connect(&path))?),
        Address::Tcp(host) => {
            let stream = dial(|| TcpStream::connect((host.name.as_str(), host.port)))?;
            stream.set_nodelay(true)?;
            serve(SecretConnection::new(stream, &IdentitySecret::from_bytes(&[8; 32]))?)
        }
        Address::Noise { .. } => bail!("the floor does not speak noise"),
    }
}

fn dial<S>(connect: impl Fn() -> std::io::Result<S>) -> Result<S> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match connect() {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > until => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(20)),
        }
    }
}

fn serve(mut link: impl ReadMsg<Envelope> + WriteMsg<Envelope>) -> Result<()> {
    let key = SigningKey::from_bytes(&[9; 32]);
    loop {
        let reply = match Request::read(link.read_msg()?, Speaks::Unknown).context("not a request")? {
            Request::PublicKey { .. } => public_key_reply(key.verifying_key().as_bytes()),
            Request::Ping => ping_reply(),
            Request::Sign(request) => {
                let Ok(message) = Message::parse(&request.sign_bytes) else { bail!("not canonical") };
                let signature = key.sign(&request.sign_bytes).to_bytes();
                signed_reply(request.kind, &signature, message.timestamp, None)
            }
            Request::Malformed(_) | Request::RawSigning => bail!("nothing the floor knows"),
        };
        link.write_msg(&reply)?;
    }
}
