//! What each node wants now.

use highwater_core::canonical::Message;

use super::Inner;
use super::extension::{Digest, digest};
use crate::privval::SignRequest;

/// What a node asked for last: sign bytes, and what the extension that goes with them is known by.
pub(super) type Wanted = (Vec<u8>, Option<Digest>);

impl Inner {
    /// Notes what `node` wants now.
    pub(super) fn newest(&self, node: &str, request: &SignRequest) {
        let digest = request.extension.as_ref().and_then(|content| {
            let message = Message::parse(&request.sign_bytes).ok()?;
            Some(digest(&message, content))
        });
        self.state().wanted.insert(node.to_owned(), (request.sign_bytes.clone(), digest));
    }

    /// Whether `node` still wants this.
    pub(super) fn wants(&self, node: &str, sign_bytes: &[u8], digest: Digest) -> bool {
        let wanted = |(bytes, extension): &Wanted| bytes == sign_bytes && *extension == Some(digest);
        self.state().wanted.get(node).is_some_and(wanted)
    }
}
