//! Numbers that are typed: what is none is told with what would be one.

use std::net::SocketAddr;

use highwater_core::env::SECRET_INDEX;
use highwater_core::hrs::{Hrs, Step};

use crate::hrs_text::HrsText;

/// A key of the seed.
pub(crate) fn key_index(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|index| *index < SECRET_INDEX).ok_or_else(|| {
        format!("{text:?} is no number of a key: name a whole number from 0 to {}, as 0", SECRET_INDEX - 1)
    })
}

/// Seconds from block to block.
pub(crate) fn block_time(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds)).ok_or_else(|| {
        format!("{text:?} is no time of a block: name whole seconds from 1 to 86400, without a unit, as 6")
    })
}

/// Cosigners that it takes to sign.
pub(crate) fn threshold(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is no number of cosigners: name a whole number, as threshold in the configuration of horcrux has it")
    })
}

/// An imported key, as the screen counts.
pub(crate) fn imported(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        format!("{text:?} is no number of an imported key: name a whole number from 1, as `highwater key list` counts")
    })
}

/// An object of a YubiHSM2. Its number 0 asks the HSM for any free id.
pub(crate) fn object_id(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| format!("{text:?} is no object id: name a whole number from 1 to {}, as 5", u16::MAX))
}

/// A domain of a YubiHSM2.
pub(crate) fn domain(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|domain| (1..=16).contains(domain))
        .ok_or_else(|| format!("{text:?} is no domain of an HSM: name a whole number from 1 to 16, as 1"))
}

/// Where an emulator or a connector listens.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address: name one as 127.0.0.1:9999"))
}

/// Nothing of height H is signed: the mark is H/0/none.
pub(crate) fn next_height(text: &str) -> Result<Hrs, String> {
    let mark = text.parse().ok().filter(|height| *height > 0);
    mark.and_then(|height| Hrs::new(height, 0, Step::None)).ok_or_else(|| {
        format!("{text:?} is not a height: name the next one to sign, a whole number from 1 to {}; a chain without a block begins at 1", i64::MAX)
    })
}

/// Any place: a mark that nothing was signed at may be named too.
pub(crate) fn below_signed(text: &str) -> Result<Hrs, String> {
    text.parse::<HrsText>().map(|HrsText(hrs)| hrs).map_err(|error| error.to_string())
}

/// A place that was signed.
pub(crate) fn last_signed(text: &str) -> Result<Hrs, String> {
    match text.parse::<HrsText>() {
        Ok(HrsText(hrs)) if hrs.height.value() > 0 && hrs.step != Step::None => Ok(hrs),
        Ok(_) => Err(format!(
            "nothing is signed at {text:?}: a place that was signed has a height of at least 1, and proposal, prevote or precommit"
        )),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ways_to_name_a_mark_differ() {
        assert_eq!(next_height("7").unwrap().to_string(), "7/0/none");
        assert_eq!(last_signed("7/2/prevote").unwrap().to_string(), "7/2/prevote");
        for bad in ["", "7", "7/0", "7/0/none", "7/0/commit", "0/0/prevote", "7/-1/prevote", "7/0/prevote/1"]
        {
            assert!(last_signed(bad).is_err(), "{bad}");
        }
        assert!(next_height("0").is_err() && next_height("9223372036854775808").is_err());
    }

    #[test]
    fn each_number_has_its_ends() {
        assert_eq!((key_index("0"), key_index("2147483646")), (Ok(0), Ok(SECRET_INDEX - 1)));
        assert!(key_index("2147483647").is_err() && key_index("-1").is_err());
        assert_eq!((block_time("1"), block_time("86400")), (Ok(1), Ok(86_400)));
        assert!(block_time("0").is_err() && block_time("86401").is_err() && block_time("6s").is_err());
        assert!(threshold("2") == Ok(2) && threshold("-2").is_err());
        assert_eq!((object_id("1"), object_id("65535")), (Ok(1), Ok(u16::MAX)));
        assert!(object_id("0").is_err() && object_id("65536").is_err() && object_id("-1").is_err());
        assert_eq!((domain("1"), domain("16")), (Ok(1), Ok(16)));
        assert!(domain("0").is_err() && domain("17").is_err());
        assert!(address("127.0.0.1:1").is_ok() && address("nowhere").is_err());
    }
}
