//! Which labels some of the made-up people have, as a heat map.

use super::{
    data::PartitionSection,
    html::{Svg, fill, shorten},
    number::{count, percent},
    words::Words,
};

const CELL: (f64, f64) = (64.0, 22.0);
const LEFT: f64 = 72.0;
const TOP: f64 = 26.0;
const FONT: f64 = 12.0;
/// Strengths from which text on a cell needs another colour, as on the confusion matrix.
const MIDDLE: f64 = 0.55;
const STRONG: f64 = 0.72;

/// The map; nothing where there is nobody or no label. Each cell is a label's share of a person's rows.
pub(super) fn map(dealt: &PartitionSection, words: &Words) -> String {
    if dealt.people.is_empty() || dealt.labels.is_empty() {
        return String::new();
    }
    let width = LEFT + dealt.labels.len() as f64 * CELL.0 + 2.0;
    let height = TOP + dealt.people.len() as f64 * CELL.1 + 2.0;
    let mut svg = Svg::new((width, height), words.shares);
    for (column, label) in dealt.labels.iter().enumerate() {
        let middle = LEFT + (column as f64 + 0.5) * CELL.0;
        svg.text("label mid", (middle, TOP - 10.0), &shorten(label, (CELL.0 - 4.0) / FONT));
    }
    for (row, (name, counts)) in dealt.people.iter().enumerate() {
        let y = TOP + row as f64 * CELL.1;
        svg.text("label end", (LEFT - 8.0, y + CELL.1 / 2.0 + 4.0), &shorten(name, (LEFT - 12.0) / FONT));
        let total = counts.iter().sum::<u64>().max(1) as f64;
        for (column, (&rows, label)) in counts.iter().zip(&dealt.labels).enumerate() {
            let (x, share) = (LEFT + column as f64 * CELL.0, rows as f64 / total);
            let of_all = percent(share);
            let tip = fill(words.share, &[name, label, &count(rows), &of_all]);
            svg.heat(share, (x, y), (CELL.0 - 2.0, CELL.1 - 2.0), &tip);
            let tone = match share {
                share if share >= STRONG => "strong",
                share if share >= MIDDLE => "middle",
                _ if rows == 0 => "none",
                _ => "off",
            };
            svg.text(&format!("share mid {tone}"), (x + CELL.0 / 2.0 - 1.0, y + CELL.1 / 2.0 + 3.0), &of_all);
        }
    }
    let least = (width * 0.86).min(1_600.0);
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><div style=\"min-width:{least:.0}px;max-width:{:.0}px\">{}</div></div>",
        width * 1.15,
        svg.finish()
    )
}
