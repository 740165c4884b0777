//! What is not proven, and what the operator has to know though the key may move.

use highwater_core::hrs::Hrs;

use crate::source::Source;

/// One thing to say before the device asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentence says what the variant is, and the fields what stands in it")]
pub enum Warning {
    /// The seed stood in a file.
    WasOutside,
    /// tmkms reads these 64 bytes as something else.
    NotAsTmkmsReads { file: String },
    /// Neither chain nor key stands in the file.
    NotSigned { file: String },
    /// Signed bytes that are none of ours.
    NotRead { file: String },
    /// There was no key to verify with.
    NotVerified { file: String },
    /// A share of a signature, which no key verifies alone.
    Share { file: String },
    /// The number 3 in a state of tmkms.
    PastedStep { file: String },
    /// The height was set without a signature.
    RaisedByHand { file: String, place: Hrs },
    /// One file of several says nothing.
    FreshAmongOthers { file: String },
    /// More cosigners may be there.
    OtherCosigners { read: usize },
    /// Any state may be older than the last signature.
    MayLag { source: Source },
    /// The mark is the bare place.
    Exact { mark: Hrs },
    /// The mark is the lowest there is.
    NeverSigned,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WasOutside => f.write_str(
                "This key stood in a file: every copy and backup of it can still sign. A key that was made on the device \
                 has none; where the chain can rotate keys, rotate to one.",
            ),
            Self::NotAsTmkmsReads { file } => write!(
                f,
                "{file} holds a seed and its public key, which tmkms takes for an expanded key and signs wrongly with. \
                 Compare the address with the validator's on the chain."
            ),
            Self::NotSigned { file } => write!(
                f,
                "{file} holds no signature, so nothing in it tells of which chain and key it is. See that it is the right \
                 file."
            ),
            Self::NotRead { file } => write!(
                f,
                "{file} holds signed bytes in the encoding of Tendermint 0.33 or older, or of no vote at all: chain and \
                 height in them were not compared."
            ),
            Self::NotVerified { file } => write!(
                f,
                "The signature in {file} was not verified, since no key is named. Name the key file with --key if there is \
                 one."
            ),
            Self::Share { file } => write!(
                f,
                "{file} holds a cosigner's share of a signature, which cannot be verified alone."
            ),
            Self::PastedStep { file } => write!(
                f,
                "{file} has step 3, which tmkms takes and never writes: somebody has put numbers of CometBFT there. It is \
                 taken for a precommit."
            ),
            Self::RaisedByHand { file, place } => write!(
                f,
                "{file} records no signature at {place}: a hook, a command or a person has set its height, and in which \
                 round the key signed last is not in it. The mark is the next height. See on the chain that the key signed nothing above."
            ),
            Self::FreshAmongOthers { file } => {
                write!(f, "{file} is at height 0 and says nothing; the others are taken.")
            }
            Self::OtherCosigners { read } => write!(
                f,
                "The states of {read} cosigners were read. If there are more, name theirs too: a lagging one has signed \
                 less, and one that is not read may have signed more."
            ),
            Self::MayLag { source } => {
                let when = match source {
                    Source::Horcrux => "writes its state beside the signature and waits for none: after any stop, a power cut,",
                    Source::Tmkms => "does not wait until its state is on the disk: after a power cut,",
                    Source::CometBft | Source::Tendermint027 | Source::Kms => {
                        "renames its state without syncing the folder: after a power cut,"
                    }
                };
                write!(
                    f,
                    "{source} {when} or where a backup or snapshot was restored, the file may be older than the last \
                     signature. The two-block rule (--from nothing) needs no file."
                )
            }
            Self::Exact { mark } => write!(
                f,
                "The mark is {mark}, and everything above it is signed. If the file is older than the last signature, that \
                 is a double signature."
            ),
            Self::NeverSigned => f.write_str(
                "The mark is the lowest there is. If this key ever signed for the chain, that can be a double signature.",
            ),
        }
    }
}
