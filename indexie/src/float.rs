//! Floating-point numbers, told and compared by their bits.
//!
//! Nearly all numbers of a row are natural ones, and what the browser has read are floats. Firefox mixes two encodings of the
//! processor's floating-point instructions, and on some processors a change from one to the other takes some hundred times as long as an
//! instruction: the numbers of a row took most of the time in which it was decoded (`docs/benchmarks.md`). Moving a float is no such
//! instruction, nor is looking at its bits.

use std::cmp::Ordering;

const SIGN: u64 = 1 << 63;
const INFINITY: u64 = f64::INFINITY.to_bits();

/// The largest integer up to which a JavaScript number holds every integer: 2^53.
pub(crate) const MAX_SAFE: u64 = 1 << 53;

/// The natural number that a float is, if it is one, up to 2^53. Minus zero is none.
pub(crate) fn natural(value: f64) -> Option<u64> {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    if bits == 0 {
        return Some(0);
    }
    // The highest of these bits is the sign: of a negative number it makes this too large.
    let exponent = (bits >> 52).checked_sub(1023).filter(|exponent| *exponent <= 53)?;
    let (significand, beyond) = ((bits & FRACTION | 1 << 52) << 1, 53 - exponent);
    let number = significand >> beyond;
    (number << beyond == significand && number <= MAX_SAFE).then_some(number)
}

/// The integer that a float is, if it is one, up to 2^53 to either side. Minus zero is zero.
pub(crate) fn integer(value: f64) -> Option<i64> {
    match natural(value) {
        Some(natural) => Some(natural.cast_signed()),
        None => natural(-value).map(|natural| -natural.cast_signed()),
    }
}

/// Whether a float is no number.
pub(crate) fn is_nan(value: f64) -> bool {
    value.to_bits() & !SIGN > INFINITY
}

/// Compares two numbers. Minus zero equals zero; what is no number equals itself, and is at one of the ends.
pub(crate) fn compare(a: f64, b: f64) -> Ordering {
    place(a).cmp(&place(b))
}

/// Bits that compare as their numbers do.
fn place(value: f64) -> i64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits.cast_signed() } else { -(bits & !SIGN).cast_signed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "up to 2^53 each integer has a float")]
    fn natural_numbers_are_told_from_others() {
        let edges = (0..=53).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1]);
        for number in edges.filter(|number| *number <= MAX_SAFE).chain([3, 10, 1_000_000, 123_456_789_012_345]) {
            assert_eq!(natural(number as f64), Some(number));
            assert_eq!(natural(-(number as f64)), None, "-{number}");
            assert_eq!(integer(number as f64), Some(number.cast_signed()));
            assert_eq!(integer(-(number as f64)), Some(-number.cast_signed()), "-{number}");
        }
        for other in [
            0.5,
            -0.0,
            1.5,
            1e-300,
            5e-324,
            f64::MIN_POSITIVE,
            1.0 + f64::EPSILON,
            2_147_483_647.5,
            4_503_599_627_370_495.5,
            9_007_199_254_740_994.0,
            1e300,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            assert_eq!(natural(other), None, "{other}");
            assert_eq!(integer(-other), Some(0).filter(|_| other == 0.0), "-{other}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers_do() {
        let numbers = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1e10,
            -1.5,
            -1.0,
            -f64::MIN_POSITIVE,
            -5e-324,
            0.0,
            5e-324,
            f64::MIN_POSITIVE,
            0.1,
            1.0,
            1.0 + f64::EPSILON,
            1e10,
            f64::MAX,
            f64::INFINITY,
        ];
        for (at, a) in numbers.iter().enumerate() {
            assert!(!is_nan(*a), "{a}");
            for (other_at, b) in numbers.iter().enumerate() {
                assert_eq!(compare(*a, *b), at.cmp(&other_at), "{a} and {b}");
            }
        }
        assert_eq!(compare(-0.0, 0.0), Ordering::Equal);
        assert_eq!(compare(5e-324, -0.0), Ordering::Greater);
        assert!(is_nan(f64::NAN) && is_nan(-f64::NAN) && is_nan(f64::from_bits(INFINITY + 1)));
        assert_eq!(compare(f64::NAN, f64::NAN), Ordering::Equal);
        assert_eq!(compare(f64::INFINITY, f64::NAN), Ordering::Less);
    }
}
