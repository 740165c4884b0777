//! A session: who opened it, its keys, and what was said in it.

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, InnerIvInit, KeyInit};
use cmac::{Cmac, Mac};
use rand::RngCore;

use crate::commands::frame;

/// SCP03 from the side of the card.
pub(crate) struct Channel {
    number: u8,
    /// The authentication key that opened it.
    pub(crate) by: u16,
    enc: [u8; 16],
    mac: [u8; 16],
    rmac: [u8; 16],
    context: [u8; 16],
    chain: [u8; 16],
    counter: u32,
}

impl Channel {
    /// Opens one; the reply to CREATE SESSION.
    pub(crate) fn open(number: u8, by: u16, secret: &[u8; 32], host: [u8; 8]) -> (Self, Vec<u8>) {
        let mut card = [0; 8];
        rand::rng().fill_bytes(&mut card);
        let mut context = [0; 16];
        context[..8].copy_from_slice(&host);
        context[8..].copy_from_slice(&card);
        let (of_enc, of_mac) = secret.split_at(16);
        let key = |of: &[u8], constant| derived::<16>(of, constant, &context);
        let channel = Self {
            number,
            by,
            enc: key(of_enc, 4),
            mac: key(of_mac, 6),
            rmac: key(of_mac, 7),
            context,
            chain: [0; 16],
            counter: 0,
        };
        let cryptogram = derived::<8>(&channel.mac, 0, &context);
        let reply = frame(0x83, &[&[number][..], &card, &cryptogram].concat());
        (channel, reply)
    }

    /// The host shows that it knows the password; `None`: it does not.
    pub(crate) fn authenticate(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let told = self.checked(0x04, data)?;
        (told == derived::<8>(&self.mac, 1, &self.context)).then(|| {
            self.counter = 1;
            frame(0x84, &[])
        })
    }

    /// The command in a message of the session, if its check holds.
    pub(crate) fn decrypt(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let mut inner = self.checked(0x05, data).filter(|_| self.counter > 0)?;
        let length = cbc::Decryptor::<Aes128>::inner_iv_init(self.cipher(), &self.iv().into())
            .decrypt_padded_mut::<Iso7816>(&mut inner)
            .ok()?
            .len();
        inner.truncate(length);
        Some(inner)
    }

    /// The reply, in a message of the session.
    pub(crate) fn encrypt(&mut self, inner: &[u8]) -> Vec<u8> {
        let sealed = cbc::Encryptor::<Aes128>::inner_iv_init(self.cipher(), &self.iv().into())
            .encrypt_padded_vec_mut::<Iso7816>(inner);
        let body = [&[self.number][..], &sealed].concat();
        let tag = tag(&self.rmac, &self.chain, 0x85, &body);
        self.counter += 1;
        frame(0x85, &[&body[..], &tag[..8]].concat())
    }

    /// What stands between session number and check, if the check holds.
    fn checked(&mut self, command: u8, data: &[u8]) -> Option<Vec<u8>> {
        let (body, told) = data.split_last_chunk::<8>()?;
        let tag = tag(&self.mac, &self.chain, command, body);
        (tag[..8] == *told).then(|| {
            self.chain = tag;
            body[1..].to_vec()
        })
    }

    fn cipher(&self) -> Aes128 {
        Aes128::new(&self.enc.into())
    }

    fn iv(&self) -> [u8; 16] {
        let mut block = [0; 16];
        block[12..].copy_from_slice(&self.counter.to_be_bytes());
        let mut block = block.into();
        self.cipher().encrypt_block(&mut block);
        block.into()
    }
}

/// Over what came before, the command, its length with the check, and its data.
fn tag(key: &[u8; 16], chain: &[u8; 16], command: u8, body: &[u8]) -> [u8; 16] {
    let mut mac = <Cmac<Aes128> as KeyInit>::new(&(*key).into());
    mac.update(chain);
    mac.update(&[command]);
    mac.update(&(body.len() as u16 + 8).to_be_bytes());
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn derived<const N: usize>(key: &[u8], constant: u8, context: &[u8; 16]) -> [u8; N] {
    let mut data = [0; 32];
    data[11] = constant;
    data[13..15].copy_from_slice(&(N as u16 * 8).to_be_bytes());
    data[15] = 1;
    data[16..].copy_from_slice(context);
    let mut mac = <Cmac<Aes128> as Mac>::new_from_slice(key).expect("half of a key of 32 bytes");
    mac.update(&data);
    let mut out = [0; N];
    out.copy_from_slice(&mac.finalize().into_bytes()[..N]);
    out
}
