//! Highwater for the Ledger: names the app and hands it to the runtime.

#![cfg_attr(target_os = "none", no_std, no_main)]
// The one symbol the start code calls and the words in the ELF are made by this macro; see nanos_sdk::entry.
#![allow(unsafe_code)]

nanos_sdk::entry! {
    name: "Highwater",
    version: env!("CARGO_PKG_VERSION"),
    path: highwater_signer::PATH,
    state: highwater_signer::App = highwater_signer::App::new(),
    run: highwater_signer::run,
}

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!("error: this program runs on a Ledger, not here; `cargo xtask firmware` builds it for one");
    std::process::ExitCode::FAILURE
}
