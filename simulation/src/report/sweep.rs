//! The report of a sweep: one page over many runs.

use super::{
    html::escape,
    number::{bytes, percent},
    page::{card, section, shell},
    spread::{Across, MOST_LINES, Point, SpreadChart},
    tables,
};
use crate::sweep::{Group, Spread};

/// What the page of a sweep is made from. Strings are plain text.
pub struct SweepReport<'a> {
    /// The heading.
    pub title: String,
    /// Names and values for the cards at the top.
    pub summary: Vec<(String, String)>,
    /// Names and values of what all runs share.
    pub settings: Vec<(String, String)>,
    /// What a reader should know besides, a sentence each.
    pub notes: Vec<String>,
    /// Runs that differ in their seed alone.
    pub groups: &'a [Group],
}

/// The page, which needs nothing else.
pub fn render_sweep(report: &SweepReport<'_>) -> String {
    let charts = [against_epsilon(report.groups), over_rounds(report.groups), over_bytes(report.groups)].concat();
    let body = [
        tables::cards(&report.summary),
        if charts.is_empty() {
            String::new()
        } else {
            section(
                "curves",
                "Accuracy on held-out people",
                &format!("{}<div class=\"grid\">{charts}</div>", how(report)),
            )
        },
        section("groups", "All settings", &card(&table(report.groups))),
        notes(report),
    ]
    .concat();
    let footer = "This file is complete: it loads nothing and sends nothing.";
    shell("en", &report.title, "Silhouette \u{b7} sweep of simulations", footer, &body)
}

/// What a bar is, and what is left out.
fn how(report: &SweepReport<'_>) -> String {
    let runs = report.groups.iter().map(|group| group.runs);
    let (fewest, most) = (runs.clone().min().unwrap_or(0), runs.max().unwrap_or(0));
    let bars = match (fewest, most) {
        (_, 0 | 1) => "One run for each setting, so there are no error bars: add seeds to the grid.".to_owned(),
        (fewest, most) if fewest == most => {
            format!("Points are means over {most} seeds, bars one standard deviation up and down.")
        }
        (fewest, most) => {
            format!("Points are means over {fewest} to {most} seeds, bars one standard deviation up and down.")
        }
    };
    let curves = report.groups.len();
    let left = if curves > MOST_LINES {
        format!(
            " Over rounds and bytes the {MOST_LINES} most accurate of {curves} settings are drawn; the table has all."
        )
    } else {
        String::new()
    };
    format!("<p>{}</p>", escape(&format!("{bars}{left} Axes do not begin at zero.")))
}

fn name(values: &[(String, String)], without: &str) -> String {
    let parts = values.iter().filter(|(name, _)| name != without).map(|(name, value)| format!("{name} {value}"));
    let name = parts.collect::<Vec<_>>().join(", ");
    if name.is_empty() { "all runs".to_owned() } else { name }
}

/// A line for each combination of the other settings; who spends nothing is a level right across.
fn against_epsilon(groups: &[Group]) -> String {
    let mut lines: Vec<(String, Vec<Point>)> = Vec::new();
    let mut levels = Vec::new();
    for group in groups {
        let Some(epsilon) = group.epsilon.filter(|epsilon| epsilon.mean > 0.0) else {
            levels.push((name(&group.values, ""), group.accuracy.mean));
            continue;
        };
        let point = Point { x: epsilon.mean, mean: group.accuracy.mean, sd: group.accuracy.sd };
        let name = name(&group.values, "epsilon");
        match lines.iter_mut().find(|(other, _)| *other == name) {
            Some((_, points)) => points.push(point),
            None => lines.push((name, vec![point])),
        }
    }
    lines.iter_mut().for_each(|(_, points)| points.sort_by(|a, b| a.x.total_cmp(&b.x)));
    // The best without noise, and the best central model, are what there is to reach.
    levels.sort_by(|a, b| b.1.total_cmp(&a.1));
    levels.truncate(1);
    let central = groups.iter().filter_map(|group| group.central).map(|central| central.mean).reduce(f64::max);
    levels.extend(central.map(|central| ("Central, no privacy".to_owned(), central)));
    let best = |points: &[Point]| points.iter().map(|point| point.mean).fold(0.0, f64::max);
    if lines.len() > MOST_LINES {
        lines.sort_by(|a, b| best(&b.1).total_cmp(&best(&a.1)));
        lines.truncate(MOST_LINES);
    }
    SpreadChart {
        title: "Accuracy against epsilon spent",
        x_name: "Epsilon of the most charged device",
        across: Across::Ratios,
        lines,
        levels,
    }
    .render()
}

