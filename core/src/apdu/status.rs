//! Status words: one for each thing that can have happened.

/// How a command ended. Two bytes on the wire, big endian, after the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Status {
    /// Done.
    Ok = 0x9000,
    /// The device is locked; a prompt needs its PIN. Try again after it was entered.
    Locked = 0x5515,
    /// The length of the APDU or of a field in it is wrong.
    Length = 0x6700,
    /// The owner refused, or the command is refused while a chain is armed.
    Denied = 0x6985,
    /// The bytes are not a canonical message; one byte of data says which rule they break.
    NotCanonical = 0x6A80,
    /// P1 or P2 is none that the instruction has.
    Parameters = 0x6A86,
    /// No such instruction.
    Instruction = 0x6D00,
    /// No such class.
    Class = 0x6E00,
    /// No chain of this id is approved.
    UnknownChain = 0xB001,
    /// The mark cannot be told; the owner must set it.
    Unclear = 0xB002,
    /// The height is below the mark's.
    HeightRegression = 0xB003,
    /// The round is below the mark's.
    RoundRegression = 0xB004,
    /// The step is below the mark's.
    StepRegression = 0xB005,
    /// Another statement was signed at this HRS.
    Conflict = 0xB006,
    /// The mark stands at this HRS by command; what was signed there is not known.
    NoStatement = 0xB007,
    /// Too far above the mark; the owner must approve the leap.
    Leap = 0xB008,
    /// The mark is not the precommit this extension belongs to.
    NoPrecommit = 0xB009,
    /// The two passes of a streamed extension differ.
    ExtensionDiffers = 0xB00A,
    /// A chunk of an extension does not follow the last one.
    ExtensionOrder = 0xB00B,
    /// The seed is not the one this app was started with first.
    OtherSeed = 0xB00C,
    /// A prompt is up already.
    PromptUp = 0xB00D,
    /// No such ticket.
    NoTicket = 0xB00E,
    /// A chain of this id is approved already.
    ChainKnown = 0xB00F,
    /// No slot is free.
    TableFull = 0xB010,
    /// Flash or a key failed. Trying again may help; the mark is safe.
    StorageFault = 0xB011,
    /// The mark asked for is below the highest signed.
    BelowSigned = 0xB012,
    /// The incarnation named is not the chain's.
    WrongIncarnation = 0xB013,
    /// Known, but not supported by this version.
    NotSupported = 0xB014,
    /// Prompts are paused after a refusal, until a button is pressed on the home screen or time passes.
    PromptsPaused = 0xB015,
    /// The app's memory is damaged beyond what it may repair by itself.
    StorageDamaged = 0xB016,
    /// No imported key has this number.
    NoKey = 0xB017,
    /// A chain, or one that was removed, names the imported key.
    KeyInUse = 0xB018,
    /// No place for an imported key is free.
    VaultFull = 0xB019,
    /// The backup is of another seed, or damaged.
    BadBackup = 0xB01A,
    /// A fault of the app itself.
    Internal = 0xB0FF,
}

impl Status {
    /// Every status word, for tables and tests.
    pub const ALL: [Self; 35] = [
        Self::Ok,
        Self::Locked,
        Self::Length,
        Self::Denied,
        Self::NotCanonical,
        Self::Parameters,
        Self::Instruction,
        Self::Class,
        Self::UnknownChain,
        Self::Unclear,
        Self::HeightRegression,
        Self::RoundRegression,
        Self::StepRegression,
        Self::Conflict,
        Self::NoStatement,
        Self::Leap,
        Self::NoPrecommit,
        Self::ExtensionDiffers,
        Self::ExtensionOrder,
        Self::OtherSeed,
        Self::PromptUp,
        Self::NoTicket,
        Self::ChainKnown,
        Self::TableFull,
        Self::StorageFault,
        Self::BelowSigned,
        Self::WrongIncarnation,
        Self::NotSupported,
        Self::PromptsPaused,
        Self::StorageDamaged,
        Self::NoKey,
        Self::KeyInUse,
        Self::VaultFull,
        Self::BadBackup,
        Self::Internal,
    ];

    /// The word on the wire.
    pub const fn word(self) -> u16 {
        self as u16
    }

    /// The status of a word, for the host. `None`: a word this protocol does not have.
    pub fn from_word(word: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether a rule said no: the same request will get the same answer. Everything else is undecided, and
    /// the bridge answers the node with silence, so that the node asks again.
    pub const fn is_decided(self) -> bool {
        matches!(
            self,
            Self::NotCanonical
                | Self::UnknownChain
                | Self::Unclear
                | Self::HeightRegression
                | Self::RoundRegression
                | Self::StepRegression
                | Self::Conflict
                | Self::NoStatement
                | Self::Leap
                | Self::NoPrecommit
                | Self::ExtensionDiffers
                | Self::ExtensionOrder
                | Self::WrongIncarnation
                | Self::NotSupported
        )
    }
}
