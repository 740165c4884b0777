//! Random stories until enough power cuts have happened.

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use crate::Keys;
use crate::driver::Violation;
use crate::script::{Told, play, steps};

/// The sum of all stories so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    /// Stories told.
    pub stories: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Pages that rotted.
    pub rots: u64,
    /// Writes that failed or lied.
    pub faults: u64,
    /// Signatures that left, repeats included.
    pub signatures: u64,
    /// Boots that completed.
    pub recoveries: u64,
    /// Boots after which a chain was unclear.
    pub unclear: u64,
    /// Operations on keys that completed.
    pub key_operations: u64,
    /// Boots after which a chain stood with an imported key.
    pub imported: u64,
    /// Boots after which an imported key was lost.
    pub lost: u64,
    /// Boots after which a chain stood still, since its imported key was lost.
    pub stopped: u64,
}

/// A story with a violation.
#[derive(Debug)]
pub struct Failed {
    /// What was found.
    pub violation: Violation,
    /// The story, as short as it could be made: `script::play` tells it again.
    pub story: Vec<u8>,
    /// Its steps.
    pub steps: Vec<String>,
    /// What was told before.
    pub sum: Sum,
}

/// Plays random stories until `cuts` power cuts have happened; `watch` sees the sum after each.
pub fn run(
    cuts: u64,
    seed: u64,
    keys: impl Fn() -> Keys,
    mut watch: impl FnMut(&Sum),
) -> Result<Sum, Box<Failed>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sum = Sum::default();
    while sum.cuts < cuts {
        let mut story = vec![0; random.random_range(64..4096)];
        random.fill_bytes(&mut story);
        match play(&story, keys()) {
            Ok(told) => sum.add(&told),
            Err(violation) => {
                let story = shortest(story, &keys);
                let steps = steps(&story, keys());
                return Err(Box::new(Failed { violation, story, steps, sum }));
            }
        }
        watch(&sum);
    }
    Ok(sum)
}

/// A shorter story that still fails: without its end, then without what it does not need.
fn shortest(mut story: Vec<u8>, keys: &impl Fn() -> Keys) -> Vec<u8> {
    let fails = |story: &[u8]| play(story, keys()).is_err();
    if !fails(&story) {
        return story;
    }
    let mut step = story.len() / 2;
    while step > 0 {
        let mut at = story.len();
        while at >= step {
            at -= step;
            let without = [&story[..at], &story[at + step..]].concat();
            if fails(&without) {
                story = without;
            }
            at = at.min(story.len());
        }
        step /= 2;
    }
    story
}

impl Sum {
    fn add(&mut self, told: &Told) {
        self.stories += 1;
        self.cuts += told.counts.cuts;
        self.rots += told.counts.rots;
        self.faults += told.counts.faults;
        self.signatures += told.signatures;
        self.recoveries += told.counts.recoveries;
        self.unclear += told.counts.unclear;
        self.key_operations += told.counts.key_operations;
        self.imported += told.counts.imported;
        self.lost += told.counts.lost;
        self.stopped += told.counts.stopped;
    }
}
