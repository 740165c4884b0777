//! A port framed as the emulator's: the length of an APDU, the APDU; the length of the data, data and status word.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;

use anyhow::Result;
use highwater::config;
use highwater::device::{Transport, opener};

/// Connects to one, with the bridge's own transport.
pub fn dial(address: SocketAddr) -> Result<Box<dyn Transport>> {
    let transport = config::Transport::Speculos;
    let config = config::Device { address: Some(address), ..config::Device::of(transport) };
    // This transport keeps nothing in a state directory.
    Ok(opener(&config, std::slice::from_ref(&config), Path::new("/"), Box::new(Vec::new)).open()?)
}

/// Answers one command after the other until the link ends, or until `answer` gives nothing, which ends it.
pub fn serve(mut link: TcpStream, mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> io::Result<()> {
    link.set_nodelay(true)?;
    loop {
        let mut length = [0; 4];
        link.read_exact(&mut length)?;
        let mut apdu = vec![0; (u32::from_be_bytes(length) as usize).min(1 << 16)];
        link.read_exact(&mut apdu)?;
        let Some(reply) = answer(&apdu) else {
            return link.shutdown(Shutdown::Both);
        };
        let data = (reply.len() - 2) as u32;
        link.write_all(&[&data.to_be_bytes()[..], &reply].concat())?;
    }
}
