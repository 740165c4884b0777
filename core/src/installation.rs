//! The installation record: which installation of the app this is, and of which seed.

use crate::env::{CELL, Cell, Crypto, Flash};
use crate::layout::{
    self, Domain, FORMAT, Installation, Place, installation_page, installation_record as at,
};

/// What the installation record says at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The record could not be written or a key could not be derived, or nothing was read yet. The next start tries
    /// again.
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
    let Ok(identity) = env.identity() else {
        return Standing::Fault;
    };
    let fingerprint = env.sha256(&identity);
    let mut record = [0; CELL];
    if (0..2).any(|copy| read(env, copy, &mut record)) {
        installation.0.copy_from_slice(&record[at::ID]);
        if record[at::FINGERPRINT] != fingerprint {
            return Standing::OtherSeed;
        }
    } else if layout::all_blank(env, 2..layout::pages(env.pairs())) {
        env.random(&mut installation.0);
        record = [0; CELL];
        record[at::FORMAT] = FORMAT;
        record[at::ID].copy_from_slice(&installation.0);
        record[at::FINGERPRINT].copy_from_slice(&fingerprint);
    } else {
        return Standing::Damaged;
    }
    if (0..2).all(|copy| restore(env, &mut record, copy)) { Standing::Sound } else { Standing::Fault }
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
