//! The crypto library of the played system.

use super::modular::{add, multiply, reduce, subtract};

/// What stands for the crypto library. By default functions that only look like cryptography, since this crate depends
/// on nothing; a test that needs the real thing puts it here. Points are as RFC 8032 writes them, scalars big endian.
#[derive(Debug, Clone, Copy)]
pub struct Software {
    /// SHA-256.
    pub sha256: fn(&[u8]) -> [u8; 32],
    /// SHA-512.
    pub sha512: fn(&[u8]) -> [u8; 64],
    /// The private key at a path.
    pub derive: fn(&[u32; 5]) -> [u8; 32],
    /// The public key of a private one.
    pub public_key: fn(&[u8; 32]) -> [u8; 32],
    /// The base point.
    pub base: [u8; 32],
    /// A point so many times.
    pub times: fn(&[u8; 32], &[u8; 32]) -> [u8; 32],
    /// The sum of two points.
    pub plus: fn(&[u8; 32], &[u8; 32]) -> [u8; 32],
}

impl Default for Software {
    fn default() -> Self {
        Self {
            sha256: |data| mix(b'h', &[data]),
            sha512,
            derive,
            public_key: |private| times(&BASE, &scalar(private)),
            base: BASE,
            times,
            plus,
        }
    }
}

fn sha512(data: &[u8]) -> [u8; 64] {
    let mut digest = [0; 64];
    digest[..32].copy_from_slice(&mix(b'f', &[data]));
    digest[32..].copy_from_slice(&mix(b's', &[data]));
    digest
}

fn derive(path: &[u32; 5]) -> [u8; 32] {
    let path: Vec<u8> = path.iter().flat_map(|element| element.to_be_bytes()).collect();
    mix(b'd', &[&path])
}

/// What the toys below make of a message: RFC 8032, 5.1.5 and 5.1.6, with the public key in the nonce as well. Written a
/// second time, so that tests have something to compare with.
#[cfg(test)]
pub(crate) fn signature(private: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let scalar = scalar(private);
    let public = times(&BASE, &scalar);
    let nonce = number(&[&public, &sha512(private)[32..], message].concat());
    let point = times(&BASE, &nonce);
    let challenge = number(&[&point[..], &public, message].concat());
    let mut response = add(&multiply(&challenge, &scalar, &ORDER), &nonce, &ORDER);
    response.reverse();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&point);
    signature[32..].copy_from_slice(&response);
    signature
}

/// Whether a signature holds among the toys.
#[cfg(test)]
pub(crate) fn holds(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (point, response) = signature.split_at(32);
    let mut response: [u8; 32] = response.try_into().expect("its half");
    response.reverse();
    let challenge = number(&[point, public, message].concat());
    let right = plus(point.try_into().expect("its half"), &times(public, &challenge));
    response < ORDER && times(&BASE, &response) == right
}

fn scalar(private: &[u8; 32]) -> [u8; 32] {
    let mut half = sha512(private);
    half[0] &= 0xf8;
    half[31] = half[31] & 0x7f | 0x40;
    half[..32].reverse();
    reduce(&half[..32], &ORDER)
}

/// A hash as a scalar.
#[cfg(test)]
fn number(data: &[u8]) -> [u8; 32] {
    let mut hash = sha512(data);
    hash.reverse();
    reduce(&hash, &ORDER)
}

/// The order of Ed25519's base point.
const ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58,
    0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// The base point of the toy group: a point is its own logarithm. It is written as its distance from zero, and the sign
/// says in which direction, so that a point and its negative share their Y.
const BASE: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

fn times(point: &[u8; 32], scalar: &[u8; 32]) -> [u8; 32] {
    written(&multiply(&reduce(scalar, &ORDER), &logarithm(point), &ORDER))
}

fn plus(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    written(&add(&logarithm(left), &logarithm(right), &ORDER))
}

fn logarithm(point: &[u8; 32]) -> [u8; 32] {
    let mut number = *point;
    number.reverse();
    number[0] &= 0x7f;
    if point[31] >> 7 == 1 { subtract(&ORDER, &number) } else { number }
}

fn written(logarithm: &[u8; 32]) -> [u8; 32] {
    let other = subtract(&ORDER, logarithm);
    let (mut point, sign) = if *logarithm <= other { (*logarithm, 0) } else { (other, 0x80) };
    point.reverse();
    point[31] |= sign;
    point
}

/// Four times FNV-1a of all that was given: other input, other output, and no more than that.
fn mix(domain: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    for (lane, word) in out.chunks_mut(8).enumerate() {
        let seed = 0xcbf2_9ce4_8422_2325 ^ lane as u64;
        let bytes = std::iter::once(&domain).chain(parts.iter().copied().flatten());
        let hash = bytes.fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        word.copy_from_slice(&hash.to_be_bytes());
    }
    out
}

/// The point that is compressed to `key`: Y as it is, and an X of which only the lowest bit is right.
pub(super) fn point(key: &[u8; 32]) -> [u8; 65] {
    let mut point = [0; 65];
    point[0] = 4;
    point[32] = key[31] >> 7;
    for (byte, from) in point[33..].iter_mut().zip(key.iter().rev()) {
        *byte = *from;
    }
    point[33] &= 0x7f;
    point
}
