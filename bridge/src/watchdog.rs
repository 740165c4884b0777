//! The service manager's watchdog: it hears that all is well only while that is so, and else restarts the daemon.
//!
//! Three parts can hang without dying. The runtime proves its life by running the task that feeds the watchdog; the device's
//! task, and with it the thread of a cable that blocks, proves its own by a [`Heartbeat`]; the signer's task answers a
//! question. A device that does not answer is no hang: each exchange has a deadline, and the heart beats on.
//!
//! Of several devices one may hang while the others sign. To restart the daemon would take their chains along, again and
//! again where the cable hangs again, so the watchdog starves once none of them lives. Of one that hangs the log tells, and so
//! does whoever is asked how the daemon is.
//!
//! The manager is also told the first line of `highwater status`, which `systemctl status` shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;

use crate::advice;
use crate::device::LONG_DEADLINE;
use crate::log::Kind;

/// Where a service manager listens.
const MANAGER: &str = "NOTIFY_SOCKET";

/// A thread that lives beats at least this often: the longest exchange, with room for a machine that is slow.
const LONGEST: Duration = LONG_DEADLINE.saturating_add(Duration::from_secs(5));

/// A thread's sign of life, to be given each time round its loop and around whatever may take long; clones share it.
#[derive(Debug, Clone)]
pub struct Heartbeat(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    since: Instant,
    /// The last beat, milliseconds since then.
    last: AtomicU64,
}

impl Heartbeat {
    /// Begins with a beat.
    pub fn new() -> Self {
        Self::at(Instant::now())
    }

    fn at(now: Instant) -> Self {
        Self(Arc::new(Inner { since: now, last: AtomicU64::new(0) }))
    }

    /// The thread lives.
    pub fn beat(&self) {
        self.beat_at(Instant::now());
    }

    fn beat_at(&self, now: Instant) {
        self.0.last.store(millis(now.saturating_duration_since(self.0.since)), Ordering::Relaxed);
    }

    /// How long ago it beat last.
    pub fn age(&self, now: Instant) -> Duration {
        let beat = self.0.since + Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        now.saturating_duration_since(beat)
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a thread whose heart beat so long ago still goes round its loop.
fn lives(age: Duration) -> bool {
    age <= LONGEST
}

/// The verdict that the manager shows is looked at so often, and told if it is another one.
const STATUS: Duration = Duration::from_secs(2);

/// A device, and what signs with it.
#[derive(Debug)]
pub struct Watched<S> {
    /// The device's name, if it has one.
    pub name: Option<String>,
    /// Of the device's task.
    pub heart: Heartbeat,
    /// Gives what ends when the signer's task has answered.
    pub signer: S,
}

impl<S> Watched<S> {
    /// What hangs, and for how long; `None`: nothing does.
    async fn hung<A: Future<Output = ()>>(&self, now: Instant, patience: Duration) -> Option<(Part, Duration)>
    where
        S: Fn() -> A,
    {
        let answered = tokio::time::timeout(patience, (self.signer)()).await.is_ok();
        let age = self.heart.age(now);
        match (lives(age), answered) {
            (true, true) => None,
            (false, _) => Some((Part::Device, age)),
            (true, false) => Some((Part::Signer, patience)),
        }
    }
}

/// What may hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The thread of a device.
    Device,
    /// The task of a signer.
    Signer,
}

/// Tells the service manager, if there is one, that the daemon is ready, and then that it is alive for as long as it is:
/// twice in the time after which the manager would restart it. Runs until it is dropped.
pub async fn serve<A: Future<Output = ()>, S: Fn() -> A>(devices: Vec<Watched<S>>) {
    tell(NotifyState::Ready).await;
    // 0 is not a time; the manager means that it does not watch.
    if let Some(patience) = sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero()) {
        feed(patience / 2, &devices, || tell(NotifyState::Watchdog)).await;
    }
}

/// Tells the service manager, if there is one, how the daemon fares, in one line. Runs until it is dropped.
pub async fn tell_status<F: Future<Output = String>>(verdict: impl Fn() -> F) {
    if std::env::var_os(MANAGER).is_some() {
        follow(STATUS, verdict, say).await;
    }
}

