//! The whole app on the played kernel: its packets on a cable with a strict host, its pages on a screen, its keys real.

#[cfg(not(device = "nanosplus"))]
mod bench;
#[cfg(not(device = "nanosplus"))]
mod cable;
#[cfg(not(device = "nanosplus"))]
mod extensions;
#[cfg(not(device = "nanosplus"))]
mod faults;
#[cfg(not(device = "nanosplus"))]
mod imports;
#[cfg(not(device = "nanosplus"))]
mod keys;
#[cfg(not(device = "nanosplus"))]
mod letters;
#[cfg(not(device = "nanosplus"))]
mod owner;
#[cfg(not(device = "nanosplus"))]
mod prompts;
#[cfg(not(device = "nanosplus"))]
mod screens;
mod slots;
#[cfg(not(device = "nanosplus"))]
mod start;
#[cfg(device = "nanosplus")]
mod whole;
#[cfg(not(device = "nanosplus"))]
mod words;
