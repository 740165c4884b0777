//! A device that is killed again and again, and what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use highwater_core::apdu::{ChainState, Reply, Status};
use highwater_core::hrs::{Hrs, Step};
use highwater_sim::Tear;
use highwater_sim::audit::{self, Auditor};
use highwater_sim::driver::place;
use highwater_sim::model::{Model, Op, Standing};
use highwater_tests::device::{Death, Emulated};
use highwater_tests::stage::{CHAIN, Stage, hrs};
use nanos_sdk::target::Device as Hardware;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use speculos::Image;

use super::stream::{Stream, ask_of, contradiction};
use super::wreck::{Cut, cells, pair, simulated_start, torn};

/// A device, its node, and the count of its kills.
pub(super) struct Trial {
    pub(super) stage: Stage,
    pub(super) stream: Stream,
    /// Kills that left a torn page.
    pub(super) torn: usize,
    /// All of them by what they left.
    pub(super) tally: BTreeMap<String, usize>,
    _told: Told,
}

/// Tells the seed if the test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("HIGHWATER_SEED={} chooses the same again", self.0);
        }
    }
}

impl Trial {
    pub(super) fn new(hardware: Hardware) -> Self {
        let seed = std::env::var("HIGHWATER_SEED").ok().and_then(|seed| seed.parse().ok());
        let told = Told(seed.unwrap_or_else(|| rand::rng().random()));
        let mut stage = Stage::firmware(hardware);
        let mut auditor = Auditor::default();
        auditor.key(CHAIN, stage.key(CHAIN));
        let mark = hrs(1, 0, Step::None);
        let model = Model { standing: Standing::Armed, mark, highest: mark, said: None, key: None };
        let stream = Stream { random: StdRng::seed_from_u64(told.0), model, auditor };
        let mut trial = Self { stage, stream, torn: 0, tally: BTreeMap::new(), _told: told };
        // A record of a signature stands before the first kill.
        let first = trial.stream.fresh();
        trial.ask(first);
        trial
    }

    /// Asks, and the answer is the specification's.
    pub(super) fn ask(&mut self, op: Op) {
        let (data, word) = self.stage.send(&ask_of(op).apdu());
        self.stream.judge(op, &data, word);
    }

    /// Kills the emulator during a request, cuts what it was writing, starts it again, and goes on asking. Gives whether
    /// the kill came between that copy's write and the reply.
    pub(super) fn kill(&mut self, cut: Cut) -> bool {
        let serial = self.stage.slot(0).writes;
        let random = &mut self.stream.random;
        // A signature takes an emulator half a second and more; both pages are written at its beginning.
        let delay = if random.random_ratio(1, 4) { 0..20 } else { 0..900 };
        let (delay, fresh) = (random.random_range(delay), random.random_ratio(7, 8));
        let op = if fresh { self.stream.fresh() } else { self.stream.any() };
        let death = self.emulated().kill_during(&ask_of(op).apdu(), Duration::from_millis(delay)).unwrap();
        let written = death.before.changed_pages(&death.after);
        assert!(
            self.pair(serial + 1).starts_with(&written),
            "{op:?} wrote {written:?} after record {serial}"
        );

        let interrupted = death.reply.is_none() && cut.copy < written.len();
        if let Some(reply) = &death.reply {
            // It left: what it rests on had been read back, and no power cut undoes it.
            let (data, word) = Reply::split(reply).unwrap();
            self.stream.judge(op, data, word);
            self.wake(&death.after, "after the reply");
        } else if interrupted {
            self.cut(op, &death, serial + 1, cut);
        } else {
            // What was written, if anything, is whole.
            if written.is_empty() {
                self.wake(&death.after, "before a write");
            } else {
                self.stream.model = self.stream.model.after(op).1;
                self.wake(&death.after, "between two writes");
            }
        }
        self.go_on(op);
        interrupted
    }

    /// The power went while the record with this serial was written.
    fn cut(&mut self, op: Op, death: &Death, serial: u32, Cut { copy, tear, rot }: Cut) {
        self.torn += 1;
        self.count(&format!("copy {}: {}", copy + 1, kind(tear)));
        let image = torn(&death.before, &death.after, &self.pair(serial), copy, tear);
        let (old, new) = (self.stream.model, self.stream.model.after(op).1);
        match rot {
            None => {
                // Copy 1 whole is the record: copy 2 is made of it.
                let whole = image.page(self.pair(serial)[0]) == death.after.page(self.pair(serial)[0]);
                self.stream.model = if whole { new } else { old };
                self.wake(&image, "torn");
            }
            Some(rot) => {
                // The signature may have left only if both copies stood.
                let least = if image == death.after { new } else { old };
                let rotten = rot.of(self.stage.device.rings(), &image, serial, copy, &mut self.stream.random);
                self.wake_rotten(&rotten, op, [least, new]);
            }
        }
    }

