//! Line charts over rounds.

use super::{
    axis::Axis,
    html::{Svg, escape},
    number::Unit,
};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 248.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 48.0;
/// Above this many points the dots are invisible until pointed at.
const MAX_DOTS: usize = 40;
/// Above this many points only some of them have tooltips.
const MAX_TIPS: usize = 300;

/// A chart of one or more series.
#[derive(Debug)]
pub(super) struct LineChart<'a> {
    pub(super) title: &'a str,
    pub(super) unit: Unit,
    /// What a point on the x axis is called.
    pub(super) x_name: &'a str,
    /// Whether the x axis counts something, as rounds, and does not measure from zero.
    pub(super) counted: bool,
    pub(super) series: Vec<Series<'a>>,
    /// Horizontal lines with their names, at most three.
    pub(super) limits: Vec<(f64, &'a str)>,
    /// The end of the y axis, where the data do not decide.
    pub(super) high: Option<f64>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    /// Round and value, ascending and finite.
    pub(super) points: Vec<(f64, f64)>,
}

impl LineChart<'_> {
    /// The chart as a figure; nothing where there are no points.
    pub(super) fn render(&self) -> String {
        let Some((first, last)) = self.rounds() else {
            return String::new();
        };
        let frame = Frame {
            x: if self.counted { Axis::whole(first, last) } else { Axis::exact(0.0, last) },
            y: Axis::from_zero(self.high.unwrap_or_else(|| self.largest()), self.unit),
        };
        let mut svg = Svg::new((WIDTH, HEIGHT), self.title);
        frame.draw(&mut svg, self.x_name);
        for (number, (value, _)) in (1..).zip(&self.limits) {
            let y = frame.y(*value);
            svg.line(&format!("limit l{number}"), (LEFT, y), (WIDTH - RIGHT, y));
        }
        for (index, series) in self.series.iter().enumerate() {
            self.draw_series(index + 1, series, &frame, &mut svg);
        }
        let (title, legend) = (escape(self.title), self.legend());
        format!("<figure class=\"card\"><figcaption><h3>{title}</h3>{legend}</figcaption>{}</figure>\n", svg.finish())
    }

    fn draw_series(&self, number: usize, series: &Series<'_>, frame: &Frame, svg: &mut Svg) {
        let place = |&(x, y): &(f64, f64)| (frame.x(x), frame.y(y));
        let placed: Vec<_> = series.points.iter().map(place).collect();
        svg.path(&format!("curve s{number}"), &placed);
        let quiet = if placed.len() > MAX_DOTS { " quiet" } else { "" };
        let stride = placed.len().div_ceil(MAX_TIPS).max(1);
        for (at, (x, y)) in placed.iter().zip(&series.points).step_by(stride) {
            let x = if self.counted { format!("{x:.0}") } else { format!("{x:.2}") };
            let tip = format!("{} {x} · {}: {}", self.x_name, series.name, self.unit.show(*y));
            svg.dot(&format!("s{number}{quiet}"), *at, &tip);
        }
    }

    /// Every chart has one, so that plots side by side begin at the same height.
    fn legend(&self) -> String {
        let drawn = |(_, series): &(usize, &Series<'_>)| !series.points.is_empty();
        let names = self.series.iter().enumerate().filter(drawn);
        let mut entries: Vec<_> =
            names.map(|(index, series)| entry(&format!("curve s{}", index + 1), series.name)).collect();
        for (number, &(value, name)) in (1..).zip(&self.limits) {
            let shown = if self.unit == Unit::Percent { self.unit.show(value) } else { short(value) };
            entries.push(entry(&format!("limit l{number}"), &format!("{name} {shown}")));
        }
        format!("<p class=\"legend\">{}</p>", entries.concat())
    }

    fn rounds(&self) -> Option<(f64, f64)> {
        let rounds = self.series.iter().flat_map(|series| &series.points).map(|point| point.0);
        let first = rounds.clone().reduce(f64::min)?;
        Some((first, rounds.reduce(f64::max)?))
    }

    fn largest(&self) -> f64 {
        let values = self.series.iter().flat_map(|series| &series.points).map(|point| point.1);
        values.chain(self.limits.iter().map(|limit| limit.0)).fold(0.0, f64::max)
    }
}

/// A limit as it was set, without superfluous zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A line of a legend: a piece of the line, and what it is.
pub(super) fn entry(class: &str, name: &str) -> String {
    format!(
        "<span><svg class=\"swatch\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><line class=\"{class}\" x1=\"1\" y1=\"4\" x2=\"23\" y2=\"4\"/></svg>{}</span>",
        escape(name)
    )
}

/// The axes on paper.
struct Frame {
    x: Axis,
    y: Axis,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + 6.0 + self.x.place(value) * (WIDTH - LEFT - RIGHT - 12.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, svg: &mut Svg, x_name: &str) {
        for (value, label) in &self.y.ticks {
            let y = self.y(*value);
            svg.line("rule", (LEFT, y), (WIDTH - RIGHT, y));
            svg.text("tick end", (LEFT - 7.0, y + 4.0), label);
        }
        let floor = HEIGHT - BOTTOM;
        svg.line("base", (LEFT, floor), (WIDTH - RIGHT, floor));
        for (value, label) in &self.x.ticks {
            let x = self.x(*value);
            svg.line("base", (x, floor), (x, floor + 4.0));
            svg.text("tick mid", (x, floor + 18.0), label);
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        svg.text("tick mid", (middle, HEIGHT - 6.0), x_name);
    }
}
