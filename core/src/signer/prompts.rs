//! What waits for the owner: one prompt at a time, its ticket, its clock, and the pause after a refusal.

use super::TICKS_PER_SECOND;
use super::ask::{Ask, Phase, Prompt, Work};
use crate::apdu::{PromptState, PromptStatus, Reply, Status};
use crate::env::Env;
use crate::hrs::Hrs;

/// A prompt without a button dies after this.
const PATIENCE: u32 = 60 * TICKS_PER_SECOND;
/// The pause after a refusal: a minute, doubling to an hour.
const PAUSE: u32 = 60 * TICKS_PER_SECOND;
const LONGEST_PAUSE: u32 = 3_600 * TICKS_PER_SECOND;
/// So many doublings make the pause the longest.
const DOUBLINGS: u8 = 6;
const _: () = assert!(PAUSE << DOUBLINGS >= LONGEST_PAUSE);

#[derive(Debug)]
pub(super) struct Prompts {
    pub(super) phase: Phase,
    /// What is asked, or was the last time.
    pub(super) current: Prompt,
    /// What is being done, while it is.
    pub(super) work: Work,
    /// Ticks since the last button, while the owner is asked.
    age: u32,
    /// What became of the last prompt, as it is told; all zero before the first.
    last: [u8; PromptStatus::SIZE],
    /// Ticks until prompts are taken again.
    pause: u32,
    /// Refusals in a row: each doubles the next pause.
    refusals: u8,
}

impl Prompts {
    /// No prompt was ever raised.
    pub(super) const NONE: Self = Self {
        phase: Phase::Idle,
        current: Prompt { ticket: 0, ask: Ask::NONE },
        work: Work::NONE,
        age: 0,
        last: [0; PromptStatus::SIZE],
        pause: 0,
        refusals: 0,
    };

    /// Whether a question may be put to the owner. Refused while another stands, while locked, and during a pause.
    pub(super) fn free<E: Env>(&self, env: &E) -> Result<(), Status> {
        if self.phase != Phase::Idle {
            return Err(Status::PromptUp);
        }
        if !env.unlocked() {
            return Err(Status::Locked);
        }
        if self.pause > 0 { Err(Status::PromptsPaused) } else { Ok(()) }
    }

    /// Puts a question to the owner. Gives its ticket.
    pub(super) fn raise<E: Env>(&mut self, env: &mut E, ask: Ask) -> [u8; 4] {
        let mut ticket = [0; 4];
        env.random(&mut ticket);
        self.current = Prompt { ticket: u32::from_le_bytes(ticket), ask };
        self.last[0] = 0;
        (self.phase, self.age) = (Phase::Waiting, 0);
        ticket
    }

    pub(super) fn status(&self, ticket: u32, reply: &mut Reply) -> Result<(), Status> {
        if ticket != self.current.ticket {
            return Err(Status::NoTicket);
        }
        if self.phase != Phase::Idle {
            reply.put(&outcome(PromptState::Pending).to_bytes());
        } else if self.last[0] != 0 {
            reply.put(&self.last);
        } else {
            return Err(Status::NoTicket);
        }
        Ok(())
    }

    /// A prompt taken back counts as denied: else a host could raise them without end.
    pub(super) fn cancel(&mut self, ticket: u32) -> Result<(), Status> {
        if self.phase != Phase::Waiting || ticket != self.current.ticket {
            return Err(Status::NoTicket);
        }
        self.refuse(PromptState::Denied);
        Ok(())
    }

    /// Ends the prompt without doing it, and pauses.
    pub(super) fn refuse(&mut self, state: PromptState) {
        self.finish(outcome(state));
        self.pause = (PAUSE << self.refusals).min(LONGEST_PAUSE);
        self.refusals = (self.refusals + 1).min(DOUBLINGS);
    }

    /// Ends the prompt.
    #[inline(never)]
    pub(super) fn finish(&mut self, status: PromptStatus) {
        self.phase = Phase::Idle;
        self.last = status.to_bytes();
    }

    pub(super) fn tick(&mut self) {
        self.pause = self.pause.saturating_sub(1);
        self.age = self.age.saturating_add(1);
        if self.phase == Phase::Waiting && self.age >= PATIENCE {
            self.refuse(PromptState::Expired);
        }
    }

    /// A button was pressed while a prompt stands: its clock starts again.
    pub(super) fn touch(&mut self) {
        self.age = 0;
    }

    /// A button was pressed on the home screen: the owner is there, so prompts are taken again.
    pub(super) fn resume(&mut self) {
        (self.pause, self.refusals) = (0, 0);
    }
}

/// An outcome without a result.
pub(super) const fn outcome(state: PromptState) -> PromptStatus {
    PromptStatus {
        state,
        status: Status::Ok.word(),
        incarnation: 0,
        mark: Hrs::ZERO,
        highest_signed: Hrs::ZERO,
    }
}
