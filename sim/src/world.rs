//! The signer and its simulated world, as one device.

use highwater_core::apdu::Reply;
use highwater_core::env::{
    Cell, Crypto, CryptoFailed, Device, Diagnostics, Erases, Flash, Life, Streaming, WriteFailed,
};
use highwater_core::journal::{Precommitted, Signable};
use highwater_core::rings::Rings;
use highwater_core::signer::{Prompt, Signer};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use crate::stream::{self, Stream};
use crate::{Keys, Medium, Owner, RINGS, audit};

/// How a derivation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derives {
    /// As it should.
    Well,
    /// It fails.
    Not,
    /// It says that it went well, and a bit of its result is wrong.
    Wrong(u8),
}

/// Flash, keys and PIN: what the signer stands on.
#[derive(Debug)]
pub struct World {
    /// The pages.
    pub medium: Medium,
    /// The keys.
    pub keys: Keys,
    /// Whether the PIN is validated.
    pub unlocked: bool,
    /// Whether the guard word under the stack is intact.
    pub stack_intact: bool,
    /// SHA-256 calls so far.
    pub hashes: u32,
    /// Where random bytes come from: the system, or a seed that makes a run repeatable.
    pub random: Option<StdRng>,
    /// The first signature that was made before its mark stood in flash twice, read back (guarantee G1).
    pub early: Option<audit::Finding>,
    /// How the next derivations of the secret of the checks go, the last of these first; then they go well.
    pub derives: Vec<Derives>,
    /// Pages that rot when the digest of a pass is taken next: between one look at the mark and another.
    pub rots_at_digest: Vec<u16>,
    /// What a page endures: as on a Nano S.
    pub erases: Erases,
    /// The extension that comes in two passes.
    stream: Stream,
}

impl World {
    /// A new device of `seed` with these rings; of a number, all rings are as long.
    pub fn new(seed: &[u8], rings: impl Into<Rings>) -> Self {
        Self::of(Medium::blank(rings), Keys::new(seed))
    }

    /// A new device with these keys, whose random bytes follow from `seed`.
    pub fn repeatable(keys: Keys, rings: impl Into<Rings>, seed: u64) -> Self {
        Self { random: Some(StdRng::seed_from_u64(seed)), ..Self::of(Medium::blank(rings), keys) }
    }

    fn of(medium: Medium, keys: Keys) -> Self {
        let stream = Stream::default();
        Self {
            medium,
            keys,
            unlocked: true,
            stack_intact: true,
            hashes: 0,
            random: None,
            early: None,
            derives: Vec::new(),
            rots_at_digest: Vec::new(),
            erases: Erases { rated: 500_000, assumed: false },
            stream,
        }
    }

    /// Whether nonce or hashes of a stream are in memory.
    pub fn is_streaming(&self) -> bool {
        self.stream.is_under_way()
    }

    /// Counts what stands in flash for a message at the moment it is signed.
    fn watch(&mut self, message: &[u8]) {
        let statement = audit::statement(message).map(|said| said.place);
        let Some(place) = statement.or_else(|| audit::extension(message).map(|said| said.place)) else {
            self.early.get_or_insert(audit::Finding::NotAVote(message.to_vec()));
            return;
        };
        let copies = audit::copies(self.medium.read_back().map(|(_, cell)| cell), place);
        if copies < 2 {
            self.early.get_or_insert(audit::Finding::SignedBeforeMark { place, copies });
        }
    }
}

impl Flash for World {
    fn rings(&self) -> Rings {
        self.medium.rings()
    }

    fn erases(&self) -> Erases {
        self.erases
    }

    fn read(&self, page: u16, cell: &mut Cell) {
        self.medium.read(page, cell);
    }

    fn write(&mut self, page: u16, cell: &Cell) -> Result<(), WriteFailed> {
        self.medium.write(page, cell)
    }
}

impl Crypto for World {
    fn sha256(&mut self, data: &[u8]) -> [u8; 32] {
        self.hashes += 1;
        self.keys.sha256(data)
    }

    fn random(&mut self, out: &mut [u8]) {
        match &mut self.random {
            Some(random) => random.fill_bytes(out),
            None => rand::rng().fill_bytes(out),
        }
    }

    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        let mut secret = self.keys.secret_of(message);
        match self.derives.pop() {
            None | Some(Derives::Well) => {}
            Some(Derives::Wrong(byte)) => secret[usize::from(byte) % 32] ^= 1 << (byte % 8),
            Some(Derives::Not) => return Err(CryptoFailed),
        }
        Ok(secret)
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], CryptoFailed> {
        Ok(self.keys.public_key(index))
    }

    fn load_key(&mut self, life: Life, index: u32) -> Result<(), CryptoFailed> {
        self.keys.load(life, index);
        Ok(())
    }

    fn take_key(
        &mut self,
        key: &[u8; 32],
        life: Option<Life>,
        public: &mut [u8; 32],
    ) -> Result<(), CryptoFailed> {
        *public = self.keys.take(key, life);
        Ok(())
    }

    fn loaded_key(&self, slot: u8) -> Result<[u8; 32], CryptoFailed> {
        self.keys.loaded(slot)
    }

    fn unload_key(&mut self, slot: u8) {
        self.keys.unload(slot);
    }

    fn sign(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        self.watch(what.bytes());
        *signature = self.keys.sign(what.life(), what.bytes())?;
        Ok(())
    }

    fn sign_extension(&mut self, what: Signable<'_>, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        self.watch(what.bytes());
        let mut fresh = [0; 32];
        self.random(&mut fresh);
        *signature = stream::at_once(&self.keys, what.life(), fresh, what.bytes())?;
        Ok(())
    }
}

