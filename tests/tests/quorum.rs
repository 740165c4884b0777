//! Four validators, one of them ours, whose bridge, device and node die at random: the chain never halts, ours misses
//! only what it must, and nobody ever sees two votes where one may be.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use highwater_sim::Tear;
use highwater_tests::bridge::{Bridge, Setup};
use highwater_tests::cometbft::{Home, Node};
use highwater_tests::device::Distant;
use highwater_tests::four::Four;
use highwater_tests::process::wait_for;
use highwater_tests::validator::PATIENCE;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const CHAIN: &str = "quorum-1";
/// Between two blocks; a vote that comes within it still gets into the commit.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest between two blocks, on a slow machine too. Three rounds without a proposal take less.
const STANDSTILL: Duration = Duration::from_secs(45);
/// For ours to sign at the chain's height again.
const RECOVERY: Duration = Duration::from_secs(60);

#[test]
fn for_a_minute_four_validators_go_on_while_ours_is_killed_and_started_again() {
    chaos(Duration::from_secs(60), Duration::from_secs(3));
}

#[test]
#[ignore = "cargo xtask test --full"]
fn for_ten_minutes_four_validators_go_on_while_ours_is_killed_and_started_again() {
    chaos(Duration::from_secs(600), Duration::from_secs(10));
}

/// For so long, with nothing down for longer than `longest` before it is started again.
fn chaos(time: Duration, longest: Duration) {
    let seed = std::env::var("HIGHWATER_SEED").ok().map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("HIGHWATER_SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let mut net = Net::start(folder.path(), StdRng::seed_from_u64(seed)).unwrap();
    let until = Instant::now() + time;
    let mut outages = 0;
    while Instant::now() < until {
        let calm = Duration::from_millis(net.random.random_range(4_000..8_000));
        net.watch(calm).unwrap();
        net.outage(longest).unwrap_or_else(|error| panic!("{error:#}\n{}", net.bridge.output()));
        outages += 1;
    }
    net.watch(Duration::from_secs(4)).unwrap();
    let told = net.judge(outages).unwrap_or_else(|error| panic!("{error:#}\n{}", net.bridge.output()));
    println!("{told}");
}

struct Net {
    setup: Setup,
    device: Distant,
    bridge: Bridge,
    home: Home,
    ours: Node,
    /// Signs with a file, and tells what the chain did.
    witness: Node,
    _others: Vec<Node>,
    random: StdRng,
    /// The highest block that the witness has, and since when.
    reached: (u64, Instant),
    longest: Duration,
    /// Heights that may be missed: from the one before the outage to the one after which ours was back.
    excused: Vec<(u64, u64)>,
}

impl Net {
    fn start(folder: &Path, random: StdRng) -> Result<Self> {
        let four = Four::new(folder, CHAIN)?;
        let setup = four.setup()?;
        let Four { device, home, others, .. } = four;
        let (bridge, ours) = (setup.start()?, home.start(PAUSE)?);
        let mut others = others.iter().map(|home| home.start(PAUSE)).collect::<Result<Vec<_>>>()?;
        let mut witness = others.pop().context("three others")?;
        witness.wait_for_height(3, PATIENCE)?;
        let (reached, longest) = ((3, Instant::now()), Duration::ZERO);
        let mut net = Self {
            setup,
            device,
            bridge,
            home,
            ours,
            witness,
            _others: others,
            random,
            reached,
            longest,
            excused: Vec::new(),
        };
        // They start one after the other, so the first blocks may be without ours.
        net.recovered(0)?;
        Ok(net)
    }

    /// Looks at the chain for so long.
    fn watch(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.look()?;
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn look(&mut self) -> Result<u64> {
        let height = self.witness.height()?.context("a witness that forgot")?;
        if height > self.reached.0 {
            self.longest = self.longest.max(self.reached.1.elapsed());
            self.reached = (height, Instant::now());
        }
        ensure!(self.reached.1.elapsed() < STANDSTILL, "the chain halted at {height}");
        Ok(height)
    }

    /// Something of ours dies, and is started again after a while.
    fn outage(&mut self, longest: Duration) -> Result<()> {
        let before = self.look()?;
        let down = longest.mul_f64(self.random.random());
        let what = self.random.random_range(0..4);
        match what {
            0 => self.bridge.kill(),
            1 => self.ours.kill(),
            2 => self.device.unplug(),
            // In the middle of a write.
            _ => {
                let nth = self.random.random_range(0..2);
                self.device.cut_at_write(nth, Tear::any(&mut self.random));
                wait_for("a write", PATIENCE, || {
                    self.look()?;
                    Ok((!self.device.is_powered()).then_some(()))
                })?;
                self.device.unplug();
            }
        }
        self.watch(down)?;
        match what {
            0 => self.bridge = self.setup.start()?,
            1 => self.ours = self.home.start(PAUSE)?,
            _ => self.device.plug()?,
        }
        self.recovered(before)
    }

    /// Waits until ours has signed a block that the chain has not committed yet; what came since `before` is excused.
    fn recovered(&mut self, before: u64) -> Result<()> {
        let until = Instant::now() + RECOVERY;
        loop {
            let height = self.look()?;
            let signed = self.device.highest(CHAIN).map_or(0, |place| place.height.unsigned_abs());
            if signed > height {
                self.excused.push((before, height + 1));
                return Ok(());
            }
            ensure!(Instant::now() < until, "ours signed {signed} last, the chain stands at {height}");
            sleep(Duration::from_millis(50));
        }
    }

    /// What became of it all.
    fn judge(&mut self, outages: usize) -> Result<String> {
        // Of the last one there is no commit that all have agreed on.
        let height = self.look()? - 1;
        let (mut missed, mut due) = (0, 0);
        for height in 1..=height {
            ensure!(self.witness.evidence(height)? == 0, "block {height} has evidence");
            let block = self.witness.block_with(height, &self.home.address)?;
            let excused = self.excused.iter().any(|(from, to)| (*from..=*to).contains(&height));
            ensure!(
                block.signed || excused,
                "{block:?} was missed, and nothing was down: {:?}",
                self.excused
            );
            missed += usize::from(!block.signed);
            due += usize::from(!excused);
        }
        let signatures = self.device.audit()?;
        ensure!(outages > 1 && due > outages, "{due} blocks were due over {outages} outages: no test");
        ensure!(signatures as usize >= 2 * due, "{signatures} signatures for {due} blocks");
        let longest = self.longest;
        Ok(format!(
            "{height} blocks, {outages} outages, {missed} missed, all within them; {due} were due; {signatures} signatures audited; longest block {longest:?}"
        ))
    }
}
