//! What the cells come to: one row a run, and one a group of runs that differ in their seed alone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::CellResult;
use crate::run::Stopped;

/// A figure over runs that differ in their seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, the divisor being the number of runs less one; 0 for a single one.
    pub sd: f64,
}

impl Spread {
    /// Of the figures of runs; `None` of none.
    pub fn of(figures: &[f64]) -> Option<Self> {
        let n = figures.len();
        if n == 0 {
            return None;
        }
        let mean = figures.iter().sum::<f64>() / n as f64;
        let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
        Some(Self { mean, sd: (squares / (n.max(2) - 1) as f64).sqrt() })
    }
}

/// A look at held-out people, over the runs of a group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Look {
    /// The round.
    pub round: u64,
    /// Bytes that devices had sent by then, mean over the runs.
    pub bytes_up: f64,
    /// Accuracy.
    pub accuracy: Spread,
}

/// Settings that vary, by name, with their values.
type Values = Vec<(String, String)>;

/// Runs that differ in their seed alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The values of the other settings that vary.
    pub values: Vec<(String, String)>,
    /// Runs.
    pub runs: usize,
    /// Epsilon spent by the most charged device; absent without privacy.
    pub epsilon: Option<Spread>,
    /// Accuracy on held-out people.
    pub accuracy: Spread,
    /// Macro F1.
    pub macro_f1: Spread,
    /// Mean accuracy of the worst tenth of people.
    pub worst_decile: Option<Spread>,
    /// Rounds of training that there were.
    pub rounds: Spread,
    /// Bytes that devices sent in all.
    pub bytes_up: Spread,
    /// The accuracy of one model of all texts in one place, where the runs compare.
    pub central: Option<Spread>,
    /// The looks that all runs of the group have.
    pub looks: Vec<Look>,
}

/// The groups, in the order of their first runs.
pub fn groups(results: &[CellResult]) -> Vec<Group> {
    let mut of: Vec<(Values, Vec<&CellResult>)> = Vec::new();
    for result in results {
        let values: Vec<_> = result.values.iter().filter(|(name, _)| name != "seed").cloned().collect();
        match of.iter_mut().find(|(other, _)| *other == values) {
            Some((_, runs)) => runs.push(result),
            None => of.push((values, vec![result])),
        }
    }
    of.into_iter().filter_map(|(values, runs)| group(values, &runs)).collect()
}

fn group(values: Vec<(String, String)>, runs: &[&CellResult]) -> Option<Group> {
    let all = |figure: &dyn Fn(&CellResult) -> Option<f64>| {
        let figures: Option<Vec<f64>> = runs.iter().map(|run| figure(run)).collect();
        figures.and_then(|figures| Spread::of(&figures))
    };
    Some(Group {
        runs: runs.len(),
        epsilon: all(&|run| run.summary.epsilon),
        accuracy: all(&|run| Some(run.summary.accuracy))?,
        macro_f1: all(&|run| Some(run.summary.macro_f1))?,
        worst_decile: all(&|run| run.summary.user_accuracy.map(|of| of.worst_decile)),
        rounds: all(&|run| Some(run.summary.rounds as f64))?,
        bytes_up: all(&|run| Some(bytes_up(run)))?,
        central: all(&|run| run.summary.comparison.as_ref()?.held_out.as_ref().map(|side| side.central.accuracy)),
        looks: looks(runs),
        values,
    })
}

fn bytes_up(run: &CellResult) -> f64 {
    run.rounds.iter().map(|record| record.bytes_up as f64).sum()
}

/// By round: accuracy, and bytes so far, of every run that was looked at then.
fn looks(runs: &[&CellResult]) -> Vec<Look> {
    let mut by_round: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for run in runs {
        let mut sent = 0.0;
        for record in &run.rounds {
            sent += record.bytes_up as f64;
            if let Some(accuracy) = record.accuracy {
                by_round.entry(record.round).or_default().push((accuracy, sent));
            }
        }
    }
    let shared = by_round.into_iter().filter(|(_, of)| of.len() == runs.len());
    shared
        .filter_map(|(round, of)| {
            let accuracy = Spread::of(&of.iter().map(|look| look.0).collect::<Vec<_>>())?;
            let bytes_up = of.iter().map(|look| look.1).sum::<f64>() / of.len() as f64;
            Some(Look { round, bytes_up, accuracy })
        })
        .collect()
}

/// One row a run: the settings that vary, in the order of `axes`, and its figures. Empty where there is none.
pub fn to_csv(axes: &[String], results: &[CellResult]) -> String {
    const FIGURES: [&str; 14] = [
        "cell",
        "accuracy",
        "macro_f1",
        "loss",
        "user_top1",
        "worst_decile",
        "epsilon_spent",
        "delta",
        "noise_multiplier_used",
        "rounds_done",
        "bytes_up",
        "seconds_training",
        "stopped",
        "model_sha256",
    ];
    let names = axes.iter().map(String::as_str).chain(FIGURES);
    let mut csv = names.map(quoted).collect::<Vec<_>>().join(",") + "\n";
    for run in results {
        let s = &run.summary;
        let value = |axis: &String| run.values.iter().find(|(name, _)| name == axis).map(|(_, value)| value.clone());
        let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        let stopped = match s.stopped {
            None => "",
            Some(Stopped::Budget { .. }) => "budget",
            Some(Stopped::Flat { .. }) => "flat",
        };
        let figures = [
            run.name.clone(),
            s.accuracy.to_string(),
            s.macro_f1.to_string(),
            number(run.rounds.iter().rev().find_map(|record| record.loss)),
            s.user_top1.to_string(),
            number(s.user_accuracy.map(|of| of.worst_decile)),
            number(s.epsilon),
            number(s.delta),
            s.noise_multiplier.to_string(),
            s.rounds.to_string(),
            bytes_up(run).to_string(),
            s.seconds_training.to_string(),
            stopped.to_owned(),
            s.model_sha256.clone(),
        ];
        let row = axes.iter().map(|axis| value(axis).unwrap_or_default()).chain(figures);
        csv += &row.map(|field| quoted(&field)).collect::<Vec<_>>().join(",");
        csv.push('\n');
    }
    csv
}

/// A field as RFC 4180 writes it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(spread.mean, 2.5);
        assert!((spread.sd - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Spread::of(&[0.7]), Some(Spread { mean: 0.7, sd: 0.0 }));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        assert_eq!(quoted("a=1,b=2"), "\"a=1,b=2\"");
        assert_eq!(quoted("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(quoted("plain"), "plain");
    }
}
