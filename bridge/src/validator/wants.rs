//! What each node wants now, and whether the extension of its precommit is signed.

use highwater_core::canonical::{MAX_EXTENSION, Message};

use super::extension::{Digest, digest};
use super::{Inner, VoteExtensions};
use crate::advice;
use crate::privval::{Due, SignRequest};

/// What a node asked for last: sign bytes, and what the extension that goes with them is known by.
pub(super) type Wanted = (Vec<u8>, Option<Digest>);

impl Inner {
    /// Notes what `node` wants now, and leaves an extension away that is not to be signed.
    pub(super) fn newest(&self, node: &str, request: &mut SignRequest) {
        if self.extends(request) == Ok(false) {
            request.extension = None;
        }
        let digest = request.extension.as_ref().and_then(|extension| {
            let message = Message::parse(&request.sign_bytes).ok()?;
            Some(digest(&message, &extension.content))
        });
        let mut state = self.state();
        state.wanted.insert(node.to_owned(), (request.sign_bytes.clone(), digest));
        let perhaps = request.extension.as_ref().is_some_and(|extension| extension.due == Due::Perhaps);
        if perhaps && !std::mem::replace(&mut state.extension_told, true) {
            tracing::info!("{}", advice::perhaps_extension(&self.chain));
        }
    }

    /// Whether `node` still wants this.
    pub(super) fn wants(&self, node: &str, sign_bytes: &[u8], digest: Digest) -> bool {
        let wanted = |(bytes, extension): &Wanted| bytes == sign_bytes && *extension == Some(digest);
        self.state().wanted.get(node).is_some_and(wanted)
    }

    /// Whether the extension of a request is to be signed. Where its signature is due and cannot be had, the precommit
    /// must be refused, in these words: released alone, it stops the node for good; an error does not.
    pub(super) fn extends(&self, request: &SignRequest) -> Result<bool, String> {
        let Some(extension) = &request.extension else { return Ok(false) };
        // Of a device that is away nothing is known: it is asked when it is back.
        let signs =
            self.device.glance(|seen| seen.session.as_ref().is_none_or(|session| session.signs_extensions));
        let because = match self.vote_extensions {
            VoteExtensions::Off => advice::extensions_off(&self.chain),
            VoteExtensions::Auto if !signs => advice::extensions_unknown(&self.chain),
            VoteExtensions::Auto if extension.content.len() > MAX_EXTENSION as usize => {
                advice::long_extension(&self.chain, extension.content.len())
            }
            VoteExtensions::Auto => return Ok(true),
        };
        if extension.due == Due::Yes {
            return Err(because);
        }
        let off = self.vote_extensions == VoteExtensions::Off;
        if !off && !std::mem::replace(&mut self.state().extension_told, true) {
            tracing::warn!("{}", advice::perhaps_extension_unknown(&self.chain));
        }
        Ok(false)
    }
}
