//! What waits for the owner: one prompt at a time, its ticket, its clock, and the pause after a refusal.

use super::TICKS_PER_SECOND;
use super::work::Work;
use crate::apdu::{PromptState, PromptStatus, Status};
use crate::canonical::{ChainId, MAX_CHAIN_ID};
use crate::env::Env;
use crate::hrs::Hrs;

/// A prompt without a button dies after this.
const PATIENCE: u32 = 60 * TICKS_PER_SECOND;
/// The pause after a refusal: a minute, doubling to an hour.
const PAUSE: u32 = 60 * TICKS_PER_SECOND;
const LONGEST_PAUSE: u32 = 3_600 * TICKS_PER_SECOND;

/// A chain id that outlives its APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainName {
    len: u8,
    bytes: [u8; MAX_CHAIN_ID],
}

impl ChainName {
    pub(super) fn new(chain: ChainId<'_>) -> Self {
        let mut bytes = [0; MAX_CHAIN_ID];
        bytes[..chain.as_bytes().len()].copy_from_slice(chain.as_bytes());
        Self { len: chain.as_bytes().len() as u8, bytes }
    }

    /// The id, ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The id, for a table entry.
    pub(super) fn id(&self) -> Option<ChainId<'_>> {
        ChainId::new(self.as_bytes())
    }
}

/// What the owner is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Approve a chain, with its key and first mark.
    Add {
        /// Where it will stand: a free slot, or the one of its own tombstone.
        slot: u8,
        /// The chain.
        chain: ChainName,
        /// The key: `44'/118'/0'/0'/index'`.
        key_index: u32,
        /// The first mark.
        mark: Hrs,
    },
    /// Move a mark.
    SetMark {
        /// The slot.
        slot: u8,
        /// The incarnation named.
        incarnation: u16,
        /// The mark wanted.
        to: Hrs,
        /// Whether it was a raise when it was asked.
        raise: bool,
    },
    /// Remove a chain.
    Remove {
        /// The slot.
        slot: u8,
        /// The incarnation named.
        incarnation: u16,
    },
    /// Show a key.
    ShowKey {
        /// The slot.
        slot: u8,
    },
    /// Free a tombstone or a damaged slot.
    Forget {
        /// The slot.
        slot: u8,
    },
}

impl Ask {
    /// The slot it concerns.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Add { slot, .. }
            | Self::SetMark { slot, .. }
            | Self::Remove { slot, .. }
            | Self::ShowKey { slot }
            | Self::Forget { slot } => *slot,
        }
    }
}

/// A prompt as the screen needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    /// Names it in [`super::Signer::decide`].
    pub ticket: u32,
    /// What is asked.
    pub ask: Ask,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing is asked.
    Idle,
    /// The owner is asked; ticks since the last button.
    Waiting(Ask, u32),
    /// It was approved and is being done.
    Working(Ask, Work),
}

#[derive(Debug)]
pub(super) struct Prompts {
    pub(super) phase: Phase,
    pub(super) ticket: u32,
    last: Option<PromptStatus>,
    /// Ticks until prompts are taken again.
    pause: u32,
    /// The next pause.
    next_pause: u32,
}

impl Default for Prompts {
    fn default() -> Self {
        Self { phase: Phase::Idle, ticket: 0, last: None, pause: 0, next_pause: PAUSE }
    }
}

impl Prompts {
    /// Puts a question to the owner. Refused while locked, while another stands, and during a pause.
    pub(super) fn raise<E: Env>(&mut self, env: &mut E, ask: Ask) -> Result<u32, Status> {
        if !matches!(self.phase, Phase::Idle) {
            return Err(Status::PromptUp);
        }
        if !env.unlocked() {
            return Err(Status::Locked);
        }
        if self.pause > 0 {
            return Err(Status::PromptsPaused);
        }
        let mut ticket = [0; 4];
        env.random(&mut ticket);
        self.ticket = u32::from_le_bytes(ticket);
        self.last = None;
        self.phase = Phase::Waiting(ask, 0);
        Ok(self.ticket)
    }

    pub(super) fn status(&self, ticket: u32) -> Result<PromptStatus, Status> {
        match (&self.phase, self.last) {
            _ if ticket != self.ticket => Err(Status::NoTicket),
            (Phase::Waiting(..) | Phase::Working(..), _) => Ok(outcome(PromptState::Pending)),
            (Phase::Idle, Some(last)) => Ok(last),
            (Phase::Idle, None) => Err(Status::NoTicket),
        }
    }

    /// A prompt taken back counts as denied: else a host could raise them without end.
    pub(super) fn cancel(&mut self, ticket: u32) -> Result<(), Status> {
        match self.phase {
            Phase::Waiting(..) if ticket == self.ticket => {
                self.refuse(PromptState::Denied);
                Ok(())
            }
            _ => Err(Status::NoTicket),
        }
    }

    /// Ends the prompt without doing it, and pauses.
    pub(super) fn refuse(&mut self, state: PromptState) {
        self.finish(outcome(state));
        self.pause = self.next_pause;
        self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
    }

    /// Ends the prompt.
    pub(super) fn finish(&mut self, status: PromptStatus) {
        self.phase = Phase::Idle;
        self.last = Some(status);
    }

    pub(super) fn tick(&mut self) {
        self.pause = self.pause.saturating_sub(1);
        if let Phase::Waiting(_, age) = &mut self.phase {
            *age += 1;
            if *age >= PATIENCE {
                self.refuse(PromptState::Expired);
            }
        }
    }

    /// A button was pressed while a prompt stands: its clock starts again.
    pub(super) fn touch(&mut self) {
        if let Phase::Waiting(_, age) = &mut self.phase {
            *age = 0;
        }
    }

    /// A button was pressed on the home screen: the owner is there, so prompts are taken again.
    pub(super) fn resume(&mut self) {
        (self.pause, self.next_pause) = (0, PAUSE);
    }

    pub(super) fn last_outcome(&self) -> Option<PromptState> {
        match self.phase {
            Phase::Idle => self.last.map(|last| last.state),
            _ => Some(PromptState::Pending),
        }
    }
}

/// An outcome without a result.
pub(super) fn outcome(state: PromptState) -> PromptStatus {
    PromptStatus {
        state,
        status: Status::Ok.word(),
        incarnation: 0,
        mark: Hrs::default(),
        highest_signed: Hrs::default(),
    }
}
