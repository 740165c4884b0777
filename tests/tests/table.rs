//! The table "(A signed), then (B asked)" on the devices themselves, as raw APDUs: there is no bridge whose cache could
//! answer first. Every row runs here, on one chain, each above the one before.

use highwater_core::apdu::{ChainState, Command, Signed};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::audit::Auditor;
use highwater_sim::refusals::{self, Answer, First, Player, Row};
use highwater_tests::on_every_device;
use highwater_tests::stage::{Stage, hrs};
use highwater_tests::tools;

on_every_device! {
    every_row_of_the_table,
    every_row_with_a_restart_before_it_is_asked,
}

/// The device with the chain of the table.
struct Table<'a> {
    stage: &'a mut Stage,
}

/// Where the chain of the table is; in slot 0 is the stage's own.
const SLOT: u8 = 1;

impl Player for Table<'_> {
    fn exchange(&mut self, apdu: &[u8]) -> (Vec<u8>, u16) {
        self.stage.send(apdu)
    }

    fn set_mark(&mut self, to: Hrs) {
        let named = self.stage.named(refusals::CHAIN, SLOT);
        assert_eq!(self.stage.approved(Command::SetMark { named, to }).mark, to);
    }

    fn writes(&mut self) -> u32 {
        self.stage.counters().page_writes
    }
}

impl Table<'_> {
    /// Where a row begins: everything it does is above this height.
    fn base(&mut self) -> u64 {
        self.stage.slot(SLOT).mark.height.value()
    }

    /// Makes the leap credit whole.
    fn renew_credit(&mut self) {
        let to = hrs(self.base() + 1, 0, Step::None);
        self.set_mark(to);
    }

    /// Plays rows, each above the one before. Of those that begin with the same A and change nothing, several may follow
    /// on one A: a signature costs an emulator half a second. `between` happens once between an A and what follows.
    fn play(&mut self, mut rows: Vec<Row>, share: bool, between: impl Fn(&mut Stage)) {
        if share {
            let firsts: Vec<First> = rows.iter().map(|row| row.first).collect();
            let nth = |row: &Row| firsts.iter().position(|first| *first == row.first);
            rows.sort_by_key(|row| (row.credit, nth(row), row.answer == Answer::Signs));
        }
        let mut auditor = Auditor::default();
        auditor.key(refusals::CHAIN, self.stage.key(refusals::CHAIN));
        let mut standing: Option<(First, u64, Option<Signed>)> = None;
        for row in rows {
            if row.credit {
                self.renew_credit();
                self.stage.device.still(true).unwrap();
            }
            let shared = standing.take().filter(|(first, ..)| share && !row.credit && *first == row.first);
            let (base, first) = shared.map_or_else(
                || {
                    let base = self.base();
                    let first = row.higher(base).begin(self, &mut auditor).unwrap();
                    between(self.stage);
                    (base, first)
                },
                |(_, base, first)| (base, first),
            );
            row.higher(base).ask(self, &mut auditor, first).unwrap();
            if row.credit {
                self.stage.device.still(false).unwrap();
            }
            standing = Some((row.first, base, first)).filter(|_| row.answer != Answer::Signs);
        }
    }
}

fn sit_down(stage: &mut Stage) -> Table<'_> {
    if stage.slot(SLOT).state == ChainState::Free {
        stage.add(refusals::CHAIN, 1, Hrs::default());
    }
    Table { stage }
}

/// Whether this device is quick, or there is time: each row has an A of its own then.
fn all(stage: &mut Stage) -> bool {
    tools::full() || !stage.is_firmware()
}

fn every_row_of_the_table(stage: &mut Stage) {
    let share = !all(stage);
    sit_down(stage).play(refusals::table(), share, |_| ());
}

/// What RAM knew of A is gone, and flash alone answers. Where restarts take their time, only an A that is repeated has
/// one by default, with all rows that change nothing.
fn every_row_with_a_restart_before_it_is_asked(stage: &mut Stage) {
    let all = all(stage);
    // A restart makes the credit whole: the rows that count on less are of one life.
    let rows: Vec<Row> = refusals::table().into_iter().filter(|row| !row.credit).collect();
    let repeated = |first: First| rows.iter().any(|row| row.first == first && row.answer == Answer::Again);
    let chosen = |row: &&Row| all || row.answer != Answer::Signs && repeated(row.first);
    let chosen = rows.iter().filter(chosen).copied().collect();
    // The tests before may have spent the credit of this device.
    stage.device.restart(&[]).unwrap();
    sit_down(stage).play(chosen, !all, |stage| stage.device.restart(&[]).unwrap());
}
