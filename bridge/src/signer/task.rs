//! The task that owns the guards of all chains of a device.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use highwater_core::apdu::{Reply, Status};
use highwater_guard::{Id, Input, Moment, NoReply, Output, Seq, Shown, Slot, View, When};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::chain::{Chain, WaitsForDisk};
use super::schedule::{Schedule, Turn};
use super::{Message, NotSaid, Said, Served, Word};
use crate::admin::Counters;
use crate::device::{self, Device, Seen, SlotState, Ticket};
use crate::log::Kind;
use crate::store::{ChainFile, Done, Pin, Pins, Writer};

/// A pin that could not be written is tried again after this.
const PIN_AGAIN: Duration = Duration::from_secs(5);

pub(super) struct Task {
    began: Instant,
    chains: Vec<Chain>,
    device: Device,
    /// As it was last seen.
    epoch: u64,
    /// A command is on the cable.
    busy: bool,
    schedule: Schedule,
    writer: Writer,
    /// Records for the writer, in their order.
    records: Vec<(usize, ChainFile, Seq, When)>,
    state_dir: PathBuf,
    /// This task's own inbox.
    task: mpsc::UnboundedSender<Message>,
    /// Who waits for the end.
    draining: Option<oneshot::Sender<()>>,
}

impl Task {
    pub(super) fn new(
        name: Option<Arc<str>>,
        served: Vec<Served>,
        device: Device,
        writer: Writer,
        counters: Counters,
        state_dir: PathBuf,
        task: mpsc::UnboundedSender<Message>,
    ) -> Self {
        let chain = |served| Chain::new(served, name.clone(), counters.clone(), Moment::BEGIN);
        let chains: Vec<_> = served.into_iter().map(chain).collect();
        Self {
            began: Instant::now(),
            schedule: Schedule::new(chains.len()),
            chains,
            device,
            epoch: 0,
            busy: false,
            writer,
            records: Vec::new(),
            state_dir,
            task,
            draining: None,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        loop {
            let at = self.wake_at();
            tokio::select! {
                biased;
                message = inbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => return,
                },
                () = sleep_until(at.unwrap_or_else(Instant::now)), if at.is_some() => self.tick(),
            }
            // Everything that has come is taken in before the next command goes out.
            while let Ok(message) = inbox.try_recv() {
                self.take(message);
            }
            self.go_on();
            // The command and the replies leave first: what follows wakes other threads, and they would take the processor
            // from device and node.
            yield_now().await;
            self.write_and_tell();
            if !self.busy
                && let Some(done) = self.draining.take()
            {
                return self.end(done).await;
            }
        }
    }

    /// The device's task ends first, then the state files are written, and then it is said.
    async fn end(self, done: oneshot::Sender<()>) {
        let Self { chains, device, writer, .. } = self;
        device.finish();
        // The thread writes what is left; the disk may take a while.
        let _ = tokio::task::spawn_blocking(move || drop(writer)).await;
        for chain in chains {
            let last = chain.last_signed().map_or_else(|| "nothing".to_owned(), |hrs| hrs.to_string());
            tracing::info!(kind = %Kind::DaemonStopped, chain = chain.id, last, "stopped");
        }
        let _ = done.send(());
    }

    fn now(&self) -> Moment {
        Moment::after(self.began.elapsed())
    }

    fn wake_at(&self) -> Option<Instant> {
        let at = self.chains.iter().filter_map(Chain::timeout).min()?;
        // A little later, so that it has passed then.
        Some(self.began + at.since(Moment::BEGIN) + Duration::from_millis(1))
    }

    fn tick(&mut self) {
        let now = self.now();
        for chain in &mut self.chains {
            chain.guard.handle(now, Input::Tick);
        }
    }

