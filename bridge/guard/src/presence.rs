//! Which nodes are alive.
//!
//! A link alone is no sign of life: the kernel accepts connections for a process that hangs. Alive is a node whose link
//! is up and that sent something within two ping intervals, or that waits for an answer of ours: it sends no ping then
//! (CometBFT `privval/signer_listener_endpoint.go`). A reconnect alone gives no grace.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::moment::Moment;
use crate::ownership::OwnerIs;
use crate::request::Node;

/// Two ping intervals of 10/3 s.
const TWO_PINGS: Duration = Duration::from_millis(6_667);

/// A node asks for one message no longer than this: 50 times 5 s (CometBFT `privval/retry_signer_client.go`).
pub(crate) const LONGEST: Duration = Duration::from_secs(255);

/// An owner that is away for so long has lost its height.
const GRACE: Duration = Duration::from_secs(5);

/// The owner of a height whose link is down for so long has lost the height.
pub const OWNER_DOWN: Duration = GRACE;

/// The owner of a height that sends nothing for so long, and waits for no answer, has lost the height.
pub const OWNER_SILENT: Duration = TWO_PINGS.saturating_add(GRACE);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Seen {
    up: bool,
    /// When it last sent something.
    heard: Moment,
    /// When its link first went down since then.
    down: Option<Moment>,
    /// Since when it waits for an answer.
    waits: Option<Moment>,
}

/// What is known of each node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Presence {
    /// When this process began: no link is up then, and owners get their grace from here.
    began: Moment,
    nodes: BTreeMap<Node, Seen>,
}

impl Presence {
    pub(crate) fn new(began: Moment) -> Self {
        Self { began, nodes: BTreeMap::new() }
    }

    fn of(&mut self, node: &Node) -> &mut Seen {
        let new = Seen { up: false, heard: self.began, down: Some(self.began), waits: None };
        self.nodes.entry(node.clone()).or_insert(new)
    }

    /// The link came up, or went down.
    pub(crate) fn link(&mut self, node: &Node, up: bool, now: Moment) {
        let seen = self.of(node);
        seen.up = up;
        if !up {
            seen.waits = None;
            seen.down.get_or_insert(now);
        }
    }

    /// A message came.
    pub(crate) fn heard(&mut self, node: &Node, now: Moment) {
        let seen = self.of(node);
        (seen.heard, seen.down) = (now, None);
    }

    /// The node waits for an answer, or has it.
    pub(crate) fn waits(&mut self, node: &Node, since: Option<Moment>) {
        self.of(node).waits = since;
    }

    /// What is known, by ages; see [`Guard::fingerprint`](crate::Guard::fingerprint).
    pub(crate) fn fingerprint(&self, now: Moment, state: &mut impl Hasher) {
        now.since(self.began).min(GRACE).hash(state);
        for (node, Seen { up, heard, down, waits }) in &self.nodes {
            let down = down.map(|down| now.since(down).min(GRACE));
            // Of a node whose link went down before it was heard again the rest does not count.
            let heard = down.is_none().then(|| now.since(*heard).min(TWO_PINGS + GRACE));
            let waits = waits.map(|since| now.since(since).min(LONGEST + GRACE));
            (node, up, heard, down, waits).hash(state);
        }
    }

    /// How long a node has sent nothing although its link is up and it waits for no answer of ours. Before its first word it
    /// counts from the beginning: a new link is no sign of life.
    pub(crate) fn silence(&self, node: &Node, now: Moment) -> Option<Duration> {
        let seen = self.nodes.get(node).filter(|seen| seen.up)?;
        let waits = seen.waits.is_some_and(|since| now < since + LONGEST);
        (!waits).then(|| now.since(seen.heard))
    }

    /// How `node`, which has a height, is doing. One that is not of the configuration any more is away.
    pub(crate) fn owner(&self, node: &Node, now: Moment) -> OwnerIs {
        let away_since = match self.nodes.get(node) {
            None => self.began,
            Some(Seen { down: Some(down), .. }) => *down,
            Some(Seen { up: false, heard, .. }) => *heard,
            Some(Seen { heard, waits, .. }) => {
                let waits_until = waits.map_or(Moment::BEGIN, |since| since + LONGEST);
                (*heard + TWO_PINGS).max(waits_until)
            }
        };
        match now {
            now if now < away_since => OwnerIs::Alive,
            now if now < away_since + GRACE => OwnerIs::InGrace,
            _ => OwnerIs::Gone,
        }
    }
}
