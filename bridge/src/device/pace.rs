//! How long a vote extension the device signs while its node waits.

use std::time::Duration;

use highwater_core::apdu::{Command, MAX_CHUNK, Reply};
use highwater_core::canonical::MAX_EXTENSION;

use super::encode;

/// What an extension may take of the 5 s that a node waits for a precommit. The other half is for the precommit itself,
/// for other chains' votes that pass between the chunks, and for what the first pass does not show.
const SHARE: Duration = Duration::from_millis(2_500);
/// Every chunk counts as one of so many.
const MEMORY: u32 = 16;

/// How long the device takes for the longest chunk: of the cable alone at first, and of its work too as soon as it has
/// taken one.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Duration>);

impl Pace {
    /// A chunk of full length that belongs to nothing: it is refused, and leaves nothing behind.
    pub(super) fn probe() -> Vec<u8> {
        // It is as long as a command may be.
        encode(&Command::ExtensionChunk { position: u32::MAX, bytes: &[0; MAX_CHUNK] }).unwrap_or_default()
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    /// Learns from every chunk of full length but the one that ends a stream, whose reply has a signature.
    pub(super) fn learn(&mut self, apdu: &[u8], reply: &[u8], took: Duration) {
        let is_chunk = matches!(
            Command::parse(apdu),
            Ok(Command::ExtensionChunk { bytes, .. }) if bytes.len() == MAX_CHUNK
        );
        let is_bare = matches!(Reply::split(reply), Some(([], _)));
        if is_chunk && is_bare {
            self.0 = Some(self.0.map_or(took, |pace| (pace * (MEMORY - 1) + took) / MEMORY));
        }
    }

    /// Bytes of the longest extension that is signed in its share of the time; its content goes over the cable twice.
    /// `None`: nothing is known.
    pub(super) fn fits(&self) -> Option<u32> {
        let chunks = SHARE.as_nanos() / self.0?.as_nanos().max(1) / 2;
        let bytes = chunks * MAX_CHUNK as u128;
        Some(u32::try_from(bytes).unwrap_or(MAX_EXTENSION).min(MAX_EXTENSION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: [u8; 2] = [0xb0, 0x0b];
    const TAKEN: [u8; 2] = [0x90, 0];

    fn after(chunks: &[(Duration, &[u8])]) -> Option<u32> {
        let mut pace = Pace::default();
        chunks.iter().for_each(|(took, reply)| pace.learn(&Pace::probe(), reply, *took));
        pace.fits()
    }

    #[test]
    fn what_fits_follows_from_one_chunk_and_then_from_those_that_were_taken() {
        let ms = Duration::from_millis;
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[(ms(10), &REFUSED)]), Some(125 * 251));
        assert_eq!(after(&[(ms(2_500), &REFUSED)]), Some(0), "two passes do not fit");
        assert_eq!(after(&[(Duration::ZERO, &REFUSED)]), Some(MAX_EXTENSION));
        let slower = vec![(ms(20), &TAKEN[..]); 200];
        let chunks = [vec![(ms(10), &REFUSED[..])], slower].concat();
        assert_eq!(after(&chunks), Some(62 * 251), "the device's own work counts too");
    }

    #[test]
    fn only_chunks_of_full_length_that_end_nothing_are_learnt_from() {
        let (second, probe) = (Duration::from_secs(1), Pace::probe());
        assert_eq!((probe.len(), probe[1], probe[2]), (260, 0x07, 2));
        let mut pace = Pace::default();
        pace.learn(&probe[..100], &TAKEN, second);
        pace.learn(&[&[0xe0, 0x06, 0][..], &[0; 257]].concat(), &TAKEN, second);
        pace.learn(&probe, &[&[7; 64][..], &TAKEN].concat(), second);
        assert!(pace.is_unknown());
        pace.learn(&probe, &TAKEN, second);
        assert!(!pace.is_unknown());
    }
}
