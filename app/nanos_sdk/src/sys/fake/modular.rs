//! Arithmetic modulo the order of a group, a bit at a time. Numbers are big endian.

/// `number` modulo `order`, whose highest bit is not set.
pub(super) fn reduce(number: &[u8], order: &[u8; 32]) -> [u8; 32] {
    bits(number).fold([0; 32], |sum, bit| {
        let mut one = [0; 32];
        one[31] = u8::from(bit);
        add(&add(&sum, &sum, order), &one, order)
    })
}

/// The sum of two numbers below `order`.
pub(super) fn add(left: &[u8; 32], right: &[u8; 32], order: &[u8; 32]) -> [u8; 32] {
    assert!(left < order && right < order, "a number that was not reduced");
    let mut carry = 0;
    let mut sum = [0; 32];
    for at in (0..32).rev() {
        carry += u16::from(left[at]) + u16::from(right[at]);
        sum[at] = carry as u8;
        carry >>= 8;
    }
    if sum >= *order { subtract(&sum, order) } else { sum }
}

/// The difference of two numbers below `order`.
pub(super) fn difference(left: &[u8; 32], right: &[u8; 32], order: &[u8; 32]) -> [u8; 32] {
    add(left, &reduce(&subtract(order, right), order), order)
}

/// The product of two numbers below `order`.
pub(super) fn multiply(left: &[u8; 32], right: &[u8; 32], order: &[u8; 32]) -> [u8; 32] {
    assert!(left < order && right < order, "a number that was not reduced");
    bits(left).fold([0; 32], |product, bit| {
        let doubled = add(&product, &product, order);
        if bit { add(&doubled, right, order) } else { doubled }
    })
}

/// `left` less what is not above it.
pub(super) fn subtract(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut borrow = 0;
    let mut rest = [0; 32];
    for at in (0..32).rev() {
        let digit = i16::from(left[at]) - i16::from(right[at]) - borrow;
        borrow = i16::from(digit < 0);
        rest[at] = digit as u8;
    }
    assert_eq!(borrow, 0, "a number below zero");
    rest
}

fn bits(number: &[u8]) -> impl Iterator<Item = bool> {
    number.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(value: u64) -> [u8; 32] {
        let mut number = [0; 32];
        number[24..].copy_from_slice(&value.to_be_bytes());
        number
    }

    #[test]
    fn small_numbers_come_out_as_the_processor_has_them() {
        let values = [0, 1, 2, 96, 97, 1 << 31, u64::MAX / 3, (1 << 62) - 2];
        for order in [98, (1 << 62) - 1] {
            for left in values {
                let one = reduce(&left.to_be_bytes(), &small(order));
                assert_eq!(one, small(left % order));
                for right in values {
                    let other = small(right % order);
                    let sum = (u128::from(left) + u128::from(right)) % u128::from(order);
                    assert_eq!(add(&one, &other, &small(order)), small(sum as u64));
                    let product = u128::from(left) * u128::from(right) % u128::from(order);
                    assert_eq!(multiply(&one, &other, &small(order)), small(product as u64));
                }
            }
        }
    }

    #[test]
    fn a_wide_number_is_reduced() {
        // 2^256 is 1 modulo 2^255 - 1 doubled and so on: 2^255 = 1, so 2^256 = 2 and 2^511 = 2.
        let mut order = [0xff; 32];
        order[0] = 0x7f;
        let mut wide = [0; 64];
        wide[0] = 0x80;
        assert_eq!(reduce(&wide, &order), small(2));
    }
}