impl Streaming for World {
    fn stream_begin(&mut self, life: Life) -> Result<(), CryptoFailed> {
        let mut fresh = [0; 32];
        self.random(&mut fresh);
        self.stream.begin(&self.keys, life, fresh)
    }

    fn stream_feed(&mut self, bytes: &[u8]) -> Result<(), CryptoFailed> {
        self.stream.feed(bytes)
    }

    fn stream_digest(&mut self, digest: &mut [u8; 32]) -> Result<(), CryptoFailed> {
        self.rots_at_digest.drain(..).for_each(|page| self.medium.rot(page, [0xa5; 64]));
        *digest = self.stream.digest()?;
        Ok(())
    }

    fn stream_turn(&mut self, life: Life) -> Result<(), CryptoFailed> {
        self.stream.turn(&self.keys, life)
    }

    fn stream_sign(&mut self, permit: Precommitted, signature: &mut [u8; 64]) -> Result<(), CryptoFailed> {
        let message = self.stream.message.clone();
        self.watch(&message);
        *signature = self.stream.sign(&self.keys, permit.life())?;
        Ok(())
    }

    fn stream_wipe(&mut self) {
        self.stream.wipe();
    }
}

impl Device for World {
    fn unlocked(&self) -> bool {
        self.unlocked
    }

    fn stack_intact(&self) -> bool {
        self.stack_intact
    }

    fn target(&self) -> u8 {
        0
    }

    fn diagnostics(&self) -> Diagnostics {
        Diagnostics { stack: 0, page_writes: self.medium.writes(), derivations: self.keys.derivations() }
    }
}

/// A simulated device: the signer with its world.
#[derive(Debug)]
pub struct SimDevice {
    /// What the signer stands on.
    pub world: World,
    /// The owner.
    pub owner: Owner,
    /// Turns of the loop come only when they are asked for, not after each command as many as there is work for.
    pub paced: bool,
    /// Whether power was on when the last reply was made. What happens in the turns that follow does not take it back.
    pub answered: bool,
    signer: Signer,
    reply: Reply,
}

impl SimDevice {
    /// Starts the app in `world`.
    pub fn boot(world: World) -> Self {
        let mut device = Self::asleep(world);
        device.reboot();
        device
    }

    /// A device whose app is not started yet: it answers nothing of use before [`Self::reboot`].
    pub fn asleep(world: World) -> Self {
        // A signer of another, blank world: nothing of this one was read.
        let signer = Signer::boot(&mut World::of(Medium::blank(2), Keys::toy()));
        Self { world, owner: Owner::Away, paced: false, answered: false, signer, reply: Reply::new() }
    }

    /// Starts the app again on the same flash. A key or a stream in RAM does not outlive the app.
    pub fn reboot(&mut self) {
        (0..highwater_core::layout::SLOTS as u8).for_each(|slot| self.world.keys.unload(slot));
        self.world.stream.wipe();
        self.signer = Signer::boot(&mut self.world);
    }

    /// A new device in memory.
    pub fn in_memory(seed: &[u8]) -> Self {
        Self::boot(World::new(seed, RINGS))
    }

    /// Takes the power away and gives it back.
    pub fn restart(mut self) -> Self {
        self.world.medium.power_on();
        self.reboot();
        self
    }

    /// One command, one reply (data and status word).
    pub fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.signer.handle(&mut self.world, apdu, &mut self.reply);
        let reply = self.reply.as_bytes().to_vec();
        self.answered = self.world.medium.is_powered();
        if let Some(prompt) = self.signer.prompt()
            && let Some(approved) = self.owner.press(&prompt)
        {
            self.decide(prompt.ticket, approved);
        }
        if !self.paced {
            self.finish_work();
        }
        reply
    }

    /// The prompt on the screen.
    pub fn prompt(&self) -> Option<Prompt> {
        self.signer.prompt()
    }

    /// The owner presses. What was approved is done by the turns that follow.
    pub fn decide(&mut self, ticket: u32, approved: bool) {
        self.signer.decide(&mut self.world, ticket, approved);
    }

    /// One turn of the app's loop.
    pub fn step(&mut self) {
        self.signer.step(&mut self.world);
    }

    /// Turns of the loop until there is nothing left to do, or power is gone.
    pub fn finish_work(&mut self) {
        while self.is_busy() && self.world.medium.is_powered() {
            self.step();
        }
    }

    /// Whether the turns that follow have something to do.
    pub fn is_busy(&self) -> bool {
        self.signer.is_busy(&self.world)
    }

    /// Whether a slot is being read, or waits for that.
    pub fn is_reading(&self) -> bool {
        self.signer.is_reading()
    }

    /// How far the reading of slots has come.
    pub fn progress(&self) -> impl std::fmt::Debug {
        self.signer.progress()
    }

    /// Tenths of a second pass.
    pub fn tick(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.signer.tick());
    }

    /// The signer itself.
    pub fn signer(&mut self) -> (&mut Signer, &mut World) {
        (&mut self.signer, &mut self.world)
    }
}
