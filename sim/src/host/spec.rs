//! What a host must keep to, apart from how its guard does it.
//!
//! It is told what left and what was sent, and knows neither claims nor ownership nor records but a record's floor.
//!
//! (a) What a spare would begin with is never below a place whose signature a node got, or a mark that the owner approved
//!     at the host's request; and while the host lives, never below what its device signed for it.
//! (b) One statement per place, for ever.
//! (c) No new statement for a node while another one, which has the height, is not gone; and after a block precommit no
//!     other block at that height, but for the only node for which such precommits were asked.
//! (d) A signature that a node gets is over exactly what it asked for, and its device made it.
//!
//! A lowering that the operator confirmed, and the owner approved, ends all of it above the new mark.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use highwater_core::hrs::{Hrs, Step};
use highwater_guard::Moment;

/// A message, by its number among those of the search, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) number: u8,
    pub(super) at: Hrs,
    /// 0 is nil.
    pub(super) block: u8,
}

impl Said {
    fn is_lock(&self) -> bool {
        self.at.step == Step::Precommit && self.block != 0
    }
}

/// What was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// (a) A record would let a spare begin below this.
    Floor {
        /// Where it would begin.
        floor: Hrs,
        /// What left, or was approved, there.
        left: Hrs,
    },
    /// (b) Two statements at one place.
    Two(Hrs),
    /// (c) A node got something new at a height that another one has.
    NotItsHeight(Hrs),
    /// (c) Another block than the locked one.
    Unlocked(Hrs),
    /// (d) No signature of the device over what was asked for.
    NotSigned(Hrs),
    /// Nothing is signed any more, although nothing fell.
    Stuck(String),
}

/// How a node is doing, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Alive {
    up: bool,
    heard: Moment,
    /// Since when it is certainly away.
    away: Option<Moment>,
}

/// What happened at one height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Height {
    /// The node that got the first statement; another one that took over before a block was precommitted.
    owner: Option<u8>,
    /// Nodes for which something was sent while they might have had the height: they may have it.
    sent: u8,
    /// Nodes for which a block precommit was sent. Signed or not, nobody may know; they keep what they had.
    locks: u8,
    /// The last block whose precommit was signed, though maybe nobody got it.
    made: Option<u8>,
    /// Where a block was precommitted last, which, and for which nodes any was.
    lock: Option<(Hrs, u8, u8)>,
}

/// All that happened so far.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// What nodes got.
    got: BTreeMap<Hrs, u8>,
    /// Of those the ones that the record on the disk need not cover: the disk failed, and the chain has one node.
    excused: Vec<Hrs>,
    /// What devices signed, by message: for which nodes.
    made: BTreeMap<u8, u8>,
    /// What was signed above a mark before the owner lowered it: given up, whoever gets it.
    past: BTreeSet<u8>,
    heights: BTreeMap<u64, Height>,
    nodes: [Alive; 2],
    /// The highest mark approved at the host's request.
    approved: Hrs,
    /// The highest place signed for the host since its start.
    signed: Hrs,
}

impl Spec {
    pub(super) fn new(now: Moment) -> Self {
        let alive = Alive { up: false, heard: now, away: Some(now) };
        Self {
            got: BTreeMap::new(),
            excused: Vec::new(),
            made: BTreeMap::new(),
            past: BTreeSet::new(),
            heights: BTreeMap::new(),
            nodes: [alive; 2],
            approved: Hrs::ZERO,
            signed: Hrs::ZERO,
        }
    }

    pub(super) fn link(&mut self, node: u8, up: bool, now: Moment) {
        let alive = &mut self.nodes[usize::from(node)];
        alive.up = up;
        if !up {
            alive.away.get_or_insert(now);
        }
    }

    pub(super) fn heard(&mut self, node: u8, now: Moment) {
        let alive = &mut self.nodes[usize::from(node)];
        (alive.heard, alive.away) = (now, None);
    }

    /// The host starts again: no link is up.
    pub(super) fn restarted(&mut self, now: Moment) {
        self.nodes = [Alive { up: false, heard: now, away: Some(now) }; 2];
        self.signed = Hrs::ZERO;
    }

    /// Gone: away for 5 s. A node whose link is up is away after two ping intervals, unless it waits for an answer.
    fn is_gone(&self, node: u8, waits: bool, now: Moment) -> bool {
        let Alive { up, heard, away } = self.nodes[usize::from(node)];
        let since = match (away, up) {
            (Some(away), _) => away,
            (None, false) => heard,
            (None, true) if waits => return false,
            (None, true) => heard + Duration::from_millis(6_667),
        };
        now.since(since) >= Duration::from_secs(5)
    }

    /// The command for `said` is sent for `node`; `waiting` are nodes that wait for an answer.
    pub(super) fn sent(&mut self, node: u8, said: Said, waiting: u8, now: Moment) -> Result<(), Violation> {
        let height = self.heights.get(&said.at.height.value()).copied().unwrap_or_default();
        // What was given out already may be asked for anew by anybody: the device repeats it.
        let repeat = self.got.get(&said.at) == Some(&said.number);
        if let Some(owner) = height.owner.filter(|owner| *owner != node)
            && height.sent & 1 << node == 0
            && !repeat
            && !self.is_gone(owner, waiting & 1 << owner != 0, now)
        {
            return Err(Violation::NotItsHeight(said.at));
        }
        // It may be signed, and then it may have taken the height, or ended that anybody has it.
        if height.lock.is_none() || said.is_lock() {
            let height = self.heights.entry(said.at.height.value()).or_default();
            height.sent |= 1 << node;
            height.locks |= u8::from(said.is_lock()) << node;
        }
        Ok(())
    }

