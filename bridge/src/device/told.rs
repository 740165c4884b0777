//! How values of the device are written for programs: as a person would type and read them.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes in hex.
pub(super) mod hex_bytes {
    use super::{Deserialize as _, Deserializer, Error, Serializer};

    pub(in crate::device) fn serialize<S: Serializer>(bytes: &[u8; 16], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(in crate::device) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(String::deserialize(from)?, &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}

/// A version as `1.2.3`.
pub(super) mod version {
    use super::{Deserialize as _, Deserializer, Error, Serializer};
    use crate::advice;

    pub(in crate::device) fn serialize<S: Serializer>(version: &[u8; 3], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&advice::version(*version))
    }

    pub(in crate::device) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 3], D::Error> {
        let text = String::deserialize(from)?;
        let parts: Result<Vec<u8>, _> = text.split('.').map(str::parse).collect();
        parts.ok().and_then(|parts| parts.try_into().ok()).ok_or_else(|| D::Error::custom("not a version"))
    }
}

/// The number of a slot as the device's screen has it, from 1.
pub(super) mod from_one {
    use super::{Deserialize as _, Deserializer, Error, Serialize as _, Serializer};

    pub(in crate::device) fn serialize<S: Serializer>(slot: &u8, to: S) -> Result<S::Ok, S::Error> {
        (u16::from(*slot) + 1).serialize(to)
    }

    pub(in crate::device) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let number = u16::deserialize(from)?.checked_sub(1);
        number.and_then(|slot| u8::try_from(slot).ok()).ok_or_else(|| D::Error::custom("not a slot"))
    }
}

/// A status word in hex, as docs/protocol.md lists them; null where there is none.
pub(super) mod word {
    use super::{Deserialize as _, Deserializer, Error, Serialize as _, Serializer};

    pub(in crate::device) fn serialize<S: Serializer>(word: &u16, to: S) -> Result<S::Ok, S::Error> {
        (*word != 0).then(|| format!("{word:04x}")).serialize(to)
    }

    pub(in crate::device) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
        match Option::<String>::deserialize(from)? {
            None => Ok(0),
            Some(word) => u16::from_str_radix(&word, 16).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        #[serde(with = "hex_bytes")]
        installation: [u8; 16],
        #[serde(with = "version")]
        app: [u8; 3],
        #[serde(with = "from_one")]
        slot: u8,
        #[serde(with = "word")]
        refused: u16,
        #[serde(with = "word")]
        none: u16,
    }

    fn told() -> Value {
        json!({
            "installation": "09090909090909090909090909090909",
            "app": "0.1.12",
            "slot": 1,
            "refused": "b005",
            "none": null,
        })
    }

    #[test]
    fn a_program_reads_what_a_person_reads() {
        let all = All { installation: [9; 16], app: [0, 1, 12], slot: 0, refused: 0xb005, none: 0 };
        assert_eq!(serde_json::to_value(&all).unwrap(), told());
        assert_eq!(serde_json::from_value::<All>(told()).unwrap(), all);
    }

    #[test]
    fn what_is_none_of_it_is_refused() {
        for (field, wrong) in [
            ("installation", json!("09")),
            ("app", json!("0.1")),
            ("app", json!("0.1.2.3")),
            ("slot", json!(0)),
            ("slot", json!(257)),
            ("refused", json!("nonsense")),
        ] {
            let mut value = told();
            value[field] = wrong;
            assert!(serde_json::from_value::<All>(value).is_err(), "{field}");
        }
    }
}
