//! The one APDU exchanged here: B0 01, by which every Ledger app tells its name. An answer means that the app has
//! booted, has configured its USB and runs its loop.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::Error;

/// Between two looks at whether the emulator still lives.
const GLANCE: Duration = Duration::from_millis(100);

/// The name under which an app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// As its metadata say.
    pub name: String,
    /// As its metadata say.
    pub version: String,
}

/// What went wrong: the caller knows the log.
pub(crate) enum Failure {
    /// The emulator is gone.
    Lost(Error),
    /// It lives, but this is not how an app answers.
    Wrong(String),
}

/// How long after the end of qemu Speculos may take to end too. Until then requests fail without a reason.
pub(crate) const AGONY: Duration = Duration::from_secs(2);

/// Asks until the deadline. `alive` is asked now and then, and told how long it may wait for an end that is under way;
/// its error ends the wait.
pub(crate) fn ask(
    address: SocketAddr,
    deadline: Instant,
    alive: impl Fn(Duration) -> Result<(), Error>,
) -> Result<App, Failure> {
    let failed = |cause: String| alive(AGONY).map_or_else(Failure::Lost, |()| Failure::Wrong(cause));
    let connect = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(GLANCE))?;
        // The length of the command, class B0, instruction 01, no parameters, no data.
        stream.write_all(&[0, 0, 0, 5, 0xb0, 0x01, 0, 0, 0])?;
        Ok(stream)
    };
    let mut stream = connect().map_err(|error: std::io::Error| failed(format!("its APDU port: {error}")))?;
    let mut reply = Vec::new();
    loop {
        if let Some(whole) = frame(&reply) {
            return parse(whole).map_err(Failure::Wrong);
        }
        let mut buffer = [0; 512];
        match stream.read(&mut buffer) {
            Ok(0) => return Err(failed(HUNG_UP.to_owned())),
            Ok(length) => reply.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                alive(Duration::ZERO).map_err(Failure::Lost)?;
            }
            Err(error) => return Err(failed(error.to_string())),
        }
        if Instant::now() > deadline {
            return Err(Failure::Wrong(SILENT.to_owned()));
        }
    }
}

const HUNG_UP: &str = "its APDU port hung up";
const SILENT: &str = "nothing came back in time. Does its loop run, and has it configured USB endpoint 02?";

/// The data and the status word, once all of it is there. The length in front counts the data alone.
fn frame(reply: &[u8]) -> Option<&[u8]> {
    let (length, rest) = reply.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    rest.get(..length.checked_add(2)?)
}

/// Format 1, name and version each behind its length, flags.
fn parse(reply: &[u8]) -> Result<App, String> {
    let refused = || format!("to B0 01 it answered {}", hex(reply));
    let data = reply.strip_suffix(&[0x90, 0x00]).ok_or_else(refused)?;
    let app = (|| {
        let (name, rest) = text(data.strip_prefix(&[1])?)?;
        let (version, _flags) = text(rest)?;
        Some(App { name, version })
    })();
    app.ok_or_else(refused)
}

fn text(data: &[u8]) -> Option<(String, &[u8])> {
    let (&length, rest) = data.split_first()?;
    let (text, rest) = rest.split_at_checked(length.into())?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    const GOOD: &[u8] = b"\x01\x05Proto\x050.1.0\x01\x00\x90\x00";

    fn framed(reply: &[u8]) -> Vec<u8> {
        [&(reply.len() as u32 - 2).to_be_bytes(), reply].concat()
    }

    /// Asks a server that writes these pieces, one after the other, and then hangs up.
    fn asked(pieces: Vec<Vec<u8>>) -> Result<App, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut command = [0; 9];
            stream.read_exact(&mut command).unwrap();
            assert_eq!(command, [0, 0, 0, 5, 0xb0, 1, 0, 0, 0]);
            for piece in pieces {
                stream.write_all(&piece).unwrap();
                thread::sleep(Duration::from_millis(30));
            }
        });
        let answer = ask(address, Instant::now() + Duration::from_secs(10), |_| Ok(()));
        server.join().unwrap();
        answer.map_err(|failure| match failure {
            Failure::Wrong(cause) => cause,
            Failure::Lost(error) => error.to_string(),
        })
    }

    #[test]
    fn a_name_and_version_come_back_in_any_pieces() {
        let app = App { name: "Proto".to_owned(), version: "0.1.0".to_owned() };
        let whole = framed(GOOD);
        assert_eq!(asked(vec![whole.clone()]), Ok(app.clone()));
        assert_eq!(asked(whole.chunks(7).map(<[u8]>::to_vec).collect()), Ok(app));
    }

    #[test]
    fn other_answers_are_shown() {
        assert_eq!(asked(vec![framed(&[0x6e, 0])]).unwrap_err(), "to B0 01 it answered 6e00");
        assert_eq!(
            asked(vec![framed(&[1, 9, b'x', 0x90, 0])]).unwrap_err(),
            "to B0 01 it answered 0109789000"
        );
        assert_eq!(asked(vec![framed(GOOD)[..8].to_vec()]).unwrap_err(), HUNG_UP);
    }

    #[test]
    fn silence_ends_at_the_deadline_or_with_the_emulator() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let Err(Failure::Wrong(cause)) = ask(address, Instant::now(), |_| Ok(())) else { panic!() };
        assert_eq!(cause, SILENT);
        let dead = |_| Err(Error::Missing { what: "life".to_owned(), cure: "none".to_owned() });
        let later = Instant::now() + Duration::from_secs(60);
        let Err(Failure::Lost(error)) = ask(address, later, dead) else { panic!() };
        assert_eq!(error.to_string(), "life is missing: none");
    }

    /// It did, and every start took a multiple of two seconds.
    #[test]
    fn a_look_at_the_living_does_not_wait_for_their_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let looked = std::cell::RefCell::new(Vec::new());
        let look = |patience| {
            looked.borrow_mut().push(patience);
            Ok(())
        };
        let deadline = Instant::now() + 3 * GLANCE;
        let Err(Failure::Wrong(cause)) = ask(address, deadline, look) else { panic!() };
        assert_eq!(cause, SILENT);
        let looked = looked.into_inner();
        assert!(!looked.is_empty() && looked.iter().all(Duration::is_zero), "{looked:?}");
    }
}
