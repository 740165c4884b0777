//! Where a node listens, as its `priv_validator_laddr` says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Longest path of a unix socket, bytes: `sun_path` of unix(7), less the zero at its end.
const MAX_PATH: usize = 107;

/// The address of a node's privval socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A socket file that the node makes: an absolute path of at most 107 bytes.
    Unix(PathBuf),
}

/// Not an address that can be dialled. The text names the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Known, but not spoken.
    #[error("{0}:// is not supported in this version")]
    Unsupported(&'static str),
    /// Not known.
    #[error("{0:?} is not a node's address")]
    Scheme(String),
    /// The path depends on where the bridge was started.
    #[error("the socket path {0:?} is not absolute")]
    Relative(String),
    /// The kernel takes no such path.
    #[error("the socket path is {0} bytes long, the kernel takes at most {MAX_PATH}")]
    TooLong(usize),
    /// A directory, or a path that ends nowhere.
    #[error("{0:?} names no socket file")]
    NoFile(String),
}

impl AddressError {
    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unsupported(_) => {
                "let the node listen on a unix socket: priv_validator_laddr = \"unix:///path/privval.sock\""
            }
            Self::Scheme(_) => "write unix:///path/of/the/node's/privval.sock",
            Self::Relative(_) => "write three slashes: unix:///path/privval.sock",
            Self::TooLong(_) => "let the node make its socket at a shorter path",
            Self::NoFile(_) => "add the name of the file that the node makes",
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let path = match text.split_once("://") {
            Some(("unix", path)) => path,
            Some(("tcp", _)) => return Err(AddressError::Unsupported("tcp")),
            Some(("noise", _)) => return Err(AddressError::Unsupported("noise")),
            _ => return Err(AddressError::Scheme(text.to_owned())),
        };
        if !path.starts_with('/') {
            return Err(AddressError::Relative(path.to_owned()));
        }
        if path.ends_with('/') || Path::new(path).file_name().is_none() {
            return Err(AddressError::NoFile(path.to_owned()));
        }
        if path.len() > MAX_PATH {
            return Err(AddressError::TooLong(path.len()));
        }
        Ok(Self::Unix(path.into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Unix(path) = self;
        write!(f, "unix://{}", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unix_address_is_read_and_written_alike() {
        let text = "unix:///run/node/privval.sock";
        assert_eq!(text.parse(), Ok(Address::Unix("/run/node/privval.sock".into())));
        assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_with_its_cure() {
        let long = format!("unix:///{}", "x".repeat(MAX_PATH));
        let cases = [
            ("tcp://127.0.0.1:26659", "not supported in this version", "unix socket"),
            ("noise://12D3@127.0.0.1:26659", "not supported in this version", "unix socket"),
            ("/run/privval.sock", "not a node's address", "write unix:///"),
            ("http://node", "not a node's address", "write unix:///"),
            ("", "not a node's address", "write unix:///"),
            ("unix://run/privval.sock", "not absolute", "three slashes"),
            ("unix:///run/", "no socket file", "add the name"),
            ("unix:///", "no socket file", "add the name"),
            ("unix:///run/..", "no socket file", "add the name"),
            (&long, "at most 107", "shorter path"),
        ];
        for (text, cause, cure) in cases {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains(cause) && error.cure().contains(cure), "{text}: {error}");
        }
    }
}
