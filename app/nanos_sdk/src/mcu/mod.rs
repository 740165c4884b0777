//! A device whose MCU drives USB and the screen (Nano S): every event comes from the MCU and wants one status, the app
//! is its own USB device, and a picture is sent thing by thing.

pub mod io;
mod screen;
mod seph;
pub mod usb;
