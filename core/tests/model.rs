//! The ring answers as the table of `core/proof`, which is proved for every length: the same start, signature, raise, lowering
//! and setting over the same pages, with the same fate of each write, and perhaps a page that takes none.
//!
//! `core/proof/cases.py` says what a line of the cases holds. `HIGHWATER_RING_CASES` names a file of more of them.

use highwater_core::canonical::Timestamp;
use highwater_core::env::{CELL, Cell};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::journal::{Kind, Record, Ring, Scan, Unreadable};
use highwater_core::judge::Signed;
use highwater_core::layout::{Domain, Installation, Place};
use highwater_core::rings::Rings;
use highwater_core::statement::Digest;
use highwater_sim::{Fault, Tear, World};

const CASES: &str = include_str!("vectors/ring.txt");
const INSTALLATION: Installation = Installation { id: [7; 16], secret: [9; 32] };
const RING: Ring<'_> = Ring { slot: 0, installation: &INSTALLATION };
const DEAD: Cell = [0xa5; CELL];

#[test]
fn the_ring_answers_as_the_table_that_is_proved() {
    let more = std::env::var_os("HIGHWATER_RING_CASES").map(|path| std::fs::read_to_string(path).unwrap());
    let mut checked = 0;
    for line in CASES.lines().chain(more.iter().flat_map(|more| more.lines())) {
        Case::parse(line).check(line);
        checked += 1;
    }
    assert!(checked > 500, "{checked} cases");
    println!("{checked} cases");
}

#[derive(Clone, Copy)]
enum Operation {
    Boot,
    Sign,
    Set,
    Lower,
}

/// What is asked of a ring, and what the table says of it.
struct Case<'a> {
    operation: Operation,
    pairs: u16,
    incarnation: u16,
    serial: u32,
    height: u64,
    statement: u8,
    /// A page that takes no write.
    stuck: Option<u16>,
    pages: Vec<&'a str>,
    fates: Vec<&'a str>,
    answer: &'a str,
    changed: Vec<(usize, &'a str)>,
}

impl<'a> Case<'a> {
    fn parse(line: &'a str) -> Self {
        let parts: Vec<&str> = line.split('|').collect();
        let [operation, numbers, stuck, pages, fates, answer, changed] = parts[..] else { panic!("{line}") };
        let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let changed = changed.split_whitespace().map(|change| change.split_once('=').unwrap());
        Self {
            operation: match operation {
                "boot" => Operation::Boot,
                "sign" => Operation::Sign,
                "set" => Operation::Set,
                "lower" => Operation::Lower,
                _ => panic!("{line}"),
            },
            pairs: numbers[0].try_into().unwrap(),
            incarnation: numbers[1].try_into().unwrap(),
            serial: numbers[2].try_into().unwrap(),
            height: numbers[3],
            statement: numbers[4].try_into().unwrap(),
            stuck: (!stuck.is_empty()).then(|| stuck.parse().unwrap()),
            pages: pages.split(' ').collect(),
            fates: fates.split_whitespace().collect(),
            answer,
            changed: changed.map(|(index, cell)| (index.parse().unwrap(), cell)).collect(),
        }
    }

    fn check(&self, line: &str) {
        let mut world = World::new(b"model", self.pairs);
        for (index, said) in self.pages.iter().enumerate() {
            let page = Rings::equal(self.pairs).page(0, index as u16);
            // Some dead pages were never written.
            let mut cell = if index / 2 % 3 == 0 { [0; CELL] } else { DEAD };
            if let Some(record) = record(said) {
                record.encode(&mut world, &INSTALLATION, place(page), &mut cell);
            }
            world.medium.rot(page, cell);
        }
        if let Some(index) = self.stuck {
            world.medium.stick(Rings::equal(self.pairs).page(0, index), index % 3 == 0);
        }
        for (nth, fate) in self.fates.iter().enumerate() {
            let garbage = Tear::Garbage(nth as u64);
            let fault = match *fate {
                "ok" | "stuck" => continue,
                "cut-old" => Fault::Cut(Tear::Old),
                "cut-new" => Fault::Cut(Tear::New),
                "cut-dead" => Fault::Cut(garbage),
                "bad-old" => Fault::Lies,
                "bad-new" => Fault::Fails(Tear::New),
                "bad-dead" => Fault::Fails(garbage),
                _ => panic!("{line}"),
            };
            world.medium.plan(nth as u32, fault);
        }
        let answer = self.answer(&mut world);
        let answer = if world.medium.is_powered() { answer } else { "OFF".to_owned() };
        assert_eq!(answer, self.answer, "{line}");
        assert_eq!(world.medium.writes() as usize, self.fates.len(), "{line}");
        let mut expected: Vec<&str> = self.pages.clone();
        self.changed.iter().for_each(|(index, said)| expected[*index] = said);
        for (index, said) in expected.iter().enumerate() {
            let page = Rings::equal(self.pairs).page(0, index as u16);
            let cell = world.medium.pages()[usize::from(page)];
            let mut record = Record::NONE;
            let found = record.decode(&mut world, &INSTALLATION, place(page), &cell);
            assert_eq!(text(found.then_some(record)), *said, "page {index}: {line}");
        }
    }

