//! Which record is given out to be written, and what waits for it.

use crate::guard::Guard;
use crate::io::{Output, Seq, When};
use crate::record::Record;

impl Guard {
    /// Gives the record out to be written, if that is needed. Returns the number that says it is on the disk.
    pub(crate) fn store(&mut self, when: When) -> Seq {
        let mut file = self.claims.on_file(&self.record, self.settings.one_node);
        file.stopped = file.stopped.or(self.adopting.and_then(|adopting| adopting.stopped));
        let covered = covers(&self.file, &file, self.settings.one_node);
        let needed = match when {
            When::BeforeReply => !covered || self.loosened,
            When::Later => self.file != file,
        };
        if needed {
            self.given = Seq(self.given.0 + 1);
            match when {
                When::BeforeReply => (self.urgent, self.loosened) = (self.given, false),
                // Nobody waits for it, so what it says must not be taken for what is on the disk.
                When::Later => {
                    self.loosened |= !covered || !covers(&file, &self.file, self.settings.one_node);
                }
            }
            self.file = file.clone();
            self.outputs.push_back(Output::Store { seq: self.given, record: Box::new(file), when });
        }
        self.urgent
    }

    /// The record as it stands now, with what is claimed counted as signed.
    pub fn record(&self) -> Record {
        self.claims.on_file(&self.record, false)
    }

    /// The last record that something waits for.
    pub fn urgent(&self) -> Seq {
        self.urgent
    }

    /// Whether the newest record that something waits for is on the disk, or could not be written.
    pub fn is_settled(&self, seq: Seq) -> Option<bool> {
        match () {
            () if self.durable >= seq => Some(true),
            () if self.tried >= seq => Some(false),
            () => None,
        }
    }
}
/// Whether a file that says `written` needs no further write before a reply that needs `needed` on the disk.
///
/// With one node the lock is that node's own knowledge, and a round is written once.
fn covers(written: &Record, needed: &Record, one_node: bool) -> bool {
    let known = written.highest_requested >= needed.highest_requested
        && (written.intention, written.stopped, written.incarnation, written.begins_above)
            == (needed.intention, needed.stopped, needed.incarnation, needed.begins_above);
    known && (one_node || written.ownership == needed.ownership)
}
