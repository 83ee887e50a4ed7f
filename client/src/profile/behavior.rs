//! Counts and rhythm.

use silhouette_text::Event;

use super::document::{Behavior, ScoreMean};

mod shopping;
mod social;
mod style;
mod time;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Unix time began on a Thursday; with Monday as day 0 that is day 3.
const FIRST_WEEKDAY: i64 = 3;

/// Busiest hours named.
const BUSIEST: usize = 3;

/// Events with times, in their order; of equal times in the order given.
fn in_time(events: &[Event]) -> Vec<(i64, &Event)> {
    let mut timed: Vec<_> = events.iter().filter_map(|event| Some((event.time?, event))).collect();
    timed.sort_by_key(|&(time, _)| time);
    timed
}

/// What the person did, as of `now` in unix seconds; `texts` are the numbers of the events that have one.
pub(super) fn behavior(events: &[Event], texts: &[usize], scores: Vec<ScoreMean>, now: i64) -> Behavior {
    let mut behavior = counts(events, texts.len(), scores);
    let timed = in_time(events);
    let (times, ordered): (Vec<i64>, Vec<&Event>) = timed.into_iter().unzip();
    // Without times the order given has to do.
    let ordered = if ordered.is_empty() { events.iter().collect() } else { ordered };
    behavior.recency_days = behavior.last.map(|last| (now as f64 - last as f64).max(0.0) / DAY as f64);
    behavior.sessions = time::sessions(&times);
    behavior.return_time = time::return_time(&times, now);
    behavior.value = shopping::value(events);
    behavior.categories = shopping::categories(events);
    behavior.repeat_rate = shopping::repeat_rate(&ordered);
    behavior.rating_bias = shopping::rating_bias(events);
    behavior.next_category = shopping::next_category(&ordered);
    behavior.style = style::style(events, texts);
    behavior.social = social::social(events);
    behavior
}

fn counts(events: &[Event], texts: usize, scores: Vec<ScoreMean>) -> Behavior {
    let mut behavior = Behavior { events: events.len(), texts, scores, ..Behavior::default() };
    for event in events {
        *behavior.kinds.entry(event.kind.name().to_owned()).or_insert(0) += 1;
    }
    let characters: usize = events.iter().map(|e| e.text.trim().chars().count()).sum();
    behavior.mean_length = characters as f64 / texts.max(1) as f64;
    behavior.mean_rating = mean(events.iter().filter_map(|e| e.rating).map(f64::from));
    let times: Vec<i64> = events.iter().filter_map(|e| e.time).collect();
    if let (Some(&first), Some(&last)) = (times.iter().min(), times.iter().max()) {
        rhythm(&mut behavior, &times, first, last);
    }
    behavior
}

/// The hour of the day in UTC, 0 to 23.
pub(super) fn hour_of(time: i64) -> usize {
    (time.rem_euclid(DAY) / HOUR) as usize
}

/// The day of the week in UTC, Monday 0.
pub(super) fn weekday_of(time: i64) -> usize {
    (time.div_euclid(DAY) + FIRST_WEEKDAY).rem_euclid(7) as usize
}

impl Behavior {
    /// With what follows from its counts of hours and days.
    pub(super) fn with_rhythm(mut self) -> Self {
        self.busiest_hours = busiest(&self.hours);
        if let (Some(first), Some(last)) = (self.first, self.last) {
            self.events_per_week = Some(per_week(self.timed, first, last));
        }
        self
    }

    /// The busiest day of the week, Monday 0, if it stands out: at least a fifth of all events, where
    /// an even week has a seventh.
    pub fn busiest_weekday(&self) -> Option<usize> {
        let total: usize = self.weekdays.iter().sum();
        let (day, &most) = self.weekdays.iter().enumerate().rev().max_by_key(|&(_, &n)| n)?;
        (most * 5 >= total && most > 0).then_some(day)
    }
}

fn rhythm(behavior: &mut Behavior, times: &[i64], first: i64, last: i64) {
    let (mut hours, mut weekdays) = (vec![0; 24], vec![0; 7]);
    for time in times {
        hours[hour_of(*time)] += 1;
        weekdays[weekday_of(*time)] += 1;
    }
    behavior.timed = times.len();
    behavior.first = Some(first);
    behavior.last = Some(last);
    behavior.hours = hours;
    behavior.weekdays = weekdays;
    behavior.busiest_hours = busiest(&behavior.hours);
    behavior.events_per_week = Some(per_week(times.len(), first, last));
}

/// Up to [`BUSIEST`] hours that have events, busiest first.
fn busiest(hours: &[usize]) -> Vec<u8> {
    let count = |hour: u8| hours.get(usize::from(hour)).copied().unwrap_or(0);
    let mut order: Vec<u8> = (0..24).filter(|&hour| count(hour) > 0).collect();
    order.sort_by_key(|&hour| (std::cmp::Reverse(count(hour)), hour));
    order.truncate(BUSIEST);
    order
}

fn per_week(events: usize, first: i64, last: i64) -> f64 {
    let weeks = (last as f64 - first as f64).max(WEEK as f64) / WEEK as f64;
    events as f64 / weeks
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value;
        n += 1.0;
    }
    (n > 0.0).then_some(sum / n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(times: &[i64]) -> Behavior {
        let events: Vec<_> = times.iter().map(|&time| Event { time: Some(time), ..Event::new("me", "x") }).collect();
        behavior(&events, &(0..events.len()).collect::<Vec<_>>(), Vec::new(), 0)
    }

    #[test]
    fn hours_and_weekdays_are_those_of_the_calendar() {
        // Thursday 2024-02-29 00:00:00 UTC, the same day at 20:15 twice, Sunday 2024-03-03 20:15.
        let evening = 1_709_164_800 + 20 * HOUR + 15 * 60;
        let b = at(&[1_709_164_800, evening, evening, evening + 3 * DAY]);
        assert_eq!((b.hours[0], b.hours[20]), (1, 3));
        assert_eq!((b.weekdays[3], b.weekdays[6]), (3, 1));
        assert_eq!(b.busiest_hours, [20, 0]);
        assert_eq!(b.events_per_week, Some(4.0));
        assert_eq!(at(&[-1]).weekdays[2], 1); // 1969-12-31 was a Wednesday
    }

    #[test]
    fn without_times_there_is_no_rhythm() {
        let b = behavior(&[Event::new("me", "ab"), Event::new("me", "")], &[0], Vec::new(), 0);
        assert_eq!((b.events, b.texts, b.timed, b.mean_length), (2, 1, 0, 2.0));
        assert!(b.hours.is_empty() && b.events_per_week.is_none() && b.mean_rating.is_none());
    }

    proptest! {
        #[test]
        fn every_timed_event_is_counted_once(times in prop::collection::vec(any::<i64>(), 1..20)) {
            let b = at(&times);
            prop_assert_eq!(b.hours.iter().sum::<usize>(), times.len());
            prop_assert_eq!(b.weekdays.iter().sum::<usize>(), times.len());
        }
    }
}
