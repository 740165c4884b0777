//! The table of refusals, on a hosted device: the same answers as the firmware and the simulator.

use highwater_core::apdu::{Command, Reply};
use highwater_core::hrs::{Hrs, Step};
use highwater_hosted::Device;
use highwater_sim::audit::Auditor;
use highwater_sim::refusals::{self, CHAIN, Player, Row};

use crate::hand::{approve, approved, boot, data, id, named, page_writes, slot};

pub(crate) struct Table {
    boot: Box<dyn Fn() -> Device>,
    device: Option<Device>,
}

impl Table {
    fn new() -> Self {
        let platter = approved(CHAIN);
        Self::of(move || boot(&platter).unwrap())
    }

    /// With the device that this opens, on which the chain of the table is approved.
    pub(crate) fn of(boot: impl Fn() -> Device + 'static) -> Self {
        Self { device: Some(boot()), boot: Box::new(boot) }
    }

    fn device(&mut self) -> &mut Device {
        self.device.as_mut().unwrap()
    }

    fn restart(&mut self) {
        self.device = None;
        self.device = Some((self.boot)());
    }

    /// Everything a row does is above this height.
    fn base(&mut self) -> u64 {
        slot(self.device(), 0).mark.height.value()
    }

    /// Every row.
    pub(crate) fn play_all(&mut self) {
        self.play(refusals::table().into_iter(), |_| ());
    }

    fn play(&mut self, rows: impl Iterator<Item = Row>, between: fn(&mut Self)) {
        let mut auditor = Auditor::default();
        auditor.key(CHAIN, data(self.device(), Command::GetPublicKey(id(CHAIN))).try_into().unwrap());
        for row in rows {
            if row.credit {
                // Makes the leap credit whole.
                let to = Hrs::new(self.base() + 1, 0, Step::None).unwrap();
                self.set_mark(to);
            }
            let row = row.higher(self.base());
            let first = row.begin(self, &mut auditor).unwrap();
            between(self);
            row.ask(self, &mut auditor, first).unwrap();
        }
    }
}

impl Player for Table {
    fn exchange(&mut self, apdu: &[u8]) -> (Vec<u8>, u16) {
        let reply = self.device().exchange(apdu).unwrap();
        let (data, word) = Reply::split(&reply).unwrap();
        (data.to_vec(), word)
    }

    fn set_mark(&mut self, to: Hrs) {
        let named = named(self.device(), CHAIN, 0);
        assert_eq!(approve(self.device(), Command::SetMark { named, to }).mark, to);
    }

    fn writes(&mut self) -> u32 {
        page_writes(self.device())
    }
}

#[test]
fn every_row_of_the_table() {
    Table::new().play_all();
}

/// A restart makes the credit whole: the rows that count on less are of one life.
#[test]
fn every_row_of_the_table_with_a_restart_before_it_is_asked() {
    Table::new().play(refusals::table().into_iter().filter(|row| !row.credit), Table::restart);
}
