//! A disk with the system's cache before it, which is cut or fails at any call.

use std::io::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard};

use highwater_hosted::Disk;
use highwater_sim::Tear;

/// What happens at a write or a sync.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// The process is killed before the call; the cache stays.
    Kill,
    /// Power vanishes: the cache is lost, and of what was not synced the disk has this.
    Power(Tear),
    /// The call fails, and the process goes on. Of a failed sync the system believes that all is written.
    Fails(Tear),
}

/// Cells as the system shows them, and as they stand on the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) cache: Vec<[u8; 64]>,
    disk: Vec<[u8; 64]>,
    unsynced: Vec<usize>,
    /// Writes and syncs so far.
    pub(crate) calls: u32,
    pub(crate) plan: Vec<(u32, Cut)>,
    /// Reads until one fails.
    pub(crate) reads: Option<u32>,
    dead: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Platter(Arc<Mutex<State>>);

impl Platter {
    pub(crate) fn new(cells: Vec<[u8; 64]>) -> Self {
        let state = State { disk: cells.clone(), cache: cells, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The same disk for another machine.
    pub(crate) fn copy(&self) -> Self {
        let mut state = self.state().clone();
        (state.calls, state.plan, state.dead) = (0, Vec::new(), false);
        Self(Arc::new(Mutex::new(state)))
    }

    /// Another process, on the cache that there is.
    pub(crate) fn restart(&self) {
        self.state().dead = false;
    }

    /// What stands if power vanishes now.
    pub(crate) fn without_power(&self) -> Self {
        let copy = self.copy();
        copy.state().forget();
        copy
    }
}

impl State {
    fn forget(&mut self) {
        self.cache.clone_from(&self.disk);
        self.unsynced.clear();
    }

    /// The cut of this call, if it is the one.
    fn call(&mut self) -> Result<Option<Cut>> {
        let now = self.calls;
        self.calls += 1;
        let cut = self.plan.iter().find(|(at, _)| *at == now).map(|(_, cut)| *cut);
        self.dead |= matches!(cut, Some(Cut::Kill | Cut::Power(_)));
        if self.dead && cut.is_none() { Err(Error::other("dead")) } else { Ok(cut) }
    }

    /// The disk as far as the cache came to it.
    fn write_back(&mut self, tear: Tear) {
        for at in std::mem::take(&mut self.unsynced) {
            // What does not change stays as it is, as everybody expects of a disk who writes a file in place.
            if self.disk[at] != self.cache[at] {
                self.disk[at] = tear.of(&self.disk[at], &self.cache[at]);
            }
        }
    }
}

impl Disk for Platter {
    fn size(&self) -> Result<u64> {
        Ok(self.state().cache.len() as u64 * 64)
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> Result<()> {
        let mut state = self.state();
        let fails = state.reads == Some(0);
        state.reads = state.reads.map(|left| left.saturating_sub(1)).filter(|_| !fails);
        if fails || state.dead {
            return Err(Error::other("no read"));
        }
        let cells = &state.cache[at as usize / 64..];
        bytes.chunks_mut(64).zip(cells).for_each(|(bytes, cell)| bytes.copy_from_slice(cell));
        Ok(())
    }

    fn write(&self, bytes: &[u8], at: u64) -> Result<()> {
        let mut state = self.state();
        let cut = state.call()?;
        if let Some(Cut::Kill) = cut {
            return Err(Error::other("killed"));
        }
        let torn = if let Some(Cut::Fails(tear)) = cut { tear } else { Tear::New };
        for (at, new) in (at as usize / 64..).zip(bytes.as_chunks::<64>().0) {
            if state.cache[at] != *new {
                state.cache[at] = torn.of(&state.cache[at], new);
            }
            state.unsynced.push(at);
        }
        match cut {
            None => return Ok(()),
            Some(Cut::Power(tear)) => {
                state.write_back(tear);
                state.forget();
            }
            Some(_) => {}
        }
        Err(Error::other("cut in a write"))
    }

    fn sync(&self) -> Result<()> {
        let mut state = self.state();
        match state.call()? {
            None => {
                state.write_back(Tear::New);
                return Ok(());
            }
            Some(Cut::Kill) => {}
            Some(Cut::Power(tear)) => {
                state.write_back(tear);
                state.forget();
            }
            Some(Cut::Fails(tear)) => state.write_back(tear),
        }
        Err(Error::other("cut in a sync"))
    }
}
