//! How the logins of this process to one store ended. A token locks itself after a few wrong PINs, so a PIN that it refused is not
//! given again, however late it refused; and no second login is begun while the first one may still be refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::KeyFault;
use crate::Fault;

/// What is known of the logins to one store. Its clones know the same.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    state: Arc<Mutex<State>>,
    /// So long a login that was not answered is waited for, before another one is begun.
    alone: Duration,
}

#[derive(Debug, Default)]
struct State {
    denied: Option<KeyFault>,
    /// The newest: since when, and whether it is under way.
    newest: Option<(Instant, Weak<()>)>,
}

/// A login that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Login {
    state: Arc<Mutex<State>>,
    _under_way: Arc<()>,
}

impl Logins {
    /// Where each login counts, a login that was not answered is waited for so long.
    pub fn one_in(alone: Duration) -> Self {
        Self { alone, ..Self::default() }
    }

    /// The store refused: it is not asked again.
    pub fn deny(&self, why: &KeyFault) {
        locked(&self.state).denied.get_or_insert_with(|| why.clone());
    }

    /// How the store refused, if it did.
    pub fn denied(&self) -> Option<KeyFault> {
        locked(&self.state).denied.clone()
    }

    /// A login begins.
    ///
    /// # Errors
    /// *Denied* if one was refused before; *absent* while one is not answered.
    pub(super) fn begin(&self) -> Result<Login, KeyFault> {
        // What a login says at its end comes before or after all of this.
        let mut state = locked(&self.state);
        if let Some(denied) = &state.denied {
            return Err(denied.clone());
        }
        if let Some((since, under_way)) = &state.newest
            && under_way.strong_count() > 0
            && since.elapsed() < self.alone
        {
            return Err(KeyFault::Absent("the login before is not answered yet".to_owned()));
        }
        let under_way = Arc::new(());
        state.newest = Some((Instant::now(), Arc::downgrade(&under_way)));
        Ok(Login { state: self.state.clone(), _under_way: under_way })
    }
}

impl Login {
    /// The answer, also one that nobody waits for any more.
    pub(super) fn answered<S>(self, answer: &Result<S, Fault>) {
        if let Err(Fault::Keys(denied @ KeyFault::Denied(_))) = answer {
            locked(&self.state).denied.get_or_insert_with(|| denied.clone());
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
