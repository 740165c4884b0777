//! The whole app on the played kernel: its packets on a cable with a strict host, its pages on a screen, its keys real.

mod bench;
mod cable;
mod extensions;
mod faults;
mod letters;
mod owner;
mod prompts;
mod screens;
mod start;
mod words;
