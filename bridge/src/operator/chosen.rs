//! Which device a command is about: that of its chain, the one that is named, or the one that is alone.

use std::ops::Deref;

use crate::advice;
use crate::config::{self, Config, names};
use crate::failure::Failure;

/// The configuration, and the device of it that a command is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'a> {
    config: &'a Config,
    pub(crate) device: &'a config::Device,
}

impl Deref for Chosen<'_> {
    type Target = Config;

    fn deref(&self) -> &Config {
        self.config
    }
}

impl<'a> Chosen<'a> {
    /// For a command that makes a device sign for a chain: the chain's own one, and no other.
    pub(crate) fn own(config: &'a Config, chain: &str, named: Option<&str>) -> Result<Self, Failure> {
        let chosen = Self::near(config, Some(chain), named)?;
        match config.chain(chain).and_then(|known| config.device_of(known)) {
            Some(own) if own.name != chosen.device.name => {
                let (own, other) = (own.name.as_deref(), chosen.device.name.as_deref());
                Err(Failure::usage(advice::not_its_device(
                    chain,
                    own.unwrap_or_default(),
                    other.unwrap_or_default(),
                )))
            }
            _ => Ok(chosen),
        }
    }

    /// For a command that may be about another device than the chain's: a spare, or the one of before.
    pub(crate) fn near(
        config: &'a Config,
        chain: Option<&str>,
        named: Option<&str>,
    ) -> Result<Self, Failure> {
        let known = names(&config.devices);
        let of_chain = || config.device_of(config.chain(chain?)?);
        let device = match (named, &config.devices[..]) {
            (Some(name), _) => {
                config.device(name).ok_or_else(|| Failure::usage(advice::unknown_device(name, &known)))?
            }
            (None, [only]) => only,
            (None, _) => of_chain().ok_or_else(|| Failure::usage(advice::which_device(&known)))?,
        };
        Ok(Self { config, device })
    }

    /// Each device, for a command that is about all.
    pub(crate) fn each(config: &'a Config) -> impl Iterator<Item = Self> {
        config.devices.iter().map(move |device| Self { config, device })
    }
}
