//! The firmware in the emulator: APDUs over TCP.
//!
//! Framing of the emulator's APDU port: length 4 (big endian) and command; length of the data 4, data and
//! status word 2 (which the length does not count).

use std::cmp::Ordering;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use highwater_core::apdu::MAX_REPLY;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};
use zeroize::Zeroizing;

use super::cable::{Awaited, Broken, Cable, Plug};
use super::{Absence, Transport, TransportError};

const CONNECT: Duration = Duration::from_secs(1);
/// Of a reply with its status word; other apps may use all that an APDU has.
const LONGEST: usize = if MAX_REPLY > 255 + 2 { MAX_REPLY } else { 255 + 2 };

struct Speculos(TcpStream);

pub(super) fn open(address: SocketAddr) -> Result<Box<dyn Transport>, TransportError> {
    let stream = TcpStream::connect_timeout(&address, CONNECT)
        .map_err(|error| Absence::Emulator { address, error: error.to_string() })?;
    stream.set_nodelay(true)?;
    // A command fits into any buffer: longer than this it is not sent in time for anybody.
    stream.set_write_timeout(Some(CONNECT))?;
    Ok(Box::new(Speculos(stream)))
}

impl Transport for Speculos {
    fn exchange(&mut self, apdu: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.0.write_all(&framed(apdu)).map_err(slow)?;
        let mut reading = Reading::new();
        loop {
            if let Some(reply) = reading.reply()? {
                return Ok(reply);
            }
            self.0.set_read_timeout(Some(left(deadline)?))?;
            let read = self.0.read(reading.room()).map_err(slow)?;
            reading.came(read)?;
        }
    }
}

/// The same without a thread: the emulator's port, for the device's task.
pub(super) struct Emulator(pub(super) SocketAddr);

struct Port(tokio::net::TcpStream);

impl Plug for Emulator {
    fn plug(&mut self) -> Awaited<'_, Result<Box<dyn Cable>, TransportError>> {
        let address = self.0;
        Box::pin(async move {
            let connected = timeout(CONNECT, tokio::net::TcpStream::connect(address)).await;
            let stream = match connected {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Err(Absence::Emulator { address, error: error.to_string() }.into()),
                Err(_) => return Err(Absence::Emulator { address, error: "no answer".to_owned() }.into()),
            };
            stream.set_nodelay(true)?;
            Ok(Box::new(Port(stream)) as Box<dyn Cable>)
        })
    }
}

impl Cable for Port {
    fn exchange<'a>(&'a mut self, apdu: &'a [u8], deadline: Instant) -> Awaited<'a, Result<Vec<u8>, Broken>> {
        Box::pin(async move {
            let mut sent = false;
            let done = timeout_at(deadline.into(), async {
                // From the first byte on the emulator may have it.
                sent = true;
                self.0.write_all(&framed(apdu)).await?;
                let mut reading = Reading::new();
                loop {
                    if let Some(reply) = reading.reply()? {
                        return Ok(reply);
                    }
                    let read = self.0.read(reading.room()).await?;
                    reading.came(read)?;
                }
            });
            let done = done.await.unwrap_or(Err(TransportError::Deadline));
            done.map_err(|error| Broken { sent, error })
        })
    }

    fn press(&mut self, _: bool) -> Awaited<'_, bool> {
        Box::pin(std::future::ready(false))
    }
}

fn framed(apdu: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(4 + apdu.len()));
    out.extend_from_slice(&(apdu.len() as u32).to_be_bytes());
    out.extend_from_slice(apdu);
    out
}

/// One reply, however its bytes trickle in. Nothing may follow it: the emulator speaks when it is asked.
struct Reading {
    buffer: [u8; 4 + LONGEST],
    filled: usize,
}

impl Reading {
    fn new() -> Self {
        Self { buffer: [0; 4 + LONGEST], filled: 0 }
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.buffer[self.filled..]
    }

    fn came(&mut self, read: usize) -> Result<(), TransportError> {
        self.filled += read;
        if read == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) }
    }

    /// The reply, once all of it is there.
    fn reply(&self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(length) = self.buffer[..self.filled].first_chunk() else { return Ok(None) };
        let end = (u32::from_be_bytes(*length) as usize).saturating_add(4 + 2);
        match end.cmp(&self.filled) {
            _ if end > self.buffer.len() => Err(TransportError::Framing("a reply longer than any")),
            Ordering::Less => Err(TransportError::Framing("bytes after a reply")),
            Ordering::Equal => Ok(Some(self.buffer[4..end].to_vec())),
            Ordering::Greater => Ok(None),
        }
    }
}

fn left(deadline: Instant) -> Result<Duration, TransportError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(TransportError::Deadline) } else { Ok(left) }
}

fn slow(error: io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TransportError::Deadline,
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn serve(reply: &'static [&'static [u8]]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 9];
            stream.read_exact(&mut request).unwrap();
            for piece in reply {
                stream.write_all(piece).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
            // Stays open until the other side has given up.
            let _ = stream.read(&mut [0]);
        });
        address
    }

    fn ask(reply: &'static [&'static [u8]]) -> Result<Vec<u8>, TransportError> {
        let deadline = Instant::now() + Duration::from_millis(300);
        open(serve(reply)).unwrap().exchange(&[0xe0, 4, 0, 0, 0], deadline)
    }

    #[test]
    fn a_reply_in_pieces_is_put_together() {
        assert_eq!(ask(&[&[0, 0], &[0, 2, b'h'], &[b'i', 0x90, 0]]).unwrap(), b"hi\x90\x00");
    }

    #[test]
    fn a_slow_reply_meets_the_deadline_of_the_whole() {
        assert!(matches!(ask(&[&[0, 0, 0, 2, b'h']]), Err(TransportError::Deadline)));
    }

    #[test]
    fn a_giant_length_is_refused_at_once() {
        assert!(matches!(ask(&[&[0xff; 4]]), Err(TransportError::Framing(_))));
    }

    #[test]
    fn what_follows_a_reply_is_not_taken_for_the_next_one() {
        assert!(matches!(ask(&[&[0, 0, 0, 0, 0x90, 0, 7]]), Err(TransportError::Framing(_))));
    }

    #[test]
    fn nobody_listening_is_the_emulators_absence_with_its_address() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let Err(TransportError::Absent(absence)) = open(free) else { panic!("somebody listens") };
        assert!(matches!(absence, Absence::Emulator { address, .. } if address == free), "{absence}");
    }
}
