//! How an imported key is sealed, under a key that is made of the seed and signs nothing.
//!
//! With K the private key at [`SECRET_INDEX`](crate::env::SECRET_INDEX) and L the 16 bytes `Highwater vault1`:
//!
//! ```text
//! SIV    = HMAC-SHA-256(K, 01 L key), the first 16 bytes
//! cipher = key xor HMAC-SHA-256(K, 02 L SIV)
//! sealed = SIV cipher
//! ```
//!
//! There is no nonce, so none can repeat: the same key is sealed to the same bytes, and another key has another SIV. K is
//! derived anew for each HMAC, so a derivation that came out wrong once shows itself when what was sealed is opened.

use core::hint::black_box;

use crate::apdu::Status;
use crate::env::{Crypto, CryptoFailed, Life};
use crate::layout::Sealed;

/// What stands behind the domain, so that no message is one of something else.
pub(crate) type Label = [u8; 16];

const LABEL: &Label = b"Highwater vault1";
const SIV: usize = 16;
/// What a message to HMAC begins with. 3 is that of the checks of pages.
const PROVES: u8 = 1;
const HIDES: u8 = 2;

/// Seals a private key.
#[inline(never)]
pub fn seal(crypto: &mut impl Crypto, key: &[u8; 32]) -> Result<Sealed, CryptoFailed> {
    let mut sealed: Sealed = [0; _];
    mac(crypto, PROVES, LABEL, key, &mut sealed[..SIV])?;
    sealed[SIV..].copy_from_slice(key);
    hide(crypto, &mut sealed)?;
    Ok(sealed)
}

/// Opens a sealed key, keeps it in RAM for a life if one is given, and gives its public key. The private one is wiped before
/// this returns.
///
/// [`Status::BadBackup`]: it was not sealed under this seed, or has changed since.
#[inline(never)]
pub fn open(
    crypto: &mut impl Crypto,
    sealed: &Sealed,
    life: Option<Life>,
    public: &mut [u8; 32],
) -> Result<(), Status> {
    let mut opened = *sealed;
    let result = unsealed(crypto, &mut opened, life, public);
    opened.fill(0);
    black_box(&mut opened);
    result
}

#[inline(always)]
fn unsealed(
    crypto: &mut impl Crypto,
    opened: &mut Sealed,
    life: Option<Life>,
    public: &mut [u8; 32],
) -> Result<(), Status> {
    hide(crypto, opened)?;
    let key: &[u8; 32] = opened.last_chunk().ok_or(Status::Internal)?;
    let mut proof = [0; SIV];
    mac(crypto, PROVES, LABEL, key, &mut proof)?;
    let differs = opened.iter().zip(&proof).fold(0, |bits, (one, other)| bits | (one ^ other));
    if black_box(differs) != 0 {
        return Err(Status::BadBackup);
    }
    Ok(crypto.take_key(key, life, public)?)
}

/// Hides the key behind its SIV, or shows it again.
#[inline(never)]
fn hide(crypto: &mut impl Crypto, sealed: &mut Sealed) -> Result<(), CryptoFailed> {
    let mut mask = [0; 32];
    mac(crypto, HIDES, LABEL, &sealed[..SIV], &mut mask)?;
    sealed[SIV..].iter_mut().zip(&mask).for_each(|(byte, mask)| *byte ^= mask);
    Ok(())
}

/// As many bytes of the HMAC of domain, label and content as there is room for.
#[inline(never)]
pub(crate) fn mac(
    crypto: &mut impl Crypto,
    domain: u8,
    label: &Label,
    content: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoFailed> {
    const HEAD: usize = 1 + size_of::<Label>();
    let mut message = [0; HEAD + 32];
    let length = HEAD + content.len();
    message[0] = domain;
    message[1..HEAD].copy_from_slice(label);
    message[HEAD..length].copy_from_slice(content);
    let mac = crypto.secret(&message[..length])?;
    out.copy_from_slice(&mac[..out.len()]);
    Ok(())
}
