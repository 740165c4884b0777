//! The played hashes in pieces, numbers and points. It panics where the library would have given back something wrong, or
//! refused for good.

use super::{FAULT, Kernel, Os, call, modular, put};
use crate::sys::{Fault, Hash, Library, Number, Point};
use crate::target::Call;

/// Numbers a device has room for at once; points are three each.
const ROOM: usize = 24;
/// The number of the curve.
const ED25519: u8 = 0x71;

/// What the library has in hand.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What was fed to each hash that was ever begun. A context names its own by the number behind it.
    hashes: Vec<(Hash, Vec<u8>)>,
    unit: Option<Unit>,
}

/// The unit for numbers, locked.
#[derive(Debug, Default)]
struct Unit {
    numbers: Vec<Vec<u8>>,
    /// As RFC 8032 writes them; `None`: not one yet.
    points: Vec<Option<[u8; 32]>>,
}

impl State {
    pub(super) fn is_locked(&self) -> bool {
        self.unit.is_some()
    }

    /// What signs or makes a key locks the unit itself.
    pub(super) fn must_be_free(&self) {
        assert!(!self.is_locked(), "the unit for numbers is locked, and was not given back");
    }

    fn unit(&mut self) -> &mut Unit {
        self.unit.as_mut().expect("the unit for numbers was not locked")
    }

    /// The hash a context names. One that was wiped or has ended names none.
    fn hash(&mut self, context: &[u8]) -> Result<(usize, &mut (Hash, Vec<u8>)), Fault> {
        let name = usize::from(u16::from_le_bytes([context[0], context[1]]));
        let at = name.checked_sub(1).ok_or(FAULT)?;
        Ok((at, &mut self.hashes[at]))
    }
}

impl Unit {
    fn take_room(&mut self, numbers: usize) {
        assert!(self.numbers.len() + 3 * self.points.len() + numbers <= ROOM, "no room for a number");
    }

    fn number(&self, number: Number) -> &[u8] {
        &self.numbers[number.0 as usize]
    }

    fn reduced(&self, number: Number) -> [u8; 32] {
        self.number(number).try_into().expect("a number of 32 bytes")
    }

    fn point(&mut self, point: &Point) -> &mut Option<[u8; 32]> {
        assert_eq!(point.curve, ED25519, "a point that was not made");
        &mut self.points[point.numbers[0] as usize]
    }

    fn value(&mut self, point: &Point) -> [u8; 32] {
        self.point(point).expect("a point that has no place yet")
    }
}

/// A call that gives no value, and can fail by itself as well.
fn attempt(which: Call, work: impl FnOnce(&mut Kernel) -> Result<(), Fault>) -> Result<(), Fault> {
    call(which, |kernel| if kernel.is_idle(which) { Ok(()) } else { work(kernel) })?
}

/// A call that gives no value.
fn perform(which: Call, work: impl FnOnce(&mut Kernel)) -> Result<(), Fault> {
    attempt(which, |kernel| {
        work(kernel);
        Ok(())
    })
}

/// A number computed of others, modulo a third.
fn compute(which: Call, result: Number, work: impl FnOnce(&Unit) -> [u8; 32]) -> Result<(), Fault> {
    perform(which, |kernel| {
        let unit = kernel.library.unit();
        let computed = work(unit);
        assert_eq!(unit.number(result).len(), 32, "the room for a result");
        unit.numbers[result.0 as usize] = computed.to_vec();
    })
}

impl Library for Os {
    fn hash_begin(hash: Hash, context: &mut [u8]) -> Result<(), Fault> {
        let (which, size) = match hash {
            Hash::Sha256 => (Call::BeginSha256, 108),
            Hash::Sha512 => (Call::BeginSha512, 204),
        };
        assert_eq!(context.len(), size);
        assert_eq!(context.as_ptr() as usize % 4, 0, "a context that is not aligned");
        perform(which, |kernel| {
            let hashes = &mut kernel.library.hashes;
            hashes.push((hash, Vec::new()));
            context.fill(0xdd);
            context[..2].copy_from_slice(&(hashes.len() as u16).to_le_bytes());
        })
    }

    fn hash_update(context: &mut [u8], data: &[u8]) -> Result<(), Fault> {
        attempt(Call::HashUpdate, |kernel| {
            kernel.library.hash(context)?.1.1.extend_from_slice(data);
            Ok(())
        })
    }