    /// The device signed it, for this node.
    pub(super) fn signed(&mut self, node: u8, said: Said) {
        *self.made.entry(said.number).or_default() |= 1 << node;
        if said.is_lock() {
            let height = self.heights.entry(said.at.height.value()).or_default();
            // Another node's along with it cannot change the lock.
            if height.lock.is_none_or(|(_, _, nodes)| nodes == 1 << node) {
                height.made = Some(said.block);
            }
        }
        self.signed = self.signed.max(said.at);
    }

    /// A node gets its signature. `excused`: the disk failed, and a chain of one node goes on.
    pub(super) fn got(
        &mut self,
        node: u8,
        said: Said,
        genuine: bool,
        excused: bool,
    ) -> Result<(), Violation> {
        if genuine && self.past.contains(&said.number) && !self.made.contains_key(&said.number) {
            return Ok(());
        }
        let Some(asked) = self.made.get(&said.number).copied().filter(|_| genuine) else {
            return Err(Violation::NotSigned(said.at));
        };
        match self.got.insert(said.at, said.number) {
            Some(before) if before == said.number => return Ok(()),
            Some(_) => return Err(Violation::Two(said.at)),
            None => {}
        }
        if excused {
            self.excused.push(said.at);
        }
        let height = self.heights.entry(said.at.height.value()).or_default();
        if let Some((place, block, nodes)) = height.lock
            && said.at > place
            && said.block != 0
            && said.block != block
            && Some(said.block) != height.made
            && nodes != 1 << node
        {
            return Err(Violation::Unlocked(said.at));
        }
        if height.lock.is_none() {
            // Who asked for it has the height, whoever gets it.
            let owner = if asked & 1 << node != 0 { node } else { asked.trailing_zeros() as u8 };
            (height.owner, height.sent) = (Some(owner), asked | height.locks);
        }
        if said.is_lock() {
            let (place, block, nodes) = height.lock.unwrap_or((said.at, said.block, 0));
            let nodes = nodes | asked;
            height.lock =
                Some(if said.at >= place { (said.at, said.block, nodes) } else { (place, block, nodes) });
            if height.owner.is_some_and(|owner| nodes != 1 << owner) {
                height.owner = None;
            }
        }
        Ok(())
    }

    /// The highest place of which a node got a signature.
    pub(super) fn highest(&self) -> Hrs {
        self.got.keys().next_back().copied().unwrap_or(Hrs::ZERO)
    }

    /// Whether some node got this.
    pub(super) fn has(&self, at: Hrs, number: u8) -> bool {
        self.got.get(&at) == Some(&number)
    }

    /// The owner approved a mark that the host asked for.
    pub(super) fn approved(&mut self, to: Hrs) {
        self.approved = self.approved.max(to);
    }

    /// The operator says that the owner of a height will not come back.
    pub(super) fn owner_released(&mut self) {
        self.heights.values_mut().for_each(|height| height.owner = None);
    }

    /// The owner approved a lowering that the operator confirmed.
    pub(super) fn lowered(&mut self, to: Hrs, messages: &[Said]) {
        let above = |number: &u8| messages.iter().any(|said| said.number == *number && said.at > to);
        let past = self.made.keys().copied().filter(above);
        self.past.extend(past.collect::<Vec<_>>());
        self.made.retain(|number, _| !above(number));
        self.got.retain(|at, _| *at <= to);
        self.heights.retain(|height, _| *height < to.height.value());
        (self.approved, self.signed) = (self.approved.min(to), self.signed.min(to));
    }

    /// At any instant: where a spare would begin by the disk, and by the host that lives.
    pub(super) fn floors(&self, disk: Hrs, host: Hrs) -> Result<(), Violation> {
        let got = self.got.keys().rev().find(|at| !self.excused.contains(at)).copied();
        let left = got.unwrap_or(Hrs::ZERO).max(self.approved);
        if disk < left {
            return Err(Violation::Floor { floor: disk, left });
        }
        let left = self.signed.max(left);
        if host < left {
            return Err(Violation::Floor { floor: host, left });
        }
        Ok(())
    }

    /// All that its next verdicts depend on.
    pub(super) fn fingerprint(&self, now: Moment, state: &mut impl std::hash::Hasher) {
        use std::hash::Hash;

        let age = |moment: Moment| now.since(moment).min(Duration::from_secs(12));
        (&self.got, &self.excused, &self.made, &self.past, &self.heights, self.approved, self.signed)
            .hash(state);
        for Alive { up, heard, away } in self.nodes {
            let heard = away.is_none().then(|| age(heard));
            (up, heard, away.map(|away| now.since(away).min(Duration::from_secs(5)))).hash(state);
        }
    }
}
