//! The judge of the table, the same for every device.

use highwater_core::apdu::{Signed, Status};
use highwater_core::hrs::Hrs;

use super::{Answer, CONTENT, First, Row, Second};
use crate::audit::Auditor;
use crate::{Ask, Extend};

/// What a row needs of a device on which the table's chain is approved.
pub trait Player {
    /// One raw command: data and status word.
    fn exchange(&mut self, apdu: &[u8]) -> (Vec<u8>, u16);

    /// SET_MARK of the table's chain, approved and done.
    fn set_mark(&mut self, to: Hrs);

    /// Page writes so far.
    fn writes(&mut self) -> u32;
}

impl Row {
    /// Brings a device to where the row begins; gives the signature of A, if A is one.
    ///
    /// # Errors
    /// If A is not signed as asked, or the auditor objects.
    pub fn begin(&self, device: &mut impl Player, auditor: &mut Auditor) -> Result<Option<Signed>, String> {
        match self.first {
            First::Mark(mark) => {
                device.set_mark(mark);
                Ok(None)
            }
            First::Signed(first) => {
                let (data, word) = device.exchange(&first.apdu());
                let signed = self.signed(&data, word, auditor, first)?;
                self.at_the_time_asked(first, &signed)?;
                Ok(Some(signed))
            }
        }
    }

    /// Asks B and holds the answer against the row; `first` is what [`Row::begin`] gave.
    ///
    /// # Errors
    /// If it is another answer, or the auditor objects.
    pub fn ask(
        &self,
        device: &mut impl Player,
        auditor: &mut Auditor,
        first: Option<Signed>,
    ) -> Result<(), String> {
        let before = device.writes();
        let (data, word) = device.exchange(&self.second.apdu());
        let written = device.writes() - before;
        let expected = if self.answer == Answer::Signs { 2 } else { 0 };
        if written != expected {
            return Err(self.wrong(format!("{written} page writes, not {expected}")));
        }
        match (self.answer, self.second) {
            (Answer::Refuses(status), _) => self.refused(&data, word, status),
            (Answer::Signs, Second::Sign(second)) => {
                let signed = self.signed(&data, word, auditor, second)?;
                self.at_the_time_asked(second, &signed)
            }
            (Answer::Again, Second::Sign(second)) => {
                let signed = self.signed(&data, word, auditor, second)?;
                if Some(signed) == first {
                    Ok(())
                } else {
                    Err(self.wrong("another signature or time than A's"))
                }
            }
            (Answer::Extends, Second::Extension(second)) => {
                self.extended(&data, word, auditor, &Extend::of(&second, CONTENT))
            }
            (Answer::Extends, Second::Begin(_)) if data.is_empty() && word == Status::Ok.word() => Ok(()),
            _ => Err(self.wrong(format!("{word:04x} {data:02x?}, not {:?}", self.answer))),
        }
    }

    /// The refusals for their place carry the mark (docs/protocol.md), the others nothing.
    fn refused(&self, data: &[u8], word: u16, status: Status) -> Result<(), String> {
        use Status::{
            Conflict, HeightRegression, Leap, NoPrecommit, NoStatement, RoundRegression, StepRegression,
        };

        let mark = match self.first {
            First::Signed(first) => first.hrs(),
            First::Mark(mark) => mark,
        };
        let expected = match status {
            HeightRegression | RoundRegression | StepRegression | Conflict | NoStatement | Leap
            | NoPrecommit => mark.to_bytes().to_vec(),
            _ => Vec::new(),
        };
        if (word, data) == (status.word(), &expected[..]) {
            return Ok(());
        }
        Err(self.wrong(format!("{word:04x} {data:02x?}, not {:04x} {expected:02x?}", status.word())))
    }

    /// A signature as it left the device: the auditor verifies it over what was asked at the time it came with.
    fn signed(&self, data: &[u8], word: u16, auditor: &mut Auditor, ask: Ask) -> Result<Signed, String> {
        let signed = Signed::parse(data).filter(|_| word == Status::Ok.word());
        let signed = signed.ok_or_else(|| self.wrong(format!("{ask:?} answered {word:04x} {data:02x?}")))?;
        auditor
            .released(&ask.signed_bytes(&signed), &signed.signature)
            .map_err(|finding| self.wrong(format!("{finding:?}")))?;
        Ok(signed)
    }

    fn extended(
        &self,
        data: &[u8],
        word: u16,
        auditor: &mut Auditor,
        extend: &Extend<'_>,
    ) -> Result<(), String> {
        let signature = data.try_into().ok().filter(|_| word == Status::Ok.word());
        let signature =
            signature.ok_or_else(|| self.wrong(format!("{word:04x} {data:02x?}, no signature")))?;
        auditor.released(&extend.bytes(), signature).map_err(|finding| self.wrong(format!("{finding:?}")))
    }

    fn at_the_time_asked(&self, ask: Ask, signed: &Signed) -> Result<(), String> {
        if signed.timestamp == ask.timestamp() {
            return Ok(());
        }
        Err(self.wrong(format!("a new signature over another time: {:?}", signed.timestamp)))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {what}", self.name)
    }
}
