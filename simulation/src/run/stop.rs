//! Why a run ends before its last round.

use std::fmt;

use serde::{Deserialize, Serialize};
use silhouette_wire::QueryKind;

use crate::federation::RoundRecord;

/// Why a run ended before its last round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stopped {
    /// The next round would have taken a device past the epsilon that was asked for.
    Budget {
        /// That round.
        next_round: u64,
        /// What the most charged device had spent after it.
        would_be: f64,
        /// The most it may spend.
        limit: f64,
    },
    /// The accuracy on held-out people had not grown for so many looks.
    Flat {
        /// Looks without a better one.
        looks: u64,
        /// The round of the best.
        best_round: u64,
        /// Its accuracy.
        best: f64,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { next_round, would_be, limit } => write!(
                out,
                "stopped at the budget: round {next_round} would have taken the most charged device to epsilon \
                 {would_be:.4}, past {limit}"
            ),
            Self::Flat { looks, best_round, best } => write!(
                out,
                "stopped as flat: {looks} looks at held-out people without a better one than after round {best_round} \
                 ({:.1} %)",
                100.0 * best
            ),
        }
    }
}

/// Whether the last `looks` looks brought nothing better than an earlier one. It follows from the records alone.
pub(super) fn flat(records: &[RoundRecord], looks: u64) -> Option<Stopped> {
    let told: Vec<(u64, f64)> = records
        .iter()
        .filter(|record| record.query == QueryKind::Train)
        .filter_map(|record| Some((record.round, record.accuracy?)))
        .collect();
    // The first of the best.
    let (place, &(best_round, best)) =
        told.iter().enumerate().rev().max_by(|(_, one), (_, other)| one.1.total_cmp(&other.1))?;
    let since = (told.len() - 1 - place) as u64;
    (looks > 0 && since >= looks).then_some(Stopped::Flat { looks, best_round, best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(accuracies: &[Option<f64>]) -> Vec<RoundRecord> {
        let of = |(round, accuracy): (u64, &Option<f64>)| {
            let json = serde_json::json!({
                "round": round, "invited": 1, "reports": 1, "accuracy": accuracy, "macro_f1": null, "loss": null,
                "clip": 1.0, "within_clip": null, "epsilon": null, "rho": null, "bytes_up": 0, "bytes_down": 0,
                "seconds": 0.0, "model_sha256": ""
            });
            serde_json::from_value(json).unwrap()
        };
        (1..).zip(accuracies).map(of).collect()
    }

    #[test]
    fn only_looks_without_a_better_one_count() {
        let rising = records(&[Some(0.1), Some(0.2), Some(0.3)]);
        assert_eq!(flat(&rising, 1), None);
        let stuck = records(&[Some(0.1), Some(0.3), None, Some(0.3), None, Some(0.2)]);
        assert_eq!(flat(&stuck, 2), Some(Stopped::Flat { looks: 2, best_round: 2, best: 0.3 }));
        assert_eq!(flat(&stuck, 3), None);
        assert_eq!((flat(&stuck, 0), flat(&[], 1)), (None, None));
    }
}