/// The most accurate settings in the order of the table, so that a name has one colour in all charts.
fn drawn(groups: &[Group]) -> Vec<&Group> {
    let mut best: Vec<(usize, &Group)> =
        groups.iter().enumerate().filter(|(_, group)| !group.looks.is_empty()).collect();
    best.sort_by(|a, b| b.1.accuracy.mean.total_cmp(&a.1.accuracy.mean));
    best.truncate(MOST_LINES);
    best.sort_by_key(|(place, _)| *place);
    best.into_iter().map(|(_, group)| group).collect()
}

fn curves(groups: &[Group], x: impl Fn(&crate::sweep::Look) -> f64) -> Vec<(String, Vec<Point>)> {
    let point = |look: &crate::sweep::Look| Point { x: x(look), mean: look.accuracy.mean, sd: look.accuracy.sd };
    drawn(groups).into_iter().map(|group| (name(&group.values, ""), group.looks.iter().map(point).collect())).collect()
}

fn over_rounds(groups: &[Group]) -> String {
    SpreadChart {
        title: "Accuracy against rounds",
        x_name: "Round",
        across: Across::Whole,
        lines: curves(groups, |look| look.round as f64),
        levels: Vec::new(),
    }
    .render()
}

fn over_bytes(groups: &[Group]) -> String {
    SpreadChart {
        title: "Accuracy against bytes sent",
        x_name: "Bytes up from all devices so far",
        across: Across::Bytes,
        lines: curves(groups, |look| look.bytes_up),
        levels: Vec::new(),
    }
    .render()
}

fn table(groups: &[Group]) -> String {
    let names: Vec<&str> = {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in groups.iter().flat_map(|group| &group.values) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    };
    let figures = ["runs", "accuracy", "macro F1", "worst tenth of people", "epsilon spent", "rounds", "bytes up"];
    let head: String = names.iter().chain(&figures).map(|name| format!("<th>{}</th>", escape(name))).collect();
    let row = |group: &Group| {
        let value =
            |name: &&str| group.values.iter().find(|(other, _)| other == name).map_or("\u{2013}", |(_, value)| value);
        let values = names.iter().map(|name| escape(value(name)));
        let mut scope = Some(" scope=\"row\"");
        let cells = [
            group.runs.to_string(),
            share(Some(group.accuracy), group.runs),
            share(Some(group.macro_f1), group.runs),
            share(group.worst_decile, group.runs),
            group.epsilon.map_or_else(|| "\u{2013}".to_owned(), |epsilon| format!("{:.3}", epsilon.mean)),
            format!("{:.0}", group.rounds.mean),
            bytes(group.bytes_up.mean),
        ];
        let cell = |cell: String| match scope.take() {
            Some(row) => format!("<th{row}>{cell}</th>"),
            None => format!("<td>{cell}</td>"),
        };
        let cells: String = values.chain(cells).map(cell).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = groups.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// A mean with its deviation, where there is more than one run.
fn share(spread: Option<Spread>, runs: usize) -> String {
    match spread {
        None => "\u{2013}".to_owned(),
        Some(spread) if runs > 1 => format!("{} \u{b1} {}", percent(spread.mean), percent(spread.sd)),
        Some(spread) => percent(spread.mean),
    }
}

fn notes(report: &SweepReport<'_>) -> String {
    let items: String = report.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    let notes = card(&format!("<h3>Notes</h3><ul>{items}</ul>"));
    let settings = card(&format!("<h3>Settings of all runs</h3>{}", tables::settings(&report.settings)));
    section("settings", "Notes and settings", &format!("<div class=\"grid\">{notes}{settings}</div>"))
}
