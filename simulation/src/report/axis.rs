//! Axes with round numbers.

use super::number::Unit;

/// A range that begins and ends on a tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    /// Position and label of each tick, ascending; never empty.
    pub(super) ticks: Vec<(f64, String)>,
    low: f64,
    high: f64,
}

impl Axis {
    /// From zero to at least `high`, for values.
    pub(super) fn from_zero(high: f64, unit: Unit) -> Self {
        let high = if high > 0.0 && high.is_finite() { high } else { 1.0 };
        let least = if unit == Unit::Count { 1.0 } else { 0.0 };
        let steps = |divisor: f64| {
            let step = nice_step(high / divisor / 5.0).max(least);
            (step, (high / divisor / step - 1e-9).ceil().max(1.0) as u64)
        };
        // The last tick may reach the next unit: 1 GB instead of 1000 MB.
        let (step, last) = steps(unit.scale(high).0);
        let (divisor, suffix) = unit.scale(last as f64 * step * unit.scale(high).0);
        let (step, last) = steps(divisor);
        let ticks = (0..=last).map(|index| {
            let scaled = index as f64 * step;
            (scaled * divisor, label(scaled, step) + suffix)
        });
        Self { ticks: ticks.collect(), low: 0.0, high: last as f64 * step * divisor }
    }

    /// Shares around `low` to `high`, within 0 to 1, from tick to tick.
    pub(super) fn shares(low: f64, high: f64) -> Self {
        let (low, high) = (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0));
        let step = [0.01, 0.02, 0.05, 0.1, 0.2].into_iter().find(|step| (high - low) / step <= 6.0).unwrap_or(0.2);
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        let ticks = (first as i64..=last as i64).map(|index| {
            let tick = index as f64 * step;
            (tick, format!("{:.0}%", 100.0 * tick))
        });
        Self { ticks: ticks.collect(), low: first * step, high: last * step }
    }

    /// From `low` to `high` exactly, with ticks on whole numbers only, for rounds.
    pub(super) fn whole(low: f64, high: f64) -> Self {
        Self::between(low, high, nice_step((high - low) / 8.0).max(1.0).ceil())
    }

    /// From `low` to `high` exactly, for what is measured, not counted.
    pub(super) fn exact(low: f64, high: f64) -> Self {
        Self::between(low, high, nice_step((high - low) / 8.0))
    }

    fn between(low: f64, high: f64, step: f64) -> Self {
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks = (first..=last).map(|index| index as f64 * step);
        let (low, high) = if high > low { (low, high) } else { (low - 1.0, high + 1.0) };
        Self { ticks: ticks.map(|tick| (tick, label(tick, step))).collect(), low, high }
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper one.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`.
fn nice_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// As many decimals as the step needs.
fn label(value: f64, step: f64) -> String {
    let needs = |decimals: &usize| {
        let shifted = step * 10f64.powi(*decimals as i32);
        (shifted - shifted.round()).abs() < 1e-6 * shifted
    };
    let decimals = (0..9).find(needs).unwrap_or(9);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        let axis = Axis::from_zero(1.0, Unit::Percent);
        assert_eq!(labels(&axis), ["0%", "20%", "40%", "60%", "80%", "100%"]);
        let axis = Axis::from_zero(2.3, Unit::Number);
        assert_eq!(labels(&axis), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        let axis = Axis::from_zero(1_900_000.0, Unit::Bytes);
        assert_eq!(labels(&axis), ["0.0 MB", "0.5 MB", "1.0 MB", "1.5 MB", "2.0 MB"]);
        let axis = Axis::from_zero(806e6, Unit::Bytes);
        assert_eq!(labels(&axis), ["0.0 GB", "0.2 GB", "0.4 GB", "0.6 GB", "0.8 GB", "1.0 GB"]);
        assert_eq!(labels(&Axis::from_zero(2.0, Unit::Count)), ["0", "1", "2"]);
        assert_eq!(labels(&Axis::whole(1.0, 3.0)), ["1", "2", "3"]);
        assert_eq!(labels(&Axis::whole(7.0, 7.0)), ["7"]);
        assert_eq!(labels(&Axis::whole(1.0, 100.0)), ["20", "40", "60", "80", "100"]);
    }

    #[test]
    fn shares_begin_and_end_on_ticks() {
        assert_eq!(labels(&Axis::shares(0.712, 0.748)), ["71%", "72%", "73%", "74%", "75%"]);
        assert_eq!(labels(&Axis::shares(0.1, 1.2)), ["0%", "20%", "40%", "60%", "80%", "100%"]);
        assert_eq!(labels(&Axis::shares(0.5, 0.5)), ["50%", "51%"]);
        assert_eq!(labels(&Axis::shares(-1.0, 0.05)), ["0%", "1%", "2%", "3%", "4%", "5%"]);
    }

    #[test]
    fn odd_ranges_do_no_harm() {
        for high in [0.0, -3.0, f64::NAN, f64::INFINITY, 1e-12, 1e300] {
            let axis = Axis::from_zero(high, Unit::Number);
            assert!(!axis.ticks.is_empty() && axis.ticks.len() < 12, "{high}");
            assert!(axis.place(0.5).is_finite());
        }
    }
}
