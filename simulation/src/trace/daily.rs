//! Intervals that come back every day, each day drawn anew.

use super::dice::{Dice, Purpose, between, unit};
use super::{DAY, HOUR};
use crate::Millis;

/// Most intervals of one kind a day.
pub(crate) const MOST_A_DAY: u32 = 24;

/// When an interval starts, within the local day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    /// Evenly between two times, the later of which may lie in the next day.
    Between(Millis, Millis),
    /// By these relative weights of the 24 hours, evenly within an hour; running sums.
    Hours(Box<[f64; 24]>),
}

/// One kind of interval.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Daily {
    /// Chance of each interval.
    pub(crate) probability: f64,
    /// So many a day at most.
    pub(crate) count: u32,
    pub(crate) start: Start,
    /// Shortest and longest.
    pub(crate) length: (Millis, Millis),
    /// What sets its draws apart.
    pub(crate) kind: u32,
}

impl Daily {
    /// Interval `number` of local day `day`, as (start, end) in local time, if there is one.
    pub(crate) fn interval(&self, dice: Dice, device: usize, day: u64, number: u32) -> Option<(Millis, Millis)> {
        let draw = |i: u64| {
            dice.draw(device, Purpose::Interval(self.kind), day * u64::from(MOST_A_DAY) + u64::from(number), i)
        };
        if self.probability < 1.0 && unit(draw(0)) >= self.probability {
            return None;
        }
        let within = match &self.start {
            Start::Between(from, to) => between(draw(1), *from, *to),
            Start::Hours(sums) => {
                let point = unit(draw(1)) * sums[23];
                let hour = sums.iter().position(|&sum| point < sum).unwrap_or(23);
                between(draw(2), hour as u64 * HOUR, (hour as u64 + 1) * HOUR)
            }
        };
        let start = day * DAY + within;
        Some((start, start + between(draw(3), self.length.0, self.length.1)))
    }

    /// The latest end of an interval that covers local time `t`. An interval may reach into the day after the one it
    /// starts in, no further.
    fn covers(&self, dice: Dice, device: usize, t: Millis) -> Option<Millis> {
        let day = t / DAY;
        let days = day.saturating_sub(1)..=day;
        let all = days.flat_map(|day| (0..self.count).filter_map(move |i| self.interval(dice, device, day, i)));
        all.filter(|&(start, end)| start <= t && t < end).map(|(_, end)| end).max()
    }
}

/// The first moment from local time `t` on that one of these kinds of interval covers, or `end` where none does before.
pub(crate) fn next_covered(kinds: &[Daily], dice: Dice, device: usize, t: Millis, end: Millis) -> Millis {
    if kinds.iter().any(|kind| kind.covers(dice, device, t).is_some()) {
        return t;
    }
    let mut next = end;
    // An interval starts no earlier than its day, and may start in the day after.
    let mut day = (t / DAY).saturating_sub(1);
    while day * DAY < next {
        let of_day =
            kinds.iter().flat_map(|kind| (0..kind.count).filter_map(move |i| kind.interval(dice, device, day, i)));
        next = of_day.filter(|&(start, end)| start > t && start < end).map(|(start, _)| start).fold(next, Millis::min);
        day += 1;
    }
    next
}

/// The end of what these kinds of interval together cover from local time `t` on without a gap, at most a day on;
/// `None` when none covers `t`.
pub(crate) fn covered_until(kinds: &[Daily], dice: Dice, device: usize, t: Millis) -> Option<Millis> {
    let reach = |t: Millis| kinds.iter().filter_map(|kind| kind.covers(dice, device, t)).max();
    let mut until = reach(t)?;
    while until < t + DAY {
        match reach(until) {
            Some(further) => until = further,
            None => return Some(until),
        }
    }
    Some(t + DAY)
}
