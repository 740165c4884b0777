//! Power cuts, rot and failing writes over the whole signer, in lock step with the model (`highwater_sim::script`).

use highwater_sim::{Keys, script};

/// Every story ends without a violation.
pub fn run(data: &[u8]) {
    // A longer story is no better one, and the fuzzer would grow them for ever.
    let story = &data[..data.len().min(4096)];
    if let Err(violation) = script::play(story, Keys::toy()) {
        panic!("{violation:#?}\n{:#?}", script::steps(story, Keys::toy()));
    }
}
