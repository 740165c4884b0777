//! What to start.

use std::path::PathBuf;
use std::time::Duration;

use crate::Model;
use crate::nvram::Image;

/// How an instance is started.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) model: Model,
    pub(crate) python: PathBuf,
    pub(crate) elf: PathBuf,
    pub(crate) seed: Seed,
    pub(crate) nvram: Image,
    pub(crate) randomness: Option<String>,
    pub(crate) trace: bool,
    pub(crate) port: u16,
    pub(crate) patience: Duration,
}

impl Options {
    /// An app on a Nano S with empty NVM and Speculos' well-known mnemonic. `python` is the interpreter of an environment
    /// made by [`crate::venv::ensure`] for that device; of `elf` a copy is taken at the start.
    pub fn new(python: impl Into<PathBuf>, elf: impl Into<PathBuf>) -> Self {
        Self::on(Model::nano_s(), python, elf)
    }

    /// As [`Options::new`], on another device.
    pub fn on(model: Model, python: impl Into<PathBuf>, elf: impl Into<PathBuf>) -> Self {
        Self {
            nvram: Image::blank(model.page),
            model,
            python: python.into(),
            elf: elf.into(),
            seed: Seed::WellKnown,
            randomness: None,
            trace: false,
            port: 0,
            patience: Duration::from_secs(60),
        }
    }

    /// The seed of the device.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// The NVM as it was left by an instance **of the same app**: Speculos copies it into the app's memory and does not
    /// compare its size with the room there.
    #[must_use]
    pub fn nvram(self, nvram: Image) -> Self {
        Self { nvram, ..self }
    }

    /// Makes the device's random numbers follow from this text, so that each run sees the same.
    #[must_use]
    pub fn randomness(self, text: impl Into<String>) -> Self {
        Self { randomness: Some(text.into()), ..self }
    }

    /// Has each system call of the app written into the log (`[*] syscall: name(...)`).
    #[must_use]
    pub fn trace(self) -> Self {
        Self { trace: true, ..self }
    }

    /// The port of APDUs, on loopback. Without it the system picks one.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// How long the start may take, 60 s by default: on a busy machine Python alone may need several.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The command line of Speculos for an app and an image in its current folder. No ports: see `launch.py`.
    pub(crate) fn arguments(&self, elf: &str) -> Vec<String> {
        let mut arguments = vec!["--model", &self.model.name, "--display", "headless", "--save-nvram"];
        let level = self.model.level.map(|level| level.to_string());
        if let Some(level) = &level {
            arguments.extend(["--apiLevel", level]);
        }
        // There is no file for an image without content, and the start would fail for want of it.
        if !self.nvram.is_blank() {
            arguments.push("--load-nvram");
        }
        let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        if let Some(seed) = self.seed.argument() {
            arguments.extend(["--seed".to_owned(), seed]);
        }
        if let Some(text) = &self.randomness {
            arguments.extend(["--deterministic-rng".to_owned(), text.clone()]);
        }
        if self.trace {
            arguments.push("--trace".to_owned());
        }
        arguments.push(elf.to_owned());
        arguments
    }
}

/// What all keys of a device follow from. For tests only: command lines can be read by everyone on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seed {
    /// The mnemonic that Speculos takes when it is not told another ("glory promote mansion ...").
    WellKnown,
    /// The words of a BIP-39 mnemonic, without a passphrase.
    Mnemonic(String),
    /// The seed itself, as a mnemonic would give it (BIP-39: 64 bytes).
    Bytes(Vec<u8>),
}

impl Seed {
    fn argument(&self) -> Option<String> {
        match self {
            Self::WellKnown => None,
            Self::Mnemonic(words) => Some(words.clone()),
            Self::Bytes(bytes) => {
                Some(bytes.iter().fold("hex:".to_owned(), |text, byte| format!("{text}{byte:02x}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_start_saves_and_later_ones_load_too() {
        let options = Options::new("python", "/x/app.elf");
        assert_eq!(
            options.arguments("app.elf"),
            ["--model", "nanos", "--display", "headless", "--save-nvram", "app.elf"]
        );
        let again = options.nvram(Image::new(&[1], 64));
        assert!(again.arguments("app.elf").contains(&"--load-nvram".to_owned()));
        let erased = again.nvram(Image::blank(64));
        assert!(!erased.arguments("app.elf").contains(&"--load-nvram".to_owned()));
    }

    #[test]
    fn a_later_device_is_named_with_the_level_of_its_system() {
        let arguments = Options::on(Model::new("nanosp", Some(27), 512), "p", "e").arguments("e");
        assert_eq!(arguments[..2], ["--model", "nanosp"]);
        assert!(arguments.windows(2).any(|pair| pair == ["--apiLevel", "27"]), "{arguments:?}");
    }

    #[test]
    fn seeds_are_words_or_hex() {
        let last = |seed| Options::new("p", "e").seed(seed).arguments("e")[5..7].to_vec();
        assert_eq!(last(Seed::Bytes(vec![0, 0xab])), ["--seed", "hex:00ab"]);
        assert_eq!(last(Seed::Mnemonic("zebra zoo".to_owned())), ["--seed", "zebra zoo"]);
    }

    #[test]
    fn a_trace_is_asked_for() {
        assert_eq!(Options::new("p", "e").trace().arguments("e")[5..], ["--trace", "e"]);
    }

    #[test]
    fn randomness_is_fixed_by_a_text() {
        let arguments = Options::new("p", "e").randomness("seven").arguments("e");
        assert_eq!(arguments[5..], ["--deterministic-rng", "seven", "e"]);
    }
}
