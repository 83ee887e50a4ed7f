//! The parts of the page that are text and tables.

use super::{
    ReportData, RoundPoint,
    html::{escape, fill},
    number::{Unit, bytes, count, duration, optional},
    words::Words,
};

/// The cards at the top.
pub(super) fn cards(summary: &[(String, String)]) -> String {
    if summary.is_empty() {
        return String::new();
    }
    let card = |(name, value): &(String, String)| {
        format!("<div class=\"card\"><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
    };
    let cards: String = summary.iter().map(card).collect();
    format!("<dl class=\"cards\">{cards}</dl>\n")
}

/// What was sent, in words.
pub(super) fn left_device(data: &ReportData, words: &Words) -> String {
    let mut sentences = vec![traffic(&data.rounds, words), privacy(data, words)];
    sentences.extend(data.left_device.iter().cloned());
    list(&sentences)
}

fn traffic(rounds: &[RoundPoint], words: &Words) -> String {
    let sum = |value: fn(&RoundPoint) -> u64| rounds.iter().map(value).fold(0, u64::saturating_add);
    let (reports, up) = (sum(|round| round.reports), sum(|round| round.bytes_up));
    if reports == 0 {
        return words.nothing_sent.to_owned();
    }
    fill(
        words.sent,
        &[
            &count(reports),
            &count(rounds.len() as u64),
            &bytes(up as f64),
            &bytes(up as f64 / reports as f64),
            &bytes(sum(|round| round.bytes_down) as f64),
        ],
    )
}

/// The largest privacy loss stated, as it only grows.
fn privacy(data: &ReportData, words: &Words) -> String {
    let spent = data.rounds.iter().filter_map(|round| round.epsilon);
    let spent = spent.filter(|epsilon| epsilon.is_finite()).reduce(f64::max);
    let budget = data.epsilon_budget.filter(|budget| budget.is_finite());
    match (spent, budget) {
        (None, _) => words.no_epsilon.to_owned(),
        (Some(spent), None) => fill(words.spent, &[&format!("{spent:.2}")]),
        (Some(spent), Some(budget)) => fill(words.spent_of, &[&format!("{spent:.2}"), &format!("{budget:.2}")]),
    }
}

/// The settings as a table of two columns.
pub(super) fn settings(settings: &[(String, String)]) -> String {
    let row = |(name, value): &(String, String)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(value))
    };
    let rows: String = settings.iter().map(row).collect();
    format!("<table class=\"pairs\"><tbody>{rows}</tbody></table>")
}

/// The assumptions; that there are none is worth saying.
pub(super) fn assumptions(assumptions: &[String], words: &Words) -> String {
    if assumptions.is_empty() {
        return format!("<p class=\"warning\">{}</p>", escape(words.no_assumptions));
    }
    list(assumptions)
}

fn list(sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|item| format!("<li>{}</li>", escape(item))).collect();
    format!("<ul>{items}</ul>")
}

/// The numbers behind the charts.
pub(super) fn rounds(rounds: &[RoundPoint], words: &Words) -> String {
    let head = [
        words.round,
        words.invited,
        words.reports,
        words.accuracy,
        words.macro_f1,
        words.loss,
        words.epsilon,
        words.up,
        words.down,
        words.time,
    ];
    let head: String = head.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let rows: String = rounds.iter().map(round).collect();
    format!(
        "<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>",
        escape(words.numbers)
    )
}

fn round(round: &RoundPoint) -> String {
    let cells = [
        count(round.invited),
        count(round.reports),
        optional(Unit::Percent, round.accuracy),
        optional(Unit::Percent, round.macro_f1),
        optional(Unit::Number, round.loss),
        optional(Unit::Number, round.epsilon),
        bytes(round.bytes_up as f64),
        bytes(round.bytes_down as f64),
        duration(round.seconds),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", round.round)
}
