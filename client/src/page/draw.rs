//! Bars and charts. All sizes are attributes: the page's policy allows no style but the sheet of the page itself.

use std::fmt::Write;

use super::html::escape;
use super::number::unit;

/// The palest bar: what is not certain at all is still seen.
const PALEST: f64 = 0.35;

/// A bar as long as its share, the paler the less it can be relied on.
pub(super) fn bar(class: &str, share: f64, confidence: f64) -> String {
    let opacity = PALEST + (1.0 - PALEST) * unit(confidence);
    format!(
        "<svg class=\"bar {class}\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"3\"/>\
         <rect class=\"fill\" width=\"{:.1}%\" height=\"100%\" rx=\"3\" fill-opacity=\"{opacity:.2}\"/></svg>",
        100.0 * unit(share)
    )
}

/// A bar to the right of the middle for what is positive, to the left for what is negative; `value` is of -1 to 1.
pub(super) fn diverging(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
    let (width, class) = (50.0 * value.abs(), if value < 0.0 { "minus" } else { "plus" });
    let left = if value < 0.0 { 50.0 - width } else { 50.0 };
    format!(
        "<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"3\"/>\
         <rect class=\"{class}\" x=\"{left:.1}%\" width=\"{width:.1}%\" height=\"100%\"/>\
         <rect class=\"middle\" x=\"50%\" y=\"-2\" width=\"1.5\" height=\"16\"/></svg>"
    )
}

/// Parts of a whole side by side, each with its class.
pub(super) fn stacked(parts: &[(&str, f64)]) -> String {
    let mut svg =
        "<svg class=\"bar tall\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"3\"/>"
            .to_owned();
    let mut left = 0.0;
    for (class, share) in parts {
        let width = 100.0 * unit(*share).min(1.0 - left / 100.0);
        push(
            &mut svg,
            format_args!("<rect class=\"{class}\" x=\"{left:.2}%\" width=\"{width:.2}%\" height=\"100%\"/>"),
        );
        left += width;
    }
    svg + "</svg>"
}

/// A point on a scale from 0 to 1 in three thirds.
pub(super) fn scale(score: f64) -> String {
    let at = 100.0 * unit(score);
    format!(
        "<svg class=\"bar scale\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"3\"/>\
         <rect class=\"middle\" x=\"33.3%\" width=\"1\" height=\"100%\"/><rect class=\"middle\" x=\"66.7%\" width=\"1\" height=\"100%\"/>\
         <circle class=\"fill\" cx=\"{at:.1}%\" cy=\"50%\" r=\"6\"/></svg>"
    )
}

/// A ring that is closed as far as `share` says, with a number in its middle.
pub(super) fn ring(share: f64, number: &str, label: &str) -> String {
    const RADIUS: f64 = 42.0;
    let around = 2.0 * std::f64::consts::PI * RADIUS;
    let done = around * unit(share);
    format!(
        "<svg class=\"ring\" viewBox=\"0 0 104 104\" role=\"img\" aria-label=\"{}\">\
         <circle class=\"track\" cx=\"52\" cy=\"52\" r=\"{RADIUS}\"/>\
         <circle class=\"done\" cx=\"52\" cy=\"52\" r=\"{RADIUS}\" stroke-dasharray=\"{done:.1} {around:.1}\" transform=\"rotate(-90 52 52)\"/>\
         <text class=\"mid\" x=\"52\" y=\"60\">{}</text></svg>",
        escape(label),
        escape(number)
    )
}

/// One column of [`columns`].
pub(super) struct Column {
    /// Under it; nothing under most hours.
    pub(super) below: String,
    /// What it says when pointed at.
    pub(super) tip: String,
    pub(super) count: usize,
    /// Whether it is one of the highest, which stand out.
    pub(super) strong: bool,
}