    /// The request that got no answer is asked again, and its contradiction before or after it.
    fn go_on(&mut self, op: Op) {
        let mut again = [op, contradiction(op)];
        // If the signature may have left, the contradiction comes first, and is refused.
        if self.stream.model.mark >= ask_of(op).hrs() || self.stream.random.random() {
            again.reverse();
        }
        again.into_iter().for_each(|op| self.ask(op));
        let next = self.stream.any();
        self.ask(next);
    }

    /// Starts on an image, and perhaps once more after a power cut while it repaired it.
    fn wake(&mut self, image: &Image, why: &str) {
        self.count(why);
        let repaired = self.start(image);
        self.stands();
        let random = &mut self.stream.random;
        if repaired.is_empty() || random.random_ratio(2, 3) {
            return;
        }
        let (nth, tear) = (random.random_range(0..repaired.len()), Tear::any(random));
        let after = self.emulated().pull_the_plug().unwrap();
        self.count("torn again in recovery");
        self.start(&torn(image, &after, &repaired, nth, tear));
        self.stands();
    }

    /// Starts on an image with one page more that is dead: a mark that is shown is one of these.
    fn wake_rotten(&mut self, image: &Image, op: Op, possible: [Model; 2]) {
        self.start(image);
        let slot = self.stage.slot(0);
        match slot.state {
            ChainState::Armed => {
                let shown = possible.into_iter().find(|model| model.mark == slot.mark);
                self.stream.model = shown.unwrap_or_else(|| panic!("{slot:?}: {possible:?}"));
                self.stands();
                self.count("rotten: right");
            }
            state => {
                assert_eq!(state, ChainState::Unclear);
                self.stream.model = possible[1];
                for op in [op, contradiction(op), self.stream.fresh()] {
                    let (_, word) = self.stage.send(&ask_of(op).apdu());
                    assert_eq!(word, Status::Unclear.word(), "{op:?}");
                }
                self.set_mark(possible[1].mark);
                self.count("rotten: unclear");
            }
        }
    }

    /// The owner knows what was asked at most.
    fn set_mark(&mut self, to: Hrs) {
        assert_eq!(self.stage.set_mark(to).mark, to);
        let standing = Standing::Armed;
        self.stream.stands(Model { standing, mark: to, highest: to, said: None, key: None });
    }

    /// Starts on an image. Gives the pages that were repaired, in the order in which they are.
    pub(super) fn start(&mut self, image: &Image) -> Vec<usize> {
        self.emulated().plug_in(image.clone()).unwrap();
        let flash = self.emulated().emulator().unwrap().nvram().unwrap();
        let rings = self.stage.device.rings();
        assert!(
            cells(rings, &flash) == simulated_start(rings, image),
            "both devices make the same of one flash"
        );
        let mut repaired = image.changed_pages(&flash);
        let newest = pair(rings, self.stage.slot(0).writes);
        repaired.sort_by_key(|page| (!newest.contains(page), *page));
        repaired
    }

    /// The chain signs, from the mark that it must have, and both copies of its record stand.
    pub(super) fn stands(&mut self) {
        let (slot, model) = (self.stage.slot(0), self.stream.model);
        assert_eq!((slot.state, slot.mark), (ChainState::Armed, model.mark));
        assert_eq!(slot.highest_signed, model.highest);
        self.stream.stands(model);
        let flash = self.emulated().emulator().unwrap().nvram().unwrap();
        let newest = self.pair(slot.writes).map(|page| flash.page(page));
        assert_eq!(audit::copies(newest.iter(), place(slot.mark)), 2);
    }

    pub(super) fn count(&mut self, what: &str) {
        *self.tally.entry(what.to_owned()).or_default() += 1;
    }

    /// The pages of the record with this serial.
    fn pair(&self, serial: u32) -> [usize; 2] {
        pair(self.stage.device.rings(), serial)
    }

    pub(super) fn emulated(&mut self) -> &mut Emulated {
        self.stage.device.emulated().unwrap()
    }

    /// Says what was seen.
    pub(super) fn end(mut self) {
        self.stage.device.note().unwrap();
        println!(
            "{} torn, {} signatures left: {:?}",
            self.torn,
            self.stream.auditor.signatures(),
            self.tally
        );
    }
}

fn kind(tear: Tear) -> &'static str {
    match tear {
        Tear::Old => "old",
        Tear::New => "new",
        Tear::Blank => "zeros",
        Tear::Prefix(_) => "half new",
        Tear::Mixed(_) => "some bits",
        Tear::Fields(_) => "some fields",
        Tear::Garbage(_) => "garbage",
    }
}
