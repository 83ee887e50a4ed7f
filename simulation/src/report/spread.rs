//! Charts of figures over several runs: means, with bars of one standard deviation.

use super::{
    axis::Axis,
    html::{Svg, escape},
    line::entry,
    number::{Unit, percent},
};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 48.0;

/// Lines that can be told apart.
pub(super) const MOST_LINES: usize = 8;

/// Above so many points a line has bars at some of them only.
const MOST_BARS: usize = 12;

/// With more than so many lines there are fewer bars on each.
const FEW_LINES: usize = 4;
const FEW_BARS: usize = 5;

/// Above so many positions a logarithmic axis labels the powers of ten and not the positions themselves.
const MOST_TICKS: usize = 7;

/// A mean with its standard deviation at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) mean: f64,
    pub(super) sd: f64,
}

/// How the x axis is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Across {
    /// Whole numbers.
    Whole,
    /// Ratios of bytes.
    Bytes,
    /// Ratios of numbers above 0.
    Ratios,
}

/// Shares from 0 to 1 over something.
pub(super) struct SpreadChart<'a> {
    pub(super) title: &'a str,
    pub(super) x_name: &'a str,
    pub(super) across: Across,
    /// At most [`MOST_LINES`].
    pub(super) lines: Vec<(String, Vec<Point>)>,
    /// Lines right across, with their names.
    pub(super) levels: Vec<(String, f64)>,
}

