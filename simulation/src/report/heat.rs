//! The confusion matrix as a heat map, and what follows from it for each class.

use super::{
    html::{Svg, escape, fill, shorten},
    number::{MISSING, count, percent},
    words::Words,
};

const CELL: (f64, f64) = (74.0, 44.0);
const LEFT: f64 = 112.0;
const TOP: f64 = 52.0;
const FONT: f64 = 12.0;
/// From these strengths on, text on a cell needs another colour to keep its contrast. There are
/// two because the light and the dark scheme change at different strengths.
const MIDDLE: f64 = 0.55;
const STRONG: f64 = 0.72;

/// A square matrix with a name for each class.
#[derive(Debug)]
pub(super) struct Confusion<'a> {
    names: Vec<&'a str>,
    counts: &'a [Vec<u64>],
}

impl<'a> Confusion<'a> {
    /// `None` where the matrix is empty or not square. Classes without a label show a dash.
    pub(super) fn new(labels: &'a [String], counts: &'a [Vec<u64>]) -> Option<Self> {
        let size = counts.len();
        if size == 0 || counts.iter().any(|row| row.len() != size) {
            return None;
        }
        let name = |index| labels.get(index).map_or(MISSING, String::as_str);
        Some(Self { names: (0..size).map(name).collect(), counts })
    }

    /// Number of classes.
    pub(super) fn size(&self) -> usize {
        self.names.len()
    }

    /// The heat map; each cell has its count and its share of the row.
    pub(super) fn map(&self, words: &Words) -> String {
        let size = self.names.len() as f64;
        let (width, height) = (LEFT + size * CELL.0 + 2.0, TOP + size * CELL.1 + 2.0);
        let mut svg = Svg::new((width, height), words.confusion);
        svg.text("tick mid", (LEFT + size * CELL.0 / 2.0, 14.0), words.predicted);
        svg.text_upwards("tick mid", (12.0, TOP + size * CELL.1 / 2.0), words.truth);
        for (index, name) in self.names.iter().enumerate() {
            let (x, y) = corner(index, index);
            let column = shorten(name, (CELL.0 - 4.0) / FONT);
            svg.text("label mid", (x + CELL.0 / 2.0, TOP - 10.0), &column);
            let row = shorten(name, (LEFT - 34.0) / FONT);
            svg.text("label end", (LEFT - 8.0, y + CELL.1 / 2.0 + 4.0), &row);
        }
        for (truth, row) in self.counts.iter().enumerate() {
            let total: u64 = row.iter().sum();
            for (predicted, cell) in row.iter().enumerate() {
                self.cell((truth, predicted), *cell, total, words, &mut svg);
            }
        }
        // The minimal width keeps the numbers legible on a phone, where the map scrolls.
        let least = (width * 0.86).min(1_600.0);
        format!(
            "<div class=\"scroll\" tabindex=\"0\"><div style=\"min-width:{least:.0}px;max-width:{:.0}px\">{}</div></div>",
            width * 1.15,
            svg.finish()
        )
    }

    fn cell(&self, at: (usize, usize), cell: u64, total: u64, words: &Words, svg: &mut Svg) {
        let share = ratio(cell, total).unwrap_or_default();
        let (x, y) = corner(at.0, at.1);
        let of_row = percent(share);
        let tip = fill(words.cell, &[self.names[at.0], self.names[at.1], &count(cell), &of_row]);
        svg.heat(share, (x, y), (CELL.0 - 2.0, CELL.1 - 2.0), &tip);
        let tone = match share {
            share if share >= STRONG => "strong",
            share if share >= MIDDLE => "middle",
            _ if cell == 0 => "none",
            _ => "off",
        };
        let middle = x + CELL.0 / 2.0 - 1.0;
        svg.text(&format!("count mid {tone}"), (middle, y + 19.0), &count(cell));
        svg.text(&format!("share mid {tone}"), (middle, y + 34.0), &of_row);
    }

    /// A table with precision, recall and F1.
    pub(super) fn scores(&self, words: &Words) -> String {
        let head = [words.class, words.texts, words.precision, words.recall, words.f1];
        let head: String = head.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
        let rows: String = (0..self.names.len()).map(|class| self.score_row(class)).collect();
        format!(
            "<div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    }

    fn score_row(&self, class: usize) -> String {
        let right = self.counts[class][class];
        let truth: u64 = self.counts[class].iter().sum();
        let predicted: u64 = self.counts.iter().map(|row| row[class]).sum();
        let show = |share: Option<f64>| share.map_or_else(|| MISSING.to_owned(), percent);
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(self.names[class]),
            count(truth),
            show(ratio(right, predicted)),
            show(ratio(right, truth)),
            // F1 = 2 TP / (2 TP + FP + FN), whose denominator is the sum of both margins.
            show(ratio(2 * right, truth + predicted)),
        )
    }
}

fn corner(row: usize, column: usize) -> (f64, f64) {
    (LEFT + column as f64 * CELL.0, TOP + row as f64 * CELL.1)
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
