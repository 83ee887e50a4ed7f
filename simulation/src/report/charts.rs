//! Which charts a run has.

use super::{
    ReportData, RoundPoint, bars,
    line::{LineChart, Series},
    number::Unit,
    words::Words,
};

/// All charts that have data.
pub(super) fn charts(data: &ReportData, words: &Words) -> String {
    let rounds = &data.rounds;
    let chart = |title, unit, series| LineChart {
        title,
        unit,
        x_name: words.round,
        counted: true,
        series,
        limits: Vec::new(),
        high: None,
    };
    let quality = LineChart {
        high: Some(1.0),
        limits: across(&data.baselines),
        ..chart(
            words.quality,
            Unit::Percent,
            vec![
                series(words.accuracy, rounds, |round| round.accuracy),
                series(words.macro_f1, rounds, |round| round.macro_f1),
            ],
        )
    };
    let by_hours = LineChart {
        high: Some(1.0),
        limits: across(&data.baselines),
        x_name: words.virtual_hours,
        counted: false,
        ..chart(words.by_hours, Unit::Percent, vec![over_hours(words.accuracy, rounds, |round| round.accuracy)])
    };
    let later = LineChart {
        high: Some(1.0),
        limits: across(&data.later_baselines),
        ..chart(words.later, Unit::Percent, vec![series(words.federated, rounds, |round| round.later_accuracy)])
    };
    let loss = chart(words.loss, Unit::Number, vec![series(words.loss, rounds, |round| round.loss)]);
    let clip = chart(words.clip, Unit::Number, vec![series(words.clip, rounds, |round| round.clip)]);
    let epsilon = LineChart {
        limits: data.epsilon_budget.filter(|e| e.is_finite()).map(|e| (e, words.budget)).into_iter().collect(),
        ..chart(words.epsilon_by_round, Unit::Number, vec![series(words.epsilon, rounds, |round| round.epsilon)])
    };
    let traffic = chart(
        words.traffic,
        Unit::Bytes,
        vec![
            series(words.up, rounds, |round| Some(round.bytes_up as f64)),
            series(words.down, rounds, |round| Some(round.bytes_down as f64)),
        ],
    );
    let participation = chart(
        words.participation,
        Unit::Count,
        vec![
            series(words.reports, rounds, |round| Some(round.reports as f64)),
            series(words.invited, rounds, |round| Some(round.invited as f64)),
        ],
    );
    let lines = [quality, by_hours, later, loss, clip, epsilon, participation, traffic];
    let mut charts: String = lines.iter().map(LineChart::render).collect();
    charts.push_str(&bars::histogram(&data.user_accuracy, words));
    charts
}

/// Lines across a chart; what is not a number is none.
fn across(lines: &[(String, f64)]) -> Vec<(f64, &str)> {
    lines.iter().filter(|(_, value)| value.is_finite()).map(|(name, value)| (*value, name.as_str())).collect()
}

fn series<'a>(name: &'a str, rounds: &[RoundPoint], value: impl Fn(&RoundPoint) -> Option<f64>) -> Series<'a> {
    over(name, rounds, |round| Some(round.round as f64), value)
}

/// Over virtual time, where there is any.
fn over_hours<'a>(name: &'a str, rounds: &[RoundPoint], value: impl Fn(&RoundPoint) -> Option<f64>) -> Series<'a> {
    over(name, rounds, |round| round.clock_hours.filter(|hours| hours.is_finite() && *hours >= 0.0), value)
}

fn over<'a>(
    name: &'a str,
    rounds: &[RoundPoint],
    at: impl Fn(&RoundPoint) -> Option<f64>,
    value: impl Fn(&RoundPoint) -> Option<f64>,
) -> Series<'a> {
    let point = |round: &RoundPoint| {
        let value = value(round).filter(|value| value.is_finite() && *value >= 0.0)?;
        Some((at(round)?, value))
    };
    let mut points: Vec<_> = rounds.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series { name, points }
}