    fn hash_final(context: &mut [u8], digest: &mut [u8]) -> Result<(), Fault> {
        attempt(Call::HashFinal, |kernel| {
            let software = kernel.software;
            let (_, (hash, data)) = kernel.library.hash(context)?;
            let data = std::mem::take(data);
            let written = match hash {
                Hash::Sha256 => put(&(software.sha256)(&data), digest),
                Hash::Sha512 => put(&(software.sha512)(&data), digest),
            };
            assert_eq!(written, digest.len(), "a digest of another size");
            context[..2].fill(0);
            Ok(())
        })
    }

    fn numbers_lock() -> Result<(), Fault> {
        attempt(Call::NumbersLock, |kernel| match kernel.library.unit {
            Some(_) => Err(FAULT),
            None => {
                kernel.library.unit = Some(Unit::default());
                Ok(())
            }
        })
    }

    fn numbers_unlock() -> Result<(), Fault> {
        // Not an error if it is not locked: a lock that failed is followed by this as well.
        perform(Call::NumbersUnlock, |kernel| kernel.library.unit = None)
    }

    fn number(bytes: &[u8]) -> Result<Number, Fault> {
        call(Call::NumberInit, |kernel| {
            let unit = kernel.library.unit();
            unit.take_room(bytes.len() / 32);
            unit.numbers.push(bytes.to_vec());
            Number(unit.numbers.len() as u32 - 1)
        })
    }

    fn number_reduce(result: Number, number: Number, order: Number) -> Result<(), Fault> {
        assert_ne!(result, number);
        compute(Call::NumberReduce, result, |unit| modular::reduce(unit.number(number), &unit.reduced(order)))
    }

    fn number_multiply(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        assert!(result != left && result != right);
        compute(Call::NumberMultiply, result, |unit| {
            modular::multiply(&unit.reduced(left), &unit.reduced(right), &unit.reduced(order))
        })
    }

    fn number_add(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        compute(Call::NumberAdd, result, |unit| {
            modular::add(&unit.reduced(left), &unit.reduced(right), &unit.reduced(order))
        })
    }

    fn number_subtract(result: Number, left: Number, right: Number, order: Number) -> Result<(), Fault> {
        compute(Call::NumberSubtract, result, |unit| {
            modular::difference(&unit.reduced(left), &unit.reduced(right), &unit.reduced(order))
        })
    }

    fn number_export(number: Number, out: &mut [u8]) -> Result<(), Fault> {
        perform(Call::NumberExport, |kernel| out.copy_from_slice(&kernel.library.unit().reduced(number)))
    }

    fn point(point: &mut Point) -> Result<(), Fault> {
        perform(Call::PointAlloc, |kernel| {
            let unit = kernel.library.unit();
            unit.take_room(3);
            unit.points.push(None);
            *point = Point { curve: ED25519, numbers: [unit.points.len() as u32 - 1, 0, 0] };
        })
    }

    fn point_base(point: &mut Point) -> Result<(), Fault> {
        perform(Call::PointBase, |kernel| {
            let base = kernel.software.base;
            *kernel.library.unit().point(point) = Some(base);
        })
    }

    fn point_multiply(point: &mut Point, scalar: &[u8]) -> Result<(), Fault> {
        perform(Call::PointMultiply, |kernel| {
            let times = kernel.software.times;
            let unit = kernel.library.unit();
            let scalar = scalar.try_into().expect("a scalar of 32 bytes");
            let product = times(&unit.value(point), scalar);
            *unit.point(point) = Some(product);
        })
    }

    fn point_add(result: &mut Point, left: &Point, right: &Point) -> Result<(), Fault> {
        perform(Call::PointAdd, |kernel| {
            let plus = kernel.software.plus;
            let unit = kernel.library.unit();
            let sum = plus(&unit.value(left), &unit.value(right));
            *unit.point(result) = Some(sum);
        })
    }

    fn point_equal(left: &Point, right: &Point) -> Result<bool, Fault> {
        call(Call::PointCompare, |kernel| {
            let unit = kernel.library.unit();
            unit.value(left) == unit.value(right)
        })
    }

    fn point_compress(point: &Point, y: &mut [u8; 32]) -> Result<u8, Fault> {
        let mut sign = 0;
        perform(Call::PointCompress, |kernel| {
            *y = kernel.library.unit().value(point);
            y.reverse();
            sign = y[0] >> 7;
            y[0] &= 0x7f;
        })?;
        Ok(sign)
    }

    fn point_decompress(point: &mut Point, y: &[u8; 32], sign: u8) -> Result<(), Fault> {
        assert!(y[0] >> 7 == 0 && sign <= 1, "a Y with the sign in it");
        perform(Call::PointDecompress, |kernel| {
            let mut value = *y;
            value.reverse();
            value[31] |= sign << 7;
            *kernel.library.unit().point(point) = Some(value);
        })
    }
}
