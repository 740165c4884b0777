//! The crypto library of the played system.

/// What stands for the crypto library. By default functions that only look like cryptography, since this crate depends
/// on nothing; a test that needs the real thing puts it here.
#[derive(Debug, Clone, Copy)]
pub struct Software {
    /// SHA-256.
    pub sha256: fn(&[u8]) -> [u8; 32],
    /// The private key at a path.
    pub derive: fn(&[u32; 5]) -> [u8; 32],
    /// The public key of a private one, as RFC 8032 writes it.
    pub public_key: fn(&[u8; 32]) -> [u8; 32],
    /// The signature of a message.
    pub sign: fn(&[u8; 32], &[u8]) -> [u8; 64],
}

impl Default for Software {
    fn default() -> Self {
        Self { sha256: |data| mix(b'h', &[data]), derive, public_key: |private| mix(b'p', &[private]), sign }
    }
}

fn derive(path: &[u32; 5]) -> [u8; 32] {
    let path: Vec<u8> = path.iter().flat_map(|element| element.to_be_bytes()).collect();
    mix(b'd', &[&path])
}

fn sign(private: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&mix(b'r', &[private, message]));
    signature[32..].copy_from_slice(&mix(b's', &[private, message]));
    signature
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
