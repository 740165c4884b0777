//! What waits for the owner: one prompt at a time, its ticket, its clock, and the pause after a refusal.

use super::ask::{Ask, Phase, Prompt, Work};
use super::{TICKS_PER_SECOND, keys};
use crate::apdu::{PromptState, PromptStatus, Reply, Status};
use crate::env::{CryptoFailed, Env};
use crate::hrs::Hrs;
use crate::layout::Installation;

/// A prompt without a button dies after this.
const PATIENCE: u32 = 60 * TICKS_PER_SECOND;
/// The pause after a refusal: a minute, doubling to an hour.
const PAUSE: u32 = 60 * TICKS_PER_SECOND;
const LONGEST_PAUSE: u32 = 3_600 * TICKS_PER_SECOND;
/// So many doublings make the pause the longest.
const DOUBLINGS: u8 = 6;
const _: () = assert!(PAUSE << DOUBLINGS >= LONGEST_PAUSE);
/// Bytes of a public key.
const KEY: usize = 32;
const _: () = assert!(PromptStatus::SIZE <= KEY);

/// Whether the key that a prompt is about was derived for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Derived {
    NotYet,
    Known,
    Failed,
}

#[derive(Debug)]
#[repr(C)]
pub(super) struct Prompts {
    pub(super) phase: Phase,
    key: Derived,
    /// Refusals in a row: each doubles the next pause.
    refusals: u8,
    /// What is being done, while it is.
    pub(super) work: Work,
    /// Ticks since the last button, while the owner is asked.
    age: u32,
    /// Ticks until prompts are taken again.
    pause: u32,
    /// What is asked, or was the last time.
    pub(super) current: Prompt,
    /// Before the first prompt all zero. While one stands or is done the key that was derived for it, if `key` says so. Then
    /// what became of it, as it is told.
    kept: [u8; KEY],
}

impl Prompts {
    /// No prompt was ever raised.
    pub(super) const NONE: Self = Self {
        phase: Phase::Idle,
        current: Prompt { ticket: 0, ask: Ask::NONE },
        work: Work::NONE,
        age: 0,
        kept: [0; KEY],
        key: Derived::NotYet,
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

    /// Puts a question to the owner; `public` is the key that it is about, where that is known already. Gives its ticket.
    pub(super) fn raise<E: Env>(&mut self, env: &mut E, ask: Ask, public: Option<&[u8; KEY]>) -> [u8; 4] {
        let mut ticket = [0; 4];
        env.random(&mut ticket);
        self.current = Prompt { ticket: u32::from_le_bytes(ticket), ask };
        (self.phase, self.key, self.age) = (Phase::Waiting, Derived::NotYet, 0);
        if let Some(public) = public {
            (self.kept, self.key) = (*public, Derived::Known);
        }
        ticket
    }

    pub(super) fn status(&self, ticket: u32, reply: &mut Reply) -> Result<(), Status> {
        if ticket != self.current.ticket {
            return Err(Status::NoTicket);
        }
        if self.phase != Phase::Idle {
            reply.put(&outcome(PromptState::Pending).to_bytes());
        } else if self.kept[0] != 0 {
            reply.put(&self.kept[..PromptStatus::SIZE]);
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
        self.pause();
    }

    /// No prompt is taken for a while, the next time for longer.
    pub(super) fn pause(&mut self) {
        self.pause = (PAUSE << self.refusals).min(LONGEST_PAUSE);
        self.refusals = (self.refusals + 1).min(DOUBLINGS);
    }

    /// Ends the prompt.
    #[inline(never)]
    pub(super) fn finish(&mut self, status: PromptStatus) {
        self.phase = Phase::Idle;
        // Whatever came of it: an approval does not outlive its prompt.
        self.work.approved = None;
        self.kept[..PromptStatus::SIZE].copy_from_slice(&status.to_bytes());
    }

    /// The key that was derived for what is asked or done; none yet, or it failed.
    pub(super) fn key(&self) -> Option<Result<&[u8; KEY], CryptoFailed>> {
        match self.key {
            Derived::NotYet => None,
            Derived::Known => Some(Ok(&self.kept)),
            Derived::Failed => Some(Err(CryptoFailed)),
        }
    }

    /// Derives it, or opens it in the vault.
    #[inline(never)]
    pub(super) fn derive<E: Env>(&mut self, env: &mut E, installation: &Installation) {
        self.key = match keys::public(env, installation, self.current.ask.key_index, &mut self.kept) {
            Ok(()) => Derived::Known,
            Err(CryptoFailed) => Derived::Failed,
        };
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
