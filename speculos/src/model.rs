//! Which device is played, and which release of Speculos plays it.

/// A release of Speculos. None plays every device: the Nano S was removed from it, and later systems came after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The last one on PyPI that knows the Nano S.
    WithNanoS,
    /// A later one.
    Later,
}

impl Release {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::WithNanoS, Self::Later];

    /// The one for a `--model`.
    pub fn of(model: &str) -> Self {
        if model == "nanos" { Self::WithNanoS } else { Self::Later }
    }

    /// Its number.
    pub const fn version(self) -> &'static str {
        match self {
            Self::WithNanoS => "0.25.5",
            Self::Later => "0.27.1",
        }
    }
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) level: Option<u8>,
    pub(crate) page: usize,
}

impl Model {
    /// The device that Speculos calls so, on a system of this API level, if it has levels, with flash pages of so many
    /// bytes.
    pub fn new(name: impl Into<String>, level: Option<u8>, page: usize) -> Self {
        Self { name: name.into(), level, page }
    }

    /// The Nano S.
    pub fn nano_s() -> Self {
        Self::new("nanos", None, 64)
    }

    /// The release that plays it.
    pub fn release(&self) -> Release {
        Release::of(&self.name)
    }
}
