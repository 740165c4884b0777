//! A bad network between the bridge and a node.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Passes bytes on in small pieces; while partitioned, nothing passes, not even an end.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    partitioned: Arc<AtomicBool>,
}

impl Proxy {
    /// Between whoever dials it and `node`.
    pub(crate) fn to(node: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let partitioned = Arc::new(AtomicBool::new(false));
        let wall = partitioned.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // If the node is not there, neither is the proxy.
                let Ok(far) = TcpStream::connect(node) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let wall = wall.clone();
                    thread::spawn(move || pass(from, to, &wall));
                }
            }
        });
        Self { address, partitioned }
    }

    /// Bytes under way are lost, and so is everything sent on the links that stand: they are half-open from now on.
    pub(crate) fn partition(&self, partitioned: bool) {
        self.partitioned.store(partitioned, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, wall: &AtomicBool) {
    // No multiple of anything in the protocols.
    let mut piece = [0; 97];
    let _ = to.set_nodelay(true);
    loop {
        let read = from.read(&mut piece);
        if wall.load(Ordering::SeqCst) {
            // Not closed: the other end learns nothing.
            loop {
                thread::sleep(Duration::from_secs(3_600));
            }
        }
        match read {
            Ok(length) if length > 0 && to.write_all(&piece[..length]).is_ok() => {}
            _ => break,
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
