//! Intel HEX as the loaders read it: bytes in a row, and a start address.

/// What stands in a file of such records.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Records {
    /// The bytes, which follow each other.
    pub(super) bytes: Vec<u8>,
    /// Where the program begins, behind the first byte.
    pub(super) entry: u32,
}

impl Records {
    /// Reads them. `None`: the file is damaged, has a gap, or holds what the app's file never has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut upper, mut base, mut start) = (0u32, None, None);
        let mut bytes: Vec<u8> = Vec::new();
        let (mut lines, mut ended) = (text.lines(), false);
        for line in lines.by_ref() {
            let record = hex::decode(line.trim_end().strip_prefix(':')?).ok()?;
            let (head, rest) = record.split_first_chunk::<4>()?;
            let [length, high, low, kind] = *head;
            let (_sum, data) = rest.split_last()?;
            let sum = record.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
            if sum != 0 || data.len() != usize::from(length) {
                return None;
            }
            match (kind, data) {
                (0x00, data) => {
                    let at = upper.checked_add(u32::from(u16::from_be_bytes([high, low])))?;
                    let base = *base.get_or_insert(at);
                    if at.checked_sub(base)? as usize != bytes.len() {
                        return None;
                    }
                    bytes.extend_from_slice(data);
                }
                (0x01, []) => {
                    ended = true;
                    break;
                }
                (0x04, [high, low]) => upper = u32::from(u16::from_be_bytes([*high, *low])) << 16,
                (0x05, [a, b, c, d]) => start = Some(u32::from_be_bytes([*a, *b, *c, *d])),
                _ => return None,
            }
        }
        let entry = start?.checked_sub(base?)?;
        (ended && lines.next().is_none() && !bytes.is_empty()).then_some(Self { bytes, entry })
    }

    /// Whether a file of ledgerctl holds the same: it lacks the install parameters at the end, which ledgerctl appends.
    pub(super) fn are_those_of_ledgerctl(&self, text: &str, parameters: u32) -> bool {
        let (Some(theirs), Ok(parameters)) = (Self::parse(text), usize::try_from(parameters)) else {
            return false;
        };
        let ours = self.bytes.len().checked_sub(parameters).map(|end| &self.bytes[..end]);
        theirs.entry == self.entry && ours == Some(&*theirs.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = ":02000004C0D06A\n:0A00000062B600F00BF8FEE701DF26\n:04000005C0D0000166\n:00000001FF\n";

    #[test]
    fn a_file_of_objcopy_is_read() {
        let records = Records::parse(GOOD).unwrap();
        assert_eq!(hex::encode(&records.bytes), "62b600f00bf8fee701df");
        assert_eq!(records.entry, 1);
    }

    #[test]
    fn the_file_of_ledgerctl_is_the_same_without_the_parameters() {
        let records = Records::parse(GOOD).unwrap();
        let cut = GOOD.replace(":0A00000062B600F00BF8FEE701DF26", ":0800000062B600F00BF8FEE708");
        assert_eq!(Records::parse(&cut).unwrap().bytes, records.bytes[..8]);
        assert!(records.are_those_of_ledgerctl(&cut, 2) && records.are_those_of_ledgerctl(GOOD, 0));
        let elsewhere = cut.replace(":04000005C0D0000166", ":04000005C0D0000265");
        for (text, parameters) in [(&*cut, 0), (GOOD, 2), (&elsewhere, 2), ("", 2), (&cut, 99)] {
            assert!(!records.are_those_of_ledgerctl(text, parameters), "{text} {parameters}");
        }
    }

    #[test]
    fn a_damaged_or_cut_file_a_gap_and_what_follows_the_end_are_refused() {
        for (from, to) in [
            ("62B6", "62B7"),
            (":0A0000", ":0A0001"),
            (":04000005C0D0000166\n", ""),
            (":02000004C0D06A", ":02000002C0D06C"),
            (":00000001FF\n", ":00000001FF\n:00000001FF\n"),
            (":0A00000062B600F00BF8FEE701DF26\n", ""),
            ("DF26\n", "DF26\n:01001000FFF0\n"),
            (":0A", "0A"),
            (":00000001FF\n", ""),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from}");
            assert_eq!(Records::parse(&text), None, "{from} to {to}");
        }
    }
}
