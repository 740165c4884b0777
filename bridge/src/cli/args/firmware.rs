//! `firmware …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Form;

/// What of the app's image.
#[derive(Debug, Subcommand)]
pub enum FirmwareVerb {
    /// Load the app on a Ledger, by Ledger's own loader (ledgerblue). Shows first what it will run and what the device will ask.
    Install {
        /// Which image.
        #[command(flatten)]
        image: ImageArgs,
        /// Print the lines that would be run, and load nothing.
        #[arg(long)]
        print: bool,
        /// The version of the device's system, as its settings have it; then the device is not asked.
        #[arg(long, value_name = "VERSION", requires = "print")]
        system: Option<String>,
        /// The Python environment of the loader, made if it is not there. Without this one in the user's data directory.
        #[arg(long, value_name = "DIR")]
        environment: Option<PathBuf>,
        /// The digest of an image that you built yourself and that is not the known one.
        #[arg(long, value_name = "SHA256")]
        sha256: Option<String>,
        /// Delete a Highwater app that is on the device. ITS MARKS ARE LOST: say so only when they are written down.
        #[arg(long)]
        marks_written_down: bool,
    },
    /// Look whether an image is the known one, what the loader will print of it, and what the device says.
    Verify {
        /// Which image.
        #[command(flatten)]
        image: ImageArgs,
        /// How.
        #[command(flatten)]
        form: Form,
    },
}

/// Which image is meant.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// The device; without it the one that is plugged in.
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<DeviceName>,
    /// The folder of the image; without it where the package and the archive put it.
    #[arg(long, value_name = "DIR")]
    pub(crate) image: Option<PathBuf>,
}

/// A device for which there is an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceName {
    /// Ledger Nano S Plus.
    Nanosplus,
    /// Ledger Nano S.
    Nanos,
}

impl DeviceName {
    /// As the folder of its image is called.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Nanosplus => "nanosplus",
            Self::Nanos => "nanos",
        }
    }
}