/// Says each line that differs from the last one.
async fn follow<F, S>(every: Duration, line: impl Fn() -> F, mut say: impl FnMut(String) -> S)
where
    F: Future<Output = String>,
    S: Future<Output = ()>,
{
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = String::new();
    loop {
        ticks.tick().await;
        // A line is one line: what a node or a file has in it ends no statement of the manager's protocol.
        let now = line().await.replace(|c: char| c.is_control(), " ");
        if now != last {
            say(now.clone()).await;
            last = now;
        }
    }
}

async fn say(line: String) {
    let _ = tokio::task::spawn_blocking(move || sd_notify::notify(&[NotifyState::Status(&line)])).await;
}

/// Tells the service manager that the daemon ends.
pub fn stopping() {
    tokio::spawn(tell(NotifyState::Stopping));
}

/// Not on the runtime's thread: the manager's socket may be full.
async fn tell(state: NotifyState<'static>) {
    // Without a service manager there is nobody to tell; one that cannot be told draws its own conclusions.
    let _ = tokio::task::spawn_blocking(move || sd_notify::notify(&[state])).await;
}

/// A meal for each `every`, while a device lives, and what signs with it.
async fn feed<A: Future<Output = ()>, S: Fn() -> A, F: Future<Output = ()>>(
    every: Duration,
    devices: &[Watched<S>],
    mut meal: impl FnMut() -> F,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = vec![false; devices.len()];
    loop {
        let now = ticks.tick().await.into_std();
        let all = join_all(devices.iter().map(|device| device.hung(now, every / 2))).await;
        if all.iter().any(Option::is_none) {
            meal().await;
        }
        for ((device, hung), told) in devices.iter().zip(all).zip(&mut told) {
            match hung {
                None => *told = false,
                Some((part, age)) if !std::mem::replace(told, true) => {
                    let text = advice::hung(part, age, devices.len() > 1);
                    tracing::error!(kind = %Kind::DaemonHung, device = device.name.as_deref(), "{text}");
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::{Mutex, mpsc};
    use std::thread;

    use tokio::time::{Instant as Given, advance, sleep};

    use super::*;
    use crate::device::{Device, Transport, TransportError};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_device_s_task_beats_while_no_device_is_there_and_not_while_its_cable_is_held_up() {
        let (tell, opening) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let opener = move || -> Result<Box<dyn Transport>, TransportError> {
            tell.send(()).unwrap();
            // As a cable that takes a command and never returns.
            let _ = held.recv();
            Err(TransportError::Absent(crate::device::Absence::NoLedger))
        };
        let (device, _died) = Device::start(Box::new(opener)).unwrap();
        let heart = device.heartbeat();
        let last = || heart.0.last.load(Ordering::Relaxed);
        opening.recv().unwrap();
        let before = last();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(last(), before, "a thread that hangs gives no sign of life");
        drop(release);
        let until = Instant::now() + Duration::from_secs(20);
        while last() <= before {
            assert!(Instant::now() < until, "it goes round its loop again");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_thread_lives_through_the_longest_exchange_and_no_longer_than_a_little_more() {
        let start = Instant::now();
        let heart = Heartbeat::at(start);
        let after = |seconds| lives(heart.age(start + Duration::from_secs(seconds)));
        assert!(after(0) && after(15) && after(20));
        assert!(!after(21) && !after(3_600));
        heart.clone().beat_at(start + Duration::from_secs(3_600));
        assert!(after(3_600) && after(3_620) && !after(3_621));
        assert!(after(0), "a beat that is later than now is none too old");
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_is_fed_while_the_heart_beats_starves_while_it_does_not_and_is_fed_again() {
        let heart = Heartbeat::at(Given::now().into_std());
        let fed = Arc::new(Mutex::new(Vec::new()));
        let (begun, thread, meals) = (Given::now(), heart.clone(), fed.clone());
        let feeding = tokio::spawn(async move {
            let note = || {
                meals.lock().unwrap().push(begun.elapsed().as_secs());
                ready(())
            };
            feed(Duration::from_secs(5), &[alone(thread)], note).await;
        });
        sleep(Duration::from_secs(42)).await;
        assert_eq!(
            *fed.lock().unwrap(),
            [0, 5, 10, 15, 20],
            "20 s is the longest that a thread may be silent"
        );
        heart.beat_at(Given::now().into_std());
        sleep(Duration::from_secs(10)).await;
        assert_eq!(fed.lock().unwrap()[5..], [45, 50]);
        // The runtime stood still: the meals it missed are not made up for.
        advance(Duration::from_secs(17)).await;
        heart.beat_at(Given::now().into_std());
        sleep(Duration::from_secs(6)).await;
        assert_eq!(fed.lock().unwrap().len(), 9, "{:?}", fed.lock().unwrap());
        feeding.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_signer_that_does_not_answer_any_more_starves_the_watchdog_and_one_that_does_again_feeds_it() {
        let heart = Heartbeat::at(Given::now().into_std());
        let (begun, meals) = (Given::now(), Arc::new(Mutex::new(Vec::new())));
        let (thread, noted) = (heart.clone(), meals.clone());
        // It hangs from 12 s to 43 s.
        let signer = move || async move {
            if (12..43).contains(&begun.elapsed().as_secs()) {
                std::future::pending::<()>().await;
            }
        };
        let beats = tokio::spawn(async move {
            loop {
                heart.beat_at(Given::now().into_std());
                sleep(Duration::from_secs(1)).await;
            }
        });
        let feeding = tokio::spawn(async move {
            let note = || {
                noted.lock().unwrap().push(begun.elapsed().as_secs());
                ready(())
            };
            feed(Duration::from_secs(10), &[Watched { name: None, heart: thread, signer }], note).await;
        });
        sleep(Duration::from_secs(62)).await;
        assert_eq!(*meals.lock().unwrap(), [0, 10, 50, 60], "the manager's 20 s are over at 30 s");
        feeding.abort();
        beats.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn the_manager_is_told_how_it_fares_once_for_each_change_and_in_one_line() {
        let (begun, said) = (Given::now(), Arc::new(Mutex::new(Vec::new())));
        let line = move || {
            let word =
                if begun.elapsed() < Duration::from_secs(9) { "SIGNING" } else { "NOT\nSIGNING\u{1b}[0m" };
            ready(word.to_owned())
        };
        let lines = said.clone();
        let following = tokio::spawn(async move {
            let say = |line| {
                lines.lock().unwrap().push(line);
                ready(())
            };
            follow(STATUS, line, say).await;
        });
        sleep(Duration::from_secs(30)).await;
        assert_eq!(*said.lock().unwrap(), ["SIGNING", "NOT SIGNING [0m"]);
        following.abort();
    }

    fn alone(heart: Heartbeat) -> Watched<impl Fn() -> std::future::Ready<()>> {
        Watched { name: None, heart, signer: || ready(()) }
    }

    #[tokio::test(start_paused = true)]
    async fn one_device_of_several_that_hangs_starves_nobody_and_all_of_them_do() {
        let hearts = ["a", "b"].map(|_| Heartbeat::at(Given::now().into_std()));
        let fed = Arc::new(Mutex::new(Vec::new()));
        let (begun, devices, meals) = (Given::now(), hearts.clone().map(alone), fed.clone());
        let feeding = tokio::spawn(async move {
            let note = || {
                meals.lock().unwrap().push(begun.elapsed().as_secs());
                ready(())
            };
            feed(Duration::from_secs(5), &devices, note).await;
        });
        for _ in 0..4 {
            sleep(Duration::from_secs(10)).await;
            hearts[1].beat_at(Given::now().into_std());
        }
        // The first has been silent for 40 s, the second since then.
        sleep(Duration::from_secs(60)).await;
        assert_eq!(*fed.lock().unwrap(), (0..=12).map(|meal| 5 * meal).collect::<Vec<u64>>());
        feeding.abort();
    }
}
