//! Height, round and step: the place of a statement, and its order.
//!
//! The step order inside a round (proposal < prevote < precommit) is CometBFT's `privval/file.go`;
//! the raw message types (32, 1, 2) are not in that order, so they are never compared.

/// A block height. Signed messages carry 1..=2^63-1; a mark may stand at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Height(u64);

impl Height {
    /// The largest height an `int64` holds.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// `None` above 2^63-1.
    pub const fn new(height: u64) -> Option<Self> {
        if height <= Self::MAX.0 { Some(Self(height)) } else { None }
    }

    /// The height as a number.
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// A round, 0..=2^31-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Round(u32);

impl Round {
    /// The largest round an `int32` holds.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// `None` above 2^31-1.
    pub const fn new(round: u32) -> Option<Self> {
        if round <= Self::MAX.0 { Some(Self(round)) } else { None }
    }

    /// The round as a number.
    pub const fn value(self) -> u32 {
        self.0
    }
}

/// A step within a round, in the order in which a validator signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Step {
    /// Nothing of this round is signed yet. Stands in marks only, never in a signed record.
    #[default]
    None = 0,
    /// A proposal.
    Proposal = 1,
    /// A prevote.
    Prevote = 2,
    /// A precommit.
    Precommit = 3,
}

impl Step {
    /// The step with this number, if there is one.
    pub const fn new(step: u8) -> Option<Self> {
        match step {
            0 => Some(Self::None),
            1 => Some(Self::Proposal),
            2 => Some(Self::Prevote),
            3 => Some(Self::Precommit),
            _ => None,
        }
    }
}

/// Height, round and step; ordered as they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hrs {
    /// Block height.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// Step of that round.
    pub step: Step,
}

impl Hrs {
    /// Below everything that can be signed.
    pub const ZERO: Self = Self { height: Height(0), round: Round(0), step: Step::None };

    /// Bytes of the wire and flash form: height 8, round 4 (little endian), step 1.
    pub const SIZE: usize = 13;

    /// `None` if a part is out of its range.
    pub const fn new(height: u64, round: u32, step: Step) -> Option<Self> {
        match (Height::new(height), Round::new(round)) {
            (Some(height), Some(round)) => Some(Self { height, round, step }),
            _ => None,
        }
    }

    /// The place of a precommit.
    pub const fn precommit(height: Height, round: Round) -> Self {
        Self { height, round, step: Step::Precommit }
    }

    /// The wire and flash form.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.height.0.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.round.0.to_le_bytes());
        bytes[12] = self.step as u8;
        bytes
    }

    /// Reads the wire and flash form; `None` if a part is out of its range.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let mut height = [0; 8];
        height.copy_from_slice(&bytes[..8]);
        let mut round = [0; 4];
        round.copy_from_slice(&bytes[8..12]);
        Self::new(u64::from_le_bytes(height), u32::from_le_bytes(round), Step::new(bytes[12])?)
    }
}

// As derived, but in one place: the derived comparisons are each a copy of their own in the firmware.
impl Ord for Hrs {
    #[inline(never)]
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.height, self.round, self.step).cmp(&(other.height, other.round, other.step))
    }
}

impl PartialOrd for Hrs {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl core::fmt::Display for Hrs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let step = match self.step {
            Step::None => "none",
            Step::Proposal => "proposal",
            Step::Prevote => "prevote",
            Step::Precommit => "precommit",
        };
        write!(f, "{}/{}/{}", self.height.0, self.round.0, step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip_and_refuse_what_is_out_of_range() {
        let hrs = Hrs { height: Height::MAX, round: Round::MAX, step: Step::Precommit };
        assert_eq!(Hrs::from_bytes(&hrs.to_bytes()), Some(hrs));
        assert_eq!(Hrs::from_bytes(&[0xff; 13]), None);
        let mut bytes = hrs.to_bytes();
        bytes[12] = 4;
        assert_eq!(Hrs::from_bytes(&bytes), None);
    }
}