    fn handle(&mut self, chain: usize, input: Input<'_>) {
        let now = self.now();
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.guard.handle(now, input);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Ask { chain, id, node, request, answer } => {
                let now = self.now();
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.asks(id, request.hrs, answer, now);
                }
                self.handle(chain, Input::Request { id, node, request });
            }
            Message::HungUp { chain, id } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.hung_up(id);
                }
                self.handle(chain, Input::HungUp(id));
            }
            Message::Unreachable { chain, node, text, cut } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.unreachable(&node, text, cut);
                }
            }
            Message::Link { chain, node, up } => {
                let now = self.now();
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.link(&node, up, now);
                }
                self.handle(chain, Input::Link { node, up });
            }
            Message::OnChain { chain, told } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.on_chain(told);
                }
            }
            Message::Refused { chain, node, kind, text } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.refused_on_link(node, kind, text);
                }
            }
            Message::Heard { chain, node } => self.handle(chain, Input::Heard(node)),
            Message::Device(event) => self.device(event),
            Message::Disk(Done { chain, seq, written }) => {
                let now = self.now();
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.disk(seq, &written, now);
                }
                let input = if written.is_ok() { Input::Stored(seq) } else { Input::NotStored(seq) };
                self.handle(chain, input);
            }
            Message::Pinned { chain, installation } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.adopted(installation);
                }
                self.handle(chain, Input::Pinned(installation));
            }
            Message::Unpinned { chain } => {
                if let Some(chain) = self.chains.get_mut(chain) {
                    chain.unpinned();
                }
            }
            Message::Views(answer) => {
                // Who looks sees whatever was answered before.
                self.chains.iter_mut().for_each(Chain::tell);
                let now = self.now();
                let _ = answer.send(self.chains.iter().map(|chain| chain.view(now)).collect());
            }
            Message::Word { chain, word, answer } => self.word(chain, word, answer),
            Message::Drain(done) => {
                self.draining = Some(done);
                for chain in 0..self.chains.len() {
                    self.handle(chain, Input::Drain);
                }
            }
        }
    }

    fn device(&mut self, event: device::Event) {
        match event {
            device::Event::Seen(seen) => {
                self.epoch = seen.epoch;
                for chain in 0..self.chains.len() {
                    self.chains[chain].seen(&seen);
                    let view = view(&seen, &self.chains[chain].id);
                    self.handle(chain, Input::Seen(view));
                }
            }
            device::Event::Replied { ticket, result } => {
                self.busy = false;
                let (id, now) = (Id(ticket.request), self.now());
                if result.is_ok()
                    && let Some(chain) = self.chains.get_mut(ticket.chain)
                {
                    chain.replied(id, now);
                }
                match result {
                    Ok(reply) => {
                        let (data, word) = Reply::split(&reply).unwrap_or((&[], 0));
                        let status = Status::from_word(word);
                        self.handle(ticket.chain, Input::Reply { id, status, data });
                    }
                    Err(device::NoReply { sent, fault }) => {
                        let fault = fault.to_guard();
                        self.handle(ticket.chain, Input::NoReply { id, sent, fault });
                    }
                }
            }
        }
    }

    fn word(&mut self, number: usize, word: Word, answer: oneshot::Sender<Result<Said, NotSaid>>) {
        let Some(chain) = self.chains.get_mut(number) else {
            let _ = answer.send(Err(NotSaid::NotServed));
            return;
        };
        let mut said = Said::default();
        let seq = match word {
            Word::Intend { to, below } => chain.guard.intend(to, below).map_err(NotSaid::Below),
            Word::ForgetIntention => Ok(chain.guard.forget_intention()),
            Word::Settle => Ok(chain.guard.urgent()),
            Word::Adopt(installation) => chain.guard.adopt(installation).map_err(NotSaid::NotAdopted),
            Word::ReleaseOwner => {
                let (owner, seq) = chain.guard.release_owner();
                chain.owner_released();
                said.owner = owner;
                Ok(seq)
            }
        };
        match seq {
            Ok(seq) => {
                let adopts = matches!(word, Word::Adopt(_));
                chain.waiting.push(WaitsForDisk { seq, said, adopts, answer });
            }
            Err(not_said) => drop(answer.send(Err(not_said))),
        }
        // What was said may answer a request.
        self.handle(number, Input::Tick);
    }

    /// Does what the guards want done, and sends the next command if the cable is free.
    fn go_on(&mut self) {
        self.pump();
        let now = self.now();
        while !self.busy {
            let Self { schedule, chains, .. } = self;
            match schedule.next(now, |chain| chains[chain].guard.next(now)) {
                None => return,
                Some(Turn::GiveWay(chain)) => self.chains[chain].guard.give_way(),
                Some(Turn::Of(chain)) => {
                    let Some(command) = self.chains[chain].guard.command(now) else { return };
                    self.chains[chain].sent(command.id, &command.apdu, now);
                    let ticket = Ticket { chain, request: command.id.0 };
                    self.device.sign(command.apdu, ticket, self.epoch);
                    self.busy = true;
                    // The record is written beside the device's work.
                    self.pump();
                }
            }
        }
    }

    fn pump(&mut self) {
        let now = self.now();
        for (number, chain) in self.chains.iter_mut().enumerate() {
            while let Some(output) = chain.guard.output() {
                match output {
                    Output::Store { seq, record, when } => {
                        if when == When::BeforeReply {
                            chain.writes(seq, now);
                        }
                        let file = ChainFile { chain: chain.id.clone(), key: chain.key, record: *record };
                        self.records.push((number, file, seq, when));
                    }
                    Output::Answer(answer) => chain.answer(*answer, now),
                    Output::Pin(installation) => {
                        // A pin that stands says by itself whether its key was imported.
                        let pin = Pin { key: chain.key, installation, imported: false };
                        tokio::spawn(pinned(
                            number,
                            chain.id.clone(),
                            pin,
                            self.state_dir.clone(),
                            self.task.clone(),
                        ));
                    }
                    Output::Distrust => self.device.distrust(),
                    Output::Event(event) => chain.event(&event),
                }
            }
            chain.watch_disk(now);
            if !chain.waiting.is_empty() {
                chain.answer_waiting();
            }
        }
    }

    /// Has the records written, and says what became of the requests.
    fn write_and_tell(&mut self) {
        for (chain, file, seq, when) in self.records.drain(..) {
            self.writer.write(chain, file, seq, when);
        }
        self.chains.iter_mut().for_each(Chain::tell);
    }
}