    /// What the ring makes of it, as the signer uses it.
    fn answer(&self, world: &mut World) -> String {
        match self.operation {
            Operation::Boot => self.boot(world),
            Operation::Sign | Operation::Lower => self.decide(world),
            Operation::Set => self.set(world),
        }
    }

    fn boot(&self, world: &mut World) -> String {
        let mut scan = self.scan(world);
        if scan.unclear(self.incarnation) {
            return "UNCLEAR".to_owned();
        }
        loop {
            match RING.repair(world, self.incarnation, &mut scan) {
                Ok(None) => {}
                Ok(Some(serial)) => return format!("ARMED {serial}"),
                Err(why) => return unreadable(why),
            }
        }
    }

    fn scan(&self, world: &mut World) -> Scan {
        let mut scan = Scan::START;
        while !RING.scan(world, self.incarnation, &mut scan) {}
        scan
    }

    fn decide(&self, world: &mut World) -> String {
        let mut newest = Record::NONE;
        let newest = match RING.newest(world, self.serial, self.incarnation, &mut newest) {
            Ok(durable) => *durable.record(),
            Err(why) => return unreadable(why),
        };
        let (incarnation, word) = match self.operation {
            Operation::Lower => (self.scan(world).highest_incarnation + 1, "WRITTEN"),
            _ => (self.incarnation, "ARMED"),
        };
        let mut record = match self.statement {
            0 => Record::mark_only(incarnation, hrs(self.height), newest.highest_signed()),
            statement => signed(incarnation, self.height, statement),
        };
        RING.append(world, newest.serial, &mut record)
            .map_or_else(|_| "FAULT".to_owned(), |durable| format!("{word} {}", durable.record().serial))
    }

    fn set(&self, world: &mut World) -> String {
        let scan = self.scan(world);
        let incarnation = self.incarnation.max(scan.highest_incarnation) + 1;
        let named = Record::filler(incarnation, scan.highest_serial, hrs(self.height));
        let mut next = 0;
        // Where a pair stays dead the signer ends here (rule 5). The table goes on, and is proved for that as well.
        while RING.prepare(world, Some(&named), &mut next) != Ok(false) {}
        let mut record = Record::mark_only(incarnation, hrs(self.height), hrs(self.height));
        RING.append(world, scan.highest_serial, &mut record)
            .map_or_else(|_| "FAULT".to_owned(), |durable| format!("WRITTEN {}", durable.record().serial))
    }
}

fn unreadable(why: Unreadable) -> String {
    match why {
        Unreadable::Lost => "UNCLEAR".to_owned(),
        Unreadable::Fault => "FAULT".to_owned(),
    }
}

fn place(page: u16) -> Place {
    Place { domain: Domain::Record, slot: 0, page }
}

fn hrs(height: u64) -> Hrs {
    Hrs::new(height, 0, Step::None).unwrap()
}

fn signed(incarnation: u16, height: u64, statement: u8) -> Record {
    let at = Timestamp::new(1, 0).unwrap();
    Record::signed(incarnation, hrs(height), false, &Digest([statement; 28]), at)
}

/// What a page of a case says: dead, formatted, a filler (serial, incarnation, height), a mark (these, statement, signed).
fn record(said: &str) -> Option<Record> {
    let numbers: Vec<u64> = said.split(':').skip(1).map(|number| number.parse().unwrap()).collect();
    match (said.as_bytes()[0], &numbers[..]) {
        (b'D', []) => None,
        (b'X', []) => Some(Record::formatted()),
        (b'F', [serial, incarnation, height]) => {
            Some(Record::filler(*incarnation as u16, *serial as u32, hrs(*height)))
        }
        (b'M', [serial, incarnation, height, statement, highest]) => {
            let incarnation = *incarnation as u16;
            let mut record = match *statement {
                0 => Record::mark_only(incarnation, hrs(*height), hrs(*highest)),
                statement => signed(incarnation, *height, statement as u8),
            };
            record.serial = *serial as u32;
            Some(record)
        }
        _ => panic!("{said}"),
    }
}

fn text(record: Option<Record>) -> String {
    let Some(record) = record else { return "D".to_owned() };
    let (serial, incarnation, height) = (record.serial, record.incarnation, record.hrs.height.value());
    match record.kind {
        Kind::Formatted => "X".to_owned(),
        Kind::Filler => format!("F:{serial}:{incarnation}:{height}"),
        _ => {
            let statement = match record.statement() {
                Signed::Statement(digest, _) => digest.0[0],
                Signed::Nothing => 0,
            };
            let highest = record.highest_signed().height.value();
            format!("M:{serial}:{incarnation}:{height}:{statement}:{highest}")
        }
    }
}
