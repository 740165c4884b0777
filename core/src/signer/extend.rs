//! SIGN_EXTENSION: a vote extension, whole or in chunks that come twice.
//!
//! One rule: the mark of its chain is the signed precommit for a block of this very height and round, and stands there
//! when the signature is made (guarantee G1). Nothing is written, and the content is not bound: an application may give
//! another one for the same precommit, and nobody is slashed for it.
//!
//! A long one comes in chunks, its content only: head and tail are made here, so that what is signed is canonical
//! whatever came. It comes twice, since RFC 8032 hashes it twice. Two contents under one nonce would give the key away,
//! so nothing more is computed before the full SHA-256 of both passes were found equal; and whatever goes wrong ends
//! the stream and wipes what it had.

use super::Signer;
use super::ask::ChainName;
use crate::apdu::{Reply, Status};
use crate::canonical::{Extension, Frame, MAX_AROUND, MAX_EXTENSION, NotCanonical, Whole};
use crate::env::{Env, Life};
use crate::hrs::{Height, Hrs, Round};
use crate::journal::{Durable, Precommitted, Record};

/// The extension that comes in chunks, if one does. Nonce and hashes are the environment's
/// ([`crate::env::Streaming`]).
#[derive(Debug)]
pub(super) struct Stream {
    /// Where the next chunk begins: from 0 to twice the length, the second pass behind the first.
    position: u32,
    /// Bytes of the content; 0: no stream is open.
    length: u32,
    /// Its precommit.
    height: Height,
    round: Round,
    chain: ChainName,
    /// The life and the record it is bound to: the precommit's.
    life: Life,
    serial: u32,
    /// SHA-256 of the first pass, once that is over.
    first: [u8; 32],
}

impl Stream {
    /// None is open. All zero.
    pub(super) const NONE: Self = Self {
        position: 0,
        length: 0,
        height: Hrs::ZERO.height,
        round: Hrs::ZERO.round,
        chain: ChainName::NONE,
        life: Life { slot: 0, incarnation: 0 },
        serial: 0,
        first: [0; 32],
    };

    fn at(&self) -> Hrs {
        Hrs::precommit(self.height, self.round)
    }
}

impl Signer {
    /// Signs an extension that came whole. What the host is told beside the status word goes into `reply`: the
    /// signature; of bytes that are not canonical the rule they break; of another mark than its precommit the mark.
    #[inline(never)]
    pub(super) fn extension<E: Env>(
        &mut self,
        env: &mut E,
        bytes: &[u8],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        self.sound()?;
        let whole = Whole::parse(bytes).map_err(|rule| refuse(rule, reply))?;
        let Extension { height, round, chain, .. } = *whole.extension();
        let slot = self.slot_of(env, chain)?;
        let at = Hrs::precommit(height, round);
        let signed = self.sign_whole(env, slot, at, &whole, reply);
        self.close(env, slot, at, signed, reply)
    }

