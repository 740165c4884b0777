//! What a session may ask: each command wants a capability of the key that opened it, and a domain that both have.

use ed25519_dalek::Signer as _;

use crate::objects::{ASYMMETRIC, AUTHENTICATION, ED25519, Object};
use crate::{MAY_SIGN, State};

const INVALID_DATA: u8 = 0x02;
const WRONG_LENGTH: u8 = 0x08;
const MAY_NOT: u8 = 0x09;
const LOG_FULL: u8 = 0x0a;
const NO_OBJECT: u8 = 0x0b;

/// A message with its length.
pub(crate) fn frame(code: u8, data: &[u8]) -> Vec<u8> {
    [&[code][..], &(data.len() as u16).to_be_bytes(), data].concat()
}

/// An error of the device.
pub(crate) fn error(code: u8) -> Vec<u8> {
    frame(0x7f, &[code])
}

/// Reads from the front of a command's data.
struct Read<'a>(&'a [u8]);

impl<'a> Read<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], u8> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(WRONG_LENGTH)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, u8> {
        self.take().map(u16::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, u8> {
        self.take().map(u64::from_be_bytes)
    }

    fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// The capability that a command wants; those that are not here want none.
fn wanted(command: u8, kind: u8) -> u64 {
    match (command, kind) {
        (0x44, _) => 0x4,
        (0x45, _) => 0x8,
        (0x46, _) => 0x10,
        (0x4d | 0x67, _) => 0x100_0000,
        (0x4f, _) => 0x2_0000,
        (0x50, _) => 0x4_0000,
        (0x58, AUTHENTICATION) => 0x100_0000_0000,
        (0x58, _) => 0x200_0000_0000,
        (0x6a, _) => MAY_SIGN,
        _ => 0,
    }
}

impl State {
    /// One command of the session that the key `by` opened.
    pub(crate) fn command(&mut self, by: u16, command: u8, data: &[u8], lies: bool) -> Result<Vec<u8>, u8> {
        if self.log.is_full_for(command) {
            return Err(LOG_FULL);
        }
        let mut read = Read(data);
        let kind = if command == 0x58 { data.get(2).copied().unwrap_or_default() } else { 0 };
        let own = self.objects.get(by, AUTHENTICATION).ok_or(NO_OBJECT)?;
        let (may, domains, delegated) = (own.may, own.domains, own.delegated);
        let wants = wanted(command, kind);
        let target = match command {
            0x54 | 0x58 | 0x6a | 0x44 | 0x45 | 0x46 => data.first_chunk().map(|id| u16::from_be_bytes(*id)),
            _ => None,
        };
        let done = if may & wants != wants {
            Err(MAY_NOT)
        } else {
            match command {
                0x01 => Ok(data.to_vec()),
                0x06 => Ok(device_info(self.log.entries.len() as u8)),
                0x40 => Ok(Vec::new()),
                0x41 => Ok([256u16, 200, 1024, 900, 126].iter().flat_map(|n| n.to_be_bytes()).collect()),
                0x44 => self.put_authentication(&mut read, delegated),
                0x45 => self.put_asymmetric(&mut read, delegated),
                0x48 => Ok(self.list(domains, data)),
                0x4d => Ok(self.log.read()),
                0x4e => self.info(read, domains),
                0x4f => self.set_option(read),
                0x50 => match data {
                    [3] => Ok(self.log.options()),
                    [1] => Ok(vec![u8::from(self.log.forced)]),
                    _ => Err(INVALID_DATA),
                },
                0x54 => self.object(read.u16()?, ASYMMETRIC, domains).map(|object| {
                    let mut key = object.key().verifying_key().to_bytes();
                    key[0] ^= u8::from(lies);
                    [&[ED25519][..], &key].concat()
                }),
                0x58 => self.delete(read, domains),
                0x67 => {
                    let item = read.u16()?;
                    self.log.consume(item);
                    Ok(Vec::new())
                }
                0x6a => self.sign(read, domains, lies),
                _ => Err(0x01),
            }
        };
        let result = if done.is_ok() { command | 0x80 } else { 0x7f };
        self.log.note(command, data.len() as u16, [by, target.unwrap_or(0xffff), 0xffff], result);
        done
    }

    /// An object that the session sees.
    fn object(&self, id: u16, kind: u8, domains: u16) -> Result<&Object, u8> {
        self.objects.get(id, kind).filter(|object| object.domains & domains != 0).ok_or(NO_OBJECT)
    }

    fn sign(&mut self, mut read: Read<'_>, domains: u16, lies: bool) -> Result<Vec<u8>, u8> {
        let object = self.object(read.u16()?, ASYMMETRIC, domains)?;
        if object.may & MAY_SIGN == 0 {
            return Err(MAY_NOT);
        }
        let message = read.rest();
        if message.len() > 2_000 {
            return Err(WRONG_LENGTH);
        }
        let signature = object.key().sign(if lies { b"another message" } else { message });
        self.signed += 1;
        Ok(signature.to_bytes().to_vec())
    }

    fn put_asymmetric(&mut self, read: &mut Read<'_>, delegated: u64) -> Result<Vec<u8>, u8> {
        let (id, object) = new(read, 0)?;
        if object.algorithm != ED25519 {
            return Err(INVALID_DATA);
        }
        if object.may & !delegated != 0 {
            return Err(MAY_NOT);
        }
        self.objects.put(id, ASYMMETRIC, object).map(|id| id.to_be_bytes().to_vec())
    }

    fn put_authentication(&mut self, read: &mut Read<'_>, delegated: u64) -> Result<Vec<u8>, u8> {
        let (id, object) = new(read, 8)?;
        if (object.may | object.delegated) & !delegated != 0 {
            return Err(MAY_NOT);
        }
        self.objects.put(id, AUTHENTICATION, object).map(|id| id.to_be_bytes().to_vec())
    }

    fn delete(&mut self, mut read: Read<'_>, domains: u16) -> Result<Vec<u8>, u8> {
        let (id, [kind]) = (read.u16()?, read.take()?);
        self.object(id, kind, domains)?;
        self.objects.delete(id, kind);
        Ok(Vec::new())
    }

    fn set_option(&mut self, mut read: Read<'_>) -> Result<Vec<u8>, u8> {
        let ([tag], _length) = (read.take()?, read.u16()?);
        match (tag, read.rest()) {
            (1, [forced]) => self.log.forced = *forced != 0,
            (3, options) => {
                options.as_chunks::<2>().0.iter().for_each(|[command, on]| self.log.set(*command, *on != 0));
            }
            _ => return Err(INVALID_DATA),
        }
        Ok(Vec::new())
    }

    /// Filters by kind and id are known here, and no others.
    fn list(&self, domains: u16, filters: &[u8]) -> Vec<u8> {
        let meant = |id: u16, kind: u8| match filters {
            [2, wanted, ..] => *wanted == kind,
            [1, high, low, ..] => u16::from_be_bytes([*high, *low]) == id,
            _ => true,
        };
        let seen = self
            .objects
            .all()
            .filter(|(id, kind, object)| object.domains & domains != 0 && meant(*id, *kind));
        seen.flat_map(|(id, kind, _)| [(id >> 8) as u8, id as u8, kind, 0]).collect()
    }

    fn info(&self, mut read: Read<'_>, domains: u16) -> Result<Vec<u8>, u8> {
        let (id, [kind]) = (read.u16()?, read.take()?);
        let object = self.object(id, kind, domains)?;
        let mut info = object.may.to_be_bytes().to_vec();
        info.extend(id.to_be_bytes());
        info.extend(32u16.to_be_bytes());
        info.extend(object.domains.to_be_bytes());
        info.extend([kind, object.algorithm, 0, 2]);
        info.extend(object.label);
        info.extend(object.delegated.to_be_bytes());
        Ok(info)
    }
}

/// A new object: id, label, domains, capabilities, algorithm, what it may give on, and the key.
fn new(read: &mut Read<'_>, delegated: usize) -> Result<(u16, Object), u8> {
    let id = read.u16()?;
    let label = read.take()?;
    let (domains, may, [algorithm]) = (read.u16()?, read.u64()?, read.take()?);
    let delegated = if delegated == 0 { 0 } else { read.u64()? };
    Ok((id, Object { label, domains, may, delegated, algorithm, secret: read.take()? }))
}

fn device_info(used: u8) -> Vec<u8> {
    // Version 2.3.1, its serial number, the room of its log, and two of its algorithms.
    [&[2, 3, 1][..], &123_456_789u32.to_be_bytes(), &[62, used, ED25519, 0x26]].concat()
}
