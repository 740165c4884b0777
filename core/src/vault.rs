//! The vault: keys that were made elsewhere and imported, sealed under a key of the seed.
//!
//! Each stands in an entry of its own behind those of the slots in the chain table, by the table's rules: two copies, copy 2
//! begun after copy 1 was read back, no write before both are equal. So whatever a power cut tears, one copy tells the old or
//! the new.

use crate::apdu::Status;
use crate::chains::{self, Entry, Found};
use crate::env::{Crypto, Flash, Life};
use crate::layout::{Installation, KEYS, Sealed, key_place};
use crate::seal;
use crate::signer::permit::Approved;

/// What a place of the vault holds; if it is a key, its entry is put into `entry`. Writes nothing.
///
/// [`Status::NoKey`]: it is free, or there is no such place. [`Status::StorageDamaged`]: both copies fail their check. It is not
/// free then: a chain may sign with the key that stood there.
#[inline(never)]
pub fn read<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    key: u32,
    entry: &mut Entry,
) -> Result<(), Status> {
    *entry = Entry::BLANK;
    if key >= KEYS as u32 {
        return Err(Status::NoKey);
    }
    match chains::read(env, installation, key_place(key), entry) {
        Found::Damaged => Err(Status::StorageDamaged),
        _ if entry.sealed().is_some() => Ok(()),
        _ => Err(Status::NoKey),
    }
}

/// Makes both copies of a place equal, at a start. A copy that takes no write any more is left: the other one tells.
pub fn repair<E: Flash + Crypto>(env: &mut E, installation: &Installation, key: u32) {
    let mut entry = Entry::BLANK;
    if chains::read(env, installation, key_place(key), &mut entry) != Found::Damaged {
        let _ = chains::equalise(env, installation, key_place(key), &entry);
    }
}

/// Commits a key to a place, or frees the place. Consumes the owner's approval.
///
/// `public` is what the owner saw. Both copies were read back, and then the key is opened once more as flash has it, with a
/// sealing key that is derived anew: if that public key does not come out, it is an error. The owner would throw away what the
/// key was imported from.
///
/// ```compile_fail,E0061
/// # use highwater_core::{env::{Crypto, Flash}, layout::{Installation, Sealed}, vault};
/// fn unapproved<E: Flash + Crypto>(env: &mut E, installation: &Installation, sealed: &Sealed) {
///     let _ = vault::commit(env, installation, 0, Some(sealed), &[0; 32]);
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use highwater_core::{env::{Crypto, Flash}, layout::Installation, signer::permit::Approved, vault};
/// fn twice<E: Flash + Crypto>(env: &mut E, installation: &Installation, approved: Approved) {
///     let _ = vault::commit(env, installation, 0, None, &[0; 32], approved);
///     let _ = vault::commit(env, installation, 1, None, &[0; 32], approved);
/// }
/// ```
#[inline(never)]
pub fn commit<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    key: u32,
    sealed: Option<&Sealed>,
    public: &[u8; 32],
    approved: Approved,
) -> Result<(), Status> {
    let mut entry = Entry::BLANK;
    entry.hold(sealed);
    chains::commit(env, installation, key_place(key), &mut entry, approved)
        .map_err(|_| Status::StorageFault)?;
    if sealed.is_some() {
        let mut proof = [0; 32];
        open(env, installation, key, None, &mut proof)?;
        if proof != *public {
            return Err(Status::StorageFault);
        }
    }
    Ok(())
}

/// Opens the key of a place, keeps it in RAM for a life if one is given, and gives its public key.
#[inline(never)]
pub fn open<E: Flash + Crypto>(
    env: &mut E,
    installation: &Installation,
    key: u32,
    life: Option<Life>,
    public: &mut [u8; 32],
) -> Result<(), Status> {
    let mut entry = Entry::BLANK;
    read(env, installation, key, &mut entry)?;
    let sealed = entry.sealed().ok_or(Status::NoKey)?;
    // What passes its check was sealed here: if it does not open, the sealing key came out wrong.
    seal::open(env, sealed, life, public).map_err(|_| Status::StorageFault)
}