    #[inline(never)]
    fn sign_whole<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        at: Hrs,
        whole: &Whole<'_>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let mut record = Record::NONE;
        let newest = self.precommit(env, slot, at, &mut record, reply)?;
        let mut signature = [0; 64];
        env.sign_extension(newest.extension(whole).ok_or(Status::Internal)?, &mut signature)?;
        reply.put(&signature);
        Ok(())
    }

    /// Opens the stream; an older one is dropped, whatever comes of this.
    #[inline(never)]
    pub(super) fn begin<E: Env>(
        &mut self,
        env: &mut E,
        frame: &Frame<'_>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        self.drop_stream(env);
        self.sound()?;
        if !(1..=MAX_EXTENSION).contains(&frame.length) {
            return Err(refuse(NotCanonical::Content, reply));
        }
        let slot = self.slot_of(env, frame.chain)?;
        let at = Hrs::precommit(frame.height, frame.round);
        let begun = self.open(env, slot, at, frame, reply);
        self.close(env, slot, at, begun, reply)
    }

    fn open<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        at: Hrs,
        frame: &Frame<'_>,
        reply: &mut Reply,
    ) -> Result<(), Status> {
        // Asked again at every chunk; here it spares the host the way.
        let permit = self.permit(env, slot, at, reply)?;
        env.stream_begin(permit.life())?;
        // The rest is as it was wiped.
        let stream = &mut self.stream;
        (stream.life, stream.serial) = (permit.life(), permit.serial());
        (stream.length, stream.height, stream.round) = (frame.length, frame.height, frame.round);
        stream.chain.set(frame.chain);
        Ok(())
    }

    /// Takes a chunk; after the last one of the second pass the signature goes into `reply`.
    #[inline(never)]
    pub(super) fn chunk<E: Env>(
        &mut self,
        env: &mut E,
        position: u32,
        bytes: &[u8],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        if self.stream.length == 0 {
            return Err(Status::ExtensionOrder);
        }
        let (slot, at) = (self.stream.life.slot, self.stream.at());
        let taken = self.take_chunk(env, position, bytes, reply);
        self.close(env, slot, at, taken, reply)
    }

    #[inline(never)]
    fn take_chunk<E: Env>(
        &mut self,
        env: &mut E,
        position: u32,
        bytes: &[u8],
        reply: &mut Reply,
    ) -> Result<(), Status> {
        let _ = self.permit_stream(env, reply)?;
        let length = self.stream.length;
        if position != self.stream.position {
            return Err(Status::ExtensionOrder);
        }
        // A pass begins at 0 and at the length; a chunk that straddles both passes is of neither.
        let begin = if position < length { 0 } else { length };
        let left = begin + length - position;
        if !(1..=left as usize).contains(&bytes.len()) {
            return Err(Status::ExtensionOrder);
        }
        if position == begin {
            self.put_around(env, false)?;
        }
        env.stream_feed(bytes)?;
        self.stream.position = position + bytes.len() as u32;
        if bytes.len() < left as usize {
            return Ok(());
        }
        self.put_around(env, true)?;
        if begin == 0 { self.turn(env) } else { self.release_stream(env, reply) }
    }

    /// What stands before the content, or after it.
    #[inline(never)]
    fn put_around<E: Env>(&self, env: &mut E, tail: bool) -> Result<(), Status> {
        let chain = self.stream.chain.id().ok_or(Status::Internal)?;
        let Stream { length, height, round, .. } = self.stream;
        let frame = Frame { length, height, round, chain };
        let mut around = [0; MAX_AROUND];
        let part = if tail { frame.tail(&mut around) } else { frame.head(&mut around) };
        Ok(env.stream_feed(part)?)
    }

    /// From the first pass to the second.
    #[inline(never)]
    fn turn<E: Env>(&mut self, env: &mut E) -> Result<(), Status> {
        env.stream_digest(&mut self.stream.first)?;
        Ok(env.stream_turn(self.stream.life)?)
    }

    /// The end of the second pass: signs if it was the first one again, and the mark still stands where it stood.
    #[inline(never)]
    fn release_stream<E: Env>(&mut self, env: &mut E, reply: &mut Reply) -> Result<(), Status> {
        let mut second = [0; 32];
        env.stream_digest(&mut second)?;
        if second != self.stream.first {
            return Err(Status::ExtensionDiffers);
        }
        let permit = self.permit_stream(env, reply)?;
        let mut signature = [0; 64];
        env.stream_sign(permit, &mut signature)?;
        self.stream = Stream::NONE;
        reply.put(&signature);
        Ok(())
    }

    /// The rule: the mark is the signed precommit for a block at `at`.
    #[inline(never)]
    fn precommit<'r, E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        at: Hrs,
        record: &'r mut Record,
        reply: &mut Reply,
    ) -> Result<Durable<'r>, Status> {
        let newest = self.newest(env, slot, record)?;
        if newest.record().is_precommit(&at) {
            return Ok(newest);
        }
        reply.put_hrs(newest.record().hrs);
        Err(Status::NoPrecommit)
    }

    #[inline(never)]
    fn permit<E: Env>(
        &mut self,
        env: &mut E,
        slot: u8,
        at: Hrs,
        reply: &mut Reply,
    ) -> Result<Precommitted, Status> {
        let mut record = Record::NONE;
        self.precommit(env, slot, at, &mut record, reply)?.precommitted(&at).ok_or(Status::Internal)
    }

    /// The same for the stream; and the record is still the one it began with, not another one at the same place.
    fn permit_stream<E: Env>(&mut self, env: &mut E, reply: &mut Reply) -> Result<Precommitted, Status> {
        let (slot, at) = (self.stream.life.slot, self.stream.at());
        let permit = self.permit(env, slot, at, reply)?;
        if (permit.life(), permit.serial()) == (self.stream.life, self.stream.serial) {
            Ok(permit)
        } else {
            Err(Status::NoPrecommit)
        }
    }

    /// Ends the stream, if one is open. Every refusal of one of its commands comes to this.
    #[inline(never)]
    pub(super) fn drop_stream<E: Env>(&mut self, env: &mut E) {
        self.stream = Stream::NONE;
        env.stream_wipe();
    }

    /// The mark of `slot` moved, or its life ended: what a stream of it had so far is not left in memory until its
    /// next chunk is refused.
    pub(super) fn mark_moved<E: Env>(&self, env: &mut E, slot: u8) {
        if self.stream.length != 0 && self.stream.life.slot == slot {
            env.stream_wipe();
        }
    }
}

fn refuse(rule: NotCanonical, reply: &mut Reply) -> Status {
    reply.put(&[rule as u8]);
    Status::NotCanonical
}
