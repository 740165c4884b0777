//! `tcp://`: SecretConnection, by `cometbft-p2p`.
//!
//! Its reader loses its place when it is cancelled within a frame, so it runs in a task of its own that ends only
//! with the link. It takes messages up to 1 MiB, length prefix included.

use cometbft_p2p::{
    AsyncReadMsg, AsyncSecretConnection, AsyncSecretReader, AsyncSecretWriter, AsyncWriteMsg, Error,
};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{DialError, Identity, Stream, is_end};
use crate::privval::CodecError;
use crate::privval::proto::Envelope;

/// Our end, after the handshake.
pub(in super::super) struct Secret<T> {
    messages: mpsc::Receiver<Result<Envelope, CodecError>>,
    writer: AsyncSecretWriter<T>,
    _reader: AbortOnDropHandle<()>,
}

/// The handshake. The node's key is not looked at: it is a new one at every start of the node.
pub(super) async fn shake<T: Stream>(stream: T, identity: &Identity) -> Result<Secret<T>, DialError> {
    let key = identity.key().clone();
    // In a task of its own: the library asserts, in builds with assertions, what a peer can make untrue.
    let shaking = AbortOnDropHandle::new(tokio::spawn(async move {
        AsyncSecretConnection::new(stream, &key).await.map(AsyncSecretConnection::split)
    }));
    let (reader, writer) = match shaking.await {
        Ok(Ok(halves)) => halves,
        Ok(Err(Error::Io(error))) => return Err(error.into()),
        Ok(Err(error)) => return Err(DialError::Handshake(error.to_string())),
        Err(error) => return Err(DialError::Handshake(error.to_string())),
    };
    // One ahead, so that a request before the last reply is noticed.
    let (sink, messages) = mpsc::channel(1);
    let _reader = AbortOnDropHandle::new(tokio::spawn(read(reader, sink)));
    Ok(Secret { messages, writer, _reader })
}

/// Reads until the end, an error, or until nobody listens.
async fn read<T: Stream>(mut reader: AsyncSecretReader<T>, sink: mpsc::Sender<Result<Envelope, CodecError>>) {
    loop {
        let message = match reader.read_msg::<Envelope>().await {
            Err(Error::Io(error)) if is_end(&error) => return,
            Err(error) => Err(codec_error(error)),
            Ok(message) => Ok(message),
        };
        let last = message.is_err();
        if sink.send(message).await.is_err() || last {
            return;
        }
    }
}

impl<T: Stream> Secret<T> {
    pub(super) async fn next(&mut self) -> Option<Result<Envelope, CodecError>> {
        self.messages.recv().await
    }

    pub(super) async fn send(&mut self, message: Envelope) -> Result<(), CodecError> {
        self.writer.write_msg(message).await.map_err(codec_error)
    }
}

fn codec_error(error: Error) -> CodecError {
    match error {
        Error::Io(error) => CodecError::Io(error),
        Error::Decode(error) => CodecError::Message(error),
        Error::MessageSize { size } => CodecError::TooLong(size as u64, cometbft_p2p::MAX_MSG_LEN),
        error => CodecError::Sealed(error.to_string()),
    }
}
