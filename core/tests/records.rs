//! One record: its bytes.

use highwater_core::canonical::{SECONDS, Timestamp};
use highwater_core::hrs::{Hrs, Step};
use highwater_core::journal::{Kind, Record, retry_distance};
use highwater_core::judge::Signed;
use highwater_core::layout::{self, Domain, FORMAT, Installation, Place};
use highwater_core::statement::Digest;
use highwater_sim::World;

use crate::stage::hrs;

const INSTALLATION: Installation = Installation { id: [7; 16], secret: [9; 32] };
const PLACE: Place = Place { domain: Domain::Record, slot: 1, page: 40 };
const DIGEST: Digest = Digest([0x9c; 28]);

fn written(world: &mut World, record: &Record) -> [u8; 64] {
    let mut cell = [0; 64];
    record.encode(world, &INSTALLATION, PLACE, &mut cell);
    cell
}

fn read_as(world: &mut World, installation: &Installation, place: Place, cell: &[u8; 64]) -> Option<Record> {
    let mut record = Record::NONE;
    record.decode(world, installation, place, cell).then_some(record)
}

fn read(world: &mut World, cell: &[u8; 64]) -> Option<Record> {
    read_as(world, &INSTALLATION, PLACE, cell)
}

/// The cell with one byte changed, under a check that is right.
fn forged(world: &mut World, record: &Record, at: usize, byte: u8) -> [u8; 64] {
    let mut cell = written(world, record);
    cell[at] = byte;
    layout::seal(world, &INSTALLATION, PLACE, &mut cell);
    cell
}

fn signed(seconds: i64, nanos: u32) -> Record {
    Record::signed(3, hrs(1 << 40, 5, Step::Prevote), false, &DIGEST, Timestamp { seconds, nanos })
}

#[test]
fn a_record_holds_every_time_that_a_message_can_have() {
    let mut world = World::new(b"records", 2);
    let bits = (0..41).flat_map(|bit| [1 << bit, -(1 << bit)]);
    for seconds in bits.chain([0, SECONDS.start, SECONDS.end - 1, 1_700_000_000]) {
        for nanos in
            (0..30).map(|bit| 1 << bit).chain([0, 999_999_999]).filter(|nanos| *nanos < 1_000_000_000)
        {
            let record = signed(seconds, nanos);
            let cell = written(&mut world, &record);
            let back = read(&mut world, &cell).unwrap();
            assert_eq!(back, record);
            assert_eq!(back.statement(), Signed::Statement(DIGEST, Timestamp { seconds, nanos }));
        }
    }
}

#[test]
fn a_record_of_every_kind_comes_back_as_it_was_written() {
    let mut world = World::new(b"records", 2);
    let (low, high) = (hrs(9, 1, Step::Precommit), hrs(i64::MAX as u64, i32::MAX as u32, Step::Proposal));
    let nil = Record::signed(u16::MAX, low, true, &DIGEST, Timestamp::default());
    let mut set = Record::mark_only(1, high, low);
    set.serial = u32::MAX;
    let filler = Record::filler(2, 77, low);
    let kinds = [
        (signed(5, 6), Kind::SignedBlock, true, hrs(1 << 40, 5, Step::Prevote)),
        (nil, Kind::SignedNil, true, low),
        (set, Kind::MarkOnly, true, low),
        (filler, Kind::Filler, false, low),
        (Record::formatted(), Kind::Formatted, false, Hrs::default()),
    ];
    for (record, kind, mark, highest) in kinds {
        let cell = written(&mut world, &record);
        assert_eq!(read(&mut world, &cell), Some(record));
        assert_eq!((record.kind, record.is_mark(), record.highest_signed()), (kind, mark, highest));
        let named = matches!(kind, Kind::SignedBlock | Kind::SignedNil);
        assert_eq!(record.statement() != Signed::Nothing, named, "{kind:?}");
    }
}

#[test]
fn what_no_writer_writes_is_not_read_however_well_it_is_sealed() {
    let mut world = World::new(b"records", 2);
    let set = Record::mark_only(1, hrs(9, 1, Step::Precommit), hrs(8, 0, Step::Prevote));
    let first = written(&mut world, &set)[0];
    assert_eq!(first >> 5, FORMAT);
    let kind = |kind: u8| first & !(7 << 2) | kind << 2;
    let cases = [
        ("as it is", set, 0, first, true),
        ("another format", set, 0, first & 0x1f | (FORMAT + 1) << 5, false),
        ("kind 0", set, 0, kind(0), false),
        ("kind 6", set, 0, kind(6), false),
        ("kind 7", set, 0, kind(7), false),
        ("a height above 2^63-1", set, 14, 0x80, false),
        ("a round above 2^31-1", set, 18, 0x80, false),
        ("a highest signed out of range", set, 19 + 9 + 7, 0x80, false),
        ("10^9 nanoseconds and more", signed(5, 6), 19 + 8, 0xff, false),
    ];
    for (what, record, at, byte, wanted) in cases {
        let cell = forged(&mut world, &record, at, byte);
        assert_eq!(read(&mut world, &cell).is_some(), wanted, "{what}");
    }
    // And a good one is read nowhere else, and by no other installation.
    let cell = written(&mut world, &set);
    for place in
        [Place { page: 41, ..PLACE }, Place { slot: 2, ..PLACE }, Place { domain: Domain::Entry, ..PLACE }]
    {
        assert_eq!(read_as(&mut world, &INSTALLATION, place, &cell), None, "{place:?}");
    }
    let other = Installation { secret: [8; 32], ..INSTALLATION };
    assert_eq!(read_as(&mut world, &other, PLACE, &cell), None, "another secret");
    assert_eq!(read_as(&mut World::new(b"records", 3), &INSTALLATION, PLACE, &cell), None, "longer rings");
}

#[test]
fn an_append_reaches_four_pairs_or_all_but_the_newest() {
    let reach = [2, 3, 4, 5, 6, 128, 256].map(retry_distance);
    assert_eq!(reach, [1, 2, 3, 4, 4, 4, 4]);
}
