//! What rounds beside training told, in words: the private figures beside the exact ones.

use silhouette_query::Estimate;

use crate::federation::RoundRecord;
use crate::run::RunResult;

/// A share with its standard error, for people: `71.2 % +- 3.1 %`.
pub fn percent_with_error(figure: Option<Estimate>) -> String {
    figure.map_or_else(
        || "drowned by the noise".to_owned(),
        |f| format!("{:.1} % \u{b1} {:.1} %", 100.0 * f.shown(), 100.0 * f.standard_error),
    )
}

/// A line for each round beside training: its name, and what it told.
pub fn told_privately(labels: &[String], result: &RunResult) -> Vec<(String, String)> {
    result.rounds.iter().filter_map(|record| told(labels, record)).collect()
}

fn told(labels: &[String], record: &RoundRecord) -> Option<(String, String)> {
    if let Some(private) = &record.evaluation {
        let exact = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
        let line = format!(
            "accuracy {} (exact, on held-out people: {}), macro F1 {} over {} labels (exact: {}), from {} devices",
            percent_with_error(private.accuracy),
            exact(record.accuracy),
            percent_with_error(private.macro_f1),
            private.labels_in_f1,
            exact(record.macro_f1),
            private.reports,
        );
        return Some((format!("Evaluation, round {}", record.round), line));
    }
    let counts = record.label_counts.as_ref()?;
    let line = match &counts.shares {
        None => percent_with_error(None),
        Some(shares) => {
            let each = labels.iter().zip(shares);
            let each = each.map(|(label, &share)| format!("{label} {}", percent_with_error(Some(share))));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    Some((format!("Label counts, round {}", record.round), line))
}