/// Pins a chain to the installation that takes it over, however often it has to be tried, and says so.
async fn pinned(
    number: usize,
    chain: String,
    pin: Pin,
    state_dir: PathBuf,
    task: mpsc::UnboundedSender<Message>,
) {
    loop {
        let (id, dir) = (chain.clone(), state_dir.clone());
        let written = tokio::task::spawn_blocking(move || Pins::load(&dir)?.adopt(&id, pin)).await;
        match written {
            Ok(Ok(())) => break,
            Ok(Err(error)) => tracing::error!(kind = %Kind::ChainUnpinned, chain, "{error}"),
            Err(error) => tracing::error!(kind = %Kind::ChainUnpinned, chain, "{error}"),
        }
        // The task ends with the process.
        let _ = task.send(Message::Unpinned { chain: number });
        tokio::time::sleep(PIN_AGAIN).await;
    }
    let _ = task.send(Message::Pinned { chain: number, installation: pin.installation });
}

/// What a chain is shown of the device.
fn view(seen: &Seen, chain: &str) -> View {
    let Some(session) = &seen.session else {
        return View::Away(seen.fault.as_ref().map_or(NoReply::Away, device::Fault::to_guard));
    };
    let slot = session.chain(chain).map(|slot| Slot {
        armed: slot.state == SlotState::Armed,
        incarnation: slot.incarnation,
        mark: slot.mark.0,
    });
    View::Here(Shown {
        installation: session.installation,
        slot,
        epoch: seen.epoch,
        longest: session.target.longest(),
    })
}
