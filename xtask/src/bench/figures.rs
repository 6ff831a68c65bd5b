//! Medians of rounds, and of the ratios within each round: a machine that is busy for a while is so for both sides. Pure.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::sides::{DEXIE, INDEXIE};

/// What the page has answered, round by round: for each side its figures by name.
#[derive(Debug, Default)]
pub struct Rounds(Vec<Value>);

impl Rounds {
    /// Adds what the sides have answered one after the other.
    pub fn extend(&mut self, indexie: Vec<Value>, dexie: Vec<Value>) {
        let round = |(indexie, dexie)| json!({ INDEXIE: indexie, DEXIE: dexie });
        self.0.extend(indexie.into_iter().zip(dexie).map(round));
    }

    pub fn push(&mut self, round: Value) {
        self.0.push(round);
    }

    /// All of them.
    pub fn all(&self) -> &[Value] {
        &self.0
    }

    /// The middle one of a side's figures. `figure` is a JSON pointer, as `/put`.
    pub fn median(&self, side: &str, figure: &str) -> Result<f64> {
        median(self.0.iter().map(|round| of(round, side, figure)).collect::<Result<_>>()?)
    }

    /// A side's part of another's figure, in the middle one of the rounds.
    pub fn ratio(&self, side: &str, other: &str, figure: &str) -> Result<f64> {
        median(self.ratios(side, other, figure)?)
    }

    /// The same for each round.
    pub fn ratios(&self, side: &str, other: &str, figure: &str) -> Result<Vec<f64>> {
        self.0.iter().map(|round| Ok(of(round, side, figure)? / of(round, other, figure)?)).collect()
    }
}

fn of(round: &Value, side: &str, figure: &str) -> Result<f64> {
    round[side].pointer(figure).and_then(Value::as_f64).with_context(|| format!("no {figure} of {side} in {round}"))
}

/// The middle one.
pub fn median(figures: Vec<f64>) -> Result<f64> {
    quantile(figures, 0.5)
}

/// The one that this part of all is below.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a part of a few hundred"
)]
pub fn quantile(mut figures: Vec<f64>, part: f64) -> Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get((figures.len() as f64 * part) as usize).copied().context("nothing was measured")
}

/// What equal factors would have to be, for the product of these; of nothing it is 1.
pub fn geometric_mean(factors: &[f64]) -> f64 {
    let count = u32::try_from(factors.len().max(1)).map_or(f64::INFINITY, f64::from);
    (factors.iter().map(|factor| factor.ln()).sum::<f64>() / count).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(times: &[(f64, f64)]) -> Rounds {
        let round = |(indexie, dexie): &(f64, f64)| json!({ "indexie": { "put": indexie }, "Dexie": { "put": dexie } });
        Rounds(times.iter().map(round).collect())
    }

    #[test]
    fn the_median_ratio_is_of_figures_of_one_round() {
        let rounds = rounds(&[(1.0, 2.0), (30.0, 40.0), (1.0, 10.0)]);

        assert_eq!(rounds.ratio(INDEXIE, DEXIE, "/put").ok(), Some(0.5));
        assert_eq!(rounds.median(DEXIE, "/put").ok(), Some(10.0));
    }

    #[test]
    fn a_geometric_mean_is_between_a_half_and_a_double() {
        assert!((geometric_mean(&[0.5, 2.0]) - 1.0).abs() < 1e-12);
        assert!((geometric_mean(&[2.0, 8.0]) - 4.0).abs() < 1e-12);
        assert!((geometric_mean(&[]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_is_one_of_the_figures() {
        let figures: Vec<f64> = (0..200).map(f64::from).collect();

        assert_eq!(quantile(figures.clone(), 0.5).ok(), Some(100.0));
        assert_eq!(quantile(figures, 0.95).ok(), Some(190.0));
        assert!(quantile(Vec::new(), 0.5).is_err());
    }

    #[test]
    fn a_figure_that_is_missing_is_named() {
        let error = rounds(&[(1.0, 2.0)]).median(INDEXIE, "/last").expect_err("there is none");

        assert!(error.to_string().starts_with("no /last of indexie"));
    }
}
