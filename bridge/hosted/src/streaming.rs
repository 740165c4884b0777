//! A vote extension that comes in two passes. A key store signs it in one piece, so the second pass is held whole.

use highwater_core::canonical::{MAX_AROUND, MAX_EXTENSION};
use highwater_core::env::CryptoFailed;
use sha2::{Digest, Sha256};

/// The longest pass: head, content and tail.
const LONGEST: usize = MAX_EXTENSION as usize + 2 * MAX_AROUND;

/// What is under way, if anything is.
#[derive(Default)]
pub(crate) struct Stream {
    pass: Option<Pass>,
    /// The longest message that is signed in the end: of some stores it is shorter.
    longest: usize,
}

struct Pass {
    /// `None` once the digest was taken.
    digest: Option<Sha256>,
    fed: usize,
    /// What was fed, in the second pass; the first one is only hashed.
    message: Option<Vec<u8>>,
}

impl Pass {
    fn new(message: Option<Vec<u8>>) -> Self {
        Self { digest: Some(Sha256::new()), fed: 0, message }
    }
}

impl Stream {
    /// A longer message than `longest` ends the stream in its first pass, before the store is asked for anything.
    pub(crate) fn begin(&mut self, longest: usize) {
        *self = Self { pass: Some(Pass::new(None)), longest: longest.min(LONGEST) };
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed> {
        let mut pass = self.pass.take().ok_or(CryptoFailed)?;
        pass.digest.as_mut().ok_or(CryptoFailed)?.update(bytes);
        pass.fed += bytes.len();
        if pass.fed > self.longest {
            return Err(CryptoFailed);
        }
        if let Some(message) = &mut pass.message {
            message.extend_from_slice(bytes);
        }
        self.pass = Some(pass);
        Ok(())
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], CryptoFailed> {
        let mut pass = self.pass.take().ok_or(CryptoFailed)?;
        let digest = pass.digest.take().ok_or(CryptoFailed)?.finalize().into();
        self.pass = Some(pass);
        Ok(digest)
    }

    /// From the first pass to the second.
    pub(crate) fn turn(&mut self) -> Result<(), CryptoFailed> {
        match self.pass.take() {
            Some(Pass { digest: None, message: None, fed }) => {
                self.pass = Some(Pass::new(Some(Vec::with_capacity(fed))));
                Ok(())
            }
            _ => Err(CryptoFailed),
        }
    }

    /// The message of the second pass, to be signed. Whatever comes of it, nothing is under way then.
    pub(crate) fn end(&mut self) -> Result<Vec<u8>, CryptoFailed> {
        match self.pass.take() {
            Some(Pass { digest: None, message: Some(message), .. }) => Ok(message),
            _ => Err(CryptoFailed),
        }
    }

    pub(crate) fn wipe(&mut self) {
        self.pass = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Stream {
        let mut stream = Stream::default();
        stream.begin(usize::MAX);
        stream.feed(b"m").unwrap();
        stream
    }

    fn turned() -> Stream {
        let mut stream = begun();
        stream.digest().unwrap();
        stream.turn().unwrap();
        stream.feed(b"m").unwrap();
        stream
    }

    #[test]
    fn the_second_pass_is_what_is_signed() {
        let mut stream = turned();
        stream.feed(b"ore").unwrap();
        assert_eq!(stream.digest().unwrap(), <[u8; 32]>::from(Sha256::digest(b"more")));
        assert_eq!(stream.end().unwrap(), b"more");
        assert_eq!(stream.end(), Err(CryptoFailed));
    }

    #[test]
    fn a_step_out_of_order_fails_and_leaves_nothing() {
        type Step = fn(&mut Stream) -> Result<(), CryptoFailed>;
        let taken = |mut stream: Stream| {
            stream.digest().unwrap();
            stream
        };
        let cases: [(&str, Stream, Step); 8] = [
            ("nothing began", Stream::default(), |stream| stream.feed(b"m")),
            ("the digest was taken", taken(begun()), |stream| stream.feed(b"m")),
            ("the digest was taken already", taken(begun()), |stream| stream.digest().map(drop)),
            ("a turn before the digest", begun(), Stream::turn),
            ("a third pass", taken(turned()), Stream::turn),
            ("the end of the first pass", taken(begun()), |stream| stream.end().map(drop)),
            ("the end before the digest", turned(), |stream| stream.end().map(drop)),
            ("longer than an extension may be", begun(), |stream| stream.feed(&vec![0; LONGEST])),
        ];
        for (name, mut stream, step) in cases {
            assert_eq!(step(&mut stream), Err(CryptoFailed), "{name}");
            assert!(stream.pass.is_none(), "{name}");
        }
    }
}
