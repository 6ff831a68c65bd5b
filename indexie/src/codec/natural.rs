//! The natural numbers among floating-point ones, told by their bits.
//!
//! Nearly all numbers of a row are natural ones, and what the browser has read are floats. Firefox mixes two encodings of the
//! processor's floating-point instructions, and on some processors (Ice Lake and later) each change from one to the other takes some
//! hundred times as long as an instruction: a row's numbers took most of the time in which it was decoded. Moving a float is no such
//! instruction, and neither is looking at its bits.

/// Above it there are integers without a float of their own.
const MOST: u64 = 1 << 53;

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
    (number << beyond == significand && number <= MOST).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "up to 2^53 each integer has a float")]
    fn natural_numbers_are_told_from_others() {
        let edges = (0..=53).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1]);
        for number in edges.filter(|number| *number <= MOST).chain([3, 10, 1_000_000, 123_456_789_012_345]) {
            assert_eq!(natural(number as f64), Some(number));
            assert_eq!(natural(-(number as f64)), None, "-{number}");
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
        }
    }
}
