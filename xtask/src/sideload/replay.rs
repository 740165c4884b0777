//! The device's side of an installation: what the secure commands of a loader leave in flash.
//!
//! One command a line, in hexadecimal: CLA, INS, P1, P2, length, then for INS 00 a secure command byte and its data
//! (`ledgerblue.hexLoader`, `ledgerwallet.client`).

use anyhow::{Context, Result, bail, ensure};

const SECURE: u8 = 0x00;
const SET_LOAD_OFFSET: u8 = 0x05;
const LOAD: u8 = 0x06;
const FLUSH: u8 = 0x07;
const CRC: u8 = 0x08;
const COMMIT: u8 = 0x09;
const CREATE_APP: u8 = 0x0b;

/// What stands in flash after the last command.
#[derive(PartialEq, Eq)]
pub(super) struct Installation {
    lengths: Lengths,
    /// Bytes of install parameters that the image brings itself.
    embedded: usize,
    /// Code, NVM and install parameters in a row.
    flash: Vec<u8>,
}

/// The fields of CREATE_APP, each a big-endian u32 but the first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lengths {
    /// One byte, for a device that has levels.
    level: Option<u8>,
    code: u32,
    data: u32,
    parameters: u32,
    flags: u32,
    entry: u32,
}

impl Installation {
    /// Plays all commands of a file that install an image with so many bytes of install parameters of its own.
    pub(super) fn play(commands: &str, embedded: u64) -> Result<Self> {
        let mut lengths = None;
        let mut flash = Vec::new();
        let mut segment = 0usize;
        let mut committed = false;
        for line in commands.lines() {
            let apdu = hex::decode(line.trim()).with_context(|| format!("not hexadecimal: {line}"))?;
            let [_cla, ins, _p1, _p2, length, ref data @ ..] = apdu[..] else { bail!("too short: {line}") };
            if ins != SECURE {
                continue;
            }
            ensure!(data.len() == usize::from(length), "wrong length: {line}");
            ensure!(!committed, "a command after the last one: {line}");
            match *data {
                [CREATE_APP, ref fields @ ..] => lengths = Some(Lengths::read(fields)?),
                [SET_LOAD_OFFSET, a, b, c, d, ..] => segment = u32::from_be_bytes([a, b, c, d]) as usize,
                [LOAD, high, low, ref bytes @ ..] => {
                    let start = segment + usize::from(u16::from_be_bytes([high, low]));
                    let end = start + bytes.len();
                    if flash.len() < end {
                        flash.resize(end, 0xff);
                    }
                    flash[start..end].copy_from_slice(bytes);
                }
                [FLUSH | CRC, ..] => {}
                [COMMIT, ..] => committed = true,
                _ => bail!("unknown command: {line}"),
            }
        }
        ensure!(committed, "the installation is not finished");
        let lengths = lengths.context("there is no CREATE_APP")?;
        Ok(Self { lengths, embedded: embedded as usize, flash })
    }

    /// Compares with what was built.
    pub(super) fn check(&self, image: &[u8], wanted: Option<u8>, nvm: u64) -> Result<()> {
        let Lengths { level, code, data, parameters, flags, entry } = self.lengths;
        ensure!(level == wanted, "the level is {level:?}, not {wanted:?}");
        let bare = image.len() - self.embedded;
        ensure!(code as usize + data as usize == bare, "lengths {code} + {data} are not the image");
        ensure!(u64::from(data) == nvm, "data length {data} is not the NVM's {nvm}");
        ensure!(self.flash.get(..image.len()) == Some(image), "the loaded bytes are not the image");
        ensure!(bare + parameters as usize == self.flash.len(), "parameter length {parameters} is wrong");
        ensure!(flags == 0, "flags {flags:#x} ask for a privilege");
        ensure!(entry == 1, "the entry is {entry}, not the first byte in Thumb state");
        ensure!(
            self.parameters().windows(DERIVATION.len()).any(|window| window == DERIVATION),
            "the install parameters do not confine keys to Ed25519 below 44'/118'/0'/0'"
        );
        Ok(())
    }

    fn parameters(&self) -> &[u8] {
        &self.flash[(self.lengths.code + self.lengths.data) as usize..]
    }
}

