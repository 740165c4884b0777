//! The vault under the driver: operations on imported keys, as commands, and what of the vault is left by their answers.

mod chains;
mod held;

use std::collections::HashMap;

use highwater_core::apdu::{Command, KeyList, PromptState, PromptStatus, Seed, Status};
use highwater_core::backup;
use highwater_core::env::Cell;
use highwater_core::layout::{KEYS, key_place};

use super::judge::unique;
use super::{Driver, Power, Violation};
use crate::Fault;
use crate::vault::{Holds, KeyAnswer, KeyOp, Vault, after, seed};

pub use held::key_pages;

/// What the vault may hold, and what is known of its keys.
#[derive(Debug)]
pub(super) struct Places {
    possible: [Vec<Holds>; KEYS],
    /// The pages of the vault at the last look, and what was told of them: while they are the same, so is that.
    looked: Option<(Vec<Cell>, KeyList)>,
    /// Backups that the device made.
    backups: HashMap<u8, Vec<u8>>,
    /// Public keys by their names and, of derived ones, their index.
    public: HashMap<(bool, u32), [u8; 32]>,
}

impl Places {
    pub(super) fn new() -> Self {
        let possible = std::array::from_fn(|_| vec![Holds::Nothing]);
        Self { possible, looked: None, backups: HashMap::new(), public: HashMap::new() }
    }
}

impl Driver {
    /// Does `op`, with a fault at one of its writes if one is given and reached.
    pub fn run_key(&mut self, op: KeyOp, fault: Option<(u32, Fault)>) -> Result<Power, Violation> {
        let before = self.vaults();
        let mut answer = KeyAnswer::Refused(Status::Internal);
        let mut data = Vec::new();
        let read = self.device.is_reading();
        let fired = self.with(fault, |driver| (answer, data) = driver.perform_key(op));
        let answered = self.device.answered;
        self.note(|| format!("{op:?} {:?} {answer:?}", fault.filter(|_| fired)));
        self.faulted |= fired;
        self.unsettled = read || self.device.is_reading();
        let powered = self.device.world.medium.is_powered();
        if !powered && !answered {
            self.may_hold(&self.interrupted_key(&before, op));
            return Ok(Power::Off);
        }
        self.settle_key(op, answer, &data, before)?;
        if !powered {
            return Ok(Power::Off);
        }
        self.look_around()?;
        Ok(Power::On)
    }

    /// Does `op`, which needs the owner, and `meanwhile` after so many turns of its work; as [`Self::run_around`] does.
    pub fn run_key_around(
        &mut self,
        op: KeyOp,
        turns: u32,
        meanwhile: impl FnOnce(&mut Self) -> Result<Power, Violation>,
    ) -> Result<Power, Violation> {
        let before = self.vaults();
        self.unreached = None;
        let ticket = match self.raise_key(op) {
            Ok(ticket) => ticket,
            Err(answer) => {
                self.note(|| format!("{op:?} {answer:?}"));
                self.settle_key(op, answer, &[], before)?;
                return meanwhile(self);
            }
        };
        self.device.decide(ticket, true);
        let paced = std::mem::replace(&mut self.device.paced, true);
        (0..turns).for_each(|_| self.device.step());
        self.note(|| format!("{op:?} approved, {turns} turns, and meanwhile"));
        let between = self.interrupted_key(&before, op);
        self.may_hold(&between);
        self.unsettled = true;
        let mut power = self.look_around().and_then(|()| meanwhile(self));
        self.device.paced = paced;
        if matches!(power, Ok(Power::On)) {
            let left = self.unreached.take();
            let fired = self.with(left, |driver| driver.device.finish_work());
            self.faulted |= fired;
            if self.device.world.medium.is_powered() {
                let answer = self.outcome_of_key(ticket);
                self.note(|| format!("{op:?} {answer:?}"));
                self.settle_key(op, answer, &[], before)?;
                self.look_around()?;
            } else {
                power = Ok(Power::Off);
            }
        }
        if matches!(power, Ok(Power::Off)) {
            self.may_hold(&between);
        }
        power
    }

