//! JSON, strictly: no key twice, no float, no sign, no number in another form than its writers have.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

/// The keys of the outer object, each once; and whether there is a list anywhere, which no file of a signer has.
pub(crate) struct Outer {
    pub(crate) keys: Vec<String>,
    pub(crate) has_list: bool,
}

impl<'de> Deserialize<'de> for Outer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OuterVisitor)
    }
}

struct OuterVisitor;

impl<'de> Visitor<'de> for OuterVisitor {
    type Value = Outer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Outer, A::Error> {
        entries(map)
    }
}

fn entries<'de, A: MapAccess<'de>>(mut map: A) -> Result<Outer, A::Error> {
    let mut outer = Outer { keys: Vec::new(), has_list: false };
    while let Some(key) = map.next_key::<String>()? {
        if outer.keys.contains(&key) {
            return Err(A::Error::custom("a key stands twice"));
        }
        outer.keys.push(key);
        let Inner { has_list } = map.next_value()?;
        outer.has_list |= has_list;
    }
    Ok(outer)
}

/// A value within, at any depth.
struct Inner {
    has_list: bool,
}

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InnerVisitor)
    }
}

struct InnerVisitor;

impl<'de> Visitor<'de> for InnerVisitor {
    type Value = Inner;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inner, A::Error> {
        entries(map).map(|Outer { has_list, .. }| Inner { has_list })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inner, A::Error> {
        while list.next_element::<Self::Value>()?.is_some() {}
        Ok(Inner { has_list: true })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }

    fn visit_unit<E: Error>(self) -> Result<Inner, E> {
        Ok(Inner { has_list: false })
    }
}

/// A whole number that is not negative, as a number or as a string: each era of each signer has its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) value: u64,
    pub(crate) as_text: bool,
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 on, in plain digits")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number { value, as_text: false })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let value = if plain { text.parse().ok() } else { None };
        value
            .map(|value| Number { value, as_text: true })
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number that is not negative, as a number only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain(pub(crate) u64);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        if number.as_text {
            return Err(D::Error::custom("a step in quotes, which no signer writes"));
        }
        Ok(Self(number.value))
    }
}
