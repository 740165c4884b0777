//! The installation record: which installation of the app this is, and of which seed.

use crate::env::{CELL, Cell, Crypto, Flash};
use crate::layout::{self, Domain, FORMAT, Installation, installation_page};

/// What the installation record says at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything is as it should be.
    Sound,
    /// The seed is another one than at the first start (a passphrase PIN): nothing is signed.
    OtherSeed,
    /// Both copies of the record are bad though other memory is in use: nothing is signed or added.
    Damaged,
    /// The record could not be written or a key could not be derived. The next start tries again.
    Fault,
}

const CHECKED: usize = CELL - layout::CHECK;

/// Reads the record, repairs a bad copy, and makes it at the first start.
///
/// It is made only while all the rest of memory is blank: then nothing was ever approved or signed.
#[inline(never)]
pub fn boot<E: Flash + Crypto>(env: &mut E) -> (Standing, Installation) {
    let mut installation = Installation::default();
    let Ok(key) = env.public_key(0) else {
        return (Standing::Fault, installation);
    };
    let fingerprint = env.sha256(&key);
    let found = (0..2).find_map(|copy| read(env, copy));
    let cell = match found {
        Some(cell) => {
            installation.0.copy_from_slice(&cell[8..24]);
            if cell[24..56] != fingerprint {
                return (Standing::OtherSeed, installation);
            }
            cell
        }
        None if layout::all_blank(env, 2..layout::pages(env.pairs())) => {
            env.random(&mut installation.0);
            let mut cell = [0; CELL];
            cell[0] = FORMAT;
            cell[8..24].copy_from_slice(&installation.0);
            cell[24..56].copy_from_slice(&fingerprint);
            cell
        }
        None => return (Standing::Damaged, installation),
    };
    for copy in 0..2 {
        if !restore(env, &cell, copy) {
            return (Standing::Fault, installation);
        }
    }
    (Standing::Sound, installation)
}

fn check(crypto: &mut impl Crypto, cell: &Cell, copy: u16) -> [u8; layout::CHECK] {
    let none = Installation::default();
    layout::check(crypto, &none, Domain::Installation, 0, installation_page(copy), &cell[..CHECKED])
}

fn read<E: Flash + Crypto>(env: &mut E, copy: u16) -> Option<Cell> {
    let mut cell = [0; CELL];
    env.read(installation_page(copy), &mut cell);
    (cell[0] == FORMAT && check(env, &cell, copy) == cell[CHECKED..]).then_some(cell)
}

fn restore<E: Flash + Crypto>(env: &mut E, cell: &Cell, copy: u16) -> bool {
    if read(env, copy).is_some_and(|found| found[..CHECKED] == cell[..CHECKED]) {
        return true;
    }
    let mut cell = *cell;
    let check = check(env, &cell, copy);
    cell[CHECKED..].copy_from_slice(&check);
    layout::write_verified(env, installation_page(copy), &cell)
}