/// Upright columns over a base line; `width` of one in units of the drawing.
pub(super) fn columns(columns: &[Column], width: f64, label: &str) -> String {
    const TOP: f64 = 8.0;
    const FLOOR: f64 = 92.0;
    let most = columns.iter().map(|c| c.count).max().unwrap_or(0).max(1) as f64;
    let across = width * columns.len() as f64;
    let mut svg =
        format!("<svg viewBox=\"0 0 {:.0} 116\" role=\"img\" aria-label=\"{}\">", across + 16.0, escape(label));
    for (i, column) in columns.iter().enumerate() {
        let x = 8.0 + i as f64 * width;
        let height = column.count as f64 / most * (FLOOR - TOP);
        let class = if column.strong { "column strong" } else { "column" };
        if column.count > 0 {
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"2\"><title>{}</title></rect>",
                    x + 0.1 * width,
                    FLOOR - height,
                    0.8 * width,
                    escape(&column.tip)
                ),
            );
        }
        if !column.below.is_empty() {
            let (at, text) = (x + width / 2.0, escape(&column.below));
            push(&mut svg, format_args!("<text class=\"mid\" x=\"{at:.1}\" y=\"{:.1}\">{text}</text>", FLOOR + 18.0));
        }
    }
    push(
        &mut svg,
        format_args!("<line class=\"base\" x1=\"8\" y1=\"{FLOOR}\" x2=\"{:.1}\" y2=\"{FLOOR}\"/>", across + 8.0),
    );
    svg + "</svg>"
}

/// One point of [`course`].
pub(super) struct Point {
    pub(super) at: i64,
    pub(super) value: f64,
    pub(super) tip: String,
}

/// A line over time around zero; `ends` are written under its ends. At least one point.
pub(super) fn course(points: &[Point], ends: [&str; 2], label: &str) -> String {
    const SIZE: (f64, f64) = (480.0, 150.0);
    const LEFT: f64 = 44.0;
    const RIGHT: f64 = 14.0;
    const MIDDLE: f64 = 62.0;
    const REACH: f64 = 50.0;
    // A quarter at least, so that nothing is made of noise; the axis says which.
    let high = points.iter().map(|p| p.value.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let scale = ((high * 4.0).ceil() / 4.0).clamp(0.25, 1.0);
    let (first, last) = points.iter().fold((i64::MAX, i64::MIN), |(a, b), p| (a.min(p.at), b.max(p.at)));
    let span = (last as f64 - first as f64).max(1.0);
    let x = |p: &Point| {
        if first == last { SIZE.0 / 2.0 } else { LEFT + (p.at as f64 - first as f64) / span * (SIZE.0 - LEFT - RIGHT) }
    };
    let y = |value: f64| MIDDLE - if value.is_finite() { value.clamp(-scale, scale) / scale * REACH } else { 0.0 };
    let mut svg = format!("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", SIZE.0, SIZE.1, escape(label));
    for (value, name, class) in
        [(scale, format!("+{scale}"), "rule"), (0.0, "0".into(), "base"), (-scale, format!("−{scale}"), "rule")]
    {
        let y = y(value);
        push(
            &mut svg,
            format_args!(
                "<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>",
                SIZE.0 - RIGHT
            ),
        );
        push(&mut svg, format_args!("<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>", LEFT - 6.0, y + 4.0));
    }
    let line: String = points.iter().map(|p| format!("{:.1},{:.1} ", x(p), y(p.value))).collect();
    push(&mut svg, format_args!("<polyline class=\"curve\" points=\"{}\"/>", line.trim_end()));
    for p in points {
        let class = if p.value < 0.0 { "minus" } else { "plus" };
        push(
            &mut svg,
            format_args!(
                "<circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"><title>{}</title></circle>",
                x(p),
                y(p.value),
                escape(&p.tip)
            ),
        );
    }
    for (end, at, class) in [(ends[0], LEFT, "start"), (ends[1], SIZE.0 - RIGHT, "end")] {
        push(
            &mut svg,
            format_args!("<text class=\"{class}\" x=\"{at}\" y=\"{:.1}\">{}</text>", SIZE.1 - 12.0, escape(end)),
        );
    }
    svg + "</svg>"
}

fn push(svg: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = svg.write_fmt(piece);
}
