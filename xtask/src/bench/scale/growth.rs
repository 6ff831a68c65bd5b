//! How a figure grows with a table, and whether that is how its plan says it does. Pure.

/// What a plan says. Of both only the upper bound is checked: what is always there hides a growth in small tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It is the same in every table, but for the depth of an index.
    Flat,
    /// It is done for each of so many rows, and no more often than that.
    Linear,
}

/// A machine that is busy for a while makes one size look so many times slower.
const NOISE: f64 = 5.0;

impl Growth {
    /// Whether the exponent is no larger than planned, in tables of which the largest has so many times the rows of the smallest.
    /// A plan that reads the whole table, where it need not, has an exponent that is larger by 1.
    pub fn allows(self, exponent: f64, span: f64) -> bool {
        let planned = match self {
            Self::Flat => 0.0,
            Self::Linear => 1.0,
        };
        exponent <= planned + NOISE.ln() / span.ln()
    }
}

/// The `x` of `rows^x`, as the straight line through the logarithms has it; none of less than two sizes.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.iter().map(|_| 1.0).sum::<f64>();
    let logs: Vec<_> = points.iter().map(|(rows, figure)| (rows.ln(), figure.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let along: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    let up: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    (along > 0.0).then(|| up / along)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(points: &[(f64, f64)]) -> Option<f64> {
        exponent(points).map(|exponent| (exponent * 100.0).round() / 100.0)
    }

    #[test]
    fn what_is_done_for_each_row_has_the_exponent_one() {
        assert_eq!(rounded(&[(1_000.0, 2.0), (10_000.0, 20.0), (100_000.0, 200.0)]), Some(1.0));
        assert_eq!(rounded(&[(10.0, 3.0), (100.0, 300.0)]), Some(2.0));
    }

    #[test]
    fn what_is_always_the_same_has_the_exponent_zero() {
        assert_eq!(rounded(&[(1_000.0, 2.0), (10_000.0, 2.0), (1_000_000.0, 2.0)]), Some(0.0));
    }

    #[test]
    fn one_slow_size_in_the_middle_is_no_growth() {
        assert_eq!(rounded(&[(1_000.0, 2.0), (10_000.0, 6.0), (100_000.0, 2.0)]), Some(0.0));
    }

    #[test]
    fn one_size_does_not_grow() {
        assert_eq!(exponent(&[(1_000.0, 2.0)]), None);
        assert_eq!(exponent(&[]), None);
    }

    #[test]
    fn flat_is_no_root_and_linear_is_no_square() {
        assert!(Growth::Flat.allows(0.2, 1_000.0));
        assert!(!Growth::Flat.allows(0.5, 1_000.0));
        assert!(Growth::Linear.allows(1.2, 1_000.0));
        assert!(!Growth::Linear.allows(1.5, 1_000.0));
    }

    #[test]
    fn two_sizes_that_are_near_each_other_say_less() {
        assert!(Growth::Flat.allows(0.5, 10.0));
        assert!(!Growth::Flat.allows(1.0, 10.0));
    }
}
