//! Who signs how fast: all contestants in one run, taking turns, so that whatever else this machine does slows all alike.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use highwater_tests::usage;
use serde_json::{Value, json};

use super::contestant::{By, Contestant, Turn, Who};
use super::figures::{micros, percentile, sorted};

/// What one contestant did in the rounds that count.
pub(crate) struct Line {
    pub(crate) who: Who,
    pub(crate) by: By,
    times: Vec<Duration>,
    /// The median of each round, sorted.
    medians: Vec<Duration>,
    cpu: Duration,
    resident: u64,
}

/// Runs the rounds; those count in which the machine did least besides, the quieter half. Gives the lines, and how many
/// processors others kept busy in the rounds that count, at most.
pub(crate) fn run(folder: &Path, tmkms: Option<&PathBuf>, rounds: usize, requests: usize) -> Result<Field> {
    let mut field = Vec::new();
    for by in [By::Unix, By::Tcp] {
        field.extend([(Who::Bridge, by), (Who::FloorOfDevice, by), (Who::Floor, by), (Who::Hosted, by)]);
    }
    field.push((Who::Bridge, By::Noise));
    if tmkms.is_some() {
        field.extend([(Who::Tmkms, By::Unix), (Who::Tmkms, By::Tcp)]);
    }
    let mut contestants = Vec::new();
    for (who, by) in field {
        let place = folder.join(format!("{who:?}-{by:?}").to_lowercase());
        contestants.push(Contestant::start(who, by, &place, tmkms)?);
    }
    // Warm: links are up, files exist, memory has its size.
    for contestant in &mut contestants {
        contestant.turn(requests)?;
    }
    let (mut played, mut syncs): (Vec<(f64, Vec<Turn>)>, Vec<Duration>) = Default::default();
    for round in 0..rounds {
        // Each has every place in the order, and every neighbour, as often as the others.
        let first = round % contestants.len();
        let begin = std::time::Instant::now();
        let (machine, ours) = (usage::machine()?, own(&contestants)?);
        let mut turns: Vec<Option<Turn>> = contestants.iter().map(|_| None).collect();
        for place in 0..contestants.len() {
            let at = (first + place) % contestants.len();
            turns[at] = Some(contestants[at].turn(requests)?);
        }
        syncs.extend(synced_states(folder, requests)?);
        let others = (usage::machine()?.saturating_sub(machine))
            .saturating_sub(own(&contestants)?.saturating_sub(ours))
            .as_secs_f64()
            / begin.elapsed().as_secs_f64();
        eprintln!("round {}: others kept {others:.2} processors busy", round + 1);
        played.push((others, turns.into_iter().flatten().collect()));
    }
    played.sort_by(|a, b| a.0.total_cmp(&b.0));
    played.truncate(rounds.div_ceil(2));
    let loudest = played.last().map_or(0.0, |(others, _)| *others);
    let mut lines = Vec::new();
    for (at, contestant) in contestants.iter().enumerate() {
        let turns = played.iter().map(|(_, turns)| &turns[at]);
        let medians = sorted(turns.clone().map(|turn| percentile(&sorted(turn.times.clone()), 50)).collect());
        lines.push(Line {
            who: contestant.who,
            by: contestant.by,
            times: sorted(turns.clone().flat_map(|turn| turn.times.iter().copied()).collect()),
            medians,
            cpu: turns.map(|turn| turn.cpu).sum(),
            resident: usage::resident(contestant.process())?,
        });
    }
    Ok(Field { lines, loudest, sync: percentile(&sorted(syncs), 50) })
}

/// What all did.
pub(crate) struct Field {
    pub(crate) lines: Vec<Line>,
    /// Processors that others kept busy, at most.
    pub(crate) loudest: f64,
    /// The median of what tmkms leaves out.
    pub(crate) sync: Duration,
}

/// How long it takes to write a state as tmkms does, and to sync it, which tmkms does not: the file before it gets its name,
/// and the folder after.
fn synced_states(folder: &Path, many: usize) -> Result<Vec<Duration>> {
    let state = folder.join("synced-state.json");
    let write = |synced: bool| -> Result<Duration> {
        std::thread::sleep(super::contestant::PAUSE);
        let begin = std::time::Instant::now();
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, &[b'x'; 200])?;
        if synced {
            file.as_file().sync_all()?;
        }
        file.persist(&state)?;
        if synced {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(begin.elapsed())
    };
    (0..many).map(|_| Ok(write(true)?.saturating_sub(write(false)?))).collect()
}

/// What all this takes of the machine.
fn own(contestants: &[Contestant]) -> Result<Duration> {
    contestants
        .iter()
        .try_fold(usage::cpu(std::process::id())?, |sum, one| Ok(sum + usage::cpu(one.process())?))
}

impl Line {
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        micros(percentile(&self.times, percent))
    }

    pub(crate) fn cpu(&self) -> f64 {
        micros(self.cpu) / self.times.len() as f64
    }

    pub(crate) fn resident(&self) -> f64 {
        self.resident as f64 / f64::from(1 << 20)
    }

    pub(crate) fn row(&self) -> Vec<String> {
        let range =
            [self.medians.first(), self.medians.last()].map(|end| end.map_or(0.0, |end| micros(*end)));
        vec![
            self.name().to_owned(),
            self.link().to_owned(),
            format!("{:.0} [{:.0}-{:.0}]", self.percentile(50), range[0], range[1]),
            format!("{:.0}", self.percentile(90)),
            format!("{:.0}", self.percentile(99)),
            format!("{:.0}", self.cpu()),
            format!("{:.1}", self.resident()),
            self.state().to_owned(),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "signer": self.name(),
            "link": self.link(),
            "requests": self.times.len(),
            "p50_us": self.percentile(50),
            "p90_us": self.percentile(90),
            "p99_us": self.percentile(99),
            "medians_of_rounds_us": self.medians.iter().map(|median| micros(*median)).collect::<Vec<_>>(),
            "cpu_us": self.cpu(),
            "resident_mib": self.resident(),
            "state": self.state(),
        })
    }

    fn name(&self) -> &'static str {
        match self.who {
            Who::Bridge => "bridge, without the device's 5 ms",
            Who::Hosted => "bridge, key in a file",
            Who::Tmkms => "tmkms softsign",
            Who::Floor => "floor that only signs",
            Who::FloorOfDevice => "floor behind that device, without its 5 ms",
        }
    }

    fn link(&self) -> &'static str {
        match self.by {
            By::Unix => "unix",
            By::Tcp => "tcp",
            By::Noise => "noise",
        }
    }

    fn state(&self) -> &'static str {
        match self.who {
            Who::Bridge | Who::Hosted => "synced, every signature verified",
            Who::Tmkms => "not synced",
            Who::Floor | Who::FloorOfDevice => "none",
        }
    }
}