    /// Sends `op`, approved and done where it needs the owner; with the data of its reply.
    fn perform_key(&mut self, op: KeyOp) -> (KeyAnswer, Vec<u8>) {
        let (command, number) = match op {
            KeyOp::Backup(number) => (Command::BackupKey(number), number),
            _ => {
                let answer = self.raise_key(op).map_or_else(
                    |refused| refused,
                    |ticket| {
                        self.device.decide(ticket, true);
                        self.device.finish_work();
                        self.outcome_of_key(ticket)
                    },
                );
                return (answer, Vec::new());
            }
        };
        let (data, status) = self.exchange(command);
        (if status == Status::Ok { KeyAnswer::Done(number) } else { KeyAnswer::Refused(status) }, data)
    }

    /// Asks the owner for `op`: the prompt's ticket, or why there is none.
    fn raise_key(&mut self, op: KeyOp) -> Result<u32, KeyAnswer> {
        let of = |bytes: &[u8]| <[u8; backup::SIZE]>::try_from(bytes).expect("the size of a backup");
        let (data, status) = match op {
            KeyOp::Import(key) => self.exchange(Command::ImportKey(Seed(&seed(key)))),
            KeyOp::Restore(key) => match self.vault.backups.get(&key).map(|made| of(made)) {
                Some(made) => self.exchange(Command::RestoreKey(&made)),
                None => self.exchange(Command::ImportKey(Seed(&seed(key)))),
            },
            KeyOp::Forged(key) => {
                let mut forged = of(&self.backup_of(key));
                forged[usize::from(key) * 17 % backup::SIZE] ^= 1 << (key % 8);
                let refused = self.exchange(Command::RestoreKey(&forged));
                // The owner ends the pause.
                self.device.signer().0.home_touched();
                refused
            }
            KeyOp::Forget(number) => self.exchange(Command::ForgetKey(number)),
            KeyOp::Backup(_) => panic!("{op:?} needs no owner"),
        };
        let ticket = data.first_chunk().map(|ticket| u32::from_le_bytes(*ticket));
        ticket.filter(|_| status == Status::Ok).ok_or(KeyAnswer::Refused(status))
    }

    /// What became of a prompt about a key.
    fn outcome_of_key(&mut self, ticket: u32) -> KeyAnswer {
        let (data, _) = self.exchange(Command::PromptStatus(ticket));
        match PromptStatus::parse(&data) {
            Some(told) if told.state == PromptState::Approved => KeyAnswer::Done(told.incarnation as u8),
            Some(told) => KeyAnswer::Refused(Status::from_word(told.status).unwrap_or(Status::Internal)),
            None => KeyAnswer::Refused(Status::Internal),
        }
    }

    /// Holds an answer against what the vault may have been before.
    fn settle_key(
        &mut self,
        op: KeyOp,
        answer: KeyAnswer,
        data: &[u8],
        before: Vec<Vault>,
    ) -> Result<(), Violation> {
        self.counts.operations += 1;
        self.counts.key_operations += 1;
        let users = self.users();
        let mut left: Vec<Vault> = before
            .iter()
            .flat_map(|vault| after(*vault, &users, op))
            .filter(|(expected, _)| *expected == answer)
            .map(|(_, vault)| vault)
            .collect();
        if answer == KeyAnswer::Refused(Status::StorageFault) && self.faulted {
            left.extend(self.interrupted_key(&before, op));
        }
        if let (KeyOp::Backup(number), KeyAnswer::Done(_)) = (op, answer) {
            let place = usize::from(number);
            left.retain(|vault| matches!(vault[place], Holds::Key(key) if self.backup_of(key) == data));
            let Some(Holds::Key(key)) = left.first().map(|vault| vault[place]) else {
                return Err(Violation::Backup(data.to_vec()));
            };
            self.vault.backups.insert(key, data.to_vec());
        }
        if let (KeyAnswer::Done(number), false) = (answer, matches!(op, KeyOp::Backup(_)))
            && !self.stands_twice(key_place(number.into()))
        {
            return Err(Violation::OneCopy { number });
        }
        if left.is_empty() {
            return Err(Violation::KeyAnswer { op, answer, possible: before });
        }
        self.may_hold(&left);
        Ok(())
    }

    /// What an interrupted operation may leave: old or new.
    fn interrupted_key(&self, before: &[Vault], op: KeyOp) -> Vec<Vault> {
        let users = self.users();
        let new = before.iter().flat_map(|vault| after(*vault, &users, op)).map(|(_, vault)| vault);
        before.iter().copied().chain(new).collect()
    }

    fn may_hold(&mut self, vaults: &[Vault]) {
        for (number, possible) in self.vault.possible.iter_mut().enumerate() {
            *possible = unique(vaults.iter().map(|vault| vault[number]).collect());
        }
    }
}
