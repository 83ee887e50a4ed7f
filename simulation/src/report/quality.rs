//! The report of an evaluation: models side by side, confusion, reliability.

use super::{
    ReportLanguage,
    heat::Confusion,
    html::escape,
    line::{LineChart, Series},
    number::{Unit, percent},
    page::{card, section, shell},
    tables,
    words::Words,
};
use crate::quality::{HeadQuality, Quality};

/// Classes of a confusion that is drawn.
const MOST_CLASSES: usize = 24;

/// A model's figures and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct NamedQuality<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its figures.
    pub quality: &'a Quality,
}

/// The page, which needs nothing else. Strings are plain text.
pub fn render_quality(title: &str, models: &[NamedQuality<'_>]) -> String {
    let Some(first) = models.first() else {
        return shell("en", title, "Silhouette \u{b7} evaluation", "", "");
    };
    let summary = vec![
        ("People".to_owned(), first.quality.people.to_string()),
        ("Texts".to_owned(), first.quality.texts.to_string()),
        ("Models".to_owned(), models.len().to_string()),
    ];
    let mut body = vec![tables::cards(&summary)];
    body.push(section("figures", "Side by side", &card(&side_by_side(models))));
    for head in &first.quality.heads {
        body.push(of_head(head, models));
    }
    let footer = "This file is complete: it loads nothing and sends nothing.";
    shell("en", title, "Silhouette \u{b7} evaluation of profiles", footer, &body.concat())
}

fn find<'q>(model: &NamedQuality<'q>, name: &str) -> Option<&'q HeadQuality> {
    model.quality.heads.iter().find(|head| head.head == name)
}

fn side_by_side(models: &[NamedQuality<'_>]) -> String {
    let names = [
        "model",
        "head",
        "accuracy",
        "precision",
        "recall",
        "F1",
        "AUC",
        "ECE",
        "person: top label",
        "recall at 3",
        "JSD (bits)",
        "mean off by",
    ];
    let head: String = names.iter().map(|name| format!("<th>{name}</th>")).collect();
    let dash = || "\u{2013}".to_owned();
    let row = |model: &NamedQuality<'_>, head: &HeadQuality| {
        let s = head.scores;
        let classes = !head.labels.is_empty();
        let share = |value: f64| if classes { percent(value) } else { dash() };
        let of_people = |of: &dyn Fn(&crate::quality::PeopleQuality) -> Option<String>| {
            head.people.as_ref().and_then(of).unwrap_or_else(dash)
        };
        let off = head.mean_absolute_error.or_else(|| head.people.and_then(|p| p.mean_absolute_error));
        let cells = [
            escape(&head.head),
            share(s.accuracy),
            share(s.precision),
            share(s.recall),
            share(s.macro_f1),
            head.auc.map_or_else(dash, |auc| format!("{auc:.3}")),
            if classes { format!("{:.3}", head.calibration.ece) } else { dash() },
            of_people(&|p| Some(percent(p.top1))),
            of_people(&|p| Some(percent(p.recall_at_3))),
            of_people(&|p| Some(format!("{:.3}", p.jsd_bits))),
            off.map_or_else(dash, |off| format!("{off:.3}")),
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", escape(model.name))
    };
    let rows: String =
        models.iter().flat_map(|model| model.quality.heads.iter().map(move |head| row(model, head))).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn of_head(head: &HeadQuality, models: &[NamedQuality<'_>]) -> String {
    let words = Words::of(ReportLanguage::En);
    let mut parts = vec![reliability(&head.head, models)];
    let size = head.labels.len();
    if (1..=MOST_CLASSES).contains(&size) {
        for model in models {
            let Some(of_model) = find(model, &head.head) else { continue };
            let counts: Vec<Vec<u64>> = (0..size)
                .map(|truth| (0..size).map(|predicted| of_model.confusion.count(truth, predicted)).collect())
                .collect();
            if let Some(confusion) = Confusion::new(&head.labels, &counts) {
                let heading = format!("<h3>Confusion, {}</h3>", escape(model.name));
                let drawn = card(&format!("{heading}{}{}", confusion.map(words), confusion.scores(words)));
                parts.push(format!("<div style=\"margin-top:16px\">{drawn}</div>"));
            }
        }
    }
    let id: String = head.head.chars().filter(char::is_ascii_alphanumeric).collect();
    section(&format!("head-{id}"), &head.head, &parts.concat())
}

/// How often predictions of a given probability are right.
fn reliability(head: &str, models: &[NamedQuality<'_>]) -> String {
    let mut series: Vec<Series<'_>> = Vec::new();
    for model in models {
        let Some(found) = find(model, head) else { continue };
        let points = found.calibration.bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect();
        series.push(Series { name: model.name, points });
    }
    if series.iter().all(|s| s.points.is_empty()) {
        return String::new();
    }
    series.push(Series { name: "perfect", points: vec![(0.0, 0.0), (1.0, 1.0)] });
    let chart = LineChart {
        title: "Reliability: how often a probability is right",
        unit: Unit::Percent,
        x_name: "Probability given",
        counted: false,
        series,
        limits: Vec::new(),
        high: Some(1.0),
    };
    format!("<div class=\"grid\">{}</div>", chart.render())
}
