//! One device or several: their names, whether they are told apart, and which of them signs for a chain.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::device::Fail;
use super::places::{self, Place, Wrong};
use super::{Chain, Device, Transport};

/// Characters of a name: it is part of file names, of a label and of a command line.
const LONGEST: usize = 32;

/// `[device]` or each `[[device]]`. An untagged enumeration would say of every mistake that no variant fits.
pub(super) fn one_or_several<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    struct OneOrSeveral<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrSeveral<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a section [device], or several [[device]]")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sections: A) -> Result<Vec<T>, A::Error> {
            let mut several = Vec::new();
            while let Some(section) = sections.next_element()? {
                several.push(section);
            }
            Ok(several)
        }
    }

    from.deserialize_any(OneOrSeveral(PhantomData))
}

/// Each device by itself, then all of them beside each other.
pub(super) fn check(devices: &[Device], places: &[places::Device], fail: Fail<'_>) -> Result<(), Wrong> {
    if devices.is_empty() {
        return fail(None, "there is no device".to_owned(), "add a [device] with its transport");
    }
    let nowhere = places::Device::default();
    for (number, device) in devices.iter().enumerate() {
        // Without its place a device is checked all the same.
        let place = places.get(number).unwrap_or(&nowhere);
        check_name(device, place, devices.len() > 1, fail)?;
        device.check(place, fail)?;
        for earlier in &devices[..number] {
            if device.name == earlier.name {
                let cause = format!("the name {:?} stands twice", device.name.as_deref().unwrap_or_default());
                return fail(place.name.as_ref(), cause, "give each device a name of its own");
            }
            if let Some(Twins { place, cause, cure }) = twins(earlier, device, place) {
                return fail(place, cause, cure);
            }
        }
    }
    Ok(())
}

fn check_name(device: &Device, place: &places::Device, several: bool, fail: Fail<'_>) -> Result<(), Wrong> {
    let Some(name) = &device.name else {
        return match several {
            true => fail(
                place.transport.as_ref(),
                "this is one of several devices, and has no name".to_owned(),
                "add name = \"...\" to its [[device]], a short word by which its chains name it",
            ),
            false => Ok(()),
        };
    };
    if !is_name(name) {
        let cause = format!("name {name:?} is not the name of a device");
        let cure = "take 1 to 32 small letters, digits, `-` and `_`, a letter or digit first";
        return fail(place.name.as_ref(), cause, cure);
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= LONGEST
        && name.starts_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '-' | '_'))
}

/// Why two devices are, or may be, one.
struct Twins<'a> {
    place: Option<&'a Place>,
    cause: String,
    cure: &'static str,
}

/// `place` is of the later one.
fn twins<'a>(earlier: &Device, later: &Device, place: &'a places::Device) -> Option<Twins<'a>> {
    let name = earlier.name.as_deref().unwrap_or_default();
    let port = |device: &Device| device.address.map(|address| address.port());
    // An emulator and a connector do not share a port either. Their locks are by the port.
    if later.address.is_some() && port(earlier) == port(later) {
        let cause = format!("address has the port of the device {name:?}");
        let cure = "keep one of the two, with all of its chains, or let this one listen on another port";
        return Some(Twins { place: place.address.as_ref(), cause, cure });
    }
    if earlier.transport != later.transport || earlier.module != later.module {
        return None;
    }
    // What both have tells them apart, or shows that they are one.
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    let path = |device: &Device| device.path.as_ref().map(|path| path.display().to_string());
    let by = [
        ("path", path(earlier), path(later), &place.path),
        ("serial", earlier.serial.clone(), later.serial.clone(), &place.serial),
        ("token_label", earlier.token_label.clone(), later.token_label.clone(), &place.token_label),
        ("slot", text(earlier.slot), text(later.slot), &place.slot),
    ];
    let both = |earlier: &Option<String>, later: &Option<String>| earlier.is_some() && later.is_some();
    for (what, earlier, later, place) in &by {
        if both(earlier, later) && earlier == later {
            let cause = format!("{what} is that of the device {name:?} too");
            let cure = "keep one of the two, with all of its chains";
            return Some(Twins { place: place.as_ref(), cause, cure });
        }
    }
    let cure = match later.transport {
        // Each has files of its own, or an address of its own.
        Transport::Simulated | Transport::Speculos => return None,
        // A connector has its YubiHSM2 for itself.
        Transport::Yubihsm if earlier.address.is_some() || later.address.is_some() => return None,
        _ if by.iter().any(|(_, earlier, later, _)| both(earlier, later)) => return None,
        // A serial and a path may mean one Ledger, and a label and a slot one token.
        Transport::Hid => {
            "name each Ledger by its path, as by a link that udev makes for its USB port, or each by its serial where they differ"
        }
        Transport::Yubihsm => "give each YubiHSM2 on USB its serial",
        Transport::Pkcs11 => "name both tokens of this module by token_label, or both by slot",
    };
    let cause = format!("nothing tells this device from {name:?} for certain");
    Some(Twins { place: place.transport.as_ref(), cause, cure })
}

/// A chain has one device, and says which where there are several.
pub(super) fn check_chain(
    devices: &[Device],
    chain: &Chain,
    places: &places::Chain,
    fail: Fail<'_>,
) -> Result<(), Wrong> {
    let known = names(devices);
    match &chain.device {
        None if devices.len() > 1 => {
            let cause = format!("the chain of id {:?} has no device, and there are several", chain.id);
            let cure = format!("add device = \"...\" to its [[chain]], one of {known}");
            fail(places.id.as_ref(), cause, &cure)
        }
        Some(name) if !devices.iter().any(|device| device.name.as_ref() == Some(name)) => {
            let cause = format!("no device is called {name:?}");
            let cure = match known.is_empty() {
                true => format!("remove the line, or add name = {name:?} to [device]"),
                false => format!("name one of {known}"),
            };
            fail(places.device.as_ref(), cause, &cure)
        }
        _ => Ok(()),
    }
}

/// Their names, for a person.
pub(crate) fn names(devices: &[Device]) -> String {
    devices.iter().filter_map(|device| device.name.as_deref()).collect::<Vec<_>>().join(", ")
}