impl SpreadChart<'_> {
    /// The chart as a figure; nothing where there are no points.
    pub(super) fn render(&self) -> String {
        let Some(x) = self.x_axis() else { return String::new() };
        let y = self.y_axis();
        let mut svg = Svg::new((WIDTH, HEIGHT), self.title);
        let place_y = |value: f64| HEIGHT - BOTTOM - y.place(value).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM);
        for (value, label) in &y.ticks {
            svg.line("rule", (LEFT, place_y(*value)), (WIDTH - RIGHT, place_y(*value)));
            svg.text("tick end", (LEFT - 7.0, place_y(*value) + 4.0), label);
        }
        let floor = HEIGHT - BOTTOM;
        svg.line("base", (LEFT, floor), (WIDTH - RIGHT, floor));
        for (value, label) in &x.ticks {
            svg.line("base", (x.place(*value), floor), (x.place(*value), floor + 4.0));
            svg.text("tick mid", (x.place(*value), floor + 18.0), label);
        }
        svg.text("tick mid", (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 6.0), self.x_name);
        for (number, (_, level)) in (1..).zip(&self.levels) {
            svg.line(&format!("limit l{number}"), (LEFT, place_y(*level)), (WIDTH - RIGHT, place_y(*level)));
        }
        for (index, (name, points)) in self.lines.iter().enumerate() {
            let class = format!("s{}", index + 1);
            // Bars of lines beside each other would lie on each other.
            let aside = (index as f64 - (self.lines.len() as f64 - 1.0) / 2.0) * 2.2;
            let at = |point: &Point| x.place(point.x) + aside;
            let placed: Vec<_> = points.iter().map(|point| (at(point), place_y(point.mean))).collect();
            svg.path(&format!("curve {class}"), &placed);
            let bars = if self.lines.len() > FEW_LINES { FEW_BARS } else { MOST_BARS };
            let stride = points.len().div_ceil(bars).max(1);
            let quiet = if points.len() > MOST_BARS || self.lines.len() > FEW_LINES && points.len() > FEW_BARS {
                " quiet"
            } else {
                ""
            };
            for (place, point) in points.iter().enumerate() {
                // The last point has its bar, and every so many before it.
                if point.sd > 0.0 && (points.len() - 1 - place).is_multiple_of(stride) {
                    let (from, to) = (place_y(point.mean - point.sd), place_y(point.mean + point.sd));
                    svg.whisker(&format!("bar-of {class}"), at(point), from, to);
                }
                let tip = self.tip(name, point);
                svg.dot(&format!("{class}{quiet}"), (at(point), place_y(point.mean)), &tip);
            }
        }
        let legend = self.legend();
        let title = escape(self.title);
        format!("<figure class=\"card\"><figcaption><h3>{title}</h3>{legend}</figcaption>{}</figure>\n", svg.finish())
    }

    fn tip(&self, name: &str, point: &Point) -> String {
        let spread = if point.sd > 0.0 { format!(" ± {}", percent(point.sd)) } else { String::new() };
        let x = match self.across {
            Across::Bytes => Unit::Bytes.show(point.x),
            Across::Whole => format!("{:.0}", point.x),
            Across::Ratios => short(point.x),
        };
        format!("{} {x} · {name}: {}{spread}", self.x_name, percent(point.mean))
    }

    fn legend(&self) -> String {
        let lines = self.lines.iter().enumerate();
        let mut entries: Vec<String> =
            lines.map(|(index, (name, _))| entry(&format!("curve s{}", index + 1), name)).collect();
        for (number, (name, level)) in (1..).zip(&self.levels) {
            entries.push(entry(&format!("limit l{number}"), &format!("{name} {}", percent(*level))));
        }
        format!("<p class=\"legend\">{}</p>", entries.concat())
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.lines.iter().flat_map(|(_, points)| points)
    }

    fn x_axis(&self) -> Option<X> {
        let low = self.points().map(|point| point.x).reduce(f64::min)?;
        let high = self.points().map(|point| point.x).reduce(f64::max)?;
        Some(match self.across {
            Across::Whole => {
                let axis = Axis::whole(low, high);
                let single = high <= low;
                X {
                    ticks: axis.ticks,
                    low: if single { low - 1.0 } else { low },
                    high: high + f64::from(u8::from(single)),
                    log: false,
                }
            }
            Across::Bytes | Across::Ratios => {
                let (low, high) = if high > low { (low, high) } else { (low / 2.0, high * 2.0) };
                X { ticks: self.ratios(low, high), low, high, log: true }
            }
        })
    }

    /// The positions themselves where they are few and far enough apart; else 1, 2 and 5 times powers of ten.
    fn ratios(&self, low: f64, high: f64) -> Vec<(f64, String)> {
        let mut own: Vec<f64> = self.points().map(|point| point.x).collect();
        own.sort_by(f64::total_cmp);
        own.dedup_by(|a, b| (*a / *b - 1.0).abs() < 0.02);
        let span = (high / low).ln();
        let apart = own.windows(2).all(|pair| (pair[1] / pair[0]).ln() / span > 0.08);
        if own.len() <= MOST_TICKS && apart && self.across == Across::Ratios {
            return own.into_iter().map(|value| (value, short(value))).collect();
        }
        let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        let mut inside: Vec<f64> = all.filter(|value| (low * 0.999..=high * 1.001).contains(value)).collect();
        if inside.len() > MOST_TICKS {
            // Whole powers of ten are enough where there are many.
            inside.retain(|value| (value.log10() - value.log10().round()).abs() < 1e-9);
        }
        let inside = if inside.is_empty() { vec![low, high] } else { inside };
        let label = |value: f64| if self.across == Across::Bytes { round_bytes(value) } else { short(value) };
        inside.into_iter().map(|value| (value, label(value))).collect()
    }

    /// From a round number below the lowest bar to one above the highest, so that differences can be seen.
    fn y_axis(&self) -> Axis {
        let levels = || self.levels.iter().map(|(_, level)| *level);
        let low = self.points().map(|point| point.mean - point.sd).chain(levels()).fold(1.0, f64::min);
        let high = self.points().map(|point| point.mean + point.sd).chain(levels()).fold(0.0, f64::max);
        Axis::shares(low, high)
    }
}

/// Bytes of a tick, which is a round number.
fn round_bytes(value: f64) -> String {
    let (divisor, unit) = Unit::Bytes.scale(value);
    short(value / divisor) + unit
}

/// At most three digits behind the point.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

struct X {
    ticks: Vec<(f64, String)>,
    low: f64,
    high: f64,
    log: bool,
}

impl X {
    fn place(&self, value: f64) -> f64 {
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        LEFT + 14.0 + share * (WIDTH - LEFT - RIGHT - 28.0)
    }
}
