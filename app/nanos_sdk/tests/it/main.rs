//! The runtime against a host and an MCU that insist on the rules.

mod bench;
mod bus;
mod enumeration;
mod garbage;
mod reports;
mod requests;
mod screen;
mod syscalls;
