//! A hosted device under power cuts, kills, failing disks, failing key stores, and at the table of refusals.

mod audit;
mod cuts;
mod disk;
mod files;
mod hand;
mod imports;
mod keys;
mod pkcs11;
mod refusals;
mod stories;
mod streams;
mod waits;
mod yubihsm;
