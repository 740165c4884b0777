//! Canonical bytes read a second time, in another way: a walk over whatever protobuf fields are there.
//!
//! It accepts more than the signer does, on purpose. What left the device is to be understood, not judged for its form.

use super::Place;

/// What signed bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The chain id.
    pub chain: String,
    /// Where.
    pub place: Place,
    /// -1 is none; 0 for votes.
    pub pol_round: i64,
    /// The field BlockID as it stands, empty for nil.
    pub block: Vec<u8>,
    /// The field Timestamp as it stands.
    pub time: Vec<u8>,
}

/// Reads the bytes of a vote or a proposal, length prefix included. `None`: they are neither.
pub fn statement(bytes: &[u8]) -> Option<Statement> {
    let (length, body) = varint(bytes)?;
    if length != body.len() as u64 {
        return None;
    }
    let fields = fields(body)?;
    let number = |wanted: u64| match find(&fields, wanted) {
        Some(Value::Number(number)) => Some(*number),
        Some(Value::Bytes(_)) => None,
        None => Some(0),
    };
    let text = |wanted: u64| match find(&fields, wanted) {
        Some(Value::Bytes(bytes)) => Some(bytes.to_vec()),
        Some(Value::Number(_)) => None,
        None => Some(Vec::new()),
    };
    // SignedMsgType: prevote 1, precommit 2, proposal 32; a proposal has a POL round in between.
    let (step, shift) = match number(1)? {
        32 => (1, 1),
        1 => (2, 0),
        2 => (3, 0),
        _ => return None,
    };
    Some(Statement {
        chain: String::from_utf8(text(6 + shift)?).ok()?,
        place: Place {
            height: i64::from_le_bytes(number(2)?.to_le_bytes()),
            round: i64::from_le_bytes(number(3)?.to_le_bytes()),
            step,
        },
        pol_round: if shift == 1 { i64::from_le_bytes(number(4)?.to_le_bytes()) } else { 0 },
        block: text(4 + shift)?,
        time: text(5 + shift)?,
    })
}

/// What the signed bytes of a vote extension say, but for the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// The chain id.
    pub chain: String,
    /// The precommit it belongs to.
    pub place: Place,
}

/// Reads the bytes of a vote extension, length prefix included. `None`: they are none.
pub fn extension(bytes: &[u8]) -> Option<Extended> {
    let (length, body) = varint(bytes)?;
    if length != body.len() as u64 {
        return None;
    }
    let fields = fields(body)?;
    let number = |wanted: u64| match find(&fields, wanted) {
        Some(Value::Number(number)) => Some(i64::from_le_bytes(number.to_le_bytes())),
        Some(Value::Bytes(_)) => None,
        None => Some(0),
    };
    if matches!(find(&fields, 1), Some(Value::Number(_))) {
        return None; // A vote or a proposal.
    }
    let Some(Value::Bytes(chain)) = find(&fields, 4) else { return None };
    Some(Extended {
        chain: String::from_utf8(chain.to_vec()).ok()?,
        place: Place { height: number(2)?, round: number(3)?, step: 3 },
    })
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn find<'v, 'a>(fields: &'v [(u64, Value<'a>)], wanted: u64) -> Option<&'v Value<'a>> {
    fields.iter().find(|(number, _)| *number == wanted).map(|(_, value)| value)
}

fn fields(mut body: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !body.is_empty() {
        let (key, rest) = varint(body)?;
        let (value, rest) = match key & 7 {
            0 => {
                let (number, rest) = varint(rest)?;
                (Value::Number(number), rest)
            }
            1 => {
                let (bytes, rest) = rest.split_first_chunk::<8>()?;
                (Value::Number(u64::from_le_bytes(*bytes)), rest)
            }
            2 => {
                let (length, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Value::Bytes(bytes), rest)
            }
            _ => return None,
        };
        fields.push((key >> 3, value));
        body = rest;
    }
    Some(fields)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}
