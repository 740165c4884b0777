//! Chooses the linker script of the device.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link");
    // `cargo xtask firmware` says which device; a host is no device at all.
    if let (Ok("none"), Ok(device)) =
        (env::var("CARGO_CFG_TARGET_OS").as_deref(), env::var("CARGO_CFG_DEVICE").as_deref())
    {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-T{folder}/link/{device}.x");
    }
}
