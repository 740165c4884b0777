//! The runtime against what stands around it and insists on its rules: a host and an MCU, or a system that drives both.

#[cfg(not(device = "nanosplus"))]
mod bench;
#[cfg(not(device = "nanosplus"))]
mod bus;
#[cfg(not(device = "nanosplus"))]
mod enumeration;
#[cfg(not(device = "nanosplus"))]
mod garbage;
#[cfg(not(device = "nanosplus"))]
mod reports;
#[cfg(not(device = "nanosplus"))]
mod requests;
#[cfg(not(device = "nanosplus"))]
mod screen;
#[cfg(device = "nanosplus")]
mod served;
#[cfg(not(device = "nanosplus"))]
mod syscalls;
