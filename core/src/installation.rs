//! The installation record: which installation of the app this is, and of which seed; and the secret of its checks.

use crate::env::{CELL, Cell, Crypto, CryptoFailed, Flash};
use crate::layout::{
    self, Domain, FORMAT, Installation, Place, installation_page, installation_record as at,
};
use crate::seal;

/// What a message to [`Crypto::secret`] begins with here; 1 and 2 are the seal's.
const CHECKS: u8 = 3;

/// What the installation record says at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The record could not be written or a key could not be derived, or came out wrong, or nothing was read yet. The
    /// next start tries again.
    Fault = 0,
    /// Everything is as it should be.
    Sound,
    /// The seed is another one than at the first start (a passphrase PIN): nothing is signed.
    OtherSeed,
    /// Both copies of the record are bad though other memory is in use: nothing is signed or added.
    Damaged,
}

/// Reads the record, repairs a bad copy, and makes it at the first start.
///
/// It is made only while all the rest of memory is blank: then nothing was ever approved or signed.
#[inline(never)]
pub fn boot<E: Flash + Crypto>(env: &mut E, installation: &mut Installation) -> Standing {
    let Ok(fingerprint) = fingerprint(env) else {
        return Standing::Fault;
    };
    let mut record = [0; CELL];
    let known = (0..2).any(|copy| read(env, copy, &mut record));
    if known {
        installation.id.copy_from_slice(&record[at::ID]);
        if record[at::FINGERPRINT] != fingerprint {
            return Standing::OtherSeed;
        }
    } else if layout::all_blank(env, 2..env.rings().pages()) {
        env.random(&mut installation.id);
        record = [0; CELL];
        record[at::FORMAT] = FORMAT;
        record[at::ID].copy_from_slice(&installation.id);
        record[at::FINGERPRINT].copy_from_slice(&fingerprint);
    } else {
        return Standing::Damaged;
    }
    let Ok(secret) = secret(env, &installation.id) else {
        return Standing::Fault;
    };
    installation.secret = secret;
    let secret_check = secret_check(env, installation);
    if !known {
        record[at::SECRET_CHECK].copy_from_slice(&secret_check);
    }
    // With a wrong secret no page of any chain would pass its check. That is no loss: the next start derives it anew. The
    // first start has nothing to hold it against, nor the fingerprint, so it makes both twice.
    if record[at::SECRET_CHECK] != secret_check || !known && !is_made_again(env, installation, &record) {
        return Standing::Fault;
    }
    if (0..2).all(|copy| restore(env, &mut record, copy)) { Standing::Sound } else { Standing::Fault }
}

/// Whether secret and fingerprint come out as they did.
#[inline(never)]
fn is_made_again<E: Flash + Crypto>(env: &mut E, installation: &Installation, record: &Cell) -> bool {
    fingerprint(env).is_ok_and(|fingerprint| record[at::FINGERPRINT] == fingerprint)
        && secret(env, &installation.id) == Ok(installation.secret)
}

/// What tells the seed at hand from all others.
#[inline(never)]
fn fingerprint(crypto: &mut impl Crypto) -> Result<[u8; 32], CryptoFailed> {
    let identity = crypto.identity()?;
    Ok(crypto.sha256(&identity))
}

/// The same as it is on record: it is not made anew for every host that asks.
pub fn recorded_fingerprint<E: Flash + Crypto>(env: &mut E) -> Result<[u8; 32], CryptoFailed> {
    let (mut record, mut fingerprint) = ([0; CELL], [0; 32]);
    if !(0..2).any(|copy| read(env, copy, &mut record)) {
        return Err(CryptoFailed);
    }
    fingerprint.copy_from_slice(&record[at::FINGERPRINT]);
    Ok(fingerprint)
}

/// The secret of the checks of an installation, under the seed at hand.
pub fn secret(crypto: &mut impl Crypto, id: &[u8; 16]) -> Result<[u8; 32], CryptoFailed> {
    let mut secret = [0; 32];
    seal::mac(crypto, CHECKS, b"Highwater check1", id, &mut secret)?;
    Ok(secret)
}

/// What tells this secret from a wrong one: a check of the id, at a place that has no other check with the secret.
fn secret_check<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
) -> [u8; at::SECRET_CHECK.end - at::SECRET_CHECK.start] {
    let [check @ .., _] = layout::check(env, installation, place(0), &installation.id);
    check
}

fn place(copy: u16) -> Place {
    Place { domain: Domain::Installation, slot: 0, page: installation_page(copy) }
}

/// Reads a copy; `false` if it fails its check.
fn read<E: Flash + Crypto>(env: &mut E, copy: u16, record: &mut Cell) -> bool {
    env.read(installation_page(copy), record);
    record[at::FORMAT] == FORMAT && layout::is_sealed(env, &Installation::default(), place(copy), record)
}

/// Makes a copy hold the record, of which only the seal differs from copy to copy.
fn restore<E: Flash + Crypto>(env: &mut E, record: &mut Cell, copy: u16) -> bool {
    let mut found = [0; CELL];
    env.read(installation_page(copy), &mut found);
    layout::seal(env, &Installation::default(), place(copy), record);
    found == *record || layout::write_verified(env, installation_page(copy), record)
}
