//! What a loader is told of an image: `load.toml` beside it, and the committed ones, which are in this program.
//!
//! Of an image that is known nothing in its folder is believed: what the loader is told is what this program has.

use serde::Deserialize;

/// The devices for which there is an app: the committed digest of its image, and what a loader is told of it.
const COMMITTED: [[&str; 2]; 2] = [
    [
        include_str!("../../../../app/highwater-nanosplus.sha256"),
        include_str!("../../../../app/highwater-nanosplus.load.toml"),
    ],
    [
        include_str!("../../../../app/highwater-nanos.sha256"),
        include_str!("../../../../app/highwater-nanos.load.toml"),
    ],
];

/// The curve that the app's keys are confined to.
pub(super) const CURVE: &str = "ed25519";
/// The path that the app's keys are confined to.
pub(super) const PATH: &str = "44'/118'/0'/0'";

/// What a loader is told of an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// The device's name on the command line.
    pub(crate) device: String,
    /// The device's name in a sentence.
    pub(crate) title: String,
    /// The device's number, which it compares with its own.
    pub(super) target_id: String,
    /// The version of the device's system, of one without API levels.
    pub(crate) target_version: String,
    /// The app's name.
    pub(crate) name: String,
    /// The app's version.
    pub(crate) version: String,
    /// Bytes of storage at the end of the image.
    pub(crate) data_size: u32,
    /// Bytes of install parameters behind it; none where the loader makes them.
    pub(crate) parameters_size: u32,
    /// The icon, of an image without install parameters.
    pub(crate) icon: String,
    /// The API levels that the app was tried on; none of a device that has none.
    #[serde(rename = "level", default)]
    pub(crate) levels: Vec<Level>,
}

/// An API level of a device's system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    /// The level.
    pub(crate) number: u8,
    /// The versions of the system that have it, as `1.6`.
    pub(crate) systems: String,
}

/// The image of a device that this version was built beside.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) facts: Facts,
    /// SHA-256 of the image in hex.
    pub(crate) sha256: String,
    /// Compiler and linker that made it.
    pub(crate) made_by: String,
}

impl Facts {
    /// Reads a `load.toml`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let facts: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        facts.target()?;
        Ok(facts)
    }

    /// The device's number.
    pub(super) fn target(&self) -> Result<u32, String> {
        let digits = self.target_id.strip_prefix("0x").unwrap_or_default();
        u32::from_str_radix(digits, 16).map_err(|_| format!("{:?} is no target id", self.target_id))
    }

    /// The API level of this version of the system. `Err`: the app was not tried on such a system.
    pub(super) fn level(&self, system: &str) -> Result<Option<&Level>, ()> {
        let is = |wanted: &str| {
            system.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        };
        if self.levels.is_empty() {
            return if is(&self.target_version) { Ok(None) } else { Err(()) };
        }
        self.levels.iter().find(|level| is(&level.systems)).map(Some).ok_or(())
    }

    /// The systems that the app was tried on, in a sentence.
    pub(crate) fn systems(&self) -> String {
        if self.levels.is_empty() {
            return self.target_version.clone();
        }
        self.levels.iter().map(|level| level.systems.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The images that this version was built beside.
pub(crate) fn known() -> Vec<Known> {
    let read = |[digest, facts]: [&str; 2]| {
        let (first, second) = digest.trim_end().split_once('\n')?;
        Some(Known {
            facts: Facts::parse(facts).ok()?,
            sha256: second.split_whitespace().next()?.to_owned(),
            made_by: first.strip_prefix("# ")?.to_owned(),
        })
    };
    COMMITTED.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(device: &str) -> Known {
        known().into_iter().find(|known| known.facts.device == device).unwrap()
    }

    #[test]
    fn both_devices_are_known_with_a_digest_and_who_made_it() {
        assert_eq!(known().len(), COMMITTED.len());
        for device in ["nanosplus", "nanos"] {
            let known = of(device);
            assert_eq!(hex::decode(&known.sha256).unwrap().len(), 32, "{device}");
            assert!(known.made_by.starts_with("rustc ") && known.facts.data_size > 0, "{device}");
            assert_eq!(known.facts.name, "Highwater");
        }
        assert_eq!(of("nanosplus").facts.target(), Ok(0x3310_0004));
        assert_eq!(of("nanos").facts.target(), Ok(0x3110_0004));
    }

    #[test]
    fn the_level_is_that_of_the_systems_version_and_is_never_guessed() {
        let plus = of("nanosplus").facts;
        for (system, level) in [("1.4.0", 24), ("1.5", 25), ("1.6.1", 26), ("1.6.0-rc2", 26), ("1.7.0", 27)] {
            assert_eq!(plus.level(system).unwrap().unwrap().number, level, "{system}");
        }
        for other in ["1.3.2", "1.8.0", "1.60", "1.61.0", "2.1.0", "", "1"] {
            assert!(plus.level(other).is_err(), "{other}");
        }
        let nano_s = of("nanos").facts;
        assert_eq!(nano_s.level("2.1.0"), Ok(None));
        for other in ["2.1.1", "2.0.0", "1.6.1", "2.1"] {
            assert!(nano_s.level(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_file_with_something_that_no_loader_is_told_is_refused() {
        let text = COMMITTED[0][1];
        assert!(Facts::parse(text).is_ok());
        assert!(Facts::parse(&format!("flags = 16\n{text}")).is_err());
        assert!(Facts::parse(&text.replace("0x33100004", "elsewhere")).is_err());
    }
}
