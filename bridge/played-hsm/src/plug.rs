//! The connector: `POST /connector/api` on loopback.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{Answer, Hsm};

/// A connector that listens until it is dropped.
#[derive(Debug)]
pub struct Plug {
    port: u16,
    out: Arc<AtomicBool>,
    links: Arc<Mutex<Vec<TcpStream>>>,
}

impl Plug {
    pub(crate) fn new(hsm: Hsm, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let plug = Self { port, out: Arc::default(), links: Arc::default() };
        let (out, links) = (plug.out.clone(), plug.links.clone());
        thread::spawn(move || {
            for link in listener.incoming().map_while(Result::ok) {
                if out.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(copy) = link.try_clone() {
                    links.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
                }
                let hsm = hsm.clone();
                // A client that leaves ends its thread.
                thread::spawn(move || serve(&hsm, link));
            }
        });
        Ok(plug)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        self.out.store(true, Ordering::SeqCst);
        // It waits for somebody.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        for link in self.links.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
    }
}

fn serve(hsm: &Hsm, link: TcpStream) -> Result<()> {
    link.set_nodelay(true)?;
    let mut reader = BufReader::new(link.try_clone()?);
    let mut writer = link;
    loop {
        let Some((line, body)) = request(&mut reader)? else { return Ok(()) };
        let answer = if line.starts_with("POST /connector/api") {
            hsm.answer(&body)
        } else {
            Answer::Bytes(b"status=OK\nserial=*\n".to_vec(), Duration::ZERO)
        };
        match answer {
            Answer::Bytes(bytes, after) => {
                thread::sleep(after);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                writer.write_all(&[head.as_bytes(), &bytes].concat())?;
            }
            Answer::LinkEnds => return writer.shutdown(Shutdown::Both),
            // Until the client leaves.
            Answer::Never => reader.read_to_end(&mut Vec::new()).map(drop)?,
        }
    }
}

/// The line of a request, and its body; `None`: nobody asks any more.
fn request(reader: &mut impl BufRead) -> Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(told) = line.strip_prefix("content-length:") {
            length = told.trim().parse().map_err(|_| ErrorKind::InvalidData)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((first, body)))
}