/// Tag 4, 18 bytes: curve mask 4 (Ed25519), then one path of four hardened elements.
#[rustfmt::skip]
const DERIVATION: &[u8] = &[
    0x04, 0x12, 0x04, 0x04,
    0x80, 0, 0, 44,  0x80, 0, 0, 118,  0x80, 0, 0, 0,  0x80, 0, 0, 0,
];

impl std::fmt::Debug for Installation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} with parameters {}", self.lengths, hex::encode(self.parameters()))
    }
}

impl Lengths {
    fn read(fields: &[u8]) -> Result<Self> {
        if let [level, fields @ ..] = fields
            && fields.len() == 20
        {
            return Ok(Self { level: Some(*level), ..Self::read(fields)? });
        }
        let words: Vec<u32> = fields
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        match words[..] {
            [code, data, parameters, flags, entry] if fields.len() == 20 => {
                Ok(Self { level: None, code, data, parameters, flags, entry })
            }
            _ => bail!("CREATE_APP has {} bytes, not 20 or 21", fields.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CREATE_APP for 2 bytes of code, 1 of data, `parameters`, no flags, entry 1; then the flash byte by byte.
    fn commands(code: &[u8], parameters: &[u8], flags: u8) -> String {
        let mut lines = Vec::new();
        let mut secure = |data: &[u8]| {
            let mut apdu = vec![0xe0, 0, 0, 0, data.len() as u8];
            apdu.extend_from_slice(data);
            lines.push(hex::encode(apdu));
        };
        let words = [2u32, 1, parameters.len() as u32, u32::from(flags), 1];
        secure(&[&[CREATE_APP][..], &words.map(u32::to_be_bytes).concat()].concat());
        secure(&[SET_LOAD_OFFSET, 0, 0, 0, 0]);
        for (at, byte) in [code, parameters].concat().into_iter().enumerate() {
            secure(&[LOAD, 0, at as u8, byte]);
        }
        secure(&[COMMIT]);
        lines.join("\n")
    }

    #[test]
    fn an_installation_of_the_image_passes() {
        let image = [7, 8, 0];
        Installation::play(&commands(&image, DERIVATION, 0), 0).unwrap().check(&image, None, 1).unwrap();
    }

    #[test]
    fn the_level_is_the_one_that_was_named() {
        let image = [7, 8, 0];
        let without = commands(&image, DERIVATION, 0);
        // The level stands in front of the lengths.
        let with = |level: u8| {
            let (first, rest) = without.split_once('\n').unwrap();
            let lengths = first.strip_prefix("e0000000150b").unwrap();
            format!("e0000000160b{level:02x}{lengths}\n{rest}")
        };
        let played = Installation::play(&with(26), 0).unwrap();
        played.check(&image, Some(26), 1).unwrap();
        for wrong in [Some(27), None] {
            played.check(&image, wrong, 1).unwrap_err();
        }
        Installation::play(&without, 0).unwrap().check(&image, Some(26), 1).unwrap_err();
    }

    #[test]
    fn parameters_in_the_image_are_not_counted_twice() {
        let image = [&[7, 8, 0][..], DERIVATION].concat();
        let embedded = DERIVATION.len() as u64;
        let commands = commands(&[7, 8, 0], DERIVATION, 0);
        Installation::play(&commands, embedded).unwrap().check(&image, None, 1).unwrap();
        Installation::play(&commands, 0).unwrap().check(&image, None, 1).unwrap_err();
    }

    #[test]
    fn another_byte_a_privilege_or_a_wider_path_does_not() {
        let image = [7, 8, 0];
        for commands in [
            commands(&[7, 9, 0], DERIVATION, 0),
            commands(&image, DERIVATION, 0x10),
            commands(&image, &DERIVATION[..8], 0),
        ] {
            Installation::play(&commands, 0).unwrap().check(&image, None, 1).unwrap_err();
        }
    }

    #[test]
    fn an_installation_that_stops_half_way_is_no_installation() {
        let all = commands(&[7, 8, 0], DERIVATION, 0);
        let cut = all.rsplit_once('\n').unwrap().0;
        assert!(Installation::play(cut, 0).is_err());
    }
}
