//! Chooses the device by the target, and its linker script with it.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link");
    let target = env::var("TARGET").unwrap_or_default();
    // ARMv6-M without an operating system is the Nano S; a host is no device at all.
    if target == "thumbv6m-none-eabi" {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-cfg=device=\"nanos\"");
        println!("cargo::rustc-link-arg-bins=-T{folder}/link/nanos.x");
    }
}
