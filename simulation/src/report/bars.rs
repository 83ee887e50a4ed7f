//! Bar charts: the accuracy of users, the hours of a day.

use super::{
    axis::Axis,
    html::{Svg, escape, fill},
    line::entry,
    number::{Unit, count, percent},
    words::Words,
};
use crate::evaluate::UserAccuracy;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 248.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 48.0;
const BINS: usize = 10;

/// How many users reach which accuracy; nothing where there are no users.
pub(super) fn histogram(accuracies: &[f64], words: &Words) -> String {
    let known: Vec<f64> = accuracies.iter().copied().filter(|value| value.is_finite()).collect();
    let Some(of) = UserAccuracy::of(&known) else {
        return String::new();
    };
    let bins = binned(&known);
    let largest = bins.iter().copied().max().unwrap_or_default();
    let y = Axis::from_zero(largest as f64, Unit::Count);
    let mut svg = Svg::new((WIDTH, HEIGHT), words.user_accuracy);
    draw_scale(&y, words, &mut svg);
    for (bin, users) in bins.iter().enumerate() {
        draw_bin(bin, *users, &y, words, &mut svg);
    }
    for (class, at) in [("worst", of.worst_decile), ("median", of.median)] {
        let x = across(at.clamp(0.0, 1.0));
        // The halo keeps the line visible on a bar.
        for class in ["halo", class] {
            svg.line(class, (x, TOP), (x, HEIGHT - BOTTOM));
        }
    }
    let legend = [
        entry("median", &fill(words.median, &[&percent(of.median), &count(known.len() as u64)])),
        entry("worst", &fill(words.worst_tenth, &[&percent(of.worst_decile)])),
    ];
    format!(
        "<figure class=\"card\"><figcaption><h3>{}</h3><p class=\"legend\">{}</p></figcaption>{}</figure>\n",
        escape(words.user_accuracy),
        legend.concat(),
        svg.finish()
    )
}

/// An accuracy of exactly 1 belongs to the last bin.
fn binned(accuracies: &[f64]) -> [usize; BINS] {
    let mut bins = [0; BINS];
    for accuracy in accuracies {
        // The small addend keeps 0.7 out of the bin below it.
        let bin = (accuracy.clamp(0.0, 1.0) * BINS as f64 + 1e-9) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    bins
}

fn across(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn draw_scale(y: &Axis, words: &Words, svg: &mut Svg) {
    let floor = HEIGHT - BOTTOM;
    for (value, label) in &y.ticks {
        let height = floor - y.place(*value) * (floor - TOP);
        svg.line("rule", (LEFT, height), (WIDTH - RIGHT, height));
        svg.text("tick end", (LEFT - 7.0, height + 4.0), label);
    }
    svg.line("base", (LEFT, floor), (WIDTH - RIGHT, floor));
    for tick in (0..=BINS).step_by(2) {
        let at = (across(tick as f64 / BINS as f64), floor + 18.0);
        svg.text("tick mid", at, &format!("{}%", tick * 100 / BINS));
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    svg.text("tick mid", (middle, HEIGHT - 6.0), words.accuracy_of_user);
}

fn draw_bin(bin: usize, users: usize, y: &Axis, words: &Words, svg: &mut Svg) {
    if users == 0 {
        return;
    }
    let (from, to) = (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64);
    let (left, right, floor) = (across(from) + 1.5, across(to) - 1.5, HEIGHT - BOTTOM);
    let height = y.place(users as f64) * (floor - TOP);
    let range = format!("{:.0}–{:.0}%", from * 100.0, to * 100.0);
    let tip = format!("{range} · {}: {}", words.users, count(users as u64));
    svg.rect("bar", (left, floor - height), (right - left, height), &tip);
}

/// Activity around the clock; nothing where no hour has any.
pub(super) fn clock(hours: &[f64], words: &Words) -> String {
    let largest = hours.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    if largest <= 0.0 {
        return String::new();
    }
    const BAR: f64 = 18.0;
    const FLOOR: f64 = 92.0;
    let mut svg = Svg::new((24.0 * BAR + 16.0, 116.0), words.hours);
    let total: f64 = hours.iter().filter(|value| value.is_finite()).sum();
    for (hour, value) in hours.iter().enumerate().take(24) {
        let x = 8.0 + hour as f64 * BAR;
        if hour % 3 == 0 {
            svg.text("tick mid", (x + BAR / 2.0, FLOOR + 16.0), &format!("{hour}"));
        }
        if value.is_finite() && *value > 0.0 {
            let height = value / largest * (FLOOR - 6.0);
            let tip = format!("{hour}:00 · {}", percent(value / total));
            svg.rect("bar", (x + 1.5, FLOOR - height), (BAR - 3.0, height), &tip);
        }
    }
    svg.line("base", (8.0, FLOOR), (8.0 + 24.0 * BAR, FLOOR));
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_include_their_lower_end() {
        let bins = binned(&[0.0, 0.05, 0.1, 0.3, 0.7, 0.99, 1.0, 1.0]);
        assert_eq!(bins, [2, 1, 0, 1, 0, 0, 0, 1, 0, 3]);
    }
}
